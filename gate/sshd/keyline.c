#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "store/base/cleanup.h"
#include "gate/sshd/keyline.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
is_space(char c)
{
	return c == ' ' || c == '\t';
}

bool
keyline_is_white(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

const char *
keyline_skip(const char *at)
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
 * Decodes up to the padding, and skips white space, as sshd does.  It is laxer
 * than sshd about the text after the padding: a line that sshd refuses may
 * still restrict the key.
 */
uint8_t *
keyline_decode(const char *text, size_t len, size_t *ret_len)
{
	scoped_free uint8_t *bytes = NULL;
	uint32_t bits = 0;
	size_t n = 0, seen = 0;

	if (len == 0 || len > 2 * KEYS_BLOB_MAX ||
	    (bytes = malloc(len)) == NULL)
		return NULL;
	for (size_t i = 0; i < len && text[i] != '='; i++) {
		int value = base64_value(text[i]);

		if (keyline_is_white(text[i]))
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

/* The length of the string that a key begins with, its type; 0 for none. */
static size_t
type_length(const uint8_t *blob, size_t len)
{
	uint32_t n = 0;

	if (len < 4)
		return 0;
	for (size_t i = 0; i < 4; i++)
		n = n << 8 | blob[i];
	return n <= len - 4 ? n : 0;
}

/* True if a word has only the letters of sshd's names of types.  A person who
 * chooses a part of a command= can make options look like any other word. */
static bool
is_type(const char *word, size_t len)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz"
				      "0123456789@.-";

	return strspn(word, letters) >= len;
}

/* TYPE BLOB at at. */
static bool
read_type_and_blob(const char *at, struct keyline *ret)
{
	size_t word = strcspn(at, " \t"), len = 0, type;
	const char *text = keyline_skip(at + word);
	uint8_t *blob = keyline_decode(text, strcspn(text, " \t"), &len);

	if (blob == NULL)
		return false;
	type = type_length(blob, len);
	if (type == 0) {
		free(blob);
		return false;
	}
	ret->blob = blob;
	ret->len = len;
	ret->typed = type == word && is_type(at, word) &&
	    memcmp(blob + 4, at, word) == 0;
	return true;
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

/* The key stands at the start of the line or after the options.  sshd tries the
 * start first, and knows a key by its type. */
bool
keyline_read(const char *line, struct keyline *ret)
{
	struct keyline first = {.options = ""}, second = {.options = ""};
	const char *after;

	*ret = first;
	line = keyline_skip(line);
	if (*line == '\0' || *line == '#')
		return false;
	if (!read_type_and_blob(line, &first) || !first.typed) {
		after = skip_options(line);
		if (after != NULL &&
		    read_type_and_blob(keyline_skip(after), &second))
			second.options = line;
	}
	if (second.blob != NULL) {
		keyline_done(&first);
		first = second;
	}
	*ret = first;
	return ret->blob != NULL;
}

void
keyline_done(struct keyline *line)
{
	free(line->blob);
	*line = (struct keyline){.options = ""};
}

/* The value of name="value" at *at, \" being a quote; NULL: not that. */
static char *
quoted_value(const char **at)
{
	const char *p = *at;
	scoped_free char *value = malloc(strlen(p) + 1);
	size_t len = 0;

	if (value == NULL || *p++ != '"')
		return NULL;
	while (*p != '\0' && *p != '"') {
		if (*p == '\\' && p[1] == '"')
			p++;
		value[len++] = *p++;
	}
	if (*p != '"')
		return NULL;
	value[len] = '\0';
	*at = p + 1;
	return take(value);
}

/* True if the option at *at has this name; moves *at past the name. */
static bool
is_option(const char **at, const char *name)
{
	size_t n = strlen(name);

	if (strncasecmp(*at, name, n) != 0 || strchr("=, \t", (*at)[n]) == NULL)
		return false;
	*at += n;
	return true;
}

/* The options of sshd(8) that do not concern commands. */
static const char *const forwarding[] = {
    "restrict", "port-forwarding", "no-port-forwarding"};
static const char *const flags[] = {"pty", "no-pty", "agent-forwarding",
    "no-agent-forwarding", "x11-forwarding", "no-x11-forwarding", "user-rc",
    "no-user-rc", "touch-required"};
static const char *const limits[] = {"from", "expiry-time"};
static const char *const values[] = {"permitlisten", "tunnel"};

/* Skips ="value" after a name of which only the form matters. */
static bool
skip_value(const char **at)
{
	scoped_free char *value = *(*at)++ == '=' ? quoted_value(at) : NULL;

	return value != NULL;
}

/* *ret: the value, on the heap, of an option that may stand there once. */
static bool
take_once(const char **at, char **ret)
{
	if (*ret != NULL || *(*at)++ != '=')
		return false;
	*ret = quoted_value(at);
	return *ret != NULL;
}

static bool
is_listed(const char **at, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (is_option(at, names[i]))
			return true;
	return false;
}

/* The last of those about the PIN counts for sshd, and the last of those about
 * the touch.  Here one that takes something away does, wherever it stands. */
static bool
take_hardware_option(const char **at, struct keyline_options *ret)
{
	if (is_option(at, "no-touch-required"))
		return ret->no_touch = true;
	if (is_option(at, "no-verify-required"))
		return ret->no_verify = true;
	return is_option(at, "verify-required") && (ret->verify = true);
}

static bool
take_key_option(const char **at, struct keyline_options *ret)
{
	if (is_option(at, "command"))
		return take_once(at, &ret->command);
	if (is_option(at, "cert-authority"))
		return ret->authority = true;
	if (is_option(at, "environment"))
		return (ret->environment = true) && skip_value(at);
	if (is_option(at, "principals"))
		return take_once(at, &ret->principals);
	if (is_listed(at, forwarding, COUNT(forwarding)))
		return ret->forwarding = true;
	if (is_option(at, "permitopen"))
		return (ret->forwarding = true) && skip_value(at);
	if (is_listed(at, limits, COUNT(limits)))
		return (ret->limited = true) && skip_value(at);
	if (is_listed(at, values, COUNT(values)))
		return skip_value(at);
	if (take_hardware_option(at, ret))
		return true;
	return is_listed(at, flags, COUNT(flags));
}

bool
keyline_options(const char *at, struct keyline_options *ret)
{
	*ret = (struct keyline_options){.command = NULL};
	while (*at != '\0' && !is_space(*at)) {
		if (!take_key_option(&at, ret))
			return false;
		if (*at == '\0' || is_space(*at))
			return true;
		if (*at++ != ',' || *at == '\0')
			return false;
	}
	return true;
}

void
keyline_options_done(struct keyline_options *options)
{
	free(options->command);
	free(options->principals);
	*options = (struct keyline_options){.command = NULL};
}

/* The last word is the principal.  A # begins a comment anywhere. */
bool
keyline_principal(const char *line, struct keyline_options *ret)
{
	const char *from = keyline_skip(line);
	size_t len = strcspn(from, "#\r\n"), last;
	scoped_free char *text = NULL;

	*ret = (struct keyline_options){.command = NULL};
	while (len > 0 && is_space(from[len - 1]))
		len--;
	for (last = len; last > 0 && !is_space(from[last - 1]); last--)
		;
	text = strndup(from, last);
	return text != NULL && keyline_options(text, ret);
}
