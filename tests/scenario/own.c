/* tfa: a user's own devices and recovery codes, inside a session. */
#include <string.h>

#include "../support/talk.h"
#include "scenario.h"

Scenarios(own);

/* "tfa ARGS" in a session of its own, which code opens; own, where it is not
 * NULL, is the code that tfa itself is given. */
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
	/* And that code was not spent on it. */
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 0);
}

/* Said before a code is asked for: here nobody could type one. */
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

/* The first of the codes, which stand in two columns. */
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
	session_expect(s, "Code from the new device: ");
	second = uri_parameter(screen_qr(s->seen), "secret");
	session_type(s, text("%s\r", code_at(second, step)));
	cr_assert_eq(session_status(s), 0);
	assert_status(
	    ssh_with_code(b, b->me, code_at(second, step + 1), "true"), 0);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 0);
}

/* Its secret is hers already, so both ways may be said. */
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
	session_expect(s, "Code from the new device: ");
	second = uri_parameter(screen_qr(s->seen), "secret");
	session_type(s, text("%s\r", code_at(second, step + 10)));
	session_expect(s, "Wrong code: the phone's clock is 5 minutes ahead");
	session_type(s, text("%s\r", code_at(second, step - 10)));
	session_expect(s, "Wrong code: it is from 5 minutes ago, or the");
	session_type(s, text("%s\r", code_at(second, step)));
	session_expect(s, "Done: codes from either device are good.");
	cr_assert_eq(session_status(s), 0);
}

Test(own, without_a_device_is_told_where_the_first_is_set_up)
{
	static const char *const changes[] = {"add", "recovery", "remove d1"};
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

/* Whoever intercepts an admin's code to enrol with has none of hers. */
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
