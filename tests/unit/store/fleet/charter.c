#include "store/fleet/charter.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/core/policy.h"
#include "tests/unit/fixture.h"

#define ID "'id': '0123456789abcdef0123456789abcdef'"

static enum fault
parse(const char *text, struct charter *ret, struct json_error *error)
{
	char quoted[QUOTED_MAX];

	fixture_quote(text, quoted);
	return charter_parse(quoted, strlen(quoted), ret, error);
}

Test(charter, reads_what_it_writes)
{
	const struct charter written = {
	    "0123456789abcdef0123456789abcdef", 3, 1, "bastion.example.com"};
	struct charter read;
	struct json_error error;
	char *text;

	cr_assert_eq(charter_format(&written, &text), FAULT_NONE);
	cr_assert_eq(
	    charter_parse(text, strlen(text), &read, &error), FAULT_NONE);
	cr_expect_str_eq(read.id, written.id);
	cr_expect_eq(read.epoch, 3);
	cr_expect_eq(read.level, 1);
	cr_expect_str_eq(read.name, written.name);
	free(text);
}

/* A bastion must read a level above its own, to say that it is too old. */
Test(charter, reads_a_level_above_ours)
{
	struct charter read;
	struct json_error error;

	cr_expect_eq(parse("{" ID ", 'epoch': 1, 'level': 99, 'name': 'b'}",
			 &read, &error),
	    FAULT_NONE);
	cr_expect_eq(read.level, 99);
}

Test(charter, refuses_what_is_odd)
{
	static const char *const odd[] = {
	    "{" ID ", 'epoch': 1, 'level': 1}",
	    "{" ID ", 'epoch': 0, 'level': 1, 'name': 'b'}",
	    "{" ID ", 'epoch': 65536, 'level': 1, 'name': 'b'}",
	    "{" ID ", 'epoch': 1, 'level': 0, 'name': 'b'}",
	    "{" ID ", 'epoch': 1, 'level': 1, 'name': ''}",
	    "{" ID ", 'epoch': 1, 'level': 1, 'name': 'b', 'more': 1}",
	    "{'id': '0123', 'epoch': 1, 'level': 1, 'name': 'b'}",
	    "{'id': '0123456789ABCDEF0123456789ABCDEF', 'epoch': 1, "
	    "'level': 1, 'name': 'b'}",
	};
	struct charter read = {.epoch = 7};
	struct json_error error;

	for (size_t i = 0; i < COUNT(odd); i++) {
		cr_expect_eq(
		    parse(odd[i], &read, &error), FAULT_FORMAT, "%s", odd[i]);
		cr_expect_eq(read.epoch, 7);
	}
}

/* Policies that may only be put where all bastions know the key, however it is
 * written, and even with a value that changes nothing; and others. */
Test(charter, takes_no_policy_that_a_bastion_cannot_read)
{
#define USER   "'users':['*'],'mode':'required'"
#define RULE   "{'name':'r'," USER
#define OTHERS "{'name':'a'," USER "}," RULE
	static const struct {
		const char *rules, *rest;
		bool newer;
	} cases[] = {
	    {RULE ",'hardware_keys':'enough'}", "", true},
	    {OTHERS ",'hardware_keys' :'asked'}", "", true},
	    {RULE ",'\\u0068ardware_keys':'asked'}", "", true},
	    {"", ",'keys':{'hardware_files'\n:['/a']}", true},
	    {"", ",'keys':{'hardware_files':[]}", true},
	    {"", ",'\\u006beys':{'hardware\\u005ffiles':[]}", true},
	    {"", ",'keys':{'files':[],'hardware_authorities':[]}", true},
	    {OTHERS "}", ",'keys':{'files':['hardware_files']}", false},
	    {RULE ",'by':'hardware_keys'}", "", false},
	    {"", "", false},
	};
	struct charter charter = {.level = CHARTER_HARDWARE};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct json_error error;
		struct policy policy;
		char text[QUOTED_MAX], quoted[QUOTED_MAX];
		size_t len;

		snprintf(text, sizeof(text),
		    "{'version':1,'issuer':'T','rules':[%s],'otherwise':"
		    "'required'%s}",
		    cases[i].rules, cases[i].rest);
		fixture_quote(text, quoted);
		len = strlen(quoted);
		cr_assert_eq(policy_parse(quoted, len, &policy, &error),
		    FAULT_NONE, "%zu: %s: %s", i, error.path, error.text);
		policy_done(&policy);
		charter.level = CHARTER_HARDWARE;
		cr_expect(charter_takes_policy(&charter, quoted, len));
		charter.level = CHARTER_HARDWARE - 1;
		cr_expect_eq(charter_takes_policy(&charter, quoted, len),
		    !cases[i].newer, "%s", quoted);
	}
#undef OTHERS
#undef RULE
#undef USER
}
