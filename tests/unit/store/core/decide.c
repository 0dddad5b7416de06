/* Tests policy_decide() and policy_deadline(); policy.c tests the parser. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

#define RULE(name, who, mode) \
	"{'name': '" name "', " who ", 'mode': '" mode "'}"

/* The user who asks: alice from 10.2.0.1 in group staff, unless a field says
 * otherwise. */
struct question {
	const char *rules;
	const char *user;      /* NULL: alice */
	const char *from;      /* NULL: 10.2.0.1; "": not known */
	const char *last_rule; /* NULL: none */
	enum mode mode;
	const char *rule;   /* the rule that decides; "": otherwise */
	enum reason reason; /* of a denial */
	const char *name;   /* that the denial gives; NULL: "" */
};

static struct decision
ask(const struct policy *policy, const struct question *q,
    struct fixture_groups *groups)
{
	struct subject subject = {
	    .user = q->user != NULL ? q->user : "alice",
	    .last_rule = q->last_rule != NULL ? q->last_rule : "",
	    .member = fixture_member,
	    .ctx = groups,
	};
	const char *from = q->from != NULL ? q->from : "10.2.0.1";
	struct decision decision;
	struct address address;

	if (from[0] != '\0') {
		cr_assert(address_parse(from, &address), "%s", from);
		subject.address = &address;
	}
	policy_decide(policy, &subject, &decision);
	return decision;
}

static void
expect_answer(const struct question *q, size_t i)
{
	struct fixture_groups groups = {.inside = {"staff", "wheel"},
	    .outside = {"interns", "others"},
	    .failing = "ldap"};
	struct policy policy;
	struct decision d;

	fixture_policy(q->rules, "", &policy);
	d = ask(&policy, q, &groups);
	cr_expect_eq(d.mode, q->mode, "question %zu: mode %d", i, d.mode);
	cr_expect_eq(
	    d.reason, q->reason, "question %zu: %s", i, reason_name(d.reason));
	cr_expect_str_eq(d.rule != NULL ? d.rule->name : "",
	    q->rule != NULL ? q->rule : "", "question %zu", i);
	cr_expect_str_eq(
	    d.name, q->name != NULL ? q->name : "", "question %zu", i);
	policy_done(&policy);
}

#define expect_answers(questions)                        \
	for (size_t i_ = 0; i_ < COUNT(questions); i_++) \
	expect_answer(&(questions)[i_], i_)

Test(decide, lets_the_first_rule_that_matches_decide)
{
	static const struct question questions[] = {
	    {"", .mode = MODE_OPTIONAL},
	    {RULE("a", "'users': ['alice']", "required"), .mode = MODE_REQUIRED,
		.rule = "a"},
	    {RULE("a", "'users': ['alice']", "required") ", " RULE(
		 "b", "'users': ['alice']", "exempt"),
		.mode = MODE_REQUIRED, .rule = "a"},
	    {RULE("b", "'users': ['alice']", "exempt") ", " RULE(
		 "a", "'users': ['alice']", "required"),
		.mode = MODE_EXEMPT, .rule = "b"},
	    {RULE("a", "'users': ['bob']", "exempt") ", " RULE(
		 "b", "'users': ['carol', 'alice']", "required"),
		.mode = MODE_REQUIRED, .rule = "b"},
	    {RULE("a", "'users': ['bob']", "exempt"), .mode = MODE_OPTIONAL},
	    /* Names are whole, and case counts. */
	    {RULE("a", "'users': ['alic', 'alicex', 'Alice', 'ALICE']",
		 "exempt"),
		.mode = MODE_OPTIONAL},
	    {RULE("a", "'groups': ['staff']", "required"),
		.mode = MODE_REQUIRED, .rule = "a"},
	    {RULE("a", "'groups': ['interns', 'staff']", "required"),
		.mode = MODE_REQUIRED, .rule = "a"},
	    {RULE("a", "'groups': ['interns']", "exempt"),
		.mode = MODE_OPTIONAL},
	    {RULE("a", "'users': ['bob'], 'groups': ['staff']", "required"),
		.mode = MODE_REQUIRED, .rule = "a"},
	    /* A user and a group may have one name; they stay two things. */
	    {RULE("a", "'users': ['staff']", "exempt"), .mode = MODE_OPTIONAL},
	};

	expect_answers(questions);
}

Test(decide, takes_everyone_and_excludes_some)
{
	static const struct question questions[] = {
	    {RULE("a", "'users': ['*']", "required"), .mode = MODE_REQUIRED,
		.rule = "a"},
	    {RULE("a", "'users': ['*', '!alice']", "exempt"),
		.mode = MODE_OPTIONAL},
	    {RULE("a", "'users': ['!alice', '*']", "exempt"),
		.mode = MODE_OPTIONAL},
	    {RULE("a", "'users': ['*', '!bob']", "exempt"), .mode = MODE_EXEMPT,
		.rule = "a"},
	    {RULE("a", "'users': ['alice', '!alice']", "exempt"),
		.mode = MODE_OPTIONAL},
	    {RULE("a", "'users': ['*'], 'groups': ['!staff']", "exempt"),
		.mode = MODE_OPTIONAL},
	    {RULE("a", "'users': ['*'], 'groups': ['!interns']", "exempt"),
		.mode = MODE_EXEMPT, .rule = "a"},
	    {RULE("a", "'users': ['alice'], 'groups': ['!staff']", "exempt"),
		.mode = MODE_OPTIONAL},
	    {RULE("a", "'groups': ['staff', '!wheel']", "exempt"),
		.mode = MODE_OPTIONAL},
	    {RULE("a", "'groups': ['!wheel', 'staff']", "exempt"),
		.mode = MODE_OPTIONAL},
	    {RULE("a", "'groups': ['staff'], 'users': ['!alice']", "exempt"),
		.mode = MODE_OPTIONAL},
	    {RULE("a", "'groups': ['staff', '!interns']", "exempt"),
		.mode = MODE_EXEMPT, .rule = "a"},
	};

	expect_answers(questions);
}

#define FROM4 RULE("a", "'users': ['*'], 'from': ['10.2.0.0/16']", "exempt")
#define FROM6 RULE("a", "'users': ['*'], 'from': ['2001:db8::/32']", "exempt")

Test(decide, looks_where_she_comes_from)
{
	static const struct question questions[] = {
	    {FROM4, .from = "10.2.0.1", .mode = MODE_EXEMPT, .rule = "a"},
	    {FROM4, .from = "10.2.255.255", .mode = MODE_EXEMPT, .rule = "a"},
	    {FROM4, .from = "::ffff:10.2.0.1", .mode = MODE_EXEMPT,
		.rule = "a"},
	    {FROM4, .from = "10.3.0.0", .mode = MODE_OPTIONAL},
	    {FROM4, .from = "10.1.255.255", .mode = MODE_OPTIONAL},
	    {FROM4, .from = "::ffff:10.3.0.0", .mode = MODE_OPTIONAL},
	    {FROM4, .from = "::a02:1", .mode = MODE_OPTIONAL},
	    {FROM4, .from = "a02:1::", .mode = MODE_OPTIONAL},
	    {FROM6, .from = "2001:db8::1", .mode = MODE_EXEMPT, .rule = "a"},
	    {FROM6, .from = "2001:db9::", .mode = MODE_OPTIONAL},
	    {FROM6, .from = "10.2.0.1", .mode = MODE_OPTIONAL},
	    {RULE("a", "'users': ['*'], 'from': ['192.0.2.1', '10.2.0.0/16']",
		 "exempt"),
		.mode = MODE_EXEMPT, .rule = "a"},
	    {RULE("a", "'users': ['*'], 'from': ['0.0.0.0/0']", "exempt"),
		.from = "2001:db8::1", .mode = MODE_OPTIONAL},
	    /* The address does not match: the next rule decides. */
	    {FROM4 ", " RULE("b", "'users': ['*']", "required"),
		.from = "192.0.2.1", .mode = MODE_REQUIRED, .rule = "b"},
	    /* An address that is not known: the rule cannot be evaluated. */
	    {FROM4, .from = "", .mode = MODE_NONE, .rule = "a",
		.reason = REASON_NO_ADDRESS, .name = "a"},
	    {FROM4 ", " RULE("b", "'users': ['*']", "required"), .from = "",
		.mode = MODE_NONE, .rule = "a", .reason = REASON_NO_ADDRESS,
		.name = "a"},
	    {RULE("b", "'users': ['alice']", "required") ", " FROM4, .from = "",
		.mode = MODE_REQUIRED, .rule = "b"},
	    /* The address does not matter if the rule is not about the user. */
	    {RULE("a", "'users': ['bob'], 'from': ['10.2.0.0/16']", "exempt"),
		.from = "", .mode = MODE_OPTIONAL},
	    {RULE("a", "'groups': ['interns'], 'from': ['10.2.0.0/16']",
		 "exempt"),
		.from = "", .mode = MODE_OPTIONAL},
	};

	expect_answers(questions);
}

Test(decide, denies_where_a_group_cannot_be_looked_up)
{
	static const struct question questions[] = {
	    {RULE("a", "'groups': ['nowhere']", "required"), .mode = MODE_NONE,
		.rule = "a", .reason = REASON_UNKNOWN_GROUP, .name = "nowhere"},
	    {RULE("a", "'groups': ['ldap']", "required"), .mode = MODE_NONE,
		.rule = "a", .reason = REASON_GROUP_ERROR, .name = "ldap"},
	    {RULE("a", "'groups': ['nowhere']", "exempt") ", " RULE(
		 "b", "'users': ['alice']", "exempt"),
		.mode = MODE_NONE, .rule = "a", .reason = REASON_UNKNOWN_GROUP,
		.name = "nowhere"},
	    {RULE("a", "'users': ['*'], 'groups': ['!nowhere']", "exempt"),
		.mode = MODE_NONE, .rule = "a", .reason = REASON_UNKNOWN_GROUP,
		.name = "nowhere"},
	    {RULE("a", "'users': ['alice'], 'groups': ['!ldap']", "exempt"),
		.mode = MODE_NONE, .rule = "a", .reason = REASON_GROUP_ERROR,
		.name = "ldap"},
	    {RULE("a", "'users': ['*'], 'groups': ['ldap']", "exempt"),
		.mode = MODE_NONE, .rule = "a", .reason = REASON_GROUP_ERROR,
		.name = "ldap"},
	    /* No look-up if it is not needed. */
	    {RULE("a", "'users': ['alice'], 'groups': ['ldap']", "required"),
		.mode = MODE_REQUIRED, .rule = "a"},
	    {RULE("a", "'groups': ['staff', 'ldap']", "required"),
		.mode = MODE_REQUIRED, .rule = "a"},
	    {RULE("a", "'users': ['alice']", "required") ", " RULE(
		 "b", "'groups': ['ldap']", "exempt"),
		.mode = MODE_REQUIRED, .rule = "a"},
	    {RULE(
		 "a", "'groups': ['ldap'], 'from': ['192.0.2.0/24']", "exempt"),
		.mode = MODE_OPTIONAL},
	};

	expect_answers(questions);
}

#define OF_OTHERS RULE("team", "'groups': ['others']", "required")

/*
 * With the directory down the group looks empty, and the next rule is
 * "optional".  So a required rule that no longer names the user denies until a
 * person decides.
 */
Test(decide, denies_one_whom_a_required_rule_has_lost)
{
	static const struct question questions[] = {
	    {OF_OTHERS, .last_rule = "team", .mode = MODE_NONE, .rule = "team",
		.reason = REASON_RULE_LOST, .name = "team"},
	    {OF_OTHERS ", " RULE("all", "'users': ['*']", "optional"),
		.last_rule = "team", .mode = MODE_NONE, .rule = "team",
		.reason = REASON_RULE_LOST, .name = "team"},
	    {RULE("all", "'users': ['*']", "exempt") ", " OF_OTHERS,
		.last_rule = "team", .mode = MODE_NONE, .rule = "team",
		.reason = REASON_RULE_LOST, .name = "team"},
	    /* Another rule names the user. */
	    {OF_OTHERS ", " RULE("b", "'users': ['alice']", "optional"),
		.last_rule = "team", .mode = MODE_OPTIONAL, .rule = "b"},
	    {OF_OTHERS ", " RULE("b", "'groups': ['staff']", "optional"),
		.last_rule = "team", .mode = MODE_OPTIONAL, .rule = "b"},
	    /* The rule still names the user, who comes from elsewhere. */
	    {RULE("team", "'groups': ['staff'], 'from': ['192.0.2.0/24']",
		 "required"),
		.last_rule = "team", .mode = MODE_OPTIONAL},
	    {RULE("team", "'users': ['*'], 'from': ['192.0.2.0/24']",
		 "required"),
		.last_rule = "team", .mode = MODE_OPTIONAL},
	    /* An administrator removed the rule, or made it optional. */
	    {"", .last_rule = "team", .mode = MODE_OPTIONAL},
	    {RULE("team", "'groups': ['others']", "optional"),
		.last_rule = "team", .mode = MODE_OPTIONAL},
	    {OF_OTHERS, .last_rule = "tea", .mode = MODE_OPTIONAL},
	    {OF_OTHERS, .last_rule = "", .mode = MODE_OPTIONAL},
	    /* The group cannot be looked up. */
	    {RULE("team", "'groups': ['ldap'], 'from': ['192.0.2.0/24']",
		 "required"),
		.last_rule = "team", .mode = MODE_NONE, .rule = "team",
		.reason = REASON_GROUP_ERROR, .name = "ldap"},
	};

	expect_answers(questions);
}

#define SKIPS_MAX 8

struct skips {
	struct fixture_groups groups;
	size_t count;
	struct {
		char rule[RULE_TEXT];
		enum mismatch why;
		char name[USER_TEXT];
	} items[SKIPS_MAX];
};

static enum membership
skips_member(void *ctx, const char *group)
{
	return fixture_member(&((struct skips *)ctx)->groups, group);
}

static void
note_skip(
    void *ctx, const struct rule *rule, enum mismatch why, const char *name)
{
	struct skips *skips = ctx;
	size_t i = skips->count++;

	cr_assert_lt(i, SKIPS_MAX);
	snprintf(skips->items[i].rule, RULE_TEXT, "%s", rule->name);
	snprintf(skips->items[i].name, USER_TEXT, "%s", name);
	skips->items[i].why = why;
}

Test(decide, says_why_earlier_rules_do_not_match)
{
	static const struct {
		const char *rule;
		enum mismatch why;
		const char *name;
	} expected[] = {
	    {"from", MISMATCH_FROM, ""},
	    {"who", MISMATCH_WHO, ""},
	    {"not-user", MISMATCH_EXCLUDED, "!alice"},
	    {"not-group", MISMATCH_EXCLUDED, "!staff"},
	};
	struct skips skips = {
	    .groups = {.inside = {"staff"}, .outside = {"interns"}}};
	struct address address;
	struct subject subject = {.user = "alice",
	    .address = &address,
	    .last_rule = "",
	    .member = skips_member,
	    .skipped = note_skip,
	    .ctx = &skips};
	struct decision decision;
	struct policy policy;

	cr_assert(address_parse("10.2.0.1", &address));
	fixture_policy(
	    RULE("from", "'users': ['*'], 'from': ['10.3.0.0/16']",
		"exempt") ", " RULE("who",
		"'users': ['bob'], 'groups': ['interns']",
		"exempt") ", " RULE("not-user", "'users': ['*', '!alice']",
		"exempt") ", " RULE("not-group",
		"'users': ['*'], 'groups': ['!staff']",
		"exempt") ", " RULE("decides", "'users': ['alice']",
		"required") ", " RULE("later", "'users': ['bob']", "exempt"),
	    "", &policy);
	policy_decide(&policy, &subject, &decision);
	cr_expect_str_eq(decision.rule->name, "decides");
	cr_assert_eq(skips.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		cr_expect_str_eq(skips.items[i].rule, expected[i].rule);
		cr_expect_eq(skips.items[i].why, expected[i].why, "%zu", i);
		cr_expect_str_eq(skips.items[i].name, expected[i].name);
	}
	policy_done(&policy);
}

/* A time that is not known ends it as well: to forget it must not keep a door
 * open. */
Test(decide, passes_over_an_exemption_that_has_ended)
{
	static const struct {
		int64_t now_s;
		const char *rule;
	} times[] = {
	    {1798675199, "short"},
	    {1798675200, "everyone"}, /* 2026-12-31T00:00:00Z */
	    {1798675201, "everyone"},
	    {0, "everyone"},
	    {-1, "everyone"},
	};
	struct skips skips = {.count = 0};
	struct policy policy;

	fixture_policy("{'name': 'short', 'users': ['alice'], 'mode': "
		       "'exempt', 'until': '2026-12-31T00:00:00Z'}, " RULE(
			   "everyone", "'users': ['*']", "required"),
	    "", &policy);
	for (size_t i = 0; i < COUNT(times); i++) {
		struct subject subject = {.user = "alice",
		    .now_s = times[i].now_s,
		    .last_rule = "",
		    .member = skips_member,
		    .skipped = note_skip,
		    .ctx = &skips};
		struct decision decision;
		bool ended = strcmp(times[i].rule, "everyone") == 0;

		skips.count = 0;
		policy_decide(&policy, &subject, &decision);
		cr_expect_str_eq(decision.rule->name, times[i].rule, "%zu", i);
		cr_expect_eq(
		    decision.mode, ended ? MODE_REQUIRED : MODE_EXEMPT);
		cr_expect_eq(skips.count, ended ? 1 : 0);
		if (ended)
			cr_expect_eq(skips.items[0].why, MISMATCH_ENDED);
	}
	policy_done(&policy);
}

/* The rule's word, or else the top's; what is not said is closed. */
Test(decide, says_to_whom_the_door_opens)
{
	static const struct {
		enum mode mode;
		int rule; /* enum forwarding; -1: "otherwise" decides */
		int top;
		enum forwarding forwarding;
	} cases[] = {
	    {MODE_REQUIRED, FORWARDING_UNSAID, FORWARDING_UNSAID,
		FORWARDING_CLOSED},
	    {MODE_REQUIRED, FORWARDING_UNSAID, FORWARDING_CLOSED,
		FORWARDING_CLOSED},
	    {MODE_REQUIRED, FORWARDING_UNSAID, FORWARDING_AFTER_CODE,
		FORWARDING_AFTER_CODE},
	    {MODE_EXEMPT, FORWARDING_UNSAID, FORWARDING_OPEN, FORWARDING_OPEN},
	    {MODE_OPTIONAL, FORWARDING_CLOSED, FORWARDING_OPEN,
		FORWARDING_CLOSED},
	    {MODE_REQUIRED, FORWARDING_AFTER_CODE, FORWARDING_OPEN,
		FORWARDING_AFTER_CODE},
	    {MODE_REQUIRED, FORWARDING_OPEN, FORWARDING_CLOSED,
		FORWARDING_OPEN},
	    {MODE_REQUIRED, -1, FORWARDING_UNSAID, FORWARDING_CLOSED},
	    {MODE_REQUIRED, -1, FORWARDING_AFTER_CODE, FORWARDING_AFTER_CODE},
	    {MODE_OPTIONAL, -1, FORWARDING_OPEN, FORWARDING_OPEN},
	    /* The policy could not decide. */
	    {MODE_NONE, FORWARDING_OPEN, FORWARDING_OPEN, FORWARDING_CLOSED},
	    {MODE_NONE, -1, FORWARDING_OPEN, FORWARDING_CLOSED},
	    /* No value of the table. */
	    {MODE_EXEMPT, 4, FORWARDING_OPEN, FORWARDING_CLOSED},
	    {MODE_EXEMPT, -1, 4, FORWARDING_CLOSED},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule rule = {.forwarding = cases[i].rule};
		struct policy policy = {.forwarding = cases[i].top};
		struct decision decision = {.mode = cases[i].mode,
		    .rule = cases[i].rule >= 0 ? &rule : NULL};

		cr_expect_eq(policy_forwarding(&policy, &decision),
		    cases[i].forwarding, "%zu", i);
	}
}

Test(decide, knows_if_the_door_opens_to_anybody)
{
	static const struct {
		int first, second, top;
		bool opens;
	} cases[] = {
	    {FORWARDING_UNSAID, FORWARDING_CLOSED, FORWARDING_CLOSED, false},
	    {FORWARDING_CLOSED, FORWARDING_UNSAID, FORWARDING_UNSAID, false},
	    {FORWARDING_CLOSED, FORWARDING_CLOSED, FORWARDING_OPEN, true},
	    {FORWARDING_CLOSED, FORWARDING_AFTER_CODE, FORWARDING_CLOSED, true},
	    {FORWARDING_OPEN, FORWARDING_CLOSED, FORWARDING_CLOSED, true},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule rules[] = {{.forwarding = cases[i].first},
		    {.forwarding = cases[i].second}};
		struct policy policy = {
		    .rules = {rules, 2}, .forwarding = cases[i].top};

		cr_expect_eq(
		    policy_may_forward(&policy), cases[i].opens, "%zu", i);
	}
}

Test(decide, knows_the_delegates)
{
	static const struct {
		const char *admins;
		enum membership admin;
	} cases[] = {
	    {"{}", GROUP_OUTSIDE},
	    {"{'users': []}", GROUP_OUTSIDE},
	    {"{'users': ['alice']}", GROUP_INSIDE},
	    {"{'users': ['bob']}", GROUP_OUTSIDE},
	    {"{'groups': ['staff']}", GROUP_INSIDE},
	    {"{'groups': ['interns']}", GROUP_OUTSIDE},
	    {"{'groups': ['nowhere']}", GROUP_ERROR},
	    {"{'groups': ['ldap']}", GROUP_ERROR},
	    {"{'groups': ['staff', '!wheel']}", GROUP_OUTSIDE},
	    {"{'groups': ['staff'], 'users': ['!alice']}", GROUP_OUTSIDE},
	    {"{'users': ['!bob']}", GROUP_OUTSIDE},
	    {"{'users': ['alice'], 'groups': ['!ldap']}", GROUP_ERROR},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture_groups groups = {.inside = {"staff", "wheel"},
		    .outside = {"interns"},
		    .failing = "ldap"};
		struct subject subject = {.user = "alice",
		    .last_rule = "",
		    .member = fixture_member,
		    .ctx = &groups};
		struct policy policy;
		char rest[256];

		snprintf(rest, sizeof(rest), ", 'admins': %s", cases[i].admins);
		fixture_policy("", rest, &policy);
		cr_expect_eq(policy_admin(&policy, &subject), cases[i].admin,
		    "%s", cases[i].admins);
		policy_done(&policy);
	}
}

Test(decide, ends_grace_when_the_rule_says)
{
	static const struct {
		int64_t since_s, for_s, until_s; /* until 0: no grace */
		int64_t first_seen_s, deadline_s;
	} cases[] = {
	    /* No grace. */
	    {0, 0, 0, 500, 0},
	    {1000, 0, 0, 500, 1000},
	    /* One date for everybody. */
	    {0, 0, 2000, 500, 2000},
	    {1000, 0, 2000, 500, 2000},
	    {1000, 0, 2000, 5000, 2000},
	    {1000, 0, 900, 500, 1000},
	    /* Counted from the first login, or from "since" if that is
	     * later. */
	    {1000, 100, 2000, 500, 1100},
	    {1000, 100, 2000, 1000, 1100},
	    {1000, 100, 2000, 1500, 1600},
	    {1000, 100, 2000, 0, 1100},
	    /* Never later than "until". */
	    {1000, 100, 2000, 1899, 1999},
	    {1000, 100, 2000, 1950, 2000},
	    {1000, 100, 2000, 9000, 2000},
	    {1000, 5000, 2000, 500, 2000},
	    {1000, 100, 900, 500, 1000},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct rule rule = {.mode = MODE_REQUIRED,
		    .since_s = cases[i].since_s,
		    .grace = {cases[i].until_s != 0, cases[i].for_s,
			cases[i].until_s}};

		cr_expect_eq(policy_deadline(&rule, cases[i].first_seen_s),
		    cases[i].deadline_s, "case %zu", i);
	}
}

/* The address is not used: a process could claim any. */
Test(decide, may_require_looks_at_no_address)
{
	static const struct {
		const char *rules, *otherwise, *last_rule;
		bool may;
	} cases[] = {
	    {"", "optional", "", false},
	    {"", "exempt", "", false},
	    {"", "required", "", true},
	    {RULE("r", "'users':['alice']", "required"), "optional", "", true},
	    {RULE("r", "'groups':['staff']", "required"), "exempt", "", true},
	    {RULE("r", "'users':['bob']", "required"), "optional", "", false},
	    {RULE("r", "'groups':['nowhere']", "required"), "optional", "",
		true},
	    {RULE("r", "'groups':['ldap']", "required"), "optional", "", true},
	    {RULE("e", "'users':['alice'],'from':['10.0.0.0/8']",
		 "exempt") "," RULE("r", "'users':['alice']", "required"),
		"optional", "", true},
	    {RULE("r", "'users':['alice'],'from':['10.0.0.0/8']", "required"),
		"optional", "", true},
	    /* With the directory down the group looks empty. */
	    {RULE("r", "'groups':['interns']", "required"), "optional", "r",
		true},
	    {RULE("r", "'groups':['interns']", "required"), "optional", "",
		false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct fixture_groups groups = {.inside = {"staff"},
		    .outside = {"interns"},
		    .failing = "ldap"};
		struct subject subject = {.user = "alice",
		    .last_rule = cases[i].last_rule,
		    .member = fixture_member,
		    .ctx = &groups};
		struct policy policy;

		fixture_policy(cases[i].rules, "", &policy);
		policy.otherwise = strcmp(cases[i].otherwise, "required") == 0
		    ? MODE_REQUIRED
		    : MODE_OPTIONAL;
		cr_expect_eq(policy_may_require(&policy, &subject),
		    cases[i].may, "%zu", i);
		policy_done(&policy);
	}
}
