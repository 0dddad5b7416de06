/*
 * The parts of a way out of a fleet: what goes along, and what stays behind.
 */
#ifndef TFA_ADMIN_LEAVE_H
#define TFA_ADMIN_LEAVE_H

#include "admin/store/site.h"

/* Each an admin_exit, after a message. */

/* The fleet's policy becomes the policy's file; what was there stays beside it as
 * "policy.json.before-fleet". */
int leave_keep_policy(struct site *site);

/* Removes what this bastion said of itself. */
int leave_drop_host(struct site *site);

/* Removes what a bastion said of itself. */
int leave_remove_host(struct site *site, const char *host);

/* Renames store.json to store.json.left. */
int leave_drop_config(const struct site *site);

/* *ret: the text of the policy in the fleet; the caller frees it. */
int leave_read_policy(struct site *site, char **ret, size_t *ret_len);

#endif
