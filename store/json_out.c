#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"

static void put_value(
    struct json_out *out, const struct json_field *field, const void *value);

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

static void
put_string(struct json_out *out, const char *text)
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

static void
put_form(
    struct json_out *out, const struct json_field *field, const void *value)
{
	char text[JSON_FORM_TEXT] = "";

	field->form->format(value, text);
	put_string(out, text);
	explicit_bzero(text, sizeof(text));
}

static void
put_number(struct json_out *out, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)number);
	json_out_text(out, text);
}

static void
put_list(
    struct json_out *out, const struct json_field *field, const void *value)
{
	struct json_list list;

	memcpy(&list, value, sizeof(list));
	json_out_text(out, "[");
	for (size_t i = 0; i < list.count; i++) {
		if (i > 0)
			json_out_text(out, ",");
		put_value(out, field->item,
		    (const char *)list.items + i * field->item->size);
	}
	json_out_text(out, "]");
}

static void
put_value(
    struct json_out *out, const struct json_field *field, const void *value)
{
	switch (field->kind) {
	case JSON_TEXT:
		put_string(out, value);
		break;
	case JSON_STRING: {
		const char *s = *(char *const *)value;
		put_string(out, s != NULL ? s : "");
		break;
	}
	case JSON_NUMBER:
		put_number(out, *(const int64_t *)value);
		break;
	case JSON_FLAG:
		json_out_text(out, *(const bool *)value ? "true" : "false");
		break;
	case JSON_CHOICE:
		put_string(out, field->names[*(const int *)value]);
		break;
	case JSON_FORM:
		put_form(out, field, value);
		break;
	case JSON_OBJECT:
		json_out_line(out, field->shape, value);
		break;
	case JSON_LIST:
		put_list(out, field, value);
		break;
	}
}

static bool
is_zero(const void *value, size_t size)
{
	const unsigned char *p = value;

	for (size_t i = 0; i < size; i++)
		if (p[i] != 0)
			return false;
	return true;
}

/* Whether the value says that there is none: zero, "", an empty list. */
static bool
is_none(const struct json_field *field, const void *value)
{
	switch (field->kind) {
	case JSON_TEXT:
		return *(const char *)value == '\0';
	case JSON_OBJECT:
		return !*(const bool *)value;
	case JSON_LIST:
		return ((const struct json_list *)value)->count == 0;
	case JSON_STRING:
	case JSON_NUMBER:
	case JSON_FLAG:
	case JSON_CHOICE:
	case JSON_FORM:
		return is_zero(value, field->size);
	}
	return false;
}

void
json_out_line(
    struct json_out *out, const struct json_shape *shape, const void *value)
{
	const char *before = "{\"";

	for (size_t i = 0; i < shape->count; i++) {
		const struct json_field *field = &shape->fields[i];
		const void *at = (const char *)value + field->offset;
		bool may_lack = field->need == JSON_MAYBE ||
		    field->need == JSON_NULL;
		bool none = may_lack && is_none(field, at);

		if (none && field->need == JSON_MAYBE)
			continue;
		json_out_text(out, before);
		json_out_text(out, field->key);
		json_out_text(out, "\":");
		if (none)
			json_out_text(out, "null");
		else
			put_value(out, field, at);
		before = ",\"";
	}
	json_out_text(out, before[0] == '{' ? "{}" : "}");
}
