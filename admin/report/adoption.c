/*
 * How far the roll-out is: by group, and over time.
 */
#include <stdlib.h>

#include "admin/report/chart.h"
#include "admin/report/sections.h"
#include "admin/adoption.h"

static void
split_group(const struct report_group *group, size_t ret[static CHART_PARTS])
{
	ret[CHART_DONE] = group->states[STATE_ENROLLED] +
	    group->states[STATE_LOCKED] + group->states[STATE_HARDWARE];
	ret[CHART_WAITING] = group->states[STATE_GRACE] +
	    group->states[STATE_PENDING] + group->states[STATE_INVITED];
	ret[CHART_LATE] = group->states[STATE_OVERDUE] +
	    group->states[STATE_BLOCKED];
	ret[CHART_REST] = group->states[STATE_EXEMPT];
}

static void
draw_legend(struct html *html)
{
	static const char *const words[CHART_PARTS] = {
	    [CHART_DONE] = "has a device, or a hardware key is enough",
	    [CHART_WAITING] = "none yet, and still let in or invited",
	    [CHART_LATE] = "none, and refused",
	    [CHART_REST] = "exempt"};

	html_mark(html, "<ul class=\"legend\">");
	for (int i = 0; i < CHART_PARTS; i++) {
		html_mark(html, "<li>");
		chart_sample(html, (enum chart_part)i);
		html_mark(html, " ");
		html_text(html, words[i]);
		html_mark(html, "</li>");
	}
	html_mark(html, "</ul>\n");
}

static void
draw_group(struct html *html, const struct report_group *group, bool all)
{
	size_t parts[CHART_PARTS];
	char words[96];

	split_group(group, parts);
	snprintf(words, sizeof(words),
	    "%zu are covered, %zu have no device yet, %zu are refused, %zu are "
	    "exempt",
	    parts[CHART_DONE], parts[CHART_WAITING], parts[CHART_LATE],
	    parts[CHART_REST]);
	html_row(html);
	html_cell(html);
	if (all)
		html_mark(html, "all users");
	else
		html_group(html, group->name.text);
	html_cell(html);
	chart_share(html, parts, words);
	html_cell(html);
	html_say(
	    html, "%zu %%", adoption_of(group->users, group->states).percent);
	html_cell(html);
	html_number(html, (int64_t)group->users);
	for (int i = 0; i < CHART_PARTS; i++) {
		html_cell(html);
		html_number(html, (int64_t)parts[i]);
	}
}

static void
draw_groups(struct html *html, const struct report *report)
{
	static const char *const heads[] = {"Group", "Bar", "Adoption", "Users",
	    "Covered", "None yet", "Refused", "Exempt", NULL};
	size_t shown = report->groups.count;

	if (shown > REPORT_ROWS)
		shown = REPORT_ROWS;
	html_table(html, "Adoption by group", heads);
	for (size_t i = 0; i < shown; i++)
		draw_group(html, &report->groups.items[i], i == 0);
	html_table_end(html);
	html_more(
	    html, report->groups.count - shown, "tfa-admin users --summary");
	draw_legend(html);
	html_paragraph(html,
	    "The groups are those that a rule of the policy or its list of "
	    "administrators names. Covered are users with a device, and "
	    "those without one for whom a hardware key is enough by their "
	    "rule. Adoption is their share of all who are not exempt.");
}

/* The users with a device at the end of each day, counted back from now. */
static bool
count_back(const struct report *report, int64_t *ret_values)
{
	int64_t have = (int64_t)report->with_device - report->adopted_after;
	bool whole = true;

	for (size_t i = report->days.count; i-- > 0;) {
		whole &= have >= 0;
		ret_values[i] = have > 0 ? have : 0;
		have -= report->days.items[i].adopted;
	}
	return whole;
}

static void
draw_over_time(struct html *html, const struct report *report)
{
	struct chart chart = {.id = "adopted",
	    .title = "Users with a device, by day",
	    .unit = "users with a device",
	    .count = report->days.count,
	    .first_day = report->first_day,
	    .top = (int64_t)report->groups.items[0].users};
	int64_t *values = calloc(report->days.count, sizeof(*values));
	bool whole;

	if (values == NULL) {
		html->failed = true;
		return;
	}
	whole = count_back(report, values);
	chart.values = values;
	chart_line(html, &chart);
	html_paragraph(html,
	    "This is counted back from today's users by what the log says of "
	    "first devices and of revocations.%s",
	    whole ? "" : " The log does not have all of them.");
	free(values);
}

void
section_adoption(struct html *html, const struct report *report)
{
	html_heading(html, "adoption", "Adoption");
	draw_groups(html, report);
	draw_over_time(html, report);
}
