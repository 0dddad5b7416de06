/*
 * The policy, locked and replaced.
 *
 * Admins change the policy one after another, in the order in which they came.
 * A reader never sees half of a change: the new text is written beside the
 * policy and then renamed.  In a fleet the lock keeps only the admins of this
 * host apart; of two hosts that change the policy at once, the slower one is
 * told who was faster.
 *
 *	struct lockfile lockfile;
 *	int status = admin_lock(admin, LOCKFILE_WAIT_S, &lockfile);
 *
 *	if (status == ADMIN_DONE) {
 *		... read the policy, make the new text ...
 *		status = admin_install(admin, &lockfile, text, len, &changes);
 *	}
 *	lockfile_close(&lockfile);	in any case
 *
 * Each function says on stderr what went wrong, and returns an admin_exit.
 */
#ifndef TFA_LOCKFILE_H
#define TFA_LOCKFILE_H

#include <limits.h>
#include <stddef.h>

#include "store/folder/policy_file.h"

#define LOCKFILE_WAIT_S 30 /* how long a command waits for other changes */

struct admin;
struct shared;

struct lockfile {
	const char *path; /* the policy's, as given; must outlive this */
	const char *name; /* its last part */
	int folder;       /* open */
	int lock;         /* held while it is open */
	/* The fleet's policies as they were last read, and the keeper who has
	 * them; NULL: the policy is the file at path.  Only admin_lock() and
	 * admin_view() set them. */
	struct shared *shared;
	const struct client_options *keeper;
};

/*
 * Opens the policy's folder and takes the lock.  Waits for up to wait_s seconds,
 * 0 or at least 2, and then says "busy".  ADMIN_NOT_ALLOWED if the caller may
 * not write there.  ADMIN_NOT, with nothing made, if others own the folder or
 * may write to it.
 */
int lockfile_open(const char *path, int wait_s, struct lockfile *ret);

/* Opens the policy's folder without the lock, to read only. */
int lockfile_view(const char *path, struct lockfile *ret);

/* lockfile_open() and lockfile_view() of the policy, wherever it is (home.h).
 * lockfile_close() in any case. */
int admin_lock(const struct admin *admin, int wait_s, struct lockfile *ret);
int admin_view(const struct admin *admin, struct lockfile *ret);

/* The policy as messages call it: its path, or "the fleet's policy". */
const char *lockfile_called(const struct lockfile *lockfile);

/*
 * *ret_text: the policy, unparsed, with a NUL behind it; the caller frees it.
 * In a fleet this is the policy that a change will replace: if another one has
 * taken its place by then, the change is refused.  FAULT_ABSENT: there is none;
 * other faults as of home_read().  ret_why: one line about any fault.
 */
MUST_USE enum fault lockfile_read(const struct lockfile *lockfile,
    char **ret_text, size_t *ret_len, char ret_why[static POLICY_WHY_TEXT]);

/*
 * Replaces the policy by text, with the mode and owner that it had.  what: the
 * command, in a few words, for who comes after us in a fleet.  Does not log: use
 * admin_install().
 */
int lockfile_store(const struct lockfile *lockfile, const char *what,
    const char *text, size_t len);

/* Gives the lock up. */
void lockfile_close(struct lockfile *lockfile);

/* A hidden file in the policy's folder: ".policy.json.SUFFIX". */
struct beside {
	char name[NAME_MAX];
	char path[PATH_MAX];
};
void lockfile_beside(
    const struct lockfile *lockfile, const char *suffix, struct beside *ret);

/* Writes text to such a file, with the policy's mode and owner, in one step by
 * way of another such file. */
int lockfile_put(const struct lockfile *lockfile, const char *suffix,
    const char *way, const char *text, size_t len);

struct changes;

/*
 * Replaces the policy by text, and keeps the one before it (versions.h). The
 * change is logged first, so that a policy in
 * force is always in the log, even if we are killed. If the change then fails, a
 * second line in the log says so. Without a keeper the change is made anyway,
 * after a warning: the policy may be what has to be repaired. Returns an
 * admin_exit.
 */
int admin_install(const struct admin *admin, const struct lockfile *lockfile,
    const char *text, size_t len, const struct changes *changes);

#endif
