/*
 * Makes a fleet in an empty cluster, as "tfa-admin store join --new" does: its
 * charter, and its first policy.
 */
#ifndef TFA_TESTS_CHARTER_H
#define TFA_TESTS_CHARTER_H

#include "store/fleet/charter.h"
#include "tests/support/link.h"

#define CHARTER_FLEET "fleet.example.com"
#define CHARTER_ID_1  "00000000000000000000000000000001"

/* Makes the charter and, if there is such a file, a policy of its text; what is
 * there already stays. */
void charter_found(const struct link *l, const char *policy_file);

/* Puts another charter in place of the one that is there: of that epoch and
 * level. */
void charter_change(const struct link *l, int epoch, int level);

#endif
