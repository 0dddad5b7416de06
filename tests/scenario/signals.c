/* Everything but a code that a person, or a thief, can give at the prompt. */
#include <signal.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "tests/scenario/scenario.h"

Scenarios(signals);

static const struct {
	const char *name, *keys;
} ways_out[] = {
    {"^C", "\003"},
    {"^\\", "\034"},
    {"^Z", "\032"},
    {"^D", "\004"},
    {"three ^C", "\003\003\003"},
    {"digits, then ^C", "123\003"},
};

/* The lines of the log about those who went away without a code. */
static size_t
lines_of(const struct bastion *b, const char *user)
{
	return fixture_audit_count(b,
	    text("\"event\":\"login\",\"user\":\"%s\",\"verdict\":"
		 "\"deny\",\"reason\":\"no_code\"",
		user));
}

/* Every way out of the prompt ends in 77 and in nothing else. */
static void
assert_no_way_out(const struct bastion *b, const char *user)
{
	for (size_t i = 0; i < sizeof(ways_out) / sizeof(ways_out[0]); i++) {
		struct session *s = session_open(b, user, NULL, NULL);
		int status;

		session_expect(s, PROMPT);
		session_type(s, ways_out[i].keys);
		session_type(s, "\recho in''side\r");
		status = session_status(s);
		cr_assert_eq(status, 77, "%s: %d: %s", ways_out[i].name, status,
		    s->seen);
		assert_never_says(s->seen, "inside");
	}
	cr_assert_eq(processes_left(b, user, 20000), 0);
}

/* count lines, or fewer where ^C came again before the line was logged. */
static void
assert_logged(const struct bastion *b, const char *user, size_t count)
{
	size_t lines = lines_of(b, user);

	cr_expect_leq(lines, count, "%zu", lines);
	cr_expect_geq(lines, count - 1, "%zu", lines);
}

/* Tests that count processes use a user of their own, if there are people. */
static const char *
own(const struct bastion *b, const char *user)
{
	return bastion_has_people() ? user : b->me;
}

Test(signals, at_the_prompt)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *user = own(b, "user05");

	fixture_enrol(b, user);
	assert_no_way_out(b, user);
	assert_logged(b, user, sizeof(ways_out) / sizeof(ways_out[0]));
}

Test(signals, while_setting_up)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'enrollment':{'self':'always'}");

	assert_no_way_out(b, own(b, "user06"));
	cr_assert_null(
	    strstr(text("%s", fixture_record(b, own(b, "user06"))), "\"d1\""));
}

/* In grace "later" is one Enter away; ^C is no Enter. */
Test(signals, while_setting_up_may_be_skipped)
{
	struct bastion *b = bastion_open(.rules = text(GRACE,
					     hours_from_now(-24),
					     hours_from_now(50)));

	for (size_t i = 0; i < 4; i++) {
		struct session *s = session_open(b, b->me, NULL, NULL);

		session_expect(s, PROMPT);
		session_type(s, ways_out[i].keys);
		cr_assert_eq(
		    session_status(s), 77, "%s: %s", ways_out[i].name, s->seen);
	}
}

Test(signals, hang_up)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *user = own(b, "user07");
	struct session *s;

	fixture_enrol(b, user);
	s = session_open(b, user, NULL, NULL);
	session_expect(s, PROMPT);
	cr_assert_gt(processes_left(b, user, 0), 0);
	session_kill(s);
	cr_assert_eq(processes_left(b, user, 20000), 0);
	cr_expect_eq(lines_of(b, user), 1);
}

Test(signals, silence)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'attempts':{'timeout':'2s'}");
	const char *user = own(b, "user08");
	struct session *s;

	fixture_enrol(b, user);
	s = session_open(b, user, NULL, NULL);
	session_expect(s, PROMPT);
	cr_assert_eq(session_status(s), 77, "%s", screen_text(s->seen));
	cr_assert_eq(processes_left(b, user, 20000), 0);
	cr_expect_eq(lines_of(b, user), 1);
}

Test(signals, a_digit_now_and_then_is_silence_too)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'attempts':{'timeout':'2s'}");
	struct session *s;
	int pressed = 0;

	fixture_enrol(b, b->me);
	s = session_open(b, b->me, NULL, NULL);
	session_expect(s, PROMPT);
	for (; pressed < 12 && !session_ends(s, 500); pressed++)
		session_type(s, "1");
	cr_assert_lt(pressed, 12, "still asking: %s", screen_text(s->seen));
}

Test(signals, killed_from_outside)
{
	static const int signals[] = {SIGTERM, SIGHUP, SIGINT, SIGQUIT, SIGPIPE,
	    SIGALRM, SIGUSR1, SIGKILL};
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fixture_enrol(b, "user09");
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct session *s = session_open(b, "user09", NULL, NULL);
		int status;

		session_expect(s, PROMPT);
		cr_assert_eq(
		    processes_signal("user09", "tfa-gate", signals[i]), 1);
		session_type(s, "echo in''side\r");
		status = session_status(s);
		cr_assert_neq(status, 0, "signal %d", signals[i]);
		assert_never_says(s->seen, "inside");
	}
	cr_assert_eq(processes_left(b, "user09", 20000), 0);
}

Test(signals, resizing_does_not_end_the_prompt)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, PROMPT);
	for (unsigned short i = 0; i < 200; i++) {
		struct winsize size = {
		    .ws_col = (unsigned short)(40 + i), .ws_row = 20};

		ioctl(s->fd, TIOCSWINSZ, &size);
	}
	session_type(s, code_at(secret, step_now()));
	session_type(s, "\r");
	session_type(s, "echo in''side\r");
	session_expect(s, "inside");
	session_kill(s);
}

Test(signals, floods_are_refused)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s;

	fixture_enrol(b, b->me);
	s = session_open(b, b->me, NULL, NULL);
	session_expect(s, PROMPT);
	for (int i = 0; i < 40; i++) {
		session_type(s, text("%02000d", i));
		session_sees(s, "\007never", 1);
	}
	session_type(s, "\r\recho in''side\r");
	cr_assert_eq(session_status(s), 77);
	assert_never_says(s->seen, "inside");
}
