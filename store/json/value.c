#include <string.h>

#include "store/base/cleanup.h"
#include "store/json/json.h"

void
json_text_free(char **text)
{
	if (*text != NULL)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

static void release(const struct json_field *field, void *value);

static void
release_object(const struct json_shape *shape, void *value)
{
	for (size_t i = 0; i < shape->count; i++)
		release(
		    &shape->fields[i], (char *)value + shape->fields[i].offset);
}

/* Releases each item, then wipes all of them at once. */
static void
release_list(const struct json_field *field, void *value)
{
	size_t size = field->item->size;
	struct list l;

	memcpy(&l, value, sizeof(l));
	for (size_t i = 0; i < l.count; i++)
		release(field->item, (char *)l.items + i * size);
	if (l.count > 0)
		explicit_bzero(l.items, l.count * size);
	free(l.items);
}

/* Wipes and frees what the value has on the heap; what is in place is left to
 * the caller, who may have more to wipe around it. */
static void
release(const struct json_field *field, void *value)
{
	switch (field->kind) {
	case JSON_STRING:
		json_text_free(value);
		break;
	case JSON_OBJECT:
		release_object(field->shape, value);
		break;
	case JSON_LIST:
		release_list(field, value);
		break;
	case JSON_TEXT:
	case JSON_NUMBER:
	case JSON_FLAG:
	case JSON_CHOICE:
	case JSON_FORM:
		break;
	}
}

void
json_done_field(const struct json_field *field, void *value)
{
	release(field, value);
	explicit_bzero(value, field->size);
}

void
json_done(const struct json_shape *shape, void *value)
{
	for (size_t i = 0; i < shape->count; i++)
		json_done_field(
		    &shape->fields[i], (char *)value + shape->fields[i].offset);
}
