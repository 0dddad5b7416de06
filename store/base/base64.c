#include "store/base/base64.h"

#include <stdbool.h>

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			       "abcdefghijklmnopqrstuvwxyz0123456789+/";

enum fault
base64_encode(const uint8_t *bytes, size_t len, char *ret, size_t size)
{
	size_t n = 0;

	if (len > SIZE_MAX / 16 || BASE64_LEN(len) >= size)
		return FAULT_LIMIT;
	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t three = (uint32_t)bytes[i] << 16 |
		    (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
		    (left > 2 ? bytes[i + 2] : 0);

		ret[n++] = alphabet[three >> 18];
		ret[n++] = alphabet[three >> 12 & 63];
		ret[n++] = left > 1 ? alphabet[three >> 6 & 63] : '=';
		ret[n++] = left > 2 ? alphabet[three & 63] : '=';
	}
	ret[n] = '\0';
	return FAULT_NONE;
}

/* Returns 0 to 63, or -1 if c is no base64 character. */
static int
six_bits(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* pad: the number of "=" at the end. */
static bool
is_one_spelling(const char *text, size_t len, size_t pad)
{
	int unused = pad == 2 ? 15 : pad == 1 ? 3 : 0;

	for (size_t i = 0; i < len - pad; i++)
		if (six_bits(text[i]) < 0)
			return false;
	return (six_bits(text[len - pad - 1]) & unused) == 0;
}

static void
decode_four(const char *text, size_t count, uint8_t *ret)
{
	uint32_t three = 0;

	for (size_t i = 0; i < 4; i++)
		three = three << 6 |
		    (i <= count ? (uint32_t)six_bits(text[i]) : 0);
	for (size_t i = 0; i < count; i++)
		ret[i] = (uint8_t)(three >> (16 - 8 * i));
}

enum fault
base64_decode(
    const char *text, size_t len, uint8_t *ret, size_t size, size_t *ret_len)
{
	size_t pad = 0, bytes;

	if (len % 4 != 0)
		return FAULT_FORMAT;
	if (len > 0 && text[len - 1] == '=')
		pad = text[len - 2] == '=' ? 2 : 1;
	if (len > 0 && !is_one_spelling(text, len, pad))
		return FAULT_FORMAT;
	bytes = len / 4 * 3 - pad;
	if (bytes > size)
		return FAULT_LIMIT;
	for (size_t i = 0; i < bytes; i += 3)
		decode_four(
		    text + i / 3 * 4, bytes - i < 3 ? bytes - i : 3, ret + i);
	*ret_len = bytes;
	return FAULT_NONE;
}
