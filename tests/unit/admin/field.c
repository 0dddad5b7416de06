/* Text that is longer than a line of the terminal. */
#include "admin/field.h"

#include <criterion/criterion.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/doctor/findings.h"

#define MARK '#'

/* Stdout and stderr, on a terminal of so many columns, or in a pipe where they
 * are -1. */
static int
show_on(int columns)
{
	struct winsize size = {.ws_col = (unsigned short)columns, .ws_row = 24};
	int ends[2];

	fflush(stdout);
	cr_assert_eq(columns < 0
		? pipe(ends)
		: openpty(&ends[0], &ends[1], NULL, NULL, &size),
	    0);
	dup2(ends[1], STDOUT_FILENO);
	dup2(ends[1], STDERR_FILENO);
	close(ends[1]);
	return ends[0];
}

/* Returns what was shown.  The kernel may be late with it on a terminal, so a
 * mark behind it is waited for. */
static const char *
shown(int fd)
{
	static char text[2048];
	size_t len = 0;

	fputc(MARK, stdout);
	fflush(stdout);
	while (len == 0 || text[len - 1] != MARK) {
		ssize_t n = read(fd, text + len, sizeof(text) - len);

		cr_assert_gt(n, 0);
		len += (size_t)n;
	}
	text[len - 1] = '\0';
	return text;
}

Test(field, goes_on_below_itself_on_a_terminal, .timeout = 30)
{
	int fd = show_on(20);

	field_print("  label ", "one two three four");
	cr_expect_str_eq(
	    shown(fd), "  label one two\r\n        three four\r\n");
	field_print("  label ", "\303\266ne tw\303\266 three");
	cr_expect_str_eq(
	    shown(fd), "  label \303\266ne tw\303\266\r\n        three\r\n");
	field_print("  label ", "a-word-that-is-too-long and more");
	cr_expect_str_eq(shown(fd),
	    "  label a-word-that-is-too-long\r\n        and more\r\n");
	fd = show_on(8); /* no room beside the label */
	field_print("  label ", "one two three");
	cr_expect_str_eq(shown(fd), "  label one two three\r\n");
}

Test(field, message_is_folded_on_a_terminal_and_one_line_in_a_pipe,
    .timeout = 30)
{
	const struct admin admin = {.yes = true};
	int fd = show_on(40);

	admin_say(
	    "to give them time: %s", "tfa-admin enforce @all --grace 14d");
	cr_expect_str_eq(shown(fd),
	    "tfa-admin: to give them time: tfa-admin\r\n"
	    "  enforce @all --grace 14d\r\n");
	cr_expect(admin_has_said());
	cr_expect(admin_confirm(&admin, "A question?"));
	fd = show_on(-1);
	admin_say(
	    "to give them time: %s", "tfa-admin enforce @all --grace 14d");
	cr_expect_str_eq(shown(fd),
	    "tfa-admin: to give them time: tfa-admin enforce @all --grace "
	    "14d\n");
}

/* The name of a check stands alone in its column. */
Test(field, finding_is_folded_beside_its_check, .timeout = 30)
{
	struct finding finding = {.check = "a-check",
	    .status = FINDING_WARN,
	    .detail = "something long was found here",
	    .fix = "a line to put there"};
	int fd = show_on(40);

	finding_print(stdout, &finding, false);
	cr_expect_str_eq(shown(fd),
	    "warn  a-check       something long was\r\n"
	    "                    found here; fix: a\r\n"
	    "                    line to put there\r\n");
	fd = show_on(-1);
	finding_print(stdout, &finding, true);
	cr_expect_str_eq(shown(fd),
	    "\033[33mwarn\033[0m  a-check       something long was found here; "
	    "fix: a line to put there\n");
}
