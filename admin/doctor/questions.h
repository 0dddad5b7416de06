/*
 * The connections that sshd is asked about: every combination of what its Match
 * lines tell apart.  This module reads passwd and groups; the caller asks sshd.
 */
#ifndef TFA_DOCTOR_QUESTIONS_H
#define TFA_DOCTOR_QUESTIONS_H

#include <pwd.h>

#include "gate/sshd/config.h"
#include "store/core/policy.h"

#define QUESTIONS        500         /* that are asked at most */
#define QUESTION_ADDRESS "192.0.2.1" /* RFC 5737: nobody's */

/* Names, each once. */
struct words {
	LIST_OF(struct name) list;
	bool incomplete; /* one did not fit, or there were too many */
};

/* One connection.  rdomain is "" if no Match names one, since not every sshd
 * can be asked for it. */
struct question {
	const char *user, *address, *laddr, *lport, *host, *rdomain;
};

struct questions {
	struct words users, addresses, laddrs, lports, hosts, rdomains;
};

/* True if a group of the user's fits the pattern, as in Match Group. */
bool user_is_in(const struct passwd *pw, const char *pattern);

/* True if the gate does not stand before this user, or a Match block before ours
 * gives them another ForceCommand, from every address: spared.c. */
bool shells_spared(const struct config *config, const struct passwd *pw);

/* The users and groups that Match lines name. */
struct kinds {
	struct words users, groups;
};

/*
 * Two users are of one kind if the same names and groups of Match lines fit
 * them: every Match treats them alike.
 *
 *	kinds_collect(&lines, &kinds);
 *	... kind_of(&kinds, pw) ...
 *	kinds_done(&kinds);
 */
void kinds_collect(const struct config *lines, struct kinds *ret);
unsigned long long kind_of(const struct kinds *kinds, const struct passwd *pw);
void kinds_done(struct kinds *kinds);

/*
 * *ret: users and addresses to ask about.  The users: root, each that is named,
 * one for each pattern, a member of each group, one of each kind in passwd, and
 * also, unless that is NULL.  The addresses: some inside and outside of each
 * network.
 */
void questions_collect(const struct config *lines, const struct kinds *kinds,
    const char *also, struct questions *ret);

/* *ret: number i of all combinations; false after the last. */
bool questions_get(
    const struct questions *questions, size_t i, struct question *ret);

/* True if sshd is not asked about something that a Match names. */
bool questions_are_cut(const struct questions *questions);

void questions_done(struct questions *questions);

#endif
