#include "store/system/child.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

#define SH(script) ((const char *const[]){"/bin/sh", "-c", script, NULL})

static void
run_sh(const char *script, int limit_ms, bool stranger, struct child *ret)
{
	const struct child_options options = {
	    .argv = (const char *const[]){"/bin/sh", "-c", script, NULL},
	    .limit_ms = limit_ms,
	    .stranger = stranger};

	child_run_as(&options, ret);
}

/* How it ended, what a shell would say of it, and why it did not start. */
Test(child, tells_every_end_apart)
{
	static const struct {
		const char *script;
		int limit_ms;
		enum child_end end;
		int status;
	} cases[] = {
	    {"exit 0", 5000, CHILD_EXITED, 0},
	    {"exit 77", 5000, CHILD_EXITED, 77},
	    {"exit 137", 5000, CHILD_EXITED, 137},
	    {"kill -KILL $$", 5000, CHILD_KILLED, 128 + SIGKILL},
	    {"kill -ALRM $$", 5000, CHILD_KILLED, 128 + SIGALRM},
	    {"sleep 60", 50, CHILD_LATE, CHILD_RUNNING},
	    {"trap '' TERM; sleep 60 & wait", 50, CHILD_LATE, CHILD_RUNNING},
	};
	static struct child child;

	for (size_t i = 0; i < 2 * COUNT(cases); i++) {
		run_sh(cases[i / 2].script, cases[i / 2].limit_ms, i % 2 == 1,
		    &child);
		cr_expect_eq(
		    child.end, cases[i / 2].end, "%zu: %d", i, child.end);
		cr_expect_eq(child.status, cases[i / 2].status, "%zu: %d", i,
		    child.status);
	}
	cr_expect_eq(waitpid(-1, NULL, WNOHANG), -1, "all were waited for");
}

Test(child, says_why_it_could_not_be_started)
{
	static const struct {
		const char *path;
		bool stranger;
		int error;
	} cases[] = {
	    {NEVER_THERE, false, ENOENT},
	    {NEVER_THERE, true, ENOENT},
	    {"/etc/passwd", false, EACCES},
	    {"/etc/passwd", true, EACCES},
	};
	static struct child child;

	for (size_t i = 0; i < COUNT(cases); i++) {
		const char *argv[] = {cases[i].path, NULL};
		const struct child_options options = {.argv = argv,
		    .limit_ms = 5000,
		    .stranger = cases[i].stranger};

		child_run_as(&options, &child);
		cr_expect_eq(child.end, CHILD_NO_PROGRAM, "%zu", i);
		cr_expect_eq(child.status, 127);
		cr_expect_eq(child.error, cases[i].error, "%zu", i);
		cr_expect_str_eq(child.err.text, strerror(cases[i].error));
	}
}

Test(child, that_may_not_become_the_user_does_not_start)
{
	struct passwd pw = {.pw_name = (char *)"nobody",
	    .pw_uid = (uid_t)-1,
	    .pw_gid = (gid_t)-1};
	const struct child_options options = {
	    .argv = SH("echo ran"), .as = &pw, .limit_ms = 5000};
	static struct child child;

	pw.pw_uid = geteuid() == 0 ? (uid_t)-1 : geteuid() + 1;
	child_run_as(&options, &child);
	cr_expect_eq(child.end, CHILD_NOT);
	cr_expect_eq(child.status, 127);
	cr_expect_str_empty(child.out.text);
}

Test(child, keeps_what_comes_first)
{
	const struct child_options options = {
	    .argv = SH("printf 0123456789; printf abc >&2"),
	    .limit_ms = 5000,
	    .most = 4};
	static struct child child;

	child_run_as(&options, &child);
	cr_expect_str_eq(child.out.text, "0123");
	cr_expect_str_eq(child.err.text, "abc");
	child_run(SH("head -c 200000 /dev/zero | tr '\\0' x"), 5000, &child);
	cr_expect_eq(child.status, 0);
	cr_expect_eq(child.out.len, CHILD_TEXT - 1);
}

Test(child, reads_its_input_to_the_end)
{
	const struct child_options options = {
	    .argv = SH("cat; echo over"), .input = "a\nb\n", .limit_ms = 5000};
	static struct child child;

	child_run_as(&options, &child);
	cr_expect_eq(child.end, CHILD_EXITED);
	cr_expect_str_eq(child.out.text, "a\nb\nover\n");
}

Test(child, has_a_terminal_of_its_own)
{
	const struct child_options options = {
	    .argv = SH(
		"tty >/dev/null && test -t 0 && test -t 1 && "
		"read line && echo \"<$line>\" && cat /dev/null </dev/tty"),
	    .input = "typed\n",
	    .limit_ms = 5000,
	    .terminal = true,
	    .stranger = true};
	static struct child child;

	child_run_as(&options, &child);
	cr_expect_eq(child.status, 0);
	cr_expect_str_eq(child.out.text, "<typed>\n");
}

/* Somebody who waits for a question, and then types. */
Test(child, is_typed_to_while_it_runs)
{
	const struct child_options options = {
	    .argv = SH("printf 'who? '; read line; echo \"<$line>\""),
	    .limit_ms = 5000,
	    .terminal = true};
	static struct child child;
	bool typed = false;

	cr_assert(child_start(&options, &child));
	for (int i = 0; i < 100 && child.end == CHILD_RUNS; i++) {
		if (!typed && strstr(child.out.text, "who? ") != NULL)
			typed = child_type(&child, "me\n");
		child_wait(&child, 50);
	}
	cr_expect(typed);
	cr_expect_str_eq(child.out.text, "who? <me>\n");
	child_stop(&child);
	cr_expect_not(child_type(&child, "late\n"), "it is over");
}

/* How many processes sleep for that long: seven seconds and so many. */
static int
count_sleepers(const char *part)
{
	char command[160];
	static struct child child;

	snprintf(command, sizeof(command),
	    "cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\\0' '\\n' | "
	    "grep -cx '7[.]%s'",
	    part);
	child_run(SH(command), 5000, &child);
	return atoi(child.out.text);
}

/* Ends a descendant that left its group and its parent, ended or not. */
Test(child, of_a_stranger_leaves_nothing_behind)
{
	static const char *const scripts[] = {
	    "setsid sleep 7.7157 >/dev/null & sleep 0.1",
	    "(setsid sleep 7.7157 &) ; sleep 0.1; exit 3",
	    "trap '' TERM HUP; setsid sleep 7.7157 & sleep 60",
	};
	static struct child child;

	for (size_t i = 0; i < COUNT(scripts); i++) {
		run_sh(scripts[i], 400, true, &child);
		cr_expect_neq(child.end, CHILD_NOT);
		cr_expect_eq(count_sleepers("7157"), 0, "%zu", i);
	}
}

Test(child, that_is_stopped_takes_its_own_along)
{
	const struct child_options options = {
	    .argv = SH("sleep 7.8246 & sleep 7.8246")};
	const struct child_options strange = {
	    .argv = SH("setsid sleep 7.8246 & sleep 7.8246"),
	    .limit_ms = 60000,
	    .stranger = true};
	static struct child child;

	for (int i = 0; i < 2; i++) {
		cr_assert(child_start(i == 0 ? &options : &strange, &child));
		child_wait(&child, 100);
		cr_expect_eq(child.end, CHILD_RUNS);
		child_stop(&child);
		cr_expect_eq(count_sleepers("8246"), 0, "%d", i);
		child_stop(&child);
	}
}

/* Nothing of ours: no descriptor, no error output, few resources. */
Test(child, that_is_a_stranger_gets_nothing_of_ours)
{
	int fd = open("/etc/passwd", O_RDONLY);
	static struct child child;

	cr_assert_geq(fd, 0);
	run_sh("for f in /proc/self/fd/*; do echo ${f##*/}; done | sort -n | "
	       "tail -n 1; ulimit -c; pwd; echo x >&2",
	    5000, true, &child);
	cr_expect_eq(child.status, 0);
	cr_expect_str_eq(
	    child.out.text + strcspn(child.out.text, "\n"), "\n0\n/\n");
	cr_expect_leq(atoi(child.out.text), 4);
	cr_expect_str_empty(child.err.text);
	close(fd);
}

Test(child, that_never_began_is_stopped_without_harm)
{
	static struct child child;

	child_stop(&child);
	cr_expect_geq(fcntl(0, F_GETFD), 0, "standard input stays open");
	cr_expect_eq(child.end, CHILD_NOT);
}
