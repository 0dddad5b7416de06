/*
 * The policies that were in force, kept beside the policy: the one in force now
 * and the ten before it.
 *
 * Each is a hidden file of its own, ".policy.json.was.NUMBER", as
 * store/core/version.h has it.  Numbers grow and are not used twice.  With the
 * policy's lock held:
 *
 *	versions_settle()	finishes or drops what a killed change left, and
 *				keeps a policy that was put there by hand
 *	versions_prepare()	the new text, under another name
 *	...			replace the policy
 *	versions_commit()	gives it its number, drops what is too old
 *
 * In a fleet the keeper keeps them with the policy, under the fleet's own
 * numbers, and nothing is left to do for versions_settle(), _prepare() and
 * _commit(): of a change on another bastion this one has no file.
 *
 * A kill at any moment loses no policy that was in force, and leaves no half
 * file and no version that was never in force.
 */
#ifndef TFA_VERSIONS_H
#define TFA_VERSIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/policy/lockfile.h"
#include "store/base/list.h"
#include "store/core/version.h"

struct versions {
	LIST_OF(int64_t) numbers; /* from the oldest */
};

/* *ret: the policy in force, with number 0 and a NULL text if there is none;
 * version_done() frees it.  In a fleet this reads all versions anew. */
int versions_current(const struct lockfile *lockfile, struct version *ret);

/* Each says on stderr what went wrong, and returns an admin_exit. */
int versions_settle(const struct lockfile *lockfile);
int versions_prepare(
    const struct lockfile *lockfile, const struct version *version);
int versions_commit(const struct lockfile *lockfile);

/* *ret: the numbers that are kept; versions_done() frees it. */
int versions_list(const struct lockfile *lockfile, struct versions *ret);
void versions_done(struct versions *versions);

/* *ret: a version; version_done() frees it.  ADMIN_NOT, after a message, if it is
 * not kept. */
int versions_read(
    const struct lockfile *lockfile, int64_t number, struct version *ret);

#endif
