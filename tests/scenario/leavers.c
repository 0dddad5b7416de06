/* Users who leave, phones that are lost: what an administrator sees and does. */
#include <string.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(leavers);

#define GONE  "gone125"
#define STAYS "user125"

/* Makes the record of an account that was deleted. */
static void
leave_behind(struct bastion *b)
{
	fixture_enrol(b, b->me);
	assert_status(
	    run(ARGV("sh", "-ec",
		    text("cd %s/users; cp -p %s.json " GONE ".json; sed -i "
			 "'s/\"user\":\"[^\"]*\"/\"user\":\"" GONE
			 "\"/; s/\"uid\":[0-9]*/\"uid\":4125/' " GONE ".json",
			b->store, b->me)),
		NULL, 0),
	    0);
}

/* Their device and their record are shown, what is promised is true, and
 * nothing of them stays. */
Test(leavers, are_gone_and_can_be_forgotten)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	leave_behind(b);
	r = bastion_admin(b, ARGV("users", "--state", "gone"));
	assert_status(r, 0);
	assert_says(r->out, GONE);
	assert_never_says(r->out, text("\n%s ", b->me));
	r = bastion_admin(b, ARGV("users", GONE));
	assert_says(r->out, "  state          gone: the account was deleted\n");
	assert_says(r->out, "  device         d1 \"phone\"");
	r = bastion_admin(b, ARGV("--json", "users", GONE));
	assert_says(r->out, "\"problem\":\"unknown_user\"");
	r = bastion_admin(b, ARGV("revoke", GONE, "--yes"));
	assert_status(r, 0);
	assert_says(r->out, "the account is gone, so nobody logs in");
	assert_never_says(r->out, "next login");
	r = bastion_admin(b, ARGV("revoke", GONE, "--code", "--yes"));
	assert_status(r, 1);
	r = bastion_admin(b, ARGV("forget", GONE));
	assert_status(r, 1);
	assert_says(r->err, "there is no terminal for the question");
	r = bastion_admin(b, ARGV("forget", GONE, "--yes"));
	assert_status(r, 0);
	assert_says(r->out, GONE ": forgotten: uid 4125, 0 devices");
	cr_assert_neq(
	    access(text("%s/users/" GONE ".json", b->store), F_OK), 0);
	cr_assert_neq(access(text("%s/locks/" GONE, b->store), F_OK), 0);
	assert_says(fixture_audit(b), "\"event\":\"forget\",\"user\":\"" GONE);
	r = bastion_admin(b, ARGV("forget", GONE, "--yes"));
	assert_status(r, 1);
	assert_says(r->err, "There is no user \"" GONE "\".");
}

Test(leavers, are_not_forgotten_while_they_have_an_account)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	fixture_enrol(b, b->me);
	r = bastion_admin(b, ARGV("forget", b->me, "--yes"));
	assert_status(r, 1);
	assert_says(r->err, "The account exists.");
	cr_assert_eq(
	    access(text("%s/users/%s.json", b->store, b->me), F_OK), 0);
}

/* The next account of that name would inherit it. */
Test(leavers, that_the_policy_still_names_are_said)
{
	struct bastion *b =
	    bastion_open(.rules = "{'name':'left','users':['" GONE
				  "'],'mode':'exempt'}",
		.more = "'admins':{'users':['" GONE "']}");
	struct run *r;

	leave_behind(b);
	r = bastion_admin(b, ARGV("forget", GONE, "--yes"));
	assert_status(r, 0);
	assert_says(r->err, "rule \"left\" of the policy still names them");
	assert_says(r->err, "\"admins\" of the policy still names them");
}

/* Each command that names a user says so, with one status. */
Test(leavers, names_of_nobody_are_nobody)
{
	static const char *const names[] = {
	    "alice\r", "a\tb", "a\nb", "\xff\xfe", "a\x1b[2J", "\xc2\x9b"};
	static const char *const commands[][2] = {{"users", "--json"},
	    {"explain", "--json"}, {"unlock", "--json"}, {"code", "--pass"},
	    {"revoke", "--yes"}, {"forget", "--yes"}, {"enroll", "--json"},
	    {"log", "--user"}};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *first;
	struct run *r;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		for (size_t k = 0; k < sizeof(commands) / sizeof(commands[0]);
		     k++) {
			r = bastion_admin(
			    b, ARGV(commands[k][0], commands[k][1], names[i]));
			assert_status(r, 1);
			assert_says(r->err, "there is no such user");
			cr_assert_eq(
			    strcspn(r->err, "\r\t\x1b\xff"), strlen(r->err));
		}
	r = bastion_admin(b, ARGV("users", "nobodyhere"));
	assert_status(r, 1);
	first = strstr(r->err, "nobodyhere");
	cr_assert_not_null(first);
	cr_assert_null(strstr(first + 1, "nobodyhere"), "%s", r->err);
}

Test(leavers, one_device_is_revoked_and_the_others_stay)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	fixture_put_record(b, b->me,
	    "'devices':[{'id':'d1','name':'phone','type':'totp','algorithm':"
	    "'SHA1','digits':6,'period':30,'secret':"
	    "'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ','last_step':'0'},"
	    "{'id':'d2','name':'key','type':'totp','algorithm':'SHA1',"
	    "'digits':6,'period':30,'secret':"
	    "'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U','last_step':'0'}],"
	    "'enrolled_once':true");
	r = bastion_admin(
	    b, ARGV("revoke", b->me, "--device", "tablet", "--yes"));
	assert_status(r, 1);
	assert_says(r->err, "There is no such device");
	assert_says(r->err,
	    text("%s has d1 \"phone\", d2 \"key\"; nothing is changed\n",
		b->me));
	r = bastion_admin(
	    b, ARGV("revoke", b->me, "--device", "phone", "--block"));
	assert_status(r, 2);
	r = bastion_admin(
	    b, ARGV("revoke", b->me, "--device", "phone", "--yes"));
	assert_status(r, 0);
	assert_says(r->out, "d1 \"phone\" is revoked; the others");
	r = bastion_admin(b, ARGV("users", b->me));
	assert_says(r->out, "d2 \"key\"");
	assert_never_says(r->out, "d1");
	assert_says(fixture_audit(b), "\"device\":\"d1\"");
	r = bastion_admin(b, ARGV("revoke", b->me, "--device", "d2", "--yes"));
	assert_status(r, 0);
	assert_says(r->out, "next login within 24 h sets up a new device");
	r = bastion_admin(b, ARGV("revoke", b->me, "--device", "d2", "--yes"));
	assert_status(r, 1);
	assert_says(
	    r->err, text("%s has no device; nothing is changed\n", b->me));
	r = bastion_admin(b, ARGV("enroll", b->me, "--qr", "uri"));
	assert_status(r, 0);
	r = bastion_admin(b, ARGV("users", b->me));
	assert_says(r->out, "d3 ");
}

Test(leavers, codes_that_wait_are_shown_without_the_code)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *made = bastion_admin(b, ARGV("code", b->me, "--pass"));
	const char *code = strstr(made->out, ": ");
	struct run *r = bastion_admin(b, ARGV("users", b->me));

	assert_status(made, 0);
	cr_assert_not_null(code);
	assert_says(r->out, "  one-time code  to log in once, until 20");
	assert_never_says(r->out, text("%.4s", code + 2));
}

static size_t
widest_line(const char *seen)
{
	size_t widest = 0;

	while (*seen != '\0') {
		size_t len = strcspn(seen, "\r\n");

		widest = len > widest ? len : widest;
		seen += len + (seen[len] != '\0');
	}
	return widest;
}

/* With every column that can be there. */
Test(leavers, users_fit_80_columns)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	leave_behind(b);
	fixture_put_record(b, b->me,
	    "'devices':[],'enrolled_once':false,'first_seen':"
	    "'2026-01-02T03:04:05Z','last_login':{'at':'2026-01-02T03:04:05Z',"
	    "'from':'2001:db8:1111:2222:3333:4444:5555:6666'}");
	/* Another test has people with names as long as names can be. */
	r = bastion_admin(b, ARGV("users", "--group", "engineers"));
	assert_status(r, 0);
	assert_says(r->out, "LAST LOGIN");
	cr_assert_leq(widest_line(r->out), 80, "%s", r->out);
	assert_never_says(r->out, "PROBLEM");
	assert_never_says(r->out, "03:04:05");
	r = bastion_admin(b, ARGV("users", b->me));
	cr_assert_leq(widest_line(r->out), 80, "%s", r->out);
}

/* The end of a grace period says nothing of somebody who has a device. */
Test(leavers, users_with_a_device_have_no_deadline)
{
	struct bastion *b = bastion_open(
		.rules = "{'name':'all','users':['*'],'mode':'required',"
			 "'grace':{'until':'2099-01-01T00:00:00Z'}}");
	struct run *r;

	fixture_enrol(b, b->me);
	r = bastion_admin(b, ARGV("users", "--state", "enrolled"));
	assert_says(r->out, b->me);
	assert_never_says(r->out, "2099");
	r = bastion_admin(b, ARGV("users", "--state", "grace"));
	assert_says(r->out, "2099-01-01 00:00");
}

Test(leavers, users_are_chosen_by_the_keeper)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	leave_behind(b);
	r = bastion_admin(
	    b, ARGV("users", "--csv", "--state", "gone,enrolled"));
	assert_status(r, 0);
	assert_says(r->out,
	    "user,state,rule,mode,deadline,devices,recovery_left,last_login,"
	    "last_address,failures,spent,locked_until,problem,problem_text,"
	    "exempt_until,codes\r\n");
	assert_says(r->out, "\n" GONE ",gone,");
	assert_says(r->out, text("\n%s,enrolled,", b->me));
	r = bastion_admin(b, ARGV("users", "--json", "--no-device"));
	assert_never_says(r->out, text("\"%s\"", b->me));
	r = bastion_admin(b, ARGV("users", "--json", "--unused", "90d"));
	assert_says(r->out, text("\"%s\"", b->me));
	r = bastion_admin(b, ARGV("users", "--json", "--group", "root"));
	assert_never_says(r->out, GONE);
	r = bastion_admin(b, ARGV("users", "--csv", "--json"));
	assert_status(r, 2);
	r = bastion_admin(b, ARGV("users", "--unused", "soon"));
	assert_status(r, 2);
}

/* A session ends with the device, and with all that it started. */
Test(leavers, sessions_end_with_the_device)
{
	struct bastion *b;
	struct run *session, *r;
	const char *secret;
	int i;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol(b, STAYS);
	session = ssh_start(b, STAYS,
	    ARGV("-o", with_code(code_at(secret, step_now()))),
	    "echo $$ >~/begun; sleep 1000 & sleep 1000", NULL);
	for (i = 0; i < 200; i++) {
		if (access("/home/" STAYS "/begun", F_OK) == 0)
			break;
		run_sleep_ms(50);
	}
	cr_assert_lt(i, 200, "no session");
	r = bastion_admin(b, ARGV("revoke", STAYS, "--end-sessions", "--yes"));
	assert_status(r, 0);
	assert_says(r->out, STAYS ": ended: 1 connection, ");
	run_finish(session);
	cr_assert_neq(session->status, 0);
	r = run(ARGV("pgrep", "-u", STAYS), NULL, 0);
	assert_status(r, 1);
	assert_says(fixture_audit(b), "\"event\":\"end_sessions\"");
}
