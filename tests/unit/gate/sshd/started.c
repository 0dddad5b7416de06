#include "gate/sshd/started.h"

#include <criterion/criterion.h>
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
