/* Tests the prompt at moments that no scenario can choose. */
#include "gate/term.h"

#include <criterion/criterion.h>
#include <pty.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/core/verdict.h"

#define ANSWERED 40 /* status: the answer, as the child's exit status */

struct asked {
	pid_t pid;
	int out; /* read end of its standard error; -1: nobody reads */
};

/* Starts a child that asks with a prompt longer than the pipe's buffer. */
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

/* Somebody who goes away while the prompt is written has gone away at the
 * prompt. */
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

/* It does not wait for somebody who is gone. */
Test(term, signal_where_nobody_reads_ends_it, .timeout = 30)
{
	struct asked asked = ask(true);
	char byte;

	cr_assert_eq(read(asked.out, &byte, 1), 1);
	kill(asked.pid, SIGINT);
	cr_expect_eq(status_of(&asked), GATE_EXIT_DENIED);
}

/* Returns term_ask()'s answer to those bytes; ret: the line. */
static enum answer
answer_to(const char *bytes, size_t len, char ret[static 65])
{
	int in[2], back[2], status;
	enum answer answer = ANSWER_GONE;
	pid_t pid;

	cr_assert_eq(pipe(in), 0);
	cr_assert_eq(pipe(back), 0);
	pid = fork();
	cr_assert_geq(pid, 0);
	if (pid == 0) {
		char line[65];

		alarm(20);
		dup2(in[0], STDIN_FILENO);
		answer = term_ask("", 10, line, sizeof(line));
		_exit(
		    write(back[1], line, sizeof(line)) == (ssize_t)sizeof(line)
			? ANSWERED + (int)answer
			: 1);
	}
	cr_assert_eq(write(in[1], bytes, len), (ssize_t)len);
	close(in[1]);
	close(back[1]);
	cr_assert_eq(read(back[0], ret, 65), 65);
	close(in[0]);
	close(back[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) >= ANSWERED);
	return (enum answer)(WEXITSTATUS(status) - ANSWERED);
}

/* A terminal in raw mode leaves editing to us. */
Test(term, edits_a_line_as_a_terminal_would, .timeout = 30)
{
	static const struct {
		const char *typed, *line;
	} cases[] = {
	    {"123456\r", "123456"},
	    {"123457\b6\r", "123456"},
	    {"123457\x7f"
	     "6\n",
		"123456"},
	    {"\b\b123456\r", "123456"},
	    {"12\x7f\x7f\x7f"
	     "123456\r",
		"123456"},
	    {"99\x15"
	     "123456\r",
		"123456"},
	    {"123 99\x17"
	     "456\r",
		"123456"},
	    {"123 99 \x17"
	     "456\r",
		"123456"},
	    {"99\x17"
	     "123456\r",
		"123456"},
	    {"12345\xef\xbc\x91\x7f"
	     "6\r",
		"123456"},
	    {"\xc3\xa9\b123456\r", "123456"},
	    {"\x80\x80\b123456\r", "123456"},
	    {"\033[200~123456\033[201~\r", "123456"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char line[65];

		cr_expect_eq(
		    answer_to(cases[i].typed, strlen(cases[i].typed), line),
		    ANSWER_LINE, "%zu", i);
		cr_expect_str_eq(line, cases[i].line, "%zu: %s", i, line);
	}
}

/* An empty line is no answer, and a line that is too long is no code. */
Test(term, answers_are_empty_or_no_code_and_never_cut, .timeout = 30)
{
	char line[65], longer[80];

	cr_expect_eq(answer_to(" \t\302\240\r", 5, line), ANSWER_EMPTY);
	cr_expect_eq(answer_to("\r", 1, line), ANSWER_EMPTY);
	memset(longer, '1', sizeof(longer));
	longer[sizeof(longer) - 1] = '\r';
	cr_expect_eq(answer_to(longer, sizeof(longer), line), ANSWER_LINE);
	cr_expect_str_eq(line, "?");
	cr_expect_eq(answer_to("123\004", 4, line), ANSWER_GONE);
	cr_expect_str_empty(line);
}

/* Returns how a message comes out of a window of so many columns, or of a pipe
 * where they are -1.  The kernel may be late with it, so a mark behind it is
 * waited for. */
static const char *
said(const char *message, int columns)
{
	struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 24};
	static char text[512];
	int ends[2], saved = dup(STDERR_FILENO);
	size_t len = 0;

	cr_assert_eq(columns < 0
		? pipe(ends)
		: openpty(&ends[0], &ends[1], NULL, NULL, &size),
	    0);
	dup2(ends[1], STDERR_FILENO);
	term_say(message);
	term_write("#");
	dup2(saved, STDERR_FILENO);
	while (len == 0 || text[len - 1] != '#') {
		ssize_t n = read(ends[0], text + len, sizeof(text) - len);

		cr_assert_gt(n, 0);
		len += (size_t)n;
	}
	text[len - 1] = '\0';
	return text;
}

/* A date is not torn by the edge of the window. */
Test(term, message_breaks_at_blanks_in_a_narrow_window, .timeout = 30)
{
	static const char message[] = "by Thu 2026-12-31 18:00 CET, or later";

	cr_expect_str_eq(
	    said(message, 20), "by Thu 2026-12-31\r\n18:00 CET, or later\r\n");
	cr_expect_str_eq(
	    said(message, 37), "by Thu 2026-12-31 18:00 CET, or later\r\n");
	/* a window that does not say how wide it is, and no window */
	cr_expect_str_eq(
	    said(message, 0), "by Thu 2026-12-31 18:00 CET, or later\r\n");
	cr_expect_str_eq(
	    said(message, -1), "by Thu 2026-12-31 18:00 CET, or later\n");
	cr_expect_str_eq(said("", 20), "\r\n");
	cr_expect_str_eq(said("\033[2J", 20), "?[2J\r\n");
}
