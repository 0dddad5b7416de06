#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fixture.h"
#include "store/keeper/pool.h"
#include "store/wire/protocol.h"
#include "store/keeper/worker.h"

#define BEGIN_MS 1000

/* A private store with the built-in policy. */
struct scene {
	char folder[FOLDER_MAX];
	struct keeper keeper;
	struct pool pool;
	struct rates rates;
	int64_t now_ms;
};

static const struct conduct conduct;
static const char login[] = "{\"v\":1,\"request\":\"login\"}";
static const char status[] = "{\"v\":1,\"request\":\"status\"}";

static void
begin(struct scene *s)
{
	*s = (struct scene){.now_ms = BEGIN_MS};
	fixture_folder(s->folder);
	s->keeper = (struct keeper){
	    .store = s->folder, .policy = NEVER_THERE, .embedded = true};
	s->pool.keeper = &s->keeper;
	sigemptyset(&s->pool.normal);
}

/* Ends all workers; none may be left. */
static void
finish(struct scene *s)
{
	pool_drain(&s->pool);
	for (int i = 0; i < 5000 && s->pool.count > 0; i++) {
		usleep(1000);
		pool_reap(&s->pool, &s->rates, s->now_ms);
	}
	cr_expect_eq(s->pool.count, 0);
	cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1);
	cr_expect_eq(errno, ECHILD);
	fixture_remove(s->folder);
}

/* Sends a request on a new connection, which a worker serves from now on. */
static int
ask(struct scene *s, const char *request, uid_t uid)
{
	int pair[2];

	cr_assert_eq(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair), 0);
	cr_assert_eq(packet_send(pair[0], request), FAULT_NONE);
	cr_assert(
	    pool_serve(&s->pool, pair[1], uid, false, &conduct, s->now_ms));
	close(pair[1]);
	return pair[0];
}

/* Returns true if an answer came. */
static bool
is_answered(int fd)
{
	char *answer = NULL;
	size_t len = 0;
	enum fault fault = packet_receive(fd, 5000, &answer, &len);

	free(answer);
	close(fd);
	return fault == FAULT_NONE;
}

/* Runs the parent's loop until no worker serves or is about to end. */
static void
settle(struct scene *s)
{
	bool busy = true;

	for (int i = 0; i < 500 && busy; i++) {
		struct pollfd fds[POOL_MAX];

		pool_watch(&s->pool, fds);
		poll(fds, s->pool.count, 10);
		pool_hear(&s->pool, fds, &s->rates, s->now_ms);
		pool_reap(&s->pool, &s->rates, s->now_ms);
		busy = false;
		for (size_t k = 0; k < s->pool.count; k++)
			busy |= s->pool.workers[k].work != WORK_NONE;
	}
	cr_expect(!busy);
}

/* Returns the pid of the scene's only worker, which has served a login and
 * is idle. */
static pid_t
begin_with_one(struct scene *s)
{
	begin(s);
	cr_expect(is_answered(ask(s, login, 0)));
	settle(s);
	cr_assert_eq(s->pool.count, 1);
	return s->pool.workers[0].pid;
}

Test(keeper_pool, has_the_next_login_served_by_the_same_worker)
{
	struct scene s;
	pid_t first = begin_with_one(&s);

	for (int i = 0; i < 3; i++) {
		cr_expect(is_answered(ask(&s, login, 1)));
		settle(&s);
		cr_assert_eq(s.pool.count, 1);
		cr_expect_eq(s.pool.workers[0].pid, first);
	}
	cr_expect_eq(s.pool.workers[0].served, 4);
	finish(&s);
}

/* After any request but a login nothing may be left for the next user. */
Test(keeper_pool, ends_a_worker_that_served_anything_but_a_login)
{
	struct scene s;

	begin_with_one(&s);
	cr_expect(is_answered(ask(&s, status, 0)));
	settle(&s);
	cr_expect_eq(s.pool.count, 0);
	cr_expect(is_answered(ask(&s, "no request", 0)));
	settle(&s);
	cr_expect_eq(s.pool.count, 0);
	finish(&s);
}

/* Both sides make sure: the worker ends by itself, and until the parent
 * notices, it sends the worker no connection. */
Test(keeper_pool, gives_such_a_worker_no_connection_before_its_end)
{
	struct scene s;
	struct pollfd fds[POOL_MAX];
	int fd;

	begin(&s);
	fd = ask(&s, status, 0);
	cr_assert_eq(
	    waitid(P_PID, (id_t)s.pool.workers[0].pid, NULL, WEXITED | WNOWAIT),
	    0);
	pool_watch(&s.pool, fds);
	cr_assert_eq(poll(fds, s.pool.count, 1000), 1);
	pool_hear(&s.pool, fds, &s.rates, s.now_ms);
	cr_expect_eq(s.pool.workers[0].work, WORK_ENDS);
	cr_expect(is_answered(fd));
	finish(&s);
}

Test(keeper_pool, serves_two_at_once_with_two_workers)
{
	struct scene s;
	int one, two;

	begin(&s);
	one = ask(&s, login, 0);
	two = ask(&s, login, 0);
	cr_expect_eq(s.pool.count, 2);
	cr_expect(is_answered(one));
	cr_expect(is_answered(two));
	settle(&s);
	cr_expect_eq(s.pool.count, 2);
	finish(&s);
}

Test(keeper_pool, does_not_miss_an_idle_worker_that_is_gone)
{
	struct scene s;
	pid_t first = begin_with_one(&s);

	cr_assert_eq(kill(first, SIGKILL), 0);
	cr_assert_eq(waitid(P_PID, (id_t)first, NULL, WEXITED | WNOWAIT), 0);
	cr_expect(is_answered(ask(&s, login, 0)));
	settle(&s);
	cr_assert_eq(s.pool.count, 1);
	cr_expect_neq(s.pool.workers[0].pid, first);
	finish(&s);
}

/* The user it served gets no answer, which is a refusal. */
Test(keeper_pool, frees_the_slot_of_a_worker_that_was_killed)
{
	struct scene s;
	int pair[2];

	begin(&s);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert(pool_serve(&s.pool, pair[1], 7, false, &conduct, s.now_ms));
	close(pair[1]);
	cr_assert_eq(kill(s.pool.workers[0].pid, SIGKILL), 0);
	cr_expect(!is_answered(pair[0]));
	settle(&s);
	cr_expect_eq(s.pool.count, 0);
	finish(&s);
}

Test(keeper_pool, keeps_a_worker_for_so_long_and_for_so_many)
{
	struct scene s;

	begin_with_one(&s);
	s.now_ms += IDLE_MS - 1;
	cr_expect_eq(pool_patience(&s.pool, s.now_ms), 1);
	pool_reap(&s.pool, &s.rates, s.now_ms);
	cr_expect_eq(s.pool.workers[0].work, WORK_NONE);
	s.now_ms++;
	settle(&s);
	cr_expect_eq(s.pool.count, 0);
	cr_expect_eq(pool_patience(&s.pool, s.now_ms), INT64_MAX);

	cr_expect(is_answered(ask(&s, login, 0)));
	s.pool.workers[0].served = WORKER_MOST;
	settle(&s);
	cr_expect_eq(s.pool.count, 0);
	finish(&s);
}

Test(keeper_pool, keeps_only_a_few_that_have_nothing_to_do)
{
	struct scene s;
	int fds[POOL_IDLE + 3];

	begin(&s);
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = ask(&s, login, 0);
	for (size_t i = 0; i < COUNT(fds); i++)
		cr_expect(is_answered(fds[i]));
	settle(&s);
	cr_expect_eq(s.pool.count, POOL_IDLE);
	finish(&s);
}

Test(keeper_pool, keeps_slots_for_others_and_for_root)
{
	struct scene s;

	begin(&s);
	for (size_t i = 0; i < UID_SLOTS; i++) {
		cr_expect(pool_has_slot(&s.pool, 1000, false));
		s.pool.workers[s.pool.count++] = (struct worker){
		    .line = -1, .work = WORK_SERVES, .uid = 1000};
	}
	cr_expect(!pool_has_slot(&s.pool, 1000, false));
	cr_expect(pool_has_slot(&s.pool, 1001, false));
	for (uid_t uid = 2000; s.pool.count < UID_SLOTS + NEW_SLOTS; uid++)
		s.pool.workers[s.pool.count++] = (struct worker){.line = -1,
		    .work = WORK_SERVES,
		    .uid = uid,
		    .is_new = true};
	cr_expect(!pool_has_slot(&s.pool, 1001, true));
	cr_expect(pool_has_slot(&s.pool, 1001, false));
	while (s.pool.count < SLOTS - ROOT_SLOTS)
		s.pool.workers[s.pool.count++] = (struct worker){
		    .line = -1, .work = WORK_ENDS};
	cr_expect(!pool_has_slot(&s.pool, 1001, false));
	cr_expect(pool_has_slot(&s.pool, 0, false));
	while (s.pool.count < SLOTS)
		s.pool.workers[s.pool.count++] = (struct worker){
		    .line = -1, .work = WORK_ENDS};
	cr_expect(!pool_has_slot(&s.pool, 0, false));
	s.pool.count = 0;
	finish(&s);
}

/* The worker has its own two descriptors, and none of the parent's. */
Test(keeper_pool, leaves_a_worker_no_descriptor_of_others)
{
	struct scene s;
	int pair[2], other[2], high;
	char byte;

	begin(&s);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, other), 0);
	/* Also above all that it needs. */
	high = fcntl(other[1], F_DUPFD_CLOEXEC, 200);
	cr_assert_geq(high, 200);
	cr_assert(pool_serve(&s.pool, pair[1], 7, false, &conduct, s.now_ms));
	close(other[1]);
	close(high);
	close(pair[1]);
	/* The worker, which waits for a request, also held the other end. */
	cr_expect_eq(
	    poll(&(struct pollfd){.fd = other[0], .events = POLLIN}, 1, 1000),
	    1);
	cr_expect_eq(recv(other[0], &byte, 1, MSG_DONTWAIT), 0);
	cr_expect_eq(packet_send(pair[0], login), FAULT_NONE);
	cr_expect(is_answered(pair[0]));
	close(other[0]);
	settle(&s);
	finish(&s);
}

/* A worker accepts a connection with a descriptor, or nothing. */
Test(keeper_pool, ends_a_worker_that_is_given_no_connection)
{
	struct scene s;

	begin_with_one(&s);
	cr_assert_eq(send(s.pool.workers[0].line, &conduct, sizeof(conduct), 0),
	    (ssize_t)sizeof(conduct));
	cr_expect_eq(fixture_wait(s.pool.workers[0].pid), 0);
	s.pool.count = 0;
	finish(&s);
}

/* It may write in the folder that existed when it began, and in no other. */
Test(keeper_pool, serves_another_store_with_another_worker)
{
	struct scene s;
	char aside[FOLDER_MAX + 8];
	pid_t first = begin_with_one(&s);

	snprintf(aside, sizeof(aside), "%s.aside", s.folder);
	cr_assert_eq(rename(s.folder, aside), 0);
	cr_assert_eq(mkdir(s.folder, 0700), 0);
	cr_expect(is_answered(ask(&s, login, 0)));
	settle(&s);
	cr_assert_eq(s.pool.count, 1);
	cr_expect_neq(s.pool.workers[0].pid, first);
	finish(&s);
	fixture_remove(aside);
}

/* A worker's report and its end may arrive together. */
Test(keeper_pool, hears_what_a_worker_told_at_its_end)
{
	struct scene s;
	int fd;

	begin(&s);
	fd = ask(&s, status, 1000);
	cr_assert_eq(
	    waitid(P_PID, (id_t)s.pool.workers[0].pid, NULL, WEXITED | WNOWAIT),
	    0);
	cr_expect_eq(rate_of(&s.rates, 1000, s.now_ms)->standing, STANDING_NEW);
	pool_reap(&s.pool, &s.rates, s.now_ms);
	cr_expect_eq(s.pool.count, 0);
	cr_expect_eq(
	    rate_of(&s.rates, 1000, s.now_ms)->standing, STANDING_USER);
	cr_expect(is_answered(fd));
	finish(&s);
}

/* A line in the log counts them, and no other line counts them again. */
Test(keeper_pool, has_what_was_suppressed_said_once)
{
	static const char refuse[] =
	    "{\"v\":1,\"request\":\"refuse\",\"reason\":\"no_code\"}";
	const struct conduct some = {.suppressed = 5};
	struct scene s;
	int pair[2];

	begin(&s);
	rate_of(&s.rates, 1000, s.now_ms)->suppressed = 7;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, pair), 0);
	cr_assert_eq(packet_send(pair[0], refuse), FAULT_NONE);
	cr_assert(pool_serve(&s.pool, pair[1], 1000, true, &some, s.now_ms));
	close(pair[1]);
	cr_expect(s.pool.workers[0].is_new);
	cr_expect(is_answered(pair[0]));
	settle(&s);
	cr_expect_eq(rate_of(&s.rates, 1000, s.now_ms)->suppressed, 2);
	finish(&s);
}
