/*
 * Logins, refusals and new devices: by day, by reason, by month.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/report/chart.h"
#include "admin/report/sections.h"

#define MONTHS 24 /* in the table */

typedef int64_t report_count(const struct report_day *day);

static int64_t
logins_of(const struct report_day *day)
{
	return day->logins;
}

static int64_t
refusals_of(const struct report_day *day)
{
	return day->refusals;
}

static int64_t
enrolments_of(const struct report_day *day)
{
	return day->enrolments;
}

static void
draw_days(struct html *html, const struct report *report, report_count *count,
    struct chart chart)
{
	int64_t *values = calloc(report->days.count, sizeof(*values));

	if (values == NULL) {
		html->failed = true;
		return;
	}
	for (size_t i = 0; i < report->days.count; i++)
		values[i] = count(&report->days.items[i]);
	chart.values = values;
	chart.count = report->days.count;
	chart.first_day = report->first_day;
	chart_bars(html, &chart);
	free(values);
}

static void
draw_reasons(struct html *html, const struct report *report)
{
	static const char *const heads[] = {
	    "Verdict", "Reason", "Logins", NULL};

	html_table_narrow(html, "Logins by verdict and reason", heads);
	list_each(const struct report_reason, reason, report->reasons) {
		html_row(html);
		html_cell(html);
		html_put(html,
		    strcmp(reason->verdict, verdict_name(VERDICT_PASS)) == 0
			? "let in"
			: "refused");
		html_cell(html);
		html_word(html, reason->reason);
		html_cell(html);
		html_number(html, reason->count);
	}
	html_table_end(html);
	if (report->reasons_left > 0)
		html_paragraph(html, "%lld logins had further reasons.",
		    (long long)report->reasons_left);
	if (report->suppressed > 0)
		html_paragraph(html,
		    "%lld more refusals came so fast that the log only has "
		    "their number.",
		    (long long)report->suppressed);
	if (report->codes_refused > 0)
		html_paragraph(html,
		    "In these logins %lld codes were refused, after which the "
		    "login asked again.",
		    (long long)report->codes_refused);
	html_paragraph(html, "tfa-keeper(8) says what each reason means.");
}

struct month {
	char name[HTML_DAY]; /* "2026-11" */
	struct report_day sum;
};

/* The months of the period; returns how many.  The newest MONTHS are kept. */
static size_t
sum_months(const struct report *report, struct month *months)
{
	size_t count = 0;

	for (size_t i = 0; i < report->days.count; i++) {
		const struct report_day *day = &report->days.items[i];
		struct month *month = &months[(count + MONTHS - 1) % MONTHS];
		char name[HTML_DAY];

		html_say_day(report->first_day + (int64_t)i, name);
		name[7] = '\0';
		if (count == 0 || strcmp(month->name, name) != 0) {
			month = &months[count++ % MONTHS];
			*month = (struct month){.name = ""};
			memcpy(month->name, name, sizeof(name));
		}
		month->sum.logins += day->logins;
		month->sum.refusals += day->refusals;
		month->sum.enrolments += day->enrolments;
	}
	return count;
}

static void
draw_months(struct html *html, const struct report *report)
{
	static const char *const heads[] = {
	    "Month", "Let in", "Refused", "New devices", NULL};
	struct month months[MONTHS];
	size_t count = sum_months(report, months);
	size_t first = count > MONTHS ? count - MONTHS : 0;

	html_table_narrow(html, "By month", heads);
	for (size_t i = first; i < count; i++) {
		const struct month *month = &months[i % MONTHS];

		html_row(html);
		html_cell(html);
		html_text(html, month->name);
		html_cell(html);
		html_number(html, month->sum.logins);
		html_cell(html);
		html_number(html, month->sum.refusals);
		html_cell(html);
		html_number(html, month->sum.enrolments);
	}
	html_table_end(html);
	if (first > 0)
		html_paragraph(
		    html, "%zu earlier months are not shown.", first);
}

void
section_activity(struct html *html, const struct report *report)
{
	html_heading(html, "activity", "Logins and refusals");
	draw_days(html, report, logins_of,
	    (struct chart){.id = "logins",
		.title = "Logins that were let in",
		.unit = "logins"});
	draw_days(html, report, refusals_of,
	    (struct chart){.id = "refusals",
		.title = "Logins that were refused",
		.unit = "refusals"});
	draw_days(html, report, enrolments_of,
	    (struct chart){.id = "devices",
		.title = "Devices that were set up",
		.unit = "devices"});
	draw_months(html, report);
	draw_reasons(html, report);
}
