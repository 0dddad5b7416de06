#include "store/core/typed.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "store/wire/protocol.h"
#include "store/base/utf8.h"

#define PASTE_BEGINS "\033[200~"
#define PASTE_ENDS   "\033[201~"

static void
expect_plain(const char *typed, const char *plain)
{
	char ret[INPUT_TEXT] = "unset", again[INPUT_TEXT];

	typed_plain(typed, strlen(typed), ret, sizeof(ret));
	cr_expect_str_eq(ret, plain, "\"%s\": %s", typed, ret);
	typed_plain(ret, strlen(ret), again, sizeof(again));
	cr_expect_str_eq(again, ret, "%s again", typed);
	cr_expect(utf8_is_clean(ret), "%s", typed);
}

Test(typed, leaves_out_what_terminals_and_clipboards_add)
{
	static const char *const typed[] = {
	    "123456",
	    "123 456",
	    "1 2 3 4 5 6",
	    "12 34 56",
	    "  123456\t",
	    "123456\r\n",
	    "\n123456",
	    "123-456",
	    "123.456",
	    "123,456",
	    PASTE_BEGINS "123456" PASTE_ENDS,
	    PASTE_BEGINS "123 456\n" PASTE_ENDS,
	    "12" PASTE_BEGINS "3456",
	    "\033[I123456\033[O",
	    "\033[24;80R123456",
	    "\033[?1;2c123456",
	    "\033[>41;354;0c123456",
	    "\033[?2026;2$y123456",
	    "\033[8;24;80t123456",
	    "\033]11;rgb:0000/0000/0000\a123456",
	    "\033]11;rgb:0000/0000/0000\033\\123456",
	    "\033P1$r0m\033\\123456",
	    "123\u00a0456",
	    "\ufeff123456",
	    "123\u200b456",
	    "123\u200d456",
	    "\u200e123456\u200f",
	    "\u202d123456\u202c",
	    "\u2066123456\u2069",
	    "123\u00ad456",
	    "123\u2060456",
	    "123\u2009456",
	    "123\u202f456",
	    "123\u3000456",
	    "123\u2013456",
	    "123\u2014456",
	    "123\u2011456",
	    "123\u2212456",
	    "123\u00b7456",
	    "123\u2022456",
	    "1\ufe0f\u20e32\ufe0f\u20e33\ufe0f\u20e3456",
	};

	for (size_t i = 0; i < COUNT(typed); i++)
		expect_plain(typed[i], "123456");
}

Test(typed, reads_the_digits_of_every_script)
{
	static const char *const typed[] = {
	    "\uff11\uff12\uff13\uff14\uff15\uff16",
	    "\u0661\u0662\u0663\u0664\u0665\u0666",
	    "\u06f1\u06f2\u06f3\u06f4\u06f5\u06f6",
	    "\u0967\u0968\u0969\u096a\u096b\u096c",
	    "\u09e7\u09e8\u09e9\u09ea\u09eb\u09ec",
	    "\u0e51\u0e52\u0e53\u0e54\u0e55\u0e56",
	    "\u0f21\u0f22\u0f23\u0f24\u0f25\u0f26",
	    "\u17e1\u17e2\u17e3\u17e4\u17e5\u17e6",
	    "\u1811\u1812\u1813\u1814\u1815\u1816",
	    "\U0001d7cf\U0001d7d0\U0001d7d1\U0001d7d2\U0001d7d3\U0001d7d4",
	    "\U0001fbf1\U0001fbf2\U0001fbf3\U0001fbf4\U0001fbf5\U0001fbf6",
	    "\u0661\u0662\u0663\u066c\u0664\u0665\u0666",
	    "\uff11\uff12\uff13\uff0d\uff14\uff15\uff16",
	    "\uff11\uff12\uff13\u3000\uff14\uff15\uff16",
	};

	for (size_t i = 0; i < COUNT(typed); i++)
		expect_plain(typed[i], "123456");
	expect_plain("\u0660\u0669\uff10\uff19", "0909");
	expect_plain("\uff21\uff22-\uff4f", "ABo");
}

/* Somebody who moved the cursor or pressed Delete meant another code. */
Test(typed, keeps_what_makes_it_no_code)
{
	static const char *const typed[] = {
	    "123457\033[D6", "123457\033OD6", "\033[H123456", "123456\033[3~",
	    "123456\033[1;5D", "123456\033[15~", "\033[12345", "\033]123456",
	    "\033", "123456\033", "12345\x01", "123456\x07", "123456\x7f",
	    "123456\xff", "\xff\xff\xff\xff\xff\xff", "Code: 123456",
	    "123456abc", "O12345", "l23456", "+12345",
	    "\u00b2\u00b3\u00b9123", /* superscripts */
	    "\u2460\u2461\u2462456", /* in circles */
	    "\u2160\u2161\u2162456", /* Roman */
	    "\u4e00\u4e8c\u4e09456", /* Chinese */
	    "123456\xc2\x9b"
	    "201~", /* the control character of 8 bits */
	};

	for (size_t i = 0; i < COUNT(typed); i++) {
		char ret[INPUT_TEXT];

		typed_plain(typed[i], strlen(typed[i]), ret, sizeof(ret));
		cr_expect_neq(
		    strspn(ret, "0123456789"), strlen(ret), "%zu: %s", i, ret);
		cr_expect(utf8_is_clean(ret), "%zu", i);
	}
}

Test(typed, says_nothing_of_nothing)
{
	expect_plain("", "");
	expect_plain(" \t\u00a0\u200b-.,", "");
	expect_plain(PASTE_BEGINS PASTE_ENDS, "");
}

/* A NUL does not end a code, and a text that is too long is not cut into
 * one. */
Test(typed, makes_no_code_of_what_it_cannot_hold)
{
	char ret[INPUT_TEXT], blanks[4096];
	char small[7];

	typed_plain("123456\0", 7, ret, sizeof(ret));
	cr_expect_str_eq(ret, "123456?");
	typed_plain("1234567", 7, small, sizeof(small));
	cr_expect_str_eq(small, "?");
	typed_plain("123456", 6, small, sizeof(small));
	cr_expect_str_eq(small, "123456");
	memset(blanks, ' ', sizeof(blanks));
	memcpy(blanks + 100, "123456", 6);
	typed_plain(blanks, sizeof(blanks), ret, sizeof(ret));
	cr_expect_str_eq(ret, "123456");
}
