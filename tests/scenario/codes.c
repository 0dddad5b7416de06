/* Which code opens, how often, and what becomes of wrong ones. */
#include <stdio.h>

#include "tests/scenario/scenario.h"

Scenarios(codes);

Test(codes, right_code_gives_the_shell)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_pass(s, code_at(secret, step_now()));
	session_type(s, "exit 5\r");
	cr_assert_eq(session_status(s), 5);
}

Test(codes, spaces_do_not_matter)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	const char *code = code_at(secret, step_now());
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_pass(s, text("%.3s %s ", code, code + 3));
	session_kill(s);
}

Test(codes, three_wrong_codes_exit_77)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *wrong = code_wrong(fixture_enrol(b, b->me));
	struct session *s = session_open(b, b->me, NULL, NULL);

	for (int i = 0; i < 3; i++) {
		session_expect(s, PROMPT);
		session_type(s, wrong);
		session_type(s, "\r");
		session_expect(s, "Wrong code");
	}
	session_type(s, "echo in''side\r");
	cr_assert_eq(session_status(s), 77);
	assert_never_says(s->seen, "inside");
}

/*
 * A phone whose clock is behind is told so. One whose clock is ahead is not:
 * that code will be good soon, and a guesser must not learn that. The last
 * words fit both.
 */
Test(codes, clock_that_is_off_is_told_unless_it_helps_a_guesser)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s = session_open(b, b->me, NULL, NULL);
	uint64_t step = step_fresh(10);

	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step - 10)));
	session_expect(s, "Wrong code: it is from 5 minutes ago");
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step + 10)));
	session_expect(s, "Wrong code.\r\n" PROMPT);
	session_type(s, text("%s\r", code_wrong(secret)));
	session_expect(s,
	    "Wrong code.\r\nThat was the last try: if the codes of your app ");
	cr_assert_eq(session_status(s), 77);
	assert_never_says(s->seen, "ahead");
	assert_says(fixture_audit(b), "would fit a clock 300 s ahead");
	assert_says(fixture_audit(b), "would fit a clock 300 s behind");
}

Test(codes, right_after_wrong_passes)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, PROMPT);
	session_type(s, code_wrong(secret));
	session_type(s, "\r");
	session_expect(s, "Wrong code");
	session_pass(s, code_at(secret, step_now()));
	session_kill(s);
}

Test(codes, empty_gives_up)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct session *s;

	fixture_enrol(b, b->me);
	s = session_open(b, b->me, NULL, NULL);
	session_expect(s, PROMPT);
	session_type(s, "\r");
	session_expect(s, "No code was entered: try again when you have one.");
	cr_assert_eq(session_status(s), 77);
}

Test(codes, wrong_in_the_environment_has_no_second_chance)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *wrong = code_wrong(fixture_enrol(b, b->me));
	struct session *s = session_open(
	    b, b->me, ARGV("-o", with_code(wrong)), NULL);

	cr_assert_eq(session_status(s), 77);
	assert_never_says(s->seen, PROMPT);
}

/* Tried in this order. The first three hold only within one step. */
static const struct {
	int offset, status;
} window_tries[] = {
    {-2, 77}, {2, 77}, {-1, 0}, {0, 0}, {1, 0}, {0, 77}, {-1, 77}, {1, 77}};

#define WINDOW_TRIES (sizeof(window_tries) / sizeof(window_tries[0]))

/* False if the machine was too slow for a result. */
static bool
try_window(const struct bastion *b)
{
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_fresh(15);

	for (size_t i = 0; i < WINDOW_TRIES; i++) {
		int offset = window_tries[i].offset;
		const char *code = code_at(secret, step + (uint64_t)offset);
		struct run *r = ssh_with_code(b, b->me, code, "true");

		if (i < 3 && step_now() != step)
			return false;
		cr_assert_eq(r->status, window_tries[i].status,
		    "try %zu, step %+d: %d: %s", i, offset, r->status, r->err);
	}
	return true;
}

Test(codes, window_is_one_step_and_never_goes_back)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	cr_assert(try_window(b) || try_window(b), "too slow to tell");
}

Test(codes, used_code_says_so_and_does_not_count)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_now();
	const char *code = code_at(secret, step);
	struct session *s;

	assert_status(ssh_with_code(b, b->me, code, "true"), 0);
	s = session_open(b, b->me, NULL, NULL);
	session_expect(s, PROMPT);
	session_type(s, code);
	session_type(s, "\r");
	session_expect(s, "already used");
	session_pass(s, code_at(secret, step + 1));
	assert_never_says(s->seen, "failed");
	session_kill(s);
}

Test(codes, one_code_at_twenty_doors_opens_one)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	const char *const *args = ARGV(
	    "-o", with_code(code_at(secret, step_now())));
	struct run *doors[20];
	int opened = 0;

	for (int i = 0; i < 20; i++)
		doors[i] = ssh_start(b, b->me, args, "echo inside", NULL);
	for (int i = 0; i < 20; i++) {
		run_finish(doors[i]);
		if (doors[i]->status == 0)
			opened++;
		else
			cr_assert_str_empty(doors[i]->out);
	}
	cr_assert_eq(opened, 1, "%d of 20 passed", opened);
}

/* A record with wrong codes from elsewhere, the last one hours from now. */
static const char *
enrol_with_failures(const struct bastion *b, int count, int hours)
{
	const char *secret = secret_random();

	fixture_put_record(b, b->me,
	    text("%s,'failures':{'known':{'count':0},'other':{'count':%d,"
		 "'last':'%s','from':'192.0.2.66'}}",
		fixture_device(secret, 0), count, hours_from_now(hours)));
	return secret;
}

/* The number in "try again in N s", or -1. */
static int
seconds_said(const char *words)
{
	const char *found = strstr(words, "try again in ");
	int seconds = -1;

	if (found != NULL)
		sscanf(found, "try again in %d s", &seconds);
	return seconds;
}

Test(codes, right_code_while_shut_out_exits_75_with_the_seconds)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = enrol_with_failures(b, 6, 0);
	struct run *r = ssh_with_code(
	    b, b->me, code_at(secret, step_now()), "echo inside");
	int seconds = seconds_said(r->err);

	assert_status(r, 75);
	cr_assert_str_empty(r->out);
	cr_assert(seconds > 0 && seconds <= 60, "%d s: %s", seconds, r->err);
}

Test(codes, shut_out_at_a_terminal_exits_75)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = enrol_with_failures(b, 6, 0);
	struct session *s = session_open(b, b->me, NULL, NULL);

	if (session_sees(s, PROMPT, 30000)) {
		session_type(s, code_at(secret, step_now()));
		session_type(s, "\r");
	}
	session_type(s, "echo in''side\r");
	cr_assert_eq(session_status(s), 75);
	cr_assert(seconds_said(s->seen) > 0, "%s", screen_text(s->seen));
	assert_never_says(s->seen, "inside");
}

Test(codes, lock_opens_by_itself)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = enrol_with_failures(b, 6, -1);

	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step_now()), "true"), 0);
}

Test(codes, thief_does_not_lock_the_owner_out)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_now();
	const char *const *from_elsewhere = ARGV(
	    "-b", "127.0.0.66", "-o", with_code(code_wrong(secret)));

	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step), "true"), 0);
	for (int i = 0; i < 6; i++)
		ssh_run(b, b->me, from_elsewhere, "true", NULL);
	assert_status(ssh_run(b, b->me, from_elsewhere, "true", NULL), 75);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 0);
}

/*
 * A thief at the owner's address, with her key: her right codes do not give the
 * thief new guesses. Then codes of her app are refused for a while, and a
 * recovery code or an admin lets her in.
 */
Test(codes, thief_at_the_owners_address_is_stopped_over_the_long_term)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'attempts':{'free':4,'stop':4}");
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_now();
	const char *pass;
	struct run *r;

	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step - 1), "true"), 0);
	for (int i = 0; i < 3; i++)
		assert_status(
		    ssh_with_code(b, b->me, code_wrong(secret), "true"), 77);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step), "true"), 0);
	assert_status(ssh_with_code(b, b->me, code_wrong(secret), "true"), 77);
	r = ssh_with_code(b, b->me, code_at(secret, step + 1), "true");
	assert_status(r, 75);
	/* Seven days from the first of the wrong codes. */
	cr_assert(strstr(r->err, "try again in 6 days 23 hours") != NULL ||
		strstr(r->err, "try again in 7 days") != NULL,
	    "%s", r->err);
	r = bastion_admin(b, ARGV("users", b->me));
	assert_says(r->out, "  wrong codes    1, 4 over the long term, locked");
	r = bastion_admin(b, ARGV("code", b->me, "--pass"));
	pass = strstr(r->out, ": ");
	cr_assert_not_null(pass);
	assert_status(
	    ssh_with_code(b, b->me, text("%.19s", pass + 2), "true"), 0);
	assert_status(ssh_with_code(b, b->me, code_wrong(secret), "true"), 75);
	assert_status(bastion_admin(b, ARGV("unlock", b->me)), 0);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 0);
}

Test(codes, next_good_login_tells_of_failures)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = enrol_with_failures(b, 3, 0);
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_pass(s, code_at(secret, step_now()));
	assert_says(s->seen, "3 wrong codes");
	assert_says(s->seen, "192.0.2.66");
	session_kill(s);
}

Test(codes, one_connection_is_asked_once)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	char *path = text("ControlPath=%s/master", b->dir);
	const char *const *master = ARGV("-M", "-o", path);
	struct session *s = session_open(b, b->me, master, NULL);
	struct run *r;

	session_pass(s, code_at(secret, step_now()));
	for (int i = 0; i < 3; i++) {
		r = ssh_run(b, b->me, ARGV("-o", path), "echo again", NULL);
		assert_status(r, 0);
		cr_assert_str_eq(r->out, "again\n");
	}
	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 76);
	session_kill(s);
}

/*
 * sshd names the key in a file that belongs to the user. A session that spoils
 * this file gains nothing on its own connection.
 */
Test(codes, spoilt_key_file_is_not_trusted)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'keys':{'unlisted':'allow'}");
	const char *secret = fixture_enrol(b, b->me);
	char *path = text("ControlPath=%s/master", b->dir);
	struct session *s = session_open(
	    b, b->me, ARGV("-M", "-o", path), NULL);

	session_pass(s, code_at(secret, step_now()));
	assert_status(ssh_run(b, b->me, ARGV("-o", path),
			  "echo password >\"$SSH_USER_AUTH\"", NULL),
	    0);
	/* The file names another key, or none: a code is asked for again. */
	assert_status(
	    ssh_run(b, b->me, ARGV("-o", path), "echo inside", NULL), 76);
	session_type(s, "chmod 640 \"$SSH_USER_AUTH\"; echo do''ne\r");
	session_expect(s, "done");
	/* Anybody might have written the file: the login is refused. */
	assert_status(
	    ssh_run(b, b->me, ARGV("-o", path), "echo inside", NULL), 77);
	session_kill(s);
}

Test(codes, remember_nothing_asks_every_session)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'remember':{'connection':'0s'}");
	const char *secret = fixture_enrol(b, b->me);
	char *path = text("ControlPath=%s/master", b->dir);
	struct session *s = session_open(
	    b, b->me, ARGV("-M", "-o", path), NULL);

	session_pass(s, code_at(secret, step_now()));
	assert_status(ssh_run(b, b->me, ARGV("-o", path), "true", NULL), 76);
	session_kill(s);
}

Test(codes, remember_for_needs_the_same_address)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'remember':{'for':'1h'}");
	const char *secret = fixture_enrol(b, b->me);

	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step_now()), "true"), 0);
	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 0);
	assert_status(
	    ssh_run(b, b->me, ARGV("-b", "127.0.0.9"), "true", NULL), 76);
}
