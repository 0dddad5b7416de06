/* What runs: for "no process left behind", and to kill one from outside. */
#ifndef TFA_TESTS_PROCESSES_H
#define TFA_TESTS_PROCESSES_H

#include "bastion.h"

/*
 * How many processes still belong to sessions of user; zombies and the
 * servers aside.  Waits up to limit_ms for them to become none.
 */
int processes_left(const struct bastion *b, const char *user, int limit_ms);

/*
 * Signals the processes of a user that have this name; 0 signals none and only
 * counts.  How many there are.
 */
int processes_signal(const char *user, const char *name, int signal);

#endif
