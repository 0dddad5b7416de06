#include "store/base/base32.h"

#include <stdbool.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

enum fault
base32_encode(const uint8_t *bytes, size_t len, char *ret, size_t size)
{
	unsigned bits = 0, held = 0;
	size_t n = 0;

	if (len > SIZE_MAX / 16 || BASE32_LEN(len) >= size)
		return FAULT_LIMIT;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 8 | bytes[i];
		for (held += 8; held >= 5; held -= 5)
			ret[n++] = alphabet[bits >> (held - 5) & 31];
	}
	if (held > 0)
		ret[n++] = alphabet[bits << (5 - held) & 31];
	ret[n] = '\0';
	return FAULT_NONE;
}

/* Returns 0 to 31, or -1 if c is no base32 character. */
static int
char_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= '2' && c <= '7')
		return c - '2' + 26;
	return -1;
}

static bool
is_canonical(const char *text, size_t len)
{
	size_t spare = len * 5 % 8;

	/* Lengths 1, 3 and 6 modulo 8: no bit of the last character is used. */
	if (spare >= 5)
		return false;
	for (size_t i = 0; i < len; i++)
		if (char_value(text[i]) < 0)
			return false;
	return len == 0 ||
	    (char_value(text[len - 1]) & ((1 << spare) - 1)) == 0;
}

enum fault
base32_decode(
    const char *text, size_t len, uint8_t *ret, size_t size, size_t *ret_len)
{
	unsigned bits = 0, held = 0;
	size_t n = 0;

	if (len > SIZE_MAX / 16)
		return FAULT_LIMIT;
	if (!is_canonical(text, len))
		return FAULT_FORMAT;
	if (len * 5 / 8 > size)
		return FAULT_LIMIT;
	for (size_t i = 0; i < len; i++) {
		bits = bits << 5 | (unsigned)char_value(text[i]);
		held += 5;
		if (held >= 8) {
			held -= 8;
			ret[n++] = (uint8_t)(bits >> held);
		}
	}
	*ret_len = n;
	return FAULT_NONE;
}
