/*
 * The scanner of the strict JSON reader: takes a text apart into tokens
 * (RFC 8259) and looks at each byte once.  Strings are valid UTF-8 with valid
 * escapes and no control character, numbers are whole and have no leading zero,
 * and at most JSON_DEPTH_MAX objects and lists are open.  json.c gives the
 * tokens their meaning.
 * proved: tests/proofs/parts.c 3a 4a 4b 4c, texts of 4, 8 and 12 bytes.
 *
 * Every function skips the white space before its token.  One that returns
 * false has skipped nothing else, or has found a mistake: wrong then says what
 * it is, at points to it, and the caller reads no further.
 *
 *	struct json_lex lex = json_lex_begin(text, len);
 *
 *	if (json_lex_open(&lex, '{'))
 *		for (n = 0; json_lex_more(&lex, n, '}'); n++)
 *			if (!json_lex_key(&lex, &key) || !json_lex_skip(&lex))
 *				break;
 *	if (lex.wrong == NULL && json_lex_end(&lex))
 *		all of it was read
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
	const char *end;   /* the text ends here */
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

/* lx->wrong for a byte that begins no token, or not one that may follow. */
#define JSON_LEX_NONE "not JSON"

/* Sets lx->wrong, and returns false. */
bool json_lex_bad(struct json_lex *lx, const char *wrong);

struct json_lex json_lex_begin(const char *text, size_t len);

/* Skips white space. */
void json_lex_space(struct json_lex *lx);

/* Returns the first byte of the next token, or NUL at the end.  A NUL in the
 * text begins no token. */
static inline char
json_lex_peek(struct json_lex *lx)
{
	if (lx->at < lx->end && *lx->at <= ' ')
		json_lex_space(lx);
	return lx->at < lx->end ? *lx->at : '\0';
}

/* Takes a bracket, '{' or '['. */
bool json_lex_open(struct json_lex *lx, char bracket);

/* True if one more part follows the count that were read since the bracket
 * opened.  Else the closing bracket is taken, or lx->wrong is set. */
bool json_lex_more(struct json_lex *lx, size_t count, char close);

/* Takes a number. */
bool json_lex_number(struct json_lex *lx, struct json_number *ret);

/* Takes that word if it follows; lx->wrong is never set. */
bool json_lex_word(struct json_lex *lx, const char *word);

/* True if nothing follows. */
bool json_lex_end(struct json_lex *lx);

/* Takes a string and the colon after it. */
bool json_lex_key(struct json_lex *lx, struct json_string *ret);

/* Takes a string. */
bool json_lex_string(struct json_lex *lx, struct json_string *ret);

/* True if the string equals text, which has less than 64 bytes. */
bool json_string_is(const struct json_string *string, const char *text);

/* Copies the string and a NUL, or as many whole characters as fit. */
void json_string_copy(const struct json_string *string, char *ret, size_t size);

/* Skips the next value, whatever it is. */
bool json_lex_skip(struct json_lex *lx);

/* Goes from an object to the value of that key, or from a list to that item;
 * false, and past its end, if there is none.  A NULL key is never there. */
bool json_lex_find_key(struct json_lex *lx, const char *key);
bool json_lex_find_item(struct json_lex *lx, size_t index);

/* FAULT_FORMAT: text is not one JSON value alone; *ret_error says why. */
MUST_USE enum fault
json_lex_check(const char *text, size_t len, struct json_error *ret_error);

/* The line and column, both from 1, of text[at]. */
void
json_lex_place(const char *text, size_t at, int *ret_line, int *ret_column);

#endif
