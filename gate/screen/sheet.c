#include "gate/screen/sheet.h"

#include <stdbool.h>
#include <string.h>

#include "store/base/utf8.h"

#define GROUP      4 /* characters of a key */
#define GROUPS_MAX 4 /* in a line, where not all fit */

static size_t
sheet_width(const struct sheet *sheet)
{
	return sheet->columns > 0 ? (size_t)sheet->columns : SHEET_COLUMNS;
}

static void
put_text(struct sheet *sheet, const char *text, size_t len)
{
	size_t room = sizeof(sheet->text) - 1 - sheet->len;

	len = len < room ? len : room;
	memcpy(sheet->text + sheet->len, text, len);
	sheet->len += len;
	sheet->text[sheet->len] = '\0';
}

/* Returns how much of text stands on a line: up to a blank, or the whole word
 * where even that is too long. */
static size_t
wrap_at(const char *text, size_t width)
{
	size_t end = 0, next;

	do {
		next = end + strspn(text + end, " ");
		next += strcspn(text + next, " ");
		if (end > 0 && next > width)
			return end;
		end = next;
	} while (text[end] != '\0');
	return end;
}

void
sheet_say(struct sheet *sheet, const char *text)
{
	char clean[SHEET_TEXT];
	const char *at = clean;

	utf8_clean(text, strlen(text), clean, sizeof(clean));
	do {
		size_t len = wrap_at(at, sheet_width(sheet));

		put_text(sheet, at, len);
		put_text(sheet, "\n", 1);
		at += len;
		at += strspn(at, " ");
	} while (*at != '\0');
}

void
sheet_line(struct sheet *sheet, const char *text)
{
	put_text(sheet, text, strlen(text));
	put_text(sheet, "\n", 1);
}

void
sheet_groups(struct sheet *sheet, const char *title, const char *key)
{
	size_t len = strlen(key), groups = (len + GROUP - 1) / GROUP;
	size_t width = sheet_width(sheet), most = (width + 1) / (GROUP + 1);
	bool one_line = strlen(title) + len + groups <= width;

	most = most > GROUPS_MAX ? GROUPS_MAX : most > 0 ? most : 1;
	put_text(sheet, title, strlen(title));
	for (size_t i = 0; i < groups; i++) {
		bool breaks = !one_line && i % most == 0;
		size_t left = len - i * GROUP;

		put_text(sheet, breaks ? "\n" : " ", 1);
		put_text(sheet, key + i * GROUP, left < GROUP ? left : GROUP);
	}
	put_text(sheet, "\n", 1);
}

int
sheet_rows_of(size_t len, int columns)
{
	size_t width = columns > 0 ? (size_t)columns : SHEET_COLUMNS;

	return len > 0 ? (int)((len + width - 1) / width) : 1;
}

int
sheet_rows(const struct sheet *sheet)
{
	int rows = 0;

	for (const char *at = sheet->text; *at != '\0';) {
		size_t len = strcspn(at, "\n");

		rows += sheet_rows_of(len, sheet->columns);
		at += len + (at[len] == '\n');
	}
	return rows;
}

void
sheet_done(struct sheet *sheet)
{
	explicit_bzero(sheet->text, sizeof(sheet->text));
	sheet->len = 0;
}
