#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/scenario/listener.h"
#include "tests/scenario/scenario.h"

int
listener_open(int family, int *ret_port)
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} here = {.any.sa_family = (sa_family_t)family};
	socklen_t size = sizeof(here);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (family == AF_INET)
		here.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		here.six.sin6_addr = in6addr_loopback;
	if (bind(fd, &here.any, size) != 0 || listen(fd, 8) != 0 ||
	    getsockname(fd, &here.any, &size) != 0)
		fail("no listener");
	*ret_port = ntohs(
	    family == AF_INET ? here.four.sin_port : here.six.sin6_port);
	return fd;
}

static bool
is_ready(int fd, int limit_ms)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};

	return poll(&ready, 1, limit_ms) == 1;
}

int
listener_next(int fd, int limit_ms)
{
	while (is_ready(fd, limit_ms)) {
		int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
		char byte;

		if (peer < 0)
			fail("no connection");
		if (is_ready(peer, LISTENER_MS) &&
		    recv(peer, &byte, 1, MSG_PEEK) == 1)
			return peer;
		close(peer);
	}
	return -1;
}

int
listener_accept(int fd)
{
	int peer = listener_next(fd, LISTENER_MS);

	if (peer < 0)
		fail("nobody came");
	return peer;
}

bool
listener_is_asked(int fd)
{
	int peer = listener_next(fd, 0);

	if (peer >= 0)
		close(peer);
	return peer >= 0;
}

pid_t
listener_answer(int fd, const char *words)
{
	pid_t pid = fork();
	char asked[64];
	int peer;

	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGPIPE, SIG_IGN);
	while ((peer = listener_next(fd, -1)) >= 0) {
		if (read(peer, asked, sizeof(asked)) > 0)
			(void)!write(peer, words, strlen(words));
		close(peer);
	}
	_exit(0);
}
