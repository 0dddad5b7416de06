#include "store/core/login.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

#define HOUR_S 3600

/* A time, as seen from NOW_S; NEAR: within a day. */
enum { NONE, PAST, FUTURE, FAR, NEAR };

static struct policy
policy_with(const char *rest)
{
	struct policy policy;

	fixture_policy("", rest, &policy);
	return policy;
}

/* A rule "all" of that mode; its grace ends at until_s, or it has none if
 * that is 0. */
static struct rule
rule_of(enum mode mode, int64_t until_s)
{
	struct rule rule = {.name = "all", .mode = (int)mode};

	rule.grace.present = until_s != 0;
	rule.grace.until_s = until_s;
	return rule;
}

static struct outcome
decide(const struct policy *policy, const struct rule *rule,
    struct record *record, const struct login *login)
{
	struct decision decision = {
	    .mode = (enum mode)rule->mode, .rule = rule};
	struct outcome outcome;

	login_decide(policy, &decision, record, login, &outcome);
	return outcome;
}

/* A row of the table: everything that decides a login without a device. */
struct row {
	enum mode mode;
	int self;     /* enum self_enroll */
	int grace;    /* until: NONE, PAST, FUTURE, NEAR */
	int invited;  /* until: NONE, PAST, FUTURE, FAR (later than any clock
		       * could mean) */
	bool once;    /* had a device before */
	int code;     /* enum code_use + 1 of a valid code; 0: none */
	int skipped;  /* NONE, PAST (over a day ago), FUTURE (an hour ago) */
	bool piped;   /* no terminal */
	bool command; /* no login shell */
	enum verdict verdict;
	enum reason reason;
	bool may_skip;
};

#define O MODE_OPTIONAL
#define R MODE_REQUIRED

static const struct row rows[] = {
    /* Optional: offered to a shell on a terminal, once a day. */
    {O, SELF_GRACE, .verdict = VERDICT_ENROLL, REASON_OFFER, true},
    {O, SELF_ALWAYS, .verdict = VERDICT_ENROLL, REASON_OFFER, true},
    {O, SELF_CODE, .verdict = VERDICT_PASS, REASON_OPTIONAL},
    {O, SELF_GRACE, .piped = true, .verdict = VERDICT_PASS, REASON_OPTIONAL},
    {O, SELF_GRACE, .command = true, .verdict = VERDICT_PASS, REASON_OPTIONAL},
    {O, SELF_GRACE, .skipped = FUTURE, .verdict = VERDICT_PASS,
	REASON_OPTIONAL},
    {O, SELF_GRACE, .skipped = PAST, .verdict = VERDICT_ENROLL, REASON_OFFER,
	true},
    /* Optional, but the user had a device before: never "not enrolled". */
    {O, SELF_GRACE, .once = true, .verdict = VERDICT_DENY, REASON_CLOSED},
    {O, SELF_ALWAYS, .once = true, .verdict = VERDICT_DENY, REASON_CLOSED},
    {O, SELF_CODE, .once = true, .verdict = VERDICT_DENY, REASON_CLOSED},
    {O, SELF_GRACE, .once = true, .skipped = FUTURE, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    {O, SELF_GRACE, .once = true, .piped = true, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    {O, SELF_GRACE, .once = true, .invited = FUTURE, .verdict = VERDICT_ENROLL,
	REASON_SETUP},
    {O, SELF_GRACE, .once = true, .invited = PAST, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    {O, SELF_GRACE, .once = true, .invited = FAR, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    /* Required, in grace. */
    {R, SELF_GRACE, .grace = FUTURE, .verdict = VERDICT_ENROLL,
	REASON_OFFER_DUE, true},
    {R, SELF_ALWAYS, .grace = FUTURE, .verdict = VERDICT_ENROLL,
	REASON_OFFER_DUE, true},
    {R, SELF_CODE, .grace = FUTURE, .verdict = VERDICT_PASS, REASON_GRACE},
    {R, SELF_GRACE, .grace = FUTURE, .piped = true, .verdict = VERDICT_PASS,
	REASON_GRACE},
    {R, SELF_GRACE, .grace = FUTURE, .command = true, .verdict = VERDICT_PASS,
	REASON_GRACE},
    {R, SELF_GRACE, .grace = FUTURE, .skipped = FUTURE, .verdict = VERDICT_PASS,
	REASON_GRACE},
    {R, SELF_GRACE, .grace = FUTURE, .skipped = PAST, .verdict = VERDICT_ENROLL,
	REASON_OFFER_DUE, true},
    {R, SELF_GRACE, .grace = FUTURE, .once = true, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    {R, SELF_ALWAYS, .grace = FUTURE, .once = true, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    {R, SELF_GRACE, .grace = FUTURE, .once = true, .invited = FUTURE,
	.verdict = VERDICT_ENROLL, REASON_SETUP},
    /* The last day of grace: every login on a terminal is asked. */
    {R, SELF_GRACE, .grace = NEAR, .verdict = VERDICT_ENROLL, REASON_OFFER_DUE,
	true},
    {R, SELF_GRACE, .grace = NEAR, .skipped = FUTURE, .verdict = VERDICT_ENROLL,
	REASON_OFFER_DUE, true},
    {R, SELF_ALWAYS, .grace = NEAR, .skipped = FUTURE,
	.verdict = VERDICT_ENROLL, REASON_OFFER_DUE, true},
    {R, SELF_GRACE, .grace = NEAR, .skipped = FUTURE, .command = true,
	.verdict = VERDICT_ENROLL, REASON_OFFER_DUE, true},
    {R, SELF_GRACE, .grace = NEAR, .piped = true, .verdict = VERDICT_PASS,
	REASON_GRACE},
    {R, SELF_CODE, .grace = NEAR, .verdict = VERDICT_PASS, REASON_GRACE},
    {R, SELF_CODE, .grace = NEAR, .code = CODE_ENROLL + 1, .skipped = FUTURE,
	.verdict = VERDICT_CHALLENGE, REASON_OFFER_CODE_DUE, true},
    {R, SELF_CODE, .grace = NEAR, .code = CODE_ENROLL + 1, .skipped = FUTURE,
	.piped = true, .verdict = VERDICT_PASS, REASON_GRACE},
    {R, SELF_GRACE, .grace = NEAR, .once = true, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    /* Required, with grace over or without grace. */
    {R, SELF_GRACE, .grace = PAST, .verdict = VERDICT_DENY, REASON_CLOSED},
    {R, SELF_GRACE, .grace = NONE, .verdict = VERDICT_DENY, REASON_CLOSED},
    {R, SELF_GRACE, .grace = PAST, .piped = true, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    {R, SELF_GRACE, .grace = PAST, .skipped = FUTURE, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    {R, SELF_ALWAYS, .grace = PAST, .verdict = VERDICT_ENROLL, REASON_SETUP},
    {R, SELF_ALWAYS, .grace = NONE, .verdict = VERDICT_ENROLL, REASON_SETUP},
    {R, SELF_ALWAYS, .grace = NONE, .command = true, .verdict = VERDICT_ENROLL,
	REASON_SETUP},
    {R, SELF_ALWAYS, .grace = NONE, .piped = true, .verdict = VERDICT_DENY,
	REASON_SETUP_TERMINAL},
    {R, SELF_ALWAYS, .grace = NONE, .once = true, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    {R, SELF_CODE, .grace = NONE, .verdict = VERDICT_DENY, REASON_CLOSED},
    {R, SELF_CODE, .grace = NONE, .invited = FUTURE, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    /* Invited by a revocation, for a day. */
    {R, SELF_GRACE, .invited = FUTURE, .once = true, .verdict = VERDICT_ENROLL,
	REASON_SETUP},
    {R, SELF_ALWAYS, .invited = FUTURE, .once = true, .verdict = VERDICT_ENROLL,
	REASON_SETUP},
    {R, SELF_GRACE, .invited = FUTURE, .once = true, .piped = true,
	.verdict = VERDICT_DENY, REASON_SETUP_TERMINAL},
    {R, SELF_GRACE, .invited = PAST, .once = true, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    {R, SELF_GRACE, .invited = FAR, .once = true, .verdict = VERDICT_DENY,
	REASON_CLOSED},
    /* An administrator's one-time code. */
    {R, SELF_GRACE, .code = CODE_ENROLL + 1, .verdict = VERDICT_CHALLENGE,
	REASON_ASK_ONE_TIME},
    {R, SELF_CODE, .code = CODE_ENROLL + 1, .once = true,
	.verdict = VERDICT_CHALLENGE, REASON_ASK_ONE_TIME},
    {R, SELF_CODE, .code = CODE_PASS + 1, .piped = true,
	.verdict = VERDICT_CHALLENGE, REASON_ASK_ONE_TIME},
    {R, SELF_CODE, .code = CODE_RECOVER + 1, .once = true,
	.verdict = VERDICT_DENY, REASON_CLOSED},
    {R, SELF_ALWAYS, .code = CODE_PASS + 1, .verdict = VERDICT_ENROLL,
	REASON_SETUP},
    /* A code to enrol with, if none is required: offered only if there is no
     * other way to enrol. */
    {O, SELF_CODE, .code = CODE_ENROLL + 1, .verdict = VERDICT_CHALLENGE,
	REASON_OFFER_CODE, true},
    {R, SELF_CODE, .grace = FUTURE, .code = CODE_ENROLL + 1,
	.verdict = VERDICT_CHALLENGE, REASON_OFFER_CODE_DUE, true},
    {O, SELF_GRACE, .code = CODE_ENROLL + 1, .verdict = VERDICT_ENROLL,
	REASON_OFFER, true},
    {O, SELF_ALWAYS, .code = CODE_ENROLL + 1, .verdict = VERDICT_ENROLL,
	REASON_OFFER, true},
    {R, SELF_GRACE, .grace = FUTURE, .code = CODE_ENROLL + 1,
	.verdict = VERDICT_ENROLL, REASON_OFFER_DUE, true},
    {O, SELF_CODE, .code = CODE_ENROLL + 1, .piped = true,
	.verdict = VERDICT_PASS, REASON_OPTIONAL},
    {O, SELF_CODE, .code = CODE_ENROLL + 1, .command = true,
	.verdict = VERDICT_PASS, REASON_OPTIONAL},
    {O, SELF_CODE, .code = CODE_ENROLL + 1, .skipped = FUTURE,
	.verdict = VERDICT_PASS, REASON_OPTIONAL},
    {O, SELF_CODE, .code = CODE_ENROLL + 1, .skipped = PAST,
	.verdict = VERDICT_CHALLENGE, REASON_OFFER_CODE, true},
    {O, SELF_CODE, .code = CODE_PASS + 1, .verdict = VERDICT_PASS,
	REASON_OPTIONAL},
    {O, SELF_CODE, .code = CODE_ENROLL + 1, .once = true,
	.verdict = VERDICT_CHALLENGE, REASON_ASK_ONE_TIME},
    {O, SELF_GRACE, .code = CODE_ENROLL + 1, .once = true,
	.verdict = VERDICT_CHALLENGE, REASON_ASK_ONE_TIME},
    {R, SELF_CODE, .grace = PAST, .code = CODE_ENROLL + 1,
	.verdict = VERDICT_CHALLENGE, REASON_ASK_ONE_TIME},
    {MODE_EXEMPT, SELF_CODE, .code = CODE_ENROLL + 1, .verdict = VERDICT_PASS,
	REASON_EXEMPT},
    /* Exempt: never asked. */
    {MODE_EXEMPT, SELF_GRACE, .verdict = VERDICT_PASS, REASON_EXEMPT},
    {MODE_EXEMPT, SELF_GRACE, .once = true, .piped = true,
	.verdict = VERDICT_PASS, REASON_EXEMPT},
};

static int64_t
when(int at, int64_t past_s, int64_t future_s)
{
	return at == NONE ? 0
	    : at == NEAR  ? NOW_S + 1
	    : at == PAST  ? past_s
	    : at == FAR   ? NOW_S + 1000LL * DAY_S
			  : future_s;
}

Test(login, decides_for_one_without_a_device)
{
	struct policy policy = policy_with("");

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct rule rule = rule_of(
		    row->mode, when(row->grace, NOW_S, NOW_S + LAST_S + 1));
		struct login login = fixture_login(NOW_S);
		struct record record;
		struct outcome outcome;

		fixture_record(&record);
		record.enrolled_once = row->once;
		record.invited_until_s = when(
		    row->invited, NOW_S, NOW_S + INVITED_S);
		record.skipped_s = when(
		    row->skipped, NOW_S - SKIPPED_S, NOW_S - SKIPPED_S + 1);
		if (row->code > 0)
			fixture_one_time(&record, (enum code_use)row->code - 1,
			    "0123456789ABCDEF", NOW_S + 1);
		policy.enrollment.self = row->self;
		login.terminal = !row->piped;
		login.shell = !row->command;
		outcome = decide(&policy, &rule, &record, &login);
		cr_expect_eq(outcome.verdict, row->verdict, "row %zu: %s", i,
		    verdict_name(outcome.verdict));
		cr_expect_eq(outcome.reason, row->reason, "row %zu: %s", i,
		    reason_name(outcome.reason));
		cr_expect_eq(outcome.may_skip, row->may_skip, "row %zu", i);
		record_done(&record);
	}
	policy_done(&policy);
}

/* The last tenth of the user's time, and at least a day. */
Test(login, insists_before_the_deadline)
{
	static const struct {
		int64_t since_s, for_s, until_s; /* from NOW_S */
		int64_t seen_s;
		int64_t left_s; /* length of the time in which every login is
				 * asked */
	} cases[] = {
	    {0, 0, 5400, 0, DAY_S},
	    {0, 5400, 90 * DAY_S, 0, DAY_S},
	    {0, 0, 2 * DAY_S, 0, DAY_S},
	    {0, 0, 10 * DAY_S, 0, DAY_S},
	    {0, 0, 30 * DAY_S, 0, 3 * DAY_S},
	    {0, 30 * DAY_S, 90 * DAY_S, 0, 3 * DAY_S},
	    {0, 30 * DAY_S, 20 * DAY_S, 0, 2 * DAY_S},
	    {0, 30 * DAY_S, 90 * DAY_S, 40 * DAY_S, 3 * DAY_S},
	    {0, 0, 90 * DAY_S, 70 * DAY_S, 2 * DAY_S},
	    {0, 0, 90 * DAY_S, 85 * DAY_S, DAY_S},
	    {0, 0, 1000 * DAY_S, 0, 30 * DAY_S},
	};
	struct policy policy = policy_with("");

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule rule = rule_of(
		    MODE_REQUIRED, NOW_S + cases[i].until_s);
		int64_t from_s;

		rule.since_s = NOW_S + cases[i].since_s;
		rule.grace.for_s = cases[i].for_s;
		from_s = policy_deadline(&rule, NOW_S + cases[i].seen_s) -
		    cases[i].left_s;
		for (int late = -1; late <= 0; late++) {
			struct login login = fixture_login(from_s + late);
			struct record record;
			struct outcome outcome;

			if (login.now_s < NOW_S + cases[i].seen_s)
				login.now_s = NOW_S + cases[i].seen_s;
			fixture_record(&record);
			record.first_seen_s = NOW_S + cases[i].seen_s;
			record.skipped_s = login.now_s - 60;
			outcome = decide(&policy, &rule, &record, &login);
			cr_expect_eq(outcome.verdict,
			    login.now_s >= from_s ? VERDICT_ENROLL
						  : VERDICT_PASS,
			    "case %zu, %d", i, late);
			record_done(&record);
		}
	}
	policy_done(&policy);
}

/* A user who skips every offer is warned before the deadline. */
Test(login, says_when_the_next_offer_comes)
{
	static const int64_t graces[] = {60, 5400, DAY_S, DAY_S + 1, 2 * DAY_S,
	    3 * DAY_S + 7, 30 * DAY_S, 365 * DAY_S};
	struct policy policy = policy_with("");

	for (size_t i = 0; i < COUNT(graces); i++) {
		struct rule rule = rule_of(MODE_REQUIRED, NOW_S + graces[i]);
		int64_t now_s = NOW_S;
		struct record record;

		rule.since_s = NOW_S;
		fixture_record(&record);
		while (now_s < NOW_S + graces[i]) {
			struct login login = fixture_login(now_s);
			struct outcome outcome = decide(
			    &policy, &rule, &record, &login);

			cr_assert_eq(outcome.verdict, VERDICT_ENROLL);
			cr_assert(outcome.may_skip);
			login_put_off(&record, &login, &outcome);
			cr_expect_eq(outcome.verdict, VERDICT_PASS);
			cr_expect_eq(outcome.reason, REASON_SKIPPED);
			cr_expect_leq(outcome.again_s, SKIPPED_S);
			cr_expect_lt(now_s + outcome.again_s, NOW_S + graces[i],
			    "grace %zu", i);
			if (outcome.again_s > 0) {
				login.now_s = now_s + outcome.again_s - 1;
				cr_expect_eq(
				    decide(&policy, &rule, &record, &login)
					.verdict,
				    VERDICT_PASS);
			}
			now_s += outcome.again_s > 0 ? outcome.again_s : 3600;
		}
		record_done(&record);
	}
	policy_done(&policy);
}

/* "tfa add" and the gate follow one rule. */
Test(login, opens_a_first_device_where_a_login_does)
{
	struct policy policy = policy_with("");

	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row *row = &rows[i];
		struct rule rule = rule_of(
		    row->mode, when(row->grace, NOW_S, NOW_S + LAST_S + 1));
		struct decision decision = {.mode = row->mode, .rule = &rule};
		struct login login = fixture_login(NOW_S);
		struct record record;
		struct outcome outcome;
		enum first first;
		bool asks;

		fixture_record(&record);
		record.enrolled_once = row->once;
		record.invited_until_s = when(
		    row->invited, NOW_S, NOW_S + INVITED_S);
		if (row->code > 0)
			fixture_one_time(&record, (enum code_use)row->code - 1,
			    "0123456789ABCDEF", NOW_S + 1);
		policy.enrollment.self = row->self;
		first = login_first(&policy, &decision, &record, NOW_S);
		outcome = decide(&policy, &rule, &record, &login);
		asks = outcome.verdict == VERDICT_CHALLENGE &&
		    row->code == CODE_ENROLL + 1;
		cr_expect_eq(first,
		    outcome.verdict == VERDICT_ENROLL ? FIRST_SELF
			: asks                        ? FIRST_CODE
						      : FIRST_NO,
		    "row %zu: %d", i, (int)first);
		fixture_device(&record);
		cr_expect_eq(
		    login_first(&policy, &decision, &record, NOW_S), FIRST_NO);
		record_done(&record);
	}
	policy_done(&policy);
}

/* Any user who has no device now, had one before, and is not exempt. */
Test(login, never_passes_one_who_was_enrolled_once)
{
	struct policy policy = policy_with("");

	for (unsigned bits = 0; bits < 1U << 9; bits++) {
		struct rule rule = rule_of(
		    bits & 1 ? MODE_OPTIONAL : MODE_REQUIRED,
		    bits & 2 ? NOW_S + DAY_S : 0);
		struct login login = fixture_login(NOW_S);
		struct record record;
		struct outcome outcome;

		fixture_record(&record);
		record.enrolled_once = true;
		record.invited_until_s = bits & 4 ? NOW_S + HOUR_S : 0;
		record.skipped_s = bits & 8 ? NOW_S - HOUR_S : 0;
		record.first_seen_s = bits & 16 ? NOW_S - DAY_S : 0;
		policy.enrollment.self = (int)(bits >> 5 & 3) % 3;
		login.terminal = (bits & 128) != 0;
		login.shell = (bits & 256) != 0;
		outcome = decide(&policy, &rule, &record, &login);
		cr_expect_neq(outcome.verdict, VERDICT_PASS, "%x", bits);
		cr_expect_not(outcome.may_skip, "%x", bits);
		record_done(&record);
	}
	policy_done(&policy);
}

Test(login, asks_one_who_has_a_device_whatever_the_grace)
{
	struct policy policy = policy_with("");
	static const struct {
		enum mode mode;
		int64_t until_s;
		enum reason reason;
	} cases[] = {
	    {MODE_OPTIONAL, 0, REASON_ASK},
	    {MODE_REQUIRED, 0, REASON_ASK},
	    {MODE_REQUIRED, NOW_S + DAY_S, REASON_ASK},
	    {MODE_EXEMPT, 0, REASON_EXEMPT},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule rule = rule_of(cases[i].mode, cases[i].until_s);
		struct login login = fixture_login(NOW_S);
		struct record record;

		fixture_record(&record);
		fixture_device(&record);
		record.enrolled_once = false;
		cr_expect_eq(decide(&policy, &rule, &record, &login).reason,
		    cases[i].reason, "%zu", i);
		record_done(&record);
	}
	policy_done(&policy);
}

Test(login, hands_on_the_denial_of_the_policy)
{
	struct policy policy = policy_with("");
	struct decision decision = {
	    .reason = REASON_UNKNOWN_GROUP, .name = "staff"};
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct outcome outcome;

	fixture_record(&record);
	fixture_device(&record);
	login_decide(&policy, &decision, &record, &login, &outcome);
	cr_expect_eq(outcome.verdict, VERDICT_DENY);
	cr_expect_eq(outcome.reason, REASON_UNKNOWN_GROUP);
	cr_expect_str_eq(outcome.name, "staff");
	cr_expect_not(outcome.changed);
	record_done(&record);
	policy_done(&policy);
}

/* Only if the policy could not decide, and only while the code is valid. */
Test(login, asks_for_a_pass_code_where_the_policy_cannot_decide)
{
	static const enum reason undecided[] = {REASON_UNKNOWN_GROUP,
	    REASON_GROUP_ERROR, REASON_NO_ADDRESS, REASON_RULE_LOST};
	struct policy policy = policy_with("");
	struct login login = fixture_login(NOW_S);

	for (int reason = 0; reason < REASON_COUNT; reason++) {
		struct decision decision = {
		    .reason = (enum reason)reason, .name = "staff"};
		bool is_undecided = false;

		for (size_t i = 0; i < COUNT(undecided); i++)
			is_undecided |= undecided[i] == decision.reason;
		for (int use = CODE_RECOVER; use <= CODE_SCRATCH; use++)
			for (int64_t left_s = 0; left_s < 2; left_s++) {
				bool asks = is_undecided && use == CODE_PASS &&
				    left_s > 0;
				struct record record;
				struct outcome outcome;

				fixture_record(&record);
				fixture_device(&record);
				fixture_one_time(&record, (enum code_use)use,
				    use == CODE_SCRATCH ? "12345678"
							: "0123456789ABCDEF",
				    NOW_S + left_s);
				login_decide(&policy, &decision, &record,
				    &login, &outcome);
				cr_expect_eq(outcome.verdict,
				    asks ? VERDICT_CHALLENGE : VERDICT_DENY,
				    "%s, use %d, %lld s",
				    reason_name(decision.reason), use,
				    (long long)left_s);
				cr_expect_eq(outcome.reason, decision.reason);
				cr_expect_str_eq(outcome.name, "staff");
				cr_expect_not(outcome.may_skip);
				record_done(&record);
			}
	}
	policy_done(&policy);
}

Test(login, says_that_only_a_recovery_code_helps_while_shut)
{
	static const struct {
		int64_t count;
		bool known;
		enum reason reason;
		int64_t wait_s;
	} cases[] = {
	    {5, false, REASON_ASK, 0},
	    {6, false, REASON_ASK_LOCKED, 30},
	    {100, false, REASON_ASK_STOPPED, 0},
	    {5, true, REASON_ASK, 0},
	    {6, true, REASON_ASK_LOCKED, 30},
	    {100, true, REASON_ASK_LOCKED, 3600},
	};
	struct policy policy = policy_with("");

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule rule = rule_of(MODE_REQUIRED, 0);
		struct login login = fixture_login(NOW_S);
		struct record record;
		struct outcome outcome;

		fixture_record(&record);
		fixture_device(&record);
		if (cases[i].known) {
			fixture_source(&record, NOW_S);
			record.failures.known.count = cases[i].count;
			record.failures.known.last_s = NOW_S;
			record.failures.other.count = 1000;
		} else {
			record.failures.other.count = cases[i].count;
			record.failures.other.last_s = NOW_S;
			record.failures.known.count = 1000;
			record.failures.known.last_s = NOW_S;
		}
		outcome = decide(&policy, &rule, &record, &login);
		cr_expect_eq(outcome.verdict, VERDICT_CHALLENGE);
		cr_expect_eq(outcome.reason, cases[i].reason, "%zu", i);
		cr_expect_eq(outcome.wait_s, cases[i].wait_s, "%zu", i);
		record_done(&record);
	}
	policy_done(&policy);
}

Test(login, clamps_what_a_wrong_clock_wrote)
{
	struct policy policy = policy_with("");
	struct rule rule = rule_of(MODE_OPTIONAL, 0);
	struct login login = fixture_login(NOW_S);
	int64_t far_s = NOW_S + 1000LL * DAY_S;
	struct record record;
	struct outcome outcome;

	fixture_record(&record);
	fixture_source(&record, far_s);
	record.first_seen_s = far_s;
	record.skipped_s = far_s;
	record.failures.known.last_s = far_s;
	record.failures.other.last_s = far_s;
	record.failures.known.spent_since_s = far_s;
	record.failures.other.spent_since_s = far_s;
	record.last_login.present = true;
	record.last_login.at_s = far_s;
	outcome = decide(&policy, &rule, &record, &login);
	cr_expect(outcome.changed);
	cr_expect_eq(record.first_seen_s, NOW_S);
	cr_expect_eq(record.skipped_s, NOW_S);
	cr_expect_eq(record.failures.known.last_s, NOW_S);
	cr_expect_eq(record.failures.other.last_s, NOW_S);
	cr_expect_eq(record.failures.known.spent_since_s, NOW_S);
	cr_expect_eq(record.failures.other.spent_since_s, NOW_S);
	cr_expect_eq(record.last_login.at_s, NOW_S);
	cr_expect_eq(record.sources.items[0].last_s, NOW_S);
	cr_expect_not(decide(&policy, &rule, &record, &login).changed);
	record_done(&record);
	policy_done(&policy);
}

Test(login, notes_the_first_visit_the_grace_and_the_rule)
{
	struct policy policy = policy_with("");
	struct rule rule = rule_of(MODE_REQUIRED, LATER_S);
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct outcome outcome;

	rule.since_s = NOW_S + DAY_S;
	fixture_record(&record);
	outcome = decide(&policy, &rule, &record, &login);
	cr_expect(outcome.changed);
	cr_expect_eq(outcome.deadline_s, LATER_S);
	cr_expect_eq(record.first_seen_s, NOW_S);
	cr_expect_eq(record.grace_started_s, NOW_S + DAY_S);
	cr_expect_str_eq(record.last_rule, "all");
	login.now_s += 60;
	outcome = decide(&policy, &rule, &record, &login);
	cr_expect_not(outcome.changed);
	cr_expect_eq(record.first_seen_s, NOW_S);
	record_done(&record);
	policy_done(&policy);
}

/* A user can drop out only of a required rule. */
Test(login, notes_no_rule_but_a_required_one)
{
	struct policy policy = policy_with("");
	static const enum mode modes[] = {MODE_OPTIONAL, MODE_EXEMPT};

	for (size_t i = 0; i < COUNT(modes); i++) {
		struct rule rule = rule_of(modes[i], 0);
		struct login login = fixture_login(NOW_S);
		struct record record;

		fixture_record(&record);
		snprintf(record.last_rule, sizeof(record.last_rule), "staff");
		decide(&policy, &rule, &record, &login);
		cr_expect_str_eq(record.last_rule, "staff");
		record_done(&record);
	}
	policy_done(&policy);
}

/* "for" counts from the first login or "since", whichever is later, up to
 * "until". */
Test(login, lets_grace_run_from_the_first_visit)
{
	struct policy policy = policy_with("");
	struct rule rule = rule_of(MODE_REQUIRED, LATER_S);
	struct login login = fixture_login(NOW_S);
	struct record record;

	rule.since_s = NOW_S - 100 * DAY_S;
	rule.grace.for_s = 7 * DAY_S;
	login.terminal = false;
	fixture_record(&record);
	cr_expect_eq(
	    decide(&policy, &rule, &record, &login).reason, REASON_GRACE);
	login.now_s += 7 * DAY_S - 1;
	cr_expect_eq(
	    decide(&policy, &rule, &record, &login).reason, REASON_GRACE);
	login.now_s++;
	cr_expect_eq(
	    decide(&policy, &rule, &record, &login).reason, REASON_CLOSED);
	record_done(&record);
	policy_done(&policy);
}

#define REMEMBER "'remember': {'connection': '12h', 'for': '1h'}"

/* The memory, the login, and whether that login needs no code. */
Test(login, remembers_only_what_it_should)
{
	static const struct {
		const char *connection, *key, *address; /* remembered */
		int64_t left_s;
		const char *my_connection, *my_key, *my_address;
		bool remembered;
	} cases[] = {
	    /* A connection, for a time. */
	    {"c1", "K", "", 1, "c1", "K", "10.0.0.1", true},
	    {"c1", "", "", 12 * HOUR_S, "c1", "", "10.0.0.1", true},
	    {"c1", "K", "", 0, "c1", "K", "10.0.0.1", false},
	    {"c1", "K", "", -1, "c1", "K", "10.0.0.1", false},
	    {"c1", "K", "", 12 * HOUR_S + 1, "c1", "K", "10.0.0.1", false},
	    {"c1", "K", "", 1, "c2", "K", "10.0.0.1", false},
	    {"c1", "K", "", 1, "", "K", "10.0.0.1", false},
	    /* A session on the connection may have destroyed the name of its
	     * key. */
	    {"c1", "K", "", 1, "c1", "other", "", false},
	    {"c1", "K", "", 1, "c1", "", "", false},
	    {"c1", "K", "10.0.0.1", 1, "c2", "K", "10.0.0.1", false},
	    /* A key and an address, for a time. */
	    {"", "K", "10.0.0.1", 1, "c2", "K", "10.0.0.1", true},
	    {"", "K", "10.0.0.1", HOUR_S, "", "K", "10.0.0.1", true},
	    {"", "K", "10.0.0.1", 0, "", "K", "10.0.0.1", false},
	    {"", "K", "10.0.0.1", HOUR_S + 1, "", "K", "10.0.0.1", false},
	    {"", "K", "10.0.0.1", 1, "", "K", "10.0.0.2", false},
	    {"", "K", "10.0.0.1", 1, "", "K2", "10.0.0.1", false},
	    {"", "K", "10.0.0.1", 1, "", "K", "", false},
	    {"", "K", "10.0.0.1", 1, "", "", "10.0.0.1", false},
	    /* Never for a password, even if a record says so. */
	    {"", "", "10.0.0.1", 1, "", "", "10.0.0.1", false},
	    {"", "", "", 1, "", "", "", false},
	};
	struct policy policy = policy_with(", " REMEMBER);
	struct rule rule = rule_of(MODE_REQUIRED, 0);

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct login login = fixture_login(NOW_S);
		struct record record;
		struct verified *v;

		fixture_record(&record);
		fixture_device(&record);
		v = list_add(&record.verified, sizeof(*v));
		cr_assert_not_null(v);
		snprintf(v->connection, sizeof(v->connection), "%s",
		    cases[i].connection);
		snprintf(v->key, sizeof(v->key), "%s", cases[i].key);
		snprintf(
		    v->address, sizeof(v->address), "%s", cases[i].address);
		v->until_s = NOW_S + cases[i].left_s;
		snprintf(login.connection, sizeof(login.connection), "%s",
		    cases[i].my_connection);
		snprintf(login.key, sizeof(login.key), "%s", cases[i].my_key);
		snprintf(login.address, sizeof(login.address), "%s",
		    cases[i].my_address);
		cr_expect_eq(decide(&policy, &rule, &record, &login).reason,
		    cases[i].remembered ? REASON_REMEMBERED : REASON_ASK,
		    "case %zu", i);
		record_done(&record);
	}
	policy_done(&policy);
}

Test(login, remembers_no_longer_than_the_policy_now_says)
{
	struct policy policy = policy_with(", " REMEMBER);
	struct rule rule = rule_of(MODE_REQUIRED, 0);
	struct login login = fixture_login(NOW_S);
	struct outcome outcome = {.changed = false};
	struct record record;

	fixture_record(&record);
	fixture_device(&record);
	login_note_pass(&policy, &record, &login, &outcome);
	cr_expect(outcome.changed);
	cr_expect_eq(record.verified.count, 2);
	cr_expect_eq(
	    decide(&policy, &rule, &record, &login).reason, REASON_REMEMBERED);
	policy.remember.connection_s = HOUR_S;
	policy.remember.for_s = 0;
	cr_expect_eq(
	    decide(&policy, &rule, &record, &login).reason, REASON_ASK);
	login.now_s += 11 * HOUR_S;
	cr_expect_eq(
	    decide(&policy, &rule, &record, &login).reason, REASON_REMEMBERED);
	policy.remember.connection_s = 0;
	cr_expect_eq(
	    decide(&policy, &rule, &record, &login).reason, REASON_ASK);
	record_done(&record);
	policy_done(&policy);
}

Test(login, notes_a_pass_for_what_has_a_name)
{
	static const struct {
		const char *rest;
		const char *connection, *key, *address;
		size_t verified, sources;
	} cases[] = {
	    {"", CONNECTION, "K", "10.0.0.1", 1, 1},
	    {"", "", "K", "10.0.0.1", 0, 1},
	    {", 'remember': {'connection': '0s'}", CONNECTION, "K", "10.0.0.1",
		0, 1},
	    {", " REMEMBER, CONNECTION, "K", "10.0.0.1", 2, 1},
	    {", " REMEMBER, CONNECTION, "", "10.0.0.1", 1, 1},
	    {", " REMEMBER, CONNECTION, "K", "", 1, 0},
	    {", " REMEMBER, "", "", "", 0, 0},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy policy = policy_with(cases[i].rest);
		struct login login = fixture_login(NOW_S);
		struct outcome outcome = {.changed = false};
		struct record record;

		fixture_record(&record);
		snprintf(login.connection, sizeof(login.connection), "%s",
		    cases[i].connection);
		snprintf(login.key, sizeof(login.key), "%s", cases[i].key);
		snprintf(login.address, sizeof(login.address), "%s",
		    cases[i].address);
		login_note_pass(&policy, &record, &login, &outcome);
		cr_expect_eq(
		    record.verified.count, cases[i].verified, "%zu", i);
		cr_expect_eq(record.sources.count, cases[i].sources, "%zu", i);
		cr_expect_eq(record.last_login.at_s, NOW_S);
		record_done(&record);
		policy_done(&policy);
	}
}

Test(login, forgets_the_oldest_of_sixteen)
{
	struct policy policy = policy_with(", 'remember': {'for': '0s'}");
	struct login login = fixture_login(NOW_S);
	struct outcome outcome = {.changed = false};
	struct record record;

	fixture_record(&record);
	for (int i = 1; i <= 20; i++) {
		snprintf(login.connection, sizeof(login.connection), "c%d", i);
		snprintf(login.address, sizeof(login.address), "10.0.0.%d", i);
		login.now_s++;
		login_note_pass(&policy, &record, &login, &outcome);
	}
	cr_assert_eq(record.verified.count, VERIFIED_MAX);
	cr_assert_eq(record.sources.count, SOURCES_MAX);
	cr_expect_str_eq(record.verified.items[0].connection, "c5");
	cr_expect_str_eq(record.sources.items[0].address, "10.0.0.5");
	cr_expect_str_eq(record.verified.items[15].connection, "c20");
	cr_expect_str_eq(record.sources.items[15].address, "10.0.0.20");

	/* A source that comes again becomes the newest, and is in the list
	 * once. */
	snprintf(login.address, sizeof(login.address), "10.0.0.5");
	login_note_pass(&policy, &record, &login, &outcome);
	cr_assert_eq(record.sources.count, SOURCES_MAX);
	cr_expect_str_eq(record.sources.items[0].address, "10.0.0.6");
	cr_expect_str_eq(record.sources.items[15].address, "10.0.0.5");
	record_done(&record);
	policy_done(&policy);
}

Test(login, drops_what_is_no_longer_remembered)
{
	struct policy policy = policy_with("");
	struct login login = fixture_login(NOW_S);
	struct outcome outcome = {.changed = false};
	struct record record;

	fixture_record(&record);
	login_note_pass(&policy, &record, &login, &outcome);
	login.now_s += 12 * HOUR_S;
	login_note_pass(&policy, &record, &login, &outcome);
	cr_expect_eq(record.verified.count, 1);
	cr_expect_eq(record.verified.items[0].until_s, NOW_S + 24 * HOUR_S);
	record_done(&record);
	policy_done(&policy);
}

/* A connection's code stays, but never in place of an entry that is still
 * valid. */
Test(login, keeps_what_a_connection_gave_when_its_time_is_over)
{
	struct policy policy = policy_with("");
	struct rule rule = rule_of(MODE_REQUIRED, 0);
	struct login login = fixture_login(NOW_S);
	struct outcome outcome = {.changed = false};
	struct record record;

	fixture_record(&record);
	fixture_device(&record);
	for (int i = 0; i < VERIFIED_MAX; i++) {
		snprintf(login.connection, sizeof(login.connection), "c%d", i);
		login_note_pass(&policy, &record, &login, &outcome);
		snprintf(record.verified.items[i].code, HASH_TEXT, "h%d", i);
	}
	/* The sixth has ended, the others have not. */
	record.verified.items[5].until_s = NOW_S;
	snprintf(login.connection, sizeof(login.connection), "c5");
	cr_expect_eq(
	    decide(&policy, &rule, &record, &login).reason, REASON_ASK);
	snprintf(login.connection, sizeof(login.connection), "new");
	login_note_pass(&policy, &record, &login, &outcome);
	cr_assert_eq(record.verified.count, VERIFIED_MAX);
	cr_expect_str_eq(record.verified.items[0].code, "h0");
	cr_expect_str_eq(record.verified.items[5].code, "h6");
	/* All have ended, and stay. */
	login.now_s += 13 * HOUR_S;
	snprintf(login.connection, sizeof(login.connection), "newer");
	login_note_pass(&policy, &record, &login, &outcome);
	cr_assert_eq(record.verified.count, VERIFIED_MAX);
	cr_expect_str_eq(record.verified.items[0].code, "h0");
	record_done(&record);
	policy_done(&policy);
}

/* A connection in use is not dropped for others that came and went. */
Test(login, forgets_a_connection_in_use_last)
{
	struct policy policy = policy_with("");
	struct rule rule = rule_of(MODE_REQUIRED, 0);
	struct login login = fixture_login(NOW_S);
	struct outcome outcome = {.changed = false};
	struct record record;
	bool there = false;

	fixture_record(&record);
	fixture_device(&record);
	snprintf(login.connection, sizeof(login.connection), "master");
	login_note_pass(&policy, &record, &login, &outcome);
	snprintf(record.verified.items[0].code, HASH_TEXT, "mine");
	for (int i = 0; i < 23; i++) {
		login.now_s += LAST_LOGIN_S;
		snprintf(login.connection, sizeof(login.connection), "c%d", i);
		login_note_pass(&policy, &record, &login, &outcome);
		login.now_s += LAST_LOGIN_S;
		snprintf(login.connection, sizeof(login.connection), "master");
		cr_expect_eq(decide(&policy, &rule, &record, &login).reason,
		    REASON_REMEMBERED, "%d", i);
	}
	for (size_t i = 0; i < record.verified.count; i++)
		there |= strcmp(record.verified.items[i].code, "mine") == 0;
	cr_expect(there);
	record_done(&record);
	policy_done(&policy);
}

Test(login, tells_of_failures_that_were_not_told)
{
	static const struct {
		int64_t known, known_told, known_s, other, other_told, other_s;
		int64_t failed;
		const char *from;
	} cases[] = {
	    {0, 0, 0, 0, 0, 0, 0, ""},
	    {2, 0, 50, 0, 0, 0, 2, "10.0.0.1"},
	    {0, 0, 0, 3, 0, 50, 3, "10.0.0.2"},
	    {2, 0, 50, 3, 0, 60, 5, "10.0.0.2"},
	    {2, 0, 60, 3, 0, 50, 5, "10.0.0.1"},
	    {2, 0, 60, 3, 3, 50, 2, "10.0.0.1"},
	    {2, 2, 60, 3, 1, 50, 2, "10.0.0.2"},
	    {2, 2, 60, 3, 3, 50, 0, ""},
	};
	struct policy policy = policy_with("");

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct login login = fixture_login(NOW_S);
		struct outcome outcome = {.changed = false};
		struct record record;

		fixture_record(&record);
		record.failures = (struct failures){
		    .known = {.count = cases[i].known,
			.told = cases[i].known_told,
			.last_s = NOW_S - 100 + cases[i].known_s,
			.from = "10.0.0.1"},
		    .other = {.count = cases[i].other,
			.told = cases[i].other_told,
			.last_s = NOW_S - 100 + cases[i].other_s,
			.from = "10.0.0.2"}};
		login_note_pass(&policy, &record, &login, &outcome);
		cr_expect_eq(outcome.failed, cases[i].failed, "%zu", i);
		cr_expect_str_eq(outcome.failed_from, cases[i].from);
		record_done(&record);
	}
	policy_done(&policy);
}

Test(login, tells_of_each_failure_once)
{
	struct policy policy = policy_with("");
	struct login login = fixture_login(NOW_S);
	struct outcome outcome = {.changed = false};
	struct record record;

	fixture_record(&record);
	fixture_source(&record, NOW_S - DAY_S);
	record.failures.other = (struct counter){
	    .count = 5, .last_s = NOW_S - 10, .from = "10.0.0.2"};
	login_note_pass(&policy, &record, &login, &outcome);
	cr_expect_eq(outcome.failed, 5);
	record.failures.other.count = 6;
	record.failures.other.last_s = NOW_S + 10;
	login.now_s = NOW_S + 20;
	outcome = (struct outcome){.changed = false};
	login_note_pass(&policy, &record, &login, &outcome);
	cr_expect_eq(outcome.failed, 1);
	record_done(&record);
	policy_done(&policy);
}

/* sshd discards what a subsystem writes. */
Test(login, tells_again_of_failures_that_no_terminal_showed)
{
	struct policy policy = policy_with("");
	struct login login = fixture_login(NOW_S);
	struct record record;

	fixture_record(&record);
	record.failures.other.count = 5;
	for (int i = 0; i < 3; i++) {
		struct outcome outcome = {.changed = false};

		login.terminal = i == 1;
		login_note_pass(&policy, &record, &login, &outcome);
		cr_expect_eq(outcome.failed, i < 2 ? 5 : 0);
	}
	record_done(&record);
	policy_done(&policy);
}

Test(login, waits_as_the_policy_says)
{
	static const struct {
		int64_t count, ago_s;
		bool is_other;
		int64_t wait_s;
	} cases[] = {
	    {0, 0, true, 0},
	    {5, 0, true, 0},
	    {6, 0, true, 30},
	    {6, 29, true, 1},
	    {6, 30, true, 0},
	    {6, 31, true, 0},
	    {7, 0, true, 60},
	    {12, 0, true, 1920},
	    {13, 0, true, 3600},
	    {99, 0, true, 3600},
	    {99, 3600, true, 0},
	    {100, 0, true, -1},
	    {100, 1000000000, true, -1},
	    {1000000000, 0, true, -1},
	    {100, 0, false, 3600},
	    {1000000000, 0, false, 3600},
	    {1000000000, 3600, false, 0},
	    {6, -1000, true, 30},
	};
	struct attempts attempts = {
	    .free = 5, .backoff_s = 30, .backoff_max_s = 3600, .stop = 100};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct counter counter = {
		    .count = cases[i].count, .last_s = NOW_S - cases[i].ago_s};

		cr_expect_eq(
		    login_wait(&attempts, &counter, cases[i].is_other, NOW_S),
		    cases[i].wait_s, "case %zu", i);
	}
	/* A first wait above the maximum is the maximum. */
	attempts.backoff_s = 10 * DAY_S;
	cr_expect_eq(
	    login_wait(&attempts,
		&(struct counter){.count = 6, .last_s = NOW_S}, true, NOW_S),
	    3600);
}

/* Each week forgives one wrong code; the rest keep their time. */
Test(login, forgives_a_wrong_code_a_week)
{
	static const struct {
		int64_t spent, ago_s, left, since_ago_s, wait_s;
	} cases[] = {
	    {0, 0, 0, 0, 0},
	    {99, 0, 99, 0, 0},
	    {100, 0, 100, 0, 7 * DAY_S},
	    {100, 7 * DAY_S - 1, 100, 7 * DAY_S - 1, 1},
	    {100, 7 * DAY_S, 99, 0, 0},
	    {102, 7 * DAY_S + 5, 101, 5, 14 * DAY_S - 5},
	    {100, 20 * DAY_S, 98, 6 * DAY_S, 0},
	    {3, 21 * DAY_S, 0, 0, 0},
	    {3, 5000LL * DAY_S, 0, 0, 0},
	    {100, -DAY_S, 100, 0, 7 * DAY_S},
	};
	static const struct attempts attempts = {
	    .free = 5, .backoff_s = 30, .backoff_max_s = 3600, .stop = 100};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct counter counter = {.spent = cases[i].spent,
		    .spent_since_s = NOW_S - cases[i].ago_s};

		for (int other = 0; other <= 1; other++)
			cr_expect_eq(
			    login_wait(&attempts, &counter, other, NOW_S),
			    cases[i].wait_s, "case %zu", i);
		login_forgive(&counter, NOW_S);
		cr_expect_eq(counter.spent, cases[i].left, "case %zu", i);
		cr_expect_eq(counter.spent_since_s,
		    counter.spent > 0 ? NOW_S - cases[i].since_ago_s : 0,
		    "case %zu", i);
	}
}

/* The longer of two waits counts. */
Test(login, waits_for_the_row_and_for_the_long_term)
{
	static const struct attempts attempts = {
	    .free = 5, .backoff_s = 30, .backoff_max_s = 3600, .stop = 100};
	struct counter counter = {.count = 50,
	    .last_s = NOW_S,
	    .spent = 100,
	    .spent_since_s = NOW_S - 7 * DAY_S + 60};

	cr_expect_eq(login_wait(&attempts, &counter, false, NOW_S), 3600);
	counter.spent_since_s = NOW_S;
	cr_expect_eq(login_wait(&attempts, &counter, false, NOW_S), 7 * DAY_S);
}

Test(login, gives_the_first_state_that_fits)
{
	static const struct {
		enum mode mode;
		int64_t count; /* wrong codes from unknown sources, just now */
		bool device, once, blocked, invited, code, grace;
		enum state state;
	} cases[] = {
	    {MODE_EXEMPT, 100, true, true, .state = STATE_EXEMPT},
	    {MODE_EXEMPT, 0, false, true, true, .state = STATE_EXEMPT},
	    {R, 6, true, true, .state = STATE_LOCKED},
	    {R, 100, .state = STATE_LOCKED},
	    {R, 5, true, true, .state = STATE_ENROLLED},
	    {O, 0, true, true, .state = STATE_ENROLLED},
	    {R, 0, .once = true, .invited = true, .state = STATE_INVITED},
	    {R, 0, .once = true, .code = true, .state = STATE_INVITED},
	    {O, 0, .invited = true, .state = STATE_INVITED},
	    {R, 0, false, true, true, .code = true, .state = STATE_INVITED},
	    {R, 6, false, true, true, .state = STATE_LOCKED},
	    {R, 0, true, true, true, .state = STATE_ENROLLED},
	    {R, 0, false, true, true, .state = STATE_BLOCKED},
	    {O, 0, false, true, true, .state = STATE_BLOCKED},
	    {MODE_NONE, 0, false, true, true, .state = STATE_BLOCKED},
	    {R, 0, false, true, true, .grace = true, .state = STATE_BLOCKED},
	    {R, 0, false, false, true, .grace = true, .state = STATE_GRACE},
	    {R, 0, .state = STATE_OVERDUE},
	    {R, 0, .once = true, .grace = true, .state = STATE_OVERDUE},
	    {O, 0, .once = true, .state = STATE_OVERDUE},
	    {R, 0, .grace = true, .state = STATE_GRACE},
	    {O, 0, .state = STATE_PENDING},
	};
	struct policy policy = policy_with("");

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule rule = rule_of(
		    cases[i].mode, cases[i].grace ? NOW_S + 1 : 0);
		struct decision decision = {
		    .mode = cases[i].mode, .rule = &rule};
		struct record record;
		int64_t deadline_s = -1;

		fixture_record(&record);
		if (cases[i].device)
			fixture_device(&record);
		record.enrolled_once = cases[i].once;
		record.invited_until_s = cases[i].invited ? NOW_S + 1
		    : cases[i].blocked                    ? 0
							  : NOW_S;
		if (cases[i].code)
			fixture_one_time(&record, CODE_ENROLL,
			    "0123456789ABCDEF", NOW_S + 1);
		record.failures.other.count = cases[i].count;
		record.failures.other.last_s = NOW_S;
		cr_expect_eq(login_state(&policy, &decision, &record, NOW_S,
				 &deadline_s),
		    cases[i].state, "case %zu", i);
		cr_expect_eq(deadline_s, cases[i].grace ? NOW_S + 1 : 0);
		record_done(&record);
	}
	policy_done(&policy);
}

#define HARDWARE_FILES ",'keys':{'hardware_files':['/etc/ssh/keys/%u']}"

/* Before whatever else is said of somebody without a device, but for those who
 * are shut out, by wrong codes or by an administrator. */
Test(login, shows_those_whose_hardware_key_is_enough)
{
	static const struct {
		enum mode mode;
		enum hardware_keys keys;
		int64_t count;
		bool device, once, blocked, grace, no_files;
		enum state state;
	} cases[] = {
	    {R, HARDWARE_KEYS_ENOUGH, .state = STATE_HARDWARE},
	    {R, HARDWARE_KEYS_WITH_PIN, .state = STATE_HARDWARE},
	    {O, HARDWARE_KEYS_ENOUGH, .state = STATE_HARDWARE},
	    {R, HARDWARE_KEYS_ENOUGH, .grace = true, .state = STATE_HARDWARE},
	    {R, HARDWARE_KEYS_ENOUGH, .once = true, .state = STATE_HARDWARE},
	    {R, HARDWARE_KEYS_ENOUGH, .device = true, .state = STATE_ENROLLED},
	    {R, HARDWARE_KEYS_ENOUGH, 100, .state = STATE_LOCKED},
	    {R, HARDWARE_KEYS_ENOUGH, .once = true, .blocked = true,
		.state = STATE_BLOCKED},
	    {R, HARDWARE_KEYS_ENOUGH, .no_files = true, .state = STATE_OVERDUE},
	    {R, HARDWARE_KEYS_ASKED, .state = STATE_OVERDUE},
	    {R, HARDWARE_KEYS_UNSAID, .state = STATE_OVERDUE},
	    {MODE_EXEMPT, HARDWARE_KEYS_ENOUGH, .state = STATE_EXEMPT},
	    {MODE_NONE, HARDWARE_KEYS_ENOUGH, .state = STATE_OVERDUE},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy policy = policy_with(
		    cases[i].no_files ? "" : HARDWARE_FILES);
		struct rule rule = rule_of(
		    cases[i].mode, cases[i].grace ? NOW_S + 1 : 0);
		struct decision decision = {
		    .mode = cases[i].mode, .rule = &rule};
		struct login login = fixture_login(NOW_S);
		struct record record;
		int64_t deadline_s = -1;

		rule.hardware_keys = (int)cases[i].keys;
		fixture_record(&record);
		if (cases[i].device)
			fixture_device(&record);
		record.enrolled_once = cases[i].once;
		record.invited_until_s = cases[i].blocked ? 0 : NOW_S;
		record.failures.other.count = cases[i].count;
		record.failures.other.last_s = NOW_S;
		cr_expect_eq(login_state(&policy, &decision, &record, NOW_S,
				 &deadline_s),
		    cases[i].state, "case %zu", i);
		/* The list promises nothing that such a login is not given. */
		login.hardware = HARDWARE_PIN;
		cr_expect(cases[i].state != STATE_HARDWARE ||
			login_has_hardware(&policy, &decision, &record, &login),
		    "case %zu", i);
		record_done(&record);
		policy_done(&policy);
	}
}

/* The list must not say "overdue" if the next login starts a week of grace. */
Test(login, agrees_with_itself_on_one_who_never_came)
{
	struct policy policy = policy_with("");
	struct rule rule = rule_of(MODE_REQUIRED, LATER_S);
	struct decision decision = {.mode = MODE_REQUIRED, .rule = &rule};
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct outcome outcome;
	int64_t deadline_s = 0;

	rule.since_s = NOW_S - 100 * DAY_S;
	rule.grace.for_s = 7 * DAY_S;
	fixture_record(&record);
	cr_expect_eq(
	    login_state(&policy, &decision, &record, NOW_S, &deadline_s),
	    STATE_GRACE);
	outcome = decide(&policy, &rule, &record, &login);
	cr_expect_eq(outcome.reason, REASON_OFFER_DUE);
	record_done(&record);
	policy_done(&policy);
}

/* Nor if the next login lets the user set up a device. */
Test(login, agrees_with_itself_where_any_login_may_enrol)
{
	struct policy policy = policy_with("");
	struct rule rule = rule_of(MODE_REQUIRED, 0);
	struct decision decision = {.mode = MODE_REQUIRED, .rule = &rule};
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct outcome outcome;
	int64_t deadline_s = 0;

	policy.enrollment.self = SELF_ALWAYS;
	login.terminal = true;
	fixture_record(&record);
	cr_expect_eq(
	    login_state(&policy, &decision, &record, NOW_S, &deadline_s),
	    STATE_INVITED);
	outcome = decide(&policy, &rule, &record, &login);
	cr_expect_eq(outcome.verdict, VERDICT_ENROLL);
	decision.mode = MODE_NONE;
	cr_expect_eq(
	    login_state(&policy, &decision, &record, NOW_S, &deadline_s),
	    STATE_OVERDUE);
	record_done(&record);
	policy_done(&policy);
}

Test(login, names_its_states_as_the_user_list_does)
{
	static const char *const names[] = {"none", "exempt", "locked",
	    "enrolled", "hardware", "invited", "blocked", "gone", "overdue",
	    "grace", "pending"};

	for (size_t i = 0; i < COUNT(names); i++)
		cr_expect_str_eq(state_names[i], names[i]);
	cr_expect_null(state_names[COUNT(names)]);
}
