/*
 * Base32 (RFC 4648 section 6), strictly: the only spelling of some bytes is
 * the one that base32_encode() writes.  Upper case, no padding, no spaces,
 * and the unused low bits of the last character are zero.  A secret that can
 * be written in two ways is a secret that two programs read differently.
 */
#ifndef TFA_BASE32_H
#define TFA_BASE32_H

#include <stddef.h>
#include <stdint.h>

#include "store/base/fault.h"

/* Characters that n bytes take, without the closing NUL. */
#define BASE32_LEN(n) (((n)*8 + 4) / 5)

/*
 * Writes BASE32_LEN(len) characters and a NUL to ret.  size is what ret has
 * room for.  FAULT_LIMIT, with nothing written, where that is too little.
 */
MUST_USE enum fault
base32_encode(const uint8_t *bytes, size_t len, char *ret, size_t size);

/*
 * Reads exactly len characters of text into ret, at most size bytes.
 * FAULT_FORMAT for any character but A-Z and 2-7, for a length that no
 * encoding has, and for low bits set; FAULT_LIMIT where ret is too small.
 * ret and *ret_len are untouched by a failure.
 */
MUST_USE enum fault base32_decode(
    const char *text, size_t len, uint8_t *ret, size_t size, size_t *ret_len);

#endif
