/*
 * A worker: a process that serves one connection at a time, so that what hangs
 * or crashes in it is one login.  To fork a worker costs more than to judge a
 * code, so a worker with nothing left of a login in its memory (REPORTED_CLEAN)
 * serves the next connection, of any user.  All others end with their
 * connection.
 *
 * Little is given up by that: whoever took a worker over could read the whole
 * store, and so needs no other user's request.  And what a request leaves
 * behind by mistake is neither a secret nor a code: tests/scenario/memory.c
 * looks.
 *
 * Life cycle, over a line (socketpair(2), SOCK_SEQPACKET) to the parent:
 *	1. the parent forks it with a first connection: worker_run();
 *	2. it reports each connection once that is answered: worker_hear();
 *	3. after a clean one it waits for the next: worker_give();
 *	4. it ends after any other, or when the parent closes the line.
 */
#ifndef TFA_KEEPER_WORKER_H
#define TFA_KEEPER_WORKER_H

#include <signal.h>

#include "store/keeper/keeper.h"

/* The life of a worker that was forked just now: closes all that is the
 * parent's but line and fd, its first connection; normal becomes its signal
 * mask. */
_Noreturn void worker_run(const struct keeper *keeper, const sigset_t *normal,
    int line, int fd, const struct conduct *conduct);

/* The life of a process that was forked just now for keeper_beat(). */
_Noreturn void worker_beat(const struct keeper *keeper, const sigset_t *normal);

/*
 * Gives the worker at the other end of line a connection, which stays open in
 * the parent too.  False if that worker is gone, or has no room.  Never waits.
 */
bool worker_give(int line, int fd, const struct conduct *conduct);

/* Returns the worker's report, bits of enum reported; 0 if it is gone.  Never
 * waits: to be called when the line has something to read. */
int worker_hear(int line);

#endif
