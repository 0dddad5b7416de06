#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gate/sshd/hardware.h"
#include "gate/sshd/keys.h"
#include "store/base/cleanup.h"
#include "tests/fuzz/fuzz.h"

/* A key, and a certificate that it signed. */
#define TYPE "ssh-ed25519"
#define BLOB \
	"AAAAC3NzaC1lZDI1NTE5AAAAIPV0dVBTK1k2uKujMZwyYF+GfE3RB24Hj0UWuZp/7X9Y"
#define SUBJECT                                                                \
	"AAAAIHNzaC1lZDI1NTE5LWNlcnQtdjAxQG9wZW5zc2guY29tAAAAAW4AAAAgAAAAAAAA" \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAEAAAACaWQAAAAAAAAA" \
	"AAAAAAD//////////wAAAAAAAAAAAAAAAAAAADMAAAALc3NoLWVkMjU1MTkAAAAg9XR1" \
	"UFMrWTa4q6MxnDJgX4Z8TdEHbgePRRa5mn/tf1gAAAABcw=="

/* A hardware key, which "S" stands for. */
#define SK_TYPE "sk-ssh-ed25519@openssh.com"
#define SK_BLOB                                                                \
	"AAAAGnNrLXNzaC1lZDI1NTE5QG9wZW5zc2guY29tAAAAIAAAAAAAAAAAAAAAAAAAAAAA" \
	"AAAAAAAAAAAAAAAAAAAAAAAABHNzaDo"

static const char *const keys[] = {
    "publickey " TYPE " " BLOB,
    "publickey ssh-ed25519-cert-v01@openssh.com " SUBJECT,
};

/*
 * Reads a line as sshd does, rewritten from auth2-pubkeyfile.c, auth-options.c
 * and sshkey.c of OpenSSH.  A line that sshd accepts with a command may be
 * refused by us, but the key must never run anything without that command.
 */
struct line {
	bool authority;
	bool no_touch, verify;
	char *command; /* on the heap, or NULL */
};

static const char *
blanks(const char *at)
{
	return at + strspn(at, " \t");
}

/* As sshkey_read(): TYPE, blanks, base64 in which white space is ignored. */
static bool
is_that_key(const char *at, const char *type, const char *blob)
{
	size_t word = strcspn(at, " \t"), n = 0;

	if (word != strlen(type) || memcmp(at, type, word) != 0)
		return false;
	for (at = blanks(at + word); *at != '\0' && !strchr(" \t", *at); at++) {
		if (isspace((unsigned char)*at))
			continue;
		if (*at != blob[n++])
			return false;
	}
	return n == strlen(blob);
}

static bool
is_key(const char *at)
{
	return is_that_key(at, TYPE, BLOB);
}

/* As sshkey_advance_past_options(). */
static const char *
past_options(const char *at)
{
	bool quoted = false;

	for (; *at != '\0' && (quoted || !strchr(" \t", *at)); at++)
		if (at[0] == '\\' && at[1] == '"')
			at++;
		else if (*at == '"')
			quoted = !quoted;
	return quoted ? NULL : at;
}

/* As opt_flag(). */
static bool
flag(const char **at, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(*at, name, n) != 0)
		return false;
	*at += n;
	return true;
}

/* As opt_dequote(), from behind the equals sign; on the heap. */
static char *
dequote(const char **at)
{
	const char *s = *at;
	scoped_free char *value = malloc(strlen(s) + 1);
	size_t n = 0;

	must(value != NULL);
	if (*s++ != '"')
		return NULL;
	for (; *s != '\0' && *s != '"'; s++) {
		if (s[0] == '\\' && s[1] == '"')
			s++;
		value[n++] = *s;
	}
	if (*s != '"')
		return NULL;
	value[n] = '\0';
	*at = s + 1;
	return take(value);
}

static bool
option(const char **at, struct line *line)
{
	static const char *const flags[] = {"restrict", "port-forwarding",
	    "no-port-forwarding", "agent-forwarding", "no-agent-forwarding",
	    "x11-forwarding", "no-x11-forwarding", "pty", "no-pty", "user-rc",
	    "no-user-rc", NULL};
	static const char *const values[] = {
	    "principals=", "from=", "expiry-time=", "environment=",
	    "permitopen=", "permitlisten=", "tunnel=", NULL};

	if (flag(at, "cert-authority"))
		return line->authority = true;
	if (flag(at, "touch-required"))
		return !(line->no_touch = false);
	if (flag(at, "no-touch-required"))
		return line->no_touch = true;
	if (flag(at, "verify-required"))
		return line->verify = true;
	if (flag(at, "no-verify-required"))
		return !(line->verify = false);
	for (size_t i = 0; flags[i] != NULL; i++)
		if (flag(at, flags[i]))
			return true;
	for (size_t i = 0; values[i] != NULL; i++)
		if (flag(at, values[i])) {
			scoped_free char *value = dequote(at);

			return value != NULL;
		}
	if (!flag(at, "command=") || line->command != NULL)
		return false;
	line->command = dequote(at);
	return line->command != NULL;
}

/* As sshauthopt_parse(). */
static bool
options(const char *at, struct line *line)
{
	while (*at != '\0' && !strchr(" \t", *at)) {
		if (!option(&at, line))
			return false;
		if (*at == '\0' || strchr(" \t", *at))
			return true;
		if (*at++ != ',' || *at == '\0')
			return false;
	}
	return true;
}

/* As check_authkey_line().  Returns true if the line lets this key in. */
static bool
sshd_takes(const char *text, bool is_certificate, struct line *line)
{
	const char *after;

	text = blanks(text);
	if (*text == '\0' || *text == '#')
		return false;
	if (is_key(text))
		return !is_certificate;
	after = past_options(text);
	return after != NULL && is_key(blanks(after)) && options(text, line) &&
	    line->authority == is_certificate;
}

/* ret: the command that sshd would force.  Returns false if no line lets the
 * key in. */
static bool
sshd_says(const char *text, bool is_certificate, char **ret_command)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		scoped_free char *one = fuzz_text((const uint8_t *)text, n);
		struct line line = {.command = NULL};

		if (sshd_takes(one, is_certificate, &line)) {
			*ret_command = line.command;
			return true;
		}
		free(line.command);
		text += n + (text[n] == '\n');
	}
	return false;
}

static void
search(const char *text, const char *auth)
{
	struct restriction r = {.listed = false};
	struct key key;
	scoped_free char *command = NULL;

	must(key_parse(auth, &key) == FAULT_NONE);
	must(restriction_read(text, strlen(text), &key, &r) == FAULT_NONE);
	if (sshd_says(text, key.is_certificate, &command)) {
		must(r.listed);
		if (command == NULL)
			must(r.free || r.conflicting);
		else
			must(r.conflicting ||
			    (!r.free && r.command != NULL &&
				strcmp(r.command, command) == 0));
	}
	must(!(r.free && r.command != NULL) || r.conflicting);
	restriction_done(&r);
	key_done(&key);
}

/* As sshd_takes(), for the hardware key. */
static bool
sshd_takes_hardware(const char *text, struct line *line)
{
	const char *after;

	text = blanks(text);
	if (*text == '\0' || *text == '#')
		return false;
	if (is_that_key(text, SK_TYPE, SK_BLOB))
		return true;
	after = past_options(text);
	return after != NULL && is_that_key(blanks(after), SK_TYPE, SK_BLOB) &&
	    options(text, line) && !line->authority;
}

/* Whichever line sshd obeys, it demands what the proof says. */
static void
search_hardware(const char *text)
{
	struct hardware_lines lines = {.count = 0};
	enum hardware proof;
	const char *why;
	struct key key;

	must(key_parse("publickey " SK_TYPE " " SK_BLOB, &key) == FAULT_NONE);
	must(key.hardware);
	hardware_read(text, HARDWARE_ROOTS, &key, "alice", &lines);
	proof = hardware_judge(&key, &lines, &why);
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		scoped_free char *one = fuzz_text((const uint8_t *)text, n);
		struct line line = {.command = NULL};

		if (sshd_takes_hardware(one, &line)) {
			must(!line.no_touch || proof == HARDWARE_NONE);
			must(line.verify || proof != HARDWARE_PIN);
		}
		free(line.command);
		text += n + (text[n] == '\n');
	}
	key_done(&key);
}

/* Replaces "K" and "S" by the keys, which no fuzzer would find by itself. */
static char *
with_keys(const uint8_t *data, size_t size)
{
	static const char whole[] = TYPE " " BLOB;
	static const char hardware[] = SK_TYPE " " SK_BLOB;
	char *text = malloc(size * sizeof(hardware) + 1);
	size_t n = 0;

	must(text != NULL);
	for (size_t i = 0; i < size && data[i] != '\0'; i++)
		if (data[i] == 'K') {
			memcpy(text + n, whole, sizeof(whole) - 1);
			n += sizeof(whole) - 1;
		} else if (data[i] == 'S') {
			memcpy(text + n, hardware, sizeof(hardware) - 1);
			n += sizeof(hardware) - 1;
		} else {
			text[n++] = (char)data[i];
		}
	text[n] = '\0';
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	scoped_free char *text = with_keys(data, size);

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		search(text, keys[i]);
	search_hardware(text);
	return 0;
}
