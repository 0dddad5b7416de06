/*
 * One-time codes on paper: recovery codes, and the codes that an admin hands
 * out.  80 random bits as 16 characters of Crockford's base 32 in fours, read
 * by typed_plain() and without regard to case, with O as 0 and I, L as 1.  The
 * record keeps SHA-256 of the 16 characters: with 80 bits of entropy a slow
 * hash would protect nothing more.
 *
 * Scratch codes are the eight digits that google-authenticator made, taken
 * over from there.  They have 26 bits, so they can be guessed: they are judged
 * like the codes of a device, counted and never while a counter is shut, and
 * their hash hides them from nobody who can read the record.  That is no loss:
 * the record has the device's secret too.
 */
#ifndef TFA_ONETIME_H
#define TFA_ONETIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/core/record.h"

#define ONETIME_BYTES 10
#define ONETIME_CHARS 16
#define ONETIME_TEXT  20 /* "XXXX-XXXX-XXXX-XXXX" and a NUL */
#define SCRATCH_CHARS 8
#define SCRATCH_TEXT  9

/* The code that these random bytes are, as a person reads it. */
void onetime_format(
    const uint8_t random[static ONETIME_BYTES], char ret[static ONETIME_TEXT]);

/*
 * Reads what somebody typed.  ret: the 16 characters and a NUL.  False where
 * text cannot be such a code; ret is then an empty string.
 */
bool
onetime_read(const char *text, size_t len, char ret[static ONETIME_CHARS + 1]);

/* SHA-256 of a code, as onetime_read() gives it, or of the digits of a scratch
 * code, in lower-case hex. */
MUST_USE enum fault onetime_hash(const char *code, char ret[static HASH_TEXT]);

/*
 * The record's code with that hash, valid at now_s: its index in
 * record->codes, or -1.  Every code is compared, in constant time.
 */
int onetime_find(const struct record *record, const char hash[static HASH_TEXT],
    int64_t now_s);

#endif
