/* The keeper is killed at any moment, and nothing is lost or opened by it. */
#include <stdio.h>
#include <stdlib.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/random.h>
#include <unistd.h>

#include "tests/support/storm.h"
#include "tests/support/talk.h"
#include "tests/scenario/scenario.h"

Scenarios(kills);

#define KILLS 40

/* TFA_SEED repeats a run, as far as a machine's timing can be repeated. */
static unsigned
seed(void)
{
	const char *given = getenv("TFA_SEED");
	unsigned random = 0;

	if (given != NULL)
		return (unsigned)strtoul(given, NULL, 10);
	cr_assert_eq(
	    getrandom(&random, sizeof(random), 0), (ssize_t)sizeof(random));
	return random;
}

Test(kills, lose_no_record_and_spend_each_code_once)
{
	struct storm_figures f = {.kills = 0};
	unsigned chance = seed();
	struct bastion *b;

	needs_people();
	printf("kills: TFA_SEED=%u\n", chance);
	fflush(stdout);
	b = bastion_open(.rules = REQUIRED);
	storm_run(b, chance, KILLS, &f);
	printf("kills: %ld, %ld codes judged, %ld spent, %ld tried again, "
	       "%ld enrolments, %ld changes, %ld cut off, %ld leftovers\n",
	    f.kills, f.verifies, f.spent, f.replays, f.enrolments, f.changes,
	    f.unanswered, f.leftovers);
	cr_assert_eq(f.kills, KILLS);
	cr_assert_gt(f.spent, 0);
	cr_assert_gt(f.replays, 0);
	cr_assert_gt(f.unanswered, 0);
}

static const char login[] = "{\"v\":1,\"request\":\"login\"}";

/*
 * user05 sends a request. A worker has taken it, and cannot answer before
 * *ret_lock is closed.
 */
static int
hold_one(const struct bastion *b, int *ret_lock)
{
	int fd;

	cr_assert_not_null(talk_ask(b, "user05", "'request':'login'"));
	*ret_lock = open(text("%s/locks/user05", b->store), O_RDWR | O_CLOEXEC);
	cr_assert_eq(flock(*ret_lock, LOCK_EX), 0);
	fd = talk_open(b, "user05");
	cr_assert(talk_send(fd, login, sizeof(login) - 1));
	cr_assert_null(talk_receive(fd, 300));
	return fd;
}

/* It answers the requests that it serves. New ones go to the next keeper. */
Test(kills, but_a_stop_answers_whom_it_serves)
{
	struct bastion *b;
	int lock, fd;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fd = hold_one(b, &lock);
	kill(b->keeper, SIGTERM);
	cr_assert_lt(run_wait(b->keeper, 300), 0);
	cr_assert_null(talk_ask(b, "user06", "'request':'login'"));
	close(lock);
	cr_assert_not_null(talk_receive(fd, 30000));
	close(fd);
	cr_assert_eq(run_wait(b->keeper, 30000), 0);
	b->keeper = 0;
}

/* The stop comes before the keeper has looked at the new connections. */
Test(kills, but_a_stop_answers_whom_it_has_not_seen_yet)
{
	struct bastion *b;
	int fds[5];

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	kill(b->keeper, SIGSTOP);
	for (size_t i = 0; i < 5; i++) {
		fds[i] = talk_open(b, "user05");
		cr_assert(talk_send(fds[i], login, sizeof(login) - 1));
	}
	kill(b->keeper, SIGTERM);
	kill(b->keeper, SIGCONT);
	for (size_t i = 0; i < 5; i++) {
		cr_assert_not_null(talk_receive(fds[i], 30000), "%zu", i);
		close(fds[i]);
	}
	cr_assert_eq(run_wait(b->keeper, 30000), 0);
	b->keeper = 0;
}

/*
 * A worker that still serves when its keeper is killed must not keep the next
 * keeper from starting.
 */
Test(kills, leave_no_lock_to_the_next_keeper)
{
	struct bastion *b;
	int lock, fd;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fd = hold_one(b, &lock);
	kill(b->keeper, SIGKILL);
	cr_assert_eq(run_wait(b->keeper, 30000), 128 + SIGKILL);
	bastion_keeper_start(b);
	cr_assert_not_null(talk_ask(b, "user06", "'request':'login'"));
	close(lock);
	/* That worker also ends its work. */
	cr_assert_not_null(talk_receive(fd, 30000));
	close(fd);
}
