/*
 * Reads and writes strict JSON.  A table (struct json_shape) says which keys an
 * object has and where in a struct each value goes.  The same table reads and
 * writes, so the two cannot differ.  A text is read in one pass, straight into
 * its struct.
 *
 *	struct point { char name[9]; int64_t x; LIST_OF(int64_t) more; };
 *	static const struct json_field one = JSON_ITEM(JSON_NUMBER, int64_t,
 *	    .min = 0, .max = 9);
 *	static const struct json_field fields[] = {
 *		JSON_ROW_TEXT("name", JSON_REQUIRED, struct point, name),
 *		JSON_ROW_NUMBER("x", JSON_DEFAULT, struct point, x, 0, 100),
 *		JSON_ROW_LIST("more", JSON_MAYBE, struct point, more, 8, &one),
 *	};
 *	static const struct json_shape shape = JSON_SHAPE(fields, NULL);
 *	struct point point = {.x = 7};          1. zero, or defaults
 *
 *	fault = json_read(&shape, text, len,    2. a key that the text does not
 *	    TEXT_MAX, &point, &error);             have keeps its value
 *	...
 *	json_done(&shape, &point);              3. also after a failure: frees
 *	                                           and wipes lists and strings
 *
 * Refused, with line, column and key: text over the limit, trailing bytes,
 * unknown and duplicate keys (case counts), missing keys, null, numbers that
 * are not whole or out of range, bad UTF-8, NUL and \u0000, any other control
 * character inside a string, more than 16 levels.  A typo in a policy must
 * not lose a protection, so nothing is skipped, guessed or rounded.
 */
#ifndef TFA_JSON_H
#define TFA_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/base/fault.h"
#include "store/base/list.h"

#define JSON_DEPTH_MAX  16
#define JSON_PATH_TEXT  96
#define JSON_ERROR_TEXT 160
#define JSON_FORM_TEXT  192
#define JSON_COUNT_MAX  INT64_C(1000000000000) /* where nothing else limits it */

struct json_error {
	int line;                   /* from 1; 0: the error is at no place */
	int column;                 /* from 1, in bytes */
	char path[JSON_PATH_TEXT];  /* "rules[1].mode"; "" for the whole */
	char text[JSON_ERROR_TEXT]; /* what is wrong, and what would be right */
};

enum json_kind {
	JSON_TEXT,   /* char[size] in place */
	JSON_STRING, /* char *, on the heap, at most max bytes */
	JSON_NUMBER, /* int64_t, min to max */
	JSON_FLAG,   /* bool */
	JSON_CHOICE, /* int: the index of the word in names */
	JSON_FORM,   /* a string, shorter than JSON_FORM_TEXT, that form->parse
	                turns into size bytes */
	JSON_OBJECT, /* a struct in place, with a shape of its own */
	JSON_LIST,   /* struct list of at most max items, each an item */
};

enum json_need {
	JSON_REQUIRED, /* must be there */
	JSON_DEFAULT,  /* may be missing: the value in place stays; written */
	JSON_MAYBE,    /* may be missing: zero says so, and is not written.  An
	                  object starts with a bool that says if it is there */
	JSON_NULL,     /* must be there; zero is written and read as null */
};

/* A string with a meaning: a time, a duration, a prefix, a secret. */
struct json_form {
	const char *what; /* ends "must be ...": "a duration such as 15m" */
	bool (*parse)(const char *text, void *ret);
	void (*format)(const void *value, char ret[static JSON_FORM_TEXT]);
};

struct json_shape;

struct json_field {
	const char *key;
	enum json_kind kind;
	enum json_need need;
	size_t offset;
	size_t size; /* of the value, or of one item of a list */
	int64_t min, max;
	const char *const *names; /* NULL-terminated; "" is never read */
	const struct json_form *form;
	const struct json_shape *shape;
	const struct json_field *item;
};

/* Where a shape's check found a mistake: in a field, in an item of it, or in a
 * key of that item. */
struct json_place {
	const char *key;   /* NULL: the object itself */
	int index;         /* of a list's item; -1: the field itself */
	const char *inner; /* NULL: the item itself */
};

struct json_shape {
	const struct json_field *fields;
	size_t count; /* at most 64 */
	/* Checks what no single field can: returns what is wrong, and where, or
	 * NULL.  The check itself may be NULL. */
	const char *(*check)(const void *value, struct json_place *ret_place);
	/* For an object whose keys depend on what it is: returns NULL if it has
	 * that key, or what is wrong with a key that it must not have, which is
	 * then not written either.  NULL: it has all. */
	const char *(*lacks)(const void *value, const struct json_field *field);
};

/* The rows, the check and, if any, what it lacks. */
#define JSON_SHAPE(f, ...)                                          \
	{                                                           \
		.fields = (f), .count = sizeof(f) / sizeof((f)[0]), \
		.check = __VA_ARGS__                                \
	}

/*
 * A row of a shape's table: the key, whether the key must be there, and the
 * struct and the member that its value goes to.
 */
#define JSON_ROW(word, kind_, need_, type, member, ...)          \
	{                                                        \
		.key = (word), .kind = (kind_), .need = (need_), \
		.offset = offsetof(type, member),                \
		.size = sizeof(((type *)0)->member), __VA_ARGS__ \
	}
#define JSON_ROW_TEXT(word, need, type, member) \
	JSON_ROW(word, JSON_TEXT, need, type, member, )
#define JSON_ROW_STRING(word, need, type, member, most) \
	JSON_ROW(word, JSON_STRING, need, type, member, .max = (most))
#define JSON_ROW_NUMBER(word, need, type, member, least, most)          \
	JSON_ROW(word, JSON_NUMBER, need, type, member, .min = (least), \
	    .max = (most))
#define JSON_ROW_FLAG(word, need, type, member) \
	JSON_ROW(word, JSON_FLAG, need, type, member, )
#define JSON_ROW_CHOICE(word, need, type, member, words) \
	JSON_ROW(word, JSON_CHOICE, need, type, member, .names = (words))
#define JSON_ROW_FORM(word, need, type, member, form_) \
	JSON_ROW(word, JSON_FORM, need, type, member, .form = (form_))
#define JSON_ROW_TIME(word, need, type, member) \
	JSON_ROW_FORM(word, need, type, member, &json_form_time)
#define JSON_ROW_DURATION(word, need, type, member) \
	JSON_ROW_FORM(word, need, type, member, &json_form_duration)
#define JSON_ROW_OBJECT(word, need, type, member, shape_) \
	JSON_ROW(word, JSON_OBJECT, need, type, member, .shape = (shape_))
#define JSON_ROW_LIST(word, need, type, member, most, item_)         \
	JSON_ROW(word, JSON_LIST, need, type, member, .max = (most), \
	    .item = (item_))

/* The type of the items of a list. */
#define JSON_ITEM(kind_, type, ...)                                           \
	{                                                                     \
		.kind = (kind_), .need = JSON_REQUIRED, .size = sizeof(type), \
		__VA_ARGS__                                                   \
	}
#define JSON_ITEM_TEXT(type)        JSON_ITEM(JSON_TEXT, type, )
#define JSON_ITEM_FORM(type, form_) JSON_ITEM(JSON_FORM, type, .form = (form_))
#define JSON_ITEM_OBJECT(type, shape_) \
	JSON_ITEM(JSON_OBJECT, type, .shape = (shape_))

/*
 * Reads text of len bytes (at most max) into value.  FAULT_LIMIT: too long;
 * FAULT_FORMAT: refused, *ret_error says where and why; FAULT_MEMORY.
 * text[len] must be NUL.  The first mistake is reported, but a mistake in the
 * grammar before any other.
 */
MUST_USE enum fault json_read(const struct json_shape *shape, const char *text,
    size_t len, size_t max, void *value, struct json_error *ret_error);

/* json_read(), and *ret_carried: bit i is set if the text had the key of
 * fields[i], whatever its value; 0 after a failure. */
MUST_USE enum fault json_read_carried(const struct json_shape *shape,
    const char *text, size_t len, size_t max, void *value,
    uint64_t *ret_carried, struct json_error *ret_error);

/*
 * *ret_text: the value as JSON, on one line, or indented and ending in a
 * newline; the caller frees it.  FAULT_MEMORY is the only failure.
 */
MUST_USE enum fault json_write(const struct json_shape *shape,
    const void *value, bool indented, char **ret_text);

/* Wipes and frees text that may hold a secret; for scoped_json_text. */
void json_text_free(char **text);
#define scoped_json_text __attribute__((cleanup(json_text_free)))

/* Wipes and frees all that json_read() allocated in value. */
void json_done(const struct json_shape *shape, void *value);
void json_done_field(const struct json_field *field, void *value);

/* True if the value of a field that may be left out, or null, is none at all:
 * zero, "", an empty list. */
bool json_is_none(const struct json_field *field, const void *value);

/* shape->lacks(value, field), or NULL where the shape has none. */
const char *json_lacks(const struct json_shape *shape, const void *value,
    const struct json_field *field);

/* Forms that every module shares. */
extern const struct json_form json_form_time;     /* int64_t, when.h */
extern const struct json_form json_form_duration; /* int64_t seconds */
extern const struct json_form json_form_counter;  /* uint64_t as a string */

/* Writes "FILE:LINE:COLUMN: PATH: TEXT" to ret, as compilers do, without the
 * parts that the error does not have. */
void json_error_say(
    const struct json_error *error, const char *file, char *ret, size_t size);

#endif
