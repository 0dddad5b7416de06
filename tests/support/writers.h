/*
 * Many writers at once, through one or more links, who keep account of all that
 * they were told. Each write is a compare-and-swap of a value of the size of a
 * record, and each value is there once in the whole test.
 */
#ifndef TFA_TESTS_WRITERS_H
#define TFA_TESTS_WRITERS_H

#include "tests/support/link.h"

#define WRITERS_MAX 40

struct race {
	int once, twice, none; /* rounds that so many writers won */
	int other;             /* answers that are neither "ok" nor "stale" */
	int wins[WRITERS_MAX];
};

/*
 * All writers put a value of their own over the one that all of them have read,
 * in each round: of n links, one writer each.
 */
struct race writers_race(struct link *const links[], int n, int rounds);

/* Added up over all writers. */
struct account {
	long acknowledged;
	long away;    /* "away" or "unsure": not now */
	long failed;  /* answered by anything else */
	long cut_off; /* unanswered: the link closed */
	long lost;    /* acknowledged, and another value was read later */
	int longest_ms;
	char words[256]; /* of the last failure */
};

/*
 * Each writer has a key of its own, and asks one link after the other: reads,
 * compares with what it was told, and writes. They go on until writers_stop().
 */
struct writers;
struct writers *
writers_start(struct link *const links[], int n_links, int writers);

/* Waits until each writer was acknowledged so many times more; the test fails
 * if that does not come. */
void writers_progress(struct writers *w, int more);

/* How often somebody was told "away" or "unsure" so far. */
long writers_away(const struct writers *w);

/* Ends them, compares each key with what its writer was told last, and adds
 * what differs to lost. */
struct account writers_stop(struct writers *w);

#endif
