/*
 * One local user does to the keeper what they can, while others log in: many
 * connections held open, guesses from many at once, packets of every kind.
 * What must never be ends the test (fail.h): another user who waits longer
 * than FLOOD_PATIENCE_MS, root who is not served, a guess that is not counted,
 * an answer that lets anybody in, memory or descriptors that do not come back.
 */
#ifndef TFA_TESTS_FLOOD_H
#define TFA_TESTS_FLOOD_H

#include "tests/support/bastion.h"

#define FLOOD_PATIENCE_MS 3000

struct flood_figures {
	long connections; /* held open */
	long prompts;     /* of these, at the door's prompt */
	long guesses;     /* answers to a wrong code */
	long counted;     /* of the guesses, in the record */
	long packets;     /* odd ones */
	long slowest_ms;  /* the longest wait of another user */
};

/* Resources of the listening keeper, compared before and after. */
struct footprint {
	long memory_kb, descriptors, children;
};
struct footprint flood_footprint(const struct bastion *b);

/* Waits until the keeper uses no more than before; fails if it never does. */
void flood_recovered(const struct bastion *b, const struct footprint *before);

/* user holds 550 connections open for longer than the keeper waits. */
void flood_hold(const struct bastion *b, const char *user, const char *other,
    struct flood_figures *sum);

/*
 * Sends 1,000 wrong codes for user over 50 connections at a time. Restarts the
 * keeper half way, because it serves a uid 600 times a minute at most.
 */
void flood_guess(struct bastion *b, const char *user, const char *other,
    struct flood_figures *sum);

/* The wrong codes that a user's record counts, from all places. */
long flood_counted(const struct bastion *b, const char *user);

/* Sends packets of every size and shape, drawn from seed. */
void flood_packets(const struct bastion *b, const char *user, const char *other,
    unsigned seed, struct flood_figures *sum);

#endif
