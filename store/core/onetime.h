/*
 * One-time codes: recovery codes, and the codes that administrators hand out.
 * 80 random bits, written as 16 characters of Crockford's base 32 in groups of
 * four.  They are read by typed_plain(), in upper or lower case, with O as 0
 * and I and L as 1.  The record keeps the SHA-256 of the 16 characters: a slow
 * hash would protect 80 random bits no better.
 *
 * Scratch codes are the eight digits that google-authenticator made, imported
 * with its device.  They have 26 bits and can be guessed, so they are judged
 * like a device's codes: wrong ones are counted, and none is judged while the
 * counter is shut.  Their hash hides them from nobody who can read the record;
 * that is no loss, since the record holds the device's secret too.
 *
 * An administrator's code, from the random bytes to the login:
 *
 *	onetime_format(random, text);           what the administrator sees
 *	onetime_read(text, strlen(text), code); the 16 characters
 *	onetime_hash(code, one->hash);          what the record keeps
 *	...
 *	if (onetime_read(typed, len, code))     what somebody typed
 *		onetime_hash(code, hash);
 *	i = onetime_find(record, hash, now_s);
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

/* Writes the random bytes as a code that a person can read and type.
 * proved: tests/proofs/parts.c 6a 6b, all codes of 80 bits. */
void onetime_format(
    const uint8_t random[static ONETIME_BYTES], char ret[static ONETIME_TEXT]);

/* Reads what somebody typed.  ret: the 16 characters and a NUL.  Returns
 * false if the text cannot be such a code; ret is then an empty string.
 * proved: tests/proofs/parts.c 7a 7b, 16 characters. */
bool
onetime_read(const char *text, size_t len, char ret[static ONETIME_CHARS + 1]);

/* ret: the SHA-256, in lower-case hex, of a code as onetime_read() returns
 * it, or of the digits of a scratch code.  FAULT_MEMORY. */
MUST_USE enum fault onetime_hash(const char *code, char ret[static HASH_TEXT]);

/* Returns the index in record->codes of the code with that hash that is
 * valid at now_s, or -1.  Compares every code, each in constant time. */
int onetime_find(const struct record *record, const char hash[static HASH_TEXT],
    int64_t now_s);

#endif
