/*
 * Which of etcd's members is asked, and if it is worth asking at all.  Pure: the
 * time is an argument, in milliseconds of a clock that only goes forward.
 *
 *	endpoints_begin(&e, count)
 *	e.current                      the member for the next attempt
 *	endpoints_sent(&e, now)        an attempt begins
 *	endpoints_good(&e, i, now)     it got an answer
 *	endpoints_bad(&e, i, ...)      time-out, refusal, 5xx
 *
 * One member is asked until it fails, then the next; the first, which is the
 * nearest, is tried again every HOME_MS.  After BREAKER_MS without an answer to
 * attempts that were made the breaker is open: requests are then answered at
 * once, and only probes go out, one a second to each member.  Where no connection
 * to a majority of the members can be made, none of them can be elected soon, and
 * LOST_MS are enough.
 */
#ifndef TFA_LINK_ENDPOINTS_H
#define TFA_LINK_ENDPOINTS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/fleet/config.h"
#include "store/link/request.h"

/* etcd has a new leader 1 to 2.7 s after the old one died, and 3.4 s if two nodes
 * vote for themselves: requests that come in that time still find one. */
#define BREAKER_MS 4000
#define LOST_MS    2400
#define PROBE_MS   1000
#define HOME_MS    60000

struct endpoints {
	int count, current;
	int64_t silent_since_ms; /* attempts, and no answer since; 0: none */
	int64_t left_home_ms;    /* when the first one was last left or tried */
	int64_t probed_ms;
	int running;                     /* attempts */
	bool unreached[FLEET_ENDPOINTS]; /* the last time */
	bool refused;       /* the last failure is one of certificates */
	char why[LINK_WHY]; /* the last failure, plain; "": none yet */
	bool tls12
	    [FLEET_ENDPOINTS]; /* for the next attempt: endpoints_heard() */
};

void endpoints_begin(struct endpoints *e, int count);

void endpoints_sent(struct endpoints *e, int64_t now_ms);

/* Member i answered what was asked, if only by a refusal.  In silence it becomes
 * the current one. */
void endpoints_good(struct endpoints *e, int i, int64_t now_ms);

enum endpoint_fault {
	ENDPOINT_SILENT,    /* no answer, or none of etcd's */
	ENDPOINT_UNREACHED, /* there is nobody to connect to */
	ENDPOINT_REFUSED,   /* its or our certificate */
};

/* Member i failed.  why is plain words. */
void endpoints_bad(struct endpoints *e, int i, enum endpoint_fault fault,
    const char *why, int64_t now_ms);

/*
 * An attempt at member i ended.  closed: the connection was, without an answer;
 * refused: for a certificate; tls12: so it was asked.  A member that refuses our
 * certificate in TLS 1.3 says so behind the handshake, and where it closes the
 * connection that word is lost more often than not; in TLS 1.2 it is a part of the
 * handshake.  So one that was closed is followed by one in TLS 1.2.
 */
void endpoints_heard(
    struct endpoints *e, int i, bool closed, bool refused, bool tls12);

/* An attempt ended that says nothing of the member: a bad token. */
void endpoints_neither(struct endpoints *e);

bool endpoints_are_away(const struct endpoints *e, int64_t now_ms);

/* True if no connection to a majority of the members could be made. */
bool endpoints_lack_majority(const struct endpoints *e);

/* They are away, and no majority can be reached: nobody needs to wait on. */
bool endpoints_are_lost(const struct endpoints *e, int64_t now_ms);

/* True once every PROBE_MS while there is silence. */
bool endpoints_probe_now(struct endpoints *e, int64_t now_ms);

/* True once every HOME_MS while another than the first one is asked. */
bool endpoints_try_home(struct endpoints *e, int64_t now_ms);

/* The first one is asked again. */
void endpoints_go_home(struct endpoints *e);

#endif
