/*
 * The door's clients that say what no client says: tests/hostile/client.py,
 * which explains the steps, and crowd.py, which is many of it.
 */
#ifndef TFA_TESTS_RAW_H
#define TFA_TESTS_RAW_H

#include "tests/support/bastion.h"
#include "tests/support/run.h"

/* Does the steps as user, with the user's key, at the bastion's door. */
struct run *
raw_start(const struct bastion *b, const char *user, const char *const steps[]);
struct run *
raw_run(const struct bastion *b, const char *user, const char *const steps[]);

/* Starts count clients of user and waits until they stand at the prompt. */
struct run *raw_hold(const struct bastion *b, const char *user, int count);

/*
 * Starts them likewise, and after raw_go() each gives its code, so many times; codes are
 * "A,B,C".  raw_count() of the output says how often the server said something.
 */
struct run *raw_guess(const struct bastion *b, const char *user, int count,
    int each, const char *codes);
void raw_go(const struct run *r);
long raw_count(const char *out, const char *words);

/* Kills it. */
void raw_end(struct run *r);

/*
 * Counts what the door's sshd has started, after waiting up to limit_ms for it
 * to be nothing.
 */
int raw_left(const struct bastion *b, int limit_ms);

#endif
