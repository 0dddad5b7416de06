#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gate/own/tcp.h"
#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/system/child.h"

/* Waits until a connection stands.  0, or errno. */
static int
wait_connected(int fd, long long end_ms)
{
	struct pollfd ready = {.fd = fd, .events = POLLOUT};
	socklen_t size = sizeof(int);
	int error = 0, r;

	do {
		long long left_ms = end_ms - clock_ms();

		r = poll(&ready, 1, left_ms > 0 ? (int)left_ms : 0);
	} while (r < 0 && errno == EINTR);
	if (r <= 0)
		return r == 0 ? ETIMEDOUT : errno;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		return errno;
	return error;
}

/* 0 with *ret_fd connected, or errno. */
static int
try_address(const struct addrinfo *address, long long end_ms, int *ret_fd)
{
	const int on = 1;
	scoped_fd int fd = socket(
	    address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error = 0;

	if (fd < 0)
		return errno;
	if (connect(fd, address->ai_addr, address->ai_addrlen) < 0) {
		if (errno != EINPROGRESS && errno != EINTR)
			return errno;
		error = wait_connected(fd, end_ms);
	}
	if (error != 0)
		return error;
	/* Typed keys leave at once, and a peer that vanished is noticed. */
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	*ret_fd = take_fd(&fd);
	return 0;
}

static void
note_failure(FILE *failures, const struct endpoint *endpoint,
    const struct addrinfo *address, int error)
{
	char digits[NI_MAXHOST] = "?";

	(void)getnameinfo(address->ai_addr, address->ai_addrlen, digits,
	    sizeof(digits), NULL, 0, NI_NUMERICHOST);
	fprintf(failures, "tfa: no connection to %s port %s", endpoint->host,
	    endpoint->port);
	if (strcmp(digits, endpoint->host) != 0)
		fprintf(failures, " at %s", digits);
	fprintf(failures, ": %s\n",
	    error == ETIMEDOUT ? "it did not answer in time" : strerror(error));
}

/* Failures are said only if no address answers: the first address of many a
 * name is an IPv6 one that leads nowhere. */
static int
try_each(const struct endpoint *endpoint, const struct addrinfo *address,
    FILE *failures)
{
	long long end_ms = clock_ms() + TCP_ALL_MS;
	int fd = -1;

	for (; address != NULL; address = address->ai_next) {
		long long each_ms = clock_ms() + TCP_EACH_MS;
		int error = try_address(
		    address, each_ms < end_ms ? each_ms : end_ms, &fd);

		if (error == 0)
			break;
		note_failure(failures, endpoint, address, error);
		if (clock_ms() >= end_ms)
			break;
	}
	return fd;
}

static void
say_unknown(const struct endpoint *endpoint, int error)
{
	fprintf(stderr,
	    "tfa: no connection to %s port %s: its name cannot be "
	    "looked up: %s\n",
	    endpoint->host, endpoint->port,
	    error == EAI_SYSTEM ? strerror(errno) : gai_strerror(error));
}

int
tcp_connect(const struct endpoint *endpoint)
{
	const struct addrinfo hints = {
	    .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *addresses = NULL;
	scoped_free char *said = NULL;
	size_t size = 0;
	FILE *failures;
	int fd, error;

	error = getaddrinfo(endpoint->host, endpoint->port, &hints, &addresses);
	if (error != 0) {
		say_unknown(endpoint, error);
		return -1;
	}
	failures = open_memstream(&said, &size);
	fd = failures != NULL ? try_each(endpoint, addresses, failures) : -1;
	freeaddrinfo(addresses);
	if (failures == NULL || fclose(failures) != 0)
		fputs("tfa: out of memory\n", stderr);
	else if (fd < 0)
		fputs(said, stderr);
	return fd;
}
