/*
 * Base32 (RFC 4648 section 6), read strictly: every byte string has one
 * spelling, the one that base32_encode() writes.  Upper case, no padding, no
 * blanks, and the unused low bits of the last character are zero.  If a secret
 * had two spellings, two programs could read it differently.
 * proved: tests/proofs/parts.c 5a 5b, 16 characters.
 */
#ifndef TFA_BASE32_H
#define TFA_BASE32_H

#include <stddef.h>
#include <stdint.h>

#include "store/base/fault.h"

/* Characters for n bytes, without the closing NUL. */
#define BASE32_LEN(n) (((n)*8 + 4) / 5)

/* Writes BASE32_LEN(len) characters and a NUL to ret, which has room for
 * size bytes.  FAULT_LIMIT if that is too little; ret is then untouched. */
MUST_USE enum fault
base32_encode(const uint8_t *bytes, size_t len, char *ret, size_t size);

/*
 * Decodes len characters of text into ret, which has room for size bytes.
 * FAULT_FORMAT for a character other than A-Z and 2-7, for a length that no
 * encoding has, and for low bits that are set; FAULT_LIMIT if ret is too
 * small.  ret and *ret_len are untouched on failure.
 */
MUST_USE enum fault base32_decode(
    const char *text, size_t len, uint8_t *ret, size_t size, size_t *ret_len);

#endif
