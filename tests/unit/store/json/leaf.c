#include "store/json/leaf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

struct seen {
	char text[2048];
	size_t stop; /* after so many; 0: never */
	size_t count;
};

static bool
note_leaf(void *ctx, const struct leaf *leaf)
{
	struct seen *seen = ctx;
	size_t len = strlen(seen->text);

	snprintf(seen->text + len, sizeof(seen->text) - len, "%s=%s\n",
	    leaf->key, leaf->text);
	return ++seen->count != seen->stop;
}

Test(json_leaf, gives_each_value_with_its_key)
{
	struct seen seen = {.stop = 0};
	struct policy policy;

	fixture_policy("{'name': 'a.b', 'users': ['x', '!y'], 'from': "
		       "['10.0.0.0/8'], 'mode': 'required', 'since': "
		       "'2026-11-01T00:00:00Z', 'grace': {'for': '7d', "
		       "'until': '2027-03-01T00:00:00Z'}}",
	    "", &policy);
	cr_assert(policy_leaves(&policy, note_leaf, &seen));
	cr_expect_not_null(strstr(seen.text,
			       "rules.a.b.name=a.b\n"
			       "rules.a.b.users=x\nrules.a.b.users=!y\n"
			       "rules.a.b.from=10.0.0.0/8\n"
			       "rules.a.b.mode=required\n"
			       "rules.a.b.since=2026-11-01T00:00:00Z\n"
			       "rules.a.b.grace.for=7d\n"
			       "rules.a.b.grace.until=2027-03-01T00:00:00Z\n"),
	    "%s", seen.text);
	cr_expect_not_null(strstr(seen.text, "\nattempts.timeout=1m\n"));
	cr_expect_null(strstr(seen.text, "a.b.by="));
	cr_expect_null(strstr(seen.text, "a.b.forwarding="));
	policy_done(&policy);
}

Test(json_leaf, ends_where_it_is_told_to)
{
	struct seen seen = {.stop = 2};
	struct policy policy;

	fixture_policy(
	    "{'name': 'a', 'users': ['x'], 'mode': 'exempt'}", "", &policy);
	cr_expect_not(policy_leaves(&policy, note_leaf, &seen));
	cr_expect_eq(seen.count, 2);
	policy_done(&policy);
}
