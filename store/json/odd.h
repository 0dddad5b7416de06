/*
 * Names what people, editors and spreadsheets put into JSON that is none of it:
 * a byte order mark, a comment, a comma too many, curly quotation marks.
 */
#ifndef TFA_JSON_ODD_H
#define TFA_JSON_ODD_H

#include "store/json/json.h"

/*
 * error: as json_read() gave it for these len bytes.  If a byte is at fault, and
 * it is known which kind of mistake that is, adds what it is and what to write to
 * error->text.
 */
void json_odd_say(const char *text, size_t len, struct json_error *error);

#endif
