/*
 * Verdicts: who is asked, who is offered enrolment, who is let in or refused.
 */
#include "tests/scenario/scenario.h"

#define SELF_ALWAYS "'enrollment':{'self':'always'}"

Scenarios(verdicts);

static struct bastion *
in_grace(void)
{
	return bastion_open(.rules = text(GRACE, hours_from_now(-24),
				hours_from_now(50)));
}

/* Says "later" to an offer; ends in the shell. */
static void
skip_offer(const struct bastion *b, const char *user)
{
	struct session *s = session_open(b, user, NULL, NULL);

	session_expect(s, PROMPT);
	session_type(s, "\r");
	session_type(s, "echo in''side; exit 3\r");
	session_expect(s, "inside");
	cr_assert_eq(session_status(s), 3);
}

Test(verdicts, grace_offers_and_can_be_skipped)
{
	struct bastion *b = in_grace();
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, "2 days");
	session_expect(s, PROMPT);
	cr_assert_not_null(screen_qr(s->seen));
	session_type(s, "\r");
	session_type(s, "echo in''side\r");
	session_expect(s, "inside");
	session_kill(s);
}

Test(verdicts, grace_offers_once_a_day)
{
	struct bastion *b = in_grace();
	struct session *s;

	skip_offer(b, b->me);
	s = session_open(b, b->me, NULL, NULL);
	session_type(s, "echo in''side; exit 4\r");
	session_expect(s, "2 days");
	session_expect(s, "inside");
	cr_assert_eq(session_status(s), 4);
	assert_never_says(s->seen, PROMPT);
}

/* The last offer before the deadline must not say "in a day". */
Test(verdicts, last_day_of_grace_offers_at_each_login)
{
	struct bastion *b = bastion_open(.rules = text(GRACE,
					     hours_from_now(-24),
					     hours_from_now(20)));
	struct session *s;

	for (int i = 0; i < 3; i++) {
		s = session_open(
		    b, b->me, NULL, i < 2 ? NULL : "echo in''side");
		session_expect(s, PROMPT);
		session_type(s, "\r");
		session_expect(s, "A code will be required here in ");
		session_expect(s, "asked again at each login; sooner: tfa add");
		if (i < 2)
			session_type(s, "echo in''side; exit\r");
		session_expect(s, "inside");
		cr_assert_eq(session_status(s), 0);
	}
}

/* Twelve hours into the second of two days the pause between offers ends. */
Test(verdicts, next_offer_is_no_later_than_the_last_day)
{
	struct bastion *b = bastion_open(.rules = text(GRACE,
					     hours_from_now(-24),
					     hours_from_now(36)));
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, PROMPT);
	session_type(s, "\r");
	session_expect(s, "asked again in 1");
	session_kill(s);
}

/* A program asked for a terminal; nobody sits at it. */
Test(verdicts, last_day_of_grace_lets_a_program_with_a_terminal_through)
{
	struct bastion *b = bastion_open(.rules = text(GRACE,
					     hours_from_now(-24),
					     hours_from_now(20)),
	    .more = "'attempts':{'timeout':'3s'}");
	struct run *r = ssh_run(b, b->me, ARGV("-tt"), "echo in''side", NULL);

	assert_status(r, 0);
	assert_says(r->out, "inside");
}

Test(verdicts, grace_lets_a_command_through_with_one_line)
{
	struct bastion *b = in_grace();
	struct run *r = ssh_run(b, b->me, NULL, "echo inside", NULL);

	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
	assert_says(r->err, "2 days");
	assert_says(r->err, "Set it up now: tfa add.");
	cr_assert_eq(strchr(r->err, '\n'), r->err + strlen(r->err) - 1);
}

Test(verdicts, grace_for_ends_days_after_the_first_login)
{
	char *rule = text("{'name':'all','users':['*'],'mode':'required',"
			  "'since':'%s','grace':{'for':'2d','until':'%s'}}",
	    hours_from_now(-24 * 60), hours_from_now(24 * 60));
	struct bastion *b = bastion_open(.rules = rule);
	struct run *r = ssh_run(b, b->me, NULL, "echo inside", NULL);

	assert_status(r, 0);
	assert_says(r->err, "2 days");
	fixture_put_record(b, b->me,
	    text("'enrolled_once':false,'first_seen':'%s',"
		 "'grace_started':'%s'",
		hours_from_now(-49), hours_from_now(-49)));
	r = ssh_run(b, b->me, NULL, "echo inside", NULL);
	assert_status(r, 77);
	cr_assert_str_empty(r->out);
}

Test(verdicts, deadline_passed_denies)
{
	struct bastion *b = bastion_open(.rules = text(GRACE,
					     hours_from_now(-48),
					     hours_from_now(-1)));
	struct session *s = session_open(b, b->me, NULL, NULL);
	struct run *r;

	cr_assert_eq(session_status(s), 77);
	assert_says(s->seen, "administrator");
	assert_never_says(s->seen, PROMPT);
	r = ssh_run(b, b->me, NULL, "echo inside", NULL);
	assert_status(r, 77);
	cr_assert_str_empty(r->out);
}

Test(verdicts, enrolled_has_no_grace)
{
	struct bastion *b = in_grace();

	fixture_enrol(b, b->me);
	assert_status(ssh_run(b, b->me, NULL, "echo inside", NULL), 76);
}

Test(verdicts, enrolled_once_has_no_grace_again)
{
	struct bastion *b = in_grace();

	fixture_put_record(b, b->me, "'devices':[],'enrolled_once':true");
	assert_status(ssh_run(b, b->me, NULL, "echo inside", NULL), 77);
}

Test(verdicts, exempt_is_never_asked_but_logged)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));
	struct run *r;

	fixture_enrol(b, b->me);
	r = ssh_run(b, b->me, NULL, "echo inside", NULL);
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
	cr_assert_str_empty(r->err);
	assert_says(fixture_audit(b), "exempt");
}

Test(verdicts, optional_asks_the_enrolled)
{
	struct bastion *b = bastion_open(.rules = RULE("optional"));

	skip_offer(b, b->me);
	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 0);
	fixture_enrol(b, b->me);
	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 76);
}

Test(verdicts, required_set_up_needs_a_terminal)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = SELF_ALWAYS);
	struct run *r = ssh_run(b, b->me, NULL, "echo inside", NULL);

	assert_status(r, 76);
	cr_assert_str_empty(r->out);
}

Test(verdicts, required_set_up_cannot_be_skipped)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = SELF_ALWAYS);
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, PROMPT);
	session_type(s, "\r");
	session_type(s, "\r");
	session_type(s, "echo in''side\r");
	cr_assert_eq(session_status(s), 77);
	assert_never_says(s->seen, "inside");
}

/* Exempt from some addresses, asked from all others. */
static struct bastion *
exempt_from(const char *prefix)
{
	struct bastion *b = bastion_open(
		.rules = text("{'name':'near','users':['*'],'from':['%s'],"
			      "'mode':'exempt'}," REQUIRED,
		    prefix));

	fixture_enrol(b, b->me);
	return b;
}

Test(verdicts, from_ipv4)
{
	struct bastion *b = exempt_from("127.0.8.0/24");

	assert_status(
	    ssh_run(b, b->me, ARGV("-b", "127.0.8.3"), "true", NULL), 0);
	assert_status(
	    ssh_run(b, b->me, ARGV("-b", "127.0.9.3"), "true", NULL), 76);
}

Test(verdicts, from_ipv6)
{
	struct bastion *b = exempt_from("::1");
	const char *const *six = ARGV("-o", "HostName=::1");

	if (strstr(read_text(b->log), "listening on ::1") == NULL)
		cr_skip("no IPv6 here");
	assert_status(ssh_run(b, b->me, six, "true", NULL), 0);
	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 76);
}

Test(verdicts, from_ipv4_mapped)
{
	struct bastion *b = exempt_from("::ffff:127.0.8.0/120");

	assert_status(
	    ssh_run(b, b->me, ARGV("-b", "127.0.8.3"), "true", NULL), 0);
	assert_status(
	    ssh_run(b, b->me, ARGV("-b", "127.0.9.3"), "true", NULL), 76);
}

Test(verdicts, supplementary_groups)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(
		.rules =
		    "{'name':'ours','groups':['engineers'],'mode':'exempt'}," REQUIRED);
	assert_status(ssh_run(b, "alice", NULL, "true", NULL), 0);
	assert_status(ssh_run(b, "bob", NULL, "true", NULL), 0);
	assert_status(ssh_run(b, "carol", NULL, "true", NULL), 77);
}

Test(verdicts, excluded_groups_and_users)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(
		.rules = "{'name':'theirs','groups':['contractors','!interns'],"
			 "'mode':'exempt'},"
			 "{'name':'ours','groups':['engineers'],"
			 "'users':['!bob'],'mode':'exempt'}," REQUIRED);
	assert_status(ssh_run(b, "carol", NULL, "true", NULL), 0);
	assert_status(ssh_run(b, "dave", NULL, "true", NULL), 77);
	assert_status(ssh_run(b, "alice", NULL, "true", NULL), 0);
	assert_status(ssh_run(b, "bob", NULL, "true", NULL), 77);
}

Test(verdicts, unknown_group_denies)
{
	struct bastion *b =
	    bastion_open(.rules = "{'name':'lost','groups':['no-such-group'],"
				  "'mode':'required'}," RULE("exempt"));
	struct run *r = ssh_run(b, b->me, NULL, "echo inside", NULL);

	assert_status(r, 77);
	assert_says(r->err, "no-such-group");
	cr_assert_str_empty(r->out);
}

#define LOST                                                \
	"{'name':'lost','groups':['no-such-group'],'mode':" \
	"'required'}," REQUIRED

static const char *
pass_code(const struct bastion *b, const char *user)
{
	struct run *r = bastion_admin(b, ARGV("code", user, "--pass"));
	const char *at = strchr(r->out, '-');

	assert_status(r, 0);
	cr_assert_not_null(at, "no code in: %s", r->out);
	return text("%.19s", at - 4);
}

/* The policy cannot decide; an administrator can. */
Test(verdicts, pass_code_passes_where_a_group_is_unknown)
{
	struct bastion *b = bastion_open(.rules = LOST);
	const char *secret = fixture_enrol(b, b->me);
	const char *code = pass_code(b, b->me);
	struct run *r = ssh_with_code(
	    b, b->me, code_at(secret, step_now()), "echo inside");

	assert_status(r, 77);
	assert_says(r->err, "\"no-such-group\", which does not exist here");
	assert_says(r->err, "tfa-admin policy edit");
	assert_says(r->err, "tfa-admin code USER --pass");
	r = ssh_with_code(b, b->me, "0000-0000-0000-0000", "echo inside");
	assert_status(r, 77);
	assert_says(r->err, "Wrong code");
	r = ssh_with_code(b, b->me, code, "echo inside");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
	r = ssh_with_code(b, b->me, code, "echo inside");
	assert_status(r, 77);
	assert_says(r->err, "no-such-group");
	assert_says(fixture_audit(b), "\"reason\":\"one_time_code\"");
	assert_says(fixture_audit(b), "unknown_group: no-such-group");
}

/* The prompt says which group, and takes the code. */
Test(verdicts, pass_code_is_asked_for_where_a_group_is_unknown)
{
	struct bastion *b = bastion_open(.rules = LOST);
	const char *code = pass_code(b, b->me);
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, "no-such-group");
	session_pass(s, code);
	session_kill(s);
	s = session_open(b, b->me, NULL, NULL);
	cr_assert_eq(session_status(s), 77);
	assert_says(s->seen, "no-such-group");
	assert_never_says(s->seen, PROMPT);
}

/* The commands that an administrator needs still work. */
Test(verdicts, admin_commands_work_where_a_group_is_unknown)
{
	struct bastion *b = bastion_open(.rules = LOST);

	pass_code(b, b->me);
	assert_status(bastion_admin(b, ARGV("users")), 0);
	assert_status(bastion_admin(b, ARGV("unlock", b->me)), 0);
	assert_status(bastion_admin(b, ARGV("explain", b->me)), 0);
	assert_status(bastion_admin(b, ARGV("revoke", b->me, "--yes")), 0);
	assert_status(bastion_admin(b, ARGV("--yes", "enforce", b->me)), 0);
	assert_status(bastion_admin(b, ARGV("policy", "check")), 0);
}

Test(verdicts, lost_membership_denies)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = "{'name':'ours','groups':['engineers'],"
				  "'mode':'required'}");
	fixture_put_record(
	    b, "erin", "'enrolled_once':false,'last_rule':'ours'");
	r = ssh_run(b, "erin", NULL, "echo inside", NULL);
	assert_status(r, 77);
	assert_says(r->err, "ours");
}

/* No reload is needed, and no worker uses the old policy. */
Test(verdicts, policy_counts_from_the_next_login)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));

	fixture_enrol(b, b->me);
	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 0);
	fixture_write_policy(b, fixture_policy(REQUIRED, NULL));
	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 76);
}
