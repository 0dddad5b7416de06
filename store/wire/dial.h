/*
 * The part of client.h that needs a socket and nothing else: it connects to a
 * keeper that runs, and reads what it sends.  It starts no program, and is all
 * that the PAM module takes of the client.
 *
 *	scoped_dial struct client client = {.fd = -1, .wait_ms = 20000};
 *
 *	if (dial_ask(&client, &options, &request, &reply) != FAULT_NONE)
 *		denied: client.why
 */
#ifndef TFA_DIAL_H
#define TFA_DIAL_H

#include "store/base/cleanup.h"
#include "store/wire/client.h"

/*
 * Connects to options->socket.  FAULT_ABSENT: nobody listens there;
 * FAULT_ACCESS: neither root nor the keeper's user does; FAULT_LIMIT: the path
 * is too long; FAULT_IO.  client->why says so.  The caller closes client->fd in
 * any case.
 */
MUST_USE enum fault
dial_keeper(struct client *client, const struct client_options *options);

/* Sends the request.  A peer that is gone is no fault: it may have left an
 * answer.  Other faults as of packet_send_value(). */
MUST_USE enum fault
dial_send(struct client *client, const struct request *request);

/*
 * Receives the next packet, a row or a reply, which the caller wipes and frees.
 * FAULT_IO: none came within client->wait_ms; a private keeper is then killed.
 */
MUST_USE enum fault
dial_receive(struct client *client, char **ret, size_t *ret_len);

/* Reads a packet into value, which the caller frees, also after a fault.
 * FAULT_FORMAT, FAULT_LIMIT, FAULT_MEMORY. */
MUST_USE enum fault dial_read(struct client *client,
    const struct json_shape *shape, const char *text, size_t len, void *value);

/* dial_read() of a reply, which reply_done() frees; a fault leaves *ret. */
MUST_USE enum fault dial_read_reply(
    struct client *client, const char *text, size_t len, struct reply *ret);

/* Receives a reply, and reads it. */
MUST_USE enum fault dial_reply(struct client *client, struct reply *ret);

/* dial_keeper(), one request, and its reply. */
MUST_USE enum fault
dial_ask(struct client *client, const struct client_options *options,
    const struct request *request, struct reply *ret);

/*
 * *ret: "the keeper cannot be reached: ...", for that uid.  Root, and whoever
 * named a store, are told why; others, who cannot act on it, whom to tell.
 */
void dial_say_unreached(const struct client_options *options, uid_t uid,
    const char *why, char *ret, size_t size);

/* Writes client->why, "what: why".  Returns the fault. */
MUST_USE enum fault dial_fail(
    struct client *client, enum fault fault, const char *what, const char *why);

static inline void
dial_close(struct client *client)
{
	cleanup_fd(&client->fd);
	client->fd = -1;
}
#define scoped_dial __attribute__((cleanup(dial_close)))

#endif
