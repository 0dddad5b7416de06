/*
 * The lexical half of the strict JSON reader: a pass over the bytes that
 * refuses what cJSON would let through, and finds the line of a value, which
 * cJSON does not keep.
 */
#ifndef TFA_JSON_LEX_H
#define TFA_JSON_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "json.h"

/*
 * Checks that text is made of JSON tokens (RFC 8259): strings of valid UTF-8
 * with valid escapes and no control character, whole numbers without leading
 * zero, true, false, null, punctuation, white space; no more than
 * JSON_DEPTH_MAX levels.  Not the grammar: cJSON does that.
 */
MUST_USE enum fault
json_lex_check(const char *text, size_t len, struct json_error *ret_error);

/*
 * Line and column, both from 1, of value number ordinal (from 0) in the order
 * in which values begin, or of the key before it, which it must have.  text
 * has passed json_lex_check().
 */
void json_lex_locate(const char *text, size_t len, size_t ordinal, bool key,
    int *ret_line, int *ret_column);

/* Line and column of the byte at text[at]. */
void
json_lex_place(const char *text, size_t at, int *ret_line, int *ret_column);

#endif
