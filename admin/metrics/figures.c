#include <string.h>

#include "admin/metrics/exposition.h"
#include "admin/metrics/metrics.h"

struct figure {
	const char *name;
	const char *type;
	const char *help;
	void (*samples)(
	    FILE *out, const char *name, const struct metrics *metrics);
};

static void
one(FILE *out, const char *name, int64_t value)
{
	exposition_sample(out, name, NULL, value);
}

/* A time that is not known has no sample: 0 would be long ago. */
static void
time_of(FILE *out, const char *name, int64_t time_s)
{
	if (time_s > 0)
		one(out, name, time_s);
}

static void
build(FILE *out, const char *name, const struct metrics *m)
{
	(void)m;
	exposition_sample(out, name,
	    (const struct label[]){{"version", TFA_VERSION}, {NULL, NULL}}, 1);
}

static void
written(FILE *out, const char *name, const struct metrics *m)
{
	one(out, name, m->now_s);
}

static void
keeper_up(FILE *out, const char *name, const struct metrics *m)
{
	one(out, name, m->keeper_up);
}

static void
policy_valid(FILE *out, const char *name, const struct metrics *m)
{
	one(out, name, m->policy_valid);
}

static void
tally_samples(FILE *out, const char *name, const struct metrics_tally *tally)
{
	bool all = tally->group.text[0] == '\0';

	for (int i = STATE_NONE; state_names[i] != NULL; i++) {
		const struct label labels[] = {{"state", state_names[i]},
		    {all ? NULL : "group", tally->group.text}, {NULL, NULL}};

		exposition_sample(out, name, labels, tally->states[i]);
	}
}

static void
users(FILE *out, const char *name, const struct metrics *m)
{
	if (m->users_known)
		tally_samples(out, name, &m->all);
}

static void
group_users(FILE *out, const char *name, const struct metrics *m)
{
	if (!m->users_known)
		return;
	list_each(const struct metrics_tally, tally, m->groups)
		tally_samples(out, name, tally);
}

static void
groups_left_out(FILE *out, const char *name, const struct metrics *m)
{
	if (m->users_known)
		one(out, name, m->groups_left_out);
}

static void
user_deadline(FILE *out, const char *name, const struct metrics *m)
{
	time_of(out, name, m->user_deadline_s);
}

static void
end_sample(FILE *out, const char *name, const char *target, int64_t end_s)
{
	if (end_s > 0)
		exposition_sample(out, name,
		    (const struct label[]){{"target", target}, {NULL, NULL}},
		    end_s);
}

static void
grace_ends(FILE *out, const char *name, const struct metrics *m)
{
	list_each(const struct metrics_end, end, m->ends)
		end_sample(out, name, end->target, end->grace_s);
}

static void
exemption_ends(FILE *out, const char *name, const struct metrics *m)
{
	list_each(const struct metrics_end, end, m->ends)
		end_sample(out, name, end->target, end->exemption_s);
}

/* True for a reason that logins end with.  Its counter is there from the
 * beginning, since increase() does not see a counter that appears as 1. */
static bool
is_usual(int verdict, int reason)
{
	if (verdict == COUNT_PASS)
		return reason >= REASON_EXEMPT && reason <= REASON_ENROLLED;
	return reason >= REASON_WRONG_CODE;
}

static void
logins(FILE *out, const char *name, const struct metrics *m)
{
	for (int verdict = COUNT_DENY; verdict < COUNT_VERDICTS; verdict++)
		for (int reason = 0; reason < REASON_COUNT; reason++) {
			int64_t n = m->kept.counts.logins[verdict][reason];
			const struct label labels[] = {
			    {"verdict",
				verdict == COUNT_PASS ? "pass" : "deny"},
			    {"reason",
				reason == REASON_NONE
				    ? "other"
				    : reason_name((enum reason)reason)},
			    {NULL, NULL}};

			if (n > 0 || is_usual(verdict, reason))
				exposition_sample(out, name, labels, n);
		}
}

static void
wrong_codes(FILE *out, const char *name, const struct metrics *m)
{
	one(out, name, m->kept.counts.wrong_codes);
}

static void
unlogged(FILE *out, const char *name, const struct metrics *m)
{
	one(out, name, m->kept.counts.unlogged);
}

static void
last_login(FILE *out, const char *name, const struct metrics *m)
{
	int64_t audit_s = m->kept.counts.last_pass_s;

	time_of(
	    out, name, audit_s > m->last_login_s ? audit_s : m->last_login_s);
}

static void
avail_bytes(FILE *out, const char *name, const struct metrics *m)
{
	if (m->disk.known)
		one(out, name, m->disk.avail_bytes);
}

static void
size_bytes(FILE *out, const char *name, const struct metrics *m)
{
	if (m->disk.known)
		one(out, name, m->disk.size_bytes);
}

static void
files_free(FILE *out, const char *name, const struct metrics *m)
{
	if (m->disk.known && m->disk.files > 0)
		one(out, name, m->disk.files_free);
}

static void
files_most(FILE *out, const char *name, const struct metrics *m)
{
	if (m->disk.known && m->disk.files > 0)
		one(out, name, m->disk.files);
}

static void
audit_readable(FILE *out, const char *name, const struct metrics *m)
{
	one(out, name, m->audit_read);
}

static void
audit_missing(FILE *out, const char *name, const struct metrics *m)
{
	one(out, name, m->kept.counts.missing);
}

static void
audit_checked(FILE *out, const char *name, const struct metrics *m)
{
	time_of(out, name, m->kept.audit.at_s);
}

static void
audit_damaged(FILE *out, const char *name, const struct metrics *m)
{
	if (m->kept.audit.at_s > 0)
		one(out, name, m->kept.audit.damaged);
}

static void
audit_unreadable(FILE *out, const char *name, const struct metrics *m)
{
	if (m->kept.audit.at_s > 0)
		one(out, name, m->kept.audit.unreadable);
}

static void
audit_bytes(FILE *out, const char *name, const struct metrics *m)
{
	if (m->kept.audit.at_s > 0)
		one(out, name, m->kept.audit.bytes);
}

static void
audit_begins(FILE *out, const char *name, const struct metrics *m)
{
	time_of(out, name, m->kept.audit.begins_s);
}

static void
doctor_ran(FILE *out, const char *name, const struct metrics *m)
{
	time_of(out, name, m->kept.doctor.at_s);
}

static void
doctor_found(FILE *out, const char *name, const struct metrics *m)
{
	const struct kept_doctor *doctor = &m->kept.doctor;
	const struct {
		const char *status;
		int64_t count;
	} rows[] = {
	    {"fail", doctor->fail}, {"warn", doctor->warn}, {"ok", doctor->ok}};

	for (size_t i = 0; doctor->at_s > 0 && i < 3; i++)
		exposition_sample(out, name,
		    (const struct label[]){
			{"status", rows[i].status}, {NULL, NULL}},
		    rows[i].count);
}

/* In the order of the manual. */
static const struct figure figures[] = {
    {"tfa_build_info", "gauge", "The version of tfa-admin; always 1.", build},
    {"tfa_metrics_timestamp_seconds", "gauge",
	"When these metrics were written.", written},
    {"tfa_keeper_up", "gauge",
	"Whether the keeper answers. If not, nobody is let in.", keeper_up},
    {"tfa_policy_valid", "gauge",
	"Whether the policy can be read. If not, nobody is let in.",
	policy_valid},
    {"tfa_users", "gauge", "Users in each state.", users},
    {"tfa_group_users", "gauge",
	"Users in each state, of each group that the policy names.",
	group_users},
    {"tfa_groups_left_out", "gauge",
	"Groups that the policy names and tfa_group_users leaves out.",
	groups_left_out},
    {"tfa_logins_total", "counter", "Logins by verdict and reason.", logins},
    {"tfa_wrong_codes_total", "counter", "Wrong codes.", wrong_codes},
    {"tfa_refusals_unlogged_total", "counter",
	"Refusals that the audit counts without a line of their own.",
	unlogged},
    {"tfa_last_login_timestamp_seconds", "gauge",
	"When somebody was let in last.", last_login},
    {"tfa_user_deadline_timestamp_seconds", "gauge",
	"The next deadline of a user without a device.", user_deadline},
    {"tfa_grace_end_timestamp_seconds", "gauge",
	"The next end of a grace period in the rules for a target.",
	grace_ends},
    {"tfa_exemption_end_timestamp_seconds", "gauge",
	"The next end of an exemption in the rules for a target.",
	exemption_ends},
    {"tfa_store_avail_bytes", "gauge",
	"Bytes that the keeper can still write. Without any, nobody is let in.",
	avail_bytes},
    {"tfa_store_size_bytes", "gauge",
	"Size of the file system that has the store.", size_bytes},
    {"tfa_store_files_free", "gauge",
	"Files (inodes) that the keeper can still make.", files_free},
    {"tfa_store_files", "gauge",
	"Files (inodes) of the file system that has the store.", files_most},
    {"tfa_audit_readable", "gauge",
	"Whether the audit was read. If not, the counters stand still.",
	audit_readable},
    {"tfa_audit_missing_lines_total", "counter",
	"Lines of the audit that were there in the last day, and are gone.",
	audit_missing},
    {"tfa_audit_checked_timestamp_seconds", "gauge",
	"When --full read the whole audit.", audit_checked},
    {"tfa_audit_damaged_lines", "gauge",
	"Lines of the audit that cannot be read, as --full found.",
	audit_damaged},
    {"tfa_audit_unreadable_files", "gauge",
	"Files of the audit that cannot be read, as --full found.",
	audit_unreadable},
    {"tfa_audit_size_bytes", "gauge",
	"Size of all files of the audit, as --full found.", audit_bytes},
    {"tfa_audit_begin_timestamp_seconds", "gauge",
	"The time of the oldest line of the audit, as --full found.",
	audit_begins},
    {"tfa_doctor_timestamp_seconds", "gauge", "When --full ran doctor.",
	doctor_ran},
    {"tfa_doctor_findings", "gauge", "Findings of doctor by status.",
	doctor_found},
};

void
metrics_print(FILE *out, const struct metrics *metrics)
{
	for (size_t i = 0; i < sizeof(figures) / sizeof(figures[0]); i++) {
		const struct figure *figure = &figures[i];

		exposition_family(
		    out, figure->name, figure->type, figure->help);
		figure->samples(out, figure->name, metrics);
	}
}
