#include <string.h>

#include "admin/metrics/exposition.h"
#include "store/base/utf8.h"

void
exposition_family(
    FILE *out, const char *name, const char *type, const char *help)
{
	fprintf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Writes the character at text, escaped.  Returns how many bytes it took. */
static size_t
write_character(FILE *out, const char *text, size_t len)
{
	size_t n = utf8_length(text, len);

	if (*text == '\n')
		fputs("\\n", out);
	else if (*text == '\\' || *text == '"')
		fprintf(out, "\\%c", *text);
	else if (n == 0 || utf8_steers(utf8_char(text, len)))
		putc('?', out);
	else
		fwrite(text, 1, n, out);
	return n > 0 ? n : 1;
}

static void
write_value(FILE *out, const char *value)
{
	size_t len = strlen(value);

	for (size_t at = 0; at < len;)
		at += write_character(out, value + at, len - at);
}

void
exposition_sample(
    FILE *out, const char *name, const struct label *labels, int64_t value)
{
	bool any = labels != NULL && labels->name != NULL;

	fprintf(out, "%s%s", name, any ? "{" : "");
	for (const struct label *label = labels; any && label->name != NULL;
	     label++) {
		fprintf(
		    out, "%s%s=\"", label == labels ? "" : ",", label->name);
		write_value(out, label->value);
		putc('"', out);
	}
	fprintf(out, "%s %lld\n", any ? "}" : "", (long long)value);
}
