/*
 * Unix users, for one who asks about many: passwd is read once, where a
 * look-up for each would read on average half of it each time.
 *
 * A directory service need not list its users.  So people_find() looks up
 * whoever was not listed, and an empty struct people is right, only slower.
 */
#ifndef TFA_PEOPLE_H
#define TFA_PEOPLE_H

#include <stdbool.h>
#include <sys/types.h>

#include "policy.h"

#define UID_NOBODY 65534 /* what the kernel calls an id that it cannot show */

struct person {
	struct name name;
	uid_t uid;
	gid_t gid;
	size_t place; /* in passwd: of two with one name the first counts */
	bool daemon;  /* rather than a person: a low uid, or no shell */
};

struct people {
	JSON_LIST_OF(struct person) list; /* sorted by name */
};

/* *ret: whom passwd lists; people_done() frees it.  FAULT_MEMORY. */
MUST_USE enum fault people_read(struct people *ret);

void people_done(struct people *people);

/* uid and gid of a user; false where passwd has none. */
bool people_find(const struct people *people, const char *name, uid_t *ret_uid,
    gid_t *ret_gid);

#endif
