/*
 * A login that has its code at hand needs one connection, if the keeper takes
 * both on it. A login that waits for a person holds no connection.
 */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/talk.h"
#include "tests/scenario/scenario.h"

Scenarios(follow);

#define HELD 24 /* three times the places of one uid */

static const char login[] = "{\"v\":1,\"request\":\"login\"}";

static const char challenge[] =
    "{\"v\":1,\"verdict\":\"challenge\",\"reason\":\"ask\",\"tries\":3,"
    "\"timeout_s\":60}";
/* The policy has no file of keys. */
static const char look[] = "{\"v\":1,\"verdict\":\"deny\",\"reason\":\"look\","
			   "\"keys\":\"0123456789abcdef\"}";

/* True if another connection arrives while this one is silent. */
static bool
is_held(int peer, int listener)
{
	struct pollfd both[] = {
	    {.fd = peer, .events = POLLIN}, {.fd = listener, .events = POLLIN}};

	return poll(both, 2, -1) > 0 && both[0].revents == 0;
}

/* The stand-in reads a code and ends before it answers. */
static bool dies_at_code;

/*
 * A stand-in for the keeper: answers up to most requests on a connection, a
 * login with to_login, and writes down which request came on which connection.
 * Never returns.
 */
_Noreturn static void
be_a_keeper(int fd, const char *book, int most, const char *to_login)
{
	static const char pass[] =
	    "{\"v\":1,\"verdict\":\"pass\",\"reason\":\"code\"}";
	FILE *out = fopen(book, "we");
	char packet[8192];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (out == NULL)
		run_child_fails("%s", book);
	for (int n = 1;; n++) {
		int peer = accept(fd, NULL, NULL);
		ssize_t len;

		for (int left = most; left > 0; left--) {
			bool is_login;

			if (is_held(peer, fd))
				fprintf(out, "%dheld ", n);
			len = recv(peer, packet, sizeof(packet) - 1, 0);
			if (len <= 0)
				break;
			packet[len] = '\0';
			is_login = strstr(packet, "\"login\"") != NULL;
			fprintf(out, "%d%s ", n,
			    is_login                           ? "login"
				: strstr(packet, "\"verify\"") ? "verify"
							       : "other");
			if (!is_login && dies_at_code)
				break;
			send(peer, is_login ? to_login : pass,
			    strlen(is_login ? to_login : pass), MSG_NOSIGNAL);
		}
		if (most > 1 && !dies_at_code && recv(peer, packet, 1, 0) == 0)
			fprintf(out, "%dclosed ", n);
		fflush(out);
		close(peer);
	}
}

/* The bastion of such a keeper, and where it writes. */
static struct bastion *
open_with(int most, const char *to_login, const char **ret_book)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	struct sockaddr_un here = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	memcpy(here.sun_path, b->socket, strlen(b->socket));
	cr_assert_eq(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	cr_assert_eq(chmod(b->socket, 0666), 0);
	cr_assert_eq(listen(fd, 5), 0);
	*ret_book = text("%s/book", b->dir);
	write_text(*ret_book, "");
	if (fork() == 0)
		be_a_keeper(fd, *ret_book, most, to_login);
	close(fd);
	return b;
}

/* The stand-in writes when a connection has ended. */
static void
assert_book(const char *book, const char *wanted)
{
	long long end = run_clock_ms() + 30000;

	while (strcmp(read_text(book), wanted) != 0 && run_clock_ms() < end)
		run_sleep_ms(20);
	cr_assert_str_eq(read_text(book), wanted);
}

static void
assert_inside(const struct run *r)
{
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
}

Test(follow, one_connection_takes_login_and_code)
{
	const char *book;
	struct bastion *b;

	needs_people();
	b = open_with(2, challenge, &book);
	assert_inside(ssh_with_code(b, "alice", "123456", "echo inside"));
	assert_book(book, "1login 1verify 1closed ");
}

/*
 * A keeper that is older than the gate, or ended meanwhile, closes like this.
 */
Test(follow, a_keeper_that_closed_is_asked_anew)
{
	const char *book;
	struct bastion *b;

	needs_people();
	b = open_with(1, challenge, &book);
	assert_inside(ssh_with_code(b, "alice", "123456", "echo inside"));
	assert_book(book, "1login 2verify ");
}

/* The keeper may have judged it. A second time it would count twice. */
Test(follow, a_code_that_was_read_is_not_sent_again)
{
	const char *book;
	struct bastion *b;
	struct run *r;

	needs_people();
	dies_at_code = true;
	b = open_with(2, challenge, &book);
	r = ssh_with_code(b, "alice", "123456", "echo inside");
	assert_status(r, 69);
	cr_assert_str_empty(r->out);
	assert_says(r->err, "the keeper cannot be reached");
	run_sleep_ms(200);
	assert_book(book, "1login 1verify ");
}

Test(follow, a_person_who_thinks_holds_no_connection)
{
	const char *book;
	struct bastion *b;
	struct session *s;

	needs_people();
	b = open_with(2, challenge, &book);
	s = session_open(b, "alice", NULL, NULL);
	session_expect(s, PROMPT);
	assert_book(book, "1login 1closed ");
	session_type(s, "123456\recho in''side\r");
	session_expect(s, "inside");
	session_kill(s);
	assert_book(book, "1login 1closed 2verify 2closed ");
}

/* The gate looks again where the policy says, and asks on the same connection.
 */
Test(follow, no_code_is_sent_for_a_key_that_is_refused)
{
	const char *book;
	struct bastion *b;
	struct run *r;

	needs_people();
	b = open_with(2, look, &book);
	r = ssh_with_code(b, "alice", "123456", "echo inside");
	cr_assert_neq(r->status, 0);
	cr_assert_str_empty(r->out);
	assert_book(book, "1login 1login 1closed ");
}

/* They keep nobody else out, and not for long. */
Test(follow, logins_that_are_held_keep_nobody_out)
{
	struct bastion *b;
	int fds[HELD];
	long long begun_ms;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fixture_enrol(b, "erin");
	cr_assert(
	    talk_is(talk_ask(b, "erin", "'request':'login'"), "challenge"));
	begun_ms = run_clock_ms();
	for (int i = 0; i < HELD; i++) {
		fds[i] = talk_open(b, "erin");
		cr_assert(talk_send(fds[i], login, sizeof(login) - 1));
	}
	cr_assert_not_null(talk_ask(b, "bob", "'request':'login'"));
	for (int i = 0; i < HELD; i++)
		cr_assert(talk_is(talk_receive(fds[i], 3000), "challenge"));
	cr_assert_leq(run_clock_ms() - begun_ms, 3000);
}

/*
 * Sends a code behind a login whose answer waits for the lock. Tries again if
 * the code came too late behind it, as on a busy machine.
 */
static int
hold_code(
    const struct bastion *b, const char *user, const char *verify, int lock)
{
	for (int i = 0; i < 20; i++) {
		int fd = talk_open(b, user);
		struct pollfd answer = {.fd = fd, .events = POLLIN};

		cr_assert(talk_send(fd, login, sizeof(login) - 1));
		cr_assert(talk_is(talk_receive(fd, 30000), "challenge"));
		cr_assert_eq(flock(lock, LOCK_EX), 0);
		if (talk_send(fd, verify, strlen(verify)) &&
		    poll(&answer, 1, 200) == 0)
			return fd;
		close(fd);
		cr_assert_eq(flock(lock, LOCK_UN), 0);
	}
	cr_assert(false, "no code in time behind a login");
	return -1;
}

/* The login was answered before the stop; the code comes after it. */
Test(follow, a_stop_answers_the_code_behind_a_login)
{
	struct bastion *b;
	const char *verify, *answer;
	int lock, fd;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	verify = text("{\"v\":1,\"request\":\"verify\",\"code\":\"%s\"}",
	    code_at(fixture_enrol(b, "user05"), step_now()));
	cr_assert_not_null(talk_ask(b, "user05", "'request':'login'"));
	lock = open(text("%s/locks/user05", b->store), O_RDWR | O_CLOEXEC);
	fd = hold_code(b, "user05", verify, lock);
	kill(b->keeper, SIGTERM);
	cr_assert_lt(run_wait(b->keeper, 300), 0);
	close(lock);
	answer = talk_receive(fd, 30000);
	cr_assert(talk_is(answer, "pass"), "%s", answer);
	cr_assert_eq(run_wait(b->keeper, 30000), 0);
	b->keeper = 0;
}
