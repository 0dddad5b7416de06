/*
 * Which hardware keys count, with the real ssh, sshd and ssh-sk-helper: one
 * that was touched, on a line that the user cannot write. Beside each login
 * that needs no code stands one that does. Each test has a user of its own,
 * whose files it writes. hardware_files.c tests where a line or an authority
 * may stand, hardware_after.c what such a login leaves.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/hardware.h"

Scenarios(hardware);

static const char *const types[] = {"ed25519-sk", "ecdsa-sk"};

const char *
roots_file(const char *user)
{
	fixture_folder(ROOTS, 0755, "root");
	return text(ROOTS "/%s", user);
}

const char *
users_file(const char *user)
{
	return text("/home/%s/.ssh/authorized_keys", user);
}

struct run *
by_key(const struct bastion *b, const char *user, const char *key)
{
	const struct bastion with = sk_client(b, key);

	return ssh_run(&with, user, NULL, "echo inside", NULL);
}

struct run *
by_certificate(const struct bastion *b, const char *user, const char *key,
    const char *certificate)
{
	const struct bastion with = sk_client_certified(b, key, certificate);

	return ssh_run(&with, user, NULL, "echo inside", NULL);
}

struct run *
by_software(const struct bastion *b, const char *user)
{
	return ssh_run(b, user, NULL, "echo inside", NULL);
}

void
assert_enough(struct run *r)
{
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
}

void
assert_asked(struct run *r)
{
	assert_status(r, 76);
	cr_assert_str_empty(r->out);
}

/*
 * The keys themselves, where there is no gate: sshd takes one that was touched,
 * and one that was not where its line says so.
 */
Test(hardware, sshd_demands_a_touch_unless_the_line_says_no)
{
	const char *user = "user181";
	struct bastion *b;

	needs_people();
	b = bastion_open(.no_gate = true, .before = BEFORE);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *key = sk_new(b, types[i], NULL);

		write_text(roots_file(user), sk_line("", key));
		sk_person("touches");
		assert_status(by_key(b, user, key), 0);
		sk_person("away");
		assert_status(by_key(b, user, key), 255);
		sk_person("unasked");
		assert_status(by_key(b, user, key), 255);
		write_text(
		    roots_file(user), sk_line("no-touch-required ", key));
		assert_status(by_key(b, user, key), 0);
		sk_person("recognized");
		write_text(roots_file(user), sk_line("verify-required ", key));
		assert_status(by_key(b, user, key), 255);
		key = sk_new(b, types[i], "verify-required");
		write_text(roots_file(user), sk_line("verify-required ", key));
		assert_status(by_key(b, user, key), 0);
		sk_person("touches");
		assert_status(by_key(b, user, key), 255);
	}
}

/* As that, with what the certificate says. */
Test(hardware, sshd_demands_a_touch_unless_the_certificate_says_no)
{
	const char *user = "user182", *ca, *key, *certificate;
	struct bastion *b;

	needs_people();
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	b = bastion_open(.no_gate = true,
	    .before = text("TrustedUserCAKeys %s.pub\n", ca));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		key = sk_new(b, types[i], NULL);
		sk_person("unasked");
		certificate = sk_certify(key, ca, user, "");
		assert_status(by_certificate(b, user, key, certificate), 255);
		sk_person("touches");
		assert_status(by_certificate(b, user, key, certificate), 0);
		certificate = sk_certify(key, ca, user, "-O no-touch-required");
		sk_person("unasked");
		assert_status(by_certificate(b, user, key, certificate), 0);
		certificate = sk_certify(key, ca, user, "-O verify-required");
		sk_person("touches");
		assert_status(by_certificate(b, user, key, certificate), 255);
	}
}

Test(hardware, pin_is_typed_where_the_key_wants_one)
{
	const char *user = "user183", *key;
	struct bastion *b, with;
	struct session *s;

	needs_people();
	b = bastion_for_keys("enough-with-pin");
	fixture_enrol(b, user);
	key = sk_new(b, "ed25519-sk", "verify-required");
	with = sk_client(b, key);
	write_text(roots_file(user), sk_line("verify-required ", key));
	s = session_open(&with, user, NULL, NULL);
	session_expect(s, "Enter PIN for ED25519-SK key");
	session_type(s, "314159\r");
	cr_assert_eq(session_status(s), 255);
	s = session_open(&with, user, NULL, "exit 5");
	session_expect(s, "Enter PIN for ED25519-SK key");
	session_type(s, SK_PIN "\r");
	cr_assert_eq(session_status(s), 5);
}

Test(hardware, that_was_touched_is_enough)
{
	const char *user = "user184";
	struct bastion *b;

	needs_people();
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		const char *key = sk_new(b, types[i], NULL);

		write_text(roots_file(user), sk_line("", key));
		assert_enough(by_key(b, user, key));
		cr_assert_eq(
		    fixture_audit_count(b, "\"reason\":\"hardware_key\""),
		    i + 1);
		assert_asked(by_software(b, user));
		sk_person("away");
		assert_status(by_key(b, user, key), 255);
		sk_person("touches");
	}
	assert_says(bastion_admin(b, ARGV("log"))->out, "hardware_key");
}

/* The rule alone does not say where such keys stand. */
Test(hardware, is_asked_where_the_policy_names_no_file)
{
	const char *user = "user203", *key;
	struct bastion *b;

	needs_people();
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = sk_new(b, "ed25519-sk", NULL);
	write_text(roots_file(user), sk_line("", key));
	assert_enough(by_key(b, user, key));
	fixture_write_policy(b,
	    fixture_policy(WORTH("enough"),
		"'keys':{'files':['.ssh/authorized_keys','" ROOTS "/%u']}"));
	assert_asked(by_key(b, user, key));
	fixture_write_policy(b, fixture_policy(REQUIRED, HARDWARE_KEYS));
	assert_asked(by_key(b, user, key));
	fixture_write_policy(b, fixture_policy(WORTH("asked"), HARDWARE_KEYS));
	assert_asked(by_key(b, user, key));
}

/* Somebody may even touch it. */
Test(hardware, whose_line_takes_no_touch_is_asked)
{
	const char *user = "user185", *key;
	struct bastion *b;

	needs_people();
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = sk_new(b, "ecdsa-sk", NULL);
	write_text(roots_file(user), sk_line("no-touch-required ", key));
	assert_asked(by_key(b, user, key));
	sk_person("unasked");
	assert_asked(by_key(b, user, key));
	sk_person("touches");
	write_text(roots_file(user),
	    text("%s%s", sk_line("", key), sk_line("no-touch-required ", key)));
	assert_asked(by_key(b, user, key));
	write_text(roots_file(user), sk_line("touch-required ", key));
	assert_enough(by_key(b, user, key));
}

/*
 * All that the thief of an earlier session can write: a key of his own, the
 * user's, and the user's on a line by which nobody need touch it.
 */
Test(hardware, that_a_thief_planted_is_asked)
{
	const char *user = "user186", *key, *his, *own;
	struct bastion *b;

	needs_people();
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = sk_new(b, "ed25519-sk", NULL);
	his = sk_new(b, "ed25519-sk", NULL);
	own = read_text(users_file(user));
	write_text(roots_file(user), sk_line("", key));
	assert_enough(by_key(b, user, key));
	write_text(users_file(user), text("%s%s", own, sk_line("", his)));
	assert_asked(by_key(b, user, his));
	his = sk_software(b, "ed25519");
	write_text(users_file(user), text("%s%s", own, sk_line("", his)));
	assert_asked(by_key(b, user, his));
	assert_enough(by_key(b, user, key));
	/* A copy of root's line changes nothing. */
	write_text(users_file(user), sk_line("", key));
	assert_enough(by_key(b, user, key));
	write_text(users_file(user), sk_line("no-touch-required ", key));
	assert_asked(by_key(b, user, key));
	sk_person("unasked");
	assert_asked(by_key(b, user, key));
	sk_person("touches");
	write_text(users_file(user), sk_line("", key));
	write_text(roots_file(user), "# none\n");
	assert_asked(by_key(b, user, key));
	unlink(roots_file(user));
	assert_asked(by_key(b, user, key));
}

/* sshd finds the key under more than one name of its type, and obeys that line.
 * A newer one may not: then it demands the touch, as root's line says. */
static void
assert_asked_or_refused(struct run *r)
{
	if (r->status != 255)
		assert_asked(r);
	cr_assert_str_empty(r->out);
}

Test(hardware, whose_line_has_another_name_of_the_type_is_asked)
{
	const char *user = "user210", *key;
	struct bastion *b;

	needs_people();
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		key = sk_new(b, types[i], NULL);
		write_text(roots_file(user), sk_line("", key));
		write_text(users_file(user), "# none\n");
		assert_enough(by_key(b, user, key));
		write_text(users_file(user),
		    sk_line_renamed("no-touch-required ", key, types[i]));
		sk_person("unasked");
		assert_asked_or_refused(by_key(b, user, key));
		write_text(users_file(user),
		    text("%.*s %s",
			(int)strcspn(sk_line_renamed("", key, types[i]), "\n"),
			sk_line_renamed("", key, types[i]),
			sk_line("", sk_software(b, "ed25519"))));
		sk_person("touches");
		assert_asked(by_key(b, user, key));
	}
}

Test(hardware, without_a_pin_is_asked_where_the_rule_wants_one)
{
	const char *user = "user187", *key;
	struct bastion *b;

	needs_people();
	b = bastion_for_keys("enough-with-pin");
	fixture_enrol(b, user);
	sk_person("recognized");
	key = sk_new(b, "ed25519-sk", "verify-required");
	/* sshd does not demand it here, so nothing says that it was given. */
	write_text(roots_file(user), sk_line("", key));
	assert_asked(by_key(b, user, key));
	write_text(roots_file(user), sk_line("verify-required ", key));
	assert_enough(by_key(b, user, key));
	write_text(users_file(user), sk_line("", key));
	assert_asked(by_key(b, user, key));
	write_text(users_file(user), "# none\n");
	assert_enough(by_key(b, user, key));
}
