/*
 * Lists that grow: an array of items and their number.
 *
 *	struct { LIST_OF(struct name) names; } group = {.names = {NULL, 0}};
 *	struct name *name = list_add(&group.names, sizeof(*name));
 *
 *	if (name == NULL)
 *		there is no memory
 *	list_each(const struct name, member, group.names)
 *		member->text
 *	free(group.names.items);
 *
 * Items may hold secrets: what is left behind by growing and dropping is wiped.
 */
#ifndef TFA_LIST_H
#define TFA_LIST_H

#include <stddef.h>

/* How every list lies in its struct. */
struct list {
	void *items;
	size_t count;
};

/* clang-format off */
#define LIST_OF(type)         \
	struct {              \
		type *items;  \
		size_t count; \
	}
/* clang-format on */

/* Goes through the items of a list that does not grow meanwhile; item points to
 * each. */
#define list_each(type, item, list)     \
	for (type *item = (list).items; \
	     item != NULL && item < (list).items + (list).count; item++)

/*
 * Room for one more item of size bytes at the end of a list; zeroed.  It moves
 * the other items.  NULL without memory, with the list as it was.
 */
void *list_add(void *list, size_t size);

/* Takes item number i out of the list, wiped; the others close up.
 * proved: tests/proofs/parts.c 9a 9b, lists of 4. */
void list_drop(void *list, size_t size, size_t i);

/* list_add(), but a list of most items loses its first, the oldest. */
void *list_add_newest(void *list, size_t size, size_t most);

#endif
