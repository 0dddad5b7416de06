#include "gate/screen/sheet.h"

#include <criterion/criterion.h>
#include <string.h>

static const char key[] = "7XHYIIPZX5RHT2UDRSGOBMILW2XDBWLD";

Test(sheet, breaks_between_words)
{
	static const struct {
		int columns;
		const char *text, *lines;
	} cases[] = {
	    {10, "one two three", "one two\nthree\n"},
	    {7, "one two three", "one two\nthree\n"},
	    {6, "one two three", "one\ntwo\nthree\n"},
	    {13, "one two three", "one two three\n"},
	    {4, "a-long-word and more", "a-long-word\nand\nmore\n"},
	    {10, "", "\n"},
	    {1, "a b", "a\nb\n"},
	    {10, "a\033[31m", "a?[31m\n"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct sheet sheet = {.columns = cases[i].columns};

		sheet_say(&sheet, cases[i].text);
		cr_expect_str_eq(
		    sheet.text, cases[i].lines, "%zu: %s", i, sheet.text);
	}
}

Test(sheet, tears_no_group_of_a_key)
{
	for (int columns = 4; columns <= 100; columns++) {
		struct sheet sheet = {.columns = columns};
		size_t seen = 0;

		sheet_groups(&sheet, "Key:", key);
		for (const char *at = sheet.text; *at != '\0';) {
			size_t line = strcspn(at, "\n");
			size_t word = strcspn(at, " \n");

			cr_expect_leq(line, (size_t)columns, "%s", sheet.text);
			cr_expect_eq(word, 4, "%s", sheet.text);
			seen += memcmp(at, key + seen, 4) == 0 ? 4 : 0;
			at += word + 1;
		}
		cr_expect_eq(seen, strlen(key), "%d: %s", columns, sheet.text);
	}
}

Test(sheet, counts_the_rows_that_a_window_shows)
{
	struct sheet sheet = {.columns = 10};

	sheet_line(&sheet, "0123456789");
	sheet_line(&sheet, "0123456789a");
	sheet_say(&sheet, "");
	cr_expect_eq(sheet_rows(&sheet), 4);
	cr_expect_eq(sheet_rows_of(0, 10), 1);
	cr_expect_eq(sheet_rows_of(21, 10), 3);
}

Test(sheet, ends_where_it_is_full)
{
	struct sheet sheet = {.columns = 80};

	for (int i = 0; i < 200; i++)
		sheet_line(&sheet,
		    "seventy bytes are too many for a sheet of "
		    "two hundred such lines here");
	cr_expect_eq(strlen(sheet.text), SHEET_TEXT - 1);
	sheet_say(&sheet, "more");
	cr_expect_eq(strlen(sheet.text), SHEET_TEXT - 1);
	sheet_done(&sheet);
	cr_expect_str_empty(sheet.text);
}
