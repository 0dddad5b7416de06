/* tfa: a user's own devices and recovery codes, inside a session. */
#include <string.h>

#include "tests/support/talk.h"
#include "tests/scenario/scenario.h"

Scenarios(own);

/*
 * Runs tfa in a session of its own that code opens. own, if not NULL, is the
 * code that tfa itself gets.
 */
static struct run *
run_tfa(const struct bastion *b, const char *code, const char *own,
    const char *args)
{
	return ssh_with_code(b, b->me, code,
	    text("%s%s %s/tfa %s %s %s", own != NULL ? "TFA_CODE=" : "",
		own != NULL ? own : "", getenv("TFA_PROGRAMS"),
		b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket, args));
}

Test(own, status_needs_no_code_and_tells_no_secret)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct run *r = run_tfa(b, code_at(secret, step_now()), NULL, "status");

	assert_status(r, 0);
	assert_says(r->out, "d1");
	assert_never_says(r->out, secret);
}

Test(own, changes_need_a_code)
{
	static const char *const changes[] = {"recovery", "remove d1"};
	struct bastion *b = bastion_open(.rules = RULE("optional"));
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_fresh(10);

	assert_status(
	    run_tfa(b, code_at(secret, step - 1), NULL, changes[0]), 76);
	assert_status(
	    run_tfa(b, code_at(secret, step), code_wrong(secret), changes[1]),
	    77);
	assert_status(run_tfa(b, code_at(secret, step + 1),
			  code_at(secret, step + 1), changes[1]),
	    77);
}

Test(own, last_device_stays_where_a_code_is_required)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_now();
	struct run *r = run_tfa(
	    b, code_at(secret, step), code_at(secret, step + 1), "remove d1");

	assert_status(r, 77);
	assert_says(r->err, "last device");
	/* The code was not spent. */
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 0);
}

/* tfa says so before it asks for a code, which nobody could type here. */
Test(own, no_such_device_is_said_before_a_code_is_asked_for)
{
	struct bastion *b = bastion_open(.rules = RULE("optional"));
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_fresh(10);
	struct run *r = run_tfa(
	    b, code_at(secret, step - 1), NULL, "remove d9");

	assert_status(r, 77);
	assert_says(r->err, "You have no such device: tfa status lists them.");
	r = run_tfa(b, code_at(secret, step), NULL, "remove d1");
	assert_status(r, 76);
	assert_says(r->err, "A code is required");
}

Test(own, empty_line_gives_up_and_says_so)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s = session_open(b, b->me, NULL,
	    text("%s/tfa %s %s recovery", getenv("TFA_PROGRAMS"),
		b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket));

	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step_now())));
	session_expect(s, PROMPT);
	session_type(s, "\r");
	session_expect(s, "No code was entered");
	cr_assert_eq(session_status(s), 77);
}

/* The first recovery code on the screen; codes stand in two columns. */
static const char *
first_code(const char *seen)
{
	const char *at = strstr(seen, "\n  ");

	cr_assert_not_null(at, "no codes in: %s", seen);
	return text("%.19s", at + 3);
}

Test(own, new_recovery_codes_void_the_old)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_now();
	const char *code;
	struct run *r = run_tfa(
	    b, code_at(secret, step), code_at(secret, step + 1), "recovery");

	assert_status(r, 0);
	code = first_code(r->err);
	assert_says(r->err, "The earlier codes are void.");
	assert_status(ssh_with_code(b, b->me, code, "true"), 0);
	assert_status(ssh_with_code(b, b->me, code, "true"), 77);
}

Test(own, second_device_beside_the_first)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me), *second;
	uint64_t step = step_fresh(10);
	struct session *s = session_open(b, b->me, NULL,
	    text("%s/tfa %s %s add tablet", getenv("TFA_PROGRAMS"),
		b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket));

	session_expect(s, "Verification code: ");
	session_type(s, text("%s\r", code_at(secret, step - 1)));
	session_expect(s, "Verification code: ");
	session_type(s, text("%s\r", code_at(secret, step)));
	session_expect(s, "New device's code: ");
	second = uri_parameter(screen_qr(s->seen), "secret");
	session_type(s, text("%s\r", code_at(second, step)));
	cr_assert_eq(session_status(s), 0);
	assert_status(
	    ssh_with_code(b, b->me, code_at(second, step + 1), "true"), 0);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 0);
}

/* Nobody would see new ones. */
Test(own, second_device_leaves_the_recovery_codes)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me), *second, *codes;
	uint64_t step = step_fresh(20);
	struct run *r = run_tfa(
	    b, code_at(secret, step - 1), code_at(secret, step), "recovery");
	struct session *s;

	assert_status(r, 0);
	codes = first_code(r->err);
	s = session_open(b, b->me, NULL,
	    text("%s/tfa %s %s add tablet", getenv("TFA_PROGRAMS"),
		b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket));
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step + 1)));
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", codes));
	session_expect(s, "New device's code: ");
	second = uri_parameter(screen_qr(s->seen), "secret");
	session_type(s, text("%s\r", code_at(second, step)));
	cr_assert_eq(session_status(s), 0);
	codes = text("%.19s", strstr(r->err, codes) + 23);
	assert_status(ssh_with_code(b, b->me, codes, "true"), 0);
}

/* It only proves who asks: a later login is told of wrong codes. */
Test(own, code_for_a_change_is_no_login)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));
	const char *secret = fixture_enrol(b, b->me);

	assert_status(
	    run_tfa(b, "", code_at(secret, step_now()), "recovery"), 0);
	assert_never_says(fixture_record(b, b->me), "\"verified\"");
}

/* The user knows this secret already, so both directions may be said. */
Test(own, says_which_way_the_clock_of_a_new_device_is_off)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me), *second;
	uint64_t step = step_fresh(20);
	struct session *s = session_open(b, b->me, NULL,
	    text("%s/tfa %s %s add", getenv("TFA_PROGRAMS"),
		b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket));

	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step - 1)));
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step)));
	session_expect(s, "New device's code: ");
	second = uri_parameter(screen_qr(s->seen), "secret");
	session_type(s, text("%s\r", code_at(second, step_fresh(9) + 10)));
	session_expect(s, "Wrong code: the phone's clock is 5 minutes ahead");
	session_type(s, text("%s\r", code_at(second, step_fresh(9) - 10)));
	session_expect(s, "Wrong code: it is from 5 minutes ago, or the");
	session_type(s, text("%s\r", code_at(second, step_fresh(9))));
	session_expect(s, "Done: codes from either device are good.");
	cr_assert_eq(session_status(s), 0);
}

/* Runs tfa on a terminal, in a session that needed no code. */
static struct session *
open_tfa(const struct bastion *b, const char *args)
{
	return session_open(b, b->me, NULL,
	    text("%s/tfa %s %s %s", getenv("TFA_PROGRAMS"),
		b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket, args));
}

/* Confirms the device from the QR code on the screen. Returns its secret. */
static const char *
confirm_first(struct session *s, uint64_t step)
{
	const char *secret;

	session_expect(s, "New device's code: ");
	secret = uri_parameter(screen_qr(s->seen), "secret");
	cr_assert_not_null(secret);
	session_type(s, text("%s\r", code_at(secret, step)));
	session_expect(s, "Recovery codes");
	session_expect(s, "Press Enter when you have kept them: ");
	session_type(s, "\r");
	cr_assert_eq(session_status(s), 0);
	return secret;
}

static void
assert_first_device(const char *rules)
{
	struct bastion *b = bastion_open(.rules = rules);
	uint64_t step = step_fresh(10);
	struct session *s = open_tfa(b, "add phone");
	const char *secret = confirm_first(s, step), *seen = s->seen;

	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 76);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step), "true"), 77);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 0);
	assert_status(ssh_with_code(b, b->me,
			  first_code(strstr(seen, "Recovery codes")), "true"),
	    0);
	assert_says(fixture_audit(b), "\"device_confirm\"");
	assert_says(fixture_audit(b), "\"reason\":\"enrolled\"");
	assert_says(fixture_record(b, b->me), "\"added_key\"");
}

Test(own, first_device_where_a_code_is_optional)
{
	assert_first_device(RULE("optional"));
}

Test(own, first_device_in_grace)
{
	assert_first_device(
	    text(GRACE, hours_from_now(-24), hours_from_now(50)));
}

/*
 * Where a login needs an admin's code to enrol, so does tfa. No other code will
 * do, and a code to pass with stays good.
 */
Test(own, first_device_by_an_admins_code)
{
	struct bastion *b = bastion_open(.rules = RULE("optional"),
	    .more = "'enrollment':{'self':'code'}");
	struct session *s = open_tfa(b, "add");
	struct run *pass, *enroll;

	session_expect(s, "ask an administrator for a code");
	cr_assert_eq(session_status(s), 77);
	cr_assert_null(screen_qr(s->seen));
	pass = bastion_admin(b, ARGV("code", b->me, "--pass"));
	assert_status(pass, 0);
	enroll = bastion_admin(b, ARGV("code", b->me, "--enroll"));
	assert_status(enroll, 0);
	s = open_tfa(b, "add");
	session_expect(s, "one-time code");
	session_expect(s, PROMPT);
	session_type(s, text("%.19s\r", strchr(pass->out, '-') - 4));
	session_expect(s, "Wrong code");
	session_expect(s, PROMPT);
	session_type(s, text("%.19s\r", strchr(enroll->out, '-') - 4));
	confirm_first(s, step_now());
	assert_says(fixture_record(b, b->me), "\"use\": \"pass\"");
	assert_never_says(fixture_record(b, b->me), "\"use\": \"enroll\"");
}

/* A user who is never asked has no use for a device. */
Test(own, no_first_device_for_the_exempt)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));
	struct session *s = open_tfa(b, "add");

	session_expect(s, "nothing to set up");
	cr_assert_eq(session_status(s), 77);
	cr_assert_null(screen_qr(s->seen));
	cr_assert(fixture_record(b, b->me) == NULL ||
	    strstr(fixture_record(b, b->me), "secret") == NULL);
}

/* Past the deadline, in a session that began before it. */
Test(own, no_first_device_where_a_login_could_set_up_none)
{
	static const char *const records[] = {
	    "'enrolled_once':false", "'enrolled_once':true"};
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	for (size_t i = 0; i < sizeof(records) / sizeof(records[0]); i++) {
		char *answer;

		fixture_put_record(b, "alice", records[i]);
		answer = talk_ask(b, "alice", "'request':'device_begin'");
		cr_expect(talk_is(answer, "deny"), "%s", answer);
		cr_expect_str_eq(talk_word(answer, "reason"), "add_closed");
		assert_never_says(answer, "\"secret\"");
		answer = talk_ask(
		    b, "alice", "'request':'device_confirm','code':'123456'");
		cr_expect(talk_is(answer, "deny"), "%s", answer);
		cr_expect_str_eq(talk_word(answer, "reason"), "add_closed");
	}
}

Test(own, status_says_how_to_set_up_a_first_device)
{
	struct bastion *b = bastion_open(.rules = text(GRACE,
					     hours_from_now(-24),
					     hours_from_now(50)));
	struct session *s = open_tfa(b, "status");

	session_expect(s, "no device");
	session_expect(s, "required here in 2 days");
	session_expect(s, "Set it up now: tfa add.");
	cr_assert_eq(session_status(s), 0);
}

Test(own, without_a_device_is_told_where_the_first_is_set_up)
{
	static const char *const changes[] = {"recovery", "remove d1"};
	struct bastion *b = bastion_open(.rules = RULE("optional"));

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct run *r = ssh_run(b, b->me, NULL,
		    text("%s/tfa %s %s %s", getenv("TFA_PROGRAMS"),
			b->embedded ? "--store" : "--socket",
			b->embedded ? b->store : b->socket, changes[i]),
		    NULL);

		assert_status(r, 77);
		cr_expect(strstr(r->err, "You have no device yet") != NULL,
		    "%s: %s", changes[i], r->err);
	}
}

/*
 * A code to enrol changes no devices that exist already, even if a thief
 * intercepts it.
 */
Test(own, code_to_enrol_with_changes_nothing)
{
	static const char *const changes[] = {"'request':'recovery'",
	    "'request':'device_begin','device':'other'",
	    "'request':'device_remove','device':'d1'"};
	struct bastion *b;
	const char *given, *before;

	needs_people();
	b = bastion_open(.rules = RULE("optional"));
	fixture_enrol(b, "alice");
	given = talk_ask(
	    b, "root", "'request':'code','user':'alice','use':'enroll'");
	assert_says(given, "\"codes\":[\"");
	given = text("%.19s", strstr(given, "\"codes\":[\"") + 10);
	before = fixture_record(b, "alice");
	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		char *answer = talk_ask(
		    b, "alice", text("%s,'code':'%s'", changes[i], given));

		cr_expect(
		    talk_is(answer, "deny"), "%s: %s", changes[i], answer);
		cr_expect_str_eq(talk_word(answer, "reason"), "wrong_code",
		    "%s: %s", changes[i], answer);
		assert_never_says(answer, "\"secret\"");
	}
	cr_expect_str_eq(fixture_record(b, "alice"), before);
}

Test(own, says_what_is_wrong_with_a_command)
{
	static const struct {
		const char *args, *says;
	} cases[] = {{"remove", "\"remove\" needs the name of a device"},
	    {"add a b", "\"add\" was given too many words"},
	    {"status d1", "\"status\" was given too many words"},
	    {"remoev d1", "\"remoev\" is not a command of tfa"}};
	struct bastion *b = bastion_open(.rules = RULE("exempt"));

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r = run_tfa(b, "", NULL, cases[i].args);

		assert_status(r, 2);
		assert_says(r->err, cases[i].says);
	}
}
