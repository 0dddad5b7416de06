#include "store/base/hash.h"

#include <openssl/evp.h>
#include <string.h>

/* OpenSSL 1.1.1 has nothing to look up. */
static const EVP_MD *
find_sha256(void)
{
#if OPENSSL_VERSION_NUMBER < 0x30000000L
	return EVP_sha256();
#else
	static EVP_MD *found;

	if (found == NULL)
		found = EVP_MD_fetch(NULL, "SHA256", NULL);
	return found;
#endif
}

bool
hash_bytes(const void *data, size_t len, uint8_t ret[static HASH_BYTES])
{
	const EVP_MD *md = find_sha256();

	memset(ret, 0, HASH_BYTES);
	return md != NULL && EVP_Digest(data, len, ret, NULL, md, NULL) == 1;
}

static void
write_hex(const uint8_t bytes[static HASH_BYTES], char ret[static HASH_TEXT])
{
	static const char digits[] = "0123456789abcdef";

	for (size_t i = 0; i < HASH_BYTES; i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
}

bool
hash_hex(const void *data, size_t len, char ret[static HASH_TEXT])
{
	uint8_t bytes[HASH_BYTES];

	memset(ret, 0, HASH_TEXT);
	if (!hash_bytes(data, len, bytes))
		return false;
	write_hex(bytes, ret);
	return true;
}

/* An EVP_MD_CTX, by a name that needs no header of OpenSSL's. */
static EVP_MD_CTX *
context(struct hash *hash)
{
	return (EVP_MD_CTX *)hash;
}

struct hash *
hash_begin(void)
{
	const EVP_MD *md = find_sha256();
	EVP_MD_CTX *ctx = md != NULL ? EVP_MD_CTX_new() : NULL;

	if (ctx != NULL && EVP_DigestInit_ex(ctx, md, NULL) != 1) {
		EVP_MD_CTX_free(ctx);
		ctx = NULL;
	}
	return (struct hash *)ctx;
}

bool
hash_add(struct hash *hash, const void *data, size_t len)
{
	return EVP_DigestUpdate(context(hash), data, len) == 1;
}

void
hash_end(struct hash *hash, char ret[static HASH_TEXT])
{
	uint8_t bytes[HASH_BYTES];

	memset(ret, 0, HASH_TEXT);
	if (hash != NULL && EVP_DigestFinal_ex(context(hash), bytes, NULL) == 1)
		write_hex(bytes, ret);
	EVP_MD_CTX_free(context(hash));
}
