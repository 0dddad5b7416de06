/*
 * A process that serves: one connection at a time, so that what hangs or
 * crashes there is one login.  To fork one costs more than to judge a code, so
 * one that has nothing left of a login (TOLD_CLEAN) serves the next, whoever's
 * that is.  All others end with their connection.
 *
 * What that gives up is little: whoever took a worker over could read all of
 * the store, and so needs nobody's next request.  And what a request left
 * behind by mistake is no secret and no code: tests/scenario/memory.c looks.
 *
 * Life cycle, over a line (socketpair(2), SOCK_SEQPACKET) to the parent:
 *	1. forked with a first connection: worker_run();
 *	2. it tells of each connection when that was answered: worker_hear();
 *	3. where that was clean, it waits for the next: worker_give();
 *	4. it ends where it was not, or the parent closes the line.
 */
#ifndef TFA_KEEPER_WORKER_H
#define TFA_KEEPER_WORKER_H

#include <signal.h>

#include "store/keeper/keeper.h"

/* The life of a worker that was forked just now, from its first connection fd
 * on: it has no other descriptor of the parent's, and normal is its mask. */
_Noreturn void worker_run(const struct keeper *keeper, const sigset_t *normal,
    int line, int fd, const struct conduct *conduct);

/*
 * The parent gives the worker at the other end a connection, which stays open
 * here.  False where that worker is gone, or has no room.  Never waits.
 */
bool worker_give(int line, int fd, const struct conduct *conduct);

/* What the worker told: bits of enum told; 0 where it is gone.  Never waits:
 * to be called where the line has something to read. */
int worker_hear(int line);

#endif
