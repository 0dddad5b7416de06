/*
 * A code as somebody typed or pasted it.  Gate and keeper read it with this
 * one function, before they look at what it says.
 *
 * It leaves out what a terminal, a clipboard or an app's display adds: blanks
 * and line ends, invisible characters, dashes, dots and commas, the marks
 * round a paste, and what a terminal tells of itself.  Decimal digits of every
 * script count as the digits that they are, and full-width letters as letters.
 *
 * It guesses at nothing else.  A key that moves the cursor, a word beside the
 * digits or an O for a 0 stays: the result is then no code, and is not taken
 * for a wrong one.
 */
#ifndef TFA_TYPED_H
#define TFA_TYPED_H

#include <stddef.h>

/*
 * ret: what is left of len bytes of text, and a NUL.  It is clean by
 * utf8_is_clean(): whatever else may not be shown, and what is not UTF-8, is a
 * question mark.  What is longer than size - 1 bytes is one question mark.
 * What is left stays as it is when it is read again.
 */
void typed_plain(const char *text, size_t len, char *ret, size_t size);

#endif
