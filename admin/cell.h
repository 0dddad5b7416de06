/*
 * Text in a cell of a table, on a terminal.  Names are UTF-8, and so are the
 * terminals that show them, whatever LC_ALL says: the log and all messages are
 * written so, too.  A character that is not seen, that looks as a blank does, or
 * that moves or reorders what is near it is shown escaped, so that two names
 * that look alike are not two users.
 */
#ifndef TFA_CELL_H
#define TFA_CELL_H

#include <locale.h>
#include <stddef.h>

/*
 * Returns the text as it is shown, which the caller frees: "\u{202e}" for such a
 * character, and "\303" for a byte that is not UTF-8.  NULL without memory.
 */
char *cell_show(const char *text);

/* Returns how many columns a text takes, of which no character steers the
 * terminal: a text from cell_show() or utf8_clean(). */
size_t cell_width(const char *text);

/* Returns how many bytes of such a text, whole characters, fit into so many
 * columns. */
size_t cell_fitting(const char *text, size_t columns);

/* From cell_enter() to cell_leave(), libc and libsmartcols take text as UTF-8. */
locale_t cell_enter(void);
void cell_leave(locale_t before);

#endif
