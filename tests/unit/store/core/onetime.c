#include "store/core/onetime.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/fixture.h"

Test(onetime, writes_80_bits_in_fours)
{
	static const struct {
		uint8_t random[ONETIME_BYTES];
		const char *text;
	} cases[] = {
	    {{0}, "0000-0000-0000-0000"},
	    {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
		"ZZZZ-ZZZZ-ZZZZ-ZZZZ"},
	    {{0x00, 0x44, 0x32, 0x14, 0xc7, 0x42, 0x54, 0xb6, 0x35, 0xcf},
		"0123-4567-89AB-CDEF"},
	    {{0x84, 0x65, 0x3a, 0x56, 0xd7, 0xc6, 0x75, 0xbe, 0x77, 0xdf},
		"GHJK-MNPQ-RSTV-WXYZ"},
	    {{0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, "0000-0000-0000-0001"},
	    {{0x80}, "G000-0000-0000-0000"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[ONETIME_TEXT];

		onetime_format(cases[i].random, text);
		cr_expect_str_eq(text, cases[i].text);
	}
}

/* Every bit matters: 80 codes, each with one other bit set, are all
 * different. */
Test(onetime, gives_every_bit_a_code_of_its_own)
{
	char codes[8 * ONETIME_BYTES][ONETIME_TEXT];

	for (size_t bit = 0; bit < COUNT(codes); bit++) {
		uint8_t random[ONETIME_BYTES] = {0};

		random[bit / 8] = (uint8_t)(0x80 >> bit % 8);
		onetime_format(random, codes[bit]);
		for (size_t i = 0; i < bit; i++)
			cr_expect_str_neq(codes[bit], codes[i]);
	}
}

Test(onetime, reads_what_people_type)
{
	static const struct {
		const char *typed, *code;
	} cases[] = {
	    {"0123-4567-89AB-CDEF", "0123456789ABCDEF"},
	    {"ghjkmnpqrstvwxyz", "GHJKMNPQRSTVWXYZ"},
	    {"OoIi LlOO-0000-0000", "0011110000000000"},
	    {"", ""},
	    {"0123456789ABCDE", ""},
	    {"0123456789ABCDEF0", ""},
	    {"0123456789ABCDEU", ""},
	    {"0123456789ABCDE_", ""},
	    {"0123456789ABCDE\n", ""},
	    {"0123456789ABCDE\xc3\xa9", ""},
	    {"----------------", ""},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char code[ONETIME_CHARS + 1] = "unset";

		cr_expect_eq(
		    onetime_read(cases[i].typed, strlen(cases[i].typed), code),
		    cases[i].code[0] != '\0', "%s", cases[i].typed);
		cr_expect_str_eq(code, cases[i].code);
	}
	cr_expect_not(onetime_read(
	    "0123456789ABCDE\0", 16, (char[ONETIME_CHARS + 1]){0}));
}

Test(onetime, stores_the_sha_256_of_the_sixteen_characters)
{
	char hash[HASH_TEXT];

	cr_assert_eq(onetime_hash("0123456789ABCDEF", hash), FAULT_NONE);
	cr_expect_str_eq(hash,
	    "2125b2c332b1113aae9bfc5e9f7e3b4c"
	    "91d828cb942c2df1eeb02502eccae9e9");
}

Test(onetime, stores_the_sha_256_of_eight_digits)
{
	char hash[HASH_TEXT];

	cr_assert_eq(onetime_hash("12345678", hash), FAULT_NONE);
	cr_expect_str_eq(hash,
	    "ef797c8118f02dfb649607dd5d3f8c76"
	    "23048c9c063d532cc95c5ed7a898a64f");
}

Test(onetime, finds_only_a_code_that_is_there_and_valid)
{
	static const char *const texts[] = {
	    "0000000000000001", "0000000000000002", "0000000000000003"};
	struct record record;
	char hash[HASH_TEXT];

	fixture_record(&record);
	fixture_one_time(&record, CODE_RECOVER, texts[0], 0);
	fixture_one_time(&record, CODE_PASS, texts[1], NOW_S);
	for (size_t i = 0; i < COUNT(texts); i++) {
		int found[] = {0, 1, -1};

		cr_assert_eq(onetime_hash(texts[i], hash), FAULT_NONE);
		cr_expect_eq(onetime_find(&record, hash, NOW_S - 1), found[i]);
		cr_expect_eq(onetime_find(&record, hash, NOW_S),
		    i == 0 ? 0 : -1, "%zu", i);
	}
	record_done(&record);
}
