/*
 * What sshd's configuration says of the keys of the user who logs in.  The gate
 * asks this only where sshd did not say which key was used, and needs it to be
 * sure: whatever cannot be found out is a fault.
 *
 * The files are read as they are now, as the user; the process that listens,
 * root's and an ancestor of this one, names the first of them.  What sshd has
 * not read as it is now, or only after this connection began, is a fault.  A
 * line in a Match block counts unless the block is for other users by name.
 */
#ifndef TFA_SSHD_H
#define TFA_SSHD_H

#include <stdbool.h>
#include <time.h>

#include "gate/gate.h"

struct sshd_view {
	struct timespec since; /* this connection began, by this clock */
	bool exposes;          /* ExposeAuthInfo is yes, and nowhere no */
	/* "FILE:LINE: KEYWORD", or "": a source of keys whose restrictions
	 * stand in none of the files of the policy */
	char other_keys[WHY_TEXT];
	/* the same: an authority, whose certificates have restrictions */
	char authority[WHY_TEXT];
};

/* FAULT_IO, FAULT_FORMAT: it cannot be found out, and gate->why says why. */
MUST_USE enum fault sshd_look(struct gate *gate, struct sshd_view *ret);

/*
 * The file in a listener's title, "sshd: /usr/sbin/sshd -f FILE [listener] ..",
 * or the default without -f.  False where it is no such title, or an option may
 * set what a file does not say: stricter than listener_parse() of doctor,
 * which names the option.
 */
MUST_USE bool sshd_title_file(const char *title, char *ret, size_t size);

/*
 * Whether the process of a connection says in its title that it serves this
 * user: "sshd: alice [priv]", and root's own "sshd: root@pts/0".  sshd may know
 * the user by another name of the same uid, with other keys.
 */
MUST_USE bool sshd_title_names(const char *title, const char *user);

/* Whether something was changed later than this connection began. */
bool
sshd_is_newer(const struct timespec *changed, const struct sshd_view *view);

#endif
