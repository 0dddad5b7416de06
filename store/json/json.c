#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/json/json.h"
#include "store/json/refuse.h"

/* An object while its keys are read. */
struct members {
	const struct json_shape *shape;
	void *value;
	uint64_t seen;
	size_t next; /* the field that most likely follows */
};

static enum fault
read_value(struct json_reader *r, const struct json_field *field, void *value);

/* Returns where the next value begins. */
static const char *
value_start(struct json_reader *r)
{
	json_lex_peek(&r->lex);
	return r->lex.at;
}

static enum fault
take_string(struct json_reader *r, const char *at, struct json_string *ret)
{
	if (json_lex_peek(&r->lex) != '"')
		return json_refuse(r, at, "must be a string");
	return json_lex_string(&r->lex, ret) ? FAULT_NONE
					     : json_refuse_grammar(r);
}

static enum fault
read_text(struct json_reader *r, const struct json_field *field, char *value)
{
	const char *at = value_start(r);
	struct json_string s;
	enum fault fault = take_string(r, at, &s);

	if (fault != FAULT_NONE)
		return fault;
	if (s.len == 0 && field->need != JSON_MAYBE)
		return json_refuse(r, at, "must not be empty");
	if (s.len >= field->size)
		return json_refuse(
		    r, at, "longer than %zu bytes", field->size - 1);
	json_string_copy(&s, value, field->size);
	memset(value + s.len, 0, field->size - s.len);
	return FAULT_NONE;
}

static enum fault
read_string(struct json_reader *r, const struct json_field *field, char **value)
{
	const char *at = value_start(r);
	struct json_string s;
	enum fault fault = take_string(r, at, &s);
	char *copy;

	if (fault != FAULT_NONE)
		return fault;
	if (s.len > (size_t)field->max)
		return json_refuse(
		    r, at, "longer than %lld bytes", (long long)field->max);
	copy = malloc(s.len + 1);
	if (copy == NULL)
		return FAULT_MEMORY;
	json_string_copy(&s, copy, s.len + 1);
	json_text_free(value);
	*value = copy;
	return FAULT_NONE;
}

static enum fault
read_number(
    struct json_reader *r, const struct json_field *field, int64_t *value)
{
	const char *at = value_start(r);
	char c = json_lex_peek(&r->lex);
	struct json_number n;

	if (c != '-' && (c < '0' || c > '9'))
		return json_refuse(r, at, "must be a number");
	if (!json_lex_number(&r->lex, &n))
		return json_refuse_grammar(r);
	if (n.fits && n.value >= field->min && n.value <= field->max) {
		*value = n.value;
		return FAULT_NONE;
	}
	if (field->min == field->max)
		return json_refuse(
		    r, at, "must be %lld", (long long)field->min);
	return json_refuse(r, at, "must be %lld to %lld", (long long)field->min,
	    (long long)field->max);
}

static enum fault
read_flag(struct json_reader *r, bool *value)
{
	const char *at = value_start(r);

	if (json_lex_word(&r->lex, "true"))
		*value = true;
	else if (json_lex_word(&r->lex, "false"))
		*value = false;
	else
		return json_refuse(r, at, "must be true or false");
	return FAULT_NONE;
}

static enum fault
read_choice(struct json_reader *r, const struct json_field *field, int *value)
{
	const char *at = value_start(r);
	struct json_string s = {.len = 0};

	if (json_lex_peek(&r->lex) == '"' && !json_lex_string(&r->lex, &s))
		return json_refuse_grammar(r);
	for (int i = 0; s.len > 0 && field->names[i] != NULL; i++)
		if (json_string_is(&s, field->names[i])) {
			*value = i;
			return FAULT_NONE;
		}
	return json_refuse_choice(r, at, field);
}

/* Rejects strings longer than any value that the form can write. */
static enum fault
read_form(struct json_reader *r, const struct json_field *field, void *value)
{
	const char *at = value_start(r);
	struct json_string s = {.len = JSON_FORM_TEXT};
	char text[JSON_FORM_TEXT];
	bool ok = false;

	if (json_lex_peek(&r->lex) == '"' && !json_lex_string(&r->lex, &s))
		return json_refuse_grammar(r);
	if (s.len < sizeof(text)) {
		json_string_copy(&s, text, sizeof(text));
		ok = field->form->parse(text, value);
		explicit_bzero(text, s.len);
	}
	return ok ? FAULT_NONE
		  : json_refuse(r, at, "must be %s", field->form->what);
}

static enum fault
read_list(struct json_reader *r, const struct json_field *field, void *list)
{
	const char *at = value_start(r);
	enum fault fault;
	void *item;

	if (json_lex_peek(&r->lex) != '[')
		return json_refuse(r, at, "must be a list");
	json_done_field(field, list);
	if (!json_lex_open(&r->lex, '['))
		return json_refuse_grammar(r);
	for (size_t n = 0; json_lex_more(&r->lex, n, ']'); n++) {
		if (n == (size_t)field->max)
			return json_refuse(r, at, "has more than %lld items",
			    (long long)field->max);
		item = list_add(list, field->item->size);
		json_reader_enter(r, NULL, n);
		fault = item == NULL ? FAULT_MEMORY
				     : read_value(r, field->item, item);
		if (fault != FAULT_NONE)
			return fault;
		r->depth--;
	}
	return r->lex.wrong == NULL ? FAULT_NONE : json_refuse_grammar(r);
}

/* False for most other names, at once. */
static bool
may_be(const struct json_string *key, const char *name)
{
	return key->raw[0] == name[0] || key->raw[0] == '\\';
}

/* Keys that we wrote come in the order of the fields, so the next field is
 * tried first. */
static const struct json_field *
field_named(struct members *m, const struct json_string *key, uint64_t *ret_bit)
{
	const struct json_shape *shape = m->shape;

	for (size_t tried = 0; tried < shape->count; tried++) {
		size_t i = m->next < shape->count ? m->next : 0;

		m->next = i + 1;
		if (may_be(key, shape->fields[i].key) &&
		    json_string_is(key, shape->fields[i].key)) {
			*ret_bit = UINT64_C(1) << i;
			return &shape->fields[i];
		}
	}
	return NULL;
}

static enum fault
read_member(struct json_reader *r, struct members *m)
{
	const char *at = value_start(r);
	const struct json_field *field;
	struct json_string key;
	enum fault fault;
	uint64_t bit;

	if (!json_lex_key(&r->lex, &key))
		return json_refuse_grammar(r);
	field = field_named(m, &key, &bit);
	if (field == NULL)
		return json_refuse_key(r, at, &key);
	json_reader_enter(r, field->key, 0);
	if (m->seen & bit)
		return json_refuse(r, at, "this key stands here twice");
	m->seen |= bit;
	fault = read_value(r, field, (char *)m->value + field->offset);
	if (fault == FAULT_NONE)
		r->depth--;
	return fault;
}

static enum fault
check_whole(struct json_reader *r, const struct json_shape *shape,
    const char *at, const void *value)
{
	struct json_place place = {.key = NULL, .index = -1};
	const char *wrong = NULL;

	if (shape->check != NULL)
		wrong = shape->check(value, &place);
	return wrong == NULL ? FAULT_NONE
			     : json_refuse_place(r, at, &place, wrong);
}

static bool
is_needed(const struct json_field *field)
{
	return field->need == JSON_REQUIRED || field->need == JSON_NULL;
}

/* Keys that must be there are, and others are not.  at: where the object is. */
static enum fault
check_keys(struct json_reader *r, const struct members *m, const char *at)
{
	for (size_t i = 0; i < m->shape->count; i++) {
		const struct json_field *field = &m->shape->fields[i];
		struct json_place place = {field->key, -1, NULL};
		const char *lacks = json_lacks(m->shape, m->value, field);
		bool seen = m->seen >> i & 1;

		if (lacks != NULL && seen)
			return json_refuse_place(r, at, &place, lacks);
		if (lacks == NULL && !seen && is_needed(field))
			return json_refuse(
			    r, at, "the key \"%s\" is missing", field->key);
	}
	return FAULT_NONE;
}

static enum fault
read_object(struct json_reader *r, const struct json_shape *shape, void *value)
{
	struct members m = {.shape = shape, .value = value};
	const char *at = value_start(r);
	enum fault fault;

	if (json_lex_peek(&r->lex) != '{')
		return json_refuse(r, at, "must be an object");
	if (!json_lex_open(&r->lex, '{'))
		return json_refuse_grammar(r);
	for (size_t n = 0; json_lex_more(&r->lex, n, '}'); n++)
		if ((fault = read_member(r, &m)) != FAULT_NONE)
			return fault;
	if (r->lex.wrong != NULL)
		return json_refuse_grammar(r);
	if ((fault = check_keys(r, &m, at)) != FAULT_NONE)
		return fault;
	if (r->depth == 0)
		r->seen = m.seen;
	return check_whole(r, shape, at, value);
}

static enum fault
read_value(struct json_reader *r, const struct json_field *field, void *value)
{
	if (field->need == JSON_NULL && json_lex_word(&r->lex, "null"))
		return FAULT_NONE;
	switch (field->kind) {
	case JSON_TEXT:
		return read_text(r, field, value);
	case JSON_STRING:
		return read_string(r, field, value);
	case JSON_NUMBER:
		return read_number(r, field, value);
	case JSON_FLAG:
		return read_flag(r, value);
	case JSON_CHOICE:
		return read_choice(r, field, value);
	case JSON_FORM:
		return read_form(r, field, value);
	case JSON_OBJECT:
		if (field->need == JSON_MAYBE)
			*(bool *)value = true;
		return read_object(r, field->shape, value);
	case JSON_LIST:
		return read_list(r, field, value);
	}
	return json_refuse(r, value_start(r), "unknown kind");
}

enum fault
json_read_carried(const struct json_shape *shape, const char *text, size_t len,
    size_t max, void *value, uint64_t *ret_carried,
    struct json_error *ret_error)
{
	struct json_reader r = {
	    .lex = json_lex_begin(text, len), .error = ret_error};
	enum fault fault;

	*ret_error = (struct json_error){.line = 0};
	*ret_carried = 0;
	if (len > max) {
		snprintf(ret_error->text, sizeof(ret_error->text),
		    "larger than %zu bytes", max);
		return FAULT_LIMIT;
	}
	fault = read_object(&r, shape, value);
	if (fault == FAULT_NONE && !json_lex_end(&r.lex))
		return json_refuse_grammar(&r);
	if (fault == FAULT_NONE)
		*ret_carried = r.seen;
	return fault;
}

enum fault
json_read(const struct json_shape *shape, const char *text, size_t len,
    size_t max, void *value, struct json_error *ret_error)
{
	uint64_t carried;

	return json_read_carried(
	    shape, text, len, max, value, &carried, ret_error);
}
