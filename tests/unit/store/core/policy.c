/* Tests the parser and the writer; decide.c tests policy_decide(). */
#include "store/core/policy.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"
#include "store/base/when.h"

/* An example with every section; its settings are the defaults. */
static const char example[] =
    "{\n"
    "  'version': 1,\n"
    "  'issuer': 'Example-Bastion',\n"
    "  'rules': [\n"
    "    {'name': 'ci', 'users': ['deploy'], 'from': ['10.2.0.0/16', "
    "'2001:db8::/32'], 'mode': 'exempt'},\n"
    "    {'name': 'engineers', 'groups': ['engineers'], 'mode': 'required', "
    "'since': '2026-11-01T00:00:00Z',\n"
    "     'grace': {'until': '2026-12-31T00:00:00Z'}},\n"
    "    {'name': 'contractors', 'groups': ['contractors', '!interns'], "
    "'mode': 'required', 'since': '2026-11-01T00:00:00Z',\n"
    "     'grace': {'for': '7d', 'until': '2027-03-01T00:00:00Z'}}\n"
    "  ],\n"
    "  'otherwise':  'optional',\n"
    "  'admins':     {'groups': ['helpdesk']},\n"
    "  'enrollment': {'self': 'grace', 'max_devices': 3},\n"
    "  'attempts':   {'per_login': 3, 'timeout': '60s', 'free': 5, "
    "'backoff': '30s', 'backoff_max': '1h', 'stop': 100},\n"
    "  'remember':   {'connection': '12h', 'for': '0s'},\n"
    "  'keys':       {'files': ['.ssh/authorized_keys', "
    "'.ssh/authorized_keys2'], 'unlisted': 'refuse'}\n"
    "}\n";

#define CI     "'name': 'ci', 'users': ['deploy']"
#define EXEMPT "'mode': 'exempt'"
#define OTHER  "'otherwise':  'optional'"

static enum fault
parse(const char *text, struct policy *ret, struct json_error *ret_error)
{
	char quoted[QUOTED_MAX];

	fixture_quote(text, quoted);
	return policy_parse(quoted, strlen(quoted), ret, ret_error);
}

static struct policy
parse_example(void)
{
	struct policy policy;
	struct json_error error;

	cr_assert_eq(parse(example, &policy, &error), FAULT_NONE, "%d %s: %s",
	    error.line, error.path, error.text);
	return policy;
}

static int64_t
seconds(const char *text)
{
	int64_t time_s = 0;

	cr_assert(when_parse(text, &time_s));
	return time_s;
}

static void
expect_prefix(const struct prefix *prefix, const char *expected)
{
	char text[PREFIX_TEXT];

	prefix_format(prefix, text);
	cr_expect_str_eq(text, expected);
}

Test(policy, reads_the_rules_of_the_example)
{
	struct policy policy = parse_example();
	const struct rule *rule = policy.rules.items;

	cr_expect_eq(policy.version, 1);
	cr_expect_str_eq(policy.issuer, "Example-Bastion");
	cr_expect_eq(policy.otherwise, MODE_OPTIONAL);
	cr_assert_eq(policy.rules.count, 3);
	cr_expect_str_eq(rule[0].name, "ci");
	cr_expect_eq(rule[0].mode, MODE_EXEMPT);
	cr_expect_str_eq(rule[0].users.items[0].text, "deploy");
	cr_assert_eq(rule[0].from.count, 2);
	expect_prefix(&rule[0].from.items[0], "10.2.0.0/16");
	expect_prefix(&rule[0].from.items[1], "2001:db8::/32");
	cr_expect_not(rule[0].grace.present);
	cr_expect_eq(rule[1].mode, MODE_REQUIRED);
	cr_expect_eq(rule[1].since_s, seconds("2026-11-01T00:00:00Z"));
	cr_expect(rule[1].grace.present);
	cr_expect_eq(rule[1].grace.for_s, 0);
	cr_expect_eq(rule[1].grace.until_s, seconds("2026-12-31T00:00:00Z"));
	cr_assert_eq(rule[2].groups.count, 2);
	cr_expect_str_eq(rule[2].groups.items[1].text, "!interns");
	cr_expect_eq(rule[2].grace.for_s, 7 * DAY_S);
	policy_done(&policy);
}

static void
expect_settings(const struct policy *policy)
{
	cr_expect_eq(policy->enrollment.self, SELF_GRACE);
	cr_expect_eq(policy->enrollment.max_devices, 3);
	cr_expect_eq(policy->attempts.per_login, 3);
	cr_expect_eq(policy->attempts.timeout_s, 60);
	cr_expect_eq(policy->attempts.free, 5);
	cr_expect_eq(policy->attempts.backoff_s, 30);
	cr_expect_eq(policy->attempts.backoff_max_s, 3600);
	cr_expect_eq(policy->attempts.stop, 100);
	cr_expect_eq(policy->remember.connection_s, 12 * 3600);
	cr_expect_eq(policy->remember.for_s, 0);
	cr_assert_eq(policy->keys.files.count, 2);
	cr_expect_str_eq(
	    policy->keys.files.items[1].text, ".ssh/authorized_keys2");
	cr_expect_eq(policy->keys.unlisted, UNLISTED_REFUSE);
}

Test(policy, reads_the_end_of_an_exemption_and_who_made_it)
{
	char text[QUOTED_MAX], *written = NULL;
	struct policy policy, again;
	struct json_error error;

	fixture_change(example, EXEMPT,
	    EXEMPT ", 'until': '2026-12-31T00:00:00Z', 'by': 'carla'", text);
	cr_assert_eq(
	    policy_parse(text, strlen(text), &policy, &error), FAULT_NONE);
	cr_expect_eq(
	    policy.rules.items[0].until_s, seconds("2026-12-31T00:00:00Z"));
	cr_expect_eq(policy.rules.items[1].until_s, 0);
	cr_expect_str_eq(policy.rules.items[0].by, "carla");
	cr_expect_str_eq(policy.rules.items[1].by, "");
	cr_assert_eq(policy_format(&policy, true, &written), FAULT_NONE);
	cr_assert_eq(
	    policy_parse(written, strlen(written), &again, &error), FAULT_NONE);
	cr_expect_eq(
	    again.rules.items[0].until_s, policy.rules.items[0].until_s);
	cr_expect_str_eq(again.rules.items[0].by, "carla");
	policy_done(&policy);
	policy_done(&again);
	free(written);
}

Test(policy, takes_a_group_with_a_space_inside_its_name)
{
	struct policy policy;

	fixture_policy("{'name': 'a', 'groups': ['domain users', "
		       "'!Domain Admins'], 'mode': 'required'}",
	    "", &policy);
	policy_done(&policy);
}

Test(policy, reads_the_settings_of_the_example)
{
	struct policy policy = parse_example();

	expect_settings(&policy);
	cr_assert_eq(policy.admins.groups.count, 1);
	cr_expect_str_eq(policy.admins.groups.items[0].text, "helpdesk");
	policy_done(&policy);
}

/* The example states the defaults. */
Test(policy, has_the_examples_settings_as_defaults)
{
	struct policy policy;

	fixture_policy("", "", &policy);
	expect_settings(&policy);
	cr_expect_eq(policy.admins.groups.count, 0);
	cr_expect_eq(policy.admins.users.count, 0);
	policy_done(&policy);
	fixture_policy(
	    "", ", 'attempts': {'free': 7}, 'remember': {}", &policy);
	cr_expect_eq(policy.attempts.free, 7);
	cr_expect_eq(policy.attempts.stop, 100);
	cr_expect_eq(policy.remember.connection_s, 12 * 3600);
	policy_done(&policy);
}

/* A rule may leave it to the top, where the default is closed. */
Test(policy, reads_to_whom_the_door_opens)
{
	static const struct {
		const char *rule, *top;
		int rule_says, top_says;
	} cases[] = {
	    {"", "", FORWARDING_UNSAID, FORWARDING_CLOSED},
	    {", 'forwarding': 'closed'", ", 'forwarding': 'open'",
		FORWARDING_CLOSED, FORWARDING_OPEN},
	    {", 'forwarding': 'after-code'", "", FORWARDING_AFTER_CODE,
		FORWARDING_CLOSED},
	    {"", ", 'forwarding': 'after-code'", FORWARDING_UNSAID,
		FORWARDING_AFTER_CODE},
	    {", 'forwarding': 'open'", ", 'forwarding': 'closed'",
		FORWARDING_OPEN, FORWARDING_CLOSED},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy policy;
		char rule[128];

		snprintf(rule, sizeof(rule),
		    "{'name': 'a', 'users': ['*'], 'mode': 'exempt'%s}",
		    cases[i].rule);
		fixture_policy(rule, cases[i].top, &policy);
		cr_expect_eq(policy.rules.items[0].forwarding,
		    cases[i].rule_says, "%zu", i);
		cr_expect_eq(policy.forwarding, cases[i].top_says, "%zu", i);
		policy_done(&policy);
	}
}

/* A word for them is written as it was read, also that which is the default. */
Test(policy, reads_what_hardware_keys_are_worth)
{
	static const struct {
		const char *rule;
		enum hardware_keys says;
	} cases[] = {
	    {"", HARDWARE_KEYS_UNSAID},
	    {", 'hardware_keys': 'asked'", HARDWARE_KEYS_ASKED},
	    {", 'hardware_keys': 'enough'", HARDWARE_KEYS_ENOUGH},
	    {", 'hardware_keys': 'enough-with-pin'", HARDWARE_KEYS_WITH_PIN},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct policy policy;
		char rule[128], *text = NULL;

		snprintf(rule, sizeof(rule),
		    "{'name': 'a', 'users': ['*'], 'mode': 'required'%s}",
		    cases[i].rule);
		fixture_policy(rule, "", &policy);
		cr_expect_eq(
		    policy.rules.items[0].hardware_keys, cases[i].says);
		cr_assert_eq(policy_format(&policy, false, &text), FAULT_NONE);
		cr_expect_eq(strstr(text, "hardware_keys") != NULL,
		    cases[i].says != HARDWARE_KEYS_UNSAID, "%s", text);
		free(text);
		policy_done(&policy);
	}
}

/* By the name the gate and the keeper know that they mean the same files. */
Test(policy, names_each_list_of_files_differently)
{
	static const char *const keys[] = {
	    "",
	    "'files': ['/a']",
	    "'files': ['/a', '/b']",
	    "'unlisted': 'allow'",
	    "'hardware_files': ['/a']",
	    "'hardware_files': ['/b']",
	    "'hardware_files': ['/a', '/b']",
	    "'hardware_authorities': ['/a']",
	    "'hardware_authorities': ['/a', '/b']",
	    "'hardware_files': ['/a'], 'hardware_authorities': ['/b']",
	    "'files': ['/a'], 'hardware_files': ['/b']",
	    "'files': ['/a', '/b'], 'hardware_files': []",
	};
	char names[COUNT(keys)][KEYS_NAME], plain[COUNT(keys)][KEYS_NAME];

	for (size_t i = 0; i < COUNT(keys); i++) {
		struct policy policy;
		char rest[256];

		snprintf(rest, sizeof(rest), ", 'keys': {%s}", keys[i]);
		fixture_policy("", rest, &policy);
		policy_keys_name(&policy.keys, true, names[i]);
		policy_keys_name(&policy.keys, false, plain[i]);
		for (size_t k = 0; k < i; k++)
			if (i < COUNT(keys) - 1)
				cr_expect_str_neq(
				    names[i], names[k], "%zu %zu", i, k);
		policy_done(&policy);
	}
	cr_expect_str_eq(names[0], KEYS_DEFAULT);
	cr_expect_str_eq(names[COUNT(keys) - 1], names[2]);
	/* Other keys are not judged by those files, and need no look at
	 * them. */
	for (size_t i = 4; i < 10; i++)
		cr_expect_str_eq(plain[i], KEYS_DEFAULT, "%zu", i);
	cr_expect_str_eq(plain[10], plain[1]);
	cr_expect_str_neq(plain[1], plain[2]);
	cr_expect_str_neq(plain[3], KEYS_DEFAULT);
}

Test(policy, writes_what_it_reads)
{
	static const char *const more[] = {
	    "",
	    ", 'enrollment': {'self': 'always', 'max_devices': 8}",
	    ", 'enrollment': {'self': 'code', 'max_devices': 1}",
	    ", 'keys': {'files': [], 'unlisted': 'allow'}",
	    ", 'admins': {'users': ['carol'], 'groups': ['helpdesk']}",
	    ", 'remember': {'connection': '0s', 'for': '8h'}",
	    ", 'forwarding': 'after-code'",
	    ", 'keys': {'hardware_files': ['/etc/ssh/hardware/%u'], "
	    "'hardware_authorities': ['/etc/ssh/ca.pub', '/etc/ssh/ca2.pub']}",
	};
	struct policy policy = parse_example(), again;
	struct json_error error;
	char *text = NULL, *text_again = NULL;

	cr_assert_eq(policy_format(&policy, true, &text), FAULT_NONE);
	for (size_t i = 0; i <= COUNT(more); i++) {
		policy_done(&policy);
		cr_assert_eq(policy_parse(text, strlen(text), &again, &error),
		    FAULT_NONE, "%s: %s", error.path, error.text);
		cr_assert_eq(
		    policy_format(&again, true, &text_again), FAULT_NONE);
		cr_expect_str_eq(text_again, text);
		policy_done(&again);
		free(text);
		free(text_again);
		fixture_policy("{'name': 'a', 'users': ['*', '!root'], 'from': "
			       "['192.0.2.1', '::/0'], 'mode': 'optional'}",
		    more[i % COUNT(more)], &policy);
		cr_assert_eq(policy_format(&policy, true, &text), FAULT_NONE);
	}
	policy_done(&policy);
	free(text);
}

/* The example with one change: where it is refused, and why. */
#define TEXT_15  "abcdefghijklmno"
#define TEXT_51  TEXT_15 TEXT_15 TEXT_15 "abcdef"
#define TEXT_255 TEXT_51 TEXT_51 TEXT_51 TEXT_51 TEXT_51
#define TEXT_256 TEXT_255 "p"

static const struct {
	const char *from, *to;
	int line, column;
	const char *path, *word;
} malformed[] = {
    /* Keys. */
    {"'otherwise'", "'otherwize'", 11, 3, "otherwize", "unknown"},
    {"'otherwise'", "'Otherwise'", 11, 3, "Otherwise", "unknown"},
    {"'version': 1,", "'version': 1, 'comment': 'x',", 2, 17, "comment",
	"unknown"},
    {"'version': 1,", "'version': 1,\n'version': 1,", 3, 1, "version", "twice"},
    {OTHER, OTHER ",\n" OTHER, 12, 1, "otherwise", "twice"},
    {EXEMPT, EXEMPT ", " EXEMPT, 5, 101, "rules[0].mode", "twice"},
    {EXEMPT, "'Mode': 'exempt'", 5, 83, "rules[0].Mode", "unknown"},
    {EXEMPT, EXEMPT ", 'form': ['10.0.0.1']", 5, 101, "rules[0].form",
	"unknown"},
    {"'until': '2026-12-31", "'untill': '2026-12-31", 7, 16,
	"rules[1].grace.untill", "unknown"},
    {"'self': 'grace'", "'selfie': 'grace'", 13, 18, "enrollment.selfie",
	"unknown"},
    {"'stop': 100", "'stop': 100, 'stop ': 1", 14, 115, "attempts.stop ",
	"unknown"},
    {"'groups': ['helpdesk']", "'group': ['helpdesk']", 12, 18, "admins.group",
	"unknown"},
    /* Missing. */
    {"  'version': 1,\n", "", 1, 1, "", "\"version\" is missing"},
    {"  'issuer': 'Example-Bastion',\n", "", 1, 1, "", "\"issuer\" is missing"},
    {"  " OTHER ",\n", "", 1, 1, "", "\"otherwise\" is missing"},
    {"'name': 'ci', ", "", 5, 5, "rules[0]", "\"name\" is missing"},
    {", " EXEMPT, "", 5, 5, "rules[0]", "\"mode\" is missing"},
    {"{'until': '2026-12-31T00:00:00Z'}", "{}", 7, 15, "rules[1].grace",
	"\"until\" is missing"},
    {"'for': '7d', 'until': '2027-03-01T00:00:00Z'", "'for': '7d'", 9, 15,
	"rules[2].grace", "\"until\" is missing"},
    /* Not JSON, or not strictly. */
    {"'refuse'}\n}\n", "'refuse'}\n}\n{}", 18, 1, "", "not JSON"},
    {"  'keys'", "  // keys\n  'keys'", 16, 3, "", "not JSON"},
    {"{\n", "# policy\n{\n", 1, 1, "", "not JSON"},
    {"{\n", "\xef\xbb\xbf{\n", 1, 1, "", "not JSON"},
    {"'optional',", "'optional'", 12, 3, "", "not JSON"},
    {"'refuse'}", "'refuse'},", 17, 1, "", "not JSON"},
    {"['deploy']", "['deploy',]", 5, 39, "", "not JSON"},
    {"'issuer': 'Ex", "'issuer': 'Ex\n", 3, 16, "", "control character"},
    {"'issuer': 'Ex", "'issuer': 'Ex\t", 3, 16, "", "control character"},
    {"'issuer': 'Ex", "'issuer': 'Ex\\u0000", 3, 16, "", "escape"},
    {"'issuer': 'Ex", "'issuer': 'Ex\\n", 3, 16, "", "escape"},
    {"'issuer': 'Ex", "'issuer': 'Ex\xff", 3, 16, "", "UTF-8"},
    {"'issuer': 'Ex", "'issuer': 'Ex\xc0\xaf", 3, 16, "", "UTF-8"},
    {"'Example-Bastion'", "Example-Bastion", 3, 13, "", "not JSON"},
    {"'refuse'}\n}\n", "'refuse", 16, 97, "", "without an end"},
    {"'free': 5", "'free': 05", 14, 60, "", "whole number"},
    {"'free': 5", "'free': 0123", 14, 60, "", "whole number"},
    {"'free': 5", "'free': 5.0", 14, 60, "", "whole number"},
    {"'free': 5", "'free': 1.5", 14, 60, "", "whole number"},
    {"'free': 5", "'free': 1e3", 14, 60, "", "whole number"},
    {"'free': 5", "'free': 5e0", 14, 60, "", "whole number"},
    {"'free': 5", "'free': +5", 14, 60, "", "not JSON"},
    {"'free': 5", "'free': NaN", 14, 60, "", "not JSON"},
    {"'optional'", "[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]", 11, 32, "", "deep"},
    /* Out of range. */
    {"'version': 1", "'version': 2", 2, 14, "version", "must be 1"},
    {"'version': 1", "'version': 0", 2, 14, "version", "must be 1"},
    {"'version': 1", "'version': -1", 2, 14, "version", "must be 1"},
    {"'free': 5", "'free': 0", 14, 60, "attempts.free", "1 to 20"},
    {"'free': 5", "'free': -5", 14, 60, "attempts.free", "1 to 20"},
    {"'free': 5", "'free': 21", 14, 60, "attempts.free", "1 to 20"},
    {"'free': 5", "'free': 9007199254740993", 14, 60, "attempts.free",
	"1 to 20"},
    {"'free': 5", "'free': 4294967301", 14, 60, "attempts.free", "1 to 20"},
    {"'free': 5", "'free': 18446744073709551621", 14, 60, "attempts.free",
	"1 to 20"},
    {"'stop': 100", "'stop': 1001", 14, 110, "attempts.stop", "1 to 1000"},
    {"'stop': 100", "'stop': 4", 14, 110, "attempts.stop", "free"},
    {"'per_login': 3", "'per_login': 11", 14, 31, "attempts.per_login",
	"1 to 10"},
    {"'max_devices': 3", "'max_devices': 0", 13, 50, "enrollment.max_devices",
	"1 to 8"},
    {"'max_devices': 3", "'max_devices': 9", 13, 50, "enrollment.max_devices",
	"1 to 8"},
    {"'timeout': '60s'", "'timeout': '1s'", 14, 45, "attempts.timeout", "2s"},
    {"'timeout': '60s'", "'timeout': '11m'", 14, 45, "attempts.timeout", "10m"},
    {"'backoff': '30s'", "'backoff': '0s'", 14, 74, "attempts.backoff", "1s"},
    {"'backoff_max': '1h'", "'backoff_max': '14m'", 14, 96,
	"attempts.backoff_max", "15m"},
    {"'backoff_max': '1h'", "'backoff_max': '8d'", 14, 96,
	"attempts.backoff_max", "7d"},
    /* Null, and the wrong kind. */
    {"'version': 1", "'version': null", 2, 14, "version", "number"},
    {"'version': 1", "'version': '1'", 2, 14, "version", "number"},
    {"'version': 1", "'version': true", 2, 14, "version", "number"},
    {"'Example-Bastion'", "null", 3, 13, "issuer", "string"},
    {"'Example-Bastion'", "7", 3, 13, "issuer", "string"},
    {"'optional'", "null", 11, 17, "otherwise", "must be"},
    {"'optional'", "true", 11, 17, "otherwise", "must be"},
    {"{'groups': ['helpdesk']}", "null", 12, 17, "admins", "object"},
    {"{'groups': ['helpdesk']}", "['helpdesk']", 12, 17, "admins", "object"},
    {"['helpdesk']", "'helpdesk'", 12, 28, "admins.groups", "list"},
    {"['helpdesk']", "{'helpdesk': 1}", 12, 28, "admins.groups", "list"},
    {"['helpdesk']", "[['helpdesk']]", 12, 29, "admins.groups[0]", "string"},
    {"['deploy']", "'deploy'", 5, 29, "rules[0].users", "list"},
    {"['deploy']", "[7]", 5, 30, "rules[0].users[0]", "string"},
    {"['deploy']", "['deploy', null]", 5, 40, "rules[0].users[1]", "string"},
    {"['deploy']", "['deploy', '']", 5, 40, "rules[0].users[1]", "empty"},
    {"'name': 'ci'", "'name': ''", 5, 14, "rules[0].name", "empty"},
    {"'name': 'ci'", "'name': 1", 5, 14, "rules[0].name", "string"},
    {"{'until': '2026-12-31T00:00:00Z'}", "null", 7, 15, "rules[1].grace",
	"object"},
    {"{'until': '2026-12-31T00:00:00Z'}", "'14d'", 7, 15, "rules[1].grace",
	"object"},
    {"'60s'", "60", 14, 45, "attempts.timeout", "duration"},
    {"'60s'", "null", 14, 45, "attempts.timeout", "duration"},
    /* Words. */
    {"'exempt'", "'Exempt'", 5, 91, "rules[0].mode", "optional, required"},
    {"'exempt'", "'off'", 5, 91, "rules[0].mode", "exempt"},
    {"'exempt'", "''", 5, 91, "rules[0].mode", "exempt"},
    {"'optional'", "'deny'", 11, 17, "otherwise", "exempt"},
    {"'self': 'grace'", "'self': 'never'", 13, 26, "enrollment.self", "always"},
    {"'refuse'", "'deny'", 16, 90, "keys.unlisted", "refuse or allow"},
    {OTHER, OTHER ",\n  'forwarding': 'yes'", 12, 17, "forwarding",
	"closed, after-code or open"},
    {OTHER, OTHER ",\n  'forwarding': ''", 12, 17, "forwarding", "after-code"},
    {OTHER, OTHER ",\n  'forwarding': true", 12, 17, "forwarding",
	"after-code"},
    {OTHER, OTHER ",\n  'forwarding': null", 12, 17, "forwarding",
	"after-code"},
    {EXEMPT, EXEMPT ", 'forwarding': 'after_code'", 5, 115,
	"rules[0].forwarding", "after-code"},
    {EXEMPT, EXEMPT ", 'Forwarding': 'open'", 5, 101, "rules[0].Forwarding",
	"unknown"},
    {"'.ssh/authorized_keys2'", "'/keys/%/%x'", 16, 52, "keys.files[1]",
	"only %h"},
    {"'.ssh/authorized_keys2'", "'/%h%u%U%%%'", 16, 52, "keys.files[1]",
	"only %h"},
    /* Hardware keys. */
    {EXEMPT, EXEMPT ", 'hardware_keys': 'enough'", 5, 118,
	"rules[0].hardware_keys", "exempt rule"},
    {EXEMPT, "'mode': 'optional', 'hardware_keys': 'yes'", 5, 120,
	"rules[0].hardware_keys", "enough-with-pin"},
    {EXEMPT, "'mode': 'optional', 'hardware_keys': ''", 5, 120,
	"rules[0].hardware_keys", "enough-with-pin"},
    {OTHER, OTHER ",\n  'hardware_keys': 'enough'", 12, 3, "hardware_keys",
	"unknown"},
    {"'refuse'", "'refuse', 'hardware_files': ['keys/%u']", 16, 119,
	"keys.hardware_files[0]", "begin with /"},
    {"'refuse'", "'refuse', 'hardware_files': ['/a', '%h/.ssh/sk']", 16, 125,
	"keys.hardware_files[1]", "begin with /"},
    {"'refuse'", "'refuse', 'hardware_files': ['/keys/%x']", 16, 119,
	"keys.hardware_files[0]", "only %h"},
    {"'refuse'", "'refuse', 'hardware_authorities': ['ca.pub']", 16, 125,
	"keys.hardware_authorities[0]", "begin with /"},
    {"'refuse'", "'refuse', 'hardware_authorities': ['/ca/%u']", 16, 125,
	"keys.hardware_authorities[0]", "without %"},
    {"'refuse'", "'refuse', 'hardware_files': '/keys'", 16, 118,
	"keys.hardware_files", "list"},
    /* Durations and times. */
    {"'60s'", "'60'", 14, 45, "attempts.timeout", "duration"},
    {"'60s'", "'1m30s'", 14, 45, "attempts.timeout", "duration"},
    {"'60s'", "'-60s'", 14, 45, "attempts.timeout", "duration"},
    {"'60s'", "'060s'", 14, 45, "attempts.timeout", "duration"},
    {"'60s'", "'60 s'", 14, 45, "attempts.timeout", "duration"},
    {"'60s'", "'60S'", 14, 45, "attempts.timeout", "duration"},
    {"'60s'", "'1.5m'", 14, 45, "attempts.timeout", "duration"},
    {"'12h'", "''", 15, 32, "remember.connection", "duration"},
    {"'12h'", "'99999999d'", 15, 32, "remember.connection", "duration"},
    {"'7d'", "'1w'", 9, 23, "rules[2].grace.for", "duration"},
    {"'2026-12-31T00:00:00Z'", "'2026-12-31'", 7, 25, "rules[1].grace.until",
	"time"},
    {"'2026-12-31T00:00:00Z'", "'2026-12-31T00:00:00+01:00'", 7, 25,
	"rules[1].grace.until", "time"},
    {"'2026-12-31T00:00:00Z'", "'2026-06-31T00:00:00Z'", 7, 25,
	"rules[1].grace.until", "time"},
    {"'2026-12-31T00:00:00Z'", "'14d'", 7, 25, "rules[1].grace.until", "time"},
    {"'2026-12-31T00:00:00Z'", "1798675200", 7, 25, "rules[1].grace.until",
	"time"},
    /* Addresses. */
    {"'10.2.0.0/16'", "'10.2.0.1/16'", 5, 50, "rules[0].from[0]", "host bits"},
    {"'10.2.0.0/16'", "'10.2.0.0/33'", 5, 50, "rules[0].from[0]", "address"},
    {"'10.2.0.0/16'", "'10.2.0.0/016'", 5, 50, "rules[0].from[0]", "address"},
    {"'10.2.0.0/16'", "'10.2'", 5, 50, "rules[0].from[0]", "address"},
    {"'10.2.0.0/16'", "'10.2.*'", 5, 50, "rules[0].from[0]", "address"},
    {"'10.2.0.0/16'", "'office'", 5, 50, "rules[0].from[0]", "address"},
    {"'10.2.0.0/16'", "''", 5, 50, "rules[0].from[0]", "address"},
    {"'2001:db8::/32'", "'2001:db8::1/32'", 5, 65, "rules[0].from[1]",
	"host bits"},
    /* Names. */
    {"['helpdesk']", "['@helpdesk']", 12, 29, "admins.groups[0]", "@"},
    {"['engineers']", "['@engineers']", 6, 38, "rules[1].groups[0]", "@"},
    {"['deploy']", "['deploy', '@ci']", 5, 40, "rules[0].users[1]", "@"},
    {"['engineers']", "['*']", 6, 38, "rules[1].groups[0]", "users"},
    {"['engineers']", "['staff', '*']", 6, 47, "rules[1].groups[1]", "users"},
    {"'!interns'", "'!*'", 8, 55, "rules[2].groups[1]", "!"},
    {"'!interns'", "'!'", 8, 55, "rules[2].groups[1]", "!"},
    {"['deploy']", "['deploy', '!*']", 5, 40, "rules[0].users[1]", "!"},
    /* Exclusions of nobody: those whom they meant would be exempt. */
    {"['deploy']", "['*', '!!root']", 5, 35, "rules[0].users[1]", "once"},
    {"['deploy']", "['*', '! root']", 5, 35, "rules[0].users[1]", "blank"},
    {"['deploy']", "['*', '!root ']", 5, 35, "rules[0].users[1]", "blank"},
    {"['deploy']", "['*', '!\u00a0root']", 5, 35, "rules[0].users[1]", "blank"},
    {"['deploy']", "['*', '!ro\u3000ot']", 5, 35, "rules[0].users[1]", "blank"},
    {"['deploy']", "['*', '! ']", 5, 35, "rules[0].users[1]", "blank"},
    {"['deploy']", "[' deploy']", 5, 30, "rules[0].users[0]", "blank"},
    {"'!interns'", "'!!interns'", 8, 55, "rules[2].groups[1]", "once"},
    {"'!interns'", "'! interns'", 8, 55, "rules[2].groups[1]", "blank"},
    {"['helpdesk']", "['helpdesk', '!!interns']", 12, 41, "admins.groups[1]",
	"once"},
    /* Rules that have no effect, or another one than they seem to have. */
    {"'users': ['deploy']", "'users': []", 5, 5, "rules[0]", "matches nobody"},
    {", 'users': ['deploy']", "", 5, 5, "rules[0]", "matches nobody"},
    {"['deploy']", "['!deploy']", 5, 5, "rules[0]", "matches nobody"},
    {"['contractors', '!interns']", "['!interns']", 8, 5, "rules[2]",
	"matches nobody"},
    {EXEMPT, EXEMPT ", 'grace': {'until': '2026-12-31T00:00:00Z'}", 5, 110,
	"rules[0].grace", "required"},
    {EXEMPT, "'mode': 'optional', 'grace': {'until': '2026-12-31T00:00:00Z'}",
	5, 112, "rules[0].grace", "required"},
    {", 'since': '2026-11-01T00:00:00Z',\n     'grace': {'for'",
	",\n     'grace': {'for'", 9, 15, "rules[2].grace", "since"},
    {"'engineers'], 'mode': 'required'",
	"'engineers'], 'until': '2026-12-31T00:00:00Z', 'mode': 'required'", 6,
	61, "rules[1].until", "exempt"},
    {EXEMPT, "'mode': 'optional', 'until': '2026-12-31T00:00:00Z'", 5, 112,
	"rules[0].until", "exempt"},
    {EXEMPT, EXEMPT ", 'until': '14d'", 5, 110, "rules[0].until", "time"},
    {"'name': 'contractors'", "'name': 'engineers'", 8, 14, "rules[2].name",
	"same name"},
    {"'name': 'engineers'", "'name': 'ci'", 6, 14, "rules[1].name",
	"same name"},
    {"Example-Bastion", "Example Bastion", 3, 13, "issuer", "A-Z"},
    {"Example-Bastion", "Example:Bastion", 3, 13, "issuer", "A-Z"},
    {"Example-Bastion", "Exampl\u00e9", 3, 13, "issuer", "A-Z"},
    {"Example-Bastion", "", 3, 13, "issuer", "empty"},
    {"Example-Bastion", "a23456789012345678901234567890123", 3, 13, "issuer",
	"32 bytes"},
    {"'ci'", "'" TEXT_256 "123'", 5, 14, "rules[0].name", "258 bytes"},
    {"'deploy'", "'" TEXT_256 "1'", 5, 30, "rules[0].users[0]", "256 bytes"},
};

Test(policy, takes_names_of_256_bytes)
{
	struct policy policy;

	fixture_policy("{'name': '@" TEXT_256 "', 'users': ['!" TEXT_255
		       "'], 'groups': ['" TEXT_256 "'], 'mode': 'exempt'}",
	    "", &policy);
	cr_expect_eq(strlen(policy.rules.items[0].groups.items[0].text), 256);
	policy_done(&policy);
}

Test(policy, refuses_a_mistake_and_says_where)
{
	for (size_t i = 0; i < COUNT(malformed); i++) {
		char text[QUOTED_MAX];
		struct json_error e = {.line = 0};
		struct policy policy = {.version = 77};

		fixture_change(
		    example, malformed[i].from, malformed[i].to, text);
		cr_expect_eq(policy_parse(text, strlen(text), &policy, &e),
		    FAULT_FORMAT, "%s", malformed[i].to);
		cr_expect_eq(e.line, malformed[i].line, "%s: line %d",
		    malformed[i].to, e.line);
		cr_expect_eq(e.column, malformed[i].column, "%s: column %d",
		    malformed[i].to, e.column);
		cr_expect_str_eq(
		    e.path, malformed[i].path, "%s", malformed[i].to);
		cr_expect_not_null(strstr(e.text, malformed[i].word), "%s: %s",
		    malformed[i].to, e.text);
		cr_expect_eq(policy.version, 77, "touched by a failure");
	}
}

/* An exclusion that excludes nobody: interns would be exempt. */
Test(policy, refuses_an_at_sign_behind_an_exclamation_mark)
{
	static const struct {
		const char *from, *to, *path;
	} cases[] = {
	    {"['deploy']", "['*', '!@interns']", "rules[0].users[1]"},
	    {"'!interns'", "'!@interns'", "rules[2].groups[1]"},
	    {"['helpdesk']", "['helpdesk', '!@interns']", "admins.groups[1]"},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char text[QUOTED_MAX];
		struct json_error e = {.line = 0};
		struct policy policy;
		enum fault fault;

		fixture_change(example, cases[i].from, cases[i].to, text);
		fault = policy_parse(text, strlen(text), &policy, &e);
		cr_expect_eq(fault, FAULT_FORMAT, "%s", cases[i].to);
		cr_expect_str_eq(e.path, cases[i].path);
		if (fault == FAULT_NONE)
			policy_done(&policy);
	}
}

Test(policy, refuses_a_nul_and_what_follows_it)
{
	struct json_error error;
	struct policy policy;
	char text[QUOTED_MAX];
	size_t len;

	fixture_quote(example, text);
	len = strlen(text);
	cr_expect_eq(
	    policy_parse(text, len + 1, &policy, &error), FAULT_FORMAT);
	text[strlen("{\n  \"version\": 1,\n  \"iss")] = '\0';
	cr_expect_eq(policy_parse(text, len, &policy, &error), FAULT_FORMAT);
	cr_expect_eq(error.line, 3);
}

Test(policy, refuses_what_is_too_large)
{
	size_t len = POLICY_MAX + 1;
	char *text = malloc(len + 1), quoted[QUOTED_MAX];
	struct json_error error;
	struct policy policy;

	cr_assert_not_null(text);
	memset(text, ' ', len);
	text[len] = '\0';
	fixture_quote(example, quoted);
	memcpy(text, quoted, strlen(quoted));
	cr_expect_eq(policy_parse(text, len, &policy, &error), FAULT_LIMIT);
	cr_expect_not_null(strstr(error.text, "larger than 262144"));
	text[len - 1] = '\0';
	cr_expect_eq(policy_parse(text, len - 1, &policy, &error), FAULT_NONE);
	policy_done(&policy);
	free(text);
}

/* Writes a policy with that many rules, each with that many users. */
static enum fault
parse_many(size_t rules, size_t users, struct json_error *ret_error)
{
	size_t size = rules * (users * 8 + 80) + 256, n = 0;
	char *text = malloc(size);
	struct policy policy;
	enum fault fault;

	cr_assert_not_null(text);
	n += (size_t)sprintf(text + n,
	    "{\"version\":1,\"issuer\":\"a\","
	    "\"rules\":[");
	for (size_t i = 0; i < rules; i++) {
		n += (size_t)sprintf(text + n,
		    "%s{\"name\":\"r%zu\",\"mode\":\"exempt\",\"users\":[",
		    i > 0 ? "," : "", i);
		for (size_t k = 0; k < users; k++)
			n += (size_t)sprintf(
			    text + n, "%s\"u%zu\"", k > 0 ? "," : "", k);
		n += (size_t)sprintf(text + n, "]}");
	}
	n += (size_t)sprintf(text + n, "],\"otherwise\":\"optional\"}");
	fault = policy_parse(text, n, &policy, ret_error);
	if (fault == FAULT_NONE)
		policy_done(&policy);
	free(text);
	return fault;
}

Test(policy, has_limits_to_its_lists)
{
	struct json_error error;

	cr_expect_eq(parse_many(POLICY_RULES, 1, &error), FAULT_NONE);
	cr_expect_eq(parse_many(POLICY_RULES + 1, 1, &error), FAULT_FORMAT);
	cr_expect_str_eq(error.path, "rules");
	cr_expect_eq(parse_many(1, POLICY_NAMES, &error), FAULT_NONE);
	cr_expect_eq(parse_many(1, POLICY_NAMES + 1, &error), FAULT_FORMAT);
	cr_expect_str_eq(error.path, "rules[0].users");
}

Test(policy, requires_a_code_of_everyone_where_there_is_none)
{
	struct policy policy, again;
	struct json_error error;
	char *text = NULL;

	cr_assert_eq(policy_builtin(&policy), FAULT_NONE);
	cr_expect_eq(policy.otherwise, MODE_REQUIRED);
	cr_expect_eq(policy.rules.count, 0);
	cr_expect_eq(policy.enrollment.self, SELF_ALWAYS);
	cr_assert_eq(policy_format(&policy, true, &text), FAULT_NONE);
	cr_expect_eq(
	    policy_parse(text, strlen(text), &again, &error), FAULT_NONE);
	policy_done(&again);
	policy_done(&policy);
	free(text);
}

Test(policy, leaves_nothing_behind_when_done)
{
	struct policy policy = parse_example();
	static const struct policy nothing;

	policy_done(&policy);
	cr_expect_eq(
	    memcmp(&policy.rules, &nothing.rules, sizeof(policy.rules)), 0);
	cr_expect_eq(policy.rules.count, 0);
	policy_done(&policy);
}
