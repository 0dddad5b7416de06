/*
 * What is wrong with a text that is read, and where.  Private to json.c.
 *
 * Each function says so in r->error and returns FAULT_FORMAT.  A text that is
 * no JSON at all is refused as that, wherever the mistake stands.
 */
#ifndef TFA_JSON_REFUSE_H
#define TFA_JSON_REFUSE_H

#include "store/json/lex.h"

/* As deep as any text may be, and where a check points. */
#define JSON_PARTS (JSON_DEPTH_MAX + 3)

/* From a value to one in it: a key, or the number of an item. */
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

/* One part further down; leave by r->depth--. */
static inline void
json_reader_enter(struct json_reader *r, const char *key, size_t index)
{
	r->path[r->depth++] = (struct json_part){.key = key, .index = index};
}

/* The mistake begins at at. */
enum fault json_refuse(struct json_reader *r, const char *at,
    const char *format, ...) __attribute__((format(printf, 3, 4)));

/* The scanner has stopped at the mistake. */
enum fault json_refuse_grammar(struct json_reader *r);

/* Lists the words of a JSON_CHOICE. */
enum fault json_refuse_choice(
    struct json_reader *r, const char *at, const struct json_field *field);

enum fault json_refuse_key(
    struct json_reader *r, const char *at, const struct json_string *key);

/* A shape's check found that in place, which is part of the object at at. */
enum fault json_refuse_place(struct json_reader *r, const char *at,
    const struct json_place *place, const char *wrong);

#endif
