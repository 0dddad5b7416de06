#include "store/base/base64.h"

#include <criterion/criterion.h>
#include <string.h>

static enum fault
decode(const char *text, uint8_t *ret, size_t size, size_t *ret_len)
{
	return base64_decode(text, strlen(text), ret, size, ret_len);
}

/* RFC 4648 section 10. */
Test(base64, agrees_with_rfc_4648)
{
	static const struct {
		const char *bytes, *text;
	} vectors[] = {
	    {"", ""},
	    {"f", "Zg=="},
	    {"fo", "Zm8="},
	    {"foo", "Zm9v"},
	    {"foob", "Zm9vYg=="},
	    {"fooba", "Zm9vYmE="},
	    {"foobar", "Zm9vYmFy"},
	    {"\xfb\xff\xbf", "+/+/"},
	};

	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		const char *plain = vectors[i].bytes;
		char text[16];
		uint8_t bytes[8];
		size_t len = 99;

		cr_assert_eq(base64_encode((const uint8_t *)plain,
				 strlen(plain), text, sizeof(text)),
		    FAULT_NONE);
		cr_expect_str_eq(text, vectors[i].text);
		cr_assert_eq(
		    decode(text, bytes, sizeof(bytes), &len), FAULT_NONE);
		cr_expect_eq(len, strlen(plain));
		cr_expect_arr_eq(bytes, plain, len);
	}
}

Test(base64, gives_back_every_byte_at_every_length)
{
	uint8_t in[64], out[64];
	char text[BASE64_LEN(64) + 1];

	for (size_t i = 0; i < sizeof(in); i++)
		in[i] = (uint8_t)(i * 151 + 7);
	for (size_t len = 0; len <= sizeof(in); len++) {
		size_t got = 99;

		cr_assert_eq(
		    base64_encode(in, len, text, sizeof(text)), FAULT_NONE);
		cr_expect_eq(strlen(text), BASE64_LEN(len));
		cr_assert_eq(decode(text, out, len, &got), FAULT_NONE);
		cr_expect_eq(got, len);
		cr_expect_arr_eq(out, in, len);
	}
}

Test(base64, refuses_a_second_spelling)
{
	static const char *const wrong[] = {"Z", "Zg",
	    "Zg=", "Zh==", "Zm9=", "Zm8", "Zm9v\n", "Zm9 ", "Zm9-", "Zm9_",
	    "====", "Z===", "=Zg=", "Zg==Zg==", "Zm=v", "Zm9vZ"};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		uint8_t bytes[16] = {0xee};
		size_t len = 99;

		cr_expect_eq(decode(wrong[i], bytes, sizeof(bytes), &len),
		    FAULT_FORMAT, "\"%s\" was read", wrong[i]);
		cr_expect_eq(len, 99);
		cr_expect_eq(bytes[0], 0xee);
	}
}

/* By the alphabet of RFC 4648 section 4, in its order. */
Test(base64, knows_each_character_and_no_other)
{
	static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				       "abcdefghijklmnopqrstuvwxyz"
				       "0123456789+/";

	for (int c = 0; c < 256; c++) {
		const char text[] = {'A', 'A', 'A', (char)c};
		const char *at = c != 0 ? strchr(alphabet, c) : NULL;
		uint8_t bytes[3] = {0};
		size_t len = 99;
		enum fault fault = base64_decode(text, 4, bytes, 3, &len);

		if (c == '=') /* "AAA=" has two bytes */
			continue;
		cr_expect_eq(fault, at != NULL ? FAULT_NONE : FAULT_FORMAT,
		    "character %d", c);
		cr_expect_eq(base64_is(text, 4, &len), at != NULL);
		if (at != NULL)
			cr_expect_eq(bytes[2], (uint8_t)(at - alphabet));
	}
}

Test(base64, tells_how_many_bytes_there_are)
{
	size_t len = 99;

	cr_expect(base64_is("", 0, &len) && len == 0);
	cr_expect(base64_is("Zg==", 4, &len) && len == 1);
	cr_expect(base64_is("Zm9vYmE=", 8, &len) && len == 5);
	cr_expect_not(base64_is("Zh==", 4, &len));
	cr_expect_eq(len, 5);
}

Test(base64, writes_no_more_than_there_is_room_for)
{
	uint8_t bytes[3] = {1, 2, 3}, out[2] = {9, 9};
	char text[4] = "abc";
	size_t len = 99;

	cr_expect_eq(base64_encode(bytes, 3, text, sizeof(text)), FAULT_LIMIT);
	cr_expect_str_eq(text, "abc");
	cr_expect_eq(decode("AQID", out, 2, &len), FAULT_LIMIT);
	cr_expect_eq(len, 99);
	cr_expect_eq(out[0], 9);
}
