/*
 * A tfa-link that keeps texts in memory, and lies as it is told: a process of its
 * own, which several bastions may ask at once.
 *
 *	struct liar liar;
 *
 *	liar_begin(&liar);
 *	... ask liar.path ...
 *	liar.shared->lie = LIE_AWAY;
 *	...
 *	liar_end(&liar);
 */
#ifndef TFA_LIAR_H
#define TFA_LIAR_H

#include "tests/unit/fixture.h"

#define LIAR_REVISION 1000 /* and one more with each put */

enum lie {
	LIE_NOT = 0,
	/* Words that end a request. */
	LIE_AWAY,
	LIE_UNSURE,
	LIE_FULL,
	LIE_REFUSED,
	LIE_COMPACTED,
	/* Nothing was done. */
	LIE_SILENT,
	LIE_CLOSES,
	LIE_NOISE, /* no JSON */
	LIE_LARGE, /* more than a packet */
	LIE_EMPTY, /* an object without a key */
	/* The answer of a link that did it, but for one thing. */
	LIE_CUT,
	LIE_KEY_MORE,
	LIE_KEY_TWICE,
	LIE_NO_MARK,
	LIE_NO_REVISION,
	LIE_MARK_ZERO,  /* with a value */
	LIE_MARK_LONG,  /* 20 digits */
	LIE_STALE_READ, /* "stale", to a get */
	LIE_MORE_WITH,  /* a mark that was not asked for */
	LIE_BYTE,       /* of the packet, number "at", is "byte" */
	LIE_ENDLESS,    /* a page of a list without a row, and more */
	LIE_BACKWARDS,  /* rows of a list in another order */
	/* Answers of an engine that was tampered with. */
	LIE_GONE,     /* nothing stands there */
	LIE_OLD,      /* the first value that the key had, with the new mark */
	LIE_SWAPPED,  /* the value of the key "other" */
	LIE_REVISION, /* of long ago */
	LIE_DAMAGED,  /* a byte in the middle of the value */
	LIE_DAMAGED_ONCE, /* so it stays, until it is written again */
	/* A put, once, and then the next lie: */
	LIE_DONE_CLOSES, /* is done, and the line closed */
	LIE_DONE_SILENT, /* is done, and not answered */
	LIE_DONE_LARGE,  /* is done, and the answer more than a packet */
	LIE_LOST_CLOSES, /* is not done, and the line closed */
	LIE_OTHER_FIRST, /* is done after another writer has put the value that
			  * the key had first */
};

struct liar_shared {
	enum lie lie;
	enum lie then; /* the lie behind one that is told once */
	char other[128];
	char about[32]; /* a lie about what stands under a key is told of keys
			 * that begin so */
	int at;
	unsigned char byte;
	int asked, puts; /* how many requests came, and were written */
};

struct liar {
	char folder[FOLDER_MAX];
	char path[FOLDER_MAX + 16];
	int pid;
	struct liar_shared *shared;
};

void liar_begin(struct liar *liar);

/* Ends the process, as kill -9 does, and makes another, which has nothing. */
void liar_kill(struct liar *liar);
void liar_start(struct liar *liar);

void liar_end(struct liar *liar);

#endif
