/*
 * Shows people where a mistake in a text is: its line, and a caret under the
 * column. Pure.
 */
#ifndef TFA_CARET_H
#define TFA_CARET_H

#include <stddef.h>

#include "store/json/json.h"

#define CARET_TEXT 512

/*
 * ret: the two lines, each ending in a newline, or "" for an error without a
 * line. A long line is cut on both sides, so that the rest with the caret fits
 * eighty columns. A tab is shown as a space, a control character as a question
 * mark.
 */
void caret_format(const char *text, size_t len, const struct json_error *error,
    char ret[static CARET_TEXT]);

#endif
