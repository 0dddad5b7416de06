/*
 * Which connections sshd is asked about: every combination of what its Match
 * lines tell apart.  It reads passwd and groups; sshd is asked by whoever
 * calls.
 */
#ifndef TFA_DOCTOR_QUESTIONS_H
#define TFA_DOCTOR_QUESTIONS_H

#include <pwd.h>

#include "gate/sshd/config.h"
#include "store/core/policy.h"

#define QUESTIONS        500         /* that are asked at most */
#define QUESTION_ADDRESS "192.0.2.1" /* RFC 5737: nobody's */

/* Names of which the list holds each once. */
struct words {
	JSON_LIST_OF(struct name) list;
	bool incomplete; /* one did not fit, or there were too many */
};

/* One connection; rdomain is "" where no Match names one, since not every sshd
 * lets itself be asked for it. */
struct question {
	const char *user, *address, *laddr, *lport, *host, *rdomain;
};

struct questions {
	struct words users, addresses, laddrs, lports, hosts, rdomains;
};

/* Whether a group that the user is in fits the pattern, as in Match Group. */
bool user_is_in(const struct passwd *pw, const char *pattern);

/* The users and groups that Match lines name. */
struct kinds {
	struct words users, groups;
};

/*
 * Two users of one kind are the same to every Match: the same of the names and
 * groups there take them in.  kinds_collect() before, kinds_done() after.
 */
void kinds_collect(const struct config *lines, struct kinds *ret);
unsigned long long kind_of(const struct kinds *kinds, const struct passwd *pw);
void kinds_done(struct kinds *kinds);

/*
 * root, each user who is named, a user for each pattern, a member of each
 * group, one of each kind in passwd, and also, unless that is NULL; and
 * addresses inside and outside of each network.
 */
void questions_collect(const struct config *lines, const struct kinds *kinds,
    const char *also, struct questions *ret);

/* Number i of all combinations; false when they are through. */
bool questions_get(
    const struct questions *questions, size_t i, struct question *ret);

/* Whether something that a Match names is not asked about. */
bool questions_are_cut(const struct questions *questions);

void questions_done(struct questions *questions);

#endif
