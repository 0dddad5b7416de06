#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/list.h"

/* The room doubles when the count is a power of two, so no field keeps it. */
static bool
list_grow(struct list *l, size_t size)
{
	size_t room = l->count > 0 ? 2 * l->count : 1;
	char *items;

	if ((l->count & (l->count - 1)) != 0)
		return true;
	items = calloc(room, size);
	if (items == NULL)
		return false;
	if (l->count > 0) {
		memcpy(items, l->items, l->count * size);
		explicit_bzero(l->items, l->count * size);
	}
	free(l->items);
	l->items = items;
	return true;
}

void *
list_add(void *list, size_t size)
{
	struct list l;
	char *item;

	memcpy(&l, list, sizeof(l));
	if (!list_grow(&l, size))
		return NULL;
	item = (char *)l.items + l.count++ * size;
	memset(item, 0, size);
	memcpy(list, &l, sizeof(l));
	return item;
}

void
list_drop(void *list, size_t size, size_t i)
{
	struct list l;
	char *at;

	memcpy(&l, list, sizeof(l));
	if (i >= l.count)
		return;
	at = (char *)l.items + i * size;
	memmove(at, at + size, (l.count - i - 1) * size);
	l.count--;
	explicit_bzero((char *)l.items + l.count * size, size);
	memcpy(list, &l, sizeof(l));
}

void *
list_add_newest(void *list, size_t size, size_t most)
{
	struct list l;

	memcpy(&l, list, sizeof(l));
	if (l.count >= most)
		list_drop(list, size, 0);
	return list_add(list, size);
}
