/*
 * fail() for the tests: ends the test, with the logs of the servers. Also tells
 * the leak checker to ignore what the test itself does not free.
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
