#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"

struct json_out
json_out_begin(size_t room)
{
	return (struct json_out){.text = calloc(room, 1), .room = room};
}

void
json_out_put(struct json_out *out, const char *bytes, size_t len)
{
	if (out->text == NULL)
		return;
	if (out->room - out->len <= len) {
		size_t room = 2 * out->room + len;
		char *larger = calloc(room, 1);

		if (larger != NULL)
			memcpy(larger, out->text, out->len);
		json_text_free(&out->text);
		out->text = larger;
		out->room = room;
	}
	if (out->text == NULL)
		return;
	memcpy(out->text + out->len, bytes, len);
	out->len += len;
	out->text[out->len] = '\0';
}

void
json_out_text(struct json_out *out, const char *text)
{
	json_out_put(out, text, strlen(text));
}

void
json_out_cut(struct json_out *out, size_t len)
{
	if (out->text == NULL)
		return;
	explicit_bzero(out->text + len, out->len - len);
	out->len = len;
}

/* The escape that a byte needs in a string, or NULL. */
static const char *
escape_of(unsigned char c, char room[static 8])
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";

	if (c >= ' ' && c != '"' && c != '\\')
		return NULL;
	for (size_t i = 0; letters[i] != '\0'; i += 2)
		if (c == (unsigned char)letters[i]) {
			snprintf(room, 8, "\\%c", letters[i + 1]);
			return room;
		}
	snprintf(room, 8, "\\u%04x", c);
	return room;
}

void
json_out_string(struct json_out *out, const char *text)
{
	char room[8];

	json_out_text(out, "\"");
	while (*text != '\0') {
		size_t plain = 0;
		const char *escape = NULL;

		while (text[plain] != '\0' &&
		    (escape = escape_of((unsigned char)text[plain], room)) ==
			NULL)
			plain++;
		json_out_put(out, text, plain);
		text += plain;
		if (escape != NULL) {
			json_out_text(out, escape);
			text++;
		}
	}
	json_out_text(out, "\"");
}
