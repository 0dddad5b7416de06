#include "admin/policy/difference.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "tests/unit/fixture.h"

#define ALICE "{'name': 'alice', 'users': ['alice'], 'mode': 'required'}"
#define STAFF "{'name': 'staff', 'groups': ['staff'], 'mode': 'optional'}"

static void
expect_lines(const char *old_rules, const char *old_rest, const char *new_rules,
    const char *new_rest, const char *lines)
{
	struct changes changes = {.lines = {.count = 0}};
	struct policy old, new;
	char seen[4096] = "";

	fixture_policy(old_rules, old_rest, &old);
	fixture_policy(new_rules, new_rest, &new);
	cr_assert(difference_add(&old, &new, &changes));
	for (size_t i = 0; i < changes.lines.count; i++) {
		size_t len = strlen(seen);

		cr_expect_lt(strlen(changes.lines.items[i].text), DETAIL_SENT);
		snprintf(seen + len, sizeof(seen) - len, "%s\n",
		    changes.lines.items[i].text);
	}
	cr_expect_str_eq(seen, lines);
	changes_done(&changes);
	policy_done(&old);
	policy_done(&new);
}

Test(difference, has_a_line_for_each_key)
{
	expect_lines(ALICE, "", ALICE, "", "");
	expect_lines(ALICE, "",
	    "{'name': 'alice', 'users': ['alice'], 'mode': 'exempt', "
	    "'until': '2026-12-31T00:00:00Z'}",
	    ", 'attempts': {'free': 7}",
	    "rules.alice.mode: required -> exempt\n"
	    "attempts.free: 5 -> 7\n"
	    "rules.alice.until: none -> 2026-12-31T00:00:00Z\n");
	expect_lines(ALICE, "", ALICE ", " STAFF, "",
	    "rules.staff: none -> rule 2 of 2\n"
	    "rules.staff.groups: none -> staff\n"
	    "rules.staff.mode: none -> optional\n");
	expect_lines(STAFF ", " ALICE, "", STAFF, "",
	    "rules.alice: rule 2 of 2 -> none\n"
	    "rules.alice.users: alice -> none\n"
	    "rules.alice.mode: required -> none\n");
	expect_lines(ALICE ", " STAFF, "", STAFF ", " ALICE, "",
	    "order of rules, first difference: alice -> staff\n");
}

#define USERS(names) "{'name': 'r', 'mode': 'exempt', 'users': [" names "]}"

/* One item in the place of one is one line. Which of two took the place of which
 * of two, nobody knows. */
Test(difference, pairs_only_what_is_certain)
{
	expect_lines(USERS("'a', 'b', 'c'"), "", USERS("'a', 'x', 'c'"), "",
	    "rules.r.users: b -> x\n");
	expect_lines(USERS("'a', 'b', 'c'"), "", USERS("'a', 'x', 'y'"), "",
	    "rules.r.users: b -> none\n"
	    "rules.r.users: c -> none\n"
	    "rules.r.users: none -> x\n"
	    "rules.r.users: none -> y\n");
	expect_lines(USERS("'a', 'b', 'c'"), "", USERS("'a', 'x'"), "",
	    "rules.r.users: b -> none\n"
	    "rules.r.users: c -> none\n"
	    "rules.r.users: none -> x\n");
	expect_lines(USERS("'a', 'b'"), "", USERS("'a', 'x', 'y'"), "",
	    "rules.r.users: b -> none\n"
	    "rules.r.users: none -> x\n"
	    "rules.r.users: none -> y\n");
	expect_lines(USERS("'a', 'b'"), "", USERS("'b', 'a'"), "", "");
}

/* Two long lists, cut to a line, would look the same. */
Test(difference, names_each_item_of_a_list)
{
	char old[8192] = "{'name': 'many', 'mode': 'exempt', 'users': ['a0'";
	char new[8192];

	for (int i = 1; i < 300; i++)
		snprintf(
		    old + strlen(old), sizeof(old) - strlen(old), ", 'a%d'", i);
	snprintf(new, sizeof(new), "%s, 'mallory']}", old);
	snprintf(old + strlen(old), sizeof(old) - strlen(old), "]}");
	expect_lines(old, "", new, "", "rules.many.users: none -> mallory\n");
	expect_lines(new, "", old, "", "rules.many.users: mallory -> none\n");
}

Test(difference, cuts_what_is_long_at_a_whole_character)
{
#define LONG "\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9"
	expect_lines("{'name': 'r', 'users': ['x'], 'mode': 'exempt'}", "",
	    "{'name': 'r', 'users': ['x" LONG LONG LONG "'], 'mode': 'exempt'}",
	    "",
	    "rules.r.users: x -> x" LONG LONG "\u00e9\u00e9\u00e9\u00e9...\n");
}
