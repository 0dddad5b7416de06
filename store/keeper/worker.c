#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/base/descriptor.h"
#include "store/fleet/bastion.h"
#include "store/keeper/beat.h"
#include "store/keeper/confine.h"
#include "store/keeper/worker.h"

#define WORKER_FILES 128

/* Room for one descriptor beside a message; see cmsg(3). */
union control {
	struct cmsghdr align;
	char bytes[CMSG_SPACE(sizeof(int))];
};

bool
worker_give(int line, int fd, const struct conduct *conduct)
{
	struct iovec body = {.iov_base = (void *)(uintptr_t)conduct,
	    .iov_len = sizeof(*conduct)};
	union control control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &body,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(line, &message, MSG_NOSIGNAL | MSG_DONTWAIT) ==
	    (ssize_t)sizeof(*conduct);
}

/* Waits for the next connection; false if there will be none. */
static bool
take_next(int line, int *ret_fd, struct conduct *ret_conduct)
{
	struct iovec body = {
	    .iov_base = ret_conduct, .iov_len = sizeof(*ret_conduct)};
	union control control = {.bytes = {0}};
	struct msghdr message = {.msg_iov = &body,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	const struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(line, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	header = CMSG_FIRSTHDR(&message);
	if (n != (ssize_t)sizeof(*ret_conduct) || header == NULL ||
	    header->cmsg_type != SCM_RIGHTS)
		return false;
	memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	return true;
}

/* Closes the connections and lines of others, and a log that others write
 * to. */
static void
leave_the_rest(int line, int fd)
{
	int last = line > fd ? line : fd;

	keeper_open_log();
	for (int i = STDERR_FILENO + 1; i < last; i++)
		if (i != line && i != fd)
			close(i);
	if (!descriptor_close_from(last + 1))
		_exit(1);
}

/* Signals as by default, and no writing but in the store; if the kernel cannot
 * do that, the parent has said so. */
static void
settle_in(const struct keeper *keeper, const sigset_t *normal)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};

	sigaction(SIGTERM, &standard, NULL);
	sigaction(SIGINT, &standard, NULL);
	sigaction(SIGCHLD, &standard, NULL);
	sigprocmask(SIG_SETMASK, normal, NULL);
	keeper_limit_files(WORKER_FILES);
	(void)keeper_confine_writes(keeper->store);
}

/* Reports before it closes the connection: a peer that sees it closed may be
 * back at once, and must be counted by then. */
_Noreturn void
worker_run(const struct keeper *keeper, const sigset_t *normal, int line,
    int fd, const struct conduct *conduct)
{
	struct conduct current = *conduct;
	int report;

	leave_the_rest(line, fd);
	settle_in(keeper, normal);
	do {
		unsigned char byte;

		report = keeper_serve(keeper, fd, &current);
		byte = (unsigned char)report;
		if (send(line, &byte, 1, MSG_NOSIGNAL) != 1)
			_exit(1);
		close(fd);
	} while (
	    (report & REPORTED_CLEAN) != 0 && take_next(line, &fd, &current));
	_exit(0);
}

/* It ends, whatever it waits for, before the next one begins. */
_Noreturn void
worker_beat(const struct keeper *keeper, const sigset_t *normal)
{
	keeper_open_log();
	if (!descriptor_close_from(STDERR_FILENO + 1))
		_exit(1);
	settle_in(keeper, normal);
	alarm(BASTION_EACH_S - 5);
	keeper_beat(keeper);
	_exit(0);
}

int
worker_hear(int line)
{
	unsigned char byte = 0;

	return recv(line, &byte, 1, MSG_DONTWAIT) == 1 ? byte : 0;
}
