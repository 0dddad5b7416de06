#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "cleanup.h"
#include "keys.h"

/* The options of one line, as far as they matter here. */
struct options {
	bool cert_authority;
	char *command; /* on the heap, or NULL */
};

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

/* isspace(3) of the C locale: what sshd skips within base64. */
static bool
is_white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static const char *
skip_space(const char *at)
{
	while (is_space(*at))
		at++;
	return at;
}

static int
base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/*
 * The bytes of base64 text up to its padding, NULL where it is none.  White
 * space within is skipped, as sshd does it.  Laxer than sshd about what
 * follows: a line that it would not take may still say what the key must not
 * do.
 */
static uint8_t *
decode(const char *text, size_t len, size_t *ret_len)
{
	scoped_free uint8_t *bytes = NULL;
	uint32_t bits = 0;
	size_t n = 0, seen = 0;

	if (len == 0 || len > 2 * KEYS_BLOB_MAX ||
	    (bytes = malloc(len)) == NULL)
		return NULL;
	for (size_t i = 0; i < len && text[i] != '='; i++) {
		int value = base64_value(text[i]);

		if (is_white(text[i]))
			continue;
		if (value < 0)
			return NULL;
		bits = bits << 6 | (uint32_t)value;
		if (seen % 4 > 0)
			bytes[n++] = (uint8_t)(bits >> (6 - seen % 4 * 2));
		seen++;
	}
	*ret_len = n;
	return take(bytes);
}

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

static const char cert_suffix[] = "-cert-v01@openssh.com";

/* Critical options: sshd enforces all but the first, which we replace. */
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
		} else if (!wire_is(&name, "source-address") &&
		    !wire_is(&name, "verify-required")) {
			return false;
		}
	}
	return !options.bad;
}

static bool
read_certificate(struct wire w, int fields, struct key *key)
{
	struct wire critical, authority;

	wire_string(&w); /* nonce */
	for (int i = 0; i < fields; i++)
		wire_string(&w);
	wire_u32(&w); /* serial, 64 bits */
	wire_u32(&w);
	wire_u32(&w);    /* type */
	wire_string(&w); /* key id */
	wire_string(&w); /* principals */
	for (int i = 0; i < 4; i++)
		wire_u32(&w); /* valid after, valid before */
	critical = wire_string(&w);
	wire_string(&w); /* extensions */
	wire_string(&w); /* reserved */
	authority = wire_string(&w);
	wire_string(&w); /* signature */
	if (w.bad || w.left != 0 || authority.left == 0)
		return false;
	key->is_certificate = true;
	key->authority = authority.at;
	key->authority_len = authority.left;
	return read_critical(critical, key);
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
	for (size_t i = 0; i < sizeof(certificates) / sizeof(certificates[0]);
	     i++)
		if (wire_is(&type, certificates[i].type))
			return read_certificate(w, certificates[i].fields, key);
	/* A kind of certificate that is not in the table is not a plain key. */
	return type.left < suffix ||
	    memcmp(type.at + type.left - suffix, cert_suffix, suffix) != 0;
}

enum fault
key_parse(const char *auth, struct key *ret)
{
	static const char method[] = "publickey ";
	struct key key = {.blob = NULL};
	const char *type, *blob;

	if (strncmp(auth, method, sizeof(method) - 1) != 0)
		return FAULT_FORMAT;
	type = auth + sizeof(method) - 1;
	blob = type + strcspn(type, " ");
	if (*blob != ' ')
		return FAULT_FORMAT;
	blob++;
	key.blob = decode(blob, strcspn(blob, " "), &key.len);
	key.text = strndup(blob, strcspn(blob, " "));
	if (key.blob == NULL || key.text == NULL || !read_blob(&key)) {
		key_done(&key);
		return FAULT_FORMAT;
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

/* Past the options: to the first white space outside of quotes. */
static const char *
skip_options(const char *at)
{
	bool quoted = false;

	for (; *at != '\0' && (quoted || !is_space(*at)); at++) {
		if (*at == '\\' && at[1] == '"')
			at++;
		else if (*at == '"')
			quoted = !quoted;
	}
	return quoted ? NULL : at;
}

/* The value of name="value" at *at, \" being a quote; NULL: not that. */
static char *
quoted_value(const char **at)
{
	char *value = malloc(strlen(*at) + 1);
	size_t len = 0;

	if (value == NULL || *(*at)++ != '"') {
		free(value);
		return NULL;
	}
	while (**at != '\0' && **at != '"') {
		if (**at == '\\' && (*at)[1] == '"')
			++*at;
		value[len++] = *(*at)++;
	}
	if (**at != '"') {
		free(value);
		return NULL;
	}
	++*at;
	value[len] = '\0';
	return value;
}

/* Whether the option at *at is this one; moves past its name. */
static bool
is_option(const char **at, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(*at, name, n) != 0 || strchr("=, \t", (*at)[n]) == NULL)
		return false;
	*at += n;
	return true;
}

/* False where the options cannot be read, or name two commands. */
static bool
read_options(const char *at, struct options *ret)
{
	while (*at != '\0' && !is_space(*at)) {
		if (is_option(&at, "command")) {
			if (ret->command != NULL || *at++ != '=')
				return false;
			ret->command = quoted_value(&at);
			if (ret->command == NULL)
				return false;
		} else if (is_option(&at, "cert-authority")) {
			ret->cert_authority = true;
		} else {
			for (bool quoted = false; *at != '\0' &&
			     (quoted || (*at != ',' && !is_space(*at)));
			     at++) {
				if (*at == '\\' && at[1] == '"')
					at++;
				else if (*at == '"')
					quoted = !quoted;
			}
		}
		if (*at == ',')
			at++;
		else if (*at != '\0' && !is_space(*at))
			return false;
	}
	return true;
}

/* TYPE BLOB at at: whether the blob is these bytes, and begins with the type.
 * sshd, too, takes a line for options where it does not. */
static bool
holds(const char *at, const uint8_t *bytes, size_t len)
{
	scoped_free uint8_t *blob = NULL;
	struct wire w = {.at = bytes, .left = len};
	struct wire type = wire_string(&w);
	size_t word = strcspn(at, " \t"), n = 0;
	const char *text = skip_space(at + word);

	if (word != type.left || memcmp(at, type.at, word) != 0)
		return false;
	blob = decode(text, strcspn(text, " \t"), &n);
	return blob != NULL && n == len && memcmp(blob, bytes, len) == 0;
}

static void
take_line(struct restriction *r, struct options *options)
{
	r->listed = true;
	if (options->command == NULL)
		r->free = true;
	else if (r->command == NULL)
		r->command = take(options->command);
	else if (strcmp(r->command, options->command) != 0)
		r->conflicting = true;
	if (r->free && r->command != NULL)
		r->conflicting = true;
}

/*
 * One line.  The key stands at its start or behind the options; sshd tries
 * the start first, so both are looked at.
 */
static void
search_line(const char *line, const struct key *key, struct restriction *r)
{
	const uint8_t *bytes = key->is_certificate ? key->authority : key->blob;
	size_t len = key->is_certificate ? key->authority_len : key->len;
	struct options options = {.command = NULL};
	const char *after;

	line = skip_space(line);
	if (*line == '\0' || *line == '#')
		return;
	if (holds(line, bytes, len)) {
		if (!key->is_certificate)
			take_line(r, &options);
		return;
	}
	after = skip_options(line);
	if (after == NULL || !holds(skip_space(after), bytes, len))
		return;
	if (!read_options(line, &options))
		r->listed = r->conflicting = true;
	else if (options.cert_authority == key->is_certificate)
		take_line(r, &options);
	free(options.command);
}

/* A line that no key can be read from may have the key's text in it, white
 * space or not: 1 or 0, or -1 without memory. */
static int
mentions(const char *line, const struct key *key)
{
	scoped_free char *bare = NULL;
	size_t n = 0;

	if (*skip_space(line) == '#')
		return 0;
	bare = malloc(strlen(line) + 1);
	if (bare == NULL)
		return -1;
	for (; *line != '\0'; line++)
		if (!is_white(*line))
			bare[n++] = *line;
	bare[n] = '\0';
	return strstr(bare, key->text) != NULL;
}

enum fault
keys_search(const char *text, const struct key *key, struct restriction *r)
{
	while (*text != '\0') {
		size_t n = strcspn(text, "\n");
		scoped_free char *line = strndup(text, n);
		bool listed = r->listed;

		if (line == NULL)
			return FAULT_MEMORY;
		r->listed = false;
		search_line(line, key, r);
		if (!r->listed && !key->is_certificate &&
		    mentions(line, key) != 0)
			r->conflicting = r->listed = true;
		r->listed |= listed;
		text += n + (text[n] == '\n');
	}
	return FAULT_NONE;
}

/* TYPE BLOB at at, of whatever key. */
static bool
is_key(const char *at)
{
	scoped_free uint8_t *blob = NULL;
	size_t word = strcspn(at, " \t"), n = 0;
	const char *text = skip_space(at + word);
	struct wire w = {.at = NULL}, type;

	blob = decode(text, strcspn(text, " \t\r\n"), &n);
	if (blob == NULL)
		return false;
	w = (struct wire){.at = blob, .left = n};
	type = wire_string(&w);
	return !w.bad && w.left > 0 && type.left == word && word > 0 &&
	    memcmp(at, type.at, word) == 0;
}

enum key_line
key_line_read(const char *line)
{
	struct options options = {.command = NULL};
	enum key_line kind;
	const char *after;

	line = skip_space(line);
	if (*line == '\0' || *line == '#' || *line == '\r')
		return KEY_LINE_NONE;
	if (is_key(line))
		return KEY_LINE_FREE;
	after = skip_options(line);
	if (after == NULL || !is_key(skip_space(after)) ||
	    !read_options(line, &options))
		kind = KEY_LINE_DOUBTFUL;
	else if (options.cert_authority)
		kind = KEY_LINE_AUTHORITY;
	else
		kind = options.command != NULL ? KEY_LINE_COMMAND
					       : KEY_LINE_FREE;
	free(options.command);
	return kind;
}

void
restriction_done(struct restriction *restriction)
{
	free(restriction->command);
	*restriction = (struct restriction){.listed = false};
}
