#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/json/refuse.h"

#define KEY_SHOWN 40 /* bytes of a key in a path */

/* "rules[1].mode" */
static void
format_path(const struct json_reader *r, char *ret, size_t size)
{
	size_t len = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < r->depth; i++) {
		const struct json_part *part = &r->path[i];

		if (part->key != NULL)
			snprintf(ret + len, size - len, "%s%.*s",
			    len > 0 ? "." : "", KEY_SHOWN, part->key);
		else
			snprintf(ret + len, size - len, "[%zu]", part->index);
		len = strlen(ret);
	}
}

enum fault
json_refuse(struct json_reader *r, const char *at, const char *format, ...)
{
	const struct json_lex *lex = &r->lex;
	struct json_error *e = r->error;
	va_list ap;

	if (json_lex_check(lex->text, (size_t)(lex->end - lex->text), e) !=
	    FAULT_NONE)
		return FAULT_FORMAT;
	*e = (struct json_error){.line = 0};
	json_lex_place(
	    lex->text, (size_t)(at - lex->text), &e->line, &e->column);
	format_path(r, e->path, sizeof(e->path));
	va_start(ap, format);
	vsnprintf(e->text, sizeof(e->text), format, ap);
	va_end(ap);
	return FAULT_FORMAT;
}

enum fault
json_refuse_grammar(struct json_reader *r)
{
	return json_refuse(r, r->lex.at, "%s", r->lex.wrong);
}

/* "a, b or c" */
static void
list_choices(const char *const *names, char *ret, size_t size)
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

enum fault
json_refuse_choice(
    struct json_reader *r, const char *at, const struct json_field *field)
{
	char choices[JSON_ERROR_TEXT - 16];

	list_choices(field->names, choices, sizeof(choices));
	return json_refuse(r, at, "must be %s", choices);
}

enum fault
json_refuse_key(
    struct json_reader *r, const char *at, const struct json_string *key)
{
	char shown[KEY_SHOWN + 1];

	json_string_copy(key, shown, sizeof(shown));
	json_reader_enter(r, shown, 0);
	return json_refuse(r, at, "unknown key");
}

/* Returns the value of that key, or that item if key is NULL, in the object or
 * list at at; or at if it has none. */
static const char *
find_part(struct json_reader *r, const char *at, const char *key, size_t index)
{
	struct json_lex lex = r->lex;

	lex.at = at;
	json_reader_enter(r, key, index);
	if (key != NULL)
		return json_lex_find_key(&lex, key) ? lex.at : at;
	return json_lex_find_item(&lex, index) ? lex.at : at;
}

/* A check does not see the text, so the place is looked up in it. */
enum fault
json_refuse_place(struct json_reader *r, const char *at,
    const struct json_place *place, const char *wrong)
{
	if (place->key != NULL)
		at = find_part(r, at, place->key, 0);
	if (place->index >= 0)
		at = find_part(r, at, NULL, (size_t)place->index);
	if (place->inner != NULL)
		at = find_part(r, at, place->inner, 0);
	return json_refuse(r, at, "%s", wrong);
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
