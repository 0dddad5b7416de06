/*
 * The parts of a way out of a fleet: what goes along, and what stays behind.
 */
#ifndef TFA_ADMIN_LEAVE_H
#define TFA_ADMIN_LEAVE_H

#include "admin/store/site.h"

/* Each an admin_exit, after a message. */

/* The fleet's policy, if there is one, becomes the policy's file; what was there
 * stays beside it as "policy.json.before-fleet". */
int leave_keep_policy(struct site *site);

/* Removes the fleet's policy.  Without it nobody gets in at a bastion that was off
 * while the records went elsewhere: to that one all users would be new. */
int leave_drop_policy(struct site *site);

/* Removes what this bastion said of itself. */
int leave_drop_host(struct site *site);

/* Removes what a bastion said of itself. */
int leave_remove_host(struct site *site, const char *host);

/* Renames store.json to store.json.left. */
int leave_drop_config(const struct site *site);

/* *ret: the text of the policy in the fleet, which the caller frees; NULL: there
 * is none. */
int leave_read_policy(struct site *site, char **ret, size_t *ret_len);

#endif
