/*
 * UTF-8 (RFC 3629), and what of it may be shown.  Everything that a client,
 * a file or another process gave us passes through utf8_clean() before it
 * reaches a log or a terminal.
 */
#ifndef TFA_UTF8_H
#define TFA_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTF8_MAX 4 /* bytes of the longest character */

/*
 * Bytes of the well-formed character at text, 1 to 4; 0 where there is none
 * within len bytes: overlong, surrogate, above U+10FFFF, cut short.
 */
size_t utf8_length(const char *text, size_t len);

/*
 * Whether the character moves, hides or reorders what a reader sees: C0, DEL,
 * C1, zero-width and bidi controls, line separators.
 */
bool utf8_steers(uint32_t c);

/* The character at text, which utf8_length() says is there. */
uint32_t utf8_char(const char *text, size_t len);

/* Whether utf8_clean() would change nothing. */
bool utf8_is_clean(const char *text);

/* Writes the character, at most U+10FFFF; its length, 1 to 4. */
size_t utf8_encode(uint32_t c, char ret[static UTF8_MAX]);

/*
 * Copies len bytes of text to ret, at most size - 1 bytes and whole
 * characters, and a NUL.  What utf8_steers() names, and whatever is not UTF-8,
 * becomes a question mark.
 */
void utf8_clean(const char *text, size_t len, char *ret, size_t size);

#endif
