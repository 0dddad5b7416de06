/*
 * What the terminal of a person can show: how much, and in which characters.
 * Decides nothing but how a QR code is drawn.
 */
#ifndef TFA_DISPLAY_H
#define TFA_DISPLAY_H

#include <stdbool.h>

struct display {
	int columns, rows; /* 0 by 0: no terminal, nothing can be drawn */
	bool utf8;
};

/*
 * The size of the terminal at fd; 80 by 24 where it does not say, 0 by 0
 * where fd is none.
 */
void display_size(int fd, struct display *ret);

/*
 * Whether a terminal shows UTF-8, by the values of LC_ALL, LC_CTYPE and LANG,
 * each of which may be NULL: the first that is not empty decides.
 */
bool
display_is_utf8(const char *lc_all, const char *lc_ctype, const char *lang);

#endif
