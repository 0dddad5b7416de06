#include <openssl/crypto.h>
#include <string.h>

#include "store/base/hash.h"
#include "store/core/onetime.h"
#include "store/core/typed.h"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void
onetime_format(
    const uint8_t random[static ONETIME_BYTES], char ret[static ONETIME_TEXT])
{
	size_t out = 0;

	for (size_t i = 0; i < ONETIME_CHARS; i++) {
		size_t bit = i * 5;
		unsigned pair = (unsigned)random[bit / 8] << 8;

		if (bit / 8 + 1 < ONETIME_BYTES)
			pair |= random[bit / 8 + 1];
		if (i > 0 && i % 4 == 0)
			ret[out++] = '-';
		ret[out++] = alphabet[pair >> (11 - bit % 8) & 0x1f];
	}
	ret[out] = '\0';
}

/* Returns the character that is meant, or NUL for none. */
static char
crockford_char(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		return '0';
	if (c == 'I' || c == 'L')
		return '1';
	return c != '\0' && strchr(alphabet, c) != NULL ? c : '\0';
}

bool
onetime_read(const char *text, size_t len, char ret[static ONETIME_CHARS + 1])
{
	char code[ONETIME_CHARS + 1] = "";
	bool is_code;

	typed_plain(text, len, code, sizeof(code));
	is_code = strlen(code) == ONETIME_CHARS;
	for (size_t i = 0; is_code && i < ONETIME_CHARS; i++) {
		code[i] = crockford_char(code[i]);
		is_code = code[i] != '\0';
	}
	memset(ret, 0, ONETIME_CHARS + 1);
	if (is_code)
		memcpy(ret, code, sizeof(code));
	OPENSSL_cleanse(code, sizeof(code));
	return is_code;
}

enum fault
onetime_hash(const char *code, char ret[static HASH_TEXT])
{
	return hash_hex(code, strlen(code), ret) ? FAULT_NONE : FAULT_MEMORY;
}

int
onetime_find(const struct record *record, const char hash[static HASH_TEXT],
    int64_t now_s)
{
	int found = -1;

	for (size_t i = 0; i < record->codes.count; i++) {
		const struct one_time *code = &record->codes.items[i];
		bool same = CRYPTO_memcmp(code->hash, hash, HASH_TEXT - 1) == 0;

		if (same && (code->until_s == 0 || code->until_s > now_s))
			found = (int)i;
	}
	return found;
}
