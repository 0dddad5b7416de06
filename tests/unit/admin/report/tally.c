/* Lines of the log and users, added up. */
#include "admin/report/tally.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/adoption.h"
#include "tests/unit/fixture.h"

#define DAYS 10

static struct report report;
static struct tally tally;

static void
begin(void)
{
	setenv("TZ", "UTC", 1);
	report = (struct report){
	    .since_s = NOW_S - DAYS * DAY_S, .until_s = NOW_S};
	tally = (struct tally){.failed = false};
	cr_assert(tally_begin(&tally, &report));
}

static void
end(void)
{
	tally_end(&tally);
	report_done(&report);
}

TestSuite(report_tally, .init = begin, .fini = end);

/* JSON with ' for ", without the time. */
static void
line_at(int64_t time_s, const char *json)
{
	char text[QUOTED_MAX], quoted[QUOTED_MAX];
	struct audit entry;

	snprintf(
	    text, sizeof(text), "{'time':'2026-01-01T00:00:00Z',%s}", json);
	fixture_quote(text, quoted);
	cr_assert(audit_parse(quoted, strlen(quoted), &entry), "%s", json);
	entry.time_s = time_s;
	tally_entry(&tally, &entry);
}

#define LOGIN(verdict, reason)                               \
	"'event':'login','user':'alice','verdict':'" verdict \
	"','reason':'" reason "'"

static int64_t
logins(void)
{
	int64_t sum = 0;

	list_each(const struct report_day, day, report.days)
		sum += day->logins;
	return sum;
}

Test(report_tally, counts_one_login_once)
{
	static const char *const others[] = {
	    "'event':'verify','user':'alice','verdict':'deny',"
	    "'reason':'wrong_code'",
	    "'event':'session','user':'alice','verdict':'pass','reason':'code'",
	    "'event':'enroll','user':'alice','verdict':'pass',"
	    "'reason':'enrolled'",
	    "'event':'connect','user':'alice','verdict':'pass'",
	};

	line_at(NOW_S - 60, LOGIN("pass", "code"));
	for (size_t i = 0; i < COUNT(others); i++)
		line_at(NOW_S - 50, others[i]);
	line_at(NOW_S - 40, LOGIN("deny", "wrong_code"));
	cr_expect_eq(logins(), 1);
	cr_expect_eq(report.days.items[report.days.count - 1].refusals, 1);
	cr_expect_eq(report.codes_refused, 1);
	cr_expect_eq(report.days.items[report.days.count - 1].enrolments, 1);
}

Test(report_tally, counts_only_the_period)
{
	line_at(NOW_S - DAYS * DAY_S - 1, LOGIN("pass", "code"));
	line_at(NOW_S, LOGIN("pass", "code"));
	line_at(0, LOGIN("pass", "code"));
	line_at(253402300799LL, LOGIN("pass", "code"));
	cr_expect_eq(logins(), 0);
	line_at(NOW_S - DAYS * DAY_S, LOGIN("pass", "code"));
	line_at(NOW_S - 1, LOGIN("pass", "code"));
	cr_expect_eq(logins(), 2);
	cr_expect_eq(report.days.items[0].logins, 1);
}

Test(report_tally, lines_need_not_be_in_order)
{
	line_at(NOW_S - 1, LOGIN("pass", "code"));
	line_at(NOW_S - 3 * DAY_S, LOGIN("pass", "code"));
	line_at(NOW_S - 1, LOGIN("pass", "code"));
	cr_expect_eq(report.days.items[report.days.count - 1].logins, 2);
	cr_expect_eq(report.days.items[report.days.count - 4].logins, 1);
}

Test(report_tally, a_day_begins_at_local_midnight)
{
	setenv("TZ", "UTC-14", 1);
	tzset();
	cr_expect_eq(report_day_of(10 * 3600), 1);
	cr_expect_eq(report_day_of(10 * 3600 - 1), 0);
	setenv("TZ", "UTC+11", 1);
	tzset();
	cr_expect_eq(report_day_of(11 * 3600 - 1), -1);
	cr_expect_eq(report_day_of(11 * 3600), 0);
}

Test(report_tally, follows_the_users_who_have_a_device)
{
	line_at(
	    NOW_S - 5 * DAY_S, "'event':'enroll','user':'a','verdict':'pass'");
	line_at(NOW_S - 4 * DAY_S,
	    "'event':'device_confirm','user':'a','verdict':'pass'");
	line_at(NOW_S - 3 * DAY_S,
	    "'event':'revoke','user':'a','verdict':'pass','actor':'root'");
	line_at(NOW_S - 2 * DAY_S,
	    "'event':'revoke','user':'b','verdict':'pass','actor':'root'");
	line_at(NOW_S - 2 * DAY_S,
	    "'event':'revoke','user':'b','verdict':'pass','actor':'root'");
	line_at(NOW_S - 2 * DAY_S,
	    "'event':'device_confirm','user':'c','verdict':'pass'");
	line_at(
	    NOW_S - 2 * DAY_S, "'event':'enroll','user':'d','verdict':'deny'");
	line_at(NOW_S + 5, "'event':'enroll','user':'a','verdict':'pass'");
	cr_expect_eq(report.days.items[report.days.count - 6].adopted, 1);
	cr_expect_eq(report.days.items[report.days.count - 5].adopted, 0);
	cr_expect_eq(report.days.items[report.days.count - 4].adopted, -1);
	cr_expect_eq(report.days.items[report.days.count - 3].adopted, -1);
	cr_expect_eq(report.adopted_after, 1);
}

Test(report_tally, a_table_that_grows_forgets_nobody)
{
	char line[128];

	for (int round = 0; round < 2; round++)
		for (int i = 0; i < 5000; i++) {
			snprintf(line, sizeof(line),
			    "'event':'enroll','user':'u%d','verdict':'pass'",
			    i);
			line_at(NOW_S - 60, line);
		}
	cr_expect_eq(report.days.items[report.days.count - 1].adopted, 5000);
}

Test(report_tally, tells_exempt_accounts_apart_up_to_a_number)
{
	char line[160];

	for (int i = 0; i < TALLY_USES + 50; i++)
		for (int k = 0; k < 1 + (i == 7); k++) {
			snprintf(line, sizeof(line),
			    "'event':'login','user':'u%d','verdict':'pass',"
			    "'reason':'exempt','address':'10.0.0.%d'",
			    i, k);
			line_at(NOW_S - 60 + k, line);
		}
	line_at(NOW_S - 60,
	    "'event':'login','user':'u3','verdict':'pass','reason':'exempt'");
	line_at(NOW_S - 60,
	    "'event':'login','user':'u3','verdict':'pass','reason':'exempt'");
	tally_end(&tally);
	cr_expect_eq(report.exempt_logins, TALLY_USES + 53);
	cr_expect_eq(report.exempt_users, TALLY_USES);
	cr_expect_eq(report.uses.count, REPORT_ROWS);
	cr_expect_str_eq(report.uses.items[0].user, "u3");
	cr_expect_eq(report.uses.items[0].logins, 3);
	cr_expect_str_eq(report.uses.items[1].user, "u7");
	cr_expect_str_eq(report.uses.items[1].address, "10.0.0.1");
}

Test(report_tally, reasons_are_bounded)
{
	char line[128];

	for (int i = 0; i < REPORT_REASONS + 5; i++) {
		snprintf(line, sizeof(line),
		    "'event':'login','user':'a','verdict':'deny',"
		    "'reason':'r%d'",
		    i);
		line_at(NOW_S - 60, line);
	}
	cr_expect_eq(report.reasons.count, REPORT_REASONS);
	cr_expect_eq(report.reasons_left, 5);
}

Test(report_tally, lists_the_newest_changes_and_who_made_them)
{
	char line[160];

	for (int i = 0; i < REPORT_ROWS + 3; i++) {
		snprintf(line, sizeof(line),
		    "'event':'policy','verdict':'pass','actor':'%s',"
		    "'detail':'change %d'",
		    i % 2 == 0 ? "kim" : "lee", i);
		line_at(NOW_S - 600 + i, line);
	}
	line_at(NOW_S - 9,
	    "'event':'revoke','user':'a','verdict':'deny','actor':'kim'");
	line_at(
	    NOW_S - 9, "'event':'device_confirm','user':'a','verdict':'pass'");
	line_at(NOW_S - 9,
	    "'event':'device_confirm','user':'root','verdict':'pass',"
	    "'actor':'root'");
	line_at(NOW_S - 9,
	    "'event':'session','user':'root','verdict':'pass','actor':'kim'");
	cr_expect_eq(report.policy_changes.total, REPORT_ROWS + 3);
	cr_expect_eq(report.policy_changes.list.count, REPORT_ROWS);
	cr_expect_str_eq(
	    report.policy_changes.list.items[0].detail, "change 3");
	cr_expect_eq(report.policy_changes.actors.count, 2);
	cr_expect_eq(report.user_changes.total, 1);
	cr_expect(report.user_changes.list.items[0].refused);
}

/* A change has a line in words, one for each key, and perhaps a last one. */
Test(report_tally, counts_a_change_of_many_keys_once)
{
	static const char *const details[] = {
	    "enforce @ops: a code is required",
	    "rules.@ops: none -> rule 1 of 1", "rules.my own: none -> rule 2",
	    "otherwise: optional -> required", "policy undo: back to version 2",
	    "policy: none -> ...", "not made: policy undo: back to version 2"};
	char line[160];

	for (size_t i = 0; i < sizeof(details) / sizeof(*details); i++) {
		snprintf(line, sizeof(line),
		    "'event':'policy','actor':'kim','detail':'%s'", details[i]);
		line_at(NOW_S - 60, line);
	}
	cr_expect_eq(report.policy_made, 2);
	cr_expect_eq(report.policy_changes.total, 7);
}

static bool
is_alice(void *ctx, const char *user)
{
	(void)ctx;
	return strcmp(user, "alice") == 0;
}

Test(report_tally, of_a_group_counts_its_members_and_the_policy)
{
	tally.member = is_alice;
	line_at(NOW_S - 60, LOGIN("pass", "code"));
	line_at(NOW_S - 60,
	    "'event':'login','user':'bob','verdict':'pass','reason':'code'");
	line_at(NOW_S - 60, "'event':'policy','actor':'root','detail':'x'");
	cr_expect_eq(logins(), 1);
	cr_expect_eq(report.policy_changes.total, 1);
}

static void
user(const char *name, int state, int64_t deadline_s)
{
	struct user_row row = {.state = state, .deadline_s = deadline_s};

	snprintf(row.user, sizeof(row.user), "%s", name);
	tally_user(&tally, &row);
}

Test(report_tally, lists_the_nearest_deadlines)
{
	char name[16];

	for (int i = 0; i < 3 * REPORT_ROWS; i++) {
		int k = i * 37 % (3 * REPORT_ROWS);

		snprintf(name, sizeof(name), "u%03d", k);
		user(name, STATE_GRACE, k == 0 ? 0 : NOW_S + k);
	}
	user("x", STATE_ENROLLED, 0);
	user("x", STATE_GONE, 0);
	cr_expect_eq(report.grace.total, 3 * REPORT_ROWS);
	cr_assert_eq(report.grace.list.count, REPORT_ROWS);
	for (int i = 0; i < REPORT_ROWS; i++)
		cr_expect_eq(report.grace.list.items[i].when_s, NOW_S + i + 1);
	cr_expect_eq(report.overdue.total, 0);
	cr_expect_eq(report.gone.total, 1);
}

Test(report_tally, adoption_leaves_out_the_exempt_and_the_gone)
{
	struct report_group group = {.users = 0};

	for (int i = 0; i < 6; i++)
		tally_group(&group, STATE_EXEMPT);
	tally_group(&group, STATE_GONE);
	tally_group(&group, STATE_ENROLLED);
	tally_group(&group, STATE_LOCKED);
	tally_group(&group, STATE_OVERDUE);
	cr_expect_eq(adoption_of(group.users, group.states).percent, 66);
	cr_expect_eq(adoption_of(group.users, group.states).of, 3);
	cr_expect_eq(
	    adoption_of(0, (struct report_group){.users = 0}.states).percent,
	    0);
}

/* For them a hardware key is enough, so they need no device. */
Test(report_tally, adoption_has_those_with_a_hardware_key)
{
	struct report_group group = {.users = 0};

	tally_group(&group, STATE_HARDWARE);
	tally_group(&group, STATE_HARDWARE);
	tally_group(&group, STATE_ENROLLED);
	tally_group(&group, STATE_INVITED);
	cr_expect_eq(adoption_of(group.users, group.states).done, 3);
	cr_expect_eq(adoption_of(group.users, group.states).percent, 75);
	user("h", STATE_HARDWARE, 0);
	cr_expect_eq(report.overdue.total + report.grace.total +
		report.shut.total + report.gone.total,
	    0);
}

Test(report_tally, refuses_more_than_ten_years)
{
	struct report longer = {
	    .since_s = NOW_S - (REPORT_DAYS_MAX + 1) * DAY_S, .until_s = NOW_S};

	cr_expect_not(tally_begin(&tally, &longer));
	cr_expect_eq(longer.days.count, 0);
	tally.report = &report;
}
