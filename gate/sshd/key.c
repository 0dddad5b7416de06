#include <stdlib.h>
#include <string.h>

#include "gate/sshd/key.h"
#include "gate/sshd/keyline.h"
#include "store/base/cleanup.h"

#define CERTIFICATE_OF_USER 1 /* PROTOCOL.certkeys; 2: a host's */

/* A reader of SSH's wire format (RFC 4251 section 5) that cannot overrun. */
struct wire {
	const uint8_t *at;
	size_t left;
	bool bad;
};

static uint32_t
wire_u32(struct wire *w)
{
	uint32_t value = 0;

	if (w->left < 4) {
		w->bad = true;
		return 0;
	}
	for (size_t i = 0; i < 4; i++)
		value = value << 8 | w->at[i];
	w->at += 4;
	w->left -= 4;
	return value;
}

/* A string; an empty one, and bad, where there is none. */
static struct wire
wire_string(struct wire *w)
{
	uint32_t len = wire_u32(w);
	struct wire s = {.at = w->at, .left = len};

	if (w->bad || w->left < len) {
		w->bad = true;
		s.left = 0;
		return s;
	}
	w->at += len;
	w->left -= len;
	return s;
}

static bool
wire_is(const struct wire *s, const char *text)
{
	return s->left == strlen(text) && memcmp(s->at, text, s->left) == 0;
}

/* How many strings or mpints the public key of each kind takes, after the
 * nonce (PROTOCOL.certkeys). */
static const struct {
	const char *type;
	int fields;
} certificates[] = {
    {"ssh-rsa-cert-v01@openssh.com", 2},
    {"rsa-sha2-256-cert-v01@openssh.com", 2},
    {"rsa-sha2-512-cert-v01@openssh.com", 2},
    {"ssh-dss-cert-v01@openssh.com", 4},
    {"ecdsa-sha2-nistp256-cert-v01@openssh.com", 2},
    {"ecdsa-sha2-nistp384-cert-v01@openssh.com", 2},
    {"ecdsa-sha2-nistp521-cert-v01@openssh.com", 2},
    {"ssh-ed25519-cert-v01@openssh.com", 1},
    {"sk-ssh-ed25519-cert-v01@openssh.com", 2},
    {"sk-ecdsa-sha2-nistp256-cert-v01@openssh.com", 3},
};

/* sshd names no other type for a key in hardware.  The signature of a browser
 * has a name of its own, which is none of a key's. */
static const char *const hardware_types[] = {"sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com", "sk-ssh-ed25519-cert-v01@openssh.com",
    "sk-ecdsa-sha2-nistp256-cert-v01@openssh.com"};

static const char cert_suffix[] = "-cert-v01@openssh.com";

/* Critical options: sshd enforces all but the first, which ForceCommand
 * overrides and the gate imposes. */
static bool
read_critical(struct wire options, struct key *key)
{
	while (options.left > 0 && !options.bad) {
		struct wire name = wire_string(&options);
		struct wire data = wire_string(&options);

		if (wire_is(&name, "force-command")) {
			struct wire command = wire_string(&data);

			if (data.bad || data.left != 0 ||
			    key->force_command != NULL ||
			    memchr(command.at, '\0', command.left) != NULL)
				return false;
			key->force_command = strndup(
			    (const char *)command.at, command.left);
			if (key->force_command == NULL)
				return false;
		} else if (wire_is(&name, "verify-required")) {
			key->verify = true;
		} else if (!wire_is(&name, "source-address")) {
			return false;
		}
	}
	return !options.bad;
}

/* sshd refuses a certificate whose extensions do not parse; here such a one is
 * only worth less. */
static bool
may_lack_touch(struct wire extensions)
{
	while (extensions.left > 0 && !extensions.bad) {
		struct wire name = wire_string(&extensions);

		wire_string(&extensions); /* data */
		if (wire_is(&name, "no-touch-required"))
			return true;
	}
	return extensions.bad;
}

static bool
read_certificate(struct wire w, int fields, struct key *key)
{
	struct wire principals, critical, extensions, authority;

	wire_string(&w); /* nonce */
	for (int i = 0; i < fields; i++)
		wire_string(&w);
	wire_u32(&w); /* serial, 64 bits */
	wire_u32(&w);
	key->of_user = wire_u32(&w) == CERTIFICATE_OF_USER;
	wire_string(&w); /* key id */
	principals = wire_string(&w);
	for (int i = 0; i < 4; i++)
		wire_u32(&w); /* valid after, valid before */
	critical = wire_string(&w);
	extensions = wire_string(&w);
	wire_string(&w); /* reserved */
	authority = wire_string(&w);
	wire_string(&w); /* signature */
	if (w.bad || w.left != 0 || authority.left == 0)
		return false;
	key->is_certificate = true;
	key->authority = authority.at;
	key->authority_len = authority.left;
	key->principals = principals.at;
	key->principals_len = principals.left;
	key->no_touch = may_lack_touch(extensions);
	return read_critical(critical, key);
}

bool
key_has_principal(const struct key *key, const char *name, size_t len)
{
	struct wire w = {.at = key->principals, .left = key->principals_len};

	while (w.left > 0 && !w.bad) {
		struct wire principal = wire_string(&w);

		if (!w.bad && principal.left == len &&
		    memcmp(principal.at, name, len) == 0)
			return true;
	}
	return false;
}

static bool
is_hardware_type(const struct wire *type)
{
	for (size_t i = 0;
	     i < sizeof(hardware_types) / sizeof(hardware_types[0]); i++)
		if (wire_is(type, hardware_types[i]))
			return true;
	return false;
}

/* The name of the type, with which a key begins. */
static struct wire
type_of(const struct key *key)
{
	struct wire w = {.at = key->blob, .left = key->len};

	return wire_string(&w);
}

/* A plain key, or a certificate whose every byte is accounted for. */
static bool
read_blob(struct key *key)
{
	struct wire w = {.at = key->blob, .left = key->len};
	struct wire type = wire_string(&w);
	size_t suffix = sizeof(cert_suffix) - 1;

	if (w.bad || type.left == 0)
		return false;
	key->hardware = is_hardware_type(&type);
	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]);
	     i++)
		if (wire_is(&type, certificates[i].type))
			return read_certificate(w, certificates[i].fields, key);
	/* A kind of certificate that is not in the table is not a plain key. */
	return type.left < suffix ||
	    memcmp(type.at + type.left - suffix, cert_suffix, suffix) != 0;
}

/* The base64 of bytes, without padding; on the heap, or NULL. */
static char *
encode(const uint8_t *bytes, size_t len)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	char *text = malloc(len / 3 * 4 + 5);
	uint32_t bits = 0;
	size_t n = 0;

	for (size_t i = 0; text != NULL && i < len; i++) {
		bits = bits << 8 | bytes[i];
		text[n++] = digits[bits >> (i % 3 * 2 + 2) & 63];
		if (i % 3 == 2)
			text[n++] = digits[bits & 63];
	}
	if (text != NULL && len % 3 != 0)
		text[n++] = digits[bits << (6 - len % 3 * 2) & 63];
	if (text != NULL)
		text[n] = '\0';
	return text;
}

/* Reads key->blob, of which text is the base64, and sets the text by which its
 * lines are found. */
static enum fault
read_key_blob(const char *text, struct key *key)
{
	if (key->blob == NULL || !read_blob(key))
		return FAULT_FORMAT;
	key->text = key->is_certificate
	    ? encode(key->authority, key->authority_len)
	    : strndup(text, strcspn(text, " ="));
	return key->text != NULL ? FAULT_NONE : FAULT_MEMORY;
}

/* True if the key begins with this name of its type. */
static bool
is_of_type(const struct key *key, const char *type, size_t len)
{
	struct wire own = type_of(key);

	return own.left == len && memcmp(own.at, type, len) == 0;
}

static const char method[] = "publickey ";

bool
key_may_be_hardware(const char *auth)
{
	size_t len = sizeof(method) - 1;

	return strncmp(auth, method, len) == 0 &&
	    strncmp(auth + len, "sk-", 3) == 0;
}

enum fault
key_parse(const char *auth, struct key *ret)
{
	struct key key = {.blob = NULL};
	const char *type, *blob;
	enum fault fault;

	if (strncmp(auth, method, sizeof(method) - 1) != 0)
		return FAULT_FORMAT;
	type = auth + sizeof(method) - 1;
	blob = type + strcspn(type, " ");
	if (*blob != ' ')
		return FAULT_FORMAT;
	blob++;
	key.blob = keyline_decode(blob, strcspn(blob, " "), &key.len);
	fault = read_key_blob(blob, &key);
	if (fault != FAULT_NONE) {
		key_done(&key);
		return fault;
	}
	key.hardware = key.hardware &&
	    is_of_type(&key, type, strcspn(type, " "));
	*ret = key;
	return FAULT_NONE;
}

bool
key_is_mentioned(const char *line, const struct key *key)
{
	scoped_free char *bare = NULL;
	size_t n = 0;

	if (*keyline_skip(line) == '#')
		return false;
	bare = malloc(strlen(line) + 1);
	if (bare == NULL)
		return true;
	for (; *line != '\0'; line++)
		if (!keyline_is_white(*line))
			bare[n++] = *line;
	bare[n] = '\0';
	return strstr(bare, key->text) != NULL;
}

static struct wire
without_zeros(struct wire s)
{
	while (s.left > 0 && *s.at == 0) {
		s.at++;
		s.left--;
	}
	return s;
}

/* Compares all strings of two keys but the first, the name of the type. */
static bool
has_same_body(struct wire a, struct wire b)
{
	wire_string(&a);
	wire_string(&b);
	while (a.left > 0 && b.left > 0 && !a.bad && !b.bad) {
		struct wire x = without_zeros(wire_string(&a));
		struct wire y = without_zeros(wire_string(&b));

		if (x.left != y.left || memcmp(x.at, y.at, x.left) != 0)
			return false;
	}
	return a.left == b.left && !a.bad && !b.bad;
}

/* Base64 that cannot be decoded is too long, or there is no memory: sshd may
 * read it.  Any other word is no key. */
static bool
is_rewritten(const char *word, size_t n, const struct wire *key)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789+/=\v\f\r";
	size_t len = 0;
	scoped_free uint8_t *blob = keyline_decode(word, n, &len);

	if (blob == NULL)
		return strspn(word, letters) >= n;
	return has_same_body((struct wire){.at = blob, .left = len}, *key);
}

bool
key_is_rewritten(const char *line, const struct key *key)
{
	struct wire wanted = {.at = key->blob, .left = key->len};

	if (key->is_certificate)
		wanted = (struct wire){
		    .at = key->authority, .left = key->authority_len};
	line = keyline_skip(line);
	if (*line == '#')
		return false;
	while (*line != '\0') {
		size_t n = strcspn(line, " \t");

		if (is_rewritten(line, n, &wanted))
			return true;
		line = keyline_skip(line + n);
	}
	return false;
}

enum fault
key_of_line(const char *text, bool authority, struct key *ret)
{
	struct key key = {.blob = NULL};
	struct keyline line;

	if (!keyline_read(text, &line))
		return FAULT_FORMAT;
	key.blob = line.blob;
	key.len = line.len;
	if (authority) {
		key.is_certificate = true;
		key.authority = key.blob;
		key.authority_len = key.len;
	} else {
		struct wire type = type_of(&key);

		key.hardware = is_hardware_type(&type);
	}
	key.text = encode(key.blob, key.len);
	if (key.text == NULL) {
		key_done(&key);
		return FAULT_MEMORY;
	}
	*ret = key;
	return FAULT_NONE;
}

void
key_done(struct key *key)
{
	free(key->blob);
	free(key->text);
	free(key->force_command);
	*key = (struct key){.blob = NULL};
}
