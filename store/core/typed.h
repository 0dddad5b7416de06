/*
 * A code as somebody typed or pasted it.  Gate and keeper both read it with
 * this function before they look at its content.
 *
 * The function removes what a terminal, a clipboard or an app's display adds:
 * blanks and line ends, invisible characters, dashes, dots and commas, the
 * marks around a paste, and a terminal's reports about itself.  Decimal digits
 * of every script become 0 to 9, and full-width letters become ASCII.
 *
 * It guesses nothing else.  A key that moves the cursor, a word beside the
 * digits, or an O for a 0 stays: the result is then not a code, and is not
 * counted as a wrong one.
 */
#ifndef TFA_TYPED_H
#define TFA_TYPED_H

#include <stddef.h>

/*
 * Reads len bytes of text.  ret: what remains, and a NUL.  The result is clean
 * by utf8_is_clean(): other characters that may not be shown, and bytes that
 * are not UTF-8, become question marks.  A result longer than size - 1 bytes
 * becomes one question mark.  Reading a result again does not change it.
 */
void typed_plain(const char *text, size_t len, char *ret, size_t size);

#endif
