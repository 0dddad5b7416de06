/*
 * The copies that a bastion keeps of its fleet's policy and charter: sealed, as
 * the engine has them, in DIR/fleet/policy and DIR/fleet/fleet.
 *
 * A login does not ask for them: it decides by the copies, and the answer to the
 * request for the record names the marks of those in force.  Where one differs,
 * kept_fetch() gets them.
 *
 *	struct kept kept;
 *
 *	fault = kept_read(&fleet, store.dir, &kept);    the copies
 *	fault = kept_fetch(&fleet, store.dir, now_s, &kept);
 *	                                 what is in force; the copies follow
 *	kept_use(&fleet, &kept);         each record that is read or written from
 *	                                 now on must be of these
 *	kept_done(&kept);
 *
 * Of an older policy or charter than was seen here before, nothing is taken:
 * FAULT_BACK (seen.h).
 */
#ifndef TFA_FLEET_KEPT_H
#define TFA_FLEET_KEPT_H

#include "store/core/version.h"
#include "store/fleet/charter.h"
#include "store/fleet/fleet.h"

#define KEPT_TEXT (SEAL_MAX - SEAL_OVERHEAD - VERSION_HEAD) /* of a policy */
#define KEPT_S    604800 /* how long a copy counts while the engine is away */

struct kept {
	struct charter charter;
	struct version version; /* the policy; number 0: there is none */
	char charter_mark[TALK_MARK];
	char policy_mark[TALK_MARK]; /* "0": there is none */
	int64_t checked_s;           /* when the engine last said so */
	char revision[TALK_MARK];    /* of it then; "": it is the copy */
};

/*
 * *ret: the copies; kept_done() frees it.  FAULT_ABSENT: one of them is not here,
 * which is so before the first kept_fetch(); FAULT_FORMAT: damaged, or another
 * fleet's; FAULT_REFUSED: no key opens it; FAULT_IO, FAULT_MEMORY.
 */
MUST_USE enum fault kept_read(struct fleet *fleet, int dir, struct kept *ret);

/*
 * *ret: what the engine has now, and the copies are that.  FAULT_ABSENT: the
 * fleet has no charter.  FAULT_BACK: older than what was seen.  FAULT_AWAY,
 * FAULT_REFUSED, FAULT_FORMAT, FAULT_IO, FAULT_MEMORY.  fleet->line.why says
 * why.
 */
MUST_USE enum fault
kept_fetch(struct fleet *fleet, int dir, int64_t now_s, struct kept *ret);

/* Has records read and written only while these are in force. */
void kept_use(struct fleet *fleet, const struct kept *kept);

void kept_done(struct kept *kept);

/* A version that an administrator is about to put in place. */
struct kept_next {
	const char *mark; /* of the policy that it replaces; "0": of none */
	const char *text;
	size_t len;
	const char *by; /* "root at b2" */
	const char *what;
	int64_t now_s;
};

/*
 * Puts a version in place of the one with that mark, and keeps that one.
 * FAULT_STALE: another one is in force, *ret_theirs, for version_done().
 * FAULT_LIMIT: it is longer than KEPT_TEXT.  FAULT_ACCESS: bastions of the
 * fleet's level could not read it.  FAULT_UNSURE: it may come into force
 * yet.  FAULT_BACK also: the engine's revision went back, and that is not accepted
 * (seen.h).  Other faults as of kept_fetch(); nothing is changed then.
 */
MUST_USE enum fault kept_put(struct fleet *fleet, int dir,
    const struct kept_next *next, struct version *ret_theirs);

/* *ret: an earlier version, by its number.  FAULT_ABSENT: it is not kept. */
MUST_USE enum fault
kept_earlier(struct fleet *fleet, int64_t number, struct version *ret);

#endif
