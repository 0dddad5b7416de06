#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store/json/leaf.h"

struct leaves {
	struct leaf leaf;
	size_t depth;
	bool (*each)(void *ctx, const struct leaf *leaf);
	void *ctx;
};

static bool
leaves_of(struct leaves *l, const struct json_field *field, const void *value);

static bool
give_leaf(struct leaves *l, const char *text)
{
	l->leaf.text = text;
	return l->each(l->ctx, &l->leaf);
}

static bool
give_number(struct leaves *l, int64_t number)
{
	char text[24];

	snprintf(text, sizeof(text), "%" PRId64, number);
	return give_leaf(l, text);
}

static bool
give_form(struct leaves *l, const struct json_field *field, const void *value)
{
	char text[JSON_FORM_TEXT] = "";
	bool ok;

	field->form->format(value, text);
	ok = give_leaf(l, text);
	explicit_bzero(text, sizeof(text));
	return ok;
}

/* Adds a part to the key.  *ret_len: to what length it is to be cut again. */
static void
enter(struct leaves *l, const char *part, size_t *ret_len)
{
	char *key = l->leaf.key;

	*ret_len = strlen(key);
	snprintf(key + *ret_len, LEAF_KEY - *ret_len, "%s%s",
	    *ret_len > 0 ? "." : "", part);
}

static bool
leaves_of_object(
    struct leaves *l, const struct json_shape *shape, const void *value)
{
	if (l->depth == JSON_DEPTH_MAX)
		return false;
	l->depth++;
	for (size_t i = 0; i < shape->count; i++) {
		const struct json_field *field = &shape->fields[i];
		const void *at = (const char *)value + field->offset;
		size_t len;
		bool ok;

		if ((field->need == JSON_MAYBE || field->need == JSON_NULL) &&
		    json_is_none(field, at))
			continue;
		if (json_lacks(shape, value, field) != NULL)
			continue;
		enter(l, field->key, &len);
		ok = leaves_of(l, field, at);
		l->leaf.key[len] = '\0';
		if (!ok)
			return false;
	}
	l->depth--;
	return true;
}

/* The "name" of an item, or its number. */
static void
name_item(const struct json_shape *shape, const void *item, size_t number,
    char ret[static LEAF_KEY])
{
	const struct json_field *first = &shape->fields[0];

	if (first->kind == JSON_TEXT && strcmp(first->key, "name") == 0)
		snprintf(
		    ret, LEAF_KEY, "%s", (const char *)item + first->offset);
	else
		snprintf(ret, LEAF_KEY, "%zu", number);
}

static bool
leaves_of_list(
    struct leaves *l, const struct json_field *field, const void *value)
{
	const struct json_field *of = field->item;
	char name[LEAF_KEY];
	struct list list;
	bool ok = true;

	memcpy(&list, value, sizeof(list));
	for (size_t i = 0; i < list.count && ok; i++) {
		const char *item = (const char *)list.items + i * of->size;
		size_t len = strlen(l->leaf.key);

		if (of->kind == JSON_OBJECT) {
			name_item(of->shape, item, i, name);
			enter(l, name, &len);
		}
		ok = leaves_of(l, of, item);
		l->leaf.key[len] = '\0';
	}
	return ok;
}

static bool
leaves_of(struct leaves *l, const struct json_field *field, const void *value)
{
	const char *string;

	switch (field->kind) {
	case JSON_TEXT:
		return give_leaf(l, value);
	case JSON_STRING:
		string = *(char *const *)value;
		return give_leaf(l, string != NULL ? string : "");
	case JSON_NUMBER:
		return give_number(l, *(const int64_t *)value);
	case JSON_FLAG:
		return give_leaf(l, *(const bool *)value ? "true" : "false");
	case JSON_CHOICE:
		return give_leaf(l, field->names[*(const int *)value]);
	case JSON_FORM:
		return give_form(l, field, value);
	case JSON_OBJECT:
		return leaves_of_object(l, field->shape, value);
	case JSON_LIST:
		return leaves_of_list(l, field, value);
	}
	return false;
}

bool
json_leaves(const struct json_shape *shape, const void *value,
    bool (*each)(void *ctx, const struct leaf *leaf), void *ctx)
{
	struct leaves l = {.each = each, .ctx = ctx};

	return leaves_of_object(&l, shape, value);
}
