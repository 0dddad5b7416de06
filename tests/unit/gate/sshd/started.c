#include "gate/sshd/started.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

TestSuite(started, .timeout = 30);

/* The kernel writes the name as it is, between brackets. */
Test(started, reads_a_process_whatever_its_name)
{
	static const char *const names[] = {
	    "sshd", "a) S 1 2", "((", "x (y) z", ")", ""};

	for (size_t i = 0; i < COUNT(names); i++) {
		struct started process = {.ticks = -1};

		cr_assert_eq(prctl(PR_SET_NAME, names[i]), 0);
		cr_assert(started_read(getpid(), &process), "%s", names[i]);
		cr_expect_str_eq(process.name, names[i]);
		cr_expect_eq(process.parent, getppid(), "%s", names[i]);
		cr_expect_leq(process.ticks, started_ticks_now());
		cr_expect_gt(process.ticks, 0);
	}
}

Test(started, knows_when_by_the_clock)
{
	struct timespec start, now;
	struct started process;
	pid_t parent = 0;

	cr_assert(started_read(getpid(), &process));
	cr_assert(started_process(getpid(), &parent, &start));
	clock_gettime(CLOCK_REALTIME, &now);
	cr_expect_eq(parent, getppid());
	cr_expect_leq(start.tv_sec, now.tv_sec);
	cr_expect_geq(start.tv_sec,
	    now.tv_sec -
		(started_ticks_now() - process.ticks) * STARTED_TICK_NS /
		    1000000000 -
		2);
}

Test(started, says_nothing_of_a_process_that_is_not_there)
{
	struct started process = {.ticks = 7};
	struct timespec start = {7, 7};
	pid_t parent = 7;

	cr_expect_not(started_read(-1, &process));
	cr_expect_not(started_process(-1, &parent, &start));
	cr_expect_eq(process.ticks, 7);
	cr_expect_eq(parent, 7);
	cr_expect_eq(start.tv_sec, 7);
}

/* Starts a process of this user with this title, and one below it, whose number
 * is *ret_below.  Returns the upper one. */
static pid_t
start_titled(const char *title, uid_t uid, pid_t *ret_below)
{
	char said[16] = "";
	int ends[2];
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], 1);
		if (setuid(uid) == 0)
			execl("/bin/sh", title, "-c",
			    "sleep 60 >/dev/null & echo $!; wait",
			    (char *)NULL);
		_exit(127);
	}
	close(ends[1]);
	cr_assert_gt(read(ends[0], said, sizeof(said) - 1), 0);
	close(ends[0]);
	*ret_below = (pid_t)strtol(said, NULL, 10);
	return pid;
}

static void
stop_titled(pid_t pid, pid_t below)
{
	kill(below, SIGKILL);
	kill(pid, SIGKILL);
	fixture_wait(pid);
}

/* Only root's process has the word, whoever has the name. */
Test(started, finds_the_beginning_of_a_connection)
{
	static const struct {
		const char *title;
		uid_t uid;
		bool found;
	} cases[] = {
	    {"sshd: alice [priv]", 0, true},
	    {"tfa-sshd: alice [priv]", 0, true},
	    {"sshd-session: alice [postauth]", 0, true},
	    {"sshd: alice [net]", 0, false},
	    {"sshd: alice@pts/0", 0, false},
	    {"sshd: bob [priv]", 0, false},
	    {"sshd: alice [priv]", 2001, false},
	};

	if (geteuid() != 0)
		cr_skip_test("needs root");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct timespec since = {7, 7}, began;
		pid_t below, parent;
		pid_t pid = start_titled(cases[i].title, cases[i].uid, &below);

		cr_assert(started_process(pid, &parent, &began));
		cr_expect_eq(started_connection(below, "alice", &since),
		    cases[i].found, "%zu", i);
		/* Each look at the clock rounds in its own way. */
		if (!cases[i].found)
			began.tv_sec = 7;
		cr_expect_leq(llabs((long long)(since.tv_sec - began.tv_sec)),
		    1, "%zu", i);
		stop_titled(pid, below);
	}
}

Test(started, later_is_by_more_than_a_tick)
{
	const struct timespec at = {100, 995000000}, tick = {101, 5000000},
			      later = {101, 5000001};

	cr_expect_not(started_is_later(&at, &at));
	cr_expect_not(started_is_later(&tick, &at));
	cr_expect(started_is_later(&later, &at));
	cr_expect_not(started_is_later(&at, &later));
}
