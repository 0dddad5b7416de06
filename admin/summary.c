/*
 * users --summary: how far a roll-out is, by group.  A user counts in each
 * group that a rule of the policy names, and once in the total.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "summary.h"

#define BAR 20

struct tally {
	struct name name; /* a group, or "all" */
	size_t users;
	size_t states[STATE_PENDING + 1];
};

struct summary {
	JSON_LIST_OF(struct tally) tallies; /* the first is everyone */
	struct policy policy;
};

static bool
add_tally(struct summary *summary, const char *name)
{
	struct tally *tally;

	for (size_t i = 0; i < summary->tallies.count; i++)
		if (strcmp(summary->tallies.items[i].name.text, name) == 0)
			return true;
	tally = json_list_add(&summary->tallies, sizeof(*tally));
	if (tally != NULL)
		snprintf(
		    tally->name.text, sizeof(tally->name.text), "%s", name);
	return tally != NULL;
}

struct summary *
summary_new(const struct admin *admin)
{
	struct summary *summary = calloc(1, sizeof(*summary));

	if (summary == NULL || admin_load(admin, &summary->policy) != 0) {
		free(summary);
		return NULL;
	}
	add_tally(summary, "all users");
	for (size_t i = 0; i < summary->policy.rules.count; i++) {
		const struct rule *rule = &summary->policy.rules.items[i];

		for (size_t k = 0; k < rule->groups.count; k++) {
			const char *group = rule->groups.items[k].text;

			add_tally(summary, group + (group[0] == '!'));
		}
	}
	return summary;
}

static void
count(struct tally *tally, const struct user_row *row)
{
	tally->users++;
	tally->states[row->state]++;
}

void
summary_add(struct summary *summary, const struct user_row *row,
    struct groups_user *user)
{
	if (summary->tallies.count > 0)
		count(&summary->tallies.items[0], row);
	if (user == NULL)
		return;
	for (size_t i = 1; i < summary->tallies.count; i++)
		if (groups_member(user, summary->tallies.items[i].name.text) ==
		    GROUP_INSIDE)
			count(&summary->tallies.items[i], row);
}

/* Who has a second factor, also while locked out or exempt: adoption is
 * enrolled against all who are not exempt. */
static size_t
percent(const struct tally *tally)
{
	size_t all = tally->users - tally->states[STATE_EXEMPT];
	size_t done = tally->states[STATE_ENROLLED] +
	    tally->states[STATE_LOCKED];

	return all > 0 ? done * 100 / all : 0;
}

static void
print_json(const struct tally *tally, bool all)
{
	printf("{\"group\":");
	if (all)
		printf("null");
	else
		admin_print_string(tally->name.text);
	printf(",\"users\":%zu", tally->users);
	for (int i = STATE_EXEMPT; i <= STATE_PENDING; i++)
		printf(",\"%s\":%zu", state_names[i], tally->states[i]);
	printf(",\"adoption\":%zu}\n", percent(tally));
}

static bool
add_line(struct table *table, const struct tally *tally)
{
	char cells[STATE_PENDING + 3][24], bar[BAR + 8];
	const char *line[STATE_PENDING + 3];
	size_t done = percent(tally) * BAR / 100;

	line[0] = tally->name.text;
	snprintf(cells[0], sizeof(cells[0]), "%zu", tally->users);
	line[1] = cells[0];
	for (int i = STATE_EXEMPT; i <= STATE_PENDING; i++) {
		snprintf(cells[i], sizeof(cells[i]), "%zu", tally->states[i]);
		line[1 + i] = cells[i];
	}
	for (size_t i = 0; i < BAR; i++)
		bar[i] = i < done ? '#' : '.';
	snprintf(bar + BAR, sizeof(bar) - BAR, " %zu%%", percent(tally));
	line[STATE_PENDING + 2] = bar;
	return table_row(table, line);
}

int
summary_print(const struct summary *summary, bool json)
{
	static const char *const headings[] = {"GROUP", "USERS", "EXEMPT",
	    "LOCKED", "ENROLLED", "INVITED", "BLOCKED", "OVERDUE", "GRACE",
	    "PENDING", "ADOPTION"};
	struct table *table = table_new(
	    headings, sizeof(headings) / sizeof(headings[0]));
	bool ok = table != NULL;

	for (size_t i = 0; ok && i < summary->tallies.count; i++) {
		if (json)
			print_json(&summary->tallies.items[i], i == 0);
		else
			ok = add_line(table, &summary->tallies.items[i]);
	}
	ok = ok && (json || table_print(table));
	table_free(table);
	return ok ? ADMIN_DONE : ADMIN_NOT;
}

void
summary_free(struct summary *summary)
{
	if (summary == NULL)
		return;
	policy_done(&summary->policy);
	free(summary->tallies.items);
	free(summary);
}
