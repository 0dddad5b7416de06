#include "admin/escape.h"

#include <string.h>

#include "store/base/utf8.h"

/* The entity for a character that means something in HTML, or NULL. */
static const char *
entity_of(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return NULL;
}

void
escape_html(FILE *out, const char *text)
{
	size_t len = strlen(text), n;

	for (size_t at = 0; at < len; at += n) {
		const char *entity = entity_of(text[at]);

		n = utf8_length(text + at, len - at);
		if (entity != NULL)
			fputs(entity, out);
		else if (n == 0 || utf8_steers(utf8_char(text + at, n)))
			fputc('?', out);
		else
			fwrite(text + at, 1, n, out);
		n = n > 0 ? n : 1;
	}
}
