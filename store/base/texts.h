/*
 * Many short texts that are freed together: names of 100,000 users.  A text
 * takes its own bytes and no more, and stays where it is.
 *
 *	struct texts texts = {NULL, 0};
 *	const char *name = texts_keep(&texts, "alice");
 *
 *	texts_done(&texts);
 */
#ifndef TFA_TEXTS_H
#define TFA_TEXTS_H

#include <stddef.h>

struct texts_block;

struct texts {
	struct texts_block *last;
	size_t left; /* bytes at the end of the last block */
};

/* Returns a copy of the text, valid until texts_done(), or NULL without
 * memory. */
const char *texts_keep(struct texts *texts, const char *text);

void texts_done(struct texts *texts);

#endif
