#include "admin/csv.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* ret: the row of one field. */
static void
write_field(const char *text, char *ret, size_t size)
{
	FILE *to = fmemopen(ret, size, "w");
	struct csv csv = {.to = to};

	cr_assert_not_null(to);
	csv_text(&csv, text);
	csv_end(&csv);
	fclose(to);
}

Test(csv, a_field_is_one_field_and_no_formula)
{
	static const struct {
		const char *text, *field;
	} cases[] = {
	    {"alice", "alice"},
	    {"", ""},
	    {"a,b", "\"a,b\""},
	    {"say \"yes\"", "\"say \"\"yes\"\"\""},
	    {" alice", "\" alice\""},
	    {"alice ", "\"alice \""},
	    {"=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"},
	    {"=HYPERLINK(\"x\",1)", "\"'=HYPERLINK(\"\"x\"\",1)\""},
	    {"+1", "'+1"},
	    {"-1", "'-1"},
	    {"@sum", "'@sum"},
	    {"\t=1", "'?=1"},
	    {"\r=1", "'?=1"},
	    {"\uff1d1", "'\uff1d1"},
	    {"a=b", "a=b"},
	    {"\u00c4rger", "\u00c4rger"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char row[128] = "", expected[128];

		write_field(cases[i].text, row, sizeof(row));
		snprintf(expected, sizeof(expected), "%s\r\n", cases[i].field);
		cr_expect_str_eq(row, expected);
	}
}

Test(csv, nothing_steers_a_terminal_or_ends_the_row)
{
	static const char *const texts[] = {"a\nb", "a\r\nb", "a\x1b[2Jb",
	    "a\xc2\x9b"
	    "b",
	    "a\xff"
	    "b",
	    "a\u202eb", "a\u2028b", "\xc3"};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		char row[64] = "";

		write_field(texts[i], row, sizeof(row));
		cr_expect_not_null(strchr(row, '?'), "%zu", i);
		cr_expect_eq(strcspn(row, "\x1b\n\r\xff"), strlen(row) - 2,
		    "%zu: %s", i, row);
	}
}

Test(csv, a_row_has_a_comma_between_its_fields)
{
	static const char *const names[] = {"user", "spent", "last_login", "x"};
	char text[128] = "";
	FILE *to = fmemopen(text, sizeof(text), "w");
	struct csv csv = {.to = to};

	csv_header(&csv, names, 4);
	csv_text(&csv, "");
	csv_number(&csv, -3);
	csv_time(&csv, 0);
	csv_flag(&csv, true);
	csv_end(&csv);
	csv_text(&csv, "b");
	csv_time(&csv, 1793491200);
	csv_end(&csv);
	fclose(to);
	cr_expect_str_eq(text,
	    "user,spent,last_login,x\r\n,-3,,true\r\n"
	    "b,2026-11-01T00:00:00Z\r\n");
}
