#include <cjson/cJSON.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "json.h"
#include "json_arena.h"
#include "json_lex.h"

/* How deep json_lex_check() lets anything be, and where a check points. */
#define STEPS (JSON_DEPTH_MAX + 2)

/* From a value to one in it: a key, or the number of an item. */
struct step {
	const char *key; /* or NULL */
	size_t index;
};

struct reader {
	const char *text;
	size_t len;
	const cJSON *root;
	struct step path[STEPS]; /* to what is being read */
	size_t depth;
	struct json_error *error;
};

static enum fault read_value(struct reader *r, const struct json_field *field,
    const cJSON *node, void *value);

/* The types and links of a tree are looked at here, not by functions of cJSON:
 * the loader would look up each of those at every login. */
static bool
is(const cJSON *node, int type)
{
	return (node->type & 0xff) == type;
}

static const cJSON *
child_named(const cJSON *node, const char *key)
{
	const cJSON *c = node->child;

	while (c != NULL && (c->string == NULL || strcmp(c->string, key) != 0))
		c = c->next;
	return c;
}

static const cJSON *
child_at(const cJSON *node, int64_t index)
{
	const cJSON *c = node->child;

	while (c != NULL && index-- > 0)
		c = c->next;
	return c;
}

/* Counts the values that begin before target; true once it is met. */
static bool
count_before(const cJSON *node, const cJSON *target, size_t *count)
{
	if (node == target)
		return true;
	++*count;
	for (const cJSON *c = node->child; c != NULL; c = c->next)
		if (count_before(c, target, count))
			return true;
	return false;
}

static void
path_push(struct reader *r, const char *key, size_t index)
{
	r->path[r->depth++] = (struct step){.key = key, .index = index};
}

/* "rules[1].mode" */
static void
path_say(const struct reader *r, char *ret, size_t size)
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < r->depth; i++) {
		const struct step *step = &r->path[i];

		if (step->key != NULL)
			snprintf(ret + len, size - len, "%s%.40s",
			    len > 0 ? "." : "", step->key);
		else
			snprintf(ret + len, size - len, "[%zu]", step->index);
		len = strlen(ret);
	}
}

/* The place of a value, or of its key. */
static void
locate(struct reader *r, const cJSON *node, bool key)
{
	struct json_error *e = r->error;
	size_t ordinal = 0;

	*e = (struct json_error){.line = 0};
	if (count_before(r->root, node, &ordinal))
		json_lex_locate(
		    r->text, r->len, ordinal, key, &e->line, &e->column);
	path_say(r, e->path, sizeof(e->path));
}

static enum fault
refuse_key(struct reader *r, const cJSON *node, const char *wrong)
{
	locate(r, node, true);
	snprintf(r->error->text, sizeof(r->error->text), "%s", wrong);
	return FAULT_FORMAT;
}

static enum fault __attribute__((format(printf, 3, 4)))
refuse(struct reader *r, const cJSON *node, const char *format, ...)
{
	struct json_error *e = r->error;
	va_list ap;

	locate(r, node, false);
	va_start(ap, format);
	vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	return FAULT_FORMAT;
}

static enum fault
read_text(struct reader *r, const struct json_field *field, const cJSON *node,
    char *value)
{
	size_t n;

	if (!is(node, cJSON_String))
		return refuse(r, node, "must be a string");
	n = strlen(node->valuestring);
	if (n == 0 && field->need != JSON_MAYBE)
		return refuse(r, node, "must not be empty");
	if (n >= field->size)
		return refuse(
		    r, node, "longer than %zu bytes", field->size - 1);
	memset(value, 0, field->size);
	memcpy(value, node->valuestring, n);
	return FAULT_NONE;
}

static enum fault
read_string(struct reader *r, const struct json_field *field, const cJSON *node,
    char **value)
{
	if (!is(node, cJSON_String))
		return refuse(r, node, "must be a string");
	if (strlen(node->valuestring) > (size_t)field->max)
		return refuse(
		    r, node, "longer than %lld bytes", (long long)field->max);
	json_text_free(value);
	*value = strdup(node->valuestring);
	return *value == NULL ? FAULT_MEMORY : FAULT_NONE;
}

static enum fault
read_number(struct reader *r, const struct json_field *field, const cJSON *node,
    int64_t *value)
{
	double d = node->valuedouble;

	if (!is(node, cJSON_Number))
		return refuse(r, node, "must be a number");
	if (field->min == field->max && d != (double)field->min)
		return refuse(r, node, "must be %lld", (long long)field->min);
	if (d < (double)field->min || d > (double)field->max)
		return refuse(r, node, "must be %lld to %lld",
		    (long long)field->min, (long long)field->max);
	*value = (int64_t)d;
	return FAULT_NONE;
}

/* "a, b or c" */
static void
say_choices(const char *const *names, char *ret, size_t size)
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; names[i] != NULL; i++) {
		if (names[i][0] == '\0')
			continue;
		snprintf(ret + len, size - len, "%s%s",
		    len == 0                   ? ""
			: names[i + 1] == NULL ? " or "
					       : ", ",
		    names[i]);
		len = strlen(ret);
	}
}

static enum fault
read_choice(struct reader *r, const struct json_field *field, const cJSON *node,
    int *value)
{
	char choices[JSON_ERROR_TEXT - 16];

	if (is(node, cJSON_String) && node->valuestring[0] != '\0')
		for (int i = 0; field->names[i] != NULL; i++)
			if (strcmp(field->names[i], node->valuestring) == 0) {
				*value = i;
				return FAULT_NONE;
			}
	say_choices(field->names, choices, sizeof(choices));
	return refuse(r, node, "must be %s", choices);
}

static enum fault
read_form(struct reader *r, const struct json_field *field, const cJSON *node,
    void *value)
{
	if (!is(node, cJSON_String) ||
	    !field->form->parse(node->valuestring, value))
		return refuse(r, node, "must be %s", field->form->what);
	return FAULT_NONE;
}

static enum fault
read_list(struct reader *r, const struct json_field *field, const cJSON *node,
    void *list)
{
	struct json_list empty = {NULL, 0};
	size_t index = 0;

	if (!is(node, cJSON_Array))
		return refuse(r, node, "must be a list");
	if (child_at(node, field->max) != NULL)
		return refuse(
		    r, node, "has more than %lld items", (long long)field->max);
	json_done_field(field, list);
	memcpy(list, &empty, sizeof(empty));
	for (const cJSON *c = node->child; c != NULL; c = c->next) {
		void *item = json_list_add(list, field->item->size);
		enum fault fault;

		path_push(r, NULL, index++);
		fault = item == NULL ? FAULT_MEMORY
				     : read_value(r, field->item, c, item);
		if (fault != FAULT_NONE)
			return fault;
		r->depth--;
	}
	return FAULT_NONE;
}

static const struct json_field *
field_named(const struct json_shape *shape, const char *key, size_t *ret_i)
{
	for (size_t i = 0; i < shape->count; i++)
		if (strcmp(shape->fields[i].key, key) == 0) {
			*ret_i = i;
			return &shape->fields[i];
		}
	return NULL;
}

/* The value under that key, or the object where there is none. */
static const cJSON *
step_into(struct reader *r, const cJSON *node, const char *key)
{
	const cJSON *at = child_named(node, key);

	path_push(r, key, 0);
	return at != NULL ? at : node;
}

static enum fault
check_whole(struct reader *r, const struct json_shape *shape, const cJSON *node,
    const void *value)
{
	struct json_place place = {.key = NULL, .index = -1};
	const char *wrong = NULL;
	const cJSON *at;

	if (shape->check != NULL)
		wrong = shape->check(value, &place);
	if (wrong == NULL)
		return FAULT_NONE;
	if (place.key != NULL)
		node = step_into(r, node, place.key);
	if (place.index >= 0) {
		path_push(r, NULL, (size_t)place.index);
		at = child_at(node, place.index);
		node = at != NULL ? at : node;
	}
	if (place.inner != NULL)
		node = step_into(r, node, place.inner);
	return refuse(r, node, "%s", wrong);
}

static bool
is_needed(const struct json_field *field)
{
	return field->need == JSON_REQUIRED || field->need == JSON_NULL;
}

static enum fault
read_object(struct reader *r, const struct json_shape *shape, const cJSON *node,
    void *value)
{
	uint64_t seen = 0;
	enum fault fault;
	size_t i;

	if (!is(node, cJSON_Object))
		return refuse(r, node, "must be an object");
	for (const cJSON *c = node->child; c != NULL; c = c->next) {
		const struct json_field *field = field_named(
		    shape, c->string, &i);

		path_push(r, c->string, 0);
		if (field == NULL)
			return refuse_key(r, c, "unknown key");
		if (seen & 1ULL << i)
			return refuse_key(r, c, "this key stands here twice");
		seen |= 1ULL << i;
		fault = read_value(r, field, c, (char *)value + field->offset);
		if (fault != FAULT_NONE)
			return fault;
		r->depth--;
	}
	for (i = 0; i < shape->count; i++)
		if (is_needed(&shape->fields[i]) && !(seen & 1ULL << i))
			return refuse(r, node, "the key \"%s\" is missing",
			    shape->fields[i].key);
	return check_whole(r, shape, node, value);
}

static enum fault
read_value(struct reader *r, const struct json_field *field, const cJSON *node,
    void *value)
{
	if (field->need == JSON_NULL && is(node, cJSON_NULL))
		return FAULT_NONE;
	switch (field->kind) {
	case JSON_TEXT:
		return read_text(r, field, node, value);
	case JSON_STRING:
		return read_string(r, field, node, value);
	case JSON_NUMBER:
		return read_number(r, field, node, value);
	case JSON_FLAG:
		if (!is(node, cJSON_True) && !is(node, cJSON_False))
			return refuse(r, node, "must be true or false");
		*(bool *)value = is(node, cJSON_True);
		return FAULT_NONE;
	case JSON_CHOICE:
		return read_choice(r, field, node, value);
	case JSON_FORM:
		return read_form(r, field, node, value);
	case JSON_OBJECT:
		if (field->need == JSON_MAYBE)
			*(bool *)value = true;
		return read_object(r, field->shape, node, value);
	case JSON_LIST:
		return read_list(r, field, node, value);
	}
	return refuse(r, node, "unknown kind");
}

/* cJSON says where it stopped, not why. */
static enum fault
refuse_grammar(
    const char *text, size_t len, const char *at, struct json_error *ret_error)
{
	*ret_error = (struct json_error){.line = 0};
	json_lex_place(text,
	    at >= text && at <= text + len ? (size_t)(at - text) : len,
	    &ret_error->line, &ret_error->column);
	snprintf(ret_error->text, sizeof(ret_error->text), "%s",
	    len == 0 ? "empty" : "not JSON");
	return FAULT_FORMAT;
}

static enum fault
read_tree(const struct json_shape *shape, const char *text, size_t len,
    void *value, struct json_error *ret_error)
{
	const char *end = text;
	const cJSON *root = cJSON_ParseWithLengthOpts(text, len + 1, &end, 1);
	struct reader r = {
	    .text = text, .len = len, .root = root, .error = ret_error};

	if (root == NULL)
		return refuse_grammar(text, len, end, ret_error);
	return read_object(&r, shape, root, value);
}

enum fault
json_read(const struct json_shape *shape, const char *text, size_t len,
    size_t max, void *value, struct json_error *ret_error)
{
	enum fault fault;

	if (len > max) {
		*ret_error = (struct json_error){.line = 0};
		snprintf(ret_error->text, sizeof(ret_error->text),
		    "larger than %zu bytes", max);
		return FAULT_LIMIT;
	}
	fault = json_lex_check(text, len, ret_error);
	if (fault != FAULT_NONE)
		return fault;
	json_arena_init();
	fault = read_tree(shape, text, len, value, ret_error);
	json_arena_clear();
	return fault;
}

void
json_error_say(
    const struct json_error *error, const char *file, char *ret, size_t size)
{
	char place[32] = "";

	if (error->line > 0)
		snprintf(
		    place, sizeof(place), ":%d:%d", error->line, error->column);
	snprintf(ret, size, "%s%s: %s%s%s", file, place, error->path,
	    error->path[0] != '\0' ? ": " : "", error->text);
}
