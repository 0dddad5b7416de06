#include "gate/own/tcp.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/unit/inject.h"

TestSuite(tcp, .timeout = 60);

/* A listener on loopback, and its port. */
static int
listener_of(int family, char ret_port[static ENDPOINT_PORT])
{
	union {
		struct sockaddr any;
		struct sockaddr_in four;
		struct sockaddr_in6 six;
	} here = {.any.sa_family = (sa_family_t)family};
	socklen_t size = sizeof(here);
	int fd = socket(family, SOCK_STREAM, 0);

	if (family == AF_INET)
		here.four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		here.six.sin6_addr = in6addr_loopback;
	cr_assert_eq(bind(fd, &here.any, size), 0);
	cr_assert_eq(listen(fd, 4), 0);
	cr_assert_eq(getsockname(fd, &here.any, &size), 0);
	snprintf(ret_port, ENDPOINT_PORT, "%d",
	    ntohs(family == AF_INET ? here.four.sin_port : here.six.sin6_port));
	return fd;
}

/* tcp_connect(), with what it wrote to standard error. */
static int
connect_said(const struct endpoint *endpoint, char *ret_said, size_t size)
{
	int saved = dup(STDERR_FILENO), pipes[2], fd;
	ssize_t n;

	cr_assert_eq(pipe(pipes), 0);
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
	fd = tcp_connect(endpoint);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	n = read(pipes[0], ret_said, size - 1);
	ret_said[n > 0 ? n : 0] = '\0';
	close(pipes[0]);
	return fd;
}

static struct endpoint
endpoint_of(const char *host, const char *port)
{
	struct endpoint endpoint;

	cr_assert(endpoint_parse(host, port, &endpoint), "%s", host);
	return endpoint;
}

Test(tcp, connects_to_addresses_of_both_families)
{
	static const struct {
		int family;
		const char *host;
	} cases[] = {{AF_INET, "127.0.0.1"}, {AF_INET6, "::1"},
	    {AF_INET6, "[::1]"}, {AF_INET, "localhost"}};
	char said[512], port[ENDPOINT_PORT];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		scoped_fd int listener = listener_of(cases[i].family, port);
		struct endpoint endpoint = endpoint_of(cases[i].host, port);
		scoped_fd int fd = connect_said(&endpoint, said, sizeof(said));

		cr_expect_geq(fd, 0, "%s: %s", cases[i].host, said);
		cr_expect_str_empty(said);
		cr_expect(fcntl(fd, F_GETFL) & O_NONBLOCK);
		cr_expect(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	}
}

Test(tcp, says_that_a_port_is_closed)
{
	char said[512], port[ENDPOINT_PORT], wanted[256];
	struct endpoint endpoint;

	close(listener_of(AF_INET, port));
	endpoint = endpoint_of("127.0.0.1", port);
	cr_expect_eq(connect_said(&endpoint, said, sizeof(said)), -1);
	snprintf(wanted, sizeof(wanted),
	    "tfa: no connection to 127.0.0.1 port %s: Connection refused\n",
	    port);
	cr_expect_str_eq(said, wanted);
	endpoint = endpoint_of("localhost", port);
	cr_expect_eq(connect_said(&endpoint, said, sizeof(said)), -1);
	snprintf(wanted, sizeof(wanted),
	    "tfa: no connection to localhost port %s at 127.0.0.1: Connection "
	    "refused\n",
	    port);
	cr_expect_not_null(strstr(said, wanted), "%s", said);
}

Test(tcp, says_that_a_name_is_not_known)
{
	struct endpoint endpoint = endpoint_of("no-such-host.invalid", "22");
	char said[512];

	cr_expect_eq(connect_said(&endpoint, said, sizeof(said)), -1);
	cr_expect_not_null(
	    strstr(said,
		"tfa: no connection to no-such-host.invalid port 22: "
		"its name cannot be looked up: "),
	    "%s", said);
}

/* An address of which nobody knows (RFC 5737); poll(2) fails in place of ten
 * seconds. */
Test(tcp, says_that_nobody_answered)
{
	char said[512], port[ENDPOINT_PORT];
	scoped_fd int listener = listener_of(AF_INET, port);
	struct endpoint endpoint = endpoint_of("127.0.0.1", port);

	inject_arm_call("poll", 1, ETIMEDOUT);
	cr_expect_eq(connect_said(&endpoint, said, sizeof(said)), -1);
	cr_expect(inject_disarm());
	cr_expect_not_null(strstr(said, ": it did not answer in time\n"));
	/* A signal is none. */
	inject_arm_call("poll", 1, EINTR);
	close(connect_said(&endpoint, said, sizeof(said)));
	cr_expect(inject_disarm());
	cr_expect_str_empty(said);
}
