#include <inttypes.h>
#include <string.h>

#include "admin/csv.h"
#include "store/base/utf8.h"
#include "store/base/when.h"

static void
csv_next(struct csv *csv)
{
	if (csv->begun)
		putc(',', csv->to);
	csv->begun = true;
}

/* The full-width ones are formulas to a spreadsheet in Japanese or Chinese. */
static bool
is_formula(const char *text)
{
	static const char *const wide[] = {
	    "\uff1d", "\uff0b", "\uff0d", "\uff20"};

	if (text[0] == '\0' || strchr("=+-@\t\r\n", text[0]) != NULL)
		return text[0] != '\0';
	for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++)
		if (text[0] == wide[i][0] &&
		    strncmp(text, wide[i], strlen(wide[i])) == 0)
			return true;
	return false;
}

/* Some readers cut blanks off that are not quoted. */
static bool
needs_quotes(const char *text, size_t len)
{
	return strpbrk(text, ",\"") != NULL || text[0] == ' ' ||
	    (len > 0 && text[len - 1] == ' ');
}

/* Writes the character at text; returns how many bytes it has. */
static size_t
put_character(FILE *to, const char *text, size_t left)
{
	size_t len = utf8_length(text, left);

	if (len == 0 || utf8_steers(utf8_char(text, len))) {
		putc('?', to);
		return len > 0 ? len : 1;
	}
	if (*text == '"')
		putc('"', to);
	fwrite(text, 1, len, to);
	return len;
}

/* How many bytes at the beginning of text go out as they are. */
static size_t
plain_length(const char *text)
{
	size_t len = 0;

	while (text[len] >= ' ' && text[len] <= '~' && text[len] != '"')
		len++;
	return len;
}

/* Writes nearly all texts at once: most have no other bytes. */
static void
put_characters(FILE *to, const char *text, size_t len)
{
	for (size_t i = 0, plain; i < len; i += plain) {
		plain = plain_length(text + i);
		if (plain > 0)
			fwrite(text + i, 1, plain, to);
		else
			plain = put_character(to, text + i, len - i);
	}
}

void
csv_text(struct csv *csv, const char *text)
{
	size_t len = strlen(text);
	bool quoted = needs_quotes(text, len);

	csv_next(csv);
	if (quoted)
		putc('"', csv->to);
	if (is_formula(text))
		putc('\'', csv->to);
	put_characters(csv->to, text, len);
	if (quoted)
		putc('"', csv->to);
}

void
csv_number(struct csv *csv, int64_t number)
{
	csv_next(csv);
	fprintf(csv->to, "%" PRId64, number);
}

void
csv_time(struct csv *csv, int64_t time_s)
{
	char text[WHEN_TEXT] = "";

	if (time_s != 0)
		when_format(time_s, text);
	csv_text(csv, text);
}

void
csv_flag(struct csv *csv, bool flag)
{
	csv_text(csv, flag ? "true" : "false");
}

void
csv_end(struct csv *csv)
{
	fputs("\r\n", csv->to);
	csv->begun = false;
}

void
csv_header(struct csv *csv, const char *const *names, size_t count)
{
	for (size_t i = 0; i < count; i++)
		csv_text(csv, names[i]);
	csv_end(csv);
}
