#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "json_lex.h"
#include "utf8.h"

struct lexer {
	const char *text;
	size_t len;
	size_t at;
	int depth;
	const char *wrong;
};

enum token { TOKEN_END, TOKEN_VALUE, TOKEN_KEY, TOKEN_OTHER, TOKEN_BAD };

static char
peek(const struct lexer *lx)
{
	return lx->at < lx->len ? lx->text[lx->at] : '\0';
}

static enum token
bad(struct lexer *lx, const char *wrong)
{
	lx->wrong = wrong;
	return TOKEN_BAD;
}

static void
skip_space(struct lexer *lx)
{
	for (; lx->at < lx->len; lx->at++) {
		char c = lx->text[lx->at];

		if (c != ' ' && c != '\t' && c != '\r' && c != '\n')
			break;
	}
}

/* The four digits of \uXXXX, or -1. */
static int
hex4(const struct lexer *lx, size_t at)
{
	int value = 0;

	if (lx->len - at < 4)
		return -1;
	for (size_t i = at; i < at + 4; i++) {
		char c = lx->text[i];

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

/* At the u of \u; moves past it and past the low half of a pair. */
static bool
unicode_escape(struct lexer *lx)
{
	int unit = hex4(lx, lx->at + 1);

	lx->at += 5;
	if (unit < 0 || utf8_steers((uint32_t)unit))
		return false;
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	if (unit > 0xdbff || lx->len - lx->at < 6 || lx->text[lx->at] != '\\' ||
	    lx->text[lx->at + 1] != 'u')
		return false;
	unit = hex4(lx, lx->at + 2);
	lx->at += 6;
	return unit >= 0xdc00 && unit <= 0xdfff;
}

/* Past what nearly all strings are made of, and nothing has to be asked
 * about. */
static void
skip_plain(struct lexer *lx)
{
	while (lx->at < lx->len && lx->text[lx->at] >= 0x20 &&
	    lx->text[lx->at] < 0x7f && lx->text[lx->at] != '"' &&
	    lx->text[lx->at] != '\\')
		lx->at++;
}

/* One character of a string, escaped or not. */
static const char *
string_char(struct lexer *lx)
{
	unsigned char c = (unsigned char)lx->text[lx->at];
	size_t n;

	if (c < 0x20 || c == 0x7f)
		return "control character in a string";
	if (c == '\\') {
		lx->at++;
		switch (peek(lx)) {
		case '"':
		case '\\':
		case '/':
			lx->at++;
			return NULL;
		case 'u':
			return unicode_escape(lx)
			    ? NULL
			    : "bad or forbidden \\u escape in a string";
		default:
			return "bad or forbidden escape in a string";
		}
	}
	n = utf8_length(lx->text + lx->at, lx->len - lx->at);
	if (n == 0)
		return "not UTF-8";
	if (utf8_steers(utf8_char(lx->text + lx->at, n)))
		return "control character in a string";
	lx->at += n;
	return NULL;
}

static enum token
string(struct lexer *lx)
{
	const char *wrong;

	lx->at++;
	for (skip_plain(lx); lx->at < lx->len && lx->text[lx->at] != '"';
	     skip_plain(lx)) {
		size_t start = lx->at;

		if ((wrong = string_char(lx)) == NULL)
			continue;
		lx->at = start;
		return bad(lx, wrong);
	}
	if (lx->at >= lx->len)
		return bad(lx, "string without an end");
	lx->at++;

	struct lexer after = *lx;
	skip_space(&after);
	return peek(&after) == ':' ? TOKEN_KEY : TOKEN_VALUE;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static enum token
number(struct lexer *lx)
{
	size_t start = lx->at, first;

	if (peek(lx) == '-')
		lx->at++;
	first = lx->at;
	while (is_digit(peek(lx)))
		lx->at++;
	if (lx->at > first && (lx->text[first] != '0' || lx->at == first + 1) &&
	    (peek(lx) == '\0' || strchr(".eE+", peek(lx)) == NULL))
		return TOKEN_VALUE;
	lx->at = start;
	return bad(lx, "not a whole number");
}

static enum token
word(struct lexer *lx)
{
	static const char *const words[] = {"true", "false", "null"};

	for (size_t i = 0; i < 3; i++) {
		size_t n = strlen(words[i]);

		if (lx->len - lx->at >= n &&
		    memcmp(lx->text + lx->at, words[i], n) == 0) {
			lx->at += n;
			return TOKEN_VALUE;
		}
	}
	return bad(lx, "not JSON");
}

/* The next token; *ret_start is where it begins. */
static enum token
next(struct lexer *lx, size_t *ret_start)
{
	skip_space(lx);
	*ret_start = lx->at;
	if (lx->at >= lx->len)
		return TOKEN_END;
	switch (lx->text[lx->at]) {
	case '"':
		return string(lx);
	case '{':
	case '[':
		if (++lx->depth > JSON_DEPTH_MAX)
			return bad(lx, "nested too deeply");
		lx->at++;
		return TOKEN_VALUE;
	case '}':
	case ']':
		lx->depth--;
		lx->at++;
		return TOKEN_OTHER;
	case ':':
	case ',':
		lx->at++;
		return TOKEN_OTHER;
	case '-':
		return number(lx);
	default:
		return is_digit(lx->text[lx->at]) ? number(lx) : word(lx);
	}
}

void
json_lex_place(const char *text, size_t at, int *ret_line, int *ret_column)
{
	*ret_line = 1;
	*ret_column = 1;
	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			++*ret_line;
			*ret_column = 1;
		} else {
			++*ret_column;
		}
	}
}

enum fault
json_lex_check(const char *text, size_t len, struct json_error *ret_error)
{
	struct lexer lx = {.text = text, .len = len};
	enum token token;
	size_t start;

	while ((token = next(&lx, &start)) != TOKEN_END) {
		if (token != TOKEN_BAD)
			continue;
		*ret_error = (struct json_error){.line = 0};
		json_lex_place(text, lx.at < len ? lx.at : len,
		    &ret_error->line, &ret_error->column);
		snprintf(
		    ret_error->text, sizeof(ret_error->text), "%s", lx.wrong);
		return FAULT_FORMAT;
	}
	return FAULT_NONE;
}

void
json_lex_locate(const char *text, size_t len, size_t ordinal, bool key,
    int *ret_line, int *ret_column)
{
	struct lexer lx = {.text = text, .len = len};
	size_t start = 0, key_start = 0;
	enum token token;

	while ((token = next(&lx, &start)) != TOKEN_END && token != TOKEN_BAD) {
		if (token == TOKEN_KEY)
			key_start = start;
		if (token == TOKEN_VALUE && ordinal-- == 0)
			break;
	}
	json_lex_place(text, key ? key_start : start, ret_line, ret_column);
}
