/* A process that relays, with this test at its three ends. */
#include "gate/own/relay.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

#define BROKE_OFF   40 /* the status of a relay that says so */
#define LARGE       (32UL << 20)
#define PIECE       50000
#define SLEEP_TRIES 5000

TestSuite(relay, .timeout = 60);

/* The form of standard input and output: sshd has used both. */
enum form {
	PIPES,
	SOCKET, /* one for both */
};

struct ends {
	int in, out; /* what a client writes and reads; one socket, or two */
	int far;     /* the other host's end */
	pid_t pid;
};

static void
pair_of_pipes(int ret_ours[2], int ret_theirs[2])
{
	int in[2], out[2];

	cr_assert_eq(pipe2(in, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	ret_ours[0] = in[1];
	ret_ours[1] = out[0];
	ret_theirs[0] = in[0];
	ret_theirs[1] = out[1];
}

static void
pair_of_sockets(int ret_ours[2], int ret_theirs[2])
{
	int pair[2];

	cr_assert_eq(
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
	ret_ours[0] = pair[0];
	ret_ours[1] = dup(pair[0]);
	ret_theirs[0] = pair[1];
	ret_theirs[1] = dup(pair[1]);
}

/* A TCP connection on loopback, which can be reset. */
static void
tcp_pair(int ret[2])
{
	struct sockaddr_in here = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(here);
	int listener = socket(AF_INET, SOCK_STREAM, 0);

	cr_assert_eq(bind(listener, (struct sockaddr *)&here, size), 0);
	cr_assert_eq(listen(listener, 1), 0);
	cr_assert_eq(getsockname(listener, (struct sockaddr *)&here, &size), 0);
	ret[0] = socket(AF_INET, SOCK_STREAM, 0);
	cr_assert_eq(connect(ret[0], (struct sockaddr *)&here, size), 0);
	ret[1] = accept(listener, NULL, NULL);
	cr_assert_geq(ret[1], 0);
	close(listener);
}

static void
on_signal(int signal)
{
	(void)signal;
}

static struct ends
begin_silent(enum form form, int silent_ms)
{
	const struct sigaction noticed = {.sa_handler = on_signal};
	struct ends ends;
	int ours[2], theirs[2], net[2];

	(form == PIPES ? pair_of_pipes : pair_of_sockets)(ours, theirs);
	tcp_pair(net);
	ends = (struct ends){.in = ours[0], .out = ours[1], .far = net[1]};
	sigaction(SIGUSR1, &noticed, NULL);
	ends.pid = fork();
	if (ends.pid == 0) {
		int flags = fcntl(theirs[0], F_GETFL), error;

		prctl(PR_SET_PDEATHSIG, SIGKILL);
		close(ours[0]);
		close(ours[1]);
		close(net[1]);
		fcntl(net[0], F_SETFL, O_NONBLOCK);
		error = relay(theirs[0], theirs[1], net[0], silent_ms);
		if (fcntl(theirs[0], F_GETFL) != flags)
			_exit(1);
		_exit(error == 0 ? 0 : error == ECONNRESET ? BROKE_OFF : 1);
	}
	close(theirs[0]);
	close(theirs[1]);
	close(net[0]);
	return ends;
}

static struct ends
begin(enum form form)
{
	return begin_silent(form, -1);
}

static void
send_all(int fd, const char *text)
{
	cr_assert_eq(
	    write(fd, text, strlen(text)), (ssize_t)strlen(text), "%m");
}

/* Reads as many bytes as text has. */
static void
expect_bytes(int fd, const char *text)
{
	char seen[64] = "";
	size_t len = 0;

	while (len < strlen(text)) {
		ssize_t n = read(fd, seen + len, strlen(text) - len);

		cr_assert_gt(n, 0, "after \"%s\"", seen);
		len += (size_t)n;
	}
	cr_expect_str_eq(seen, text);
}

static void
expect_end(int fd)
{
	char byte;

	cr_expect_eq(read(fd, &byte, 1), 0);
}

/* A client's end of input. */
static void
end_input(struct ends *ends)
{
	(void)shutdown(ends->in, SHUT_WR); /* if it is a socket */
	close(ends->in);
}

static const enum form forms[] = {PIPES, SOCKET};

Test(relay, goes_on_from_the_host_when_the_client_has_ended)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct ends ends = begin(forms[i]);

		send_all(ends.in, "question");
		end_input(&ends);
		expect_bytes(ends.far, "question");
		expect_end(ends.far);
		send_all(ends.far, "answer");
		close(ends.far);
		expect_bytes(ends.out, "answer");
		expect_end(ends.out);
		cr_expect_eq(fixture_wait(ends.pid), 0);
		close(ends.out);
	}
}

Test(relay, goes_on_from_the_client_when_the_host_has_ended)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct ends ends = begin(forms[i]);

		send_all(ends.far, "greeting");
		shutdown(ends.far, SHUT_WR);
		expect_bytes(ends.out, "greeting");
		expect_end(ends.out);
		send_all(ends.in, "more");
		expect_bytes(ends.far, "more");
		end_input(&ends);
		expect_end(ends.far);
		cr_expect_eq(fixture_wait(ends.pid), 0);
		close(ends.out);
		close(ends.far);
	}
}

/* ssh would not tell the end of output to its own reader. */
Test(relay, ends_when_the_host_has_ended_and_the_client_is_silent)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct ends ends = begin_silent(forms[i], 10);

		send_all(ends.in, "x");
		expect_bytes(ends.far, "x");
		send_all(ends.far, "bye");
		shutdown(ends.far, SHUT_WR);
		expect_bytes(ends.out, "bye");
		expect_end(ends.out);
		cr_expect_eq(fixture_wait(ends.pid), 0);
		end_input(&ends);
		close(ends.out);
		close(ends.far);
	}
}

/* The other host is still there, and silent; so is the client's input. */
Test(relay, ends_when_nobody_reads_its_output)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct ends ends = begin(forms[i]);

		send_all(ends.in, "x");
		expect_bytes(ends.far, "x");
		if (forms[i] == SOCKET)
			close(ends.in);
		close(ends.out);
		cr_expect_eq(fixture_wait(ends.pid), 0);
		close(ends.far);
	}
}

static unsigned char
byte_at(size_t i)
{
	return (unsigned char)((i * 2654435761U) >> 13);
}

/* Writes the pattern in pieces of odd sizes. */
static void
write_pattern(int fd)
{
	unsigned char piece[PIECE];
	size_t at = 0, left = 0, size = 1;
	ssize_t n;

	for (; at < LARGE; at += size) {
		size = 1 + (size * 7919 + at) % PIECE;
		if (size > LARGE - at)
			size = LARGE - at;
		for (size_t i = 0; i < size; i++)
			piece[i] = byte_at(at + i);
		for (left = size; left > 0; left -= (size_t)n) {
			n = write(fd, piece + size - left, left);
			if (n < 0 && errno == EINTR)
				n = 0;
			else if (n <= 0)
				_exit(1);
		}
	}
}

/* How many bytes of the pattern come before the end, or a wrong one. */
static size_t
read_pattern(int fd)
{
	unsigned char piece[PIECE];
	size_t at = 0;
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0)
		for (ssize_t i = 0; i < n; i++)
			if (piece[i] != byte_at(at++))
				return at;
	return at;
}

/* Echoes all that comes; the client writes while nobody reads yet. */
static pid_t
start_echo(const struct ends *ends)
{
	pid_t pid = fork();
	char piece[PIECE];
	ssize_t n;

	if (pid != 0)
		return pid;
	close(ends->in);
	close(ends->out);
	while ((n = read(ends->far, piece, sizeof(piece))) > 0)
		for (ssize_t at = 0, m; at < n; at += m)
			if ((m = write(
				 ends->far, piece + at, (size_t)(n - at))) <= 0)
				_exit(1);
	_exit(0);
}

static pid_t
start_writer(const struct ends *ends)
{
	pid_t pid = fork();

	if (pid != 0)
		return pid;
	close(ends->out);
	close(ends->far);
	write_pattern(ends->in);
	shutdown(ends->in, SHUT_WR);
	_exit(0);
}

Test(relay, carries_each_byte_both_ways)
{
	for (size_t i = 0; i < COUNT(forms); i++) {
		struct ends ends = begin(forms[i]);
		pid_t echo = start_echo(&ends), writer = start_writer(&ends);

		close(ends.in);
		close(ends.far);
		for (int n = 0; n < 50; n++)
			kill(ends.pid, SIGUSR1);
		cr_expect_eq(read_pattern(ends.out), LARGE);
		cr_expect_eq(fixture_wait(writer), 0);
		cr_expect_eq(fixture_wait(echo), 0);
		cr_expect_eq(fixture_wait(ends.pid), 0);
		close(ends.out);
	}
}

/* True if the process comes to rest: one that polls in vain never sleeps. */
static bool
comes_to_rest(pid_t pid)
{
	char path[64], state = '?';

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	for (int i = 0; i < SLEEP_TRIES && state != 'S'; i++) {
		FILE *file = fopen(path, "re");

		usleep(1000);
		cr_assert_not_null(file);
		cr_assert_eq(fscanf(file, "%*d %*s %c", &state), 1);
		fclose(file);
	}
	return state == 'S';
}

/* Fills one end until nobody takes more. */
static size_t
fill(int fd)
{
	char piece[4096] = "";
	size_t sent = 0;
	int idle = 0;

	fcntl(fd, F_SETFL, O_NONBLOCK);
	while (idle < 100) {
		ssize_t n = write(fd, piece, sizeof(piece));

		if (n > 0) {
			sent += (size_t)n;
			idle = 0;
		} else {
			idle++;
			usleep(1000);
		}
	}
	return sent;
}

static size_t
count_to_end(int fd)
{
	char piece[PIECE];
	size_t count = 0;
	ssize_t n;

	while ((n = read(fd, piece, sizeof(piece))) > 0)
		count += (size_t)n;
	return count;
}

/* Nobody reads: it holds the other host up, asleep, also when that one has
 * gone, and loses nothing. */
Test(relay, waits_asleep_for_a_client_that_does_not_read)
{
	struct ends ends = begin(PIPES);
	size_t sent = fill(ends.far);

	cr_expect_gt(sent, 65536);
	cr_expect_lt(sent, 64UL << 20);
	cr_expect(comes_to_rest(ends.pid));
	close(ends.far);
	cr_expect(comes_to_rest(ends.pid));
	cr_expect_eq(count_to_end(ends.out), sent);
	end_input(&ends);
	cr_expect_eq(fixture_wait(ends.pid), 0);
}

Test(relay, waits_asleep_for_a_host_that_does_not_read)
{
	struct ends ends = begin(PIPES);
	size_t sent = fill(ends.in);

	cr_expect_gt(sent, 65536);
	cr_expect(comes_to_rest(ends.pid));
	end_input(&ends);
	cr_expect(comes_to_rest(ends.pid));
	cr_expect_eq(count_to_end(ends.far), sent);
	close(ends.far);
	cr_expect_eq(fixture_wait(ends.pid), 0);
}

/* A pipe or terminal that another program made non-blocking. */
Test(relay, waits_for_input_that_does_not_block)
{
	struct ends ends = begin(SOCKET);

	fcntl(ends.in, F_SETFL, O_NONBLOCK);
	cr_expect(comes_to_rest(ends.pid));
	send_all(ends.in, "late");
	expect_bytes(ends.far, "late");
	end_input(&ends);
	close(ends.far);
	cr_expect_eq(fixture_wait(ends.pid), 0);
}

/* Unread bytes make the kernel reset the connection. */
Test(relay, says_that_a_connection_broke_off)
{
	struct ends ends = begin(PIPES);
	struct linger at_once = {.l_onoff = 1};

	send_all(ends.in, "unread");
	cr_expect(comes_to_rest(ends.pid));
	setsockopt(ends.far, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	close(ends.far);
	expect_end(ends.out);
	cr_expect_eq(fixture_wait(ends.pid), BROKE_OFF);
}

/* Output may begin where input is closed already. */
Test(relay, takes_no_input_for_an_end_of_input)
{
	struct ends ends = begin(PIPES);

	end_input(&ends);
	expect_end(ends.far);
	send_all(ends.far, "all the same");
	close(ends.far);
	expect_bytes(ends.out, "all the same");
	cr_expect_eq(fixture_wait(ends.pid), 0);
}
