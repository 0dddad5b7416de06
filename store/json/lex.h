/*
 * The scanner of the strict JSON reader: text as tokens (RFC 8259), each byte
 * looked at once.  Strings are valid UTF-8 with valid escapes and no control
 * character, numbers are whole and have no leading zero, no more than
 * JSON_DEPTH_MAX objects and lists are open.  What a text means is for json.c.
 *
 * Every function here begins with the white space before its token.  One that
 * says false has read nothing but that, or found a fault: then wrong says
 * what, and at where, and nothing further may be read.
 */
#ifndef TFA_JSON_LEX_H
#define TFA_JSON_LEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/json/json.h"

struct json_lex {
	const char *text;
	const char *at;
	const char *end;   /* nothing from here on is looked at */
	int depth;         /* how many objects and lists are open */
	const char *wrong; /* or NULL */
};

/* A string as it stands in the text, between its quotes. */
struct json_string {
	const char *raw;
	size_t raw_len;
	size_t len; /* in bytes, once each escape is its character */
};

struct json_number {
	int64_t value;
	bool fits; /* else value means nothing */
};

/* What is wrong where a token stands that may not. */
#define JSON_LEX_NONE "not JSON"

/* Says what is wrong where the scanner is; false. */
bool json_lex_bad(struct json_lex *lx, const char *wrong);

struct json_lex json_lex_begin(const char *text, size_t len);

/* Past white space. */
void json_lex_space(struct json_lex *lx);

/* The first byte of the next token; NUL: the end, or a NUL that stands there,
 * which no token begins with. */
static inline char
json_lex_peek(struct json_lex *lx)
{
	if (lx->at < lx->end && *lx->at <= ' ')
		json_lex_space(lx);
	return lx->at < lx->end ? *lx->at : '\0';
}

/* Past that bracket, '{' or '['. */
bool json_lex_open(struct json_lex *lx, char bracket);

/*
 * Whether one more part follows the count that were read since the bracket
 * that opened; else past the one that closes, or wrong:
 *
 *	for (n = 0; json_lex_more(lx, n, '}'); n++)
 *		a key and its value
 *	lx->wrong == NULL: all of it was read
 */
bool json_lex_more(struct json_lex *lx, size_t count, char close);

bool json_lex_number(struct json_lex *lx, struct json_number *ret);

/* Past that word, if it is what follows; nothing is wrong if not. */
bool json_lex_word(struct json_lex *lx, const char *word);

/* Whether nothing follows. */
bool json_lex_end(struct json_lex *lx);

/* string.c */

/* A string and the colon after it. */
bool json_lex_key(struct json_lex *lx, struct json_string *ret);

bool json_lex_string(struct json_lex *lx, struct json_string *ret);

/* Whether the string is that text, of less than 64 bytes. */
bool json_string_is(const struct json_string *string, const char *text);

/* The string and a NUL; of a longer one the first size - 1 bytes at most. */
void json_string_copy(const struct json_string *string, char *ret, size_t size);

/* walk.c: past whole values. */

/* Past the next value, whatever it is. */
bool json_lex_skip(struct json_lex *lx);

/* From an object to the value under that key, from a list to that item; false:
 * it has none. */
bool json_lex_find_key(struct json_lex *lx, const char *key);
bool json_lex_find_item(struct json_lex *lx, size_t index);

/* Whether text is one JSON value and nothing else. */
MUST_USE enum fault
json_lex_check(const char *text, size_t len, struct json_error *ret_error);

/* Line and column, both from 1, of the byte at text[at]. */
void
json_lex_place(const char *text, size_t at, int *ret_line, int *ret_column);

#endif
