#include "gate/screen/display.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <pty.h>
#include <unistd.h>

Test(display, takes_utf8_from_the_first_locale_that_is_set)
{
	static const struct {
		const char *all, *ctype, *lang;
		bool utf8;
	} cases[] = {
	    {NULL, NULL, "en_US.UTF-8", true},
	    {NULL, NULL, "C.utf8", true},
	    {NULL, NULL, "de_DE.UTF-8@euro", true},
	    {NULL, "UTF-8", NULL, true},
	    {NULL, NULL, NULL, true},
	    {"", "", "", true},
	    {"", "", "C", false},
	    {NULL, NULL, "POSIX", false},
	    {NULL, NULL, "de_DE", false},
	    {NULL, NULL, "de_DE.ISO-8859-1", false},
	    {NULL, NULL, "zh_CN.UTF-16", false},
	    {"C", "en_US.UTF-8", "en_US.UTF-8", false},
	    {NULL, "C", "en_US.UTF-8", false},
	    {"en_US.UTF-8", "C", "C", true},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		cr_expect_eq(display_is_utf8(
				 cases[i].all, cases[i].ctype, cases[i].lang),
		    cases[i].utf8, "case %zu", i);
}

static struct display
of_terminal(unsigned short columns, unsigned short rows)
{
	struct winsize size = {.ws_col = columns, .ws_row = rows};
	struct display display = {-1, -1, false};
	int ours = -1, theirs = -1;

	cr_assert_eq(openpty(&ours, &theirs, NULL, NULL, &size), 0);
	display_size(theirs, &display);
	close(theirs);
	close(ours);
	return display;
}

Test(display, has_the_size_of_the_terminal)
{
	struct display display = of_terminal(45, 23);

	cr_expect_eq(display.columns, 45);
	cr_expect_eq(display.rows, 23);
}

Test(display, is_80_by_24_where_the_terminal_does_not_say)
{
	struct display display = of_terminal(0, 0);

	cr_expect_eq(display.columns, 80);
	cr_expect_eq(display.rows, 24);
}

Test(display, is_nothing_where_there_is_no_terminal)
{
	struct display display = {-1, -1, false};
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	display_size(fd, &display);
	cr_expect_eq(display.columns, 0);
	cr_expect_eq(display.rows, 0);
	close(fd);
}
