#include "store/base/hash.h"

#include <openssl/evp.h>
#include <string.h>

static const EVP_MD *
find_sha256(void)
{
	static EVP_MD *found;

	if (found == NULL)
		found = EVP_MD_fetch(NULL, "SHA256", NULL);
	return found;
}

bool
hash_bytes(const void *data, size_t len, uint8_t ret[static HASH_BYTES])
{
	const EVP_MD *md = find_sha256();

	memset(ret, 0, HASH_BYTES);
	return md != NULL && EVP_Digest(data, len, ret, NULL, md, NULL) == 1;
}

bool
hash_hex(const void *data, size_t len, char ret[static HASH_TEXT])
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[HASH_BYTES];

	memset(ret, 0, HASH_TEXT);
	if (!hash_bytes(data, len, bytes))
		return false;
	for (size_t i = 0; i < sizeof(bytes); i++) {
		ret[2 * i] = digits[bytes[i] >> 4];
		ret[2 * i + 1] = digits[bytes[i] & 15];
	}
	return true;
}
