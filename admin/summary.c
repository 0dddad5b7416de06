/*
 * users --summary: the progress of a roll-out, by group. A user counts in each
 * group that a rule of the policy names, and once in the total.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/csv.h"
#include "admin/adoption.h"
#include "admin/summary.h"

#define BAR     20
#define COLUMNS (STATE_PENDING + 4) /* group, users, states, adoption, bar */

struct headcount {
	struct name name; /* a group, or "all" */
	size_t users;
	size_t states[STATE_PENDING + 1];
};

struct summary {
	LIST_OF(struct headcount) headcounts; /* the first is for everyone */
	struct policy policy;
};

static bool
add_headcount(struct summary *summary, const char *name)
{
	struct headcount *count;

	for (size_t i = 0; i < summary->headcounts.count; i++)
		if (strcmp(summary->headcounts.items[i].name.text, name) == 0)
			return true;
	count = list_add(&summary->headcounts, sizeof(*count));
	if (count != NULL)
		snprintf(
		    count->name.text, sizeof(count->name.text), "%s", name);
	return count != NULL;
}

struct summary *
summary_new(const struct admin *admin)
{
	struct summary *summary = calloc(1, sizeof(*summary));
	bool whole;

	if (summary == NULL || admin_load(admin, &summary->policy) != 0) {
		free(summary);
		return NULL;
	}
	whole = add_headcount(summary, "all users");
	for (size_t i = 0; i < summary->policy.rules.count; i++) {
		const struct rule *rule = &summary->policy.rules.items[i];

		for (size_t k = 0; k < rule->groups.count; k++) {
			const char *group = rule->groups.items[k].text;

			whole &= add_headcount(
			    summary, group + (group[0] == '!'));
		}
	}
	if (whole)
		return summary;
	admin_say("out of memory");
	summary_free(summary);
	return NULL;
}

static void
headcount_add(struct headcount *count, const struct user_row *row)
{
	count->users++;
	count->states[row->state]++;
}

void
summary_add(struct summary *summary, const struct user_row *row,
    struct groups_user *user)
{
	if (summary->headcounts.count > 0)
		headcount_add(&summary->headcounts.items[0], row);
	if (user == NULL)
		return;
	for (size_t i = 1; i < summary->headcounts.count; i++)
		if (groups_member(user,
			summary->headcounts.items[i].name.text) == GROUP_INSIDE)
			headcount_add(&summary->headcounts.items[i], row);
}

static size_t
percent(const struct headcount *count)
{
	return adoption_of(count->users, count->states).percent;
}

static void
headcount_print_json(const struct headcount *count, bool all)
{
	if (all)
		printf("{\"group\":null");
	else
		admin_print_string("{\"group\":", count->name.text);
	printf(",\"users\":%zu", count->users);
	for (int i = STATE_EXEMPT; i <= STATE_PENDING; i++)
		printf(",\"%s\":%zu", state_names[i], count->states[i]);
	printf(",\"adoption\":%zu}\n", percent(count));
}

/* True for a state that every roll-out has, or that somebody is in. */
static bool
is_shown(const struct summary *summary, int state)
{
	bool shown = state == STATE_ENROLLED || state == STATE_OVERDUE ||
	    state == STATE_GRACE || state == STATE_PENDING;

	for (size_t i = 0; i < summary->headcounts.count; i++)
		shown |= summary->headcounts.items[i].states[state] > 0;
	return shown;
}

static struct table *
new_table(const struct summary *summary)
{
	static const char *const states[] = {[STATE_EXEMPT] = "EXEMPT",
	    [STATE_LOCKED] = "LOCKED",
	    [STATE_ENROLLED] = "ENROLLED",
	    [STATE_HARDWARE] = "HARDWARE",
	    [STATE_INVITED] = "INVITED",
	    [STATE_BLOCKED] = "BLOCKED",
	    [STATE_GONE] = "GONE",
	    [STATE_OVERDUE] = "OVERDUE",
	    [STATE_GRACE] = "GRACE",
	    [STATE_PENDING] = "PENDING"};
	const char *headings[COLUMNS] = {"GROUP", "USERS"};
	struct table *table;
	size_t n = 2;

	for (int i = STATE_EXEMPT; i <= STATE_PENDING; i++)
		if (is_shown(summary, i))
			headings[n++] = states[i];
	headings[n++] = "ADOPTION";
	headings[n++] = "";
	table = table_new(headings, n);
	if (table != NULL)
		table_spare(table, n - 1, 1);
	return table;
}

static bool
summary_add_line(struct table *table, const struct summary *summary,
    const struct headcount *count)
{
	char cells[COLUMNS][24], bar[BAR + 1] = "";
	const char *line[COLUMNS] = {count->name.text, cells[1]};
	size_t done = percent(count) * BAR / 100, n = 2;

	snprintf(cells[1], sizeof(cells[1]), "%zu", count->users);
	for (int i = STATE_EXEMPT; i <= STATE_PENDING; i++) {
		if (!is_shown(summary, i))
			continue;
		snprintf(cells[n], sizeof(cells[n]), "%zu", count->states[i]);
		line[n] = cells[n];
		n++;
	}
	snprintf(cells[n], sizeof(cells[n]), "%zu%%", percent(count));
	line[n] = cells[n];
	for (size_t i = 0; i < BAR; i++)
		bar[i] = i < done ? '#' : '.';
	line[n + 1] = bar;
	return table_row(table, line);
}

static int
print_table(const struct summary *summary)
{
	struct table *table = new_table(summary);
	bool ok = table != NULL;

	for (size_t i = 0; ok && i < summary->headcounts.count; i++)
		ok = summary_add_line(
		    table, summary, &summary->headcounts.items[i]);
	ok = ok && table_print(table);
	table_free(table);
	return ok ? ADMIN_DONE : ADMIN_NOT;
}

static int
print_summary_csv(const struct summary *summary)
{
	struct csv csv = {.to = stdout};

	csv_text(&csv, "group");
	csv_text(&csv, "users");
	for (int i = STATE_EXEMPT; i <= STATE_PENDING; i++)
		csv_text(&csv, state_names[i]);
	csv_text(&csv, "adoption");
	csv_end(&csv);
	for (size_t i = 0; i < summary->headcounts.count; i++) {
		const struct headcount *count = &summary->headcounts.items[i];

		csv_text(&csv, i > 0 ? count->name.text : "");
		csv_number(&csv, (int64_t)count->users);
		for (int k = STATE_EXEMPT; k <= STATE_PENDING; k++)
			csv_number(&csv, (int64_t)count->states[k]);
		csv_number(&csv, (int64_t)percent(count));
		csv_end(&csv);
	}
	return ADMIN_DONE;
}

int
summary_print(const struct summary *summary, const struct admin *admin)
{
	if (admin->csv)
		return print_summary_csv(summary);
	if (!admin->json)
		return print_table(summary);
	for (size_t i = 0; i < summary->headcounts.count; i++)
		headcount_print_json(&summary->headcounts.items[i], i == 0);
	return ADMIN_DONE;
}

void
summary_free(struct summary *summary)
{
	if (summary == NULL)
		return;
	policy_done(&summary->policy);
	free(summary->headcounts.items);
	free(summary);
}
