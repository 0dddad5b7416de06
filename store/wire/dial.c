#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/system/passwd.h"
#include "store/wire/dial.h"

#define SEND_S 10 /* to connect, and to send */

enum fault
dial_fail(
    struct client *client, enum fault fault, const char *what, const char *why)
{
	snprintf(client->why, sizeof(client->why), "%.160s: %.80s", what, why);
	return fault;
}

void
dial_say_unreached(const struct client_options *options, uid_t uid,
    const char *why, char *ret, size_t size)
{
	snprintf(ret, size, "the keeper cannot be reached: %s",
	    uid == 0 || options->store != NULL ? why
					       : "tell your administrator");
}

/* Only root and the keeper's own user may answer. */
static enum fault
check_peer(struct client *client, const struct client_options *options)
{
	const struct passwd *pw;
	uid_t uid;
	pid_t pid;

	if (!packet_peer(client->fd, &uid, &pid))
		return dial_fail(
		    client, FAULT_IO, options->socket, strerror(errno));
	if (uid == 0)
		return FAULT_NONE;
	if (passwd_named(options->keeper_user, &pw) == FAULT_NONE &&
	    pw->pw_uid == uid)
		return FAULT_NONE;
	return dial_fail(client, FAULT_ACCESS, options->socket,
	    "answered by a user who is neither root nor the keeper's");
}

enum fault
dial_keeper(struct client *client, const struct client_options *options)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_sec = SEND_S};
	size_t len = strlen(options->socket);

	if (options->wait_ms > 0)
		limit = (struct timeval){.tv_sec = options->wait_ms / 1000,
		    .tv_usec = options->wait_ms % 1000 * 1000};
	if (len >= sizeof(address.sun_path))
		return dial_fail(
		    client, FAULT_LIMIT, options->socket, "too long");
	memcpy(address.sun_path, options->socket, len);
	client->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (client->fd < 0 ||
	    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
		sizeof(limit)) < 0 ||
	    connect(client->fd, (const struct sockaddr *)&address,
		sizeof(address)) < 0)
		return dial_fail(client,
		    errno == ENOENT ? FAULT_ABSENT : FAULT_IO, options->socket,
		    strerror(errno));
	return check_peer(client, options);
}

enum fault
dial_send(struct client *client, const struct request *request)
{
	enum fault fault = packet_send_value(
	    client->fd, &request_shape, request);

	/* A keeper that is busy says so and closes before it reads. */
	return fault == FAULT_IO ? FAULT_NONE : fault;
}

enum fault
dial_receive(struct client *client, char **ret, size_t *ret_len)
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
	return dial_fail(client, FAULT_IO, "the keeper", "gave no answer");
}

enum fault
dial_read(struct client *client, const struct json_shape *shape,
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

enum fault
dial_read_reply(
    struct client *client, const char *text, size_t len, struct reply *ret)
{
	struct reply reply = {.version = 0};
	enum fault fault = dial_read(client, &reply_shape, text, len, &reply);

	if (fault == FAULT_NONE)
		*ret = reply;
	else
		reply_done(&reply);
	return fault;
}

enum fault
dial_reply(struct client *client, struct reply *ret)
{
	scoped_json_text char *text = NULL;
	size_t len = 0;
	enum fault fault = dial_receive(client, &text, &len);

	return fault == FAULT_NONE ? dial_read_reply(client, text, len, ret)
				   : fault;
}

enum fault
dial_ask(struct client *client, const struct client_options *options,
    const struct request *request, struct reply *ret)
{
	enum fault fault = dial_keeper(client, options);

	if (fault == FAULT_NONE)
		fault = dial_send(client, request);
	return fault == FAULT_NONE ? dial_reply(client, ret) : fault;
}
