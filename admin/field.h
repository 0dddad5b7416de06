/*
 * Text that is longer than a line of the terminal: it is broken at blanks.  In a
 * pipe or a file it stays one line, for grep.
 */
#ifndef TFA_FIELD_H
#define TFA_FIELD_H

#include <stddef.h>
#include <stdio.h>

/*
 * Prints text on a line of which so many columns are used already.  Further
 * lines are indented by so many blanks.  Prints no newline at the end.
 */
void field_fold(FILE *out, size_t used, size_t indent, const char *text);

/* Prints a line "  label  text" and a newline, as "users NAME" and "explain" do;
 * the text goes on below itself. */
void field_print(const char *label, const char *text);

#endif
