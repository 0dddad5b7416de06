/*
 * Looks up Unix groups, for policy_decide().
 */
#ifndef TFA_GROUPS_H
#define TFA_GROUPS_H

#include <sys/types.h>

#include "store/core/policy.h"

/* A group that was looked up, or found to be unknown. */
struct groups_known {
	struct name name;
	bool exists;
	gid_t gid;
	LIST_OF(struct name) members; /* sorted */
};

/* The groups that were looked up so far, so that each is read once for many
 * users.  Begins as zero; groups_done() frees it. */
struct groups {
	LIST_OF(struct groups_known) known;
};

struct groups_user {
	const char *name;
	gid_t gid;             /* the primary group, from passwd */
	struct groups *groups; /* NULL: each group is looked up anew */
};

/*
 * Says if the user is in the group, as primary group or as a member
 * (getgrnam_r).  getgrouplist(3) would do with one call, but while a
 * directory service is down it succeeds with the primary group alone.
 * ctx is a struct groups_user.
 */
enum membership groups_member(void *ctx, const char *group);

void groups_done(struct groups *groups);

/*
 * Calls each() for the members that the group's entry lists.  False, with errno,
 * if the group is unknown or could not be looked up.
 */
bool groups_each(
    const char *group, void (*each)(void *ctx, const char *user), void *ctx);

#endif
