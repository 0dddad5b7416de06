/*
 * Text that grows while it is written, with what JSON writes of strings.  It
 * may hold a secret: what is left behind is wiped.
 */
#ifndef TFA_JSON_OUT_H
#define TFA_JSON_OUT_H

#include <stddef.h>
#include <string.h>

#include "store/json/json.h"

/* text is NULL once memory ran out, and for good. */
struct json_out {
	char *text; /* ends in a NUL; the caller's to wipe and free */
	size_t len;
	size_t room;
};

/* Empty, with room for so many bytes before it has to grow. */
struct json_out json_out_begin(size_t room);

/* Room for more than len bytes; false where there is none. */
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
