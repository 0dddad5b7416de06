#include "admin/progress.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define MARK "\001"

/* The other end of stderr: of a terminal, or of a pipe. */
struct reader {
	int fd, saved;
};

static struct reader
read_stderr(bool is_terminal)
{
	struct reader ret = {.saved = dup(STDERR_FILENO)};
	int ends[2];

	if (is_terminal)
		cr_assert_eq(openpty(&ends[0], &ends[1], NULL, NULL, NULL), 0);
	else
		cr_assert_eq(pipe(ends), 0);
	cr_assert_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
	ret.fd = ends[0];
	return ret;
}

/* Returns the bytes since the last call.  A terminal hands them on when it finds
 * the time, so a mark behind them is waited for. */
static const char *
came(const struct reader *reader)
{
	static char text[1024];
	struct pollfd wait = {.fd = reader->fd, .events = POLLIN};
	size_t len = 0;

	cr_assert_eq(write(STDERR_FILENO, MARK, 1), 1);
	do {
		ssize_t n;

		cr_assert_eq(poll(&wait, 1, 10000), 1);
		n = read(reader->fd, text + len, sizeof(text) - 1 - len);
		cr_assert_gt(n, 0);
		len += (size_t)n;
		text[len] = '\0';
	} while (text[len - 1] != MARK[0]);
	text[len - 1] = '\0';
	return text;
}

static void
give_back(const struct reader *reader)
{
	dup2(reader->saved, STDERR_FILENO);
}

/* As if it had begun so long ago, and had last been drawn then. */
static void
age(struct progress *progress, int64_t ms)
{
	progress->begun_ms -= ms;
	progress->shown_ms -= ms;
}

Test(progress, comes_after_two_seconds_and_goes_at_the_end)
{
	struct reader reader = read_stderr(true);
	struct progress progress;
	char first[1024], again[1024], soon[1024], end[1024], twice[1024];

	progress_begin(&progress, "counting", 200);
	age(&progress, 1500);
	progress_step(&progress, 50);
	snprintf(first, sizeof(first), "%s", came(&reader));
	age(&progress, 600);
	progress_step(&progress, 50);
	snprintf(again, sizeof(again), "%s", came(&reader));
	progress.shown_ms += 60000;
	progress_step(&progress, 10);
	progress.shown_ms -= 60000;
	snprintf(soon, sizeof(soon), "%s", came(&reader));
	progress_end(&progress);
	snprintf(end, sizeof(end), "%s", came(&reader));
	age(&progress, 5000);
	progress_step(&progress, 1);
	progress_end(&progress);
	snprintf(twice, sizeof(twice), "%s", came(&reader));
	give_back(&reader);
	cr_expect_str_eq(first, "");
	cr_expect_str_eq(again, "\r\033[Kcounting: 50 %");
	cr_expect_str_eq(soon, "", "drawn more than five times a second");
	cr_expect_str_eq(end, "\r\033[K");
	cr_expect_str_eq(twice, "", "after its end");
}

Test(progress, is_hidden_before_other_output_and_comes_again)
{
	struct reader reader = read_stderr(true);
	struct progress progress;
	char hidden[1024], twice[1024], again[1024];

	progress_begin(&progress, "reading", 0);
	age(&progress, 3000);
	progress_step(&progress, 7);
	(void)came(&reader);
	progress_hide(&progress);
	snprintf(hidden, sizeof(hidden), "%s", came(&reader));
	progress_hide(&progress);
	snprintf(twice, sizeof(twice), "%s", came(&reader));
	age(&progress, 300);
	progress_step(&progress, 1);
	snprintf(again, sizeof(again), "%s", came(&reader));
	give_back(&reader);
	cr_expect_str_eq(hidden, "\r\033[K");
	cr_expect_str_eq(twice, "");
	cr_expect_str_eq(again, "\r\033[Kreading: 8");
}

Test(progress, is_never_seen_in_a_pipe)
{
	struct reader reader = read_stderr(false);
	struct progress progress;
	char seen[1024];

	progress_begin(&progress, "counting", 2);
	age(&progress, 60000);
	progress_step(&progress, 1);
	progress_hide(&progress);
	progress_step(&progress, 1);
	progress_end(&progress);
	snprintf(seen, sizeof(seen), "%s", came(&reader));
	give_back(&reader);
	cr_expect_str_eq(seen, "");
}

Test(progress, of_more_than_was_counted_is_all_of_it)
{
	struct reader reader = read_stderr(true);
	struct progress progress;
	char seen[1024];

	progress_begin(&progress, "counting", 3);
	age(&progress, 3000);
	progress_step(&progress, 9);
	snprintf(seen, sizeof(seen), "%s", came(&reader));
	give_back(&reader);
	cr_expect_str_eq(seen, "\r\033[Kcounting: 100 %");
}
