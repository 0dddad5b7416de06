#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/fleet/line.h"

#define SEND_MS  500  /* for a link whose queue is full */
#define START_MS 2000 /* for one that starts */
#define PAUSE_MS 20

void
line_close(struct line *line)
{
	cleanup_fd(&line->fd);
	line->fd = -1;
}

static enum fault
line_fail(struct line *line, enum fault fault, const char *why)
{
	snprintf(
	    line->why, sizeof(line->why), "%.120s: %.100s", line->path, why);
	line_close(line);
	return fault;
}

/* The owner of the socket's folder.  False if others may write into it, and so
 * put another socket there. */
static bool
find_owner(const char *path, uid_t *ret)
{
	char folder[sizeof(((struct sockaddr_un *)0)->sun_path)];
	const char *slash = strrchr(path, '/');
	struct stat st;

	if (slash == NULL || slash == path)
		return false;
	snprintf(folder, sizeof(folder), "%.*s", (int)(slash - path), path);
	if (lstat(folder, &st) < 0 || !S_ISDIR(st.st_mode) ||
	    (st.st_mode & 022) != 0)
		return false;
	*ret = st.st_uid;
	return true;
}

static enum fault
check_link(struct line *line)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	uid_t owner = 0;

	if (getsockopt(line->fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return line_fail(line, FAULT_AWAY, strerror(errno));
	if (!find_owner(line->path, &owner))
		return line_fail(
		    line, FAULT_AWAY, "other users may write into its folder");
	if (peer.uid != 0 && peer.uid != owner)
		return line_fail(line, FAULT_AWAY,
		    "another user listens there than its folder belongs to");
	return FAULT_NONE;
}

/* 0, or why there is no connection. */
static int
line_dial(struct line *line)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval limit = {.tv_usec = SEND_MS * 1000};
	size_t len = strlen(line->path);
	int error;

	if (len >= sizeof(address.sun_path))
		return ENAMETOOLONG;
	memcpy(address.sun_path, line->path, len);
	line->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	/* The limit holds for connect(2), too. */
	if (line->fd >= 0 &&
	    setsockopt(line->fd, SOL_SOCKET, SO_SNDTIMEO, &limit,
		sizeof(limit)) == 0 &&
	    connect(line->fd, (const struct sockaddr *)&address,
		sizeof(address)) == 0)
		return 0;
	error = errno;
	line_close(line);
	return error;
}

/* Since when nobody listens: since now_ms, if nobody has noticed before. */
static int64_t
note_down(struct line *line, int64_t now_ms)
{
	int64_t since_ms = 0;

	return line->down_ms == NULL ||
		atomic_compare_exchange_strong(line->down_ms, &since_ms, now_ms)
	    ? now_ms
	    : since_ms;
}

static void
forget_down(struct line *line)
{
	if (line->down_ms != NULL)
		atomic_store(line->down_ms, 0);
}

/*
 * True if the link may be there in a moment.  One that is being started again is
 * away for less than START_MS, and its folder stays.  systemd takes the folder
 * away from one that is not to run; elsewhere only the time tells, and one login
 * waits for it, not each.
 */
static bool
may_be_starting(struct line *line, int error, int64_t began_ms)
{
	int64_t since_ms = began_ms;
	uid_t owner;

	if (!find_owner(line->path, &owner)) {
		forget_down(line);
		return false;
	}
	if (error == ENOENT || error == ECONNREFUSED)
		since_ms = note_down(line, began_ms);
	return clock_ms() - since_ms < START_MS;
}

static enum fault
line_open(struct line *line, int64_t until_ms)
{
	int64_t began_ms = clock_ms();
	int error;

	while ((error = line_dial(line)) != 0 &&
	    may_be_starting(line, error, began_ms) && clock_ms() < until_ms)
		poll(NULL, 0, PAUSE_MS);
	if (error != 0)
		return line_fail(line, FAULT_AWAY, strerror(error));
	forget_down(line);
	return check_link(line);
}

static bool
send_packet(struct line *line, const char *text, size_t len)
{
	ssize_t n;

	do
		n = send(line->fd, text, len, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

/* A link that was started anew has closed the line, which the kernel tells
 * before it takes the packet: then a new line is as good. */
enum fault
line_send(struct line *line, const char *request, int64_t until_ms)
{
	size_t len = strlen(request);
	enum fault fault;

	if (len > LINE_PACKET)
		return line_fail(line, FAULT_LIMIT, "a request is too long");
	if (line->fd >= 0 && send_packet(line, request, len))
		return FAULT_NONE;
	line_close(line);
	fault = line_open(line, until_ms);
	if (fault != FAULT_NONE)
		return fault;
	return send_packet(line, request, len)
	    ? FAULT_NONE
	    : line_fail(line, FAULT_AWAY, strerror(errno));
}

static bool
wait_for(int fd, int64_t until_ms)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	int64_t left_ms;
	int n;

	do {
		left_ms = until_ms - clock_ms();
		n = poll(&ready, 1, left_ms > 0 ? (int)left_ms : 0);
	} while (n < 0 && errno == EINTR);
	return n == 1;
}

/* Takes one packet into text, which has room for LINE_PACKET bytes and a NUL. */
static enum fault
receive_answer(struct line *line, int64_t until_ms, char *text, size_t *ret_len)
{
	ssize_t n;

	if (!wait_for(line->fd, until_ms))
		return line_fail(line, FAULT_UNSURE, "no answer in time");
	do
		n = recv(line->fd, text, LINE_PACKET, MSG_TRUNC);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return line_fail(
		    line, FAULT_UNSURE, "closed without an answer");
	if (n > (ssize_t)LINE_PACKET)
		return line_fail(line, FAULT_LIMIT, "an answer is too long");
	text[n] = '\0';
	*ret_len = (size_t)n;
	return FAULT_NONE;
}

enum fault
line_receive(struct line *line, int64_t until_ms, char **ret, size_t *ret_len)
{
	scoped_free char *text = malloc(LINE_PACKET + 1);
	enum fault fault;

	if (text == NULL)
		return line_fail(line, FAULT_MEMORY, "out of memory");
	fault = receive_answer(line, until_ms, text, ret_len);
	if (fault != FAULT_NONE)
		return fault;
	*ret = take(text);
	return FAULT_NONE;
}

enum fault
line_ask(struct line *line, const char *request, int64_t until_ms, char **ret,
    size_t *ret_len)
{
	enum fault fault = line_send(line, request, until_ms);

	return fault == FAULT_NONE ? line_receive(line, until_ms, ret, ret_len)
				   : fault;
}
