#include "store/base/base64.h"

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

/* By the two halves of a character: one more than what it stands for, or 0 for
 * one that base64 does not have. */
static const uint8_t values[16][16] = {
    [2] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 63, 0, 0, 0, 64},
    [3] = {53, 54, 55, 56, 57, 58, 59, 60, 61, 62},
    [4] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15},
    [5] = {16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26},
    [6] = {0, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40, 41},
    [7] = {42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 52},
};

static uint32_t
six_bits(char c)
{
	return (uint32_t)values[(uint8_t)c >> 4][(uint8_t)c & 15] - 1;
}

/* pad: the number of "=" at the end. */
static bool
is_one_spelling(const char *text, size_t len, size_t pad)
{
	uint32_t unused = pad == 2 ? 15 : pad == 1 ? 3 : 0;

	for (size_t i = 0; i < len - pad; i++)
		if (six_bits(text[i]) > 63)
			return false;
	return (six_bits(text[len - pad - 1]) & unused) == 0;
}

bool
base64_is(const char *text, size_t len, size_t *ret_len)
{
	size_t pad = 0;

	if (len % 4 != 0)
		return false;
	if (len > 0 && text[len - 1] == '=')
		pad = text[len - 2] == '=' ? 2 : 1;
	if (len > 0 && !is_one_spelling(text, len, pad))
		return false;
	*ret_len = len / 4 * 3 - pad;
	return true;
}

static void
decode_four(const char *text, size_t count, uint8_t *ret)
{
	uint32_t three = 0;

	for (size_t i = 0; i < 4; i++)
		three = three << 6 | (i <= count ? six_bits(text[i]) : 0);
	for (size_t i = 0; i < count; i++)
		ret[i] = (uint8_t)(three >> (16 - 8 * i));
}

enum fault
base64_decode(
    const char *text, size_t len, uint8_t *ret, size_t size, size_t *ret_len)
{
	size_t bytes, at = 0;

	if (!base64_is(text, len, &bytes))
		return FAULT_FORMAT;
	if (bytes > size)
		return FAULT_LIMIT;
	for (; bytes - at >= 3; at += 3, text += 4)
		decode_four(text, 3, ret + at);
	if (at < bytes)
		decode_four(text, bytes - at, ret + at);
	*ret_len = bytes;
	return FAULT_NONE;
}
