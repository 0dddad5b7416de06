/*
 * Text that grows while it is written.  It may hold a secret: what is left
 * behind is wiped.
 */
#ifndef TFA_JSON_OUT_H
#define TFA_JSON_OUT_H

#include <stddef.h>

#include "json.h"

/* text is NULL once memory ran out, and for good. */
struct json_out {
	char *text; /* ends in a NUL; the caller's to wipe and free */
	size_t len;
	size_t room;
};

/* Empty, with room for so many bytes before it has to grow. */
struct json_out json_out_begin(size_t room);

void json_out_put(struct json_out *out, const char *bytes, size_t len);
void json_out_text(struct json_out *out, const char *text);

/* The value on one line, as cJSON prints one. */
void json_out_line(
    struct json_out *out, const struct json_shape *shape, const void *value);

#endif
