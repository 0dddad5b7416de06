/*
 * The policies of a fleet, by the keeper: it has the fleet's key, and the
 * bastions' shared store.  The text that is to be the policy lies beside the
 * policy's file for a moment, since it may be longer than a request.
 *
 *	struct shared shared = {.mark = ""};
 *
 *	fault = shared_fetch(&admin->keeper, SHARED_ALL, &shared, why);
 *	...
 *	shared_done(&shared);
 */
#ifndef TFA_SHARED_H
#define TFA_SHARED_H

#include "store/core/version.h"
#include "store/wire/client.h"

#define SHARED_WHY 512

enum shared_want { SHARED_IN_FORCE, SHARED_ALL };

struct shared {
	/* Oldest first; the last one is in force.  None: there is no policy. */
	LIST_OF(struct version) versions;
	char mark[MARK_TEXT]; /* of the policy in force, for shared_put(); "0":
			       * there is none */
};

/*
 * *ret: what is kept, after freeing what it had.  FAULT_NONE also where the
 * fleet has no policy.  FAULT_AWAY: no keeper, or it cannot reach the shared
 * store; FAULT_REFUSED: the keeper says no; FAULT_FORMAT, FAULT_MEMORY.
 * ret_why: one line about it.
 */
MUST_USE enum fault shared_fetch(const struct client_options *keeper,
    enum shared_want want, struct shared *ret, char ret_why[static SHARED_WHY]);

/* The policy in force, or NULL. */
const struct version *shared_in_force(const struct shared *shared);

/*
 * Has the keeper put the text that lies beside the policy's file, as
 * POLICY_NEXT, in place of the policy that mark is of.  what: the command, in a
 * few words.  Faults as of shared_fetch(); FAULT_STALE: another administrator
 * changed the policy meanwhile, and ret_why says who.
 */
MUST_USE enum fault shared_put(const struct client_options *keeper,
    const char *mark, const char *what, char ret_why[static SHARED_WHY]);

void shared_done(struct shared *shared);

#endif
