/*
 * The policies that were in force, kept beside the policy: the one in force now
 * and the ten before it.
 *
 * Each is a hidden file of its own, ".policy.json.was.NUMBER": a line of JSON
 * that says when it came into force and by whom, and then the policy's text, byte
 * by byte.  Numbers grow and are not used twice.  With the policy's lock held:
 *
 *	versions_settle()	finishes or drops what a killed change left, and
 *				keeps a policy that was put there by hand
 *	versions_prepare()	the new text, under another name
 *	...			replace the policy
 *	versions_commit()	gives it its number, drops what is too old
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
#include "store/core/policy.h"

#define VERSIONS_KEPT 10 /* beside the one in force */
#define VERSION_WHAT  200

struct version {
	int64_t number;
	int64_t at_s;            /* when it came into force */
	char by[USER_TEXT];      /* ""; not known: put there by hand */
	char what[VERSION_WHAT]; /* the command, in a few words */
	char *text;              /* on the heap, with a NUL behind it */
	size_t len;
};

struct versions {
	LIST_OF(int64_t) numbers; /* from the oldest */
};

/* *ret: the policy in force, with number 0 and a NULL text if there is none;
 * version_done() frees it. */
int versions_current(const struct lockfile *lockfile, struct version *ret);

bool version_is(const struct version *version, const struct version *other);

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
void version_done(struct version *version);

#endif
