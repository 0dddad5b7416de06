#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "store/base/cleanup.h"
#include "store/wire/protocol.h"

/* clang-format off */
#define FIELD(type, k, member, n) \
	.key = #member, .kind = k, .need = n, JSON_AT(type, member)
#define TEXT(type, member) {FIELD(type, JSON_TEXT, member, JSON_MAYBE)}
#define FLAG(type, member) {FIELD(type, JSON_FLAG, member, JSON_MAYBE)}
#define COUNT(type, member, word) \
	{.key = word, .kind = JSON_NUMBER, .need = JSON_MAYBE, \
	    JSON_AT(type, member), .min = 0, .max = 1000000000000}
#define TIME(type, member, word) \
	{.key = word, .kind = JSON_FORM, .need = JSON_MAYBE, \
	    JSON_AT(type, member), .form = &json_form_time}
#define VERSION(type) \
	{.key = "v", .kind = JSON_NUMBER, .need = JSON_REQUIRED, \
	    JSON_AT(type, version), .min = PROTOCOL_VERSION, \
	    .max = PROTOCOL_VERSION}
#define STRING(type, member, most) \
	{FIELD(type, JSON_STRING, member, JSON_MAYBE), .max = (most)}

static const struct json_field request_fields[] = {
	[FIELD_VERSION] = VERSION(struct request),
	[FIELD_REQUEST] = {FIELD(struct request, JSON_TEXT, request,
	    JSON_REQUIRED)},
	[FIELD_ADDRESS] = TEXT(struct request, address),
	[FIELD_AUTH] = STRING(struct request, auth, 32768),
	[FIELD_AUTH_PATH] = TEXT(struct request, auth_path),
	[FIELD_COMMAND] = STRING(struct request, command, 1024),
	[FIELD_TERMINAL] = FLAG(struct request, terminal),
	[FIELD_SHELL] = FLAG(struct request, shell),
	[FIELD_CODE] = TEXT(struct request, code),
	[FIELD_ENROLL_CODE] = TEXT(struct request, enroll_code),
	[FIELD_DEVICE] = TEXT(struct request, device),
	[FIELD_USER] = TEXT(struct request, user),
	[FIELD_BLOCK] = FLAG(struct request, block),
	[FIELD_USE] = TEXT(struct request, use),
	[FIELD_AT] = TIME(struct request, at_s, "at"),
	[FIELD_SINCE] = TIME(struct request, since_s, "since"),
	[FIELD_DETAIL] = TEXT(struct request, detail),
	[FIELD_REASON] = TEXT(struct request, reason),
	[FIELD_IMPORT] = {FIELD(struct request, JSON_OBJECT, import, JSON_MAYBE),
	    .shape = &import_shape},
};
const struct json_shape request_shape = JSON_SHAPE(request_fields, NULL);

static const struct json_field note_item
    = {.kind = JSON_TEXT, .need = JSON_REQUIRED, .size = sizeof(struct note)};

#define NOTES(type, member, most) \
	{FIELD(type, JSON_LIST, member, JSON_MAYBE), .max = (most), \
	    .item = &note_item}

static const struct json_field reply_fields[] = {
	VERSION(struct reply),
	{FIELD(struct reply, JSON_TEXT, verdict, JSON_REQUIRED)},
	{FIELD(struct reply, JSON_TEXT, reason, JSON_REQUIRED)},
	TEXT(struct reply, message),
	NOTES(struct reply, notes, NOTES_MAX),
	FLAG(struct reply, may_skip),
	COUNT(struct reply, tries, "tries"),
	COUNT(struct reply, timeout_s, "timeout_s"),
	COUNT(struct reply, left_s, "left_s"),
	TEXT(struct reply, secret),
	TEXT(struct reply, issuer),
	TEXT(struct reply, user),
	STRING(struct reply, home, ACCOUNT_MAX),
	STRING(struct reply, shell, ACCOUNT_MAX),
	TEXT(struct reply, device),
	NOTES(struct reply, codes, CODES_MAX),
	NOTES(struct reply, key_files, KEY_FILES_MAX),
	FLAG(struct reply, unlisted),
	FLAG(struct reply, end),
};
const struct json_shape reply_shape = JSON_SHAPE(reply_fields, NULL);
/* clang-format on */

void
request_done(struct request *request)
{
	json_done(&request_shape, request);
}

void
reply_done(struct reply *reply)
{
	json_done(&reply_shape, reply);
}

enum fault
packet_send(int fd, const char *text)
{
	size_t len = strlen(text);
	ssize_t n;

	if (len > PACKET_MAX)
		return FAULT_LIMIT;
	do
		n = send(fd, text, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len ? FAULT_NONE : FAULT_IO;
}

enum fault
packet_send_value(int fd, const struct json_shape *shape, const void *value)
{
	scoped_json_text char *text = NULL;
	enum fault fault = json_write(shape, value, false, &text);

	return fault == FAULT_NONE ? packet_send(fd, text) : fault;
}

/* Whether fd has something to read within timeout_ms. */
static bool
wait_readable(int fd, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	int r;

	do
		r = poll(&p, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r == 1;
}

enum fault
packet_receive(int fd, int timeout_ms, char **ret, size_t *ret_len)
{
	char *text;
	ssize_t n;

	if (!wait_readable(fd, timeout_ms))
		return FAULT_IO;
	n = recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC | MSG_DONTWAIT);
	if (n <= 0)
		return n == 0 ? FAULT_ABSENT : FAULT_IO;
	if (n > PACKET_MAX)
		return FAULT_LIMIT;
	text = malloc((size_t)n + 1);
	if (text == NULL)
		return FAULT_MEMORY;
	if (recv(fd, text, (size_t)n, MSG_DONTWAIT) != n) {
		free(text);
		return FAULT_IO;
	}
	text[n] = '\0';
	*ret = text;
	*ret_len = (size_t)n;
	return FAULT_NONE;
}

bool
packet_peer(int fd, uid_t *ret_uid, pid_t *ret_pid)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);

	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
	    len != sizeof(peer))
		return false;
	*ret_uid = peer.uid;
	*ret_pid = peer.pid;
	return true;
}
