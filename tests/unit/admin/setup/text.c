#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "admin/doctor/dump.h"
#include "admin/setup/setup.h"
#include "store/base/cleanup.h"

TestSuite(setup_text, .timeout = 30);

static const char gate[] = "    ForceCommand " SETUP_GATE "\n";

Test(setup_text, drop_in_is_the_same_made_anew_from_itself)
{
	scoped_free char *first = text_dropin(NULL, NULL, 0, NULL);
	scoped_free char *second = text_dropin(first, NULL, 0, NULL);

	cr_assert_str_eq(first, second);
	cr_assert_not_null(strstr(first, "\nMatch all\n"));
	cr_assert_not_null(strstr(first, gate));
}

/* The lines that doctor advises are those that setup writes. */
Test(setup_text, drop_in_has_the_lines_that_doctor_advises)
{
	scoped_free char *text = text_dropin(NULL, NULL, 0, NULL);
	char line[GUARD_LINE + 8];

	snprintf(line, sizeof(line), "\n    %s\n", guard_setenv());
	cr_assert_not_null(strstr(text, line));
	cr_assert_not_null(strstr(text, "\n    " GUARD_ACCEPTENV "\n"));
}

Test(setup_text, emergency_user_stands_before_match_all_once)
{
	scoped_free char *first = text_dropin(NULL, "frank", 0, NULL);
	scoped_free char *second = text_dropin(first, "frank", 0, NULL);
	scoped_free char *third = text_dropin(first, NULL, 0, NULL);
	const char *block = strstr(first, "\nMatch User frank\n");

	cr_assert_not_null(block);
	cr_assert_lt(block, strstr(first, "\nMatch all\n"));
	cr_assert_not_null(strstr(block, "\n    ForceCommand none\n"));
	cr_assert_str_eq(first, second);
	cr_assert_str_eq(first, third);
}

Test(setup_text, second_emergency_user_joins_the_first)
{
	scoped_free char *first = text_dropin(NULL, "frank", 0, NULL);
	scoped_free char *second = text_dropin(first, "fran", 0, NULL);

	cr_assert_not_null(strstr(second, "\nMatch User frank\n"));
	cr_assert_not_null(strstr(second, "\nMatch User fran\n"));
}

/* The door's block is first, whatever stands below: no block of the site's can
 * take the code away. */
Test(setup_text, door_stands_before_emergency_users)
{
	scoped_free char *plain = text_dropin(NULL, "frank", 0, NULL);
	scoped_free char *first = text_dropin(plain, NULL, 2222, NULL);
	scoped_free char *second = text_dropin(first, "frank", 2222, NULL);
	scoped_free char *moved = text_dropin(first, NULL, 443, NULL);
	scoped_free char *none = text_dropin(moved, NULL, 0, NULL);

	cr_assert_lt(strstr(first, "\nMatch LocalPort 2222\n"),
	    strstr(first, "\n# Emergency access"));
	cr_assert_str_eq(first, second);
	cr_assert_eq(guard_door_port(moved), 443);
	cr_assert_null(strstr(moved, "2222"));
	cr_assert_str_eq(none, plain);
}

Test(setup_text, door_that_somebody_moved_below_comes_first_again)
{
	scoped_free char *first = text_dropin(NULL, "frank", 2222, NULL);
	scoped_free char *moved = NULL;
	scoped_free char *again = NULL;
	size_t len;
	const char *door = guard_door_block(first, &len);
	const char *all = strstr(first, "\nMatch all\n") + 1;

	cr_assert(asprintf(&moved, "%.*s%.*s%.*s%s", (int)(door - first), first,
		      (int)(all - door - (ptrdiff_t)len), door + len, (int)len,
		      door, all) > 0);
	cr_assert_str_neq(first, moved);
	again = text_dropin(moved, NULL, 2222, NULL);
	cr_assert_str_eq(again, first);
}

/* Blocks of the site's and of emergency access stand above those of the gate,
 * whoever these are for. */
Test(setup_text, widened_drop_in_keeps_the_blocks_above)
{
	static const struct guard_only only = {.groups = "ops", .users = "bob"};
	scoped_free char *plain = text_dropin(NULL, "frank", 2222, NULL);
	scoped_free char *some = text_dropin(plain, NULL, 2222, &only);
	scoped_free char *again = text_dropin(some, "frank", 2222, &only);
	scoped_free char *all = text_dropin(some, NULL, 2222, NULL);
	const char *frank = strstr(some, "\nMatch User frank\n");

	cr_assert_not_null(frank);
	cr_assert_lt(frank, strstr(some, "\nMatch Group ops\n"));
	cr_assert_lt(strstr(some, "\nMatch LocalPort 2222\n"), frank);
	cr_assert_str_eq(some, again);
	cr_assert_str_eq(all, plain);
}

Test(setup_text, foreign_drop_in_is_replaced_whole)
{
	static const char *const foreign[] = {"", "\n", "Match all\n",
	    "PermitUserEnvironment no", "Match all\nPermitUserEnvironment no\n",
	    "X11Forwarding yes\nMatch User bob\n    ForceCommand none\n"};
	scoped_free char *plain = text_dropin(NULL, NULL, 0, NULL);

	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		scoped_free char *made = text_dropin(foreign[i], NULL, 0, NULL);

		cr_assert_str_eq(made, plain, "number %zu", i);
	}
}

Test(setup_text, issuer_is_the_short_host_name)
{
	static const struct {
		const char *host, *issuer;
	} cases[] = {
	    {"bastion7", "bastion7"},
	    {"gw.example.org", "gw"},
	    {"a b:c\"d", "abcd"},
	    {"", "bastion"},
	    {".", "bastion"},
	    {"0123456789012345678901234567890123456789",
		"01234567890123456789012345678901"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scoped_free char *text = text_policy(cases[i].host);
		struct json_error error = {.line = 0};
		struct policy policy;

		cr_assert_eq(policy_parse(text, strlen(text), &policy, &error),
		    FAULT_NONE, "%s: %s", cases[i].host, error.text);
		cr_assert_str_eq(policy.issuer, cases[i].issuer);
		cr_assert_eq(policy.otherwise, MODE_OPTIONAL);
		policy_done(&policy);
	}
}

static size_t
count(const char *text, const char *words)
{
	size_t n = 0;

	while ((text = strstr(text, words)) != NULL) {
		text += strlen(words);
		n++;
	}
	return n;
}

/* No path of another PREFIX is left. */
Test(setup_text, doors_unit_starts_the_launcher_that_is_installed)
{
	scoped_free char *text = text_unit(DOOR_UNIT);

	cr_expect_eq(count(text, "/tfa-door"), 2);
	cr_expect_eq(count(text, "=" DOOR_LAUNCHER), 2);
}

Test(setup_text, users_of_the_door_get_their_host_and_port)
{
	scoped_free char *text = text_ssh_config("gw.example.net", 443);

	cr_expect_not_null(strstr(text, "\n    HostName gw.example.net\n"));
	cr_expect_not_null(strstr(text, "\n    Port 443\n"));
	cr_expect_null(strstr(text, "example.org"));
	cr_expect_null(strstr(text, "2222"));
}

Test(setup_text, user_for_a_match_is_no_pattern)
{
	cr_assert(text_is_user("frank"));
	cr_assert(text_is_user("a.b-c_9"));
	cr_assert(!text_is_user(""));
	cr_assert(!text_is_user("-x"));
	cr_assert(!text_is_user("*"));
	cr_assert(!text_is_user("a,b"));
	cr_assert(!text_is_user("a b"));
	cr_assert(!text_is_user("!a"));
	cr_assert(!text_is_user("a\nb"));
	cr_assert(!text_is_user("a23456789012345678901234567890123"));
}

/* Without a text it would remove the file in place of writing it. */
Test(setup_text, plan_writes_no_file_whose_text_could_not_be_made)
{
	scoped_plan struct plan plan = {.stages = {.count = 0}};

	cr_expect_not(plan_add(
	    &plan, STAGE_FILE_WRITE, CONFIG_DROP_IN, 0644, "root", NULL));
	cr_expect_eq(plan.stages.count, 0);
	cr_expect(
	    plan_add(&plan, STAGE_FILE_REMOVE, CONFIG_DROP_IN, 0, "", NULL));
}
