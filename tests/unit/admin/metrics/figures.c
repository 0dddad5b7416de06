#include "admin/metrics/metrics.h"

#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/fixture.h"

static char *
printed(const struct metrics *metrics)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	cr_assert_not_null(out);
	metrics_print(out, metrics);
	cr_assert_eq(fclose(out), 0);
	return text;
}

static void
assert_line(const char *text, const char *line)
{
	char whole[256];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	cr_expect_not_null(
	    strstr(text, whole), "no \"%s\" in:\n%s", line, text);
}

static void
assert_no_sample(const char *text, const char *name)
{
	char begin[128];

	snprintf(begin, sizeof(begin), "\n%s ", name);
	cr_expect_null(strstr(text, begin), "%s has a sample", name);
	snprintf(begin, sizeof(begin), "\n%s{", name);
	cr_expect_null(strstr(text, begin), "%s has a sample", name);
}

Test(metrics_figures, each_fact_has_its_line)
{
	struct metrics_tally groups[] = {
	    {.group = {"a\"b"}, .states = {[STATE_GRACE] = 2}}};
	struct metrics_end ends[] = {
	    {.target = "@ops", .grace_s = 100, .exemption_s = 0},
	    {.target = "users", .grace_s = 0, .exemption_s = 200}};
	struct metrics metrics = {.now_s = 1700000000,
	    .keeper_up = true,
	    .policy_valid = true,
	    .users_known = true,
	    .all = {.states = {[STATE_ENROLLED] = 12, [STATE_HARDWARE] = 3}},
	    .groups = {groups, COUNT(groups)},
	    .groups_left_out = 3,
	    .user_deadline_s = 1700001111,
	    .last_login_s = 1699999999,
	    .ends = {ends, COUNT(ends)},
	    .disk = {true, 1000, 2000, 30, 40},
	    .audit_read = true,
	    .kept = {.counts = {.wrong_codes = 5,
			 .unlogged = 6,
			 .missing = 7,
			 .last_pass_s = 1690000000},
		.doctor = {1600000000, 1, 2, 3},
		.audit = {1600000001, 1500000000, 999, 8, 9}}};
	char *text;

	metrics.kept.counts.logins[COUNT_PASS][REASON_CODE] = 21;
	metrics.kept.counts.logins[COUNT_DENY][REASON_NONE] = 4;
	text = printed(&metrics);
	assert_line(text, "tfa_build_info{version=\"" TFA_VERSION "\"} 1");
	assert_line(text, "tfa_metrics_timestamp_seconds 1700000000");
	assert_line(text, "tfa_keeper_up 1");
	assert_line(text, "tfa_policy_valid 1");
	assert_line(text, "tfa_users{state=\"enrolled\"} 12");
	assert_line(text, "tfa_users{state=\"hardware\"} 3");
	assert_line(text, "tfa_users{state=\"grace\"} 0");
	assert_line(
	    text, "tfa_group_users{state=\"grace\",group=\"a\\\"b\"} 2");
	assert_line(text, "tfa_groups_left_out 3");
	assert_line(
	    text, "tfa_logins_total{verdict=\"pass\",reason=\"code\"} 21");
	assert_line(text,
	    "tfa_logins_total{verdict=\"pass\",reason=\"hardware_key\"} 0");
	assert_line(
	    text, "tfa_logins_total{verdict=\"deny\",reason=\"other\"} 4");
	assert_line(
	    text, "tfa_logins_total{verdict=\"deny\",reason=\"wrong_code\"} 0");
	assert_line(text, "tfa_wrong_codes_total 5");
	assert_line(text, "tfa_refusals_unlogged_total 6");
	assert_line(text, "tfa_last_login_timestamp_seconds 1699999999");
	assert_line(text, "tfa_user_deadline_timestamp_seconds 1700001111");
	assert_line(
	    text, "tfa_grace_end_timestamp_seconds{target=\"@ops\"} 100");
	assert_line(
	    text, "tfa_exemption_end_timestamp_seconds{target=\"users\"} 200");
	assert_line(text, "tfa_store_avail_bytes 1000");
	assert_line(text, "tfa_store_size_bytes 2000");
	assert_line(text, "tfa_store_files_free 30");
	assert_line(text, "tfa_store_files 40");
	assert_line(text, "tfa_audit_readable 1");
	assert_line(text, "tfa_audit_missing_lines_total 7");
	assert_line(text, "tfa_audit_checked_timestamp_seconds 1600000001");
	assert_line(text, "tfa_audit_damaged_lines 8");
	assert_line(text, "tfa_audit_unreadable_files 9");
	assert_line(text, "tfa_audit_size_bytes 999");
	assert_line(text, "tfa_audit_begin_timestamp_seconds 1500000000");
	assert_line(text, "tfa_doctor_timestamp_seconds 1600000000");
	assert_line(text, "tfa_doctor_findings{status=\"fail\"} 1");
	assert_line(text, "tfa_doctor_findings{status=\"warn\"} 2");
	assert_line(text, "tfa_doctor_findings{status=\"ok\"} 3");
	free(text);
}

/* A 0 would be a fact: no user, a login in 1970, a full disk. */
Test(metrics_figures, what_is_not_known_has_no_sample)
{
	static const char *const unknown[] = {"tfa_users", "tfa_group_users",
	    "tfa_groups_left_out", "tfa_last_login_timestamp_seconds",
	    "tfa_user_deadline_timestamp_seconds",
	    "tfa_grace_end_timestamp_seconds",
	    "tfa_exemption_end_timestamp_seconds", "tfa_store_avail_bytes",
	    "tfa_store_size_bytes", "tfa_store_files_free", "tfa_store_files",
	    "tfa_audit_checked_timestamp_seconds", "tfa_audit_damaged_lines",
	    "tfa_audit_unreadable_files", "tfa_audit_size_bytes",
	    "tfa_audit_begin_timestamp_seconds", "tfa_doctor_timestamp_seconds",
	    "tfa_doctor_findings"};
	struct metrics metrics = {.now_s = 1700000000};
	char *text = printed(&metrics);

	for (size_t i = 0; i < COUNT(unknown); i++)
		assert_no_sample(text, unknown[i]);
	assert_line(text, "tfa_keeper_up 0");
	assert_line(text, "tfa_policy_valid 0");
	assert_line(text, "tfa_audit_readable 0");
	assert_line(
	    text, "tfa_logins_total{verdict=\"pass\",reason=\"code\"} 0");
	free(text);
}

/* Rules of single users are named after them, and no label is. */
Test(metrics_figures, ends_are_by_target_and_name_no_user)
{
	static const char rules[] =
	    "{'name':'alice','users':['alice'],'mode':'exempt',"
	    "'until':'2027-01-05T00:00:00Z'},"
	    "{'name':'bob','users':['bob'],'mode':'exempt',"
	    "'until':'2027-01-03T00:00:00Z'},"
	    "{'name':'carol','users':['carol'],'mode':'exempt',"
	    "'until':'2020-01-03T00:00:00Z'},"
	    "{'name':'x','groups':['ops'],'mode':'required',"
	    "'grace':{'until':'2027-02-01T00:00:00Z'}},"
	    "{'name':'y','groups':['ops','dev'],'mode':'required',"
	    "'since':'2027-01-15T00:00:00Z'},"
	    "{'name':'z','groups':['dev'],'mode':'required',"
	    "'since':'2026-01-01T00:00:00Z','grace':{'for':'14d','until':'2027-01-10T00:00:00Z'}},"
	    "{'name':'all','users':['*'],'mode':'required',"
	    "'since':'2026-01-01T00:00:00Z','grace':{'until':'2027-03-01T00:00:00Z','for':'30d'}}";
	static const struct metrics_end wanted[] = {{"users", 0, 1798934400},
	    {"@ops", 1799971200, 0}, {"@dev", 1799539200, 0},
	    {"*", 1803859200, 0}};
	struct metrics metrics = {.now_s = NOW_S};
	struct policy policy;

	fixture_policy(rules, "", &policy);
	cr_assert(metrics_add_ends(&metrics, &policy));
	cr_assert_eq(metrics.ends.count, COUNT(wanted));
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const struct metrics_end *end = &metrics.ends.items[i];

		cr_expect_str_eq(end->target, wanted[i].target);
		cr_expect_eq(end->grace_s, wanted[i].grace_s, "%s: %lld",
		    end->target, (long long)end->grace_s);
		cr_expect_eq(end->exemption_s, wanted[i].exemption_s,
		    "%s: %lld", end->target, (long long)end->exemption_s);
	}
	metrics_done(&metrics);
	policy_done(&policy);
}
