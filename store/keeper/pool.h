/*
 * The parent's workers (worker.h): how many there may be, for which uid, and
 * which of them serves a connection.
 *
 * One uid may have UID_SLOTS workers, so that nobody keeps others out;
 * ROOT_SLOTS are kept for root.  Uids that are not known yet share NEW_SLOTS.
 * POOL_IDLE workers with nothing to do stay for a minute, for the next login.
 * A worker serves WORKER_MOST connections at most, and none once another folder
 * has taken the place of the store that it is confined to.
 *
 * In a turn of the parent:
 *
 *	pool_watch(&pool, fds);                    before poll(2)
 *	pool_hear(&pool, fds, &rates, now_ms);     after it, first of all
 *	if (pool_has_slot(&pool, uid, is_new))     for each that waits
 *		pool_serve(&pool, fd, uid, is_new, &conduct, now_ms);
 *	pool_reap(&pool, &rates, now_ms);
 */
#ifndef TFA_KEEPER_POOL_H
#define TFA_KEEPER_POOL_H

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "store/keeper/keeper.h"

#define SLOTS       128 /* workers that serve, or have not ended yet */
#define ROOT_SLOTS  16  /* of these, kept for root */
#define UID_SLOTS   8
#define NEW_SLOTS   32
#define POOL_IDLE   8
#define POOL_MAX    (SLOTS + POOL_IDLE)
#define IDLE_MS     60000
#define WORKER_MOST 1000

enum work {
	WORK_NONE = 0, /* idle */
	WORK_SERVES,
	WORK_ENDS, /* its line is closed; it is still to be reaped */
};

struct worker {
	pid_t pid;
	int line; /* the socket to it; -1 once it ends */
	enum work work;
	int64_t since_ms;  /* when it became idle, or busy */
	int served;        /* connections so far */
	struct stat store; /* the folder that it may write in, as it was */
	/* The connection that it serves. */
	uid_t uid;
	bool is_new;        /* no worker has said yet if a user has the uid */
	int64_t suppressed; /* how many refusals it was told to log */
};

struct pool {
	const struct keeper *keeper;
	sigset_t normal; /* the signal mask of a worker */
	bool draining;   /* no worker stays for a next login */
	struct worker workers[POOL_MAX];
	size_t count;
};

/* Returns whether one more connection of uid may be served now. */
bool pool_has_slot(const struct pool *pool, uid_t uid, bool is_new);

/* Gives the connection fd to a worker, an idle one or a new one.  False if no
 * worker can be had.  The caller closes fd. */
bool pool_serve(struct pool *pool, int fd, uid_t uid, bool is_new,
    const struct conduct *conduct, int64_t now_ms);

/* Fills in pool->count of fds for poll(2).  pool_hear() takes the reports that
 * poll(2) found, before anything else is done to the pool. */
void pool_watch(const struct pool *pool, struct pollfd *fds);
void pool_hear(struct pool *pool, const struct pollfd *fds, struct rates *rates,
    int64_t now_ms);

/* Takes out workers that have ended, and ends workers that were idle for
 * IDLE_MS. */
void pool_reap(struct pool *pool, struct rates *rates, int64_t now_ms);

/* How long until pool_reap() ends an idle worker, in ms; INT64_MAX if no worker
 * is idle. */
int64_t pool_patience(const struct pool *pool, int64_t now_ms);

/* From now on each worker ends as soon as it has nothing to do. */
void pool_drain(struct pool *pool);

#endif
