#include <string.h>

#include "store/json/out.h"

#define INDENT   4
#define WIDTH    62       /* bytes that indented text has on one line */
#define ONE_LINE SIZE_MAX /* a depth: all on one line */

struct writer {
	struct json_out out;
	bool indented;
};

static void put_value(struct writer *w, const struct json_field *field,
    const void *value, size_t depth);

static void
put_line(struct writer *w, size_t depth)
{
	static const char spaces[] = "                                "
				     "                                ";

	_Static_assert(
	    sizeof(spaces) > JSON_DEPTH_MAX * INDENT, "enough for any depth");
	json_out_text(&w->out, "\n");
	json_out_put(&w->out, spaces, depth * INDENT);
}

/* Puts what separates the parts of an object or a list. */
static void
put_comma(struct writer *w, bool first, size_t depth)
{
	if (!first)
		json_out_text(&w->out, ",");
	if (depth != ONE_LINE)
		put_line(w, depth + 1);
	else if (!first && w->indented)
		json_out_text(&w->out, " ");
}

static void
put_form(struct writer *w, const struct json_field *field, const void *value)
{
	char text[JSON_FORM_TEXT] = "";

	field->form->format(value, text);
	json_out_string(&w->out, text);
	explicit_bzero(text, sizeof(text));
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

bool
json_is_none(const struct json_field *field, const void *value)
{
	switch (field->kind) {
	case JSON_TEXT:
		return *(const char *)value == '\0';
	case JSON_OBJECT:
		return !*(const bool *)value;
	case JSON_LIST:
		return ((const struct list *)value)->count == 0;
	case JSON_STRING:
	case JSON_NUMBER:
	case JSON_FLAG:
	case JSON_CHOICE:
	case JSON_FORM:
		return is_zero(value, field->size);
	}
	return false;
}

const char *
json_lacks(const struct json_shape *shape, const void *value,
    const struct json_field *field)
{
	return shape->lacks != NULL ? shape->lacks(value, field) : NULL;
}

static void
put_list(struct writer *w, const struct json_field *field, const void *value,
    size_t depth)
{
	size_t inner = depth == ONE_LINE ? ONE_LINE : depth + 1;
	struct list list;

	memcpy(&list, value, sizeof(list));
	json_out_text(&w->out, "[");
	for (size_t i = 0; i < list.count; i++) {
		put_comma(w, i == 0, depth);
		put_value(w, field->item,
		    (const char *)list.items + i * field->item->size, inner);
	}
	if (depth != ONE_LINE && list.count > 0)
		put_line(w, depth);
	json_out_text(&w->out, "]");
}

/* Keys are plain words of ours, and need no escapes. */
static void
put_key(struct writer *w, const char *key)
{
	json_out_text(&w->out, "\"");
	json_out_text(&w->out, key);
	json_out_text(&w->out, w->indented ? "\": " : "\":");
}

static void
put_object(struct writer *w, const struct json_shape *shape, const void *value,
    size_t depth)
{
	size_t inner = depth == ONE_LINE ? ONE_LINE : depth + 1;
	bool first = true;

	json_out_text(&w->out, "{");
	for (size_t i = 0; i < shape->count; i++) {
		const struct json_field *field = &shape->fields[i];
		const void *at = (const char *)value + field->offset;
		bool may_lack = field->need == JSON_MAYBE ||
		    field->need == JSON_NULL;
		bool none = may_lack && json_is_none(field, at);

		if ((none && field->need == JSON_MAYBE) ||
		    json_lacks(shape, value, field) != NULL)
			continue;
		put_comma(w, first, depth);
		put_key(w, field->key);
		if (none)
			json_out_text(&w->out, "null");
		else
			put_value(w, field, at, inner);
		first = false;
	}
	if (depth != ONE_LINE && !first)
		put_line(w, depth);
	json_out_text(&w->out, "}");
}

static void
put_whole(struct writer *w, const struct json_field *field, const void *value,
    size_t depth)
{
	if (field->kind == JSON_LIST)
		put_list(w, field, value, depth);
	else
		put_object(w, field->shape, value, depth);
}

/* Puts an object or a list on one line if it is short. */
static void
put_parts(struct writer *w, const struct json_field *field, const void *value,
    size_t depth)
{
	size_t start = w->out.len;

	put_whole(w, field, value, ONE_LINE);
	if (depth == ONE_LINE || w->out.len - start + depth * INDENT < WIDTH)
		return;
	json_out_cut(&w->out, start);
	put_whole(w, field, value, depth);
}

static void
put_value(struct writer *w, const struct json_field *field, const void *value,
    size_t depth)
{
	switch (field->kind) {
	case JSON_TEXT:
		json_out_string(&w->out, value);
		break;
	case JSON_STRING: {
		const char *s = *(char *const *)value;

		json_out_string(&w->out, s != NULL ? s : "");
		break;
	}
	case JSON_NUMBER:
		json_out_number(&w->out, *(const int64_t *)value);
		break;
	case JSON_FLAG:
		json_out_text(&w->out, *(const bool *)value ? "true" : "false");
		break;
	case JSON_CHOICE:
		json_out_string(&w->out, field->names[*(const int *)value]);
		break;
	case JSON_FORM:
		put_form(w, field, value);
		break;
	case JSON_OBJECT:
	case JSON_LIST:
		put_parts(w, field, value, depth);
		break;
	}
}

enum fault
json_write(const struct json_shape *shape, const void *value, bool indented,
    char **ret_text)
{
	struct writer w = {
	    .out = json_out_begin(indented ? 4096 : 512), .indented = indented};

	put_object(&w, shape, value, indented ? 0 : ONE_LINE);
	if (indented)
		json_out_text(&w.out, "\n");
	if (w.out.text == NULL)
		return FAULT_MEMORY;
	*ret_text = w.out.text;
	return FAULT_NONE;
}
