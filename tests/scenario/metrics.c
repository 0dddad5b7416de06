/* Figures for Prometheus: what a scrape would see. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(metrics);

#define USER "user155"

/* The folder that tfa-metrics.service writes to. */
static char *
output_of(const struct bastion *b)
{
	char *folder = text("%s/metrics", b->dir);

	fixture_folder(folder, 0755, "root");
	return text("%s/tfa.prom", folder);
}

/* The value of a sample, with its labels; -1 if there is none. */
static long long
value_in(const char *prom, const char *sample)
{
	const char *at = strstr(prom, text("\n%s ", sample));

	return at != NULL ? atoll(at + strlen(sample) + 2) : -1;
}

static long long
value_of(const char *file, const char *sample)
{
	const char *prom = read_text(file);

	cr_assert_not_null(prom, "no %s", file);
	return value_in(prom, sample);
}

static void
write_metrics(const struct bastion *b, const char *file)
{
	assert_status(bastion_admin(b, ARGV("metrics", "--output", file)), 0);
}

static void
assert_format(const char *prom)
{
	struct run *r = run(
	    ARGV("tests/support/exposition"), prom, strlen(prom));

	cr_assert_eq(r->status, 0, "%s%s", r->out, r->err);
	if (run(ARGV("sh", "-c", "command -v promtool"), NULL, 0)->status != 0)
		return;
	r = run(ARGV("promtool", "check", "metrics"), prom, strlen(prom));
	cr_assert_eq(r->status, 0, "%s%s", r->out, r->err);
}

Test(metrics, show_users_logins_deadlines_and_room)
{
	struct bastion *b;
	const char *until = hours_from_now(50);
	struct run *r;

	needs_people();
	b = bastion_open(
		.rules = text(
		    "{'name':'" USER "','users':['" USER "'],"
		    "'mode':'exempt'},"
		    "{'name':'g','groups':['user156'],'mode':'required',"
		    "'grace':{'until':'%s'}},"
		    "{'name':'all','users':['*'],'mode':'required'}",
		    until));
	fixture_enrol(b, "user157");
	assert_status(ssh_run(b, USER, NULL, "true", NULL), 0);
	assert_status(ssh_with_code(b, "user157", "000000", "true"), 77);
	r = bastion_admin(b, ARGV("metrics"));
	assert_status(r, 0);
	assert_format(r->out);
	cr_expect_eq(value_in(r->out, "tfa_keeper_up"), 1);
	cr_expect_eq(value_in(r->out, "tfa_policy_valid"), 1);
	cr_expect_eq(value_in(r->out, "tfa_users{state=\"enrolled\"}"), 1);
	cr_expect_eq(value_in(r->out, "tfa_users{state=\"exempt\"}"), 1);
	cr_expect_eq(value_in(r->out, "tfa_users{state=\"grace\"}"), 1);
	cr_expect_eq(value_in(r->out,
			 "tfa_group_users{state=\"grace\",group=\"user156\"}"),
	    1);
	cr_expect_eq(
	    value_in(
		r->out, "tfa_logins_total{verdict=\"pass\",reason=\"exempt\"}"),
	    1);
	cr_expect_eq(value_in(r->out, "tfa_wrong_codes_total"), 1);
	cr_expect_gt(value_in(r->out, "tfa_last_login_timestamp_seconds"),
	    value_in(r->out, "tfa_metrics_timestamp_seconds") - 60);
	cr_expect_geq(
	    value_in(
		r->out, "tfa_grace_end_timestamp_seconds{target=\"@user156\"}"),
	    value_in(r->out, "tfa_metrics_timestamp_seconds") + 49 * 3600);
	cr_expect_gt(value_in(r->out, "tfa_store_avail_bytes"), 0);
	cr_expect_eq(value_in(r->out, "tfa_audit_readable"), 1);
	cr_expect_eq(value_in(r->out, "tfa_audit_damaged_lines"), 0);
	assert_never_says(r->out, USER);
}

Test(metrics, counters_grow_over_runs_rotation_and_damage)
{
	static const char passes[] =
	    "tfa_logins_total{verdict=\"pass\",reason=\"exempt\"}";
	struct bastion *b;
	char *file;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	file = output_of(b);
	assert_status(ssh_run(b, USER, NULL, "true", NULL), 0);
	write_metrics(b, file);
	cr_assert_eq(value_of(file, passes), 0);
	assert_status(ssh_run(b, USER, NULL, "true", NULL), 0);
	write_metrics(b, file);
	write_metrics(b, file);
	cr_assert_eq(value_of(file, passes), 1);
	/* as logrotate does, twice */
	assert_status(
	    run(ARGV("sh", "-c",
		    text("cd %s && mv audit.jsonl audit.jsonl-20261101-1",
			b->store)),
		NULL, 0),
	    0);
	assert_status(ssh_run(b, USER, NULL, "true", NULL), 0);
	write_metrics(b, file);
	cr_assert_eq(value_of(file, passes), 2);
	assert_status(
	    run(ARGV("sh", "-c",
		    text("cd %s && gzip audit.jsonl-20261101-1 && "
			 "chown _tfa audit.jsonl-* && echo '{\"time' | "
			 "tee -a audit.jsonl",
			b->store)),
		NULL, 0),
	    0);
	assert_status(ssh_run(b, USER, NULL, "true", NULL), 0);
	write_metrics(b, file);
	cr_assert_eq(value_of(file, passes), 3);
	cr_assert_eq(value_of(file, "tfa_audit_missing_lines_total"), 0);
	/* somebody takes the last two lines out */
	assert_status(run(ARGV("sed", "-i", "/\"login\"/d",
			      text("%s/audit.jsonl", b->store)),
			  NULL, 0),
	    0);
	assert_status(
	    run(ARGV("chown", "_tfa", text("%s/audit.jsonl", b->store)), NULL,
		0),
	    0);
	write_metrics(b, file);
	cr_assert_eq(value_of(file, passes), 3);
	cr_assert_eq(value_of(file, "tfa_audit_missing_lines_total"), 2);
	assert_format(read_text(file));
}

/* The file is still written: it is what says that the keeper is away. */
Test(metrics, keeper_that_is_away_is_a_figure)
{
	static const char wrong[] = "tfa_wrong_codes_total";
	struct bastion *b;
	char *file;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	file = output_of(b);
	fixture_enrol(b, USER);
	write_metrics(b, file);
	assert_status(ssh_with_code(b, USER, "000000", "true"), 77);
	write_metrics(b, file);
	cr_assert_eq(value_of(file, wrong), 1);
	bastion_keeper_stop(b);
	r = bastion_admin(b, ARGV("metrics", "--output", file));
	assert_status(r, 0);
	assert_says(r->err, "the keeper cannot be reached");
	cr_assert_eq(value_of(file, "tfa_keeper_up"), 0);
	cr_assert_eq(value_of(file, "tfa_audit_readable"), 0);
	cr_assert_eq(value_of(file, wrong), 1);
	cr_assert_eq(value_of(file, "tfa_users{state=\"enrolled\"}"), -1);
	assert_format(read_text(file));
	r = bastion_admin(b, ARGV("metrics"));
	assert_status(r, 0);
	cr_assert_eq(value_in(r->out, "tfa_keeper_up"), 0);
	bastion_keeper_start(b);
	write_metrics(b, file);
	cr_assert_eq(value_of(file, "tfa_keeper_up"), 1);
	cr_assert_eq(value_of(file, wrong), 1);
}

Test(metrics, policy_that_cannot_be_read_is_a_figure)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fixture_write_policy(b, "{");
	r = bastion_admin(b, ARGV("metrics"));
	assert_status(r, 0);
	cr_expect_eq(value_in(r->out, "tfa_policy_valid"), 0);
	cr_expect_eq(value_in(r->out, "tfa_keeper_up"), 1);
	cr_expect_eq(value_in(r->out, "tfa_users{state=\"grace\"}"), -1);
	assert_format(r->out);
}

/* As tfa-metrics.service runs it. */
Test(metrics, need_none_of_roots_capabilities)
{
	struct bastion *b;
	struct stat st;
	char *file;
	struct run *r;

	needs_people();
	needs_program("setpriv");
	b = bastion_open(.rules = REQUIRED);
	file = output_of(b);
	fixture_enrol(b, USER);
	for (int i = 0; i < 2; i++) {
		r = run(ARGV("setpriv", "--bounding-set=-all",
			    "--inh-caps=-all", "--no-new-privs",
			    text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
			    "--socket", b->socket, "--policy", b->policy,
			    "metrics", "--output", file),
		    NULL, 0);
		assert_status(r, 0);
		cr_assert_str_eq(r->err, "");
	}
	cr_assert_eq(value_of(file, "tfa_users{state=\"enrolled\"}"), 1);
	cr_assert_eq(value_of(file, "tfa_audit_readable"), 1);
	cr_assert_gt(value_of(file, "tfa_store_avail_bytes"), 0);
	cr_assert_eq(stat(file, &st), 0);
	cr_assert_eq(st.st_mode & 07777, 0644u);
}

/* The old figures stay whole, and nothing is left of the new ones. */
Test(metrics, full_disk_leaves_no_half_file)
{
	struct bastion *b;
	char *folder, *file, *before;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	folder = text("%s/disk", b->dir);
	file = text("%s/tfa.prom", folder);
	assert_status(
	    run(ARGV("sh", "-c",
		    text("mkdir %s && mount -t tmpfs -o size=64k,mode=755 "
			 "none %s",
			folder, folder)),
		NULL, 0),
	    0);
	write_metrics(b, file);
	before = read_text(file);
	assert_status(
	    run(ARGV("sh", "-c",
		    text("cat /dev/zero >%s/full 2>&-; test -s %s/full", folder,
			folder)),
		NULL, 0),
	    0);
	r = bastion_admin(b, ARGV("metrics", "--output", file));
	assert_status(r, 1);
	assert_says(r->err, "No space left");
	cr_assert_str_eq(read_text(file), before);
	cr_assert_neq(access(text("%s/.tfa.prom.new", folder), F_OK), 0);
	assert_status(run(ARGV("umount", folder), NULL, 0), 0);
}

/* Doctor's findings stay for the runs that do not ask doctor. */
Test(metrics, full_run_is_kept)
{
	static const char found[] = "tfa_doctor_findings{status=\"fail\"}";
	struct bastion *b;
	long long fails, at_s;
	char *file;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	file = output_of(b);
	write_metrics(b, file);
	cr_assert_eq(value_of(file, found), -1);
	cr_assert_eq(value_of(file, "tfa_audit_damaged_lines"), -1);
	assert_status(run(ARGV("sh", "-c",
			      text("printf '{\\n\\n' | install -o _tfa -m 600 "
				   "/dev/stdin %s/audit.jsonl",
				  b->store)),
			  NULL, 0),
	    0);
	assert_status(
	    bastion_admin(b, ARGV("metrics", "--full", "--output", file)), 0);
	fails = value_of(file, found);
	at_s = value_of(file, "tfa_doctor_timestamp_seconds");
	cr_assert_geq(fails, 0);
	cr_assert_gt(at_s, 0);
	cr_assert_gt(value_of(file, "tfa_audit_damaged_lines"), 0);
	write_metrics(b, file);
	cr_assert_eq(value_of(file, found), fails);
	cr_assert_eq(value_of(file, "tfa_doctor_timestamp_seconds"), at_s);
	cr_assert_gt(value_of(file, "tfa_audit_damaged_lines"), 0);
	assert_format(read_text(file));
}

Test(metrics, are_for_root_and_delegates)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED,
	    .more = "'admins':{'users':['user158']}");
	r = run(
	    ARGV("setpriv", "--reuid=user159", "--regid=user159",
		"--clear-groups", text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
		"--socket", b->socket, "--policy", b->policy, "metrics"),
	    NULL, 0);
	assert_status(r, 0);
	cr_expect_eq(value_in(r->out, "tfa_users{state=\"grace\"}"), -1);
	cr_expect_eq(value_in(r->out, "tfa_audit_readable"), 0);
	r = run(
	    ARGV("setpriv", "--reuid=user158", "--regid=user158",
		"--clear-groups", text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
		"--socket", b->socket, "--policy", b->policy, "metrics"),
	    NULL, 0);
	assert_status(r, 0);
	cr_expect_geq(value_in(r->out, "tfa_users{state=\"grace\"}"), 0);
	cr_expect_eq(value_in(r->out, "tfa_audit_readable"), 1);
}

/* The checker is of no use if it takes everything. */
Test(metrics, checker_refuses_what_prometheus_does)
{
	static const char head[] = "# HELP tfa_x Some.\n# TYPE tfa_x gauge\n";
	static const char *const wrong[] = {"", "tfa_y 1\n", "tfa_x\n",
	    "tfa_x 1", "tfa_x 1\ntfa_x 1\n", "tfa_x{a=\"1\"\n",
	    "tfa_x{a=\"\"\"} 1\n", "tfa_x{a=\"\\x\"} 1\n",
	    "tfa_x{a=\"1\",a=\"2\"} 1\n", "tfa_x{a=\"\033\"} 1\n",
	    "tfa_x 1\n# TYPE tfa_x gauge\n",
	    "tfa_x 1\n# HELP tfa_y_total Y.\n# TYPE tfa_y_total gauge\n",
	    "tfa_x 1\n# HELP tfa_y Y.\n# TYPE tfa_y counter\n",
	    "tfa_x 1\n# HELP tfa_y_total Y.\n# TYPE tfa_y_total counter\n"
	    "tfa_y_total -1\n",
	    "tfa_x 1\n# HELP tfa_y_days Y.\n# TYPE tfa_y_days gauge\n"};
	const char *prom = text("%stfa_x{a=\"\\\"\\\\\\n\"} 1\n", head);

	cr_assert_eq(
	    run(ARGV("tests/support/exposition"), prom, strlen(prom))->status,
	    0);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		prom = text("%s%s", i == 0 ? "" : head, wrong[i]);
		cr_expect_eq(
		    run(ARGV("tests/support/exposition"), prom, strlen(prom))
			->status,
		    1, "it takes: %s", prom);
	}
}
