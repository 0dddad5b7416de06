/*
 * A code is remembered for a connection, or for a key and an address, and for
 * nothing else: beside each login that needs no code stands one that does.
 * codes.c tests that one connection is asked once.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/scenario/scenario.h"

Scenarios(remember);

#define FOR_S    8 /* long enough for two logins on a slow machine */
#define FOR      "'remember':{'connection':'0s','for':'8s'}"
#define AN_HOUR  "'remember':{'connection':'0s','for':'1h'}"
#define PASSWORD "correct-horse" /* of user14, in tests/support/people */

static void
assert_asked(const struct bastion *b, const char *user, const char *const *args)
{
	assert_status(ssh_run(b, user, args, "true", NULL), 76);
}

static void
assert_spared(
    const struct bastion *b, const char *user, const char *const *args)
{
	assert_status(ssh_run(b, user, args, "true", NULL), 0);
}

Test(remember, connection_is_asked_again_after_its_time)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'remember':{'connection':'8s'}");
	const char *secret = fixture_enrol(b, b->me);
	char *path = text("ControlPath=%s/master", b->dir);
	struct session *s = session_open(
	    b, b->me, ARGV("-M", "-o", path), NULL);

	session_pass(s, code_at(secret, step_now()));
	assert_spared(b, b->me, ARGV("-o", path));
	run_sleep_ms(FOR_S * 1000);
	assert_asked(b, b->me, ARGV("-o", path));
	session_kill(s);
}

Test(remember, key_and_address_are_asked_again_after_their_time)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .more = FOR);
	const char *secret = fixture_enrol(b, b->me);

	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step_now()), "true"), 0);
	assert_spared(b, b->me, NULL);
	run_sleep_ms(FOR_S * 1000);
	assert_asked(b, b->me, NULL);
}

/* A login that needed no code must not extend the time. */
Test(remember, login_without_a_code_prolongs_nothing)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .more = FOR);
	const char *secret = fixture_enrol(b, b->me);

	assert_status(
	    ssh_with_code(b, b->me, code_at(secret, step_now()), "true"), 0);
	run_sleep_ms(FOR_S * 500);
	assert_spared(b, b->me, NULL);
	run_sleep_ms(FOR_S * 500);
	assert_asked(b, b->me, NULL);
}

/* user13 has two keys; each is remembered separately. */
Test(remember, other_key_from_the_same_address_is_asked)
{
	const char *user = "user13", *secret, *other, *pub;
	const char *const *with_other;
	struct bastion *b;
	uint64_t step;

	needs_people();
	b = bastion_open(.rules = REQUIRED, .more = AN_HOUR);
	other = text("%s/other", b->dir);
	with_other = ARGV("-i", other);
	assert_status(run(ARGV("ssh-keygen", "-q", "-t", "ed25519", "-N", "",
			      "-f", other),
			  NULL, 0),
	    0);
	pub = text("/home/%s/.ssh/authorized_keys", user);
	write_text(pub,
	    text("%s%s", read_text(pub), read_text(text("%s.pub", other))));
	secret = fixture_enrol(b, user);
	step = step_now();
	assert_status(ssh_with_code(b, user, code_at(secret, step), "true"), 0);
	assert_spared(b, user, NULL);
	assert_asked(b, user, with_other);
	assert_status(
	    ssh_run(b, user,
		ARGV("-i", other, "-o", with_code(code_at(secret, step + 1))),
		"true", NULL),
	    0);
	assert_spared(b, user, with_other);
}

/*
 * Other people may share an address, and a password can be guessed: without a
 * key nothing is remembered.
 */
Test(remember, password_login_is_always_asked)
{
	static const char *const by_password[] = {"-o",
	    "PreferredAuthentications=password", "-o",
	    "PubkeyAuthentication=no", NULL};
	const char *user = "user14", *secret, *askpass;
	struct bastion *b;
	uint64_t step;

	needs_people();
	b = bastion_open(.rules = REQUIRED, .more = AN_HOUR, .passwords = true);
	askpass = text("%s/askpass", b->dir);
	write_text(askpass, "#!/bin/sh\necho " PASSWORD "\n");
	cr_assert_eq(chmod(askpass, 0755), 0);
	setenv("SSH_ASKPASS", askpass, 1);
	setenv("SSH_ASKPASS_REQUIRE", "force", 1);
	secret = fixture_enrol(b, user);
	step = step_now();
	assert_status(ssh_run(b, user,
			  ARGV("-o", "PreferredAuthentications=password", "-o",
			      "PubkeyAuthentication=no", "-o",
			      with_code(code_at(secret, step))),
			  "true", NULL),
	    0);
	assert_asked(b, user, by_password);
	assert_status(
	    ssh_with_code(b, user, code_at(secret, step + 1), "true"), 0);
	assert_spared(b, user, NULL);
	assert_asked(b, user, by_password);
}
