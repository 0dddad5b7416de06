#include "store/base/utf8.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

Test(utf8, measures_a_character)
{
	static const struct {
		const char *text;
		size_t len, length;
	} cases[] = {
	    {"", 0, 0},
	    {"a", 1, 1},
	    {"\0", 1, 1},
	    {"\x7f", 1, 1},
	    {"\xc2\x80", 2, 2},
	    {"\xdf\xbf", 2, 2},
	    {"\xe0\xa0\x80", 3, 3},
	    {"\xed\x9f\xbf", 3, 3},
	    {"\xee\x80\x80", 3, 3},
	    {"\xef\xbf\xbf", 3, 3},
	    {"\xf0\x90\x80\x80", 4, 4},
	    {"\xf4\x8f\xbf\xbf", 4, 4},
	    /* Overlong. */
	    {"\xc0\x80", 2, 0},
	    {"\xc1\xbf", 2, 0},
	    {"\xe0\x80\x80", 3, 0},
	    {"\xe0\x9f\xbf", 3, 0},
	    {"\xf0\x80\x80\x80", 4, 0},
	    {"\xf0\x8f\xbf\xbf", 4, 0},
	    /* Surrogates, and characters beyond the last one. */
	    {"\xed\xa0\x80", 3, 0},
	    {"\xed\xbf\xbf", 3, 0},
	    {"\xf4\x90\x80\x80", 4, 0},
	    {"\xf5\x80\x80\x80", 4, 0},
	    {"\xf8\x88\x80\x80\x80", 5, 0},
	    {"\xff", 1, 0},
	    /* A continuation byte alone, a character cut short, or followed
	     * by something else. */
	    {"\x80", 1, 0},
	    {"\xbf", 1, 0},
	    {"\xc2", 1, 0},
	    {"\xe2\x82", 2, 0},
	    {"\xe2\x82\xac", 2, 0},
	    {"\xf0\x9f\x98\x80", 3, 0},
	    {"\xc2"
	     "a",
		2, 0},
	    {"\xe2\x82"
	     "a",
		3, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(utf8_length(cases[i].text, cases[i].len),
		    cases[i].length, "case %zu", i);
}

Test(utf8, writes_what_it_reads)
{
	for (uint32_t c = 0; c <= 0x10ffff; c++) {
		char text[UTF8_MAX];
		size_t n = utf8_encode(c, text);

		if (c >= 0xd800 && c <= 0xdfff)
			continue;
		cr_assert_eq(utf8_length(text, n), n, "U+%04X", c);
		cr_assert_eq(utf8_char(text, n), c, "U+%04X", c);
	}
}

Test(utf8, cleans_what_steers_a_terminal)
{
	static const struct {
		const char *text, *clean;
	} cases[] = {
	    {"", ""},
	    {"plain ~", "plain ~"},
	    {"caf\u00e9 \u20ac \U0001f600", "caf\u00e9 \u20ac \U0001f600"},
	    {"\x1b[2J\x1b]0;x\a", "?[2J?]0;x?"},
	    {"a\tb\nc\rd\be", "a?b?c?d?e"},
	    {"\x7f", "?"},
	    {"\302\23331m", "?31m"},
	    {"\302\200\302\237\u00a0", "??\u00a0"},
	    {"\u202egpj.exe", "?gpj.exe"},
	    {"\u202a\u202b\u202c\u202d\u2066\u2067\u2068\u2069", "????????"},
	    {"\u200e\u200f\u061c", "???"},
	    {"\u2028\u2029", "??"},
	    {"\u200b\ufeff", "??"},
	    {"a\xff"
	     "b\xc2",
		"a?b?"},
	    {"\xe2\x82"
	     "a",
		"??a"},
	    {"\xed\xa0\x80", "???"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char clean[64];

		utf8_clean(
		    cases[i].text, strlen(cases[i].text), clean, sizeof(clean));
		cr_expect_str_eq(clean, cases[i].clean, "case %zu", i);
		cr_expect_eq(utf8_is_clean(cases[i].text),
		    strcmp(cases[i].text, clean) == 0, "case %zu", i);
		/* in place */
		snprintf(clean, sizeof(clean), "%s", cases[i].text);
		utf8_clean(clean, strlen(clean), clean, sizeof(clean));
		cr_expect_str_eq(clean, cases[i].clean, "case %zu", i);
	}
}

Test(utf8, cleans_a_nul)
{
	char clean[8];

	utf8_clean("a\0b", 3, clean, sizeof(clean));
	cr_expect_str_eq(clean, "a?b");
}

/* For every pair of bytes the result is UTF-8 without a control character. */
Test(utf8, lets_nothing_else_through)
{
	for (unsigned pair = 0; pair < 1U << 16; pair++) {
		char text[2] = {(char)(pair >> 8), (char)pair}, clean[8];
		size_t n = 0;

		utf8_clean(text, 2, clean, sizeof(clean));
		for (const char *p = clean; *p != '\0'; p += n) {
			n = utf8_length(p, strlen(p));
			cr_assert(
			    n > 0 && (unsigned char)*p >= 0x20 && *p != 0x7f,
			    "%04x", pair);
			cr_assert_not(n == 2 && p[0] == '\xc2' && p[1] < '\xa0',
			    "%04x", pair);
		}
	}
}

Test(utf8, cuts_at_whole_characters)
{
	static const struct {
		size_t size;
		const char *clean;
	} cases[] = {
	    {1, ""},
	    {2, "a"},
	    {3, "a"},
	    {4, "a"},
	    {5, "a\u20ac"},
	    {6, "a\u20ac?"},
	    {7, "a\u20ac?b"},
	    {8, "a\u20ac?b"},
	};
	static const char text[] = "a\u20ac\x01"
				   "b";

	for (size_t i = 0; i < COUNT(cases); i++) {
		char clean[8] = "unset!!";

		utf8_clean(text, sizeof(text) - 1, clean, cases[i].size);
		cr_expect_str_eq(
		    clean, cases[i].clean, "size %zu", cases[i].size);
	}
}
