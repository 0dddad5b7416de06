#include "gate/screen/display.h"

#include <stddef.h>
#include <string.h>
#include <strings.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS 80
#define ROWS    24

void
display_size(int fd, struct display *ret)
{
	struct winsize size = {0, 0, 0, 0};
	bool known;

	ret->columns = ret->rows = 0;
	if (!isatty(fd))
		return;
	known = ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
	    size.ws_row > 0;
	ret->columns = known ? size.ws_col : COLUMNS;
	ret->rows = known ? size.ws_row : ROWS;
}

int
display_columns(int fd)
{
	struct winsize size;

	return ioctl(fd, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

/* Accepts "en_US.UTF-8", "C.utf8", "de_DE.UTF-8@euro", and the "UTF-8" of
 * macOS. */
static bool
names_utf8(const char *locale)
{
	const char *dot = strchr(locale, '.');
	const char *set = dot != NULL ? dot + 1 : locale;
	size_t len = strcspn(set, "@");

	return (len == 5 && strncasecmp(set, "UTF-8", len) == 0) ||
	    (len == 4 && strncasecmp(set, "UTF8", len) == 0);
}

/*
 * Many ssh clients send none of these variables.  Then it assumes UTF-8, which
 * nearly every terminal today shows; if that is wrong the code is garbled, and
 * the key stands below it.  Only the name counts: the terminal shows the text,
 * so this machine need not have that locale.
 */
bool
display_is_utf8(const char *lc_all, const char *lc_ctype, const char *lang)
{
	const char *const values[] = {lc_all, lc_ctype, lang};

	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		if (values[i] != NULL && values[i][0] != '\0')
			return names_utf8(values[i]);
	return true;
}
