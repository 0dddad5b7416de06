#include "store/json/lex.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"

Test(json_lex, takes_every_token)
{
	static const char *const texts[] = {
	    "{}",
	    "[]",
	    "true",
	    "[true,false,null]",
	    "{'a':{},'b':[[],{}]}",
	    "[0,-0,1,-1,10,9007199254740993]",
	    "'plain'",
	    "'\\u0020\\u0041\\u00e9\\uffff\\ud83d\\ude00\\uD83D\\uDE00'",
	    "'\\\\ \\/'",
	    "'\u00e9 \u20ac \U0001f600'",
	    " \t\r\n[ \t\r\n1 \t\r\n, \t\r\n2 \t\r\n] \t\r\n",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		char quoted[QUOTED_MAX];
		struct json_error error;

		fixture_quote(texts[i], quoted);
		cr_expect_eq(json_lex_check(quoted, strlen(quoted), &error),
		    FAULT_NONE, "%s", texts[i]);
	}
	cr_expect_eq(
	    json_lex_check("\"\\\"\"", 4, &(struct json_error){0}), FAULT_NONE);
}

Test(json_lex, places_what_it_refuses)
{
	static const struct {
		const char *text;
		int line, column;
		const char *word;
	} cases[] = {
	    {"{\n  x", 2, 3, "not JSON"},
	    {"{'a': 1,\n 'b': 1.5}", 2, 7, "whole number"},
	    {"{'a': 1,\n 'b': 0123}", 2, 7, "whole number"},
	    {"{'a': 1e3}", 1, 7, "whole number"},
	    {"{'a': -}", 1, 7, "whole number"},
	    {"{'a': 'x\ny'}", 1, 9, "control character"},
	    {"{'a': 'x\x7fy'}", 1, 9, "control character"},
	    {"{'a': '\\u0000'}", 1, 8, "escape"},
	    {"{'a': '\\n'}", 1, 8, "escape"},
	    {"{'a': '\xff'}", 1, 8, "UTF-8"},
	    {"{'a': 'x", 1, 9, "without an end"},
	    {"// x\n{}", 1, 1, "not JSON"},
	    {"{'a': '\\ud800\\ud800'}", 1, 8, "escape"},
	    {"{'a': '\\ud800\\u0041'}", 1, 8, "escape"},
	    {"{'a': '\\udc00\\udc00'}", 1, 8, "escape"},
	    {"{'a': '\\udbff\\ue000'}", 1, 8, "escape"},
	    {"{'a': '\\u009b'}", 1, 8, "escape"},
	    {"{'a': '\\u202e'}", 1, 8, "escape"},
	    {"{'a': 'x\302\233'}", 1, 9, "control character"},
	    {"{'a': 'x\u202e'}", 1, 9, "control character"},
	    {"[[[[[[[[[[[[[[[[[", 1, 17, "deep"},
	    {"{'a':[[[[[[[[[[[[[[[[", 1, 21, "deep"},
	    {"", 1, 1, "empty"},
	    {" \n ", 2, 2, "not JSON"},
	    {"{", 1, 2, "not JSON"},
	    {"{'a'", 1, 5, "not JSON"},
	    {"{'a':", 1, 6, "not JSON"},
	    {"{'a':1", 1, 7, "not JSON"},
	    {"{'a':1,", 1, 8, "not JSON"},
	    {"{'a':1,}", 1, 8, "not JSON"},
	    {"{,'a':1}", 1, 2, "not JSON"},
	    {"{'a' 1}", 1, 6, "not JSON"},
	    {"{'a':1 'b':2}", 1, 8, "not JSON"},
	    {"{'a':1,\n\n'b'}", 3, 4, "not JSON"},
	    {"{1:2}", 1, 2, "not JSON"},
	    {"{a:2}", 1, 2, "not JSON"},
	    {"[1 2]", 1, 4, "not JSON"},
	    {"[1,]", 1, 4, "not JSON"},
	    {"[1,,2]", 1, 4, "not JSON"},
	    {"[1:2]", 1, 3, "not JSON"},
	    {"[1}", 1, 3, "not JSON"},
	    {"{'a':[}", 1, 7, "not JSON"},
	    {"{]", 1, 2, "not JSON"},
	    {"]", 1, 1, "not JSON"},
	    {"tru", 1, 1, "not JSON"},
	    {"truex", 1, 5, "not JSON"},
	    {"{}{}", 1, 3, "not JSON"},
	    {"{}\n,", 2, 1, "not JSON"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char quoted[QUOTED_MAX];
		struct json_error error = {.line = 0};

		fixture_quote(cases[i].text, quoted);
		cr_expect_eq(json_lex_check(quoted, strlen(quoted), &error),
		    FAULT_FORMAT, "%s", cases[i].text);
		cr_expect_eq(error.line, cases[i].line, "%s", cases[i].text);
		cr_expect_eq(error.column, cases[i].column, "%s: column %d",
		    cases[i].text, error.column);
		cr_expect_not_null(
		    strstr(error.text, cases[i].word), "%s", error.text);
	}
}

Test(json_lex, takes_sixteen_levels)
{
	char text[64];

	for (int depth = 1; depth <= JSON_DEPTH_MAX + 1; depth++) {
		struct json_error error;
		size_t n = (size_t)depth;

		memset(text, '[', n);
		memset(text + n, ']', n);
		cr_expect_eq(json_lex_check(text, 2 * n, &error),
		    depth <= JSON_DEPTH_MAX ? FAULT_NONE : FAULT_FORMAT,
		    "%d levels", depth);
	}
}

/* The reader looks at no byte after the text: neither at one that would
 * continue it, nor at memory that does not exist. */
Test(json_lex, reads_no_further_than_the_text)
{
	static const char text[] =
	    "{\"a\\ud83d\\ude00\": [\"\u20ac\", -10, true, null]}";
	const size_t whole = sizeof(text) - 1;
	struct json_error error;

	for (size_t len = 0; len < whole; len++) {
		char *exact = malloc(len > 0 ? len : 1);

		cr_assert_not_null(exact);
		memcpy(exact, text, len);
		cr_expect_eq(json_lex_check(exact, len, &error), FAULT_FORMAT,
		    "%zu", len);
		cr_expect_eq(json_lex_check(text, len, &error), FAULT_FORMAT,
		    "%zu", len);
		cr_expect_eq(error.line, 1);
		cr_expect_leq((size_t)error.column, len + 1);
		free(exact);
	}
	cr_expect_eq(json_lex_check(text, whole, &error), FAULT_NONE);
	cr_expect_eq(json_lex_check("[12", 2, &error), FAULT_FORMAT);
	cr_expect_eq(json_lex_check("12.5", 2, &error), FAULT_NONE);
	cr_expect_eq(json_lex_check("nullx", 4, &error), FAULT_NONE);
}

/* With any text before and after it, in groups of eight bytes or not. */
Test(json_lex, finds_what_may_not_stand_in_a_string)
{
	static const char *const odd[] = {"\x01", "\x1f", "\x7f", "\x80",
	    "\xff", "\n", "\\n", "\\u0000", "\xc2\x9b"};

	for (size_t i = 0; i < COUNT(odd); i++)
		for (int before = 0; before < 20; before++)
			for (int after = 0; after < 20; after++) {
				struct json_error error = {.line = 0};
				char text[64];
				int n = snprintf(text, sizeof(text),
				    "\"%.*s%s%.*s\"", before,
				    "~ !#[]^~ !#[]^~ !#[]", odd[i], after,
				    "aaaaaaaaaaaaaaaaaaaa");

				cr_assert_eq(
				    json_lex_check(text, (size_t)n, &error),
				    FAULT_FORMAT, "%s", text);
				cr_assert_eq(error.column, before + 2);
			}
}

Test(json_lex, makes_characters_of_escapes)
{
	static const struct {
		const char *text, *plain;
	} cases[] = {
	    {"''", ""},
	    {"'plain'", "plain"},
	    {"'a \u20ac'", "a \u20ac"},
	    {"'\\\\ \\/ /'", "\\ / /"},
	    {"'\\u0041\\u00e9\\u20AC\\ud83d\\ude00'",
		"A\u00e9\u20ac\U0001f600"},
	    {"'\\uDBFF\\udfff'", "\U0010ffff"},
	    {"'\\ud800\\uDC00x'", "\U00010000x"},
	    {"'\\ufffd\\u07ff\\u0800'", "\ufffd\xdf\xbf\xe0\xa0\x80"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char quoted[QUOTED_MAX], plain[64];
		struct json_string s;
		struct json_lex lex;

		fixture_quote(cases[i].text, quoted);
		lex = json_lex_begin(quoted, strlen(quoted));
		cr_assert(json_lex_string(&lex, &s), "%s", quoted);
		cr_expect(json_lex_end(&lex));
		cr_expect_eq(s.len, strlen(cases[i].plain), "%s", quoted);
		json_string_copy(&s, plain, sizeof(plain));
		cr_expect_str_eq(plain, cases[i].plain);
		cr_expect(json_string_is(&s, cases[i].plain));
		/* The copy ends where the room does, within a character or
		 * before it. */
		for (size_t size = 1; size <= s.len; size++) {
			memset(plain, 'x', sizeof(plain));
			json_string_copy(&s, plain, size);
			cr_expect_lt(strlen(plain), size);
			cr_expect_eq(
			    strncmp(plain, cases[i].plain, strlen(plain)), 0);
		}
	}
}

Test(json_lex, compares_whole_strings)
{
	static const struct {
		const char *text, *word;
		bool is;
	} cases[] = {
	    {"'key'", "key", true},
	    {"'key'", "ke", false},
	    {"'key'", "keys", false},
	    {"'key'", "kez", false},
	    {"'key'", "Key", false},
	    {"'key'", "", false},
	    {"''", "", true},
	    {"''", "k", false},
	    {"'\\u006bey'", "key", true},
	    {"'\\u006bey'", "\\u006bey", false},
	    {"'\\u006bey'", "ke", false},
	    {"'\\u006bey'", "keys", false},
	    {"'\\u006b12345678901234567890123456789012345678901234567890123"
	     "456789012'",
		"k12345678901234567890123456789012345678901234567890123"
		"456789012",
		true},
	    {"'\\u006b12345678901234567890123456789012345678901234567890123"
	     "4567890123'",
		"k12345678901234567890123456789012345678901234567890123"
		"456789012",
		false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char quoted[QUOTED_MAX];
		struct json_string s;
		struct json_lex lex;

		fixture_quote(cases[i].text, quoted);
		lex = json_lex_begin(quoted, strlen(quoted));
		cr_assert(json_lex_string(&lex, &s));
		cr_expect_eq(json_string_is(&s, cases[i].word), cases[i].is,
		    "%s, %s", quoted, cases[i].word);
	}
}

Test(json_lex, counts_exactly)
{
	static const struct {
		const char *text;
		int64_t value;
		bool fits;
	} cases[] = {
	    {"0", 0, true},
	    {"-0", 0, true},
	    {"-1", -1, true},
	    {"9007199254740993", 9007199254740993, true},
	    {"9223372036854775807", INT64_MAX, true},
	    {"9223372036854775808", 0, false},
	    {"-9223372036854775808", INT64_MIN, true},
	    {"-9223372036854775809", 0, false},
	    {"18446744073709551616", 0, false},
	    {"18446744073709551617", 0, false},
	    {"184467440737095516165", 0, false},
	    {"99999999999999999999999999999999999999990", 0, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_number n = {.value = 7};
		struct json_lex lex = json_lex_begin(
		    cases[i].text, strlen(cases[i].text));

		cr_assert(json_lex_number(&lex, &n), "%s", cases[i].text);
		cr_expect(json_lex_end(&lex));
		cr_expect_eq(n.fits, cases[i].fits, "%s", cases[i].text);
		if (n.fits)
			cr_expect_eq(
			    n.value, cases[i].value, "%s", cases[i].text);
	}
}

Test(json_lex, finds_a_value_again)
{
	static const char text[] =
	    "{\n \"a\": 1,\n \"b\" : [true,\n  \"x\", {\"c\": null}]\n}";
	struct json_lex lex = json_lex_begin(text, sizeof(text) - 1), b, none;

	none = lex;
	cr_expect_not(json_lex_find_key(&none, "c"));
	none = lex;
	cr_expect_not(json_lex_find_item(&none, 0));
	b = lex;
	cr_assert(json_lex_find_key(&b, "a"));
	cr_expect_eq(b.at - text, 8);
	b = lex;
	cr_assert(json_lex_find_key(&b, "b"));
	cr_expect_eq(b.at - text, 18);
	none = b;
	cr_expect_not(json_lex_find_item(&none, 3));
	none = b;
	cr_expect_not(json_lex_find_key(&none, "c"));
	cr_assert(json_lex_find_item(&b, 2));
	cr_expect_eq(*b.at, '{');
	cr_assert(json_lex_find_key(&b, "c"));
	cr_expect_eq(*b.at, 'n');
}

Test(json_lex, counts_lines_and_columns_from_one)
{
	static const struct {
		size_t at;
		int line, column;
	} cases[] = {{0, 1, 1}, {1, 1, 2}, {2, 1, 3}, {3, 2, 1}, {4, 3, 1}};

	for (size_t i = 0; i < COUNT(cases); i++) {
		int line = 0, column = 0;

		json_lex_place("ab\n\nc", cases[i].at, &line, &column);
		cr_expect_eq(line, cases[i].line, "%zu", i);
		cr_expect_eq(column, cases[i].column, "%zu", i);
	}
}
