/*
 * What the support code does when it cannot go on: a program is missing, a
 * prompt did not come in time, a status is not the expected one.  The tests
 * end the test at hand (tests/scenario/fail.c), the demo ends itself.
 */
#ifndef TFA_TESTS_FAIL_H
#define TFA_TESTS_FAIL_H

/* Does not return.  The message is a sentence without a newline. */
_Noreturn void
fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
