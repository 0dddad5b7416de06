/*
 * Hardware keys with the real ssh, sshd and ssh-sk-helper: a key that was
 * touched, on a line that the user cannot write, is the second factor where the
 * rule says so. Beside each login that needs no code stands one that does. Each
 * test has a user of its own, whose files it writes.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/sk.h"
#include "tests/scenario/site.h"

Scenarios(hardware);

/* Root's files, one a user. */
#define ROOTS  "/srv/tfa/hardware"
#define FILES  ROOTS "/%u"
#define BEFORE "AuthorizedKeysFile .ssh/authorized_keys " FILES "\n"

static const char *const types[] = {"ed25519-sk", "ecdsa-sk"};

static const char *
roots_file(const char *user)
{
	fixture_folder(ROOTS, 0755, "root");
	return text(ROOTS "/%s", user);
}

static struct run *
by_key(const struct bastion *b, const char *user, const char *key)
{
	const struct bastion with = sk_client(b, key);

	return ssh_run(&with, user, NULL, "echo inside", NULL);
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
	struct bastion *b, with;

	needs_people();
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	b = bastion_open(.no_gate = true,
	    .before = text("TrustedUserCAKeys %s.pub\n", ca));
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		key = sk_new(b, types[i], NULL);
		sk_person("unasked");
		certificate = sk_certify(key, ca, user, "");
		with = sk_client_certified(b, key, certificate);
		assert_status(ssh_run(&with, user, NULL, "true", NULL), 255);
		sk_person("touches");
		assert_status(ssh_run(&with, user, NULL, "true", NULL), 0);
		certificate = sk_certify(key, ca, user, "-O no-touch-required");
		with = sk_client_certified(b, key, certificate);
		sk_person("unasked");
		assert_status(ssh_run(&with, user, NULL, "true", NULL), 0);
		certificate = sk_certify(key, ca, user, "-O verify-required");
		with = sk_client_certified(b, key, certificate);
		sk_person("touches");
		assert_status(ssh_run(&with, user, NULL, "true", NULL), 255);
	}
}

Test(hardware, pin_is_typed_where_the_key_wants_one)
{
	const char *user = "user183", *key;
	struct bastion *b, with;
	struct session *s;

	needs_people();
	b = bastion_open(.no_gate = true, .before = BEFORE);
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
