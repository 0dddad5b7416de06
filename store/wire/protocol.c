#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "store/base/cleanup.h"
#include "store/wire/protocol.h"

static const struct json_field request_fields[] = {
    [FIELD_VERSION] = JSON_ROW_NUMBER("v", JSON_REQUIRED, struct request,
	version, PROTOCOL_VERSION, PROTOCOL_VERSION),
    [FIELD_REQUEST] = JSON_ROW_TEXT(
	"request", JSON_REQUIRED, struct request, request),
    [FIELD_ADDRESS] = JSON_ROW_TEXT(
	"address", JSON_MAYBE, struct request, address),
    [FIELD_AUTH] = JSON_ROW_STRING(
	"auth", JSON_MAYBE, struct request, auth, 32768),
    [FIELD_AUTH_PATH] = JSON_ROW_TEXT(
	"auth_path", JSON_MAYBE, struct request, auth_path),
    [FIELD_COMMAND] = JSON_ROW_STRING(
	"command", JSON_MAYBE, struct request, command, 1024),
    [FIELD_TERMINAL] = JSON_ROW_FLAG(
	"terminal", JSON_MAYBE, struct request, terminal),
    [FIELD_SHELL] = JSON_ROW_FLAG("shell", JSON_MAYBE, struct request, shell),
    [FIELD_CODE] = JSON_ROW_TEXT("code", JSON_MAYBE, struct request, code),
    [FIELD_ENROLL_CODE] = JSON_ROW_TEXT(
	"enroll_code", JSON_MAYBE, struct request, enroll_code),
    [FIELD_DEVICE] = JSON_ROW_TEXT(
	"device", JSON_MAYBE, struct request, device),
    [FIELD_USER] = JSON_ROW_TEXT("user", JSON_MAYBE, struct request, user),
    [FIELD_BLOCK] = JSON_ROW_FLAG("block", JSON_MAYBE, struct request, block),
    [FIELD_USE] = JSON_ROW_TEXT("use", JSON_MAYBE, struct request, use),
    [FIELD_AT] = JSON_ROW_TIME("at", JSON_MAYBE, struct request, at_s),
    [FIELD_SINCE] = JSON_ROW_TIME("since", JSON_MAYBE, struct request, since_s),
    [FIELD_DETAIL] = JSON_ROW_TEXT(
	"detail", JSON_MAYBE, struct request, detail),
    [FIELD_REASON] = JSON_ROW_FORM(
	"reason", JSON_MAYBE, struct request, reason, &reason_form),
    [FIELD_IMPORT] = JSON_ROW_OBJECT(
	"import", JSON_MAYBE, struct request, import, &import_shape),
};
const struct json_shape request_shape = JSON_SHAPE(request_fields, NULL);

static const struct json_field note_item = JSON_ITEM_TEXT(struct note);

static const struct json_field reply_fields[] = {
    JSON_ROW_NUMBER("v", JSON_REQUIRED, struct reply, version, PROTOCOL_VERSION,
	PROTOCOL_VERSION),
    JSON_ROW_FORM(
	"verdict", JSON_REQUIRED, struct reply, verdict, &verdict_form),
    JSON_ROW_FORM("reason", JSON_REQUIRED, struct reply, reason, &reason_form),
    JSON_ROW_TEXT("message", JSON_MAYBE, struct reply, message),
    JSON_ROW_LIST(
	"notes", JSON_MAYBE, struct reply, notes, NOTES_MAX, &note_item),
    JSON_ROW_FLAG("may_skip", JSON_MAYBE, struct reply, may_skip),
    JSON_ROW_NUMBER(
	"tries", JSON_MAYBE, struct reply, tries, 0, JSON_COUNT_MAX),
    JSON_ROW_NUMBER(
	"timeout_s", JSON_MAYBE, struct reply, timeout_s, 0, JSON_COUNT_MAX),
    JSON_ROW_NUMBER(
	"left_s", JSON_MAYBE, struct reply, left_s, 0, JSON_COUNT_MAX),
    JSON_ROW_TEXT("secret", JSON_MAYBE, struct reply, secret),
    JSON_ROW_TEXT("issuer", JSON_MAYBE, struct reply, issuer),
    JSON_ROW_TEXT("user", JSON_MAYBE, struct reply, user),
    JSON_ROW_STRING("home", JSON_MAYBE, struct reply, home, ACCOUNT_MAX),
    JSON_ROW_STRING("shell", JSON_MAYBE, struct reply, shell, ACCOUNT_MAX),
    JSON_ROW_TEXT("device", JSON_MAYBE, struct reply, device),
    JSON_ROW_LIST(
	"codes", JSON_MAYBE, struct reply, codes, CODES_MAX, &note_item),
    JSON_ROW_LIST("key_files", JSON_MAYBE, struct reply, key_files,
	KEY_FILES_MAX, &note_item),
    JSON_ROW_FLAG("unlisted", JSON_MAYBE, struct reply, unlisted),
    JSON_ROW_FLAG("end", JSON_MAYBE, struct reply, end),
};
const struct json_shape reply_shape = JSON_SHAPE(reply_fields, NULL);

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

/* True if fd has something to read within timeout_ms. */
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
