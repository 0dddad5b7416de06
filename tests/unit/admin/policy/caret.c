#include "admin/policy/caret.h"

#include <criterion/criterion.h>
#include <string.h>

#include "tests/unit/fixture.h"

static const struct {
	const char *text;
	int line, column;
	const char *shown;
} cases[] = {
    {"ab\ncde\nf", 2, 2, "    cde\n     ^\n"},
    {"ab\ncde\nf", 1, 1, "    ab\n    ^\n"},
    {"ab\r\ncde\r\n", 1, 3, "    ab\n      ^\n"},
    {"ab", 1, 3, "    ab\n      ^\n"},
    {"ab\n", 2, 1, "    \n    ^\n"},
    {"", 1, 1, "    \n    ^\n"},
    /* A caret stands under a character, whatever its bytes are. */
    {"\tx", 1, 2, "     x\n     ^\n"},
    {"\u00e9\u20acx", 1, 6, "    \u00e9\u20acx\n      ^\n"},
    {"a\033[31mx", 1, 7, "    a?[31mx\n          ^\n"},
    {"a\xc2\x9bx\u202ey", 1, 4, "    a?x?y\n      ^\n"},
    {"\xff\xfex", 1, 3, "    ??x\n      ^\n"},
    /* Positions that the text does not have. */
    {"ab", 0, 0, ""},
    {"ab", 1, 0, ""},
    {"ab", 3, 1, ""},
    {"ab\ncd", 1, 9, "    ab\n      ^\n"},
};

Test(caret, stands_under_the_mistake)
{
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_error error = {
		    .line = cases[i].line, .column = cases[i].column};
		char shown[CARET_TEXT];

		caret_format(
		    cases[i].text, strlen(cases[i].text), &error, shown);
		cr_expect_str_eq(shown, cases[i].shown, "%zu: %s", i, shown);
	}
}

/* A policy on one line, as other programs write it. */
Test(caret, stands_under_the_mistake_in_a_long_line)
{
	enum { LONG = 1000 };
	char text[4 * LONG + 1] = "", shown[CARET_TEXT];

	for (int column = 1; column <= LONG; column++) {
		struct json_error error = {.line = 1, .column = column};
		const char *second, *caret;

		memset(text, '.', LONG);
		text[column - 1] = 'x';
		caret_format(text, LONG, &error, shown);
		second = strchr(shown, '\n') + 1;
		caret = strchr(second, '^');
		cr_assert_not_null(caret);
		cr_assert_eq(shown[caret - second], 'x', "%s", shown);
		cr_assert_leq(second - shown - 1, 80, "%s", shown);
		cr_assert_str_eq(caret, "^\n");
	}
	for (int i = 0; i < LONG; i++)
		memcpy(text + 4 * i, "\U0001d11e", 4);
	caret_format(text, 4 * LONG,
	    &(struct json_error){.line = 1, .column = 2001}, shown);
	cr_assert_str_eq(strchr(shown, '^'), "^\n");
}

Test(caret, looks_at_nothing_behind_the_text)
{
	struct json_error error = {.line = 1, .column = 4};
	char shown[CARET_TEXT];

	caret_format("a\0bXY", 3, &error, shown);
	cr_expect_str_eq(shown, "    a?b\n       ^\n");
}
