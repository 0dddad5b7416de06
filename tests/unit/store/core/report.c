#include "store/core/report.h"
#include "store/base/when.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"

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

/* Reads it back as tfa-admin does. */
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
	    "'locked_until':null,'problem':null,'problem_text':null,"
	    "'exempt_until':null,'codes':[]}");
	expect_readable(&user_row_shape, &row, &again);
	cr_expect_eq(again.state, STATE_PENDING);
	cr_expect_eq(again.deadline_s, 0);
	user_row_done(&again);
}

Test(report, says_which_device_counts_its_codes)
{
	static const char *const said[] = {"", ", counts its codes"};
	struct policy policy;
	struct decision decision = {.mode = MODE_REQUIRED};
	struct record record;
	struct user_row row;

	fixture_policy(RULE, "", &policy);
	fixture_record(&record);
	fixture_device(&record);
	fixture_counted(&record, 7);
	cr_assert_eq(
	    report_user(&policy, &decision, &record, NOW_S, &row), FAULT_NONE);
	for (size_t i = 0; i < 2; i++) {
		cr_expect_eq(row.devices.items[i].type, i);
		cr_expect_str_eq(
		    device_row_type(&row.devices.items[i]), said[i]);
	}
	user_row_done(&row);
	record_done(&record);
	policy_done(&policy);
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
	    "'failures':3,'spent':7,'locked_until':null,'problem':null,'problem_text':null,"
	    "'exempt_until':null,'codes':[]}");
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
	cr_expect_eq(row.problem_word, REASON_UNKNOWN_GROUP);
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

Test(report, keeps_the_facts_of_a_user_who_is_gone)
{
	struct record record;
	struct user_row row, again = {.state = 0};

	fixture_record(&record);
	fixture_device(&record);
	record.last_login = (struct last_login){.present = true, .at_s = 7};
	fixture_one_time(&record, CODE_PASS, "0000000000000001", NOW_S + 60);
	fixture_one_time(&record, CODE_ENROLL, "0000000000000002", NOW_S - 1);
	fixture_one_time(&record, CODE_RECOVER, "0000000000000003", 0);
	cr_assert_eq(report_gone(&record, NOW_S, &row), FAULT_NONE);
	cr_expect_eq(row.state, STATE_GONE);
	cr_expect_eq(row.problem_word, REASON_UNKNOWN_USER);
	cr_expect_eq(row.devices.count, 1);
	cr_expect_eq(row.last_login_s, 7);
	cr_expect_eq(row.recovery_left, 1);
	cr_assert_eq(row.codes.count, 1);
	cr_expect_eq(row.codes.items[0].use, CODE_PASS);
	cr_expect_eq(row.codes.items[0].until_s, NOW_S + 60);
	expect_readable(&user_row_shape, &row, &again);
	user_row_done(&again);
	user_row_done(&row);
	record_done(&record);
}

Test(report, says_until_when_a_user_is_exempt)
{
	struct rule rule = {.name = "x", .mode = MODE_EXEMPT, .until_s = 9};
	struct decision decision = {.mode = MODE_EXEMPT, .rule = &rule};
	struct policy policy;
	struct record record;
	struct user_row row;

	fixture_policy("", "", &policy);
	fixture_record(&record);
	cr_assert_eq(
	    report_user(&policy, &decision, &record, NOW_S, &row), FAULT_NONE);
	cr_expect_eq(row.exempt_until_s, 9);
	user_row_done(&row);
	record_done(&record);
	policy_done(&policy);
}

Test(report, reads_a_list_of_states)
{
	static const struct {
		const char *text;
		unsigned states;
		const char *wrong;
	} cases[] = {
	    {"gone", 1U << STATE_GONE, NULL},
	    {"overdue,grace", 1U << STATE_OVERDUE | 1U << STATE_GRACE, NULL},
	    {"grace,grace", 1U << STATE_GRACE, NULL},
	    {"", 0, ""},
	    {"overdue,", 0, ""},
	    {"overdue, grace", 0, " grace"},
	    {"overdue,lost", 0, "lost"},
	    {"none", 0, "none"},
	    {"Gone", 0, "Gone"},
	    {"a-word-that-is-longer-than-any-state", 0,
		"a-word-that-is-longer-t"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char word[STATE_WORD] = "";
		unsigned states = 0;

		cr_expect_eq(user_filter_states(cases[i].text, &states, word),
		    cases[i].wrong == NULL, "%s", cases[i].text);
		cr_expect_eq(states, cases[i].states, "%s", cases[i].text);
		if (cases[i].wrong != NULL)
			cr_expect_str_eq(word, cases[i].wrong);
	}
}

Test(report, takes_the_rows_that_are_asked_for)
{
	static const struct {
		struct user_filter filter;
		int state;
		size_t devices;
		int64_t last_s;
		bool takes;
	} cases[] = {
	    {{0, 0, false}, STATE_NONE, 0, 0, true},
	    {{1U << STATE_ENROLLED, 0, false}, STATE_ENROLLED, 1, 0, true},
	    {{1U << STATE_ENROLLED, 0, false}, STATE_LOCKED, 1, 0, true},
	    {{1U << STATE_ENROLLED, 0, false}, STATE_LOCKED, 0, 0, false},
	    {{1U << STATE_LOCKED, 0, false}, STATE_LOCKED, 0, 0, true},
	    {{1U << STATE_LOCKED, 0, false}, STATE_ENROLLED, 1, 0, false},
	    {{1U << STATE_GONE, 0, false}, STATE_NONE, 0, 0, false},
	    {{0, 0, true}, STATE_OVERDUE, 0, 0, true},
	    {{0, 0, true}, STATE_ENROLLED, 1, 0, false},
	    {{0, 50, false}, STATE_ENROLLED, 1, 0, true},
	    {{0, 50, false}, STATE_ENROLLED, 1, 49, true},
	    {{0, 50, false}, STATE_ENROLLED, 1, 50, false},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct user_row row = {.state = cases[i].state,
		    .devices.count = cases[i].devices,
		    .last_login_s = cases[i].last_s};

		cr_expect_eq(user_filter_takes(&cases[i].filter, &row),
		    cases[i].takes, "%zu", i);
	}
}

#define BOB(name) "{'name': '" name "', 'users': ['bob'], 'mode': 'exempt'}, "
#define NEAR                                                          \
	"{'name': 'near', 'users': ['*'], 'from': ['192.0.2.0/24'], " \
	"'mode': 'exempt'}, "
#define NOT_STAFF                                                           \
	"{'name': 'others', 'users': ['*'], 'groups': ['!staff'], 'mode': " \
	"'exempt'}, "

static struct explanation
explain_with(const char *rules, const char *rest, struct record *record,
    const struct login *login)
{
	struct fixture_groups groups = {.inside = {"staff"}};
	struct address address;
	struct subject subject = {.user = "alice",
	    .last_rule = record->last_rule,
	    .member = fixture_member,
	    .ctx = &groups};
	struct explanation explanation;
	struct policy policy;

	if (login->address[0] != '\0') {
		cr_assert(address_parse(login->address, &address));
		subject.address = &address;
	}
	fixture_policy(rules, rest, &policy);
	cr_assert_eq(
	    report_explain(&policy, &subject, record, login, &explanation),
	    FAULT_NONE);
	policy_done(&policy);
	return explanation;
}

static struct explanation
explain(const char *rules, struct record *record, const struct login *login)
{
	return explain_with(rules, "", record, login);
}

Test(report, explains_why_each_earlier_rule_does_not_match)
{
	static const struct {
		const char *rule, *word;
	} skipped[] = {
	    {"b", "neither"}, {"near", "from"}, {"others", "\"!staff\""}};
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct explanation e, again = {.user = ""};

	fixture_record(&record);
	e = explain(BOB("b") NEAR NOT_STAFF RULE
	    ", " BOB("late") "{'name': 'x', 'users': ['x'], 'mode': 'exempt'}",
	    &record, &login);
	cr_expect_str_eq(e.user, "alice");
	cr_expect_str_eq(e.login.rule, "staff");
	cr_expect_eq(e.login.mode, MODE_REQUIRED);
	cr_expect_str_eq(e.login.verdict, "enroll");
	cr_expect_eq(e.login.deadline_s, 1893456000);
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

#define HARDWARE(word)                                              \
	"{'name': 'keys', 'users': ['alice'], 'mode': 'required', " \
	"'hardware_keys': '" word "'}"
#define HARDWARE_FILES                                       \
	",'keys': {'hardware_files': ['/etc/ssh/keys/%u'], " \
	"'hardware_authorities': ['/etc/ssh/ca']}"

/* It has the rule's word on hardware keys, and the files in which they stand; a
 * key that was judged decides as at a login. */
Test(report, explains_if_a_hardware_key_is_enough)
{
	static const struct {
		const char *rules, *rest;
		enum hardware hardware;
		enum hardware_keys says;
		const char *verdict, *reason;
	} cases[] = {
	    {HARDWARE("enough"), HARDWARE_FILES, HARDWARE_UNSAID,
		HARDWARE_KEYS_ENOUGH, "deny", NULL},
	    {HARDWARE("enough"), HARDWARE_FILES, HARDWARE_NONE,
		HARDWARE_KEYS_ENOUGH, "deny", NULL},
	    {HARDWARE("enough"), HARDWARE_FILES, HARDWARE_TOUCH,
		HARDWARE_KEYS_ENOUGH, "pass",
		"a hardware key is enough: not asked for a code"},
	    {HARDWARE("enough-with-pin"), HARDWARE_FILES, HARDWARE_TOUCH,
		HARDWARE_KEYS_WITH_PIN, "deny", NULL},
	    {HARDWARE("enough-with-pin"), HARDWARE_FILES, HARDWARE_PIN,
		HARDWARE_KEYS_WITH_PIN, "pass", NULL},
	    {HARDWARE("asked"), HARDWARE_FILES, HARDWARE_PIN,
		HARDWARE_KEYS_ASKED, "deny", NULL},
	    {HARDWARE("enough"), "", HARDWARE_TOUCH, HARDWARE_KEYS_ASKED,
		"deny", NULL},
	    {"{'name': 'a', 'users': ['alice'], 'mode': 'exempt'}",
		HARDWARE_FILES, HARDWARE_TOUCH, HARDWARE_KEYS_UNSAID, "pass",
		"exempt: never asked"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		size_t files = cases[i].says > HARDWARE_KEYS_ASKED;
		struct login login = fixture_login(NOW_S);
		struct record record;
		struct explanation e, again = {.user = ""};

		fixture_record(&record);
		record.enrolled_once = true;
		record.invited_until_s = NOW_S;
		login.hardware = cases[i].hardware;
		e = explain_with(
		    cases[i].rules, cases[i].rest, &record, &login);
		cr_expect_str_eq(e.login.verdict, cases[i].verdict, "%zu", i);
		cr_expect(cases[i].reason == NULL ||
			strcmp(e.login.reason, cases[i].reason) == 0,
		    "%zu: %s", i, e.login.reason);
		cr_expect_eq(e.login.hardware_keys, cases[i].says, "%zu", i);
		cr_assert_eq(e.hardware_files.count, files, "%zu", i);
		cr_assert_eq(e.hardware_authorities.count, files, "%zu", i);
		if (files > 0) {
			cr_expect_str_eq(
			    e.hardware_files.items[0].text, "/etc/ssh/keys/%u");
			cr_expect_str_eq(e.hardware_authorities.items[0].text,
			    "/etc/ssh/ca");
		}
		expect_readable(&explanation_shape, &e, &again);
		cr_expect_eq(again.login.hardware_keys, cases[i].says);
		cr_expect_eq(again.hardware_files.count, files);
		explanation_done(&again);
		explanation_done(&e);
		record_done(&record);
	}
}

/* Also where only one of several networks has such a rule. */
Test(report, names_the_files_of_hardware_keys_for_any_address)
{
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct explanation e;

	fixture_record(&record);
	login.address[0] = '\0';
	e = explain_with("{'name': 'office', 'users': ['*'], 'from': "
			 "['10.2.0.0/16'], 'mode': 'required', "
			 "'hardware_keys': 'enough'}",
	    HARDWARE_FILES, &record, &login);
	cr_assert_eq(e.by_address.count, 2);
	cr_expect_eq(e.by_address.items[0].hardware_keys, HARDWARE_KEYS_ENOUGH);
	cr_expect_eq(e.by_address.items[1].hardware_keys, HARDWARE_KEYS_ASKED);
	cr_expect_eq(e.hardware_files.count, 1);
	explanation_done(&e);
	record_done(&record);
}

/* Every reason has words, in the third person, and no "0 seconds" for a
 * missing time. */
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
		struct explanation e, again = {.user = ""};

		fixture_record(&record);
		if (cases[i].device)
			fixture_device(&record);
		record.enrolled_once = cases[i].once;
		login.shell = !cases[i].command;
		e = explain(cases[i].rules, &record, &login);
		cr_expect_str_eq(
		    e.login.verdict, cases[i].verdict, "case %zu", i);
		cr_expect_str_not_empty(e.login.reason);
		cr_expect_null(strstr(e.login.reason, "0 seconds"),
		    "case %zu: %s", i, e.login.reason);
		cr_expect_null(strstr(e.login.reason, "Press Enter"),
		    "case %zu: %s", i, e.login.reason);
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
	cr_expect_str_eq(e.login.verdict, "challenge");
	explanation_done(&e);
	snprintf(record.last_rule, sizeof(record.last_rule), "staff");
	e = explain("{'name': 'staff', 'users': ['bob'], 'mode': 'required'}",
	    &record, &login);
	cr_expect_str_eq(e.login.verdict, "deny");
	cr_expect_eq(e.login.mode, MODE_NONE);
	cr_expect_not_null(strstr(e.login.reason, "\"staff\""));
	explanation_done(&e);
	e = explain("{'name': 'a', 'groups': ['nowhere'], 'mode': 'exempt'}",
	    &record, &login);
	cr_expect_str_eq(e.login.reason,
	    "rule \"a\" names group \"nowhere\", which does not exist: every "
	    "login that reaches it is refused");
	explanation_done(&e);
	record_done(&record);
}

/* The address does not matter if the rule is not about the user. */
Test(report, names_the_reason_that_matters_first)
{
	static const struct {
		const char *who, *word;
	} cases[] = {
	    {"'users': ['alice']", "\"from\""},
	    {"'groups': ['staff']", "\"from\""},
	    {"'users': ['bob']", "neither"},
	    {"'users': ['*', '!alice']", "\"!alice\""},
	    {"'users': ['*'], 'groups': ['!staff']", "\"!staff\""},
	    /* Nobody knows if that rule names the user. */
	    {"'groups': ['nowhere']", "\"from\""},
	};
	struct login login = fixture_login(NOW_S);
	struct record record;

	fixture_record(&record);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct explanation e;
		char rules[512];

		snprintf(rules, sizeof(rules),
		    "{'name': 'far', %s, 'from': ['10.0.0.0/8'], 'mode': "
		    "'exempt'}, " RULE,
		    cases[i].who);
		e = explain(rules, &record, &login);
		cr_expect_str_eq(e.login.rule, "staff");
		cr_assert_eq(e.skipped.count, 1);
		cr_expect_not_null(
		    strstr(e.skipped.items[0].reason, cases[i].word),
		    "case %zu: %s", i, e.skipped.items[0].reason);
		explanation_done(&e);
	}
	record_done(&record);
}

#define FROM(name, who, from, mode)                                 \
	"{'name': '" name "', 'users': ['" who "'], 'from': [" from \
	"], 'mode': '" mode "'}, "

Test(report, says_what_each_address_would_meet_where_none_is_given)
{
	static const struct {
		const char *from, *rule, *verdict;
		int mode;
	} expected[] = {
	    {"10.0.0.0/8, 2001:db8::/32", "office", "pass", MODE_EXEMPT},
	    {"192.0.2.0/24", "dmz", "challenge", MODE_REQUIRED},
	    {"", "", "challenge", MODE_OPTIONAL},
	};
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct explanation e, again = {.user = ""};

	fixture_record(&record);
	fixture_device(&record);
	memset(login.address, 0, sizeof(login.address));
	e = explain(FROM("office", "alice", "'10.0.0.0/8', '2001:db8::/32'",
			"exempt") FROM("bobs", "bob", "'0.0.0.0/0'", "exempt")
			FROM("dmz", "*", "'192.0.2.0/24'", "required")
			    BOB("last") "{'name': 'c', 'users': ['carol'], "
					"'mode': 'exempt'}",
	    &record, &login);
	cr_expect_str_eq(e.login.verdict, "deny");
	cr_expect_eq(e.login.mode, MODE_NONE);
	cr_expect_str_eq(e.login.reason,
	    "the rule \"office\" depends on the address: ask with --from");
	cr_assert_eq(e.by_address.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++) {
		const struct explained *one = &e.by_address.items[i];

		cr_expect_str_eq(one->from, expected[i].from, "%zu", i);
		cr_expect_str_eq(one->rule, expected[i].rule, "%zu", i);
		cr_expect_str_eq(one->verdict, expected[i].verdict, "%zu", i);
		cr_expect_eq(one->mode, expected[i].mode, "%zu", i);
	}
	/* For an address from anywhere else. */
	cr_assert_eq(e.skipped.count, 5);
	cr_expect_not_null(strstr(e.skipped.items[0].reason, "\"from\""));
	cr_expect_not_null(strstr(e.skipped.items[1].reason, "neither"));
	cr_expect_not_null(strstr(e.skipped.items[2].reason, "\"from\""));
	expect_readable(&explanation_shape, &e, &again);
	cr_expect_eq(again.by_address.count, COUNT(expected));
	explanation_done(&again);
	explanation_done(&e);
	record_done(&record);
}

/* A note that one login leaves in the record is not seen by the next. */
Test(report, judges_each_address_by_the_record_as_it_is)
{
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct explanation e;

	fixture_record(&record);
	memset(login.address, 0, sizeof(login.address));
	e = explain("{'name': 'office', 'users': ['alice'], 'from': "
		    "['10.0.0.0/8'], 'mode': 'required', 'grace': {'until': "
		    "'2030-01-01T00:00:00Z'}}, "
		    "{'name': 'all', 'users': ['*'], 'mode': 'optional'}",
	    &record, &login);
	cr_assert_eq(e.by_address.count, 2);
	cr_expect_str_eq(e.by_address.items[0].verdict, "enroll");
	cr_expect_eq(e.by_address.items[0].deadline_s, 1893456000);
	cr_expect_str_eq(e.by_address.items[1].verdict, "enroll");
	cr_expect_eq(e.by_address.items[1].deadline_s, 0);
	cr_expect_str_eq(e.by_address.items[1].rule, "all");
	cr_expect_str_empty(record.last_rule);
	cr_expect_eq(record.first_seen_s, 0);
	explanation_done(&e);
	record_done(&record);
}

Test(report, stops_where_too_many_rules_depend_on_the_address)
{
	struct login login = fixture_login(NOW_S);
	char rules[8192] = "";
	size_t len = 0;
	struct record record;
	struct explanation e;

	fixture_record(&record);
	memset(login.address, 0, sizeof(login.address));
	for (int i = 0; i < BY_ADDRESS_MAX; i++)
		len += (size_t)snprintf(rules + len, sizeof(rules) - len,
		    "%s{'name': 'r%d', 'users': ['*'], 'from': ['10.%d.0.0/16'"
		    "], 'mode': 'exempt'}",
		    i > 0 ? ", " : "", i, i);
	e = explain(rules, &record, &login);
	cr_assert_eq(e.by_address.count, BY_ADDRESS_MAX);
	cr_expect_str_eq(
	    e.by_address.items[BY_ADDRESS_MAX - 2].from, "10.14.0.0/16");
	/* Not a denial: "r15" lets its addresses in. */
	cr_expect_str_empty(e.by_address.items[BY_ADDRESS_MAX - 1].verdict);
	cr_expect_not_null(
	    strstr(e.by_address.items[BY_ADDRESS_MAX - 1].reason, "\"r15\""));
	explanation_done(&e);
	record_done(&record);
}

/* A list of prefixes that is too long is cut between two prefixes. */
Test(report, cuts_a_long_from_between_two_prefixes)
{
	struct login login = fixture_login(NOW_S);
	char rules[8192];
	size_t len;
	struct record record;
	struct explanation e;
	const char *from, *last;

	fixture_record(&record);
	memset(login.address, 0, sizeof(login.address));
	len = (size_t)snprintf(rules, sizeof(rules),
	    "{'name': 'r', 'users': ['*'], 'mode': 'exempt', 'from': [");
	for (int i = 0; i < 60; i++)
		len += (size_t)snprintf(rules + len, sizeof(rules) - len,
		    "%s'10.%d.0.0/16'", i > 0 ? ", " : "", 100 + i);
	snprintf(rules + len, sizeof(rules) - len, "]}");
	e = explain(rules, &record, &login);
	cr_assert_eq(e.by_address.count, 2);
	from = e.by_address.items[0].from;
	cr_expect_eq(strncmp(from, "10.100.0.0/16, 10.101.0.0/16, ", 30), 0);
	cr_expect_lt(strlen(from), FROM_TEXT);
	last = strrchr(from, '/');
	cr_expect_str_eq(last, "/16, ...");
	explanation_done(&e);
	record_done(&record);
}

/* A user whose counter is shut: until when, and what opens it. */
Test(report, explains_until_when_wrong_codes_shut_a_user_out)
{
#define SHUT                                                           \
	"a device is enrolled, but too many codes were wrong: only a " \
	"one-time code passes until "
	static const struct {
		int64_t known, other;
		const char *reason;
	} cases[] = {
	    {5, 5, "a device is enrolled: asked for a code"},
	    {0, 6,
		SHUT
		"Mon 2026-10-26 07:34 UTC or tfa-admin unlock; where a code "
		"was right in the last 30 days, it is asked for"},
	    {0, 100,
		SHUT "tfa-admin unlock; where a code was right in the last 30 "
		     "days, it is asked for"},
	    {6, 0,
		"a device is enrolled: asked for a code; where one was right "
		"in the last 30 days, too many were wrong, and only a one-time "
		"code passes until Mon 2026-10-26 07:34 UTC or tfa-admin unlock"},
	    {7, 100,
		SHUT
		"tfa-admin unlock; where a code was right in the last 30 "
		"days, until Mon 2026-10-26 07:34 UTC or tfa-admin unlock"},
	};

	setenv("TZ", "UTC0", 1);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct login login = fixture_login(NOW_S);
		struct record record;
		struct explanation e;

		fixture_record(&record);
		fixture_device(&record);
		record.failures.known.count = cases[i].known;
		record.failures.other.count = cases[i].other;
		record.failures.known.last_s = NOW_S;
		record.failures.other.last_s = NOW_S;
		e = explain(RULE, &record, &login);
		cr_expect_str_eq(e.login.verdict, "challenge");
		cr_expect_str_eq(e.login.reason, cases[i].reason);
		explanation_done(&e);
		record_done(&record);
	}
}

Test(report, explains_that_a_user_is_blocked)
{
	struct login login = fixture_login(NOW_S);
	struct record record;
	struct explanation e;

	fixture_record(&record);
	record.enrolled_once = true;
	e = explain(RULE, &record, &login);
	cr_expect_str_eq(e.login.verdict, "deny");
	cr_expect_str_eq(e.login.reason,
	    "no device, and blocked from setting one up (revoke --block): "
	    "revoke or code --enroll opens it");
	explanation_done(&e);
	record.invited_until_s = 1; /* of a revocation whose time is over */
	e = explain(RULE, &record, &login);
	cr_expect_str_eq(e.login.reason,
	    "no device, and enrolment is closed: revoke or code --enroll opens "
	    "it");
	explanation_done(&e);
	record_done(&record);
}
