/*
 * Where in a text a mistake is, for people: its line and a caret under the
 * column.  Pure.
 */
#ifndef TFA_CARET_H
#define TFA_CARET_H

#include <stddef.h>

#include "store/json/json.h"

#define CARET_TEXT 512

/*
 * ret: the two lines, each ending in a newline, or "" for an error that has no
 * place.  A long line is cut on both sides, so that what is left with the
 * caret fits eighty columns; a tab is one space, and what steers a terminal a
 * question mark.
 */
void caret_format(const char *text, size_t len, const struct json_error *error,
    char ret[static CARET_TEXT]);

#endif
