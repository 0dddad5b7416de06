/*
 * Asks the keeper, for the gate, tfa and tfa-admin.
 *
 * With a socket the kernel says who answers, and that must be root or the
 * keeper's user: no other local user can pose as the keeper.  With a store
 * folder a private keeper is started (sibling.h).
 *
 *	struct client_options options = {.socket = path};
 *	scoped_reply struct reply reply = {.version = 0};
 *
 *	if (!client_settle(&options))
 *		wrong usage
 *	if (client_call(&options, &request, &reply, why, sizeof(why)) !=
 *	    FAULT_NONE)
 *		denied: why
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
	int wait_ms; /* for each answer; 0: CLIENT_WAIT_MS */
};

/* Rows for the table of a program's options (options.h).  member: its struct
 * client_options; policy: the member that --policy goes to. */
#define CLIENT_OPTION_ROWS(type, member, policy, policy_help)             \
	OPTION_VALUE(type, member.socket, "socket", "PATH",               \
	    "the keeper's socket (" CLIENT_SOCKET ")"),                   \
	    OPTION_VALUE(type, member.store, "store", "DIR",              \
		"use this folder, without a running keeper"),             \
	    OPTION_VALUE(type, policy, "policy", "FILE", policy_help),    \
	    OPTION_VALUE(type, member.keeper_user, "keeper-user", "NAME", \
		"the user that the keeper runs as (" CLIENT_USER ")")

/* Fills in the defaults.  False if both a socket and a store are given, or a
 * policy without a store. */
bool client_settle(struct client_options *options);

struct client {
	int fd;
	pid_t keeper; /* a private one, or 0 */
	int wait_ms;  /* for each packet */
	bool unread;  /* the keeper closed without reading the last packet */
	char why[256];
};

/*
 * Sends one request and reads one reply, and leaves the connection open: after
 * a "login" the keeper takes a "verify" on it for a moment.  *client begins as
 * {.fd = -1}, which is not open; if it is open, the request goes there, and to
 * a new connection if the keeper closed it before it read the request.
 * client_close() ends it.  Faults as of client_call(), with client->why.
 */
MUST_USE enum fault
client_follow(struct client *client, const struct client_options *options,
    const struct request *request, struct reply *ret);

void client_close(struct client *client);
#define scoped_client __attribute__((cleanup(client_close)))

/*
 * Sends one request and reads one reply into *ret, which reply_done() frees.
 * FAULT_ABSENT,
 * FAULT_ACCESS, FAULT_IO: there is no keeper that may be trusted, or it gave no
 * answer; FAULT_FORMAT: it gave one that cannot be read.  ret_why: a line that
 * says so.  A private keeper that gives no answer is killed.
 */
MUST_USE enum fault
client_call(const struct client_options *options, const struct request *request,
    struct reply *ret, char *ret_why, size_t size);

/*
 * How the rows of a stream are taken: each is read into *row, then each() is
 * called with the row's text and returns false if it is out of memory, then the
 * row is wiped and freed.  If each is NULL, the last row stays in *row for the
 * caller to free; *row is zero if there was none.
 */
struct client_rows {
	const struct json_shape *shape;
	void *row;
	size_t size;
	bool (*each)(void *ctx, const char *text);
	void *ctx;
};

/*
 * Sends one request that is answered by rows, and then by a reply:
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

/* Takes the bytes of a file, with rows->ctx.  It may change them; a NUL follows
 * them.  False ends the stream, as FAULT_MEMORY. */
typedef bool client_bytes(void *ctx, char *bytes, size_t len);

/* client_stream(), where files' bytes may come between the rows. */
MUST_USE enum fault client_stream_files(const struct client_options *options,
    const struct request *request, const struct client_rows *rows,
    client_bytes *bytes, struct reply *ret, char *ret_why, size_t size);

#endif
