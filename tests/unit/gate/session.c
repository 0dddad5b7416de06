#include "gate/session.h"
#include "gate/sshd/guard.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/fixture.h"

#define WORDS_MAX 8

Test(session, splits_the_arguments_of_internal_sftp)
{
	static const struct {
		const char *args;
		const char *words[WORDS_MAX];
	} cases[] = {
	    {" -R", {"-R"}},
	    {"-l INFO\t-f\t AUTH ", {"-l", "INFO", "-f", "AUTH"}},
	    {" -d \"/srv/a b\" -R", {"-d", "/srv/a b", "-R"}},
	    {" -d '/srv/a b'", {"-d", "/srv/a b"}},
	    {" a\"b c\"d'e f'", {"ab cde f"}},
	    {" \"\" ''", {"", ""}},
	    {" \"it's\" '\"'", {"it's", "\""}},
	    {" a\\ b", {"a b"}},
	    {" \\\" \\' \\\\", {"\"", "'", "\\"}},
	    {" \"a\\\"b\"", {"a\"b"}},
	    {" 'a\\'b'", {"a'b"}},
	    {" \\n a\\", {"\\n", "a\\"}},
	    {" $HOME `id` ;ls", {"$HOME", "`id`", ";ls"}},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		char **argv = NULL;
		size_t n = 0;

		cr_assert_eq(
		    session_split("server", cases[i].args, &argv), FAULT_NONE);
		cr_expect_str_eq(argv[0], "server");
		for (; cases[i].words[n] != NULL; n++) {
			cr_assert_not_null(
			    argv[n + 1], "%s: %zu", cases[i].args, n);
			cr_expect_str_eq(argv[n + 1], cases[i].words[n]);
		}
		cr_expect_null(argv[n + 1], "%s", cases[i].args);
		free(argv[1]);
		free(argv[0]);
		free(argv);
	}
}

/* In a child, since only an exec would free its memory. */
static int
split_fault(const char *args)
{
	pid_t pid = fork();

	if (pid == 0) {
		char **argv = NULL;

		_exit((int)session_split("server", args, &argv));
	}
	return fixture_wait(pid);
}

Test(session, gives_the_program_alone_where_there_are_no_arguments)
{
	static const char *const args[] = {"", " ", "  \t "};

	for (size_t i = 0; i < COUNT(args); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			char **argv = NULL;

			_exit(session_split("server", args[i], &argv) !=
				FAULT_NONE ||
			    strcmp(argv[0], "server") != 0 || argv[1] != NULL);
		}
		cr_expect_eq(fixture_wait(pid), 0);
	}
}

Test(session, refuses_arguments_without_an_end)
{
	static const char *const args[] = {
	    " \"", " '", " -d \"/srv", " 'a\"", " a\\\"b\"", " \"a\\\""};

	for (size_t i = 0; i < COUNT(args); i++)
		cr_expect_eq(split_fault(args[i]), FAULT_FORMAT, "%s", args[i]);
}

Test(session, has_a_limit_to_its_arguments)
{
	char args[256] = "";

	for (int i = 0; i < 63; i++)
		strncat(args, " a", sizeof(args) - strlen(args) - 1);
	cr_expect_eq(split_fault(args), FAULT_NONE);
	strncat(args, " a", sizeof(args) - strlen(args) - 1);
	cr_expect_eq(split_fault(args), FAULT_LIMIT);
}

/* Without a pass there is no session, whatever the caller has. */
Test(session, opens_for_a_pass_alone)
{
	static const int verdicts[] = {
	    VERDICT_DENY, VERDICT_CHALLENGE, VERDICT_ENROLL, 1, -1, 0x5a18};
	static char home[] = "/", shell[] = "/bin/true";
	static const struct facts facts = {.home = home, .shell = shell};

	for (size_t i = 0; i < COUNT(verdicts); i++) {
		pid_t pid = fork();

		if (pid == 0) {
			enum verdict verdict;

			memcpy(&verdict, &verdicts[i], sizeof(verdict));
			session_exec(verdict, &facts, NULL);
		}
		cr_expect_eq(fixture_wait(pid), GATE_EXIT_DENIED, "%zu", i);
	}
}

/* Runs env(1) as the shell, to show the session's environment. */
static void
read_session(char **environment, char *ret, size_t size)
{
	static char home[] = "/home/alice", shell[] = "/usr/bin/env";
	struct facts facts = {
	    .home = home, .shell = shell, .environment = environment};
	ssize_t n, len = 0;
	int ends[2];
	pid_t pid;

	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		dup2(ends[1], STDOUT_FILENO);
		session_exec(VERDICT_PASS, &facts, NULL);
	}
	close(ends[1]);
	while ((n = read(ends[0], ret + len, size - 1 - (size_t)len)) > 0)
		len += n;
	ret[len] = '\0';
	close(ends[0]);
	cr_assert_eq(fixture_wait(pid), 0);
}

/* Whole names, and none that only begins like one. */
Test(session, takes_out_what_the_drop_in_has_set)
{
	char *environment[] = {(char *)"LD_PRELOAD=", (char *)"ENV=",
	    (char *)"ENVIRONMENT=kept", (char *)"HOME=/nonexistent",
	    (char *)"PS4=", (char *)"PS=kept", (char *)"LD_PRELOAD=again",
	    (char *)"SSH_ORIGINAL_COMMAND=true", (char *)"TFA_CODE=123456",
	    (char *)"TFA_CODES=kept", (char *)"SHLVL=2", NULL};
	char seen[512];

	read_session(environment, seen, sizeof(seen));
	cr_expect_str_eq(seen,
	    "ENVIRONMENT=kept\nHOME=/home/alice\nPS=kept\nTFA_CODES=kept\n",
	    "%s", seen);
}

/* Every variable that the drop-in sets is removed, except HOME. */
Test(session, has_nothing_that_the_drop_in_has_set)
{
	char *environment[40] = {NULL}, seen[512];
	char *words = strdup(strchr(guard_setenv(), ' ')), *save = NULL;
	size_t n = 0;

	for (char *word = strtok_r(words, " ", &save);
	     word != NULL && n < COUNT(environment) - 1;
	     word = strtok_r(NULL, " ", &save))
		environment[n++] = word;
	cr_assert_geq(n, 20);
	read_session(environment, seen, sizeof(seen));
	cr_expect_str_eq(seen, "HOME=/home/alice\n", "%s", seen);
	free(words);
}

/* A value that sshd has set after the drop-in stays. */
Test(session, keeps_what_sshd_sets_where_it_has_something_to_say)
{
	char *environment[] = {(char *)"SSH_USER_AUTH=/tmp/sshauth.X",
	    (char *)"SSH_TTY=/dev/pts/0", (char *)"SSH_TUNNEL=tun0",
	    (char *)"SSH_AUTH_SOCK=", (char *)"SSH_USER_AUTHOR=", NULL};
	char seen[512];

	read_session(environment, seen, sizeof(seen));
	cr_expect_str_eq(seen,
	    "SSH_USER_AUTH=/tmp/sshauth.X\nSSH_TTY=/dev/pts/0\n"
	    "SSH_TUNNEL=tun0\nSSH_AUTH_SOCK=\nSSH_USER_AUTHOR=\n"
	    "HOME=/home/alice\n",
	    "%s", seen);
}
