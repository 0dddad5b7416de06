/* The size of the user's terminal, and whether it shows UTF-8.  A QR code must
 * fit, and text is folded. */
#ifndef TFA_DISPLAY_H
#define TFA_DISPLAY_H

#include <stdbool.h>

struct display {
	int columns, rows; /* 0 by 0: no terminal, nothing can be drawn */
	bool utf8;
};

/* Sets ret->columns and ret->rows to the size of the terminal at fd; 80 by
 * 24 if it does not say, 0 by 0 if fd is not a terminal. */
void display_size(int fd, struct display *ret);

/* Returns the columns of the terminal at fd; 0 if fd is none, or it does not say. */
int display_columns(int fd);

/*
 * Returns true if the terminal shows UTF-8, by the values of LC_ALL, LC_CTYPE
 * and LANG, each of which may be NULL: the first that is not empty decides.
 */
bool
display_is_utf8(const char *lc_all, const char *lc_ctype, const char *lang);

#endif
