/*
 * Reads records ahead, after a list of them was made: as many at once as a packet
 * takes, all of the moment of the list, and the next of these packets while the
 * caller is busy with one.  One round trip a record would make a list of 100,000
 * users take minutes.
 */
#ifndef TFA_FLEET_AHEAD_H
#define TFA_FLEET_AHEAD_H

#include "store/fleet/talk.h"

enum ahead_is {
	AHEAD_UNKNOWN = 0, /* ask for this record alone */
	AHEAD_NONE,        /* there was none */
	AHEAD_ROW,
};

struct ahead;

/* A list of the keys with that prefix, as of that revision, by the link at
 * socket, which must stay; NULL without memory. */
struct ahead *
ahead_new(const char *prefix, const char *revision, const char *socket);
void ahead_free(struct ahead *ahead);

/* Notes a key of the list, in the list's order.  False without memory. */
bool ahead_know(struct ahead *ahead, const char *key);

/* *ret: the row of that key, valid until the next call.  Keys asked for in their
 * order are read in pages; any failure is AHEAD_UNKNOWN. */
enum ahead_is ahead_find(struct ahead *ahead, const char *key, int64_t until_ms,
    const struct talk_row **ret);

#endif
