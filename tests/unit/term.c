/* The prompt, where no scenario can choose the moment. */
#include "../../gate/term.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "verdict.h"

#define ANSWERED 40 /* and the answer: the child's exit status */

struct asked {
	pid_t pid;
	int out; /* what it writes to standard error; -1: nobody reads it */
};

/* A child that asks with a prompt longer than the pipe is, of nobody. */
static struct asked
ask(bool is_read)
{
	static char prompt[2 * 65536];
	struct asked ret = {.out = -1};
	char line[16];
	int out[2];

	memset(prompt, '?', sizeof(prompt) - 1);
	cr_assert_eq(pipe(out), 0);
	if (!is_read)
		close(out[0]);
	ret.pid = fork();
	cr_assert_geq(ret.pid, 0);
	if (ret.pid == 0) {
		alarm(20);
		signal(SIGPIPE, SIG_IGN);
		if (is_read)
			close(out[0]);
		dup2(out[1], STDERR_FILENO);
		term_guard();
		_exit(ANSWERED + (int)term_ask(prompt, 10, line, sizeof(line)));
	}
	close(out[1]);
	if (is_read)
		ret.out = out[0];
	return ret;
}

static int
status_of(const struct asked *asked)
{
	int status;

	cr_assert_eq(waitpid(asked->pid, &status, 0), asked->pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* Whoever is gone before all of the prompt is there is gone at the prompt. */
Test(term, signal_while_the_prompt_is_written_is_an_answer, .timeout = 30)
{
	struct asked asked = ask(true);
	char byte[4096];

	cr_assert_eq(read(asked.out, byte, 1), 1);
	kill(asked.pid, SIGINT);
	while (read(asked.out, byte, sizeof(byte)) > 0)
		;
	cr_expect_eq(status_of(&asked), ANSWERED + ANSWER_GONE);
}

Test(term, prompt_that_nobody_can_read_has_no_answer, .timeout = 30)
{
	struct asked asked = ask(false);

	cr_expect_eq(status_of(&asked), ANSWERED + ANSWER_GONE);
}

/* It does not wait for one who is gone. */
Test(term, signal_where_nobody_reads_ends_it, .timeout = 30)
{
	struct asked asked = ask(true);
	char byte;

	cr_assert_eq(read(asked.out, &byte, 1), 1);
	kill(asked.pid, SIGINT);
	cr_expect_eq(status_of(&asked), GATE_EXIT_DENIED);
}
