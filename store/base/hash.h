/*
 * SHA-256 (FIPS 180-4), by libcrypto.  The first call looks the algorithm up,
 * which is slow: a process that forks workers makes one call before it does.
 */
#ifndef TFA_HASH_H
#define TFA_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_BYTES 32
#define HASH_TEXT  (2 * HASH_BYTES + 1)

/* Hashes len bytes.  Returns false if OpenSSL fails; ret is then zeros. */
bool hash_bytes(const void *data, size_t len, uint8_t ret[static HASH_BYTES]);

/* Hashes as hash_bytes() does.  ret: lower-case hexadecimal digits and a
 * NUL, or "" if OpenSSL fails. */
bool hash_hex(const void *data, size_t len, char ret[static HASH_TEXT]);

/* The hash of what comes in pieces.  NULL: OpenSSL fails. */
struct hash;
struct hash *hash_begin(void);

/* False if OpenSSL fails. */
bool hash_add(struct hash *hash, const void *data, size_t len);

/* Writes the hash as hash_hex() does, and frees it.  It may be NULL. */
void hash_end(struct hash *hash, char ret[static HASH_TEXT]);

#endif
