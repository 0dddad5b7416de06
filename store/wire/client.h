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

#include "store/wire/protocol.h"

#define CLIENT_SOCKET  "/run/tfa/keeper.sock"
#define CLIENT_USER    "_tfa"
#define CLIENT_WAIT_MS 30000

struct client_options {
	const char *socket; /* CLIENT_SOCKET */
	const char *store;  /* NULL: use the socket */
	const char *policy; /* NULL: the keeper's default; for a store only */
	const char *keeper_user;
	int wait_ms; /* for the keeper, at each step; 0: CLIENT_WAIT_MS */
};

struct client {
	int fd;
	pid_t keeper; /* of our own, to be reaped; or 0 */
	int wait_ms;  /* for each packet */
	bool unread;  /* what was sent last, as the kernel says */
	char why[256];
};

/*
 * Connects, sends the request.  FAULT_ABSENT, FAULT_ACCESS, FAULT_IO: no
 * keeper that may be trusted; ret->why is one line that says so.
 * client_close() in any case.
 */
MUST_USE enum fault client_open(const struct client_options *options,
    const struct request *request, struct client *ret);

/*
 * *ret: the next packet, a reply or a row of a stream; the caller wipes and
 * frees it (scoped_json_text).  FAULT_IO where the keeper is gone or silent;
 * one of our own is ended then.
 */
MUST_USE enum fault
client_next(struct client *client, char **ret, size_t *ret_len);

/* Whether a packet is a reply rather than a row: rows have no "v". */
bool client_is_reply(const char *packet);

void client_close(struct client *client);
#define scoped_client __attribute__((cleanup(client_close)))

/*
 * One request, one reply, and *client stays open: client_close() ends it, and
 * { .fd = -1 } is one that is not open.  One that is open has the reply to a
 * "login" behind it; the keeper takes a "verify" there, for a moment.  Where
 * it was closed before it was read, a new connection is made.  Faults as below,
 * with client->why.
 */
MUST_USE enum fault
client_follow(struct client *client, const struct client_options *options,
    const struct request *request, struct reply *ret);

/*
 * One request, one reply.  *ret: reply_done() frees it.  Faults as above, and
 * FAULT_FORMAT for an answer that is not one.  ret_why says it in a line.
 */
MUST_USE enum fault
client_call(const struct client_options *options, const struct request *request,
    struct reply *ret, char *ret_why, size_t size);

#endif
