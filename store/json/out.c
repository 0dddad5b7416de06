#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/json/out.h"

struct json_out
json_out_begin(size_t room)
{
	struct json_out out = {.text = calloc(room, 1), .room = room};

	if (out.text == NULL)
		out.room = 0;
	return out;
}

bool
json_out_grow(struct json_out *out, size_t len)
{
	size_t room = 2 * out->room + len;
	char *larger = out->text != NULL ? calloc(room, 1) : NULL;

	if (larger != NULL)
		memcpy(larger, out->text, out->len);
	json_text_free(&out->text);
	out->text = larger;
	if (larger == NULL)
		room = out->len = 0;
	out->room = room;
	return larger != NULL;
}

void
json_out_number(struct json_out *out, int64_t number)
{
	char digits[24], *at = digits + sizeof(digits);
	uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;

	do
		*--at = (char)('0' + rest % 10);
	while ((rest /= 10) > 0);
	if (number < 0)
		*--at = '-';
	json_out_put(out, at, (size_t)(digits + sizeof(digits) - at));
}

void
json_out_cut(struct json_out *out, size_t len)
{
	if (out->text == NULL)
		return;
	explicit_bzero(out->text + len, out->len - len);
	out->len = len;
}

static bool
is_plain(char c)
{
	return (unsigned char)c >= ' ' && c != '"' && c != '\\';
}

static void
put_escape(struct json_out *out, char c)
{
	static const char letters[] = "\"\"\\\\\bb\ff\nn\rr\tt";
	char escape[8];

	snprintf(escape, sizeof(escape), "\\u%04x", (unsigned char)c);
	for (size_t i = 0; letters[i] != '\0'; i += 2)
		if (c == letters[i])
			snprintf(
			    escape, sizeof(escape), "\\%c", letters[i + 1]);
	json_out_text(out, escape);
}

void
json_out_string(struct json_out *out, const char *text)
{
	json_out_put(out, "\"", 1);
	while (*text != '\0') {
		size_t plain = 0;

		while (is_plain(text[plain]))
			plain++;
		json_out_put(out, text, plain);
		text += plain;
		if (*text != '\0')
			put_escape(out, *text++);
	}
	json_out_put(out, "\"", 1);
}
