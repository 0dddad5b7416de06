/*
 * Ends what a user runs on this host through sshd: shells, commands and
 * forwards, also those of the door.  A revoked device opens nothing new, but
 * what is open stays open.
 *
 *	struct sessions sessions;
 *
 *	if (sessions_find(pw, &sessions) && sessions_are_ours(&sessions))
 *		ask first
 *	sessions_end(&sessions);
 *	sessions_done(&sessions);
 */
#ifndef TFA_SESSIONS_H
#define TFA_SESSIONS_H

#include <pwd.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/base/list.h"

/* A process, and when it started: another one may get its number. */
struct sessions_process {
	pid_t pid, parent;
	int64_t ticks;
	uid_t uid;
	bool serves; /* an sshd that serves a connection of the user */
	bool chosen; /* to be ended: such an sshd, or below one */
};

struct sessions {
	const struct passwd *pw;
	LIST_OF(struct sessions_process) seen;
	size_t connections; /* that were found */
	size_t ended;       /* processes that are gone */
	size_t left;        /* that are not */
	size_t others;      /* of the user, and of no connection */
};

/* *ret: what runs now.  False, after a message, without memory or /proc. */
bool sessions_find(const struct passwd *pw, struct sessions *ret);

/* Returns true if this process is part of what would end. */
bool sessions_are_ours(const struct sessions *sessions);

/*
 * Ends all of it: by loginctl where systemd runs, then by signals what is left,
 * first those that a process can act on.  Takes some seconds at most.  False,
 * after a message, as sessions_find().
 */
bool sessions_end(struct sessions *sessions);

void sessions_done(struct sessions *sessions);

#endif
