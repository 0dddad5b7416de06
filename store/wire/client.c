#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/base/utf8.h"
#include "store/wire/client.h"
#include "store/wire/dial.h"
#include "store/wire/sibling.h"

const char *
client_unfit(const struct client_options *options)
{
	if (options->store != NULL && options->socket != NULL)
		return "--store and --socket exclude each other";
	if (options->store == NULL && options->policy != NULL)
		return "--policy needs --store: the keeper at a socket has a "
		       "policy of its own";
	return NULL;
}

bool
client_settle(struct client_options *options)
{
	if (client_unfit(options) != NULL)
		return false;
	if (options->socket == NULL)
		options->socket = CLIENT_SOCKET;
	if (options->keeper_user == NULL)
		options->keeper_user = CLIENT_USER;
	return true;
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
	    : dial_fail(client, fault, what, strerror(errno));
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
				       : dial_keeper(ret, options);
	return fault == FAULT_NONE ? dial_send(ret, request) : fault;
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
	fault = dial_reply(client, ret);
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
	return fault == FAULT_NONE ? dial_reply(client, ret) : fault;
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

/* A row that nobody looks into is passed on as it is, but steers no terminal. */
static enum fault
pass_row(struct client *client, const struct client_rows *rows, char *text,
    size_t len)
{
	if (text[0] != '{' || text[len - 1] != '}')
		return dial_fail(
		    client, FAULT_FORMAT, "bad answer", "no row of JSON");
	if (!utf8_is_clean(text))
		utf8_clean(text, len, text, len + 1);
	return rows->each(rows->ctx, text)
	    ? FAULT_NONE
	    : dial_fail(client, FAULT_MEMORY, "its answer", "out of memory");
}

static enum fault
take_stream_row(struct client *client, const struct client_rows *rows,
    char *text, size_t len)
{
	enum fault fault;

	if (rows->shape == NULL)
		return pass_row(client, rows, text, len);
	json_done(rows->shape, rows->row);
	fault = dial_read(client, rows->shape, text, len, rows->row);
	if (fault == FAULT_NONE && rows->each != NULL &&
	    !rows->each(rows->ctx, text))
		fault = dial_fail(
		    client, FAULT_MEMORY, "its answer", "out of memory");
	if (fault != FAULT_NONE || rows->each != NULL)
		json_done(rows->shape, rows->row);
	return fault;
}

/* A packet may have several rows, each on a line of its own. */
static enum fault
take_packet(struct client *client, const struct client_rows *rows, char *text,
    size_t len)
{
	enum fault fault = FAULT_NONE;

	for (char *end = text + len; fault == FAULT_NONE && text <= end;) {
		char *newline = memchr(text, '\n', (size_t)(end - text));
		char *row = text;

		if (newline == NULL)
			newline = end;
		*newline = '\0';
		text = newline + 1;
		fault = take_stream_row(
		    client, rows, row, (size_t)(newline - row));
	}
	return fault;
}

static enum fault
take_bytes(struct client *client, const struct client_rows *rows,
    client_bytes *bytes, char *text, size_t len)
{
	return bytes(rows->ctx, text + 1, len - 1)
	    ? FAULT_NONE
	    : dial_fail(client, FAULT_MEMORY, "its answer", "out of memory");
}

static enum fault
take_stream(struct client *client, const struct client_rows *rows,
    client_bytes *bytes, struct reply *ret)
{
	for (;;) {
		scoped_json_text char *text = NULL;
		size_t len = 0;
		enum fault fault = dial_receive(client, &text, &len);

		if (fault == FAULT_NONE && is_reply(text))
			return dial_read_reply(client, text, len, ret);
		if (fault == FAULT_NONE)
			fault = bytes != NULL && text[0] == PACKET_BYTES
			    ? take_bytes(client, rows, bytes, text, len)
			    : take_packet(client, rows, text, len);
		if (fault != FAULT_NONE)
			return fault;
	}
}

enum fault
client_stream_files(const struct client_options *options,
    const struct request *request, const struct client_rows *rows,
    client_bytes *bytes, struct reply *ret, char *ret_why, size_t size)
{
	scoped_client struct client client = {.fd = -1};
	enum fault fault = client_open(options, request, &client);

	if (rows->row != NULL)
		memset(rows->row, 0, rows->size);
	if (fault == FAULT_NONE)
		fault = take_stream(&client, rows, bytes, ret);
	if (fault != FAULT_NONE)
		snprintf(ret_why, size, "%s", client.why);
	return fault;
}

enum fault
client_stream(const struct client_options *options,
    const struct request *request, const struct client_rows *rows,
    struct reply *ret, char *ret_why, size_t size)
{
	return client_stream_files(
	    options, request, rows, NULL, ret, ret_why, size);
}
