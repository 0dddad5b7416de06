/*
 * The other end of the keeper's socket: for the gate, tfa and tfa-admin.
 *
 * With a socket path the peer must be root or the keeper's user, by the
 * kernel's word: another local user cannot pose as the keeper.  With a store
 * folder a private keeper is started over a socketpair, the sibling of this
 * program or the installed one, with an empty environment.
 */
#ifndef TFA_CLIENT_H
#define TFA_CLIENT_H

#include <sys/types.h>

#include "store/base/options.h"
#include "store/wire/protocol.h"

#define CLIENT_SOCKET  "/run/tfa/keeper.sock"
#define CLIENT_USER    "_tfa"
#define CLIENT_WAIT_MS 30000

struct client_options {
	const char *socket;
	const char *store;  /* NULL: use the socket */
	const char *policy; /* NULL: the keeper's default; for a store only */
	const char *keeper_user;
	int wait_ms; /* for the keeper, at each step; 0: CLIENT_WAIT_MS */
};

/* The options of a program that say so; member: its struct client_options,
 * policy: where --policy goes. */
#define CLIENT_OPTION_ROWS(type, member, policy, policy_help)             \
	OPTION_VALUE(type, member.socket, "socket", "PATH",               \
	    "the keeper's socket (" CLIENT_SOCKET ")"),                   \
	    OPTION_VALUE(type, member.store, "store", "DIR",              \
		"use this folder, without a running keeper"),             \
	    OPTION_VALUE(type, policy, "policy", "FILE", policy_help),    \
	    OPTION_VALUE(type, member.keeper_user, "keeper-user", "NAME", \
		"the user that the keeper runs as (" CLIENT_USER ")")

/* Fills in what was not given.  False for options that do not go together: a
 * socket and a store, or a policy without a store. */
bool client_settle(struct client_options *options);

struct client {
	int fd;
	pid_t keeper; /* of our own, to be reaped; or 0 */
	int wait_ms;  /* for each packet */
	bool unread;  /* what was sent last, as the kernel says */
	char why[256];
};

/*
 * One request, one reply, and *client stays open: client_close() ends it, and
 * { .fd = -1 } is one that is not open.  One that is open has the reply to a
 * "login" behind it; the keeper takes a "verify" there, for a moment.  Where
 * the keeper closed it before it read the request, a new connection is made.
 * Faults as of client_call(), with client->why.
 */
MUST_USE enum fault
client_follow(struct client *client, const struct client_options *options,
    const struct request *request, struct reply *ret);

void client_close(struct client *client);
#define scoped_client __attribute__((cleanup(client_close)))

/*
 * One request, one reply.  *ret: reply_done() frees it.  FAULT_ABSENT,
 * FAULT_ACCESS, FAULT_IO: there is no keeper that may be trusted, or it gave no
 * answer; FAULT_FORMAT: it gave one that cannot be read.  ret_why: a line that
 * says so.  A private keeper that gives no answer is killed.
 */
MUST_USE enum fault
client_call(const struct client_options *options, const struct request *request,
    struct reply *ret, char *ret_why, size_t size);

/*
 * How the rows of a stream are taken: each is read into *row.  each() is then
 * called with the row's text, and says false if it is out of memory; after it
 * the row is wiped and freed.  Where each is NULL the last row stays in *row,
 * for the caller to free; *row is zero where there was none.
 */
struct client_rows {
	const struct json_shape *shape;
	void *row;
	size_t size;
	bool (*each)(void *ctx, const char *text);
	void *ctx;
};

/*
 * One request that is answered by rows and then a reply:
 *
 *	struct user_row row;
 *	struct client_rows rows = {&user_row_shape, &row, sizeof(row), show,
 *	    &row};
 *	client_stream(&options, &request, &rows, &reply, why, sizeof(why));
 *
 * Faults as of client_call(); FAULT_IO also for a stream that is cut short,
 * FAULT_FORMAT for a row that cannot be read, FAULT_MEMORY.  The rows before
 * the fault were given to each().
 */
MUST_USE enum fault client_stream(const struct client_options *options,
    const struct request *request, const struct client_rows *rows,
    struct reply *ret, char *ret_why, size_t size);

#endif
