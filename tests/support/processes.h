/* What runs: for "no process left behind", and to kill one from outside. */
#ifndef TFA_TESTS_PROCESSES_H
#define TFA_TESTS_PROCESSES_H

#include "tests/support/bastion.h"

/*
 * How many processes still belong to this bastion and to sessions of user, who
 * must be in no other test's; NULL for a user whom others are too.  Zombies,
 * the servers and the keeper's workers aside.  Waits up to limit_ms for them to
 * become none.
 */
int processes_left(const struct bastion *b, const char *user, int limit_ms);

/*
 * Signals the processes of a user that have this name; 0 signals none and only
 * counts.  How many there are.
 */
int processes_signal(const char *user, const char *name, int signal);

#endif
