/*
 * Base64 (RFC 4648 section 4), read strictly: every byte string has one
 * spelling, the one that base64_encode() writes.  Padded, no blanks, no line
 * ends, and the unused low bits of the last character are zero.
 */
#ifndef TFA_BASE64_H
#define TFA_BASE64_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/base/fault.h"

/* Characters for n bytes, without the closing NUL. */
#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

/* Writes BASE64_LEN(len) characters and a NUL to ret, which has room for
 * size bytes.  FAULT_LIMIT if that is too little; ret is then untouched. */
MUST_USE enum fault
base64_encode(const uint8_t *bytes, size_t len, char *ret, size_t size);

/* True for what base64_encode() writes; *ret_len: how many bytes it stands for. */
bool base64_is(const char *text, size_t len, size_t *ret_len);

/*
 * Decodes len characters of text into ret, which has room for size bytes.
 * FAULT_FORMAT for anything that base64_encode() does not write; FAULT_LIMIT if
 * ret is too small.  ret and *ret_len are untouched on failure.
 */
MUST_USE enum fault base64_decode(
    const char *text, size_t len, uint8_t *ret, size_t size, size_t *ret_len);

#endif
