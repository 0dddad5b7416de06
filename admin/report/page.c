/*
 * The page: its head, the summary, and then the sections.
 */
#include <stdlib.h>
#include <string.h>

#include "admin/report/chart.h"
#include "admin/report/html.h"
#include "admin/report/report.h"
#include "admin/report/sections.h"
#include "admin/report/style.h"
#include "admin/report/words.h"
#include "admin/adoption.h"
#include "store/base/when.h"

static void
section_policy(struct html *html, const struct report *report)
{
	html_heading(html, "policy", "The policy in words");
	words_policy(html, &report->policy, report->made_s);
}

static const struct {
	const char *id, *name;
	section *draw;
} sections[] = {
    {"policy", "The policy in words", section_policy},
    {"adoption", "Adoption", section_adoption},
    {"activity", "Logins and refusals", section_activity},
    {"people", "Who needs attention", section_people},
    {"exemptions", "Exemptions and emergency accounts", section_exemptions},
    {"changes", "Changes", section_changes},
    {"doctor", "What doctor found", section_findings},
    {"sources", "What was read", section_sources},
};
#define SECTIONS (sizeof(sections) / sizeof(sections[0]))

static bool
draw_head(struct html *html, const struct report *report)
{
	char hash[STYLE_HASH];

	if (!style_hash(hash))
		return false;
	html_mark(html,
	    "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n"
	    "<meta charset=\"utf-8\">\n"
	    "<meta http-equiv=\"Content-Security-Policy\" "
	    "content=\"default-src 'none'; style-src '");
	html_text(html, hash);
	html_mark(html,
	    "'; base-uri 'none'; form-action 'none'\">\n"
	    "<meta name=\"viewport\" content=\"width=device-width, "
	    "initial-scale=1\">\n"
	    "<meta name=\"robots\" content=\"noindex\">\n"
	    "<title>Second factor on ");
	html_text(html, report->host);
	html_mark(html, "</title>\n<style>");
	html_put(html, style_text);
	html_mark(html, "</style>\n</head>\n<body>\n");
	return true;
}

static void
term(struct html *html, const char *name)
{
	html_mark(html, "<dt>");
	html_text(html, name);
	html_mark(html, "</dt><dd>");
}

static void
draw_facts(struct html *html, const struct report *report)
{
	char from[WHEN_SAID], until[WHEN_SAID], made[WHEN_SAID];

	when_say(report->since_s, from);
	when_say(report->until_s, until);
	when_say(report->made_s, made);
	html_mark(html, "<dl>");
	term(html, "Host");
	html_word(html, report->host);
	html_mark(html, "</dd>");
	term(html, "Issuer");
	html_word(html, report->policy.issuer);
	html_mark(html, "</dd>");
	term(html, "Period");
	html_say(html, "%s to %s", from, until);
	html_mark(html, "</dd>");
	if (report->group[0] != '\0') {
		term(html, "Only");
		html_mark(html, "members of ");
		html_group(html, report->group);
		html_mark(html, "</dd>");
	}
	term(html, "Made");
	html_say(html, "%s by ", made);
	html_person(html, report->by);
	html_say(html, ", with tfa-admin %s", TFA_VERSION);
	html_mark(html, "</dd></dl>\n");
	if (report->no_names)
		html_paragraph(html,
		    "Names are left out: each person has a number, the same "
		    "throughout this page and another one in any other. "
		    "Addresses, and texts that may name somebody, are left "
		    "out too.");
}

static void
draw_contents(struct html *html)
{
	html_mark(html, "<nav aria-label=\"Contents\"><ul>");
	for (size_t i = 0; i < SECTIONS; i++) {
		html_mark(html, "<li><a href=\"#");
		html_text(html, sections[i].id);
		html_mark(html, "\">");
		html_text(html, sections[i].name);
		html_mark(html, "</a></li>");
	}
	html_mark(html, "</ul></nav>\n");
}

static void
count_days(
    const struct report *report, int64_t *ret_logins, int64_t *ret_refusals)
{
	*ret_logins = *ret_refusals = 0;
	list_each(const struct report_day, day, report->days) {
		*ret_logins += day->logins;
		*ret_refusals += day->refusals;
	}
	*ret_refusals += report->suppressed;
}

static void
say_adoption(struct html *html, const struct report *report)
{
	const struct report_group *all = &report->groups.items[0];
	struct adoption found = adoption_of(all->users, all->states);

	html_mark(html, "<p>");
	html_number(html, (int64_t)found.done);
	html_mark(html, " of ");
	html_number(html, (int64_t)found.of);
	html_say(html,
	    " users who are not exempt have a second factor, which "
	    "is %zu %%.",
	    found.percent);
	html_mark(html, "</p>\n");
}

static void
say_deadlines(struct html *html, const struct report *report)
{
	html_mark(html, "<p>");
	html_number(html, (int64_t)report->overdue.total);
	html_put(html,
	    report->overdue.total == 1
		? " user is refused for want of a device, and "
		: " users are refused for want of a device, and ");
	html_number(html, (int64_t)report->grace.total);
	html_put(html,
	    report->grace.total == 1 ? " still has time" : " still have time");
	if (report->grace.list.count > 0) {
		html_mark(html, ", the first until ");
		html_time(html, report->grace.list.items[0].when_s, "-");
	}
	html_mark(html, ".</p>\n");
}

static void
say_logins(struct html *html, const struct report *report)
{
	int64_t logins, refusals;

	count_days(report, &logins, &refusals);
	html_mark(html, "<p>In the period ");
	html_number(html, logins);
	html_put(html, logins == 1 ? " login was" : " logins were");
	html_mark(html, " let in and ");
	html_number(html, refusals);
	html_put(html, refusals == 1 ? " was" : " were");
	html_mark(html, " refused.</p>\n");
}

static void
say_exempt(struct html *html, const struct report *report)
{
	size_t emergencies = report->emergencies.count;

	html_mark(html, "<p>Rules that exempt: ");
	html_number(html, (int64_t)report->exemptions.count);
	html_mark(html, "; logins without a code because of them: ");
	html_number(html, report->exempt_logins);
	if (report->emergencies_why[0] != '\0')
		html_mark(html, "; emergency accounts are not known");
	else
		html_say(html, "; %zu emergency account%s past the gate",
		    emergencies, emergencies == 1 ? " goes" : "s go");
	html_mark(html, ".</p>\n");
}

static void
say_trust(struct html *html, const struct report *report)
{
	size_t fails = sections_findings(report, "FAIL");

	html_mark(html, "<p>The policy was changed ");
	html_number(html, (int64_t)report->policy_made);
	html_put(html, report->policy_made == 1 ? " time; " : " times; ");
	if (report->findings_why[0] != '\0' && fails == 0)
		html_mark(html,
		    "it is not known if there is a way round the "
		    "gate");
	else if (fails == 0)
		html_mark(html, "doctor found no way round the gate");
	else
		html_say(html, "doctor found %zu fault%s that must be mended",
		    fails, fails == 1 ? "" : "s");
	html_mark(html, ".</p>\n");
}

static void
draw_summary(struct html *html, const struct report *report)
{
	html_mark(html, "<section class=\"summary\" aria-label=\"Summary\">\n");
	say_adoption(html, report);
	say_deadlines(html, report);
	say_logins(html, report);
	say_exempt(html, report);
	say_trust(html, report);
	html_mark(html, "</section>\n");
}

bool
report_draw(const struct report *report, FILE *out)
{
	struct html html = {.out = out,
	    .no_names = report->no_names,
	    .policy = &report->policy,
	    .of_people = report->of_people.items,
	    .of_people_count = report->of_people.count};
	bool ok = report->groups.count > 0 && draw_head(&html, report);

	if (!ok)
		return false;
	html_mark(&html, "<header><h1>Second factor on ");
	html_word(&html, report->host);
	html_mark(&html, "</h1>\n");
	draw_facts(&html, report);
	html_mark(&html, "</header>\n<main>\n");
	draw_summary(&html, report);
	draw_contents(&html);
	chart_patterns(&html);
	for (size_t i = 0; i < SECTIONS; i++) {
		html_mark(&html, "<section>\n");
		sections[i].draw(&html, report);
		html_mark(&html, "</section>\n");
	}
	html_mark(&html, "</main>\n</body>\n</html>\n");
	ok = !html.failed;
	html_done(&html);
	return ok;
}

void
report_done(struct report *report)
{
	list_each(struct report_finding, finding, report->findings) {
		free(finding->detail);
		free(finding->fix);
	}
	policy_done(&report->policy);
	free(report->days.items);
	free(report->reasons.items);
	free(report->policy_changes.list.items);
	free(report->policy_changes.actors.items);
	free(report->user_changes.list.items);
	free(report->user_changes.actors.items);
	free(report->uses.items);
	free(report->groups.items);
	free(report->overdue.list.items);
	free(report->grace.list.items);
	free(report->shut.list.items);
	free(report->gone.list.items);
	free(report->of_people.items);
	free(report->exemptions.items);
	free(report->emergencies.items);
	free(report->findings.items);
	free(report->files.items);
}
