/*
 * The settings of sshd about the keys of the user who logs in.  The gate asks
 * for them only where sshd did not say which key was used, and has to be sure:
 * whatever cannot be found out is a fault.
 *
 * The files are read as they are now, as the user.  The first of them is named
 * by the process that listens, which is root's and an ancestor of this one.  A
 * file that sshd has not read as it is now, or has read only after this
 * connection began, is a fault.  A line in a Match block counts unless the
 * block is for other users by name.
 */
#ifndef TFA_SSHD_H
#define TFA_SSHD_H

#include <stdbool.h>
#include <time.h>

#include "gate/sshd/keyfile.h"
#include "gate/sshd/keypath.h"

struct sshd_question {
	const struct keypath_user *user;
	struct keypath_list files; /* keys.files of the policy */
};

struct sshd_view {
	struct timespec since; /* this connection began, by this clock */
	bool exposes;          /* ExposeAuthInfo is yes, and nowhere no */
	/* "FILE:LINE: KEYWORD" of a source of keys whose restrictions stand in
	 * none of the files of the policy; "" for none */
	char other_keys[WHY_TEXT];
	/* "FILE:LINE: KEYWORD" of an authority, whose certificates have
	 * restrictions; "" for none */
	char authority[WHY_TEXT];
};

/* FAULT_IO where the settings cannot be found out: ret_why says why. */
MUST_USE enum fault sshd_look(const struct sshd_question *question,
    struct sshd_view *ret, char ret_why[static WHY_TEXT]);

/* True if something was changed later than this connection began. */
bool
sshd_is_newer(const struct timespec *changed, const struct sshd_view *view);

#endif
