#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "admin/admin.h"

bool
changes_add(struct changes *changes, const char *format, ...)
{
	struct note *line = list_add(&changes->lines, sizeof(*line));
	va_list ap;

	if (line == NULL)
		return false;
	va_start(ap, format);
	vsnprintf(line->text, sizeof(line->text), format, ap);
	va_end(ap);
	return true;
}

void
changes_done(struct changes *changes)
{
	free(changes->lines.items);
}
