/* Changes of the policy, and the losses of a user by them. */
#include "store/core/weigh.h"

#include <criterion/criterion.h>
#include <string.h>

#include "store/base/when.h"
#include "tests/unit/fixture.h"

#define START_S 1793491200 /* 2026-11-01T00:00:00Z */

#define RULE(name, who, mode) \
	"{'name': '" name "', " who ", 'mode': '" mode "'}"
#define REQUIRED RULE("all", "'users': ['*']", "required")
#define OPTIONAL RULE("all", "'users': ['*']", "optional")
#define EXEMPT   RULE("all", "'users': ['*']", "exempt")
#define GRACE(until)                                                    \
	"{'name': 'all', 'users': ['*'], 'mode': 'required', 'grace': " \
	"{'until': '" until "'}}"
#define OFFICE                                                         \
	"{'name': 'office', 'users': ['*'], 'from': ['10.2.0.0/16'], " \
	"'mode': 'exempt'}, "

struct change {
	const char *old, *new;
	bool device;
	const char *loses; /* w: way in, k: all but a key, c: code, g: grace */
};

static struct loss
weigh_with(const struct change *change, const char *old_rest,
    const char *new_rest, const struct record *given)
{
	struct fixture_groups groups = {.inside = {"staff"}};
	struct record record;
	struct subject subject = {.user = "alice",
	    .now_s = START_S,
	    .last_rule = "",
	    .member = fixture_member,
	    .ctx = &groups};
	struct policy old, new;
	struct places places;
	struct loss loss;

	record_init(&record, "alice", 1000);
	if (given != NULL)
		record = *given;
	if (change->device)
		cr_assert_not_null(
		    list_add(&record.devices, sizeof(struct device)));
	fixture_policy(change->old, old_rest, &old);
	fixture_policy(change->new, new_rest, &new);
	weigh_places(&old, &new, &places);
	cr_expect_eq(weigh(&old, &new, &places, &subject, &record, &loss),
	    change->loses[0] != '\0', "%s", change->new);
	policy_done(&old);
	policy_done(&new);
	record_done(&record);
	return loss;
}

static struct loss
weigh_change(const struct change *change, const struct record *given)
{
	return weigh_with(change, "", "", given);
}

#define ENOUGH                                                 \
	"{'name': 'all', 'users': ['*'], 'mode': 'required', " \
	"'hardware_keys': 'enough'}"
#define GRACED_KEYS                                            \
	"{'name': 'all', 'users': ['*'], 'mode': 'required', " \
	"'grace': {'until': '2026-12-01T00:00:00Z'}, "         \
	"'hardware_keys': 'enough'}"
#define KEYS ",'keys': {'hardware_files': ['/etc/ssh/keys/%u']}"

/* Where no hardware key is enough any more, users without a device are shut
 * out. */
Test(weigh, takes_a_hardware_key_for_a_way_in)
{
	static const struct {
		struct change change;
		const char *old, *new;
	} cases[] = {
	    {{ENOUGH, REQUIRED, false, "w"}, KEYS, KEYS},
	    {{ENOUGH, ENOUGH, false, "w"}, KEYS, ""},
	    {{ENOUGH, REQUIRED, true, ""}, KEYS, KEYS},
	    /* It is not known that they have one. */
	    {{OPTIONAL, ENOUGH, false, "k"}, KEYS, KEYS},
	    {{GRACED_KEYS, ENOUGH, false, "k"}, KEYS, KEYS},
	    {{ENOUGH, ENOUGH, false, ""}, KEYS, KEYS},
	    {{REQUIRED, ENOUGH, false, ""}, KEYS, KEYS},
	    {{OPTIONAL, GRACED_KEYS, false, ""}, KEYS, KEYS},
	    {{OPTIONAL, ENOUGH, true, ""}, KEYS, KEYS},
	    {{REQUIRED, ENOUGH, true, ""}, KEYS, KEYS},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct loss loss = weigh_with(
		    &cases[i].change, cases[i].old, cases[i].new, NULL);
		char loses = cases[i].change.loses[0];

		cr_expect_eq(loss.way_in, loses == 'w', "%zu: way in", i);
		cr_expect_eq(loss.keyless, loses == 'k', "%zu: a key", i);
	}
}

Test(weigh, says_what_a_user_loses)
{
	static const struct change changes[] = {
	    /* a way in */
	    {OPTIONAL, REQUIRED, false, "w"},
	    {EXEMPT, REQUIRED, false, "w"},
	    {EXEMPT, REQUIRED, true, ""},
	    {OPTIONAL, REQUIRED, true, ""},
	    {REQUIRED, REQUIRED, false, ""},
	    {OPTIONAL, RULE("a", "'groups': ['no-such']", "optional"), true,
		"w"},
	    /* time */
	    {GRACE("2026-12-01T00:00:00Z"), REQUIRED, false, "wg"},
	    {GRACE("2026-12-01T00:00:00Z"), GRACE("2026-11-02T00:00:00Z"),
		false, "g"},
	    {GRACE("2026-11-02T00:00:00Z"), GRACE("2026-12-01T00:00:00Z"),
		false, ""},
	    {GRACE("2026-12-01T00:00:00Z"), REQUIRED, true, ""},
	    {OPTIONAL, GRACE("2026-12-01T00:00:00Z"), false, ""},
	    {REQUIRED, GRACE("2026-12-01T00:00:00Z"), false, ""},
	    /* the code */
	    {REQUIRED, EXEMPT, true, "c"},
	    {REQUIRED, EXEMPT, false, "c"},
	    {REQUIRED, OPTIONAL, true, ""},
	    {REQUIRED, OPTIONAL, false, "c"},
	    {OPTIONAL, EXEMPT, true, "c"},
	    {OPTIONAL, EXEMPT, false, ""},
	    {REQUIRED, RULE("b", "'users': ['bob']", "required") ", " EXEMPT,
		true, "c"},
	    /* from some network only */
	    {REQUIRED, OFFICE REQUIRED, true, "c"},
	    {REQUIRED,
		"{'name': 'any', 'users': ['*'], 'from': "
		"['0.0.0.0/0'], 'mode': 'exempt'}, " REQUIRED,
		true, "c"},
	    {OFFICE REQUIRED, REQUIRED, false, "w"},
	    {OFFICE REQUIRED, REQUIRED, true, ""},
	    {OFFICE REQUIRED, OFFICE REQUIRED, true, ""},
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct loss loss = weigh_change(&changes[i], NULL);
		const char *loses = changes[i].loses;

		cr_expect_eq(
		    loss.way_in, strchr(loses, 'w') != NULL, "%zu: way in", i);
		cr_expect_eq(
		    loss.code, strchr(loses, 'c') != NULL, "%zu: code", i);
		cr_expect_eq(
		    loss.grace, strchr(loses, 'g') != NULL, "%zu: grace", i);
	}
}

/* Wrong codes of today must not hide that the user is shut out for good. */
Test(weigh, looks_behind_a_lock)
{
	struct record record;
	const struct change change = {OPTIONAL, REQUIRED, false, "w"};

	record_init(&record, "alice", 1000);
	record.failures.known = (struct counter){.count = 50,
	    .last_s = START_S,
	    .spent = 50,
	    .spent_since_s = START_S};
	record.failures.other = record.failures.known;
	cr_expect(weigh_change(&change, &record).way_in);
}

Test(weigh, says_which_time_was_promised)
{
	const struct change change = {
	    GRACE("2026-12-01T00:00:00Z"), REQUIRED, false, "wg"};

	cr_expect_eq(weigh_change(&change, NULL).until_s, START_S + 30 * DAY_S);
}

Test(weigh, compares_both_ends_of_each_network_once)
{
	struct policy old, new;
	struct places places;
	char text[ADDRESS_TEXT];

	fixture_policy(OFFICE REQUIRED, "", &old);
	fixture_policy(OFFICE "{'name': 'b', 'users': ['*'], 'from': "
			      "['192.0.2.7'], 'mode': 'exempt'}",
	    "", &new);
	weigh_places(&old, &new, &places);
	cr_assert_eq(places.count, 4);
	cr_expect_not(places.more);
	address_format(&places.at[1], text);
	cr_expect_str_eq(text, "192.0.2.7", "what changed comes first");
	address_format(&places.at[2], text);
	cr_expect_str_eq(text, "10.2.0.0");
	address_format(&places.at[3], text);
	cr_expect_str_eq(text, "10.2.255.255");
	policy_done(&old);
	policy_done(&new);
}
