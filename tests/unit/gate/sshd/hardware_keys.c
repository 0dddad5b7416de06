#include "tests/unit/gate/sshd/hardware.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>

#include "store/base/base64.h"

#define WIRE_MAX    2048
#define CERTIFICATE "sk-ssh-ed25519-cert-v01@openssh.com"

/* SSH's wire format (RFC 4251 section 5). */
struct wire {
	uint8_t bytes[WIRE_MAX];
	size_t len;
};

static void
put(struct wire *w, const void *bytes, size_t len)
{
	cr_assert_leq(w->len + len, sizeof(w->bytes));
	if (len > 0)
		memcpy(w->bytes + w->len, bytes, len);
	w->len += len;
}

static void
put_string(struct wire *w, const void *bytes, size_t len)
{
	const uint8_t size[] = {0, 0, (uint8_t)(len >> 8), (uint8_t)len};

	put(w, size, sizeof(size));
	put(w, bytes, len);
}

static void
put_text(struct wire *w, const char *text)
{
	put_string(w, text, strlen(text));
}

static void
finish(const struct wire *w, const char *type, char ret[static HARDWARE_LINE])
{
	size_t n = (size_t)snprintf(ret, HARDWARE_LINE, "%s ", type);

	cr_assert_eq(
	    base64_encode(w->bytes, w->len, ret + n, HARDWARE_LINE - n),
	    FAULT_NONE);
}

/* A point or mpint, and the application of a hardware key. */
static void
put_public(struct wire *w, const char *type, char mark, size_t zeros)
{
	uint8_t bytes[64] = {0};
	size_t len = 32 + zeros;

	bytes[len - 1] = (uint8_t)mark;
	if (strstr(type, "ecdsa") != NULL)
		put_text(w, "nistp256");
	put_string(w, bytes, len);
	if (strncmp(type, "sk-", 3) == 0)
		put_text(w, "ssh:");
}

void
hardware_key_renamed(const char *type, const char *name, char mark,
    char ret[static HARDWARE_LINE])
{
	struct wire w = {.len = 0};

	put_text(&w, name);
	put_public(&w, type, mark, strcmp(name, type) == 0 ? 0 : 1);
	finish(&w, type, ret);
}

void
hardware_key(const char *type, char mark, char ret[static HARDWARE_LINE])
{
	hardware_key_renamed(type, type, mark, ret);
}

void
hardware_authority(char ret[static HARDWARE_LINE])
{
	hardware_key("ssh-ed25519", 'A', ret);
}

/* A list of strings, each with data behind it if options. */
static void
put_list(struct wire *w, const char *names, bool options)
{
	struct wire list = {.len = 0};

	while (names != NULL && *names != '\0') {
		size_t n = strcspn(names, ",");

		put_string(&list, names, n);
		if (options)
			put_text(&list, "");
		names += n + (names[n] == ',');
	}
	put_string(w, list.bytes, list.len);
}

static void
put_authority(struct wire *w)
{
	struct wire authority = {.len = 0};

	put_text(&authority, "ssh-ed25519");
	put_public(&authority, "ssh-ed25519", 'A', 0);
	put_string(w, authority.bytes, authority.len);
}

void
hardware_certificate(
    const struct test_certificate *certificate, char ret[static HARDWARE_LINE])
{
	const char *type = certificate->type != NULL ? certificate->type
						     : CERTIFICATE;
	static const uint8_t zero[8];
	const uint8_t role[] = {0, 0, 0, certificate->of_host ? 2 : 1};
	struct wire w = {.len = 0};

	put_text(&w, type);
	put_text(&w, "nonce");
	put_public(&w, type, 'k', 0);
	put(&w, zero, 8); /* serial */
	put(&w, role, sizeof(role));
	put_text(&w, "id");
	put_list(&w,
	    certificate->principals != NULL ? certificate->principals : "alice",
	    false);
	put(&w, zero, 8); /* valid after, valid before */
	put(&w, zero, 8);
	put_list(&w, certificate->critical, true);
	if (certificate->torn)
		put_text(&w, "torn");
	else
		put_list(&w, certificate->extensions, true);
	put_text(&w, ""); /* reserved */
	put_authority(&w);
	put_text(&w, "signature");
	finish(&w, type, ret);
}
