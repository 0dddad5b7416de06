/*
 * The support code calls fail() when it cannot go on: a program is missing, a
 * prompt did not come in time, a status is not the expected one. In the tests
 * fail() ends the test (tests/scenario/fail.c), in the demo the demo.
 */
#ifndef TFA_TESTS_FAIL_H
#define TFA_TESTS_FAIL_H

/* Does not return.  The message is a sentence without a newline. */
_Noreturn void
fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
