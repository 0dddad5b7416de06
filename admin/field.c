#include "admin/field.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "gate/screen/display.h"

/* Characters, not bytes: of each but the first byte goes on a character. */
static size_t
characters(const char *text, size_t len)
{
	size_t count = 0;

	for (size_t i = 0; i < len; i++)
		count += ((unsigned char)text[i] & 0xc0) != 0x80;
	return count;
}

/* Bytes of the text up to the last blank at which it fits, or up to the first. */
static size_t
part_that_fits(const char *text, size_t room)
{
	size_t len = strcspn(text, " ");

	while (text[len] != '\0') {
		size_t more = len + 1 + strcspn(text + len + 1, " ");

		if (characters(text, more) > room)
			break;
		len = more;
	}
	return len;
}

void
field_fold(FILE *out, size_t used, size_t indent, const char *text)
{
	size_t columns = (size_t)display_columns(fileno(out));

	if (columns <= used || columns <= indent) {
		fputs(text, out);
		return;
	}
	while (true) {
		size_t len = part_that_fits(text, columns - used);

		fprintf(out, "%.*s", (int)len, text);
		if (text[len] == '\0')
			return;
		text += len + 1;
		fprintf(out, "\n%*s", (int)indent, "");
		used = indent;
	}
}

void
field_print(const char *label, const char *text)
{
	fputs(label, stdout);
	field_fold(stdout, strlen(label), strlen(label), text);
	putchar('\n');
}
