/*
 * The cJSON tree behind json.h: what is read, and what is printed for people.
 * Includes cJSON; nobody else does.
 */
#ifndef TFA_JSON_TREE_H
#define TFA_JSON_TREE_H

#include <cjson/cJSON.h>

#include "json.h"

#define scoped_json __attribute__((cleanup(json_tree_free)))

/* Makes cJSON wipe what it frees.  Idempotent; before any other use. */
void json_tree_init(void);

/* Wipes and frees *tree; for scoped_json. */
void json_tree_free(cJSON **tree);

/* The tree as indented text that ends in a newline, or NULL without memory;
 * the caller wipes and frees it (json_text_free). */
char *json_tree_print(const cJSON *tree);

/* Wipes and frees what json_read() put into one field. */
void json_done_field(const struct json_field *field, void *value);

#endif
