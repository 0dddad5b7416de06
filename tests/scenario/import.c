/* An admin takes over what another program asked the user for. */
#include <ctype.h>
#include <stdio.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/talk.h"
#include "tests/scenario/scenario.h"

Scenarios(import);

#define GOOD "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ\n\" TOTP_AUTH\n"

/* The start of line number line, counted from 0. */
static const char *
line_of(const char *content, int line)
{
	while (line-- > 0) {
		content = strchr(content, '\n');
		cr_assert_not_null(content);
		content++;
	}
	return text("%.*s", (int)strcspn(content, "\n"), content);
}

static char *
old_file(const struct bastion *b)
{
	return text("%s/old", b->dir);
}

/* A file made by the real program, then given to root. */
static char *
made_by_google_authenticator(const struct bastion *b)
{
	char *path = old_file(b);

	assert_status(
	    run(ARGV("google-authenticator", "-t", "-d", "-f", "-C", "-q", "-Q",
		    "NONE", "-u", "-W", "-e", "5", "-s", path),
		NULL, 0),
	    0);
	return path;
}

/* oathtool's code of a counter.  base: "-b" for a secret in base32, "-d6" for
 * one in hex. */
static const char *
counted(const char *base, const char *secret, uint64_t counter)
{
	struct run *r = run(
	    ARGV("oathtool", base, "-c",
		text("%llu", (unsigned long long)counter), secret),
	    NULL, 0);

	assert_status(r, 0);
	return text("%.*s", (int)strcspn(r->out, "\n"), r->out);
}

Test(import, what_google_authenticator_made_logs_in)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *path = made_by_google_authenticator(b);
	char *old = read_text(path);
	const char *secret, *scratch = NULL;
	uint64_t step;
	struct run *r = bastion_admin(b, ARGV("import", b->me, path));

	assert_status(r, 0);
	assert_says(r->out, "imported as d1, with 5 scratch codes");
	assert_says(r->err, text("rm -- '%s'", path));
	assert_says(r->err, "WINDOW_SIZE is not taken over");
	cr_assert_str_eq(read_text(path), old);
	secret = line_of(old, 0);
	for (int i = 1; scratch == NULL; i++)
		if (isdigit((unsigned char)line_of(old, i)[0]))
			scratch = line_of(old, i);
	assert_never_says(r->out, secret);
	assert_never_says(r->err, secret);
	assert_never_says(fixture_audit(b), secret);
	assert_never_says(fixture_audit(b), scratch);
	assert_says(fixture_audit(b), "\"event\":\"import\"");
	step = step_now();
	assert_status(ssh_with_code(b, b->me, code_wrong(secret), "true"), 77);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step), "true"), 0);
	assert_status(ssh_with_code(b, b->me, scratch, "true"), 0);
	assert_status(ssh_with_code(b, b->me, scratch, "true"), 77);
}

/* "Old:alice@old", "Bank:bob", and the counter-based "Old:counter". */
static const char several[] =
    "otpauth-migration://offline?data=CiwKFDEyMzQ1Njc4OTAxMjM0NTY"
    "3ODkwEglhbGljZUBvbGQaA09sZCABKAEwAgonChQwOTg3NjU0MzIxMDk4NzY"
    "1NDMyMRIDYm9iGgRCYW5rIAIoAjACCiwKFDEyMzQ1Njc4OTAxMjM0NTY3ODk"
    "wEgdjb3VudGVyGgNPbGQgASgBMAE4BxABGAEgACjHn%2F%2F%2F%2F%2F%2F"
    "%2F%2F%2F8B";

/* The app itself shows this as a QR code: what people bring first. */
Test(import, export_of_google_authenticator_logs_in)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *path = old_file(b);
	uint64_t step = step_now();
	struct run *r;

	write_text(path, several);
	r = bastion_admin(b, ARGV("import", b->me, path));
	assert_status(r, 1);
	assert_says(r->err, "the export has 3 accounts");
	assert_says(r->err, "\"Old:alice@old\"");
	assert_says(r->err, "\"Bank:bob\"");
	assert_says(r->err, "\"Old:counter\"");
	cr_assert_null(fixture_record(b, b->me));
	r = bastion_admin(
	    b, ARGV("import", b->me, path, "--account", "Old:alice@old"));
	assert_status(r, 0);
	assert_says(r->out, "imported as d1");
	assert_status(
	    ssh_with_code(b, b->me,
		code_at("GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ", step), "true"),
	    0);
}

/* The export's counter is that of the code which the app shows. */
Test(import, export_of_a_counter_goes_on_behind_it)
{
	static const char secret[] = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
	struct bastion *b = bastion_open(.rules = REQUIRED);

	write_text(old_file(b), several);
	assert_status(
	    bastion_admin(b,
		ARGV("import", b->me, old_file(b), "--account", "Old:counter")),
	    0);
	assert_status(
	    ssh_with_code(b, b->me, counted("-b", secret, 7), "true"), 77);
	assert_status(
	    ssh_with_code(b, b->me, counted("-b", secret, 8), "true"), 0);
	assert_status(
	    ssh_with_code(b, b->me, counted("-b", secret, 8), "true"), 77);
}

/* The module accepts the code of HOTP_COUNTER next: so do we. */
Test(import, counter_that_google_authenticator_made_logs_in)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *path = old_file(b);
	const char *secret, *scratch;
	struct run *r;

	assert_status(run(ARGV("google-authenticator", "-c", "-f", "-C", "-q",
			      "-Q", "NONE", "-u", "-W", "-e", "1", "-s", path),
			  NULL, 0),
	    0);
	assert_says(read_text(path), "\" HOTP_COUNTER 1\n");
	secret = line_of(read_text(path), 0);
	for (int i = 1;; i++) {
		scratch = line_of(read_text(path), i);
		if (isdigit((unsigned char)scratch[0]))
			break;
	}
	r = bastion_admin(b, ARGV("import", b->me, path));
	assert_status(r, 0);
	assert_says(r->out, "imported as d1, with 1 scratch codes");
	assert_status(
	    ssh_with_code(b, b->me, counted("-b", secret, 1), "true"), 0);
	assert_status(
	    ssh_with_code(b, b->me, counted("-b", secret, 1), "true"), 77);
	assert_status(
	    ssh_with_code(b, b->me, counted("-b", secret, 2), "true"), 0);
	assert_status(ssh_with_code(b, b->me, scratch, "true"), 0);
}

/* The real library's verdict on a code; it writes the file anew. */
static bool
liboath_accepts(const char *path, const char *user, const char *code)
{
	static const char program[] =
	    "import ctypes, sys\n"
	    "file, user, code = (a.encode() for a in sys.argv[1:])\n"
	    "oath = ctypes.CDLL('liboath.so.0')\n"
	    "oath.oath_init()\n"
	    "sys.exit(-oath.oath_authenticate_usersfile(file, user, code,\n"
	    "    ctypes.c_size_t(5), b'', None))\n";

	return run(ARGV("python3", "-c", program, path, user, code), NULL, 0)
		   ->status == 0;
}

#define A_HEX "3132333435363738393031323334353637383930"
#define B_HEX "4132333435363738393031323334353637383930"

/* A code that liboath took is not good here, and the next one is. */
Test(import, counter_that_liboath_wrote_goes_on_where_it_was)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *path = old_file(b);
	struct run *r;

	write_text(path, text("HOTP/E/6 %s - %s\n", b->me, A_HEX));
	cr_assert(liboath_accepts(path, b->me, counted("-d6", A_HEX, 0)));
	cr_assert(liboath_accepts(path, b->me, counted("-d6", A_HEX, 3)));
	cr_assert_not(liboath_accepts(path, b->me, counted("-d6", A_HEX, 3)));
	assert_says(read_text(path), text("%s\t3\t", A_HEX));
	r = bastion_admin(b, ARGV("import", b->me, path));
	assert_status(r, 0);
	assert_says(r->err, text("remove the line of %s from", b->me));
	assert_status(
	    ssh_with_code(b, b->me, counted("-d6", A_HEX, 3), "true"), 77);
	assert_status(
	    ssh_with_code(b, b->me, counted("-d6", A_HEX, 4), "true"), 0);
}

/* A token and a phone, in two lines: both log in. */
Test(import, two_lines_of_users_oath_are_two_devices)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *path = old_file(b);
	uint64_t step = step_now();
	const char *secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
	struct run *r;

	write_text(path,
	    text("HOTP/E bob - 00\nHOTP/T30 %s - %s\nHOTP/E/8 %s - %s 5\n",
		b->me, A_HEX, b->me, B_HEX));
	r = bastion_admin(b, ARGV("import", b->me, path));
	assert_status(r, 0);
	assert_says(r->out,
	    "imported as d1 (line 2) and d2 (line 3), with 0 scratch codes");
	assert_says(r->err, text("remove the lines of %s from", b->me));
	assert_says(fixture_audit(b), "\"device\":\"d1\"");
	assert_says(fixture_audit(b), "\"device\":\"d2\"");
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step), "true"), 0);
	assert_status(
	    ssh_with_code(b, b->me, counted("-d8", B_HEX, 5), "true"), 0);
	assert_status(
	    ssh_with_code(b, b->me, counted("-d8", B_HEX, 5), "true"), 77);
}

Test(import, says_the_new_devices_as_a_list)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	write_text(old_file(b),
	    text("HOTP/T30 %s - %s\nHOTP/E/8 %s - %s\n", b->me, A_HEX, b->me,
		B_HEX));
	r = bastion_admin(b, ARGV("--json", "import", b->me, old_file(b)));
	assert_status(r, 0);
	assert_says(r->out, "\"device\":\"d1\",\"scratch\":0,\"notes\":[]");
	assert_says(r->out, ",\"devices\":[\"d1\",\"d2\"]}");
}

/* One bad line, one secret that is known, one device too many: of the others
 * nothing is taken. */
Test(import, takes_all_lines_or_none)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *path = old_file(b), *before;
	struct run *r;

	write_text(path,
	    text("HOTP/T30 %s - %s\nHOTP/E/9 %s - %s\n", b->me, A_HEX, b->me,
		B_HEX));
	r = bastion_admin(b, ARGV("import", b->me, path));
	assert_status(r, 1);
	assert_says(r->err, text("%s:2: codes must have", path));
	cr_assert_null(fixture_record(b, b->me));
	write_text(path, text("HOTP %s - %s\n", b->me, B_HEX));
	assert_status(bastion_admin(b, ARGV("import", b->me, path)), 0);
	before = fixture_record(b, b->me);
	write_text(path,
	    text("HOTP/T30 %s - %s\n\nHOTP %s - %s\n", b->me, A_HEX, b->me,
		B_HEX));
	r = bastion_admin(b, ARGV("import", b->me, path));
	assert_status(r, 1);
	assert_says(r->err,
	    text("%s: %s:3: This user has a device with that secret", b->me,
		path));
	cr_assert_str_eq(fixture_record(b, b->me), before);
	write_text(path,
	    text("HOTP %s - %s\nHOTP %s - 51%s\nHOTP %s - 52%s\n", b->me, A_HEX,
		b->me, A_HEX, b->me, A_HEX));
	r = bastion_admin(b, ARGV("import", b->me, path));
	assert_status(r, 1);
	assert_says(r->err,
	    "has 1 device and would get 3 more, where the policy allows 3");
	cr_assert_str_eq(fixture_record(b, b->me), before);
}

static size_t
count_devices(const struct bastion *b, const char *user)
{
	const char *record = fixture_record(b, user);
	size_t n = 0;

	while (record != NULL && (record = strstr(record, "\"id\"")) != NULL) {
		record++;
		n++;
	}
	return n;
}

/* Wherever the keeper is killed, a user has all of the devices or none. */
Test(import, leaves_no_half_where_the_keeper_is_killed)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *path = old_file(b);
	size_t there = 0;

	write_text(path,
	    text("HOTP %s - %s\nHOTP/T30 %s - %s\nHOTP/E/8 %s - 51%s\n", b->me,
		A_HEX, b->me, B_HEX, b->me, A_HEX));
	for (int i = 0; i < 20 && there == 0; i++) {
		struct run *r = bastion_admin_start(
		    b, ARGV("import", b->me, path));

		run_sleep_ms(i);
		kill(-b->keeper, SIGKILL);
		cr_assert_eq(run_wait(b->keeper, 5000), 128 + SIGKILL);
		b->keeper = 0;
		run_finish(r);
		there = count_devices(b, b->me);
		cr_assert(there == 0 || there == 3, "%zu of 3", there);
		cr_assert(r->status != 0 || there == 3);
		bastion_keeper_start(b);
	}
	if (there == 0)
		assert_status(bastion_admin(b, ARGV("import", b->me, path)), 0);
	cr_assert_eq(count_devices(b, b->me), 3);
}

Test(import, spent_steps_stay_spent)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = secret_random();
	uint64_t step = step_now();
	struct run *r;

	write_text(old_file(b),
	    text("%s\n\" TOTP_AUTH\n\" DISALLOW_REUSE %llu\n", secret,
		(unsigned long long)step));
	r = bastion_admin(b, ARGV("--json", "import", b->me, old_file(b)));
	assert_status(r, 0);
	assert_says(r->out, "\"device\":\"d1\",\"scratch\":0,\"notes\":[]");
	assert_says(r->out, ",\"devices\":[\"d1\"]}");
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step), "true"), 77);
	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step + 1), "true"), 0);
}

Test(import, refuses_and_leaves_the_record_as_it_is)
{
	static const char *const files[] = {GOOD "1234567\n",
	    "GEZDGNBVGY3TQOJQ\n\" HOTP_COUNTER 0\n", GOOD "\" WHAT\n"};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *before, *path = old_file(b);
	struct run *r;

	write_text(path, GOOD "12345678\n");
	assert_status(bastion_admin(b, ARGV("import", b->me, path)), 0);
	before = fixture_record(b, b->me);
	r = bastion_admin(b, ARGV("import", b->me, path));
	assert_status(r, 1);
	assert_says(r->err, text("%s:1: ", path));
	assert_says(r->err, "already imported");
	for (size_t i = 0; i < 3; i++) {
		write_text(path, files[i]);
		r = bastion_admin(b, ARGV("import", b->me, path));
		assert_status(r, 1);
		assert_says(r->err, text("%s:%d: ", path, i == 1 ? 2 : 3));
		cr_assert_str_eq(fixture_record(b, b->me), before);
	}
}

Test(import, refuses_more_devices_than_the_policy_allows)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'enrollment':{'max_devices':1}");
	char *before;
	struct run *r;

	fixture_enrol(b, b->me);
	before = fixture_record(b, b->me);
	write_text(old_file(b), GOOD);
	r = bastion_admin(b, ARGV("import", b->me, old_file(b)));
	assert_status(r, 1);
	assert_says(r->err,
	    "has 1 device and would get 1 more, where the policy allows 1");
	assert_says(r->err, "revoke");
	cr_assert_str_eq(fixture_record(b, b->me), before);
}

Test(import, refuses_whom_it_does_not_know_and_bad_usage)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	write_text(old_file(b), GOOD);
	r = bastion_admin(b, ARGV("import", "nobody-here", old_file(b)));
	assert_status(r, 1);
	assert_says(r->err, "nobody-here");
	assert_status(bastion_admin(b, ARGV("import", b->me)), 2);
	assert_status(bastion_admin(b, ARGV("import", b->me, "x", "y")), 2);
	cr_assert_null(fixture_record(b, "nobody-here"));
	cr_assert_null(fixture_record(b, b->me));
}

/*
 * Sent by hand, because tfa-admin would refuse it. A device with a step of the
 * future would never be right again.
 */
Test(import, with_a_step_of_the_future_is_refused_by_the_keeper)
{
	struct bastion *b;
	char *answer;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	answer = talk_ask(b, "root",
	    text("'request':'import','user':'alice','import':{"
		 "'algorithm':'SHA1','digits':6,'period':30,'last_step':'%llu',"
		 "'secret':'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ','scratch':[]}",
		(unsigned long long)step_now() + 25));
	assert_says(answer, "\"bad_request\"");
	cr_assert_null(fixture_record(b, "alice"));
}

Test(import, reads_no_pipe_and_no_folder)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *odd[] = {
	    text("%s/pipe", b->dir), b->dir, text("%s/none", b->dir)};

	assert_status(run(ARGV("mkfifo", odd[0]), NULL, 0), 0);
	for (size_t i = 0; i < 3; i++)
		assert_status(
		    bastion_admin(b, ARGV("import", b->me, odd[i])), 1);
	cr_assert_null(fixture_record(b, b->me));
}

/* Root reads for alice what alice may read, or what is root's: not bob's, and
 * nothing that a link of hers leads to. */
Test(import, reads_as_the_user)
{
	struct bastion *b;
	struct run *r;
	char *path, *link;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	path = old_file(b);
	write_text(path, GOOD);
	assert_status(run(ARGV("chmod", "600", path), NULL, 0), 0);
	assert_status(run(ARGV("chown", "bob", path), NULL, 0), 0);
	r = bastion_admin(b, ARGV("import", "alice", path));
	assert_status(r, 1);
	assert_says(r->err, "alice may read");
	assert_status(run(ARGV("chown", "root", path), NULL, 0), 0);
	link = text("%s/link", b->dir);
	cr_assert_eq(symlink(path, link), 0);
	r = bastion_admin(b, ARGV("import", "alice", link));
	assert_status(r, 1);
	assert_says(r->err, "a link");
	cr_assert_null(fixture_record(b, "alice"));
	assert_status(bastion_admin(b, ARGV("import", "alice", path)), 0);
}
