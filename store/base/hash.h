/*
 * SHA-256 (FIPS 180-4), by libcrypto.  What it looks up by name it looks up at
 * the first call: a process that forks calls one before.
 */
#ifndef TFA_HASH_H
#define TFA_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_BYTES 32
#define HASH_TEXT  (2 * HASH_BYTES + 1)

/* The hash of len bytes.  False where OpenSSL fails; ret is then zeros. */
bool hash_bytes(const void *data, size_t len, uint8_t ret[static HASH_BYTES]);

/* The same as lower-case hexadecimal digits and a NUL; or an empty string. */
bool hash_hex(const void *data, size_t len, char ret[static HASH_TEXT]);

#endif
