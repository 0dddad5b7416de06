#include "json_lex.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

Test(json_lex, takes_every_token)
{
	static const char *const texts[] = {
	    "",
	    "{}",
	    "[]",
	    "[true,false,null]",
	    "[0,-0,1,-1,10,9007199254740993]",
	    "'plain'",
	    "'\\u0020\\u0041\\u00e9\\uffff\\ud83d\\ude00\\uD83D\\uDE00'",
	    "'\\\\ \\/'",
	    "'\u00e9 \u20ac \U0001f600'",
	    " \t\r\n",
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
	    {"{'a': '\\u009b'}", 1, 8, "escape"},
	    {"{'a': '\\u202e'}", 1, 8, "escape"},
	    {"{'a': 'x\302\233'}", 1, 9, "control character"},
	    {"{'a': 'x\u202e'}", 1, 9, "control character"},
	    {"[[[[[[[[[[[[[[[[[", 1, 17, "deep"},
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

/* Neither the byte after the text nor any beyond it is looked at. */
Test(json_lex, reads_no_further_than_the_text)
{
	static const char text[] =
	    "{\"a\\ud83d\\ude00\": [\"\u20ac\", -10, true, null]}";
	struct json_error error;

	for (size_t len = 0; len < sizeof(text); len++) {
		char exact[sizeof(text)];

		memset(exact, '9', sizeof(exact));
		memcpy(exact, text, len);
		if (json_lex_check(exact, len, &error) == FAULT_NONE)
			continue;
		cr_expect_eq(error.line, 1);
		cr_expect_leq((size_t)error.column, len + 1);
	}
}

Test(json_lex, finds_the_values_in_order)
{
	static const char text[] =
	    "{\n \"a\": 1,\n \"b\" : [true,\n  \"x\", {\"c\": null}]\n}";
	static const struct {
		int line, column;
	} places[] = {{1, 1}, {2, 7}, {3, 8}, {3, 9}, {4, 3}, {4, 8}, {4, 14}};

	for (size_t i = 0; i < COUNT(places); i++) {
		int line = 0, column = 0;

		json_lex_locate(
		    text, sizeof(text) - 1, i, false, &line, &column);
		cr_expect_eq(line, places[i].line, "value %zu", i);
		cr_expect_eq(column, places[i].column, "value %zu", i);
	}
}

Test(json_lex, finds_the_key_of_a_value)
{
	static const char text[] =
	    "{\n \"a\": 1,\n \"b\" : [true,\n  \"x\", {\"c\": null}]\n}";
	static const struct {
		size_t value;
		int line, column;
	} places[] = {{1, 2, 2}, {2, 3, 2}, {6, 4, 9}};

	for (size_t i = 0; i < COUNT(places); i++) {
		int line = 0, column = 0;

		json_lex_locate(text, sizeof(text) - 1, places[i].value, true,
		    &line, &column);
		cr_expect_eq(line, places[i].line, "%zu", i);
		cr_expect_eq(column, places[i].column, "%zu", i);
	}
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
