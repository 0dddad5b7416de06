/*
 * Hardware keys and the files in which they stand, or in which the authorities
 * of their certificates do: one that anybody else than root can write makes no
 * key count, and is as good as it was for everything else.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/hardware.h"

Scenarios(hardware_files);

#define AUTHORITIES "/srv/tfa/hardware-authorities"

Test(hardware_files, certificate_of_roots_authority_is_enough)
{
	const char *user = "user188", *ca, *key, *line, *good;
	struct bastion *b;

	needs_people();
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = sk_new(b, "ed25519-sk", NULL);
	good = sk_certify(key, ca, user, "");
	line = sk_line("cert-authority ", ca);
	write_text(roots_file(user), line);
	assert_enough(by_certificate(b, user, key, good));
	assert_asked(by_certificate(
	    b, user, key, sk_certify(key, ca, user, "-O no-touch-required")));
	write_text(
	    roots_file(user), sk_line("cert-authority,no-touch-required ", ca));
	assert_asked(by_certificate(b, user, key, good));
	/* A software key has a certificate as easily. */
	write_text(roots_file(user), line);
	key = sk_software(b, "ed25519");
	assert_asked(
	    by_certificate(b, user, key, sk_certify(key, ca, user, "")));
}

Test(hardware_files, certificate_of_a_users_authority_is_asked)
{
	const char *user = "user189", *his, *ca, *key, *good;
	struct bastion *b;

	needs_people();
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = sk_new(b, "ecdsa-sk", NULL);
	his = sk_software(b, "ed25519");
	write_text(roots_file(user), sk_line("cert-authority ", ca));
	write_text(users_file(user), sk_line("cert-authority ", his));
	assert_asked(
	    by_certificate(b, user, key, sk_certify(key, his, user, "")));
	good = sk_certify(key, ca, user, "");
	assert_enough(by_certificate(b, user, key, good));
	write_text(
	    users_file(user), sk_line("cert-authority,no-touch-required ", ca));
	assert_asked(by_certificate(b, user, key, good));
	write_text(users_file(user), sk_line("cert-authority ", ca));
	write_text(roots_file(user), "# none\n");
	assert_asked(by_certificate(b, user, key, good));
}

/* With a line of their own, users let in whomever they like. */
Test(hardware_files, certificate_of_somebody_else_is_asked)
{
	const char *user = "user209", *ca, *key, *good;
	struct bastion *b;

	needs_people();
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = sk_new(b, "ed25519-sk", NULL);
	good = sk_certify(key, ca, "somebody", "");
	write_text(roots_file(user), sk_line("cert-authority ", ca));
	assert_status(by_certificate(b, user, key, good), 255);
	write_text(users_file(user),
	    sk_line("cert-authority,principals=\"somebody\" ", ca));
	assert_asked(by_certificate(b, user, key, good));
	write_text(roots_file(user),
	    sk_line("cert-authority,principals=\"somebody\" ", ca));
	assert_enough(by_certificate(b, user, key, good));
}

/* As sshd's TrustedUserCAKeys has them: keys without "cert-authority". */
Test(hardware_files, certificate_of_a_sites_authority_is_enough)
{
	const char *user = "user204", *ca, *key, *good;
	struct bastion *b;

	needs_people();
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	b = bastion_open(.rules = WORTH("enough-with-pin"),
	    .more = "'keys':{'unlisted':'allow','hardware_authorities':"
		    "['" AUTHORITIES "']}",
	    .before = "TrustedUserCAKeys " AUTHORITIES "\n");
	fixture_enrol(b, user);
	sk_person("recognized");
	key = sk_new(b, "ed25519-sk", "verify-required");
	good = sk_certify(key, ca, user, "-O verify-required");
	write_text(AUTHORITIES, sk_line("", ca));
	write_text(users_file(user), "# none\n");
	assert_enough(by_certificate(b, user, key, good));
	assert_asked(
	    by_certificate(b, user, key, sk_certify(key, ca, user, "")));
	cr_assert_eq(chmod(AUTHORITIES, 0666), 0);
	assert_asked(by_certificate(b, user, key, good));
}

static void
do_to(const char *file, const char *script)
{
	assert_status(run(ARGV("sh", "-ec", script, "sh", file), NULL, 0), 0);
}

/*
 * Each makes the file one that somebody else than root can write, or replace.
 * sshd takes the key by the user's own file then.
 */
Test(hardware_files, in_a_file_that_others_can_write_is_asked)
{
	static const struct {
		const char *spoil, *mend;
	} cases[] = {
	    {"chmod 664 $1", "chmod 644 $1"},
	    {"chmod 646 $1", "chmod 644 $1"},
	    {"chown user190 $1", "chown root $1"},
	    {"chmod 775 $(dirname $1)", "chmod 755 $(dirname $1)"},
	    {"chmod 1777 $(dirname $1)", "chmod 755 $(dirname $1)"},
	    {"chown user190 $(dirname $1)", "chown root $(dirname $1)"},
	    {"mv $1 /home/user190/moved; ln -s /home/user190/moved $1",
		"rm $1; mv /home/user190/moved $1"},
	    {"mv $1 $1-; ln -s $1- $1; chown -h user190 $1", "mv $1- $1"},
	};
	const char *user = "user190", *key, *file;
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = WORTH("enough"),
	    .more = "'keys':{'files':['.ssh/authorized_keys'],"
		    "'hardware_files':['/srv/tfa/of-%u/keys']}",
	    .before = "StrictModes no\n");
	fixture_enrol(b, user);
	key = sk_new(b, "ed25519-sk", NULL);
	fixture_folder(text("/srv/tfa/of-%s", user), 0755, "root");
	file = text("/srv/tfa/of-%s/keys", user);
	write_text(users_file(user), sk_line("", key));
	write_text(file, sk_line("", key));
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		do_to(file, cases[i].spoil);
		assert_asked(by_key(b, user, key));
		do_to(file, cases[i].mend);
		assert_enough(by_key(b, user, key));
	}
}

/* A command on root's line holds, and one on the user's counts as before. */
Test(hardware_files, runs_the_command_of_its_line_alone)
{
	const char *user = "user191", *key;
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_for_keys("enough");
	fixture_enrol(b, user);
	key = sk_new(b, "ed25519-sk", NULL);
	write_text(roots_file(user), sk_line("command=\"echo only\" ", key));
	r = by_key(b, user, key);
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "only\n");
}
