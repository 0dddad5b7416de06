#include <stdio.h>
#include <string.h>

#include "admin/policy/caret.h"
#include "store/base/utf8.h"

#define INDENT "    "
#define CUT    "..."
#define BEFORE 44 /* characters shown before the column */
#define ALL    70 /* characters shown in all */

/*
 * Returns the length of the next character; *ret_shown is what is shown for it.
 */
static size_t
take_char(const char *at, const char *end, const char **ret_shown)
{
	size_t n = utf8_length(at, (size_t)(end - at));

	*ret_shown = at;
	if (*at == '\t')
		*ret_shown = " ";
	else if (n == 0 || utf8_steers(utf8_char(at, n)))
		*ret_shown = "?";
	return n > 0 ? n : 1;
}

static const char *
find_line(const char *text, const char *end, int line)
{
	for (int i = 1; i < line && text != NULL; i++) {
		text = memchr(text, '\n', (size_t)(end - text));
		if (text != NULL)
			text++;
	}
	return text;
}

static const char *
line_end(const char *line, const char *end)
{
	const char *newline = memchr(line, '\n', (size_t)(end - line));

	if (newline != NULL)
		end = newline;
	return end > line && end[-1] == '\r' ? end - 1 : end;
}

/* Counts the characters from line to at. */
static size_t
count_chars(const char *line, const char *at)
{
	const char *shown;
	size_t count = 0;

	for (; line < at; count++)
		line += take_char(line, at, &shown);
	return count;
}

/* Copies up to most characters, in the form in which they are shown. */
static size_t
caret_copy(const char *from, const char *end, size_t most, char *ret)
{
	size_t len = 0;

	for (size_t i = 0; i < most && from < end; i++) {
		const char *shown;
		size_t n = take_char(from, end, &shown);
		size_t width = shown == from ? n : 1;

		memcpy(ret + len, shown, width);
		len += width;
		from += n;
	}
	ret[len] = '\0';
	return len;
}

void
caret_format(const char *text, size_t len, const struct json_error *error,
    char ret[static CARET_TEXT])
{
	const char *end = text + len;
	const char *line = find_line(text, end, error->line);
	char shown[4 * ALL + 1];
	const char *at, *from, *any;
	size_t before;

	ret[0] = '\0';
	if (error->line < 1 || error->column < 1 || line == NULL)
		return;
	end = line_end(line, end);
	at = line + error->column - 1 < end ? line + error->column - 1 : end;
	before = count_chars(line, at);
	for (from = line; before > BEFORE; before--)
		from += take_char(from, end, &any);
	caret_copy(from, end, ALL, shown);
	snprintf(ret, CARET_TEXT, "%s%s%s%s\n%s%*s^\n", INDENT,
	    from > line ? CUT : "", shown,
	    count_chars(from, end) > ALL ? CUT : "", INDENT,
	    (int)(before + (from > line ? strlen(CUT) : 0)), "");
}
