/*
 * Asks before a change of the policy that does damage: somebody is no longer
 * let in, is no longer asked for a code, or loses time that they were promised.
 * The keeper weighs it, by the functions that decide logins and with everybody's
 * record (store/core/weigh.h).
 */
#ifndef TFA_DAMAGE_H
#define TFA_DAMAGE_H

#include "admin/policy/lockfile.h"

struct admin;
struct editor;

/* The change: the text that is to be the policy, and whom it can concern. */
struct proposal {
	const char *text;
	size_t len;
	char **users;          /* these users alone; NULL: anybody */
	int count;             /* of users */
	bool always;           /* ask even where nobody loses anything */
	struct editor *editor; /* that takes the signals; may be NULL */
};

/*
 * Says what people lose, and asks.  ADMIN_DONE: go on.  Otherwise nothing may
 * be changed, and a message was given: the answer was no, there is no terminal
 * and no --yes, or the caller could not log in again (--lock-me-out allows
 * that).
 */
int damage_ask(const struct admin *admin, const struct lockfile *lockfile,
    const struct proposal *proposal);

#endif
