/* Devices that count their codes, by real logins. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(counted);

#define AHEAD                                                            \
	"If a token that counts its codes shows it, the token may have " \
	"got ahead: type its next two codes, one after the other."

static int
status_of(const struct bastion *b, const char *secret, uint64_t counter)
{
	return ssh_with_code(b, b->me, code_of(secret, counter), "true")
	    ->status;
}

/* Tried in this order, of a device whose next counter is 10. */
static const struct {
	uint64_t counter;
	int status;
} window_tries[] = {{9, 77}, {13, 77}, {12, 0}, {12, 77}, {11, 77}, {10, 77},
    {13, 0}, {14, 0}, {17, 0}, {14, 77}};

Test(counted, window_has_three_codes_and_never_goes_back)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol_counted(b, b->me, 10);

	for (size_t i = 0; i < sizeof(window_tries) / sizeof(window_tries[0]);
	     i++) {
		int status = status_of(b, secret, window_tries[i].counter);

		cr_assert_eq(
		    status, window_tries[i].status, "try %zu: %d", i, status);
	}
	assert_says(fixture_record(b, b->me), "\"counter\": \"18\"");
}

Test(counted, one_code_at_twenty_doors_opens_one)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol_counted(b, b->me, 10);
	const char *const *args = ARGV("-o", with_code(code_of(secret, 10)));
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
	assert_says(fixture_record(b, b->me), "\"counter\": \"11\"");
	assert_says(fixture_record(b, b->me), "\"other\": {\"count\": 0}");
}

/* A client that can give one code only asks twice. */
Test(counted, device_that_is_ahead_comes_back_by_two_codes_in_a_row)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol_counted(b, b->me, 10);
	struct run *r = ssh_with_code(b, b->me, code_of(secret, 60), "true");

	assert_status(r, 77);
	assert_says(r->err, AHEAD);
	cr_assert_eq(fixture_audit_count(b, "wrong_code"), 1);
	cr_assert_eq(status_of(b, secret, 61), 0);
	/* The two are of no use to somebody who saw them. */
	for (uint64_t counter = 60; counter <= 61; counter++) {
		r = ssh_with_code(b, b->me, code_of(secret, counter), "true");
		assert_status(r, 77);
		assert_says(r->err, "already used: take the next one");
	}
	cr_assert_eq(status_of(b, secret, 62), 0);
}

Test(counted, device_that_is_ahead_comes_back_at_the_prompt)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol_counted(b, b->me, 10);
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_of(secret, 60)));
	session_expect(s, "Wrong code. " AHEAD);
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_of(secret, 62)));
	session_expect(s, "Wrong code. " AHEAD);
	session_pass(s, code_of(secret, 63));
	session_kill(s);
}

/* The answer is the same to each wrong code, near or not. */
Test(counted, wrong_code_is_told_nothing_of_the_counter)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol_counted(b, b->me, 10);
	const uint64_t counters[] = {13, 109, 200, 500};
	const char *first = NULL;

	for (size_t i = 0; i < 4; i++) {
		struct run *r = ssh_with_code(
		    b, b->me, code_of(secret, counters[i]), "true");

		assert_status(r, 77);
		first = first == NULL ? r->err : first;
		cr_assert_str_eq(r->err, first);
	}
	cr_assert_eq(fixture_audit_count(b, "wrong_code"), 4);
	assert_never_says(fixture_audit(b), "would fit");
}

Test(counted, keeper_killed_after_a_login_has_the_counter_on_disk)
{
	struct bastion *b;
	const char *secret;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol_counted(b, b->me, 10);
	for (uint64_t counter = 10; counter < 13; counter++) {
		cr_assert_eq(status_of(b, secret, counter), 0);
		kill(b->keeper, SIGKILL);
		cr_assert_eq(run_wait(b->keeper, 30000), 128 + SIGKILL);
		bastion_keeper_start(b);
		cr_assert_eq(status_of(b, secret, counter), 77);
	}
}

Test(counted, full_disk_denies_and_spends_nothing)
{
	struct bastion *b;
	const char *secret;
	char *filler;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	bastion_tiny_disk(b);
	secret = fixture_enrol_counted(b, b->me, 10);
	filler = text("%s/filler", b->store);
	run(ARGV("dd", "if=/dev/zero", text("of=%s", filler), "bs=4k"), NULL,
	    0);
	r = ssh_with_code(b, b->me, code_of(secret, 10), "echo inside");
	assert_status(r, 75);
	cr_assert_str_empty(r->out);
	assert_says(r->err, "disk");
	assert_says(fixture_record(b, b->me), "\"10\"");
	cr_assert_eq(unlink(filler), 0);
	cr_assert_eq(status_of(b, secret, 10), 0);
	bastion_keeper_stop(b);
	run(ARGV("umount", b->store), NULL, 0);
}

Test(counted, enrol_gives_a_device_whose_codes_open)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r = bastion_admin(
	    b, ARGV("enroll", b->me, "--hotp", "--qr", "uri"));
	const char *secret;

	assert_status(r, 0);
	cr_assert_eq(strncmp(r->out, "otpauth://hotp/Test-Bastion:", 28), 0);
	assert_says(r->out, "&counter=0\n");
	secret = uri_parameter(r->out, "secret");
	assert_says(fixture_record(b, b->me), "\"type\": \"hotp\"");
	cr_assert_eq(status_of(b, secret, 3), 77);
	/* Some apps show the code of counter 1 first. */
	cr_assert_eq(status_of(b, secret, 1), 0);
	cr_assert_eq(status_of(b, secret, 2), 0);
	r = bastion_admin(b, ARGV("users", b->me));
	assert_says(r->out, "d1 \"token\", counts its codes, last used ");
	r = bastion_admin(b, ARGV("--json", "users", b->me));
	assert_says(r->out, "\"type\":\"hotp\"");
}

Test(counted, letter_names_apps_that_know_such_codes)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r = bastion_admin(
	    b, ARGV("enroll", b->me, "--hotp", "--letter", "-"));

	assert_status(r, 0);
	assert_says(r->out, "counted codes (HOTP)");
	assert_never_says(r->out, "Authy");
}

/* Runs tfa in a session of its own; own is the code that tfa itself gets. */
static struct run *
run_tfa(const struct bastion *b, const char *code, const char *own,
    const char *args)
{
	return ssh_with_code(b, b->me, code,
	    text("TFA_CODE=%s %s/tfa %s %s %s", own, getenv("TFA_PROGRAMS"),
		b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket, args));
}

/* In a session too a code proves who asks, and is spent. */
Test(counted, code_makes_new_recovery_codes)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol_counted(b, b->me, 10);
	struct run *r = run_tfa(
	    b, code_of(secret, 10), code_of(secret, 11), "recovery");

	assert_status(r, 0);
	assert_says(fixture_record(b, b->me), "\"recover\"");
	cr_assert_eq(status_of(b, secret, 11), 77);
	r = run_tfa(b, code_of(secret, 12), code_of(secret, 12), "recovery");
	assert_status(r, 77);
	r = run_tfa(b, code_of(secret, 13), "", "status");
	assert_status(r, 0);
	assert_says(r->out, "d1 \"token\", counts its codes, added ");
}
