#include <string.h>

#include "cleanup.h"
#include "json_out.h"
#include "json_tree.h"

static cJSON *build_value(const struct json_field *field, const void *value);

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

static cJSON *
build_form(const struct json_field *field, const void *value)
{
	char text[JSON_FORM_TEXT] = "";
	cJSON *node;

	field->form->format(value, text);
	node = cJSON_CreateString(text);
	explicit_bzero(text, sizeof(text));
	return node;
}

static cJSON *
build_list(const struct json_field *field, const void *value)
{
	cJSON *array = cJSON_CreateArray();
	struct json_list list;

	memcpy(&list, value, sizeof(list));
	for (size_t i = 0; array != NULL && i < list.count; i++) {
		cJSON *node = build_value(field->item,
		    (const char *)list.items + i * field->item->size);

		if (node == NULL || !cJSON_AddItemToArray(array, node)) {
			cJSON_Delete(node);
			json_tree_free(&array);
		}
	}
	return array;
}

static cJSON *
build_value(const struct json_field *field, const void *value)
{
	switch (field->kind) {
	case JSON_TEXT:
		return cJSON_CreateString(value);
	case JSON_STRING: {
		const char *s = *(char *const *)value;
		return cJSON_CreateString(s != NULL ? s : "");
	}
	case JSON_NUMBER:
		return cJSON_CreateNumber((double)*(const int64_t *)value);
	case JSON_FLAG:
		return cJSON_CreateBool(*(const bool *)value);
	case JSON_CHOICE:
		return cJSON_CreateString(field->names[*(const int *)value]);
	case JSON_FORM:
		return build_form(field, value);
	case JSON_OBJECT:
		return json_tree_build(field->shape, value);
	case JSON_LIST:
		return build_list(field, value);
	}
	return NULL;
}

cJSON *
json_tree_build(const struct json_shape *shape, const void *value)
{
	cJSON *object;

	json_tree_init();
	object = cJSON_CreateObject();
	for (size_t i = 0; object != NULL && i < shape->count; i++) {
		const struct json_field *field = &shape->fields[i];
		const void *at = (const char *)value + field->offset;
		cJSON *node;

		if (field->need == JSON_MAYBE && json_is_none(field, at))
			continue;
		node = field->need == JSON_NULL && json_is_none(field, at)
		    ? cJSON_CreateNull()
		    : build_value(field, at);
		if (node == NULL ||
		    !cJSON_AddItemToObjectCS(object, field->key, node)) {
			cJSON_Delete(node);
			json_tree_free(&object);
		}
	}
	return object;
}

/* Most is on one line: a packet, an entry of the log. */
static char *
write_line(const struct json_shape *shape, const void *value)
{
	struct json_out out = json_out_begin(512);

	json_out_line(&out, shape, value);
	return out.text;
}

static char *
write_indented(const struct json_shape *shape, const void *value)
{
	scoped_json cJSON *tree = json_tree_build(shape, value);

	return tree != NULL ? json_tree_print(tree) : NULL;
}

enum fault
json_write(const struct json_shape *shape, const void *value, bool indented,
    char **ret_text)
{
	char *text = indented ? write_indented(shape, value)
			      : write_line(shape, value);

	if (text == NULL)
		return FAULT_MEMORY;
	*ret_text = text;
	return FAULT_NONE;
}

void
json_text_free(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

/*
 * The room doubles whenever the count is a power of two, so it need not be
 * kept.
 */
static bool
list_grow(struct json_list *l, size_t size)
{
	size_t room = l->count > 0 ? 2 * l->count : 1;
	char *items;

	if ((l->count & (l->count - 1)) != 0)
		return true;
	items = calloc(room, size);
	if (items == NULL)
		return false;
	if (l->count > 0) {
		memcpy(items, l->items, l->count * size);
		explicit_bzero(l->items, l->count * size);
	}
	free(l->items);
	l->items = items;
	return true;
}

void *
json_list_add(void *list, size_t size)
{
	struct json_list l;
	char *item;

	memcpy(&l, list, sizeof(l));
	if (!list_grow(&l, size))
		return NULL;
	item = (char *)l.items + l.count++ * size;
	memset(item, 0, size);
	memcpy(list, &l, sizeof(l));
	return item;
}

void
json_list_drop(void *list, size_t size, size_t i)
{
	struct json_list l;
	char *at;

	memcpy(&l, list, sizeof(l));
	if (i >= l.count)
		return;
	at = (char *)l.items + i * size;
	memmove(at, at + size, (l.count - i - 1) * size);
	l.count--;
	explicit_bzero((char *)l.items + l.count * size, size);
	memcpy(list, &l, sizeof(l));
}

static void
done_list(const struct json_field *field, void *value)
{
	struct json_list l;

	memcpy(&l, value, sizeof(l));
	for (size_t i = 0; i < l.count; i++)
		json_done_field(
		    field->item, (char *)l.items + i * field->item->size);
	if (l.items != NULL)
		explicit_bzero(l.items, l.count * field->item->size);
	free(l.items);
}

void
json_done_field(const struct json_field *field, void *value)
{
	switch (field->kind) {
	case JSON_STRING: {
		char *s = *(char **)value;

		if (s != NULL)
			explicit_bzero(s, strlen(s));
		free(s);
		break;
	}
	case JSON_OBJECT:
		json_done(field->shape, value);
		break;
	case JSON_LIST:
		done_list(field, value);
		break;
	case JSON_TEXT:
	case JSON_NUMBER:
	case JSON_FLAG:
	case JSON_CHOICE:
	case JSON_FORM:
		break;
	}
	explicit_bzero(value, field->size);
}

void
json_done(const struct json_shape *shape, void *value)
{
	for (size_t i = 0; i < shape->count; i++)
		json_done_field(
		    &shape->fields[i], (char *)value + shape->fields[i].offset);
}
