/*
 * Finds running processes: to show that none is left behind, and to kill one.
 */
#ifndef TFA_TESTS_PROCESSES_H
#define TFA_TESTS_PROCESSES_H

#include "tests/support/bastion.h"

/*
 * Counts the processes of this bastion and of user's sessions, after waiting up
 * to limit_ms for them to become none. Zombies, the servers and the keeper's
 * workers do not count. user must be in no other test; NULL counts nobody's
 * sessions.
 */
int processes_left(const struct bastion *b, const char *user, int limit_ms);

/*
 * Signals the user's processes of this name, and returns how many there are.
 * Signal 0 only counts.
 */
int processes_signal(const char *user, const char *name, int signal);

#endif
