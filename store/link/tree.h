/*
 * JSON as a tree, by cJSON: for foreign JSON, where unknown keys are normal, and
 * for packets with keys that no table has.  tree_read() refuses what cJSON lets
 * through: bytes behind the end, NUL, more than TREE_DEPTH levels, and more than
 * TREE_COMMAS values beside others, which would take far more memory than text.
 */
#ifndef TFA_LINK_TREE_H
#define TFA_LINK_TREE_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stddef.h>

#define TREE_DEPTH  16
#define TREE_COMMAS 65536

/* The tree of len bytes, text[len] being NUL, or NULL; free it with
 * cJSON_Delete(), or have it in a scoped_tree. */
cJSON *tree_read(const char *text, size_t len);

/* *ret: the member of that very name, or NULL.  False if there are several. */
bool tree_find(const cJSON *object, const char *name, const cJSON **ret);

/* The member of that very name; NULL if there is none, or more than one. */
const cJSON *tree_member(const cJSON *object, const char *name);

void tree_free(cJSON **tree);
#define scoped_tree __attribute__((cleanup(tree_free)))

#endif
