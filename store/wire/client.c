#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/wire/client.h"
#include "store/system/passwd.h"
#include "store/wire/sibling.h"

#define SEND_S 10 /* to connect, and to send */

bool
client_settle(struct client_options *options)
{
	if (options->store != NULL ? options->socket != NULL
				   : options->policy != NULL)
		return false;
	if (options->socket == NULL)
		options->socket = CLIENT_SOCKET;
	if (options->keeper_user == NULL)
		options->keeper_user = CLIENT_USER;
	return true;
}

static enum fault
client_fail(
    struct client *client, enum fault fault, const char *what, const char *why)
{
	snprintf(client->why, sizeof(client->why), "%.160s: %.80s", what, why);
	return fault;
}

/* Only root and the keeper's own user may answer. */
static enum fault
check_peer(struct client *client, const struct client_options *options)
{
	const struct passwd *pw;
	uid_t uid;
	pid_t pid;

	if (!packet_peer(client->fd, &uid, &pid))
		return client_fail(
		    client, FAULT_IO, options->socket, strerror(errno));
	if (uid == 0)
		return FAULT_NONE;
	if (passwd_named(options->keeper_user, &pw) == FAULT_NONE &&
	    pw->pw_uid == uid)
		return FAULT_NONE;
	return client_fail(client, FAULT_ACCESS, options->socket,
	    "answered by a user who is neither root nor the keeper's");
}

static enum fault
connect_socket(struct client *client, const struct client_options *options)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = SEND_S};
	size_t len = strlen(options->socket);

	if (options->wait_ms > 0)
		limit = (struct timeval){.tv_sec = options->wait_ms / 1000,
		    .tv_usec = options->wait_ms % 1000 * 1000};
	if (len >= sizeof(address.sun_path))
		return client_fail(
		    client, FAULT_LIMIT, options->socket, "too long");
	memcpy(address.sun_path, options->socket, len);
	client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (client->fd < 0 ||
	    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
		sizeof(limit)) < 0 ||
	    connect(client->fd, (const struct sockaddr *)&address,
		sizeof(address)) < 0)
		return client_fail(client,
		    errno == ENOENT ? FAULT_ABSENT : FAULT_IO, options->socket,
		    strerror(errno));
	return check_peer(client, options);
}

static enum fault
start_keeper(struct client *client, const struct client_options *options)
{
	char *args[] = {(char *)"tfa-keeper", (char *)"--stdio",
	    (char *)"--store", (char *)options->store,
	    options->policy != NULL ? (char *)"--policy" : NULL,
	    (char *)options->policy, NULL};
	char what[sizeof(client->why)];
	struct sibling keeper;
	enum fault fault = sibling_start(
	    args, false, &keeper, what, sizeof(what));

	client->fd = keeper.fd;
	client->keeper = keeper.pid;
	return fault == FAULT_NONE
	    ? fault
	    : client_fail(client, fault, what, strerror(errno));
}

/* Connects and sends the request; client_close() in any case. */
static enum fault
client_open(const struct client_options *options, const struct request *request,
    struct client *ret)
{
	enum fault fault;

	*ret = (struct client){.fd = -1,
	    .wait_ms = options->wait_ms > 0 ? options->wait_ms
					    : CLIENT_WAIT_MS};
	fault = options->store != NULL ? start_keeper(ret, options)
				       : connect_socket(ret, options);
	if (fault != FAULT_NONE)
		return fault;
	fault = packet_send_value(ret->fd, &request_shape, request);
	/* A keeper that is busy says so and closes before it reads. */
	return fault == FAULT_IO ? FAULT_NONE : fault;
}

/* Receives the next packet, a row or a reply. */
static enum fault
client_next(struct client *client, char **ret, size_t *ret_len)
{
	enum fault fault;

	errno = 0;
	fault = packet_receive(client->fd, client->wait_ms, ret, ret_len);
	if (fault == FAULT_NONE)
		return fault;
	client->unread = errno == ECONNRESET;
	/* client_close() waits for a private keeper. */
	if (client->keeper > 0)
		kill(client->keeper, SIGKILL);
	return client_fail(client, FAULT_IO, "the keeper", "gave no answer");
}

/* A row has no "v". */
static bool
is_reply(const char *packet)
{
	static const char start[] = "{\"v\":";

	return strncmp(packet, start, sizeof(start) - 1) == 0;
}

void
client_close(struct client *client)
{
	struct sibling keeper = {.fd = client->fd, .pid = client->keeper};

	sibling_end(&keeper);
	client->fd = -1;
	client->keeper = 0;
}

/* Reads a packet into value, which the caller frees, also after a fault. */
static enum fault
read_packet(struct client *client, const struct json_shape *shape,
    const char *text, size_t len, void *value)
{
	struct json_error error;
	enum fault fault = json_read(
	    shape, text, len, PACKET_MAX, value, &error);

	if (fault != FAULT_NONE)
		snprintf(client->why, sizeof(client->why),
		    "bad answer: %s: %.140s", error.path, error.text);
	return fault;
}

static enum fault
read_reply(
    struct client *client, const char *text, size_t len, struct reply *ret)
{
	struct reply reply = {.version = 0};
	enum fault fault = read_packet(client, &reply_shape, text, len, &reply);

	if (fault == FAULT_NONE)
		*ret = reply;
	else
		reply_done(&reply);
	return fault;
}

static enum fault
next_reply(struct client *client, struct reply *ret)
{
	scoped_json_text char *text = NULL;
	size_t len = 0;
	enum fault fault = client_next(client, &text, &len);

	return fault == FAULT_NONE ? read_reply(client, text, len, ret) : fault;
}

/* FAULT_STALE: nobody read the request there, so it may be sent elsewhere.  A
 * code that was read is judged, whatever became of the answer. */
static enum fault
ask_again(
    struct client *client, const struct request *request, struct reply *ret)
{
	enum fault fault = packet_send_value(
	    client->fd, &request_shape, request);

	if (fault != FAULT_NONE)
		return fault == FAULT_IO ? FAULT_STALE : fault;
	fault = next_reply(client, ret);
	return fault == FAULT_IO && client->unread ? FAULT_STALE : fault;
}

enum fault
client_follow(struct client *client, const struct client_options *options,
    const struct request *request, struct reply *ret)
{
	enum fault fault = FAULT_STALE;

	if (client->fd >= 0)
		fault = ask_again(client, request, ret);
	if (fault != FAULT_STALE)
		return fault;
	client_close(client);
	fault = client_open(options, request, client);
	return fault == FAULT_NONE ? next_reply(client, ret) : fault;
}

enum fault
client_call(const struct client_options *options, const struct request *request,
    struct reply *ret, char *ret_why, size_t size)
{
	scoped_client struct client client = {.fd = -1};
	enum fault fault = client_follow(&client, options, request, ret);

	if (fault != FAULT_NONE)
		snprintf(ret_why, size, "%s", client.why);
	return fault;
}

static enum fault
take_stream_row(struct client *client, const struct client_rows *rows,
    const char *text, size_t len)
{
	enum fault fault;

	json_done(rows->shape, rows->row);
	fault = read_packet(client, rows->shape, text, len, rows->row);
	if (fault == FAULT_NONE && rows->each != NULL &&
	    !rows->each(rows->ctx, text))
		fault = client_fail(
		    client, FAULT_MEMORY, "its answer", "out of memory");
	if (fault != FAULT_NONE || rows->each != NULL)
		json_done(rows->shape, rows->row);
	return fault;
}

static enum fault
take_stream(
    struct client *client, const struct client_rows *rows, struct reply *ret)
{
	for (;;) {
		scoped_json_text char *text = NULL;
		size_t len = 0;
		enum fault fault = client_next(client, &text, &len);

		if (fault == FAULT_NONE && is_reply(text))
			return read_reply(client, text, len, ret);
		if (fault == FAULT_NONE)
			fault = take_stream_row(client, rows, text, len);
		if (fault != FAULT_NONE)
			return fault;
	}
}

enum fault
client_stream(const struct client_options *options,
    const struct request *request, const struct client_rows *rows,
    struct reply *ret, char *ret_why, size_t size)
{
	scoped_client struct client client = {.fd = -1};
	enum fault fault = client_open(options, request, &client);

	memset(rows->row, 0, rows->size);
	if (fault == FAULT_NONE)
		fault = take_stream(&client, rows, ret);
	if (fault != FAULT_NONE)
		snprintf(ret_why, size, "%s", client.why);
	return fault;
}
