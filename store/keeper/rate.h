/*
 * How much each uid has had of the keeper: connections in a minute, lines of
 * the audit in a day.  Decides who is told to try later and whose refusals are
 * not logged, so that nobody keeps others out or fills the disk.  No I/O and no
 * clock.  Only the worker that serves a uid finds out whether a user has it: a
 * directory service may be slow, and the keeper's parent serves everybody.
 *
 * For each connection:
 *
 *	rate_connection()            it came; rate_is_over(): told to try later
 *	rate_is_quiet(), rate_is_quiet_of_claims()
 *	                             what the worker that serves it may log
 *	rate_settle()                the worker's report
 */
#ifndef TFA_KEEPER_RATE_H
#define TFA_KEEPER_RATE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#define RATE_S            60    /* the window of connections */
#define RATE_QUIET        60    /* connections in it that are all logged */
#define RATE_MAX          600   /* connections in it */
#define RATE_DAY_REFUSALS 1000  /* refusals that are logged in a day */
#define RATE_DAY_CLAIMS   300   /* a gate's refusals that are logged in a day */
#define RATE_DAY_LINES    20000 /* lines in a day; then RATE_QUIET holds */
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
	int64_t claimed;          /* of these, by which a gate told a refusal */
	int64_t refusals, lines;  /* in the log, in the day */
	int64_t claims;     /* a gate's refusals, as refusals, but apart */
	int64_t suppressed; /* refusals that no line has counted yet */
};

struct rates {
	struct rate list[RATES];
};

/* A worker's report of one connection: bits of a byte. */
enum reported {
	REPORTED = 0x40,          /* without it there is no report */
	REPORTED_LINE = 0x01,     /* a line is in the log, with "suppressed" */
	REPORTED_REFUSAL = 0x02,  /* the line is a refusal */
	REPORTED_LEFT_OUT = 0x04, /* a refusal that is not in the log */
	REPORTED_STRANGER = 0x08, /* no user has the peer's uid */
	REPORTED_FOLLOWED = 0x10, /* it was two requests: each counts */
	REPORTED_CLAIM = 0x20,    /* the refusal is one that a gate told of */
	REPORTED_CLEAN = 0x80,    /* nothing is left in memory: it may go on */
};

/*
 * Returns the uid's count, with window and day moved on to now; never NULL.  A
 * new one evicts the oldest, preferring uids that belong to no user.
 */
struct rate *rate_of(struct rates *rates, uid_t uid, int64_t now_ms);

/*
 * Counts a connection of uid.  Returns the count that it fell under: that of
 * the uid, or that of all uids together that no user has.
 */
struct rate *rate_connection(struct rates *rates, uid_t uid, int64_t now_ms);

/* True if this uid came too often: it is told to try later.  Never root. */
bool rate_is_over(const struct rate *rate);

/* True if refusals of this uid are not logged for now. */
bool rate_is_quiet(const struct rate *rate);

/*
 * True if the refusals that this uid's gates tell of are not logged for now.
 * They cost their sender no wrong code, and so must not use up the lines that
 * wrong codes are to have.
 */
bool rate_is_quiet_of_claims(const struct rate *rate);

/*
 * Counts a worker's report of a connection of uid.  suppressed: how many
 * refusals, not logged before, it was given to mention.
 */
void rate_settle(struct rates *rates, uid_t uid, int report, int64_t suppressed,
    int64_t now_ms);

#endif
