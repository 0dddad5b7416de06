/*
 * The lists: people, exemptions, changes, findings, and what was read.
 */
#include <string.h>

#include "admin/report/sections.h"
#include "store/base/when.h"

static void
draw_users(struct html *html, const struct report_users *users,
    const char *caption, const char *when, const char *command)
{
	const char *const heads[] = {"User", when, "Rule", "Last login", NULL};

	if (users->total == 0)
		return;
	html_table(html, caption, heads);
	list_each(const struct report_user, user, users->list) {
		html_row(html);
		html_cell(html);
		html_person(html, user->user);
		html_cell(html);
		html_time(html, user->when_s, "-");
		html_cell(html);
		html_rule(html, user->rule);
		html_cell(html);
		html_time(html, user->last_login_s, "never");
	}
	html_table_end(html);
	html_more(html, users->total - users->list.count, command);
}

/* "until" of those who are shut: a blocked user waits for an administrator. */
static void
draw_shut(struct html *html, const struct report_users *users)
{
	static const char *const heads[] = {
	    "User", "State", "Until", "Last login", NULL};
	bool unknown = false;

	if (users->total == 0)
		return;
	html_table(
	    html, "Locked after wrong codes, blocked, or not known", heads);
	list_each(const struct report_user, user, users->list) {
		html_row(html);
		html_cell(html);
		html_person(html, user->user);
		html_cell(html);
		unknown |= user->state == STATE_NONE;
		html_text(html,
		    user->state == STATE_NONE ? "not known"
					      : state_names[user->state]);
		html_cell(html);
		if (user->state != STATE_LOCKED || user->when_s >= WHEN_LAST_S)
			html_mark(html, "an administrator acts");
		else
			html_time(html, user->when_s, "-");
		html_cell(html);
		html_time(html, user->last_login_s, "never");
	}
	html_table_end(html);
	html_more(html, users->total - users->list.count,
	    "tfa-admin users --state locked,blocked");
	if (unknown)
		html_paragraph(html,
		    "tfa-admin users USER says why a state is not known.");
}

void
section_people(struct html *html, const struct report *report)
{
	html_heading(html, "people", "Who needs attention");
	if (report->overdue.total + report->grace.total + report->shut.total +
		report->gone.total ==
	    0)
		html_paragraph(html, "Nobody.");
	draw_users(html, &report->overdue,
	    "Overdue: refused, since they have no device", "Since",
	    "tfa-admin users --state overdue");
	draw_users(html, &report->grace,
	    "In grace: no device yet, still let in", "Until",
	    "tfa-admin users --state grace");
	draw_shut(html, &report->shut);
	draw_users(html, &report->gone,
	    "Gone: a record whose account does not exist", "Deadline",
	    "tfa-admin users --state gone");
}

static void
draw_exemptions(struct html *html, const struct report *report)
{
	static const char *const heads[] = {
	    "Rule", "Who", "From", "Since", "Until", "By", NULL};

	if (report->exemptions.count == 0) {
		html_paragraph(html, "No rule exempts anybody.");
		return;
	}
	html_table(html, "Rules that exempt", heads);
	list_each(const struct exemption, row, report->exemptions) {
		html_row(html);
		html_cell(html);
		html_rule(
		    html, strcmp(row->rule, "otherwise") != 0 ? row->rule : "");
		html_cell(html);
		html_private(html, row->who);
		html_cell(html);
		if (row->from[0] == '\0')
			html_mark(html, "anywhere");
		else
			html_private(html, row->from);
		html_cell(html);
		html_time(html, row->since_s, "not known");
		html_cell(html);
		html_time(html, row->until_s, "no end");
		if (row->ended)
			html_mark(html, " (has ended)");
		html_cell(html);
		if (row->by[0] != '\0')
			html_person(html, row->by);
		else
			html_mark(html, "not known");
	}
	html_table_end(html);
}

static void
draw_uses(struct html *html, const struct report *report)
{
	static const char *const heads[] = {
	    "Account", "Logins", "Last", "Last from", "Rule", NULL};

	if (report->uses.count == 0) {
		html_paragraph(
		    html, "No account used an exemption in the period.");
		return;
	}
	html_table(
	    html, "Logins without a code because of an exemption", heads);
	list_each(const struct report_use, use, report->uses) {
		html_row(html);
		html_cell(html);
		html_person(html, use->user);
		html_cell(html);
		html_number(html, use->logins);
		html_cell(html);
		html_time(html, use->last_s, "-");
		html_cell(html);
		html_address(html, use->address);
		html_cell(html);
		html_rule(html, use->rule);
	}
	html_table_end(html);
	html_more(
	    html, report->exempt_users - report->uses.count, "tfa-admin log");
}

static void
draw_emergencies(struct html *html, const struct report *report)
{
	static const char *const heads[] = {"Account", NULL};

	if (report->emergencies_why[0] != '\0') {
		html_mark(html, "<p>Emergency accounts are not known: ");
		html_private(html, report->emergencies_why);
		html_mark(html, "</p>\n");
		return;
	}
	if (report->emergencies.count == 0) {
		html_paragraph(html, "No account goes past the gate.");
		return;
	}
	html_table(html, "Emergency accounts, which go past the gate", heads);
	list_each(const struct report_emergency, row, report->emergencies) {
		html_row(html);
		html_cell(html);
		html_person(html, row->user);
	}
	html_table_end(html);
	html_paragraph(html,
	    "sshd sends these accounts past the gate, so that only its own log "
	    "has their logins: journalctl -u ssh, or /var/log/auth.log.");
}

void
section_exemptions(struct html *html, const struct report *report)
{
	html_heading(html, "exemptions", "Exemptions and emergency accounts");
	draw_exemptions(html, report);
	draw_uses(html, report);
	draw_emergencies(html, report);
}

/* A change of the policy begins with its key, which names nobody. */
static void
write_detail(struct html *html, const struct report_change *change)
{
	html_private(html, change->detail[0] != '\0' ? change->detail : "-");
	if (change->refused)
		html_mark(html, " <b>(refused)</b>");
}

static void
draw_changes(struct html *html, const struct report_changes *changes,
    const char *caption, bool of_users)
{
	static const char *const of_user[] = {
	    "Time", "By", "Change", "User", "Detail", NULL};
	static const char *const of_policy[] = {"Time", "By", "Detail", NULL};
	size_t left_out = changes->total - changes->list.count;

	if (changes->total == 0)
		return;
	html_table(html, caption, of_users ? of_user : of_policy);
	list_each(const struct report_change, change, changes->list) {
		html_row(html);
		html_cell(html);
		html_time(html, change->time_s, "-");
		html_cell(html);
		html_person(html, change->actor);
		html_cell(html);
		if (of_users) {
			html_word(html, change->event);
			html_cell(html);
			html_person(html, change->user);
			html_cell(html);
		}
		write_detail(html, change);
	}
	html_table_end(html);
	if (left_out > 0)
		html_paragraph(html, "These are the newest.");
	html_more(html, left_out, "tfa-admin log");
}

void
section_changes(struct html *html, const struct report *report)
{
	html_heading(html, "changes", "Changes");
	if (report->policy_changes.total == 0)
		html_paragraph(
		    html, "The log has no change of the policy in the period.");
	draw_changes(
	    html, &report->policy_changes, "Changes of the policy", false);
	if (report->user_changes.total == 0)
		html_paragraph(html,
		    "No administrator changed anything for a user in the "
		    "period.");
	draw_changes(html, &report->user_changes,
	    "What administrators did for users", true);
}

size_t
sections_findings(const struct report *report, const char *status)
{
	size_t count = 0;

	list_each(const struct report_finding, finding, report->findings)
		count += strcmp(finding->status, status) == 0;
	return count;
}

static void
draw_finding(struct html *html, const struct report_finding *finding)
{
	html_row(html);
	html_cell(html);
	html_word(html, finding->check);
	html_cell(html);
	html_put(html,
	    strcmp(finding->status, "FAIL") == 0 ? "<b class=\"fail\">"
						 : "<b>");
	html_text(html, finding->status);
	html_mark(html, "</b>");
	html_cell(html);
	html_private(html, finding->detail);
	if (finding->fix[0] == '\0')
		return;
	html_mark(html, "<br><span class=\"code\">fix: ");
	html_private(html, finding->fix);
	html_mark(html, "</span>");
}

/* Faults first, then warnings; what is in order is only counted. */
void
section_findings(struct html *html, const struct report *report)
{
	static const char *const heads[] = {"Check", "Status", "Finding", NULL};
	static const char *const order[] = {"FAIL", "warn"};

	html_heading(html, "doctor", "What doctor found");
	html_paragraph(html,
	    "tfa-admin doctor looks for ways round the gate. Its checks said "
	    "FAIL: %zu, warn: %zu, ok: %zu.",
	    sections_findings(report, "FAIL"),
	    sections_findings(report, "warn"), sections_findings(report, "ok"));
	if (report->findings_why[0] != '\0') {
		html_mark(html, "<p><b>Not everything was looked at:</b> ");
		html_text(html, report->findings_why);
		html_mark(html, "</p>\n");
	}
	if (sections_findings(report, "FAIL") +
		sections_findings(report, "warn") ==
	    0)
		return;
	html_table(html, "Faults and warnings", heads);
	for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
		list_each(
		    const struct report_finding, finding, report->findings)
			if (strcmp(finding->status, order[i]) == 0)
				draw_finding(html, finding);
	html_table_end(html);
}

/* A folder may be somebody's home. */
static void
write_file_name(struct html *html, const char *name)
{
	const char *slash = html->no_names ? strrchr(name, '/') : NULL;

	html_word(html, slash != NULL ? slash + 1 : name);
}

static void
draw_files(struct html *html, const struct report *report)
{
	static const char *const heads[] = {
	    "File", "Bytes", "SHA-256, or why it was not read", NULL};
	size_t shown = report->files.count;

	if (shown > REPORT_ROWS)
		shown = REPORT_ROWS;
	html_table(html, "Files", heads);
	for (size_t i = report->files.count - shown; i < report->files.count;
	     i++) {
		const struct report_file *file = &report->files.items[i];

		html_row(html);
		html_cell(html);
		write_file_name(html, file->name);
		html_cell(html);
		html_number(html, file->bytes);
		html_cell(html);
		if (file->why[0] != '\0') {
			html_mark(html, "<b>not read:</b> ");
			html_text(html, file->why);
			continue;
		}
		html_mark(html, "<span class=\"code\">");
		html_text(
		    html, file->sha256[0] != '\0' ? file->sha256 : "not known");
		html_mark(html, "</span>");
	}
	html_table_end(html);
	if (report->files.count > shown)
		html_paragraph(html, "%zu older files are not shown.",
		    report->files.count - shown);
}

void
section_sources(struct html *html, const struct report *report)
{
	html_heading(html, "sources", "What was read");
	draw_files(html, report);
	html_mark(html, "<p>Lines of the log: ");
	html_number(html, report->lines);
	html_mark(html, "; damaged, and left out: ");
	html_number(html, report->damaged);
	html_mark(html, ". The oldest is of ");
	html_time(html, report->begins_s, "no time: there is none");
	html_mark(html, ".</p>\n");
	if (report->begins_s > report->since_s)
		html_paragraph(html,
		    "The log begins after the period does: what was before is "
		    "not in this page.");
	if (report->went_back)
		html_paragraph(html,
		    "The clock went back at some time: lines may be counted on "
		    "a wrong day.");
	if (report->directory[0] != '\0')
		html_paragraph(html,
		    "Users come from \"%s\", which may not list everybody: "
		    "users without a record here may be missing.",
		    report->directory);
	html_paragraph(html,
	    "tfa-admin %s made this page from these files, from the keeper's "
	    "list of users, and from what doctor found.",
	    TFA_VERSION);
}
