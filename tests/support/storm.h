/*
 * The keeper is killed again and again while it works for many: each round
 * starts it, lets users enrol, log in with all kinds of codes and give spent
 * ones once more, and an admin revoke, unlock and hand out codes, and kills it
 * (-9), with or without those that serve, at a moment that chance names.
 *
 * What must never be ends the test (fail.h): a record that does not parse, a
 * code that is answered "pass" twice, a pass that the audit does not have, a
 * user whom a leftover or a lock keeps out afterwards.
 */
#ifndef TFA_TESTS_STORM_H
#define TFA_TESTS_STORM_H

#include "tests/support/bastion.h"

struct storm_figures {
	long kills;
	long verifies;   /* answers to a code */
	long enrolments; /* whole ones */
	long changes;    /* an admin's */
	long spent;      /* codes answered with "pass" */
	long replays;    /* tries to use a spent code again */
	long unanswered; /* requests that a kill cut off */
	long leftovers;  /* temporary files that were found after a kill */
};

/*
 * Runs as many rounds as kills on a bastion of the full form, all drawn from
 * seed. The keeper runs afterwards. Adds to *sum.
 */
void storm_run(
    struct bastion *b, unsigned seed, int kills, struct storm_figures *sum);

#endif
