#include <stdlib.h>
#include <string.h>

#include "tests/support/fail.h"
#include "tests/support/run.h"
#include "tests/support/sk.h"

static const char *
provider(void)
{
	const char *path = getenv("TFA_SK");

	if (path == NULL)
		fail("TFA_SK is not set: use tests/scenario/run");
	return path;
}

static const char *
fresh(const struct bastion *b, const char *type)
{
	static int number;

	return text("%s/%s-%d", b->dir, type, ++number);
}

static void
succeed(const char *const argv[])
{
	const struct run *r = run(argv, NULL, 0);

	if (r->status != 0)
		fail("%s: %s", argv[0], r->err);
}

const char *
sk_new(const struct bastion *b, const char *type, const char *option)
{
	const char *path = fresh(b, type);

	succeed(ARGV("ssh-keygen", "-q", "-t", type, "-N", "", "-C", "", "-w",
	    provider(), "-f", path, option == NULL ? NULL : "-O", option));
	return path;
}

const char *
sk_software(const struct bastion *b, const char *type)
{
	const char *path = fresh(b, type);

	succeed(ARGV(
	    "ssh-keygen", "-q", "-t", type, "-N", "", "-C", "", "-f", path));
	return path;
}

const char *
sk_certify(const char *key, const char *authority, const char *user,
    const char *options)
{
	static int number;
	const char *copy = text("%s.of-%d", key, ++number);

	succeed(ARGV("sh", "-ec",
	    text("cp %s.pub %s.pub; ssh-keygen -q -s %s -I %s -n %s %s %s.pub",
		key, copy, authority, user, user, options, copy)));
	return text("%s-cert.pub", copy);
}

const char *
sk_line(const char *options, const char *key)
{
	const char *public = read_text(text("%s.pub", key));

	if (public == NULL)
		fail("no %s.pub", key);
	return text("%s%s", options, public);
}

/* The name that sshd knows beside the type's own, in SSH's wire format. */
static const char *
other_name(const char *type)
{
	if (strcmp(type, "ed25519-sk") == 0)
		return "\\000\\000\\000\\012ED25519-SK";
	return "\\000\\000\\000\\053"
	       "webauthn-sk-ecdsa-sha2-nistp256@openssh.com";
}

const char *
sk_line_renamed(const char *options, const char *key, const char *type)
{
	/* 4 bytes of length, and the name of the type. */
	int from = strcmp(type, "ed25519-sk") == 0 ? 4 + 26 : 4 + 34;
	const struct run *r = run(
	    ARGV("sh", "-ec",
		text("read -r type blob <%s.pub; printf '%%s ' \"$type\";"
		     " { printf '%s'; printf %%s \"${blob%%%% *}\" | base64 -d"
		     " | tail -c +%d; } | base64 -w 0",
		    key, other_name(type), from + 1)),
	    NULL, 0);

	if (r->status != 0)
		fail("%s: %s", key, r->err);
	return text("%s%s\n", options, r->out);
}

/* The last words replace the key that the bastion's ssh_config names. */
static struct bastion
client(const struct bastion *b, const char *name, const char *words)
{
	struct bastion with = *b;

	with.ssh_config = text("%s.ssh_config", name);
	succeed(ARGV("sh", "-ec",
	    text("sed 's|IdentityFile .*|%s|' %s >%s", words, b->ssh_config,
		with.ssh_config)));
	return with;
}

struct bastion
sk_client(const struct bastion *b, const char *key)
{
	return client(b, key,
	    text("IdentityFile %s\\n    SecurityKeyProvider %s", key,
		provider()));
}

struct bastion
sk_client_certified(
    const struct bastion *b, const char *key, const char *certificate)
{
	return client(b, certificate,
	    text("IdentityFile %s\\n    CertificateFile %s\\n"
		 "    SecurityKeyProvider %s",
		key, certificate, provider()));
}

void
sk_person(const char *does)
{
	if (setenv("TFA_SK_PERSON", does, 1) != 0)
		fail("out of memory");
}
