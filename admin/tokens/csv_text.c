#include <string.h>

#include "admin/tokens/csv_text.h"

static const char *
end_of_line(const char *at, const char *end)
{
	const char *newline = memchr(at, '\n', (size_t)(end - at));

	return newline != NULL ? newline : end;
}

struct csv_text
csv_text_begin(const char *text, size_t len)
{
	struct csv_text csv = {text, text + len, ',', 0};
	const char *end = end_of_line(text, text + len);
	bool quoted = false;

	for (const char *at = text; at < end; at++) {
		quoted ^= *at == '"';
		if (!quoted && strchr(",;\t", *at) != NULL) {
			csv.separator = *at;
			break;
		}
	}
	return csv;
}

/* A cell while it is read. */
struct cell {
	char *text;
	size_t len;
	const char *wrong;
};

static void
add_byte(struct cell *cell, char c)
{
	if (cell->len >= CSV_CELL - 1)
		cell->wrong = "a cell is longer than 255 bytes";
	else if ((unsigned char)c < ' ' || c == '\177')
		cell->wrong = "it has a control character";
	else
		cell->text[cell->len++] = c;
}

static bool
is_of_padding(char c)
{
	return c == ' ' || c == '\t';
}

/* Reads a cell in quotes; returns where it ends. */
static const char *
read_quoted(const char *at, const char *end, struct cell *cell)
{
	for (at++; at < end; at++) {
		if (*at != '"')
			add_byte(cell, *at);
		else if (at + 1 < end && at[1] == '"')
			add_byte(cell, *at++);
		else
			return at + 1;
	}
	cell->wrong = "a quote is not closed in this line";
	return end;
}

static const char *
read_bare(const char *at, const char *end, char separator, struct cell *cell)
{
	for (; at < end && *at != separator; at++) {
		if (*at == '"')
			cell->wrong = "a quote stands in the middle of a cell";
		add_byte(cell, *at);
	}
	while (cell->len > 0 && is_of_padding(cell->text[cell->len - 1]))
		cell->len--;
	return at;
}

/* Reads a cell and the separator behind it; returns where the next begins, or
 * NULL at the end of the line. */
static const char *
read_cell(const char *at, const char *end, char separator, char *text,
    const char **ret_wrong)
{
	struct cell cell = {.text = text};

	while (at < end && is_of_padding(*at) && *at != separator)
		at++;
	if (at < end && *at == '"') {
		at = read_quoted(at, end, &cell);
		while (at < end && is_of_padding(*at) && *at != separator)
			at++;
		if (at < end && *at != separator && cell.wrong == NULL)
			cell.wrong = "something stands behind a closing quote";
	} else {
		at = read_bare(at, end, separator, &cell);
	}
	text[cell.len] = '\0';
	if (cell.wrong != NULL)
		*ret_wrong = cell.wrong;
	return cell.wrong == NULL && at < end ? at + 1 : NULL;
}

static void
read_cells(const char *at, const char *end, char separator, struct csv_row *ret)
{
	while (at != NULL && ret->wrong == NULL) {
		if (ret->count == CSV_CELLS) {
			ret->wrong = "it has more than 64 cells";
			return;
		}
		at = read_cell(
		    at, end, separator, ret->cells[ret->count++], &ret->wrong);
	}
}

static bool
is_empty(const struct csv_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		if (row->cells[i][0] != '\0')
			return false;
	return row->wrong == NULL;
}

bool
csv_text_next(struct csv_text *csv, struct csv_row *ret)
{
	while (csv->at < csv->end) {
		const char *end = end_of_line(csv->at, csv->end);
		const char *at = csv->at;

		csv->at = end < csv->end ? end + 1 : end;
		if (end > at && end[-1] == '\r')
			end--;
		ret->count = 0;
		ret->line = ++csv->line;
		ret->wrong = NULL;
		read_cells(at, end, csv->separator, ret);
		if (!is_empty(ret))
			return true;
	}
	return false;
}
