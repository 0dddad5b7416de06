/*
 * The workers (keeper_worker.h) that the parent has: how many there may be, for
 * whom, and which of them serves a connection.
 *
 * One uid may have UID_SLOTS of them, so that nobody keeps others out; some
 * are root's alone.  Uids that are not known yet share NEW_SLOTS.  A few that
 * have nothing to do stay for a minute, for the next login; none serves more
 * than WORKER_MOST connections, and none a store that took the place of the one
 * that it is confined to.
 */
#ifndef TFA_KEEPER_POOL_H
#define TFA_KEEPER_POOL_H

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>

#include "store/keeper/keeper.h"

#define SLOTS       128 /* that serve, or have not ended yet */
#define ROOT_SLOTS  16  /* of them kept for root */
#define UID_SLOTS   8
#define NEW_SLOTS   32
#define POOL_IDLE   8
#define POOL_MAX    (SLOTS + POOL_IDLE)
#define IDLE_MS     60000
#define WORKER_MOST 1000

enum work {
	WORK_NONE = 0, /* idle */
	WORK_SERVES,
	WORK_ENDS, /* nothing more is expected of it */
};

struct worker {
	pid_t pid;
	int line; /* to it; -1 where it ends */
	enum work work;
	int64_t since_ms;  /* that it has been idle */
	int served;        /* connections so far */
	struct stat store; /* the folder that it may write in, as it was */
	/* whom it serves */
	uid_t uid;
	bool is_new;        /* no worker has said yet whether a user is that */
	int64_t suppressed; /* refusals that it was told to log */
};

struct pool {
	const struct keeper *keeper;
	sigset_t normal; /* the signal mask of a worker */
	bool draining;   /* none stays for a next login */
	struct worker workers[POOL_MAX];
	size_t count;
};

/* Whether one more connection of uid may be served now. */
bool pool_has_slot(const struct pool *pool, uid_t uid, bool is_new);

/* Has it served, by a worker that is idle or a new one.  False where none can
 * be had.  The caller closes fd. */
bool pool_serve(struct pool *pool, int fd, uid_t uid, bool is_new,
    const struct conduct *conduct, int64_t now_ms);

/* Fills in pool->count of fds for poll(2); pool_hear() takes what came of it,
 * before anything else is done to the pool. */
void pool_watch(const struct pool *pool, struct pollfd *fds);
void pool_hear(struct pool *pool, const struct pollfd *fds, struct rates *rates,
    int64_t now_ms);

/* Takes out workers that have ended, and ends those that were idle for long. */
void pool_reap(struct pool *pool, struct rates *rates, int64_t now_ms);

/* How long until that is due, in ms; INT64_MAX where no worker is idle. */
int64_t pool_patience(const struct pool *pool, int64_t now_ms);

/* From now on each ends as soon as it has nothing to do. */
void pool_drain(struct pool *pool);

#endif
