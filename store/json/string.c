#include <endian.h>
#include <string.h>

#include "store/json/lex.h"
#include "store/base/utf8.h"

/* Returns the value of the four digits of \uXXXX, or -1. */
static int
hex4(const char *at, const char *end)
{
	int value = 0;

	if (end - at < 4)
		return -1;
	for (size_t i = 0; i < 4; i++) {
		char c = at[i];

		if (c >= '0' && c <= '9')
			value = value * 16 + (c - '0');
		else if (c >= 'a' && c <= 'f')
			value = value * 16 + (c - 'a' + 10);
		else if (c >= 'A' && c <= 'F')
			value = value * 16 + (c - 'A' + 10);
		else
			return -1;
	}
	return value;
}

/* Returns the character of the escape at at; 0 if no string may have it. */
static uint32_t
escaped_char(const char *at, const char *end, size_t *ret_len)
{
	int high, low;

	*ret_len = 2;
	if (end - at < 2)
		return 0;
	if (at[1] == '"' || at[1] == '\\' || at[1] == '/')
		return (uint32_t)at[1];
	*ret_len = 6;
	high = at[1] == 'u' ? hex4(at + 2, end) : -1;
	if (high < 0 || utf8_steers((uint32_t)high))
		return 0;
	if (high < 0xd800 || high > 0xdfff)
		return (uint32_t)high;
	*ret_len = 12;
	if (high > 0xdbff || end - at < 12 || at[6] != '\\' || at[7] != 'u')
		return 0;
	low = hex4(at + 8, end);
	if (low < 0xdc00 || low > 0xdfff)
		return 0;
	return 0x10000 + ((uint32_t)(high - 0xd800) << 10) +
	    (uint32_t)(low - 0xdc00);
}

#define BYTES(c) (UINT64_C(0x0101010101010101) * (c))

/*
 * How many of eight bytes come before the first that is no ASCII, a control
 * character, a quote or a backslash.  Each such byte sets its highest bit; a
 * carry or borrow out of it touches but those after it.
 */
static size_t
plain_of_eight(const char *at)
{
	uint64_t w, odd;

	memcpy(&w, at, sizeof(w));
	w = le64toh(w);
	odd = (w | (w + BYTES(1)) | (w - BYTES(' ')) |
		  ((w ^ BYTES('"')) - BYTES(1)) |
		  ((w ^ BYTES('\\')) - BYTES(1))) &
	    BYTES(0x80);
	return odd == 0 ? 8 : (size_t)__builtin_ctzll(odd) / 8;
}

/* Past what nearly all strings are made of, and nothing has to be asked
 * about. */
static void
skip_plain(struct json_lex *lx)
{
	const char *at = lx->at;
	size_t n = 8;

	for (; n == 8 && lx->end - at >= 8; at += n)
		n = plain_of_eight(at);
	if (n == 8)
		while (at < lx->end && *at >= ' ' && *at < 0x7f && *at != '"' &&
		    *at != '\\')
			at++;
	lx->at = at;
}

/* Skips an escape, and adds to *saved how much shorter its character is. */
static bool
skip_escape(struct json_lex *lx, size_t *saved)
{
	char room[UTF8_MAX];
	size_t n;
	uint32_t c = escaped_char(lx->at, lx->end, &n);

	if (c == 0 && lx->end - lx->at >= 2 && lx->at[1] == 'u')
		return json_lex_bad(
		    lx, "bad or forbidden \\u escape in a string");
	if (c == 0)
		return json_lex_bad(lx, "bad or forbidden escape in a string");
	lx->at += n;
	*saved += n - utf8_encode(c, room);
	return true;
}

static bool
skip_char(struct json_lex *lx)
{
	size_t n = utf8_length(lx->at, (size_t)(lx->end - lx->at));

	if (n == 0)
		return json_lex_bad(lx, "not UTF-8");
	if (utf8_steers(utf8_char(lx->at, n)))
		return json_lex_bad(lx, "control character in a string");
	lx->at += n;
	return true;
}

bool
json_lex_string(struct json_lex *lx, struct json_string *ret)
{
	const char *raw;
	size_t saved = 0;

	if (json_lex_peek(lx) != '"')
		return json_lex_bad(lx, JSON_LEX_NONE);
	raw = ++lx->at;
	for (skip_plain(lx); lx->at < lx->end && *lx->at != '"'; skip_plain(lx))
		if (*lx->at == '\\' ? !skip_escape(lx, &saved) : !skip_char(lx))
			return false;
	if (lx->at == lx->end)
		return json_lex_bad(lx, "string without an end");
	ret->raw = raw;
	ret->raw_len = (size_t)(lx->at++ - raw);
	ret->len = ret->raw_len - saved;
	return true;
}

bool
json_lex_key(struct json_lex *lx, struct json_string *ret)
{
	if (!json_lex_string(lx, ret))
		return false;
	if (json_lex_peek(lx) != ':')
		return json_lex_bad(lx, JSON_LEX_NONE);
	lx->at++;
	return true;
}

/* No word of ours has 64 bytes. */
static bool
escaped_is(const struct json_string *string, const char *text)
{
	char plain[64];
	bool is;

	if (string->len >= sizeof(plain))
		return false;
	json_string_copy(string, plain, sizeof(plain));
	is = strcmp(plain, text) == 0;
	explicit_bzero(plain, sizeof(plain));
	return is;
}

/* No string has a NUL, so the comparison ends with text at the latest. */
bool
json_string_is(const struct json_string *string, const char *text)
{
	if (string->raw_len != string->len)
		return escaped_is(string, text);
	for (size_t i = 0; i < string->len; i++)
		if (string->raw[i] != text[i])
			return false;
	return text[string->len] == '\0';
}

static void
copy_escaped(const struct json_string *string, char *ret, size_t size)
{
	const char *at = string->raw, *end = at + string->raw_len;
	size_t len = 0;

	while (at < end) {
		char c[UTF8_MAX] = {*at};
		size_t n = 1, bytes = 1;

		if (*at == '\\')
			bytes = utf8_encode(escaped_char(at, end, &n), c);
		if (size - 1 - len < bytes)
			break;
		memcpy(ret + len, c, bytes);
		len += bytes;
		at += n;
	}
	ret[len] = '\0';
}

void
json_string_copy(const struct json_string *string, char *ret, size_t size)
{
	size_t n = string->len < size ? string->len : size - 1;

	if (string->raw_len != string->len) {
		copy_escaped(string, ret, size);
		return;
	}
	memcpy(ret, string->raw, n);
	ret[n] = '\0';
}
