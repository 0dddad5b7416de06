#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include "admin/cell.h"
#include "store/base/utf8.h"

#define ESCAPE_TEXT 12 /* "\u{10ffff}", and more than a byte's "\303" */

/* Blanks that are no space, fillers, joiners, selectors, tags. */
static bool
is_unseen(uint32_t c)
{
	static const struct {
		uint32_t first, last;
	} unseen[] = {{0xa0, 0xa0}, {0xad, 0xad}, {0x34f, 0x34f},
	    {0x115f, 0x1160}, {0x1680, 0x1680}, {0x17b4, 0x17b5},
	    {0x180b, 0x180f}, {0x2000, 0x200f}, {0x202f, 0x202f},
	    {0x205f, 0x205f}, {0x2800, 0x2800}, {0x3000, 0x3000},
	    {0x3164, 0x3164}, {0xfe00, 0xfe0f}, {0xffa0, 0xffa0},
	    {0xfff0, 0xfffb}, {0x1d173, 0x1d17a}, {0xe0000, 0xe0fff}};

	for (size_t i = 0; i < sizeof(unseen) / sizeof(unseen[0]); i++)
		if (c >= unseen[i].first && c <= unseen[i].last)
			return true;
	return utf8_steers(c);
}

/* Writes the character at text, as it is shown.  Returns its length there. */
static size_t
show_character(const char *text, size_t len, char ret[static ESCAPE_TEXT])
{
	size_t n = utf8_length(text, len);

	if (n == 0)
		snprintf(
		    ret, ESCAPE_TEXT, "\\%03o", (unsigned)(unsigned char)*text);
	else if (is_unseen(utf8_char(text, len)))
		snprintf(ret, ESCAPE_TEXT, "\\u{%x}",
		    (unsigned)utf8_char(text, len));
	else
		snprintf(ret, ESCAPE_TEXT, "%.*s", (int)n, text);
	return n > 0 ? n : 1;
}

char *
cell_show(const char *text)
{
	size_t len = strlen(text), out = 0;
	char *shown = malloc(len * (ESCAPE_TEXT - 1) + 1);

	if (shown == NULL)
		return NULL;
	for (size_t at = 0; at < len;) {
		char one[ESCAPE_TEXT];

		at += show_character(text + at, len - at, one);
		memcpy(shown + out, one, strlen(one));
		out += strlen(one);
	}
	shown[out] = '\0';
	return shown;
}

locale_t
cell_enter(void)
{
	static locale_t utf8;

	if (utf8 == (locale_t)0) {
		/* It names a folder of locales; ours is built in. */
		unsetenv("LOCPATH");
		utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
	}
	return uselocale(utf8);
}

void
cell_leave(locale_t before)
{
	uselocale(before);
}

/* Counts columns up to a limit; *ret_bytes: of the characters within it. */
static size_t
count_columns(const char *text, size_t most, size_t *ret_bytes)
{
	locale_t before = cell_enter();
	size_t len = strlen(text), width = 0, at = 0;

	while (at < len) {
		size_t n = utf8_length(text + at, len - at);
		int one = n > 1 ? wcwidth((wchar_t)utf8_char(text + at, n)) : 1;
		size_t columns = one >= 0 ? (size_t)one : 1;

		if (columns > most - width)
			break;
		width += columns;
		at += n > 0 ? n : 1;
	}
	cell_leave(before);
	*ret_bytes = at;
	return width;
}

size_t
cell_width(const char *text)
{
	size_t bytes;

	return count_columns(text, SIZE_MAX, &bytes);
}

size_t
cell_fitting(const char *text, size_t columns)
{
	size_t bytes;

	(void)count_columns(text, columns, &bytes);
	return bytes;
}
