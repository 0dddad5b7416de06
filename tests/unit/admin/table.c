#include "admin/admin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>

#include "tests/unit/fixture.h"

#define AUML  "\303\204"
#define KANJI "\345\261\261"

/* The table on standard output, as a pipe gets it. */
static void
print_names(const char *const *names, size_t count, char *ret, size_t size)
{
	static const char *const headings[] = {"USER", "STATE"};
	struct table *table = table_new(headings, 2);
	FILE *to = tmpfile();
	int out = dup(STDOUT_FILENO);

	cr_assert_not_null(table);
	cr_assert_not_null(to);
	table_spare(table, 1, 1); /* left out where the row is too wide */
	fflush(stdout);
	cr_assert_geq(dup2(fileno(to), STDOUT_FILENO), 0);
	for (size_t i = 0; i < count; i++)
		cr_assert(
		    table_row(table, (const char *const[]){names[i], "grace"}));
	cr_assert(table_print(table));
	fflush(stdout);
	dup2(out, STDOUT_FILENO);
	table_free(table);
	rewind(to);
	ret[fread(ret, 1, size - 1, to)] = '\0';
	fclose(to);
}

/* Also under LC_ALL=C, which cron and systemd give. */
Test(table, shows_utf8_in_every_locale)
{
	static const char *const names[] = {
	    "al", AUML "rzte", KANJI KANJI, "a\342\200\256b"};
	static const char *const locales[] = {"C", "POSIX", "C.UTF-8", "none"};
	char text[512];

	for (size_t i = 0; i < COUNT(locales); i++) {
		setenv("LC_ALL", locales[i], 1);
		print_names(names, COUNT(names), text, sizeof(text));
		cr_expect_str_eq(text,
		    "USER       STATE\n"
		    "al         grace\n" AUML "rzte      grace\n" KANJI KANJI
		    "       grace\n"
		    "a\\u{202e}b grace\n",
		    "%s: %s", locales[i], text);
	}
}

/* Room is counted in columns of the terminal, not in bytes. */
Test(table, leaves_no_column_out_for_bytes)
{
	char name[121] = "", text[512];

	for (int i = 0; i < 60; i++)
		memcpy(name + 2 * i, AUML, 2);
	print_names((const char *const[]){name}, 1, text, sizeof(text));
	cr_expect_not_null(strstr(text, "grace"), "%s", text);
}
