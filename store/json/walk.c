/* Skips whole values, and finds a part of one: lex.h. */
#include <stdio.h>
#include <string.h>

#include "store/json/lex.h"

bool
json_lex_skip(struct json_lex *lx)
{
	struct json_string string;
	struct json_number number;
	char c = json_lex_peek(lx);

	/* A part that is nowhere leads to the end. */
	if (c == '{')
		return !json_lex_find_key(lx, NULL) && lx->wrong == NULL;
	if (c == '[')
		return !json_lex_find_item(lx, SIZE_MAX) && lx->wrong == NULL;
	if (c == '"')
		return json_lex_string(lx, &string);
	if (c == '-' || (c >= '0' && c <= '9'))
		return json_lex_number(lx, &number);
	return json_lex_word(lx, "true") || json_lex_word(lx, "false") ||
	    json_lex_word(lx, "null") || json_lex_bad(lx, JSON_LEX_NONE);
}

bool
json_lex_find_key(struct json_lex *lx, const char *key)
{
	struct json_string found;

	if (!json_lex_open(lx, '{'))
		return false;
	for (size_t n = 0; json_lex_more(lx, n, '}'); n++) {
		if (!json_lex_key(lx, &found))
			return false;
		json_lex_peek(lx);
		if (key != NULL && json_string_is(&found, key))
			return true;
		if (!json_lex_skip(lx))
			return false;
	}
	return false;
}

bool
json_lex_find_item(struct json_lex *lx, size_t index)
{
	if (!json_lex_open(lx, '['))
		return false;
	for (size_t n = 0; json_lex_more(lx, n, ']'); n++) {
		json_lex_peek(lx);
		if (n == index)
			return true;
		if (!json_lex_skip(lx))
			return false;
	}
	return false;
}

enum fault
json_lex_check(const char *text, size_t len, struct json_error *ret_error)
{
	struct json_lex lx = json_lex_begin(text, len);

	if (json_lex_skip(&lx) && json_lex_end(&lx))
		return FAULT_NONE;
	*ret_error = (struct json_error){.line = 0};
	json_lex_place(
	    text, (size_t)(lx.at - text), &ret_error->line, &ret_error->column);
	snprintf(ret_error->text, sizeof(ret_error->text), "%s",
	    len == 0 ? "empty" : lx.wrong);
	return FAULT_FORMAT;
}

void
json_lex_place(const char *text, size_t at, int *ret_line, int *ret_column)
{
	*ret_line = 1;
	*ret_column = 1;
	for (size_t i = 0; i < at; i++) {
		if (text[i] == '\n') {
			++*ret_line;
			*ret_column = 1;
		} else {
			++*ret_column;
		}
	}
}
