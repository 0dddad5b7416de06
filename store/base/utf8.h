/*
 * UTF-8 (RFC 3629), and which characters may be shown.  Every text that comes
 * from a client, a file or another process goes through utf8_clean() before it
 * is logged or shown on a terminal.
 * proved: tests/proofs/parts.c 1a 1b, all characters;
 * proved: tests/proofs/parts.c 2a, texts of 4.
 */
#ifndef TFA_UTF8_H
#define TFA_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_MAX 4 /* bytes of the longest character */

/*
 * Returns the length of the character at text, 1 to 4 bytes, or 0 if the len
 * bytes do not begin with a valid one: it is overlong, a surrogate, above
 * U+10FFFF, or cut short.
 */
size_t utf8_length(const char *text, size_t len);

/* Returns true if the character moves the cursor, or hides or reorders text:
 * C0, DEL, C1, zero-width and bidi controls, line separators. */
bool utf8_steers(uint32_t c);

/* Returns true for a blank of any width that is not the space itself: a
 * no-break space, an em space.  It looks like a space and is another one. */
bool utf8_is_odd_blank(uint32_t c);

/* Returns the character at text; utf8_length() must have found one there. */
uint32_t utf8_char(const char *text, size_t len);

/* Returns true if utf8_clean() would change nothing. */
bool utf8_is_clean(const char *text);

/* Writes the character, at most U+10FFFF, without a NUL.  Returns its
 * length, 1 to 4. */
size_t utf8_encode(uint32_t c, char ret[static UTF8_MAX]);

/*
 * Copies len bytes of text to ret, which has room for size bytes, and adds a
 * NUL.  Copies whole characters only, and stops where ret is full.  Each
 * character that utf8_steers() names, and each byte that is not UTF-8, becomes
 * a question mark.  ret may be text: nothing becomes longer.
 */
void utf8_clean(const char *text, size_t len, char *ret, size_t size);

#endif
