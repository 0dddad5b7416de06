/*
 * tfa-keeper: the only process that sees a secret, and the one that decides.
 *
 *	main.c       options; a socket from systemd, of its own, or stdin
 *	listen.c     who may connect, and who waits to be served
 *	pool.c       which worker serves a connection
 *	worker.c     one worker, a process
 *	beat.c       what a bastion of a fleet does once a minute
 *	rate.c       how often each uid came, and how much it had of the log
 *	confine.c    what the keeper gives up for good; filter.c: the system calls
 *	join.c       the fleet that this bastion is in
 *	program.c    if a newer program has taken its place
 *	start.c      what main.c has in common with the link's
 *
 * One connection.  Each file calls only files that stand below it:
 *
 *	serve.c      who asks, and the table of requests: who may ask what
 *	login.c      what tfa-gate asks, for the user who logs in
 *	own.c        what tfa asks, for the user who runs it
 *	connect.c    where tfa connects to
 *	amend.c      what tfa-admin changes in a user's record
 *	provision.c  a device that an administrator adds or imports
 *	assign.c     a token that an administrator gives to a user
 *	tokens.c     the list of tokens
 *	undo.c       devices that are taken back
 *	delegate.c   what administrators other than root may ask
 *	explain.c    what a login would be asked, for tfa-admin
 *	history.c    the audit's files, for tfa-admin
 *	users.c      the user list
 *	policy.c     the policy of a fleet, for tfa-admin
 *	deed.c       a request that changes the record of the user who asks
 *	answer.c     replies
 *	load.c       the policy in force, of a file or of a fleet
 *	call.c       what all requests need: the peer, the store, the audit
 *
 * The life of a connection, in listen.c, pool.c and worker.c:
 *
 *	rate_connection()   listen.c counts it; too many are told "busy"
 *	pool_has_slot()     it waits until its uid may have one more worker
 *	pool_serve()        a worker gets it: an idle one, or a new one
 *	keeper_serve()      in the worker: request, answer
 *	pool_hear()         the worker's report: rate_settle(), and the worker
 *	                    is idle again, or ends
 */
#ifndef TFA_KEEPER_H
#define TFA_KEEPER_H

#include <stdbool.h>
#include <stdint.h>

#include "store/fleet/config.h"
#include "store/folder/audit.h"
#include "store/keeper/rate.h" /* enum reported */

#define RECEIVE_MS 2000 /* for the request to come */
#define FOLLOW_MS  50   /* for a request that follows on a login */
#define SERVE_S    20   /* for the answer */

struct fleet;

struct keeper {
	const char *store;
	const char *policy;
	struct fleet *fleet;           /* NULL: the folder has all records */
	char unjoined[FLEET_WHY_TEXT]; /* "", or why nobody can be let in */
	bool embedded;  /* --stdio: the owner of the store is its root */
	bool activated; /* systemd holds the socket, and starts it again */
	char boot_id[64];
	char host[AUDIT_HOST]; /* this bastion's name in its fleet; "": there
				* is no fleet */
};

/* How the peer has behaved: above a rate, refusals are not logged. */
struct conduct {
	bool quiet;         /* log no refusals for now */
	bool quiet_claims;  /* nor the refusals that a gate reports */
	int64_t suppressed; /* refusals not logged before this one */
};

/* Serves on fd, a socket that listens, until a signal ends it.  Returns an
 * exit status. */
int keeper_listen(const struct keeper *keeper, int fd);

/*
 * Serves the one request that comes on fd, a connected socket, and answers it;
 * where anything is wrong with it, by a denial.  A login that was answered by a
 * challenge may be followed by one verify, within FOLLOW_MS, and one that was
 * answered by REASON_LOOK by one more login.  Returns the report for the parent:
 * bits of enum reported.
 *
 * The report has REPORTED_CLEAN only where the process may serve another peer:
 * the request was a login, it was answered, no call failed, and neither secret
 * nor code is left in memory.
 */
int keeper_serve(
    const struct keeper *keeper, int fd, const struct conduct *conduct);

#endif
