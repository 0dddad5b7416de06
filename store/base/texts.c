#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/texts.h"

#define BLOCK 65536 /* bytes; a longer text has a block of its own */

struct texts_block {
	struct texts_block *before;
	size_t size;
	char bytes[];
};

static bool
add_block(struct texts *texts, size_t size)
{
	struct texts_block *block = malloc(sizeof(*block) + size);

	if (block == NULL)
		return false;
	block->before = texts->last;
	block->size = size;
	texts->last = block;
	texts->left = size;
	return true;
}

const char *
texts_keep(struct texts *texts, const char *text)
{
	size_t size = strlen(text) + 1;
	char *to;

	if (size > texts->left &&
	    !add_block(texts, size > BLOCK ? size : BLOCK))
		return NULL;
	to = texts->last->bytes + texts->last->size - texts->left;
	texts->left -= size;
	return memcpy(to, text, size);
}

void
texts_done(struct texts *texts)
{
	struct texts_block *block = texts->last, *before;

	for (; block != NULL; block = before) {
		before = block->before;
		free(block);
	}
	*texts = (struct texts){NULL, 0};
}
