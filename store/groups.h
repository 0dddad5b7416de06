/*
 * Unix's group database, for policy_decide().
 */
#ifndef TFA_GROUPS_H
#define TFA_GROUPS_H

#include <sys/types.h>

#include "policy.h"

struct groups_user {
	const char *name;
	gid_t gid; /* the primary group, from passwd */
};

/*
 * Whether the user is in the group, as primary group or as a member
 * (getgrnam_r).  getgrouplist(3) would do with one call, but while a
 * directory service is down it succeeds with the primary group alone.
 * ctx is a struct groups_user.
 */
enum membership groups_member(void *ctx, const char *group);

/*
 * Calls each for the members that the group's entry lists.  False where the
 * group is unknown or could not be looked up.
 */
bool groups_each(
    const char *group, void (*each)(void *ctx, const char *user), void *ctx);

#endif
