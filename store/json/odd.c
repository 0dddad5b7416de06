#include <stdio.h>
#include <string.h>

#include "store/base/utf8.h"
#include "store/json/lex.h"
#include "store/json/odd.h"

#define SAVE "save the file as UTF-8"

/* A text, and the place at which it is no JSON. */
struct odd {
	const char *text, *at, *end;
};

static bool
begins(const char *at, const char *end, const char *with)
{
	size_t len = strlen(with);

	return (size_t)(end - at) >= len && memcmp(at, with, len) == 0;
}

/* The byte before at that is no white space, or NUL. */
static char
byte_before(const struct odd *odd)
{
	const char *at = odd->at;

	while (at > odd->text && strchr(" \t\r\n", at[-1]) != NULL)
		at--;
	return at > odd->text ? at[-1] : '\0';
}

/* An editor wrote another encoding: what it is shows at the beginning. */
static const char *
odd_encoding(const struct odd *odd)
{
	if (begins(odd->text, odd->end, "\xef\xbb\xbf"))
		return "it begins with a byte order mark: " SAVE
		       " without a BOM";
	if (begins(odd->text, odd->end, "\xff\xfe") ||
	    begins(odd->text, odd->end, "\xfe\xff") ||
	    (odd->end - odd->text > 1 && memchr(odd->text, '\0', 2) != NULL))
		return "this is UTF-16: " SAVE;
	return NULL;
}

static bool
is_quote(uint32_t c)
{
	return c == '\'' || c == '`' || c == 0xb4 || c == 0xab || c == 0xbb ||
	    (c >= 0x2018 && c <= 0x201f) || c == 0x2032 || c == 0x2033 ||
	    c == 0x2039 || c == 0x203a || c == 0xff02 || c == 0xff07;
}

/* A character that looks like one that would be right. */
static const char *
odd_character(const struct odd *odd)
{
	size_t n = utf8_length(odd->at, (size_t)(odd->end - odd->at));
	uint32_t c;

	if (n == 0)
		return "a byte that is not UTF-8: " SAVE;
	c = utf8_char(odd->at, n);
	if (is_quote(c))
		return "a quotation mark of another kind: write \" in its "
		       "place";
	if (utf8_is_odd_blank(c))
		return "a blank of another kind, such as a no-break space: "
		       "write a space in its place";
	if (n > 1 && utf8_steers(c))
		return "a character that cannot be seen: remove it";
	if (begins(odd->at, odd->end, "//") ||
	    begins(odd->at, odd->end, "/*") || c == '#')
		return "a comment, and JSON has none: remove it";
	return NULL;
}

/* True where a value or a key begins. */
static bool
begins_value(char c)
{
	return c == '"' || c == '{' || c == '[' || c == '-' ||
	    (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	    (c >= 'A' && c <= 'Z');
}

/* Something too much, or missing. */
static const char *
odd_grammar(const struct odd *odd)
{
	char before = byte_before(odd), c = *odd->at;

	if ((c == '}' || c == ']') && before == ',')
		return "a comma before the closing bracket: remove the comma";
	if (c == ',' && (before == ',' || before == '{' || before == '['))
		return "a comma too many: remove it";
	if (before == '\0' || strchr("{[,:", before) == NULL)
		return begins_value(c)
		    ? "a comma or a colon is missing before it"
		    : NULL;
	if (before != ':' && begins_value(c))
		return "a key and a text stand in quotation marks: \"key\"";
	if (begins_value(c))
		return "a text stands in quotation marks, and true, false and "
		       "numbers without";
	return NULL;
}

static const char *
odd_kind(const struct odd *odd)
{
	const char *kind = odd_encoding(odd);

	if (kind != NULL)
		return kind;
	if (odd->at == odd->end)
		return "it ends too early: a closing bracket is missing";
	kind = odd_character(odd);
	return kind != NULL ? kind : odd_grammar(odd);
}

/* The byte at that line and column, from 1; or the end. */
static const char *
place(const char *text, const char *end, int line, int column)
{
	for (; line > 1 && text < end; line--) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));

		text = newline != NULL ? newline + 1 : end;
	}
	return end - text > column - 1 ? text + column - 1 : end;
}

void
json_odd_say(const char *text, size_t len, struct json_error *error)
{
	struct odd odd = {.text = text, .end = text + len};
	size_t said = strlen(error->text);
	const char *kind = NULL;

	if (error->line < 1 || error->column < 1)
		return;
	odd.at = place(text, odd.end, error->line, error->column);
	if (strcmp(error->text, JSON_LEX_NONE) == 0)
		kind = odd_kind(&odd);
	else if (strcmp(error->text, "not UTF-8") == 0)
		kind = SAVE;
	else if (odd.at < odd.end && *odd.at == '\n')
		kind = "the line ends inside it: a \" is missing";
	if (kind != NULL)
		snprintf(error->text + said, sizeof(error->text) - said, ": %s",
		    kind);
}
