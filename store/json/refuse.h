/*
 * Says what is wrong with a text, and where.  Private to json.c.
 *
 * Each function fills in r->error and returns FAULT_FORMAT.  If the text is no
 * JSON at all, the error says that, whatever else is wrong.
 */
#ifndef TFA_JSON_REFUSE_H
#define TFA_JSON_REFUSE_H

#include "store/json/lex.h"

/* The deepest path: as deep as a text may be, and a place in it. */
#define JSON_PARTS (JSON_DEPTH_MAX + 3)

/* A part of a path: a key, or the number of an item. */
struct json_part {
	const char *key; /* or NULL */
	size_t index;
};

struct json_reader {
	struct json_lex lex;
	struct json_part path[JSON_PARTS]; /* to what is read now */
	size_t depth;
	uint64_t seen; /* fields of the outermost object */
	struct json_error *error;
};

/* Adds a part to the path; r->depth-- takes it away. */
static inline void
json_reader_enter(struct json_reader *r, const char *key, size_t index)
{
	r->path[r->depth++] = (struct json_part){.key = key, .index = index};
}

/* The mistake begins at at. */
enum fault json_refuse(struct json_reader *r, const char *at,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The mistake is where the scanner stopped. */
enum fault json_refuse_grammar(struct json_reader *r);

/* No word of a JSON_CHOICE stands at at: lists them. */
enum fault json_refuse_choice(
    struct json_reader *r, const char *at, const struct json_field *field);

enum fault json_refuse_key(
    struct json_reader *r, const char *at, const struct json_string *key);

/* A shape's check found wrong in that place of the object at at. */
enum fault json_refuse_place(struct json_reader *r, const char *at,
    const struct json_place *place, const char *wrong);

#endif
