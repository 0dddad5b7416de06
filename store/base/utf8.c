#include <stdint.h>
#include <string.h>

#include "store/base/utf8.h"

/* Decodes one character.  Returns its length, or 0 if there is none. */
static size_t
decode(const char *text, size_t len, uint32_t *ret_char)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char c;
	uint32_t value;
	size_t n;

	if (len == 0)
		return 0;
	c = (unsigned char)text[0];
	if (c < 0x80) {
		*ret_char = c;
		return 1;
	}
	n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
	if (c < 0xc2 || c > 0xf4 || len < n)
		return 0;
	value = c & (0xffu >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		c = (unsigned char)text[i];
		if ((c & 0xc0) != 0x80)
			return 0;
		value = value << 6 | (c & 0x3f);
	}
	if (value < least[n] || value > 0x10ffff ||
	    (value >= 0xd800 && value <= 0xdfff))
		return 0;
	*ret_char = value;
	return n;
}

bool
utf8_steers(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x061c ||
	    (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
	    (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

bool
utf8_is_odd_blank(uint32_t c)
{
	return c == 0xa0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200a) ||
	    c == 0x202f || c == 0x205f || c == 0x3000;
}

uint32_t
utf8_char(const char *text, size_t len)
{
	uint32_t c = 0;

	decode(text, len, &c);
	return c;
}

size_t
utf8_length(const char *text, size_t len)
{
	uint32_t c;

	return decode(text, len, &c);
}

bool
utf8_is_clean(const char *text)
{
	size_t len = strlen(text), n = 0;

	for (size_t at = 0; at < len; at += n) {
		uint32_t c = 0;

		n = decode(text + at, len - at, &c);
		if (n == 0 || utf8_steers(c))
			return false;
	}
	return true;
}

size_t
utf8_encode(uint32_t c, char ret[static UTF8_MAX])
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; c >>= 6)
		ret[i] = (char)(0x80 | (c & 0x3f));
	ret[0] = (char)(n == 1 ? c : (0xf00u >> n & 0xf0) | c);
	return n;
}

void
utf8_clean(const char *text, size_t len, char *ret, size_t size)
{
	size_t out = 0;

	for (size_t at = 0; at < len;) {
		uint32_t c = 0;
		size_t n = decode(text + at, len - at, &c);
		bool keep = n > 0 && !utf8_steers(c);
		size_t room = keep ? n : 1;

		if (size - 1 - out < room)
			break;
		if (keep)
			memmove(ret + out, text + at, n);
		else
			ret[out] = '?';
		out += room;
		at += n > 0 ? n : 1;
	}
	ret[out] = '\0';
}
