#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "store/base/cleanup.h"
#include "store/base/when.h"
#include "store/wire/protocol.h"

/* A row: kind and need without JSON_, the struct by its name. */
#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field token_item = JSON_ITEM_OBJECT(
    struct token, &token_facts_shape);

static const struct json_field request_fields[] = {
    [FIELD_VERSION] = ROW(NUMBER, request, "v", REQUIRED, version,
	PROTOCOL_VERSION, PROTOCOL_VERSION),
    [FIELD_REQUEST] = ROW(TEXT, request, "request", REQUIRED, request),
    [FIELD_ADDRESS] = ROW(TEXT, request, "address", MAYBE, address),
    [FIELD_AUTH] = ROW(STRING, request, "auth", MAYBE, auth, AUTH_SENT),
    [FIELD_AUTH_PATH] = ROW(TEXT, request, "auth_path", MAYBE, auth_path),
    [FIELD_COMMAND] = ROW(STRING, request, "command", MAYBE, command, 1024),
    [FIELD_TERMINAL] = ROW(FLAG, request, "terminal", MAYBE, terminal),
    [FIELD_SHELL] = ROW(FLAG, request, "shell", MAYBE, shell),
    [FIELD_DOOR] = ROW(FLAG, request, "door", MAYBE, door),
    [FIELD_CODE] = ROW(TEXT, request, "code", MAYBE, code),
    [FIELD_ENROLL_CODE] = ROW(TEXT, request, "enroll_code", MAYBE, enroll_code),
    [FIELD_DEVICE] = ROW(TEXT, request, "device", MAYBE, device),
    [FIELD_USER] = ROW(TEXT, request, "user", MAYBE, user),
    [FIELD_BLOCK] = ROW(FLAG, request, "block", MAYBE, block),
    [FIELD_USE] = ROW(TEXT, request, "use", MAYBE, use),
    [FIELD_AT] = ROW(TIME, request, "at", MAYBE, at_s),
    [FIELD_SINCE] = ROW(TIME, request, "since", MAYBE, since_s),
    [FIELD_DETAIL] = ROW(TEXT, request, "detail", MAYBE, detail),
    [FIELD_REASON] = ROW(FORM, request, "reason", MAYBE, reason, &reason_form),
    [FIELD_IMPORT] = ROW(
	OBJECT, request, "import", MAYBE, import, &import_shape),
    [FIELD_TARGET] = ROW(TEXT, request, "target", MAYBE, target),
    [FIELD_FILE] = ROW(TEXT, request, "file", MAYBE, file),
    [FIELD_OFFSET] = ROW(
	NUMBER, request, "offset", MAYBE, offset, 0, INT64_C(1) << 53),
    [FIELD_STATES] = ROW(TEXT, request, "states", MAYBE, states),
    [FIELD_GROUP] = ROW(TEXT, request, "group", MAYBE, group),
    [FIELD_UNUSED] = ROW(
	NUMBER, request, "unused_s", MAYBE, unused_s, 0, WHEN_LAST_S),
    [FIELD_NO_DEVICE] = ROW(FLAG, request, "no_device", MAYBE, no_device),
    [FIELD_BATCH] = ROW(FLAG, request, "batch", MAYBE, batch),
    [FIELD_KEYS] = ROW(TEXT, request, "keys", MAYBE, keys),
    [FIELD_JUDGED] = ROW(FLAG, request, "judged", MAYBE, judged),
    [FIELD_LAST] = ROW(FLAG, request, "last", MAYBE, last),
    [FIELD_MARK] = ROW(TEXT, request, "mark", MAYBE, mark),
    [FIELD_HARDWARE] = ROW(
	CHOICE, request, "hardware", MAYBE, hardware, hardware_names),
    [FIELD_SERIAL] = ROW(TEXT, request, "serial", MAYBE, serial),
    [FIELD_TOKENS] = ROW(
	LIST, request, "tokens", MAYBE, tokens, TOKENS_SENT, &token_item),
    [FIELD_HOTP] = ROW(FLAG, request, "hotp", MAYBE, hotp),
};
const struct json_shape request_shape = JSON_SHAPE(request_fields, NULL);

static const struct json_field note_item = JSON_ITEM_TEXT(struct note);

static const struct json_field reply_fields[] = {
    ROW(NUMBER, reply, "v", REQUIRED, version, PROTOCOL_VERSION,
	PROTOCOL_VERSION),
    ROW(FORM, reply, "verdict", REQUIRED, verdict, &verdict_form),
    ROW(FORM, reply, "reason", REQUIRED, reason, &reason_form),
    ROW(TEXT, reply, "message", MAYBE, message),
    ROW(LIST, reply, "notes", MAYBE, notes, NOTES_MAX, &note_item),
    ROW(FLAG, reply, "may_skip", MAYBE, may_skip),
    ROW(FLAG, reply, "may_renew", MAYBE, may_renew),
    ROW(NUMBER, reply, "tries", MAYBE, tries, 0, JSON_COUNT_MAX),
    ROW(NUMBER, reply, "timeout_s", MAYBE, timeout_s, 0, JSON_COUNT_MAX),
    ROW(NUMBER, reply, "left_s", MAYBE, left_s, 0, JSON_COUNT_MAX),
    ROW(TEXT, reply, "secret", MAYBE, secret),
    ROW(TEXT, reply, "issuer", MAYBE, issuer),
    ROW(TEXT, reply, "user", MAYBE, user),
    ROW(STRING, reply, "home", MAYBE, home, ACCOUNT_MAX),
    ROW(STRING, reply, "shell", MAYBE, shell, ACCOUNT_MAX),
    ROW(TEXT, reply, "device", MAYBE, device),
    ROW(LIST, reply, "devices", MAYBE, devices, IMPORT_MAX, &note_item),
    ROW(NUMBER, reply, "account", MAYBE, account, 0, IMPORT_MAX),
    ROW(LIST, reply, "codes", MAYBE, codes, CODES_MAX, &note_item),
    ROW(LIST, reply, "key_files", MAYBE, key_files, KEY_FILES_MAX, &note_item),
    ROW(FLAG, reply, "unlisted", MAYBE, unlisted),
    ROW(LIST, reply, "hardware_files", MAYBE, hardware_files, KEY_FILES_MAX,
	&note_item),
    ROW(LIST, reply, "hardware_authorities", MAYBE, hardware_authorities,
	KEY_FILES_MAX, &note_item),
    ROW(TEXT, reply, "keys", MAYBE, keys),
    ROW(TIME, reply, "last_login", MAYBE, last_login_s),
    ROW(TEXT, reply, "last_from", MAYBE, last_from),
    ROW(NUMBER, reply, "added", MAYBE, added, 0, JSON_COUNT_MAX),
    ROW(FLAG, reply, "end", MAYBE, end),
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

/* True if fd can be read, or written, within timeout_ms. */
static bool
wait_ready(int fd, short events, int timeout_ms)
{
	struct pollfd p = {.fd = fd, .events = events};
	int r;

	do
		r = poll(&p, 1, timeout_ms);
	while (r < 0 && errno == EINTR);
	return r == 1;
}

enum fault
packet_send_bytes(int fd, int timeout_ms, const char *bytes, size_t len)
{
	char mark = PACKET_BYTES;
	struct iovec parts[] = {{.iov_base = &mark, .iov_len = 1},
	    {.iov_base = (void *)(uintptr_t)bytes, .iov_len = len}};
	struct msghdr message = {.msg_iov = parts, .msg_iovlen = 2};
	ssize_t n;

	if (len >= PACKET_MAX)
		return FAULT_LIMIT;
	do
		n = sendmsg(fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
	while (n < 0 &&
	    (errno == EINTR ||
		(errno == EAGAIN && wait_ready(fd, POLLOUT, timeout_ms))));
	return n == (ssize_t)len + 1 ? FAULT_NONE : FAULT_IO;
}

enum fault
packet_receive(int fd, int timeout_ms, char **ret, size_t *ret_len)
{
	char *text;
	ssize_t n;

	if (!wait_ready(fd, POLLIN, timeout_ms))
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
