/* One line of what tfa-admin doctor prints: "FAIL  CHECK  words". */
#ifndef TFA_TESTS_FINDING_H
#define TFA_TESTS_FINDING_H

#include <stdbool.h>

/* True if a line of that status ("ok", "warn", "FAIL") and check has the words. */
bool finding_is(
    const char *out, const char *status, const char *check, const char *words);

#endif
