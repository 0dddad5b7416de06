/* A line "  label  text" about one thing, as "users NAME" and "explain" print. */
#ifndef TFA_FIELD_H
#define TFA_FIELD_H

/*
 * Prints label, text and a newline.  On a terminal that is narrower the text goes
 * on below itself, broken at blanks; elsewhere it stays one line, for grep.
 */
void field_print(const char *label, const char *text);

#endif
