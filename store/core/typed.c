#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "store/core/typed.h"
#include "store/base/utf8.h"

#define ESC 0x1b
#define BEL 0x07

/* The zero of each script that has decimal digits (Unicode 16, category Nd);
 * the other nine digits follow it. */
static const uint32_t zeros[] = {0x660, 0x6f0, 0x7c0, 0x966, 0x9e6, 0xa66,
    0xae6, 0xb66, 0xbe6, 0xc66, 0xce6, 0xd66, 0xde6, 0xe50, 0xed0, 0xf20,
    0x1040, 0x1090, 0x17e0, 0x1810, 0x1946, 0x19d0, 0x1a80, 0x1a90, 0x1b50,
    0x1bb0, 0x1c40, 0x1c50, 0xa620, 0xa8d0, 0xa900, 0xa9d0, 0xa9f0, 0xaa50,
    0xabf0, 0x104a0, 0x10d30, 0x10d40, 0x11066, 0x110f0, 0x11136, 0x111d0,
    0x112f0, 0x11450, 0x114d0, 0x11650, 0x116c0, 0x116d0, 0x116da, 0x11730,
    0x118e0, 0x11950, 0x11bf0, 0x11c50, 0x11d50, 0x11da0, 0x11f50, 0x16130,
    0x16a60, 0x16ac0, 0x16b50, 0x16d70, 0x1ccf0, 0x1d7ce, 0x1d7d8, 0x1d7e2,
    0x1d7ec, 0x1d7f6, 0x1e140, 0x1e2f0, 0x1e4f0, 0x1e5f1, 0x1e950, 0x1fbf0};

/* Blanks, dashes, dots, commas, and characters that are invisible. */
static const struct {
	uint32_t first, last;
} added[] = {{'\t', '\n'}, {'\r', '\r'}, {' ', ' '}, {',', '.'}, {0xa0, 0xa0},
    {0xad, 0xad}, {0xb7, 0xb7}, {0x34f, 0x34f}, {0x61c, 0x61c}, {0x66b, 0x66c},
    {0x1680, 0x1680}, {0x180b, 0x180e}, {0x2000, 0x2015}, {0x2022, 0x2022},
    {0x2028, 0x202f}, {0x2043, 0x2043}, {0x205f, 0x206f}, {0x20e3, 0x20e3},
    {0x2212, 0x2212}, {0x3000, 0x3000}, {0x30fb, 0x30fb}, {0xfe00, 0xfe0f},
    {0xfe58, 0xfe58}, {0xfe63, 0xfe63}, {0xfeff, 0xfeff}, {0xff65, 0xff65}};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static bool
is_added(uint32_t c)
{
	for (size_t i = 0; (c < '0' || c > 'z') && i < COUNT(added); i++)
		if (c >= added[i].first && c <= added[i].last)
			return true;
	return false;
}

/* Returns the ASCII character that c stands for, or c. */
static uint32_t
ascii_of(uint32_t c)
{
	if (c >= 0xff01 && c <= 0xff5e) /* full-width */
		return c - 0xff01 + '!';
	for (size_t i = 0; c >= zeros[0] && i < COUNT(zeros); i++)
		if (c >= zeros[i] && c < zeros[i] + 10)
			return c - zeros[i] + '0';
	return c;
}

/*
 * Returns true for what a terminal reports about itself (focus, cursor, kind,
 * size), and for the marks around a paste; false for keys that somebody
 * pressed.
 */
static bool
is_report(const char *parameters, size_t len, char last)
{
	if (last == '~')
		return len == 3 &&
		    (memcmp(parameters, "200", 3) == 0 ||
			memcmp(parameters, "201", 3) == 0);
	if (len == 0)
		return last == 'I' || last == 'O';
	return last == 'R' || last == 'c' || last == 'n' || last == 't' ||
	    last == 'y';
}

/* Returns the length of a report that begins with ESC [ (ECMA-48 section
 * 5.4), or 0. */
static size_t
control_length(const char *text, size_t len)
{
	size_t n = 2;

	while (n < len && text[n] >= 0x20 && text[n] <= 0x3f)
		n++;
	return n < len && is_report(text + 2, n - 2, text[n]) ? n + 1 : 0;
}

/* Returns the length of a control string (ECMA-48 section 5.6), such as the
 * answer to a question about a colour, up to BEL or ESC \; or 0. */
static size_t
string_length(const char *text, size_t len)
{
	for (size_t n = 2; n < len; n++) {
		if (text[n] == BEL)
			return n + 1;
		if (text[n] == ESC)
			return n + 1 < len && text[n + 1] == '\\' ? n + 2 : 0;
	}
	return 0;
}

static size_t
report_length(const char *text, size_t len)
{
	if (len < 2 || text[0] != ESC)
		return 0;
	if (text[1] == '[')
		return control_length(text, len);
	return text[1] == ']' || text[1] == 'P' || text[1] == '_'
	    ? string_length(text, len)
	    : 0;
}

/* Writes the character at text to ret, unless it was only added.  Returns
 * the length in ret; *ret_read: the length in text. */
static size_t
plain_one(
    const char *text, size_t len, char ret[static UTF8_MAX], size_t *ret_read)
{
	size_t n = utf8_length(text, len);
	uint32_t c = n > 0 ? ascii_of(utf8_char(text, n)) : '?';

	*ret_read = n > 0 ? n : 1;
	if (is_added(c))
		return 0;
	return utf8_encode(utf8_steers(c) ? '?' : c, ret);
}

void
typed_plain(const char *text, size_t len, char *ret, size_t size)
{
	size_t out = 0, read;

	for (size_t at = 0; at < len; at += read) {
		char one[UTF8_MAX];
		size_t n;

		read = report_length(text + at, len - at);
		if (read > 0)
			continue;
		n = plain_one(text + at, len - at, one, &read);
		if (out + n >= size) {
			ret[0] = '?';
			out = 1;
			break;
		}
		memcpy(ret + out, one, n);
		out += n;
	}
	ret[out] = '\0';
}
