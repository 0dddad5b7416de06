#include <cjson/cJSON.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "json_arena.h"

#define BLOCK 4096 /* bytes; the tree of an answer fits into one */

struct block {
	struct block *next;
	size_t room;
	size_t used;
	max_align_t bytes[];
};

static struct block *blocks; /* the one in use is the first */

static struct block *
add_block(size_t least)
{
	size_t room = least > BLOCK ? least : BLOCK;
	struct block *block = malloc(sizeof(*block) + room);

	if (block == NULL)
		return NULL;
	*block = (struct block){.next = blocks, .room = room};
	blocks = block;
	return block;
}

/* No size is near SIZE_MAX: a text is limited, and so are its parts. */
static void *
allocate(size_t size)
{
	const size_t unit = sizeof(max_align_t);
	struct block *block = blocks;
	void *p;

	size = (size + unit - 1) / unit * unit;
	if (block == NULL || block->room - block->used < size)
		block = add_block(size);
	if (block == NULL)
		return NULL;
	p = (char *)block->bytes + block->used;
	block->used += size;
	return p;
}

static void
leave(void *p)
{
	(void)p;
}

void
json_arena_init(void)
{
	cJSON_Hooks hooks = {.malloc_fn = allocate, .free_fn = leave};

	cJSON_InitHooks(&hooks);
}

void
json_arena_clear(void)
{
	while (blocks != NULL) {
		struct block *block = blocks;

		blocks = block->next;
		explicit_bzero(block->bytes, block->used);
		free(block);
	}
}
