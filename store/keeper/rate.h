/*
 * How much each uid has had of the keeper: connections in a minute, lines of
 * the audit in a day.  Decides who is told to try later and whose refusals go
 * unlogged, so that nobody keeps others out or fills the disk.  No I/O and no
 * clock: whether a uid is a user's is what the worker who served it found out,
 * since a directory service may be slow and the keeper's parent serves all.
 */
#ifndef TFA_KEEPER_RATE_H
#define TFA_KEEPER_RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RATE_S            60    /* the window of connections */
#define RATE_QUIET        60    /* in it before refusals go unlogged */
#define RATE_MAX          600   /* in it at all */
#define RATE_DAY_REFUSALS 1000  /* refusals that are logged in a day */
#define RATE_DAY_CLAIMS   300   /* likewise of those that a gate tells of */
#define RATE_DAY_LINES    20000 /* lines in a day; then RATE_QUIET is the most */
#define RATES             1024
#define UID_STRANGER      ((uid_t)-1)

enum standing {
	STANDING_NEW = 0, /* not known yet */
	STANDING_USER,
	STANDING_STRANGER, /* no user has this uid */
};

struct rate {
	uid_t uid;
	bool used;
	enum standing standing;
	int64_t since_ms, day_ms; /* when window and day began */
	int64_t connections;      /* in the window */
	int64_t reports;          /* of these, a gate's about one before */
	int64_t refusals, lines;  /* in the day, in the log */
	int64_t claims;           /* likewise, beside the refusals */
	int64_t suppressed;       /* refusals that no line has counted yet */
};

struct rates {
	struct rate list[RATES];
};

/* What a worker tells the parent of one connection: bits of a byte. */
enum told {
	TOLD = 0x40,          /* without it there is no report */
	TOLD_LINE = 0x01,     /* a line, with what was suppressed before it */
	TOLD_REFUSAL = 0x02,  /* which is a refusal */
	TOLD_LEFT_OUT = 0x04, /* a refusal that is not in the log */
	TOLD_STRANGER = 0x08, /* no user has the peer's uid */
	TOLD_FOLLOWED = 0x10, /* it was two requests: each counts */
	TOLD_CLAIM = 0x20,    /* the refusal is what a gate told of */
	TOLD_CLEAN = 0x80,    /* nothing of it is left: it may serve another */
};

/*
 * The uid's count, with window and day moved on to now; never NULL.  A new
 * one takes the place of the oldest, and of a user's only where all are
 * users'.
 */
struct rate *rate_of(struct rates *rates, uid_t uid, int64_t now_ms);

/*
 * Counts a connection of uid.  The count that it fell under: its own, or that
 * of all strangers together.
 */
struct rate *rate_connection(struct rates *rates, uid_t uid, int64_t now_ms);

/* Whether this uid came too often: it is told to try later.  Never root. */
bool rate_is_over(const struct rate *rate);

/* Whether refusals of this uid go unlogged for now. */
bool rate_is_quiet(const struct rate *rate);

/*
 * The same of what its gates tell.  That costs whoever makes them no wrong
 * code, and so must not use up the lines that these are to have.
 */
bool rate_is_quiet_of_claims(const struct rate *rate);

/*
 * What a worker told of a connection of uid; suppressed is how many refusals it
 * was given to log.
 */
void rate_settle(struct rates *rates, uid_t uid, int told, int64_t suppressed,
    int64_t now_ms);

#endif
