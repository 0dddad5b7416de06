/*
 * The records of a fleet, opened one by one: are they whole, of the user ids that
 * people have here, and as new as this bastion has seen them.
 */
#ifndef TFA_ADMIN_CENSUS_H
#define TFA_ADMIN_CENSUS_H

#include "admin/store/remote.h"

#define CENSUS_SAMPLE 200 /* records that say enough about user ids */
#define CENSUS_NAMES  200

/* Users of whom something is true: how many, and the names of the first. */
struct census_some {
	size_t count;
	char names[CENSUS_NAMES]; /* "alice, bob, ..." */
};

struct census {
	size_t seen;                /* records that were opened, or should be */
	struct census_some damaged; /* that do not open, or are no records */
	struct census_some other;   /* of another user id than here */
	struct census_some older;   /* than this bastion has seen them */
	struct census_some gone;    /* that this bastion has seen */
};

struct census_plan {
	const char *folder;      /* where this bastion notes what it saw; NULL:
				  * do not compare with that */
	const char *bastion;     /* for record_uid() */
	size_t most;             /* look at so many; 0: at all */
	void (*step)(void *ctx); /* after each; may be NULL */
	void *ctx;
};

/* *ret: what was found.  Faults as remote_scan(), and FAULT_IO: a file of the
 * folder cannot be read; remote->why says why. */
MUST_USE enum fault census_take(
    struct remote *remote, const struct census_plan *plan, struct census *ret);

#endif
