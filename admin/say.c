#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/field.h"
#include "store/base/utf8.h"

#define SAYS   "tfa-admin: "
#define INDENT 2 /* of a message that goes on */

static bool has_said;

void
admin_say(const char *format, ...)
{
	char line[1024], clean[1024];
	va_list ap;

	va_start(ap, format);
	vsnprintf(line, sizeof(line), format, ap);
	va_end(ap);
	utf8_clean(line, strlen(line), clean, sizeof(clean));
	fflush(stdout);
	fputs(SAYS, stderr);
	field_fold(stderr, strlen(SAYS), INDENT, clean);
	putc('\n', stderr);
	has_said = true;
}

bool
admin_has_said(void)
{
	return has_said;
}
