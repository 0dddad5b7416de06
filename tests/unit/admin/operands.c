#include "admin/operands.h"

#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/fixture.h"

static char *words[] = {"1", "2", "3", "4", "5"};
static char *checks[] = {"check", "2", "3", "4", "5"};

Test(operands, are_counted_by_the_usage)
{
	static const struct {
		const char *usage;
		int least, most; /* 5: any number */
	} cases[] = {
	    {"", 0, 0},
	    {"USER", 1, 1},
	    {"USER FILE", 2, 2},
	    {"[COMMAND]", 0, 1},
	    {"TARGET...", 1, 5},
	    {"[NAME...] [--state S] [--group G] [--summary]", 0, 5},
	    {"TARGET... [--grace 14d | --until DATE]", 1, 5},
	    {"TARGET... closed | after-code | open", 2, 5},
	    {"show | edit | check [FILE]", 1, 2},
	    {"show | check [FILE] | history", 1, 2},
	    {"USER --enroll | --pass", 1, 1},
	    {"USER [--qr terminal|svg|uri]", 1, 1},
	    {"[--config FILE] [--probe USER -i KEY [--code]]", 0, 0},
	    {"[--dry-run] [--break-glass USER] [--door PORT | --no-door] "
	     "[--wait 5m] | --confirm | --undo | --watch | --remove",
		0, 0},
	    {"--until DATE USER", 1, 1},
	    {"USER\n      [--a B]\n      [FILE]", 1, 2},
	};
	char why[OPERANDS_WHY];

	for (size_t i = 0; i < COUNT(cases); i++)
		for (int n = 0; n <= 5; n++)
			cr_expect_eq(
			    operands_fit(cases[i].usage, n,
				strstr(cases[i].usage, "check") != NULL ? checks
									: words,
				why),
			    n >= cases[i].least && n <= cases[i].most,
			    "%d of: %s", n, cases[i].usage);
}

Test(operands, what_is_missing_or_too_much_is_named)
{
	static const struct {
		const char *usage;
		int given;
		const char *why;
	} cases[] = {
	    {"USER FILE", 0, "needs a USER"},
	    {"USER FILE", 1, "needs a FILE"},
	    {"USER FILE", 3, "was given a word too many: \"3\""},
	    {"[--since T]", 1, "was given a word too many: \"1\""},
	    {"show | edit | check [FILE]", 0, "needs one of show, edit, check"},
	    {"show | edit | check [FILE]", 1,
		"takes one of show, edit, check: not \"1\""},
	    {"show | check [FILE] | history", 1,
		"takes one of show, check, history: not \"1\""},
	    {"TARGET... closed | after-code | open", 0, "needs a TARGET"},
	    {"TARGET... closed | after-code | open", 1,
		"needs one of closed, after-code, open"},
	};
	char why[OPERANDS_WHY];

	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_expect_not(
		    operands_fit(cases[i].usage, cases[i].given, words, why));
		cr_expect_str_eq(why, cases[i].why);
	}
}
