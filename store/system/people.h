/*
 * Unix users, for one who asks about many: passwd is read once, where a
 * look-up for each would read on average half of it each time.
 *
 * A directory service need not list its users.  So people_find() looks up
 * whoever was not listed, and an empty struct people is right, only slower.
 */
#ifndef TFA_PEOPLE_H
#define TFA_PEOPLE_H

#include <pwd.h>
#include <stdbool.h>
#include <sys/types.h>

#include "store/core/policy.h"

#define UID_NOBODY 65534 /* what the kernel calls an id that it cannot show */

struct person {
	struct name name;
	uid_t uid;
	gid_t gid;
	size_t place; /* in passwd: of two with one name the first counts */
	bool daemon;  /* rather than a person: a low uid, or no shell */
};

struct people {
	LIST_OF(struct person) list; /* sorted by name */
};

/*
 * getpwent(3), between setpwent() and endpwent(): NULL at the end, and where
 * no more can be read for want of memory or descriptors, or by a bad disk.
 * *ret_fault tells these apart: FAULT_NONE, FAULT_MEMORY, FAULT_IO.  A
 * directory service that is down is no fault: it need not list its users.
 */
const struct passwd *people_next(enum fault *ret_fault);

/* *ret: whom passwd lists; people_done() frees it.  FAULT_MEMORY, FAULT_IO:
 * *ret is untouched. */
MUST_USE enum fault people_read(struct people *ret);

void people_done(struct people *people);

/*
 * uid and gid of a user, whether listed or not.  FAULT_ABSENT: passwd has none;
 * FAULT_MEMORY, FAULT_IO: that could not be found out.
 */
MUST_USE enum fault people_look_up(const struct people *people,
    const char *name, uid_t *ret_uid, gid_t *ret_gid);

/* people_look_up(); false for any fault. */
bool people_find(const struct people *people, const char *name, uid_t *ret_uid,
    gid_t *ret_gid);

#endif
