#include <string.h>

#include "store/json/lex.h"

bool
json_lex_bad(struct json_lex *lx, const char *wrong)
{
	lx->wrong = wrong;
	return false;
}

struct json_lex
json_lex_begin(const char *text, size_t len)
{
	return (struct json_lex){.text = text, .at = text, .end = text + len};
}

void
json_lex_space(struct json_lex *lx)
{
	const char *at = lx->at;

	while (at < lx->end &&
	    (*at == ' ' || *at == '\n' || *at == '\t' || *at == '\r'))
		at++;
	lx->at = at;
}

bool
json_lex_open(struct json_lex *lx, char bracket)
{
	if (json_lex_peek(lx) != bracket)
		return json_lex_bad(lx, JSON_LEX_NONE);
	if (lx->depth == JSON_DEPTH_MAX)
		return json_lex_bad(lx, "nested too deeply");
	lx->depth++;
	lx->at++;
	return true;
}

bool
json_lex_more(struct json_lex *lx, size_t count, char close)
{
	char c = json_lex_peek(lx);

	if (c == close) {
		lx->depth--;
		lx->at++;
		return false;
	}
	if (count == 0)
		return true;
	if (c != ',')
		return json_lex_bad(lx, JSON_LEX_NONE);
	lx->at++;
	return true;
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* Counts below zero, where the range has room for one more. */
bool
json_lex_number(struct json_lex *lx, struct json_number *ret)
{
	bool minus = json_lex_peek(lx) == '-', fits = true;
	const char *first = lx->at + (minus ? 1 : 0), *at;
	int64_t value = 0;

	for (at = first; at < lx->end && is_digit(*at); at++)
		fits = fits && !__builtin_mul_overflow(value, 10, &value) &&
		    !__builtin_sub_overflow(value, *at - '0', &value);
	if (at == first || (*first == '0' && at > first + 1) ||
	    (at < lx->end && memchr(".eE+", *at, 4) != NULL))
		return json_lex_bad(lx, "not a whole number");
	if (!minus && __builtin_sub_overflow((int64_t)0, value, &value))
		fits = false;
	ret->value = value;
	ret->fits = fits;
	lx->at = at;
	return true;
}

bool
json_lex_word(struct json_lex *lx, const char *word)
{
	size_t n = strlen(word);

	json_lex_peek(lx);
	if ((size_t)(lx->end - lx->at) < n || memcmp(lx->at, word, n) != 0)
		return false;
	lx->at += n;
	return true;
}

bool
json_lex_end(struct json_lex *lx)
{
	json_lex_peek(lx);
	return lx->at == lx->end || json_lex_bad(lx, JSON_LEX_NONE);
}
