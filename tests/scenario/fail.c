/*
 * A test that cannot go on ends here, with what the servers had to say.  And
 * what a test itself does not free is not what a sanitizer is asked to find.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <criterion/criterion.h>

#include "tests/support/bastion.h"
#include "tests/support/fail.h"

_Noreturn void
fail(const char *format, ...)
{
	va_list ap;
	char *message = NULL;

	va_start(ap, format);
	if (vasprintf(&message, format, ap) < 0)
		message = NULL;
	va_end(ap);
	bastion_show_logs();
	cr_assert_fail("%s", message == NULL ? format : message);
	abort();
}

const char *__lsan_default_options(void);

const char *
__lsan_default_options(void)
{
	return "detect_leaks=0";
}
