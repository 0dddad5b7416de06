/*
 * Looks up many Unix users: passwd is read once, while a look-up of each would
 * read half of it each time, on average.
 *
 * A directory service need not list its users.  Where there may be one,
 * people_look_up() asks about users that were not listed, and an empty struct
 * people is right, only slower.
 */
#ifndef TFA_PEOPLE_H
#define TFA_PEOPLE_H

#include <pwd.h>
#include <stdbool.h>
#include <sys/types.h>

#include "store/base/texts.h"
#include "store/core/policy.h"

#define UID_NOBODY 65534 /* what the kernel calls an id that it cannot show */

struct person {
	const char *name;
	uid_t uid;
	gid_t gid;
	size_t place; /* in passwd: the first of two with one name counts */
	bool daemon;  /* rather than a person: a low uid, or no shell */
};

struct people {
	LIST_OF(struct person) list; /* sorted by name */
	struct texts names;
	bool whole; /* nobody else exists: no directory has users */
};

/* *ret: the users that passwd lists; people_done() frees it.  FAULT_MEMORY,
 * FAULT_IO (a bad disk, no descriptors): *ret is untouched.  A directory
 * service that is down is no fault: it need not list its users. */
MUST_USE enum fault people_read(struct people *ret);

void people_done(struct people *people);

/*
 * The uid and gid of a user, listed or not.  FAULT_ABSENT: there is no such
 * user; FAULT_MEMORY, FAULT_IO: passwd could not be read.
 */
MUST_USE enum fault people_look_up(const struct people *people,
    const char *name, uid_t *ret_uid, gid_t *ret_gid);

/*
 * FAULT_NONE: there is such a user.  FAULT_ABSENT: there is none, and every
 * service answered that was asked.  Any other fault: nobody can say; a directory
 * that is down must not make a user look gone.
 */
MUST_USE enum fault
people_exists(const struct people *people, const char *name);

#endif
