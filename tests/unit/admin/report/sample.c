#include "tests/unit/admin/report/sample.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "tests/unit/fixture.h"

#define PUT(text, ...) snprintf(text, sizeof(text), __VA_ARGS__)

static void
fill_policy(
    const char *person, const char *address, const char *word, void *policy)
{
	struct policy *ret = policy;
	struct rule *rule;

	fixture_policy(
	    "{'name':'x','users':['*','!z'],'groups':['ops','!interns'],"
	    "'from':['10.2.0.0/16'],'mode':'exempt'},"
	    "{'name':'y','users':['z'],'mode':'required',"
	    "'since':'2026-01-01T00:00:00Z',"
	    "'grace':{'until':'2027-01-01T00:00:00Z','for':'14d'}}",
	    ",'admins':{'users':['z'],'groups':['ops']}", ret);
	PUT(ret->issuer, "%.30s", word);
	rule = &ret->rules.items[0];
	PUT(rule->name, "%s", person);
	PUT(rule->users.items[1].text, "!%s", person);
	cr_assert(prefix_parse(address, &rule->from.items[0]) ||
	    strchr(address, '<') != NULL);
	PUT(ret->rules.items[1].name, "@%s", word);
	PUT(ret->rules.items[1].users.items[0].text, "%s", person);
	PUT(ret->admins.users.items[0].text, "%s", person);
}

#define ADD(list)                                                       \
	__extension__({                                                 \
		void *item_ = list_add(&(list), sizeof(*(list).items)); \
		cr_assert_not_null(item_);                              \
		(__typeof__((list).items))item_;                        \
	})

static void
add_users(struct report_users *users, const char *person, int state)
{
	struct report_user *user = ADD(users->list);

	PUT(user->user, "%s", person);
	PUT(user->rule, "%s", person);
	user->state = state;
	user->when_s = NOW_S + 86400;
	users->total = 60;
}

static void
add_change(struct report_changes *changes, const char *person,
    const char *address, const char *word)
{
	struct report_change *change = ADD(changes->list);

	change->time_s = NOW_S - 5000;
	PUT(change->event, "%.32s", word);
	PUT(change->actor, "%s", person);
	PUT(change->user, "%s", person);
	PUT(change->detail, "%s from %s", person, address);
	change->refused = true;
	changes->total = 70;
}

static void
add_lists(struct report *ret, const char *person, const char *address,
    const char *word)
{
	struct report_use *use = ADD(ret->uses);
	struct exemption *row = ADD(ret->exemptions);
	struct report_emergency *emergency = ADD(ret->emergencies);
	struct report_reason *reason = ADD(ret->reasons);

	PUT(use->user, "%s", person);
	PUT(use->rule, "%s", person);
	PUT(use->address, "%.45s", address);
	use->logins = 12345;
	use->last_s = NOW_S;
	ret->exempt_users = 80;
	PUT(row->rule, "%s", person);
	PUT(row->who, "%s", person);
	PUT(row->from, "%s", address);
	PUT(row->by, "%s", person);
	PUT(emergency->user, "%s", person);
	PUT(reason->verdict, "deny");
	PUT(reason->reason, "%.32s", word);
	reason->count = 3;
}

static void
add_sources(struct report *ret, const char *person, const char *word)
{
	static const char *const statuses[] = {"ok", "warn", "FAIL"};
	struct report_file *file = ADD(ret->files);

	PUT(file->name, "/home/%s/%s", person, word);
	PUT(file->why, "%s", word);
	for (size_t i = 0; i < COUNT(statuses); i++) {
		struct report_finding *finding = ADD(ret->findings);

		PUT(finding->check, "%.32s", word);
		PUT(finding->status, "%s", statuses[i]);
		finding->detail = strdup(person);
		finding->fix = strdup(person);
	}
	PUT(ret->findings_why, "%s", word);
	PUT(ret->directory, "%.60s", word);
}

void
sample_report(const char *person, const char *address, const char *word,
    struct report *ret)
{
	struct report_group *group;

	*ret = (struct report){.made_s = NOW_S,
	    .since_s = NOW_S - 90 * 86400,
	    .until_s = NOW_S,
	    .first_day = 20000,
	    .with_device = 7,
	    .suppressed = 1,
	    .codes_refused = 2,
	    .reasons_left = 4,
	    .lines = 1234567,
	    .damaged = 8,
	    .went_back = true,
	    .begins_s = NOW_S};
	PUT(ret->host, "%s", word);
	PUT(ret->by, "%s", person);
	PUT(ret->group, "%s", word);
	fill_policy(person, address, word, &ret->policy);
	for (int i = 0; i < 90; i++) {
		struct report_day *day = ADD(ret->days);

		*day = (struct report_day){i, i / 3, i % 4, i % 2};
	}
	group = ADD(ret->groups);
	group->users = 10;
	group->states[STATE_ENROLLED] = 7;
	group->states[STATE_OVERDUE] = 2;
	group->states[STATE_GRACE] = 1;
	group = ADD(ret->groups);
	PUT(group->name.text, "%s", person);
	*ADD(ret->of_people) = group->name;
	add_users(&ret->overdue, person, STATE_OVERDUE);
	add_users(&ret->grace, person, STATE_GRACE);
	add_users(&ret->shut, person, STATE_BLOCKED);
	add_users(&ret->gone, person, STATE_GONE);
	add_change(&ret->policy_changes, person, address, word);
	ret->policy_made = ret->policy_changes.total;
	add_change(&ret->user_changes, person, address, word);
	add_lists(ret, person, address, word);
	add_sources(ret, person, word);
}

char *
sample_page(const struct report *report)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(out);
	cr_assert(report_draw(report, out));
	cr_assert_eq(fclose(out), 0);
	return text;
}
