/*
 * Text that grows while it is written, and the writers of JSON's numbers and
 * strings.  The text may hold a secret: memory that it leaves is wiped.
 */
#ifndef TFA_JSON_OUT_H
#define TFA_JSON_OUT_H

#include <stddef.h>
#include <string.h>

#include "store/json/json.h"

/* text is NULL, and stays NULL, once memory ran out. */
struct json_out {
	char *text; /* NUL-terminated; the caller wipes and frees it */
	size_t len;
	size_t room;
};

/* Returns an empty text with room for that many bytes. */
struct json_out json_out_begin(size_t room);

/* Makes room for more than len bytes; false without memory. */
bool json_out_grow(struct json_out *out, size_t len);

/* All beyond the text is zero. */
static inline void
json_out_put(struct json_out *out, const char *bytes, size_t len)
{
	if (out->room - out->len <= len && !json_out_grow(out, len))
		return;
	memcpy(out->text + out->len, bytes, len);
	out->len += len;
}

static inline void
json_out_text(struct json_out *out, const char *text)
{
	json_out_put(out, text, strlen(text));
}

void json_out_number(struct json_out *out, int64_t number);

/* As a JSON string: quoted, escaped where it must be (RFC 8259, section 7). */
void json_out_string(struct json_out *out, const char *text);

/* Takes back all but the first len bytes. */
void json_out_cut(struct json_out *out, size_t len);

#endif
