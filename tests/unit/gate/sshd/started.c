#include "gate/sshd/started.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
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

/* A change while sshd starts may be later than its reading. */
Test(started, tells_a_reload_from_a_start)
{
	static const struct {
		int64_t ms;
		bool reload;
	} cases[] = {
	    {1, false}, {499, false}, {600, true}, {5000, true}, {-1000, true}};
	char folder[FOLDER_MAX], path[FOLDER_MAX + 8];
	struct timespec start, loaded;
	pid_t parent;
	FILE *file;

	if (geteuid() != 0)
		cr_skip_test("needs root");
	fixture_folder(folder);
	snprintf(path, sizeof(path), "%s/pid", folder);
	cr_assert_not_null(file = fopen(path, "we"));
	cr_assert_gt(fprintf(file, "%d\n", (int)getpid()), 0);
	cr_assert_eq(fclose(file), 0);
	for (size_t i = 0; i < COUNT(cases); i++) {
		int64_t at;
		struct timespec written[2];

		/* One clock is read after the other. */
		cr_assert(started_process(getpid(), &parent, &start));
		at = start.tv_sec * 1000000000 + start.tv_nsec +
		    cases[i].ms * 1000000 + 500000;
		written[0] = written[1] = (struct timespec){
		    at / 1000000000, (long)(at % 1000000000)};
		cr_assert_eq(utimensat(AT_FDCWD, path, written, 0), 0);
		cr_assert(started_reload(path, getpid(), &loaded));
		cr_expect_eq(loaded.tv_sec == written[0].tv_sec &&
			loaded.tv_nsec == written[0].tv_nsec,
		    cases[i].reload, "%zu", i);
	}
	cr_expect_not(started_reload(path, getppid(), &loaded));
	cr_expect_not(started_reload("pid", getpid(), &loaded));
	fixture_remove(folder);
}
