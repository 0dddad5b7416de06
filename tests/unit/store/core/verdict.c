#include "store/core/verdict.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "store/wire/protocol.h"

Test(verdict, denies_with_memory_that_was_zeroed)
{
	enum verdict verdict;

	memset(&verdict, 0, sizeof(verdict));
	cr_expect_eq(verdict, VERDICT_DENY);
	cr_expect_str_eq(verdict_name(verdict), "deny");
}

/* No fault, reason, boolean or small count has the value of a pass. */
Test(verdict, gives_a_pass_a_value_of_its_own)
{
	for (int i = -1000; i < 1000; i++)
		cr_expect_neq((int)VERDICT_PASS, i);
	cr_expect_neq((int)VERDICT_PASS, (int)VERDICT_CHALLENGE);
	cr_expect_neq((int)VERDICT_PASS, (int)VERDICT_ENROLL);
}

Test(verdict, has_names_that_come_back)
{
	static const struct {
		enum verdict verdict;
		const char *name;
	} cases[] = {
	    {VERDICT_DENY, "deny"},
	    {VERDICT_CHALLENGE, "challenge"},
	    {VERDICT_ENROLL, "enroll"},
	    {VERDICT_PASS, "pass"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		cr_expect_str_eq(verdict_name(cases[i].verdict), cases[i].name);
		cr_expect_eq(
		    verdict_from_name(cases[i].name), cases[i].verdict);
	}
}

Test(verdict, denies_what_it_does_not_know)
{
	static const char *const names[] = {
	    "", " ", "Pass", "PASS", "pass ", " pass", "passe", "pas", "allow"};
	static const int values[] = {1, -1, 0x5a16, 0x5a18, 0x5a17 << 1};

	for (size_t i = 0; i < COUNT(names); i++)
		cr_expect_eq(
		    verdict_from_name(names[i]), VERDICT_DENY, "%s", names[i]);
	for (size_t i = 0; i < COUNT(values); i++) {
		enum verdict verdict;

		memcpy(&verdict, &values[i], sizeof(verdict));
		cr_expect_str_eq(verdict_name(verdict), "deny");
	}
}

/* A pass code does not help if the user or the record is wrong. */
Test(verdict, leaves_to_an_admin_only_what_the_policy_cannot_decide)
{
	static const enum reason never[] = {REASON_NONE, REASON_CLOSED,
	    REASON_UID_CHANGED, REASON_BAD_POLICY, REASON_BAD_RECORD,
	    REASON_DISK_FULL, REASON_STORE, REASON_STORE_AWAY,
	    REASON_STORE_UNSURE, REASON_STORE_FULL, REASON_STORE_BACK,
	    REASON_STORE_MAINTENANCE, REASON_NO_FLEET, REASON_NO_POLICY,
	    REASON_POLICY_CHANGED, REASON_TOO_OLD, REASON_CLOCK_OFF,
	    REASON_NO_LOG, REASON_BUSY, REASON_BAD_REQUEST, REASON_NOT_ALLOWED,
	    REASON_BAD_ACCOUNT, REASON_KEY_UNLISTED, REASON_KEY_DOUBTFUL,
	    REASON_KEY_UNKNOWN};
	int undecided = 0;

	for (size_t i = 0; i < COUNT(never); i++)
		cr_expect_not(
		    reason_is_undecided(never[i]), "%s", reason_name(never[i]));
	for (int i = 0; i < REASON_COUNT; i++)
		undecided += reason_is_undecided((enum reason)i);
	cr_expect_eq(undecided, 4);
}

Test(verdict, names_every_reason_once)
{
	enum reason again = REASON_NONE;

	for (int i = 0; i < REASON_COUNT; i++) {
		enum reason reason = (enum reason)i;
		const char *name = reason_name(reason);

		cr_assert_not_null(name, "reason %d", i);
		cr_expect_neq(name[0], '\0', "reason %d", i);
		cr_expect(reason_form.parse(name, &again), "%s", name);
		cr_expect_eq(again, reason, "%s", name);
		cr_expect_lt(strlen(name), 33, "audit: %s", name);
	}
	cr_expect_str_eq(reason_name(REASON_COUNT), "none");
}

Test(verdict, exits_as_the_manual_says)
{
	static const struct {
		enum reason reason;
		int exit;
	} cases[] = {
	    {REASON_NONE, 77},
	    {REASON_WRONG_CODE, 77},
	    {REASON_CODE_USED, 77},
	    {REASON_NOT_A_CODE, 77},
	    {REASON_NOT_DIGITS, 77},
	    {REASON_ONE_TIME_USED, 77},
	    {REASON_ONE_TIME_REPLACED, 77},
	    {REASON_ONE_TIME_VOID, 77},
	    {REASON_ONE_TIME_EXPIRED, 77},
	    {REASON_EMPTY_CODE, 76},
	    {REASON_CLOSED, 77},
	    {REASON_UNKNOWN_GROUP, 77},
	    {REASON_RULE_LOST, 77},
	    {REASON_UID_CHANGED, 77},
	    {REASON_BAD_RECORD, 77},
	    {REASON_LOCKED, 75},
	    {REASON_STOPPED, 75},
	    {REASON_CLOCK_BACK, 75},
	    {REASON_DISK_FULL, 75},
	    {REASON_STORE_MAINTENANCE, 75},
	    {REASON_STORE, 75},
	    {REASON_STORE_AWAY, 75},
	    {REASON_STORE_UNSURE, 75},
	    {REASON_STORE_FULL, 75},
	    {REASON_STORE_BACK, 77},
	    {REASON_NO_LOG, 75},
	    {REASON_BUSY, 75},
	    {REASON_TRIES, 77},
	    {REASON_NOT_ENROLLED, 77},
	    {REASON_NEEDS_TERMINAL, 76},
	    {REASON_DEVICE_TERMINAL, 76},
	    {REASON_SETUP_TERMINAL, 76},
	    {REASON_BAD_REQUEST, 69},
	    {REASON_BAD_POLICY, 78},
	};

	for (size_t i = 0; i < COUNT(cases); i++)
		cr_expect_eq(reason_exit(cases[i].reason), cases[i].exit, "%s",
		    reason_name(cases[i].reason));
	for (int i = -1; i <= REASON_COUNT; i++)
		cr_expect_neq(reason_exit((enum reason)i), 0, "reason %d", i);
}

/* The longest message fits into a reply, on one line, with its gaps filled. */
Test(verdict, says_each_reason_in_one_line)
{
	char name[USER_TEXT];
	struct reason_facts facts = {.wait_s = 604800,
	    .left_s = 315359999,
	    .name = name,
	    .spent_s = NOW_S};

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	for (int i = 0; i < REASON_COUNT; i++) {
		char said[1024], sent[MESSAGE_TEXT];

		reason_say((enum reason)i, &facts, said, sizeof(said));
		reason_say((enum reason)i, &facts, sent, sizeof(sent));
		cr_expect_str_eq(
		    sent, said, "%s is cut", reason_name((enum reason)i));
		cr_expect_null(strpbrk(said, "\n%"), "%s", said);
	}
}

Test(verdict, fills_in_the_facts)
{
	static const struct {
		enum reason reason;
		struct reason_facts facts;
		const char *said;
	} cases[] = {
	    {REASON_LOCKED, {.wait_s = 42},
		"Too many wrong codes: try again in 42 s, use a recovery "
		"code, or ask an administrator to unlock you."},
	    {REASON_ASK_LOCKED, {.wait_s = 3600},
		"Too many wrong codes: for 3600 s only a recovery code works."},
	    {REASON_ASK_LOCKED, {.wait_s = 7 * DAY_S - 1},
		"Too many wrong codes: for 6 days 23 hours only a recovery "
		"code works."},
	    {REASON_UNKNOWN_USER, {.name = "bob"}, "There is no user \"bob\"."},
	    {REASON_UNKNOWN_USER, {.name = "%W%N"},
		"There is no user \"%W%N\"."},
	    {REASON_UNKNOWN_USER, {.name = NULL}, "There is no user \"\"."},
	    {REASON_OFFER_DUE, {.left_s = 3 * DAY_S},
		"A code will be required in 3 days. Press Enter to do this "
		"later."},
	    {REASON_CODE, {.name = ""}, ""},
	    {REASON_CODE_USED, {.name = ""},
		"This code was already used: wait for the next one."},
	    {REASON_CODE_USED, {.counts = true},
		"This code was already used: take the next one."},
	    {REASON_ONE_TIME_USED, {.spent_s = NOW_S},
		"This code was already used on 2026-10-26: a one-time code "
		"works once."},
	    {REASON_ONE_TIME_USED, {.name = ""},
		"This code was already used: a one-time code works once."},
	    {REASON_GRACE,
		{.left_s = 3 * DAY_S,
		    .deadline_s = 1793000020,
		    .may_add = true},
		"A verification code will be required here in 3 days "
		"(Mon 2026-10-26 07:33 UTC). Set it up now: tfa add."},
	    {REASON_GRACE, {.left_s = 60, .deadline_s = 1793000020},
		"A verification code will be required here in 1 minute "
		"(Mon 2026-10-26 07:33 UTC). Ask an administrator for a code to "
		"set it up (tfa-admin code USER --enroll)."},
	    {REASON_SKIPPED, {.again_s = DAY_S},
		"Not set up. You will be asked again in a day; sooner: tfa "
		"add."},
	    {REASON_SKIPPED,
		{.again_s = 3600,
		    .left_s = DAY_S + 3600,
		    .deadline_s = 1793000020},
		"Not set up. A code will be required here in 1 day 1 hour "
		"(Mon 2026-10-26 07:33 UTC). You will be asked again in 1 hour; "
		"sooner: tfa add."},
	    {REASON_SKIPPED, {.left_s = 5400, .deadline_s = 1793000020},
		"Not set up. A code will be required here in 1 hour 30 minutes "
		"(Mon 2026-10-26 07:33 UTC). You will be asked again at each "
		"login; sooner: tfa add."},
	    {REASON_SKIPPED, {.again_s = DAY_S, .open_s = DAY_S - 60},
		"Not set up. Your one-time code is good for another 23 hours "
		"59 minutes: tfa add takes it."},
	    {REASON_SETUP, {.open_s = 0},
		"A code is required here from now on."},
	    {REASON_SETUP, {.open_s = DAY_S},
		"A code is required here from now on. You have 1 day to "
		"set it up; after that, ask an administrator."},
	};

	setenv("TZ", "UTC0", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		char said[MESSAGE_TEXT];

		reason_say(
		    cases[i].reason, &cases[i].facts, said, sizeof(said));
		cr_expect_str_eq(said, cases[i].said);
	}
}

/* Two windows are at least a minute apart. */
Test(verdict, says_how_far_off_a_clock_is_and_which_way)
{
	static const struct {
		int64_t drift_s;
		const char *said;
	} cases[] = {
	    {60,
		"Wrong code: the phone's clock is 1 minute ahead (set it to "
		"automatic)."},
	    {-60,
		"Wrong code: it is from 1 minute ago, or the phone's clock is "
		"that far behind (set it to automatic)."},
	    {270,
		"Wrong code: the phone's clock is 5 minutes ahead (set it to "
		"automatic)."},
	    {-600,
		"Wrong code: it is from 10 minutes ago, or the phone's clock "
		"is that far behind (set it to automatic)."},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char said[MESSAGE_TEXT];

		drift_say(cases[i].drift_s, said, sizeof(said));
		cr_expect_str_eq(said, cases[i].said);
	}
}

Test(verdict, says_no_more_than_fits)
{
	struct reason_facts facts = {.name = "a-name-that-is-long"};
	char said[24];

	for (size_t size = 1; size <= sizeof(said); size++) {
		memset(said, 'x', sizeof(said));
		reason_say(REASON_UNKNOWN_USER, &facts, said, size);
		cr_expect_lt(strnlen(said, sizeof(said)), size);
	}
}

/* The reader's clock hangs on the wall where the machine is. */
Test(verdict, says_times_where_the_machine_is)
{
	const struct reason_facts grace = {
	    .left_s = 86400, .deadline_s = 1793000020, .may_add = true};
	const struct reason_facts spent = {.spent_s = 1793055600};
	char said[MESSAGE_TEXT];

	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	reason_say(REASON_GRACE, &grace, said, sizeof(said));
	cr_expect_str_eq(said,
	    "A verification code will be required here in 1 day (Mon "
	    "2026-10-26 08:33 CET). Set it up now: tfa add.");
	reason_say(REASON_SKIPPED, &grace, said, sizeof(said));
	cr_expect_not_null(
	    strstr(said, "in 1 day (Mon 2026-10-26 08:33 CET). "), "%s", said);
	/* It is 23:00 in UTC. */
	reason_say(REASON_ONE_TIME_USED, &spent, said, sizeof(said));
	cr_expect_not_null(strstr(said, " on 2026-10-27: "), "%s", said);
}

/* An administrator is not told to tell an administrator. */
Test(verdict, tells_an_administrator_what_to_do)
{
	const struct reason_facts facts = {.name = "name"};
	char text[512], prompt[512];

	for (int i = REASON_UNKNOWN_GROUP; i < REASON_COUNT; i++) {
		reason_say_admin((enum reason)i, &facts, text, sizeof(text));
		cr_expect_neq(text[0], '\0', "%s", reason_name((enum reason)i));
		cr_expect(strcasestr(text, "administrator") == NULL &&
			strcasestr(text, "your ") == NULL &&
			(strstr(text, "You ") == NULL ||
			    i == REASON_NOT_ALLOWED),
		    "%s: %s", reason_name((enum reason)i), text);
	}
	reason_say(REASON_BAD_RECORD, &facts, prompt, sizeof(prompt));
	cr_expect_str_eq(
	    prompt, "Your record is damaged: tell an administrator.");
	reason_say_admin(REASON_GROUP_ERROR, &facts, text, sizeof(text));
	cr_expect_not_null(strstr(text, "The group \"name\" could not"));
	reason_say_admin(REASON_STORE_BACK, &facts, text, sizeof(text));
	cr_expect_not_null(strstr(text, "tfa-admin store accept-restore"));
}

/* It fits behind the longest message for a wrong code. */
Test(verdict, says_how_a_device_that_counts_comes_back)
{
	static const int64_t drifts_s[] = {0, 60, 600, -600};

	for (size_t i = 0; i < COUNT(drifts_s); i++) {
		struct reason_facts facts = {.name = ""};
		char said[MESSAGE_TEXT];

		if (drifts_s[i] == 0)
			reason_say(
			    REASON_WRONG_CODE, &facts, said, sizeof(said));
		else
			drift_say(drifts_s[i], said, sizeof(said));
		counts_say(said, sizeof(said));
		cr_expect_eq(strncmp(said, "Wrong code", 10), 0, "%s", said);
		cr_expect_not_null(strstr(said, "next two codes"), "%s", said);
		cr_expect_eq(said[strlen(said) - 1], '.', "%s", said);
	}
}
