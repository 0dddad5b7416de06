#include "report.h"
#include "when.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "fixture.h"

#define RULE                                                          \
	"{'name': 'staff', 'groups': ['staff'], 'mode': 'required', " \
	"'since': '2026-01-01T00:00:00Z', 'grace': {'until': "        \
	"'2030-01-01T00:00:00Z'}}"

static void
expect_json(const struct json_shape *shape, const void *value, const char *text)
{
	char quoted[QUOTED_MAX], *written = NULL;

	fixture_quote(text, quoted);
	cr_assert_eq(json_write(shape, value, false, &written), FAULT_NONE);
	cr_expect_str_eq(written, quoted);
	json_text_free(&written);
}

/* And as tfa-admin reads it. */
static void
expect_readable(const struct json_shape *shape, const void *value, void *again)
{
	struct json_error error = {.line = 0};
	char *written = NULL;

	cr_assert_eq(json_write(shape, value, false, &written), FAULT_NONE);
	cr_expect_eq(
	    json_read(shape, written, strlen(written), 65536, again, &error),
	    FAULT_NONE, "%s: %s", error.path, error.text);
	json_text_free(&written);
}

Test(report, shows_null_for_what_is_not_there)
{
	struct user_row row = {
	    .user = "alice", .state = STATE_PENDING, .mode = MODE_OPTIONAL};
	struct user_row again = {.state = 0};

	expect_json(&user_row_shape, &row,
	    "{'user':'alice','state':'pending','rule':null,'mode':'optional',"
	    "'deadline':null,'devices':[],'recovery_left':0,"
	    "'last_login':null,'last_address':null,'failures':0,'spent':0,"
	    "'locked_until':null,'problem':null}");
	expect_readable(&user_row_shape, &row, &again);
	cr_expect_eq(again.state, STATE_PENDING);
	cr_expect_eq(again.deadline_s, 0);
	user_row_done(&again);
}

Test(report, tells_everything_of_a_user_but_the_secret)
{
	struct policy policy;
	struct decision decision = {.mode = MODE_REQUIRED};
	struct record record;
	struct device *device;
	struct user_row row, again = {.state = 0};

	fixture_policy(RULE, "", &policy);
	fixture_record(&record);
	device = fixture_device(&record);
	snprintf(device->name, sizeof(device->name), "phone");
	device->added_s = 1;
	snprintf(device->added_from, sizeof(device->added_from), "192.0.2.1");
	fixture_one_time(&record, CODE_RECOVER, "0000000000000001", 0);
	fixture_one_time(&record, CODE_SCRATCH, "12345678", 0);
	record.last_login.present = true;
	record.last_login.at_s = 2;
	snprintf(record.last_login.from, sizeof(record.last_login.from),
	    "192.0.2.2");
	record.failures.known.count = 1;
	record.failures.other.count = 2;
	record.failures.known.spent = 3;
	record.failures.known.spent_since_s = NOW_S;
	record.failures.other.spent = 5;
	record.failures.other.spent_since_s = NOW_S - 8 * DAY_S;
	decision.rule = policy.rules.items;
	cr_assert_eq(
	    report_user(&policy, &decision, &record, NOW_S, &row), FAULT_NONE);
	expect_json(&user_row_shape, &row,
	    "{'user':'alice','state':'enrolled','rule':'staff',"
	    "'mode':'required','deadline':'2030-01-01T00:00:00Z','devices':["
	    "{'id':'d1','name':'phone','type':'totp','added':"
	    "'1970-01-01T00:00:01Z','added_from':'192.0.2.1','added_key':"
	    "null,'last_used':null}],'recovery_left':2,"
	    "'last_login':'1970-01-01T00:00:02Z','last_address':'192.0.2.2',"
	    "'failures':3,'spent':7,'locked_until':null,'problem':null}");
	expect_readable(&user_row_shape, &row, &again);
	user_row_done(&again);
	user_row_done(&row);
	record_done(&record);
	policy_done(&policy);
}

Test(report, says_until_when_a_user_is_locked)
{
	static const struct {
		int64_t known, other, spent, until_s;
		enum state state;
	} cases[] = {
	    {5, 5, 99, 0, STATE_OVERDUE},
	    {6, 0, 0, NOW_S + 30, STATE_LOCKED},
	    {0, 7, 0, NOW_S + 60, STATE_LOCKED},
	    {8, 7, 0, NOW_S + 120, STATE_LOCKED},
	    {0, 100, 0, WHEN_LAST_S, STATE_LOCKED},
	    {100, 0, 0, NOW_S + 3600, STATE_LOCKED},
	    {0, 0, 100, NOW_S + 7 * DAY_S, STATE_LOCKED},
	    {6, 100, 100, WHEN_LAST_S, STATE_LOCKED},
	};
	struct rule rule = {.name = "all", .mode = MODE_REQUIRED};
	struct decision decision = {.mode = MODE_REQUIRED, .rule = &rule};
	struct policy policy;

	fixture_policy("", "", &policy);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct user_row row, again = {.state = 0};
		struct record record;

		fixture_record(&record);
		record.failures.known.count = cases[i].known;
		record.failures.other.count = cases[i].other;
		record.failures.known.last_s = NOW_S;
		record.failures.known.spent = cases[i].spent;
		record.failures.known.spent_since_s = NOW_S;
		record.failures.other.last_s = NOW_S;
		cr_assert_eq(
		    report_user(&policy, &decision, &record, NOW_S, &row),
		    FAULT_NONE);
		cr_expect_eq(row.locked_until_s, cases[i].until_s, "%zu", i);
		cr_expect_eq(row.state, cases[i].state, "%zu", i);
		expect_readable(&user_row_shape, &row, &again);
		user_row_done(&again);
		user_row_done(&row);
		record_done(&record);
	}
	policy_done(&policy);
}

Test(report, shows_a_rule_that_denies_as_a_problem)
{
	struct rule rule = {.name = "office"};
	struct decision decision = {
	    .reason = REASON_UNKNOWN_GROUP, .rule = &rule, .name = "staff"};
	struct policy policy;
	struct record record;
	struct user_row row, again = {.state = 0};

	fixture_policy("", "", &policy);
	fixture_record(&record);
	cr_assert_eq(
	    report_user(&policy, &decision, &record, NOW_S, &row), FAULT_NONE);
	cr_expect_str_eq(row.problem,
	    "rule \"office\" names group \"staff\", which does not exist: "
	    "every login that reaches it is refused");
	cr_expect_eq(row.mode, MODE_NONE);
	cr_expect_eq(row.state, STATE_PENDING);
	expect_readable(&user_row_shape, &row, &again);
	user_row_done(&again);
	user_row_done(&row);
	record_done(&record);
	policy_done(&policy);
}

#define BOB(name) "{'name': '" name "', 'users': ['bob'], 'mode': 'exempt'}, "
#define NEAR                                                          \
	"{'name': 'near', 'users': ['*'], 'from': ['192.0.2.0/24'], " \
	"'mode': 'exempt'}, "
#define NOT_STAFF                                                           \
	"{'name': 'others', 'users': ['*'], 'groups': ['!staff'], 'mode': " \
	"'exempt'}, "

static struct explanation
explain(const char *rules, struct record *record, const struct login *login)
{
	struct fixture_groups groups = {.inside = {"staff"}};
	struct address address;
	struct subject subject = {.user = "alice",
	    .address = &address,
	    .last_rule = record->last_rule,
	    .member = fixture_member,
	    .ctx = &groups};
	struct explanation explanation;
	struct policy policy;

	cr_assert(address_parse(login->address, &address));
	fixture_policy(rules, "", &policy);
	cr_assert_eq(
	    report_explain(&policy, &subject, record, login, &explanation),
	    FAULT_NONE);
	policy_done(&policy);
	return explanation;
}

Test(report, explains_why_each_earlier_rule_does_not_match)
{
	static const struct {
		const char *rule, *word;
	} skipped[] = {
	    {"b", "neither"}, {"near", "from"}, {"others", "\"!staff\""}};
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct explanation e, again = {.mode = 0};

	fixture_record(&record);
	e = explain(BOB("b") NEAR NOT_STAFF RULE
	    ", " BOB("late") "{'name': 'x', 'users': ['x'], 'mode': 'exempt'}",
	    &record, &login);
	cr_expect_str_eq(e.user, "alice");
	cr_expect_str_eq(e.rule, "staff");
	cr_expect_eq(e.mode, MODE_REQUIRED);
	cr_expect_str_eq(e.verdict, "enroll");
	cr_expect_eq(e.deadline_s, 1893456000);
	cr_assert_eq(e.skipped.count, COUNT(skipped));
	for (size_t i = 0; i < COUNT(skipped); i++) {
		cr_expect_str_eq(e.skipped.items[i].rule, skipped[i].rule);
		cr_expect_not_null(
		    strstr(e.skipped.items[i].reason, skipped[i].word));
	}
	expect_readable(&explanation_shape, &e, &again);
	explanation_done(&again);
	explanation_done(&e);
	record_done(&record);
}

/* Whatever the reason: words, in the third person, and no empty "0 seconds"
 * where a time should stand. */
Test(report, gives_every_outcome_a_reason_in_words)
{
	static const struct {
		const char *rules;
		bool device, once, command;
		const char *verdict;
	} cases[] = {
	    {"", .verdict = "enroll"},
	    {"", .command = true, .verdict = "pass"},
	    {"", true, true, .verdict = "challenge"},
	    {"", .once = true, .verdict = "deny"},
	    {RULE, .verdict = "enroll"},
	    {RULE, .command = true, .verdict = "pass"},
	    {RULE, true, true, .verdict = "challenge"},
	    {RULE, .once = true, .verdict = "deny"},
	    {"{'name': 'a', 'groups': ['nowhere'], 'mode': 'exempt'}",
		.verdict = "deny"},
	    {"{'name': 'a', 'users': ['alice'], 'mode': 'exempt'}",
		.verdict = "pass"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct login login = fixture_login(NOW_S);
		struct record record;
		struct explanation e, again = {.mode = 0};

		fixture_record(&record);
		if (cases[i].device)
			fixture_device(&record);
		record.enrolled_once = cases[i].once;
		login.shell = !cases[i].command;
		e = explain(cases[i].rules, &record, &login);
		cr_expect_str_eq(e.verdict, cases[i].verdict, "case %zu", i);
		cr_expect_str_not_empty(e.reason);
		cr_expect_null(
		    strstr(e.reason, "0 seconds"), "case %zu: %s", i, e.reason);
		cr_expect_null(strstr(e.reason, "Press Enter"), "case %zu: %s",
		    i, e.reason);
		expect_readable(&explanation_shape, &e, &again);
		explanation_done(&again);
		explanation_done(&e);
		record_done(&record);
	}
}

Test(report, explains_by_the_code_that_decides_logins)
{
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct explanation e;

	fixture_record(&record);
	fixture_device(&record);
	e = explain(RULE, &record, &login);
	cr_expect_str_eq(e.verdict, "challenge");
	explanation_done(&e);
	snprintf(record.last_rule, sizeof(record.last_rule), "staff");
	e = explain("{'name': 'staff', 'users': ['bob'], 'mode': 'required'}",
	    &record, &login);
	cr_expect_str_eq(e.verdict, "deny");
	cr_expect_eq(e.mode, MODE_NONE);
	cr_expect_not_null(strstr(e.reason, "\"staff\""));
	explanation_done(&e);
	e = explain("{'name': 'a', 'groups': ['nowhere'], 'mode': 'exempt'}",
	    &record, &login);
	cr_expect_str_eq(e.reason,
	    "rule \"a\" names group \"nowhere\", which does not exist: every "
	    "login that reaches it is refused");
	explanation_done(&e);
	record_done(&record);
}
