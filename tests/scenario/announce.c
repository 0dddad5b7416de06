/* The next login announces what changed, with the real client. */
#include "tests/support/talk.h"
#include "tests/scenario/scenario.h"

Scenarios(announce);

#define TABLET "A device \"tablet\" was added on "
#define CODES  "New recovery codes were made on "
#define KEPT   "Press Enter when you have kept them: "

static char *
tfa_command(const struct bastion *b, const char *args)
{
	return text("%s/tfa %s %s %s", getenv("TFA_PROGRAMS"),
	    b->embedded ? "--store" : "--socket",
	    b->embedded ? b->store : b->socket, args);
}

static void
answer(struct session *s, const char *prompt, const char *code)
{
	session_expect(s, prompt);
	session_type(s, text("%s\r", code));
}

/*
 * Logs in on a terminal, from the prompt to the shell; returns all it showed.
 */
static char *
log_in(const struct bastion *b, const char *code)
{
	struct session *s = session_open(b, b->me, NULL, NULL);
	char *seen;

	session_pass(s, code);
	seen = text("%s", s->seen);
	session_kill(s);
	return seen;
}

/*
 * Adds a tablet in a session of its own, which spends the codes of step - 1 and
 * step. Returns the tablet's secret; its code of step - 1 is spent too.
 */
static const char *
add_tablet(const struct bastion *b, const char *secret, uint64_t step)
{
	struct session *s = session_open(
	    b, b->me, NULL, tfa_command(b, "add tablet"));
	const char *second;

	answer(s, PROMPT, code_at(secret, step - 1));
	answer(s, PROMPT, code_at(secret, step));
	session_expect(s, "New device's code: ");
	second = uri_parameter(screen_qr(s->seen), "secret");
	session_type(s, text("%s\r", code_at(second, step - 1)));
	cr_assert_eq(session_status(s), 0);
	assert_never_says(s->seen, "was added");
	return second;
}

/*
 * A thief who had one session adds a device and logs in with it before the
 * owner does.
 */
Test(announce, device_of_a_thief_is_told_to_the_owner_of_the_old_one)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me), *thief, *key;
	uint64_t step = step_fresh(20);
	char *seen;

	thief = add_tablet(b, secret, step);
	assert_never_says(log_in(b, code_at(thief, step)), "was added");
	seen = log_in(b, code_at(secret, step + 1));
	assert_says(screen_words(seen), TABLET);
	assert_says(screen_words(seen), " UTC from 127.0.0.1 ");
	key = run(ARGV("ssh-keygen", "-l", "-f",
		      text("%s/%s.pub", getenv("TFA_KEYS"), b->me)),
	    NULL, 0)
		  ->out;
	key = text("(key %.50s)", strstr(key, "SHA256:"));
	cr_assert_not_null(strstr(screen_words(seen), "If that was not you"));
	assert_says(screen_words(seen), key);
}

/*
 * Enrols a phone and a tablet. The phone's owner has not heard of the tablet.
 */
static const char *
enrol_with_tablet(const struct bastion *b)
{
	const char *secret = secret_random();

	fixture_put_record(b, b->me,
	    text("'devices':[{'id':'d1','name':'phone','type':'totp',"
		 "'algorithm':'SHA1','digits':6,'period':30,'secret':'%s',"
		 "'last_step':'0','added':'2024-01-01T00:00:00Z','told':'%s'},"
		 "{'id':'d2','name':'tablet','type':'totp','algorithm':'SHA1',"
		 "'digits':6,'period':30,'secret':'%s','last_step':'0',"
		 "'added':'%s','added_from':'tfa-admin'}],"
		 "'enrolled_once':true",
		secret, hours_from_now(-2), secret_random(),
		hours_from_now(-1)));
	return secret;
}

Test(announce, device_is_told_once_on_a_terminal)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = enrol_with_tablet(b);
	uint64_t step = step_fresh(10);
	struct run *r = ssh_with_code(
	    b, b->me, code_at(secret, step - 1), "true");

	assert_status(r, 0);
	assert_says(r->err, TABLET);
	assert_says(r->err, "by an administrator.");
	cr_assert_str_empty(r->out);
	assert_says(log_in(b, code_at(secret, step)), TABLET);
	assert_never_says(log_in(b, code_at(secret, step + 1)), "was added");
}

Test(announce, recovery_codes_are_told_to_the_owner)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_fresh(10);

	assert_status(ssh_with_code(b, b->me, code_at(secret, step - 1),
			  text("TFA_CODE=%s %s", code_at(secret, step),
			      tfa_command(b, "recovery"))),
	    0);
	assert_says(log_in(b, code_at(secret, step + 1)), CODES);
}

Test(announce, device_that_an_admin_set_up_is_told)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	char *seen;

	assert_status(bastion_admin(b, ARGV("enroll", b->me)), 0);
	seen = log_in(b, code_at(secret, step_now()));
	assert_says(seen, "A device \"phone-2\" was added on ");
	assert_says(seen, "by an administrator.");
}

/*
 * A person who enrols hears of wrong codes, and not of this enrolment itself.
 */
Test(announce, enrolment_tells_of_wrong_codes_and_not_of_itself)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'enrollment':{'self':'always'}");
	uint64_t step;
	const char *secret;
	struct session *s;
	char *seen;

	fixture_put_record(b, b->me,
	    "'enrolled_once':false,'failures':{'known':{'count':0},"
	    "'other':{'count':3,'last':'2024-01-01T00:00:00Z',"
	    "'from':'192.0.2.66'}}");
	s = session_open(b, b->me, NULL, NULL);
	session_expect(s, PROMPT);
	secret = uri_parameter(screen_qr(s->seen), "secret");
	step = step_now();
	session_type(s, text("%s\r", code_at(secret, step)));
	session_expect(s, "3 wrong codes since your last login");
	session_expect(s, KEPT);
	session_type(s, "\r");
	session_type(s, "exit 6\r");
	cr_assert_eq(session_status(s), 6);
	seen = log_in(b, code_at(secret, step + 1));
	assert_never_says(seen, "wrong codes");
	assert_never_says(seen, "was added");
	assert_never_says(seen, "were made");
}

/* sshd throws away what is said before sftp begins. */
Test(announce, wrong_codes_are_told_again_after_a_login_without_a_terminal)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = secret_random();
	uint64_t step = step_fresh(10);

	fixture_put_record(b, b->me,
	    text("%s,'failures':{'known':{'count':0},'other':{'count':3,"
		 "'last':'2024-01-01T00:00:00Z','from':'192.0.2.66'}}",
		fixture_device(secret, 0)));
	assert_status(run(ARGV("sftp", "-F", b->ssh_config, "-o",
			      with_code(code_at(secret, step - 1)), "-b",
			      "/dev/null", "bastion"),
			  NULL, 0),
	    0);
	assert_says(log_in(b, code_at(secret, step)), "3 wrong codes");
	assert_never_says(log_in(b, code_at(secret, step + 1)), "wrong code");
}
