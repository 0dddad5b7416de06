#include "store/base/base32.h"

#include <criterion/criterion.h>
#include <string.h>

static enum fault
decode(const char *text, uint8_t *ret, size_t size, size_t *ret_len)
{
	return base32_decode(text, strlen(text), ret, size, ret_len);
}

static void
expect_format_fault(const char *text)
{
	uint8_t bytes[64];
	size_t len = 99;

	memset(bytes, 0xee, sizeof(bytes));
	cr_expect_eq(decode(text, bytes, sizeof(bytes), &len), FAULT_FORMAT,
	    "\"%s\" was read", text);
	cr_expect_eq(len, 99, "\"%s\" changed the length", text);
	for (size_t i = 0; i < sizeof(bytes); i++)
		cr_expect_eq(bytes[i], 0xee, "\"%s\" wrote a byte", text);
}

/* RFC 4648 section 10, without its padding. */
Test(base32, agrees_with_rfc_4648)
{
	static const struct {
		const char *bytes, *text;
	} vectors[] = {
	    {"", ""},
	    {"f", "MY"},
	    {"fo", "MZXQ"},
	    {"foo", "MZXW6"},
	    {"foob", "MZXW6YQ"},
	    {"fooba", "MZXW6YTB"},
	    {"foobar", "MZXW6YTBOI"},
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *plain = vectors[i].bytes;
		char text[16];
		uint8_t bytes[8];
		size_t len = 99;

		cr_assert_eq(base32_encode((const uint8_t *)plain,
				 strlen(plain), text, sizeof(text)),
		    FAULT_NONE);
		cr_expect_str_eq(text, vectors[i].text);
		cr_assert_eq(
		    decode(text, bytes, sizeof(bytes), &len), FAULT_NONE);
		cr_expect_eq(len, strlen(plain));
		cr_expect_arr_eq(bytes, plain, len);
	}
}

Test(base32, gives_back_every_byte_at_every_length)
{
	uint8_t in[64], out[64];
	char text[BASE32_LEN(64) + 1];

	for (size_t len = 0; len <= sizeof(in); len++) {
		for (unsigned b = 0; b < 256; b++) {
			size_t got = 99;

			memset(in, (int)b, sizeof(in));
			cr_assert_eq(base32_encode(in, len, text, sizeof(text)),
			    FAULT_NONE);
			cr_assert_eq(strlen(text), BASE32_LEN(len));
			cr_assert_eq(
			    decode(text, out, sizeof(out), &got), FAULT_NONE);
			cr_assert_eq(got, len);
			cr_assert_eq(memcmp(in, out, len), 0);
		}
	}
}

Test(base32, reads_no_further_than_the_length_it_is_given)
{
	uint8_t bytes[8];
	size_t len = 0;

	cr_assert_eq(base32_decode("MZXQ====", 4, bytes, sizeof(bytes), &len),
	    FAULT_NONE);
	cr_expect_eq(len, 2);
	cr_expect_arr_eq(bytes, "fo", 2);
}

Test(base32, refuses_lower_case)
{
	expect_format_fault("mzxw6ytb");
	expect_format_fault("MZXW6YTb");
}

Test(base32, refuses_padding_and_spaces)
{
	expect_format_fault("MY======");
	expect_format_fault("MZXW 6YTB");
	expect_format_fault(" MZXW6YT");
	expect_format_fault("MZXW6YT\n");
	expect_format_fault("MZXW-6YTB");
}

Test(base32, refuses_digits_outside_the_alphabet)
{
	expect_format_fault("MZXW0YTB");
	expect_format_fault("MZXW1YTB");
	expect_format_fault("MZXW8YTB");
	expect_format_fault("MZXW9YTB");
	expect_format_fault("MZXW\303\204TB");
}

Test(base32, refuses_a_nul_inside)
{
	uint8_t bytes[8];
	size_t len = 99;

	cr_expect_eq(base32_decode("MZ\0W6YTB", 8, bytes, sizeof(bytes), &len),
	    FAULT_FORMAT);
	cr_expect_eq(len, 99);
}

Test(base32, refuses_lengths_that_no_encoding_has)
{
	expect_format_fault("A");
	expect_format_fault("AAA");
	expect_format_fault("AAAAAA");
	expect_format_fault("AAAAAAAAA");
	expect_format_fault("AAAAAAAAAAA");
	expect_format_fault("AAAAAAAAAAAAAA");
}

Test(base32, refuses_low_bits_set)
{
	expect_format_fault("MZ");
	expect_format_fault("MZXR");
	expect_format_fault("MZXW7");
	expect_format_fault("MZXW6YR");
	expect_format_fault("77");
}

/* Only those last characters are accepted whose spare bits are 0. */
Test(base32, has_one_spelling_for_each_value)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	static const struct {
		size_t len;
		int readable;
	} lengths[] = {{2, 8}, {4, 2}, {5, 16}, {7, 4}, {8, 32}};

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		char text[] = "AAAAAAAA";
		int readable = 0;

		for (const char *c = alphabet; *c != '\0'; c++) {
			uint8_t bytes[8];
			size_t len;

			text[lengths[i].len - 1] = *c;
			if (base32_decode(text, lengths[i].len, bytes,
				sizeof(bytes), &len) == FAULT_NONE)
				readable++;
		}
		cr_expect_eq(readable, lengths[i].readable, "length %zu: %d",
		    lengths[i].len, readable);
	}
}

Test(base32, writes_nothing_where_the_text_does_not_fit)
{
	char text[9] = "........";

	cr_expect_eq(
	    base32_encode((const uint8_t *)"fooba", 5, text, 8), FAULT_LIMIT);
	cr_expect_eq(
	    base32_encode((const uint8_t *)"", 0, text, 0), FAULT_LIMIT);
	cr_expect_str_eq(text, "........");
	cr_expect_eq(
	    base32_encode((const uint8_t *)"fooba", 5, text, 9), FAULT_NONE);
	cr_expect_str_eq(text, "MZXW6YTB");
}

Test(base32, writes_nothing_where_the_bytes_do_not_fit)
{
	uint8_t bytes[5] = {1, 2, 3, 4, 5};
	size_t len = 99;

	cr_expect_eq(decode("MZXW6YTB", bytes, 4, &len), FAULT_LIMIT);
	cr_expect_eq(len, 99);
	cr_expect_arr_eq(bytes, ((uint8_t[]){1, 2, 3, 4, 5}), 5);
	cr_expect_eq(decode("MZXW6YTB", bytes, 5, &len), FAULT_NONE);
	cr_expect_eq(len, 5);
}
