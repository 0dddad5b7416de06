/* Makes a fleet at the link of a test: its charter, and its policies. */
#ifndef TFA_FOUNDER_H
#define TFA_FOUNDER_H

#include "store/fleet/kept.h"

#define FOUNDER_EPOCH 1

/* Puts a charter of that epoch and level in place of any other. */
void founder_charter(struct fleet *fleet, int epoch, int level);

/* Puts a policy in place of the one in force, as root at that host. dir: an open
 * folder of records.  The text has ' for ". */
void founder_policy(
    struct fleet *fleet, int dir, const char *host, const char *policy);

#endif
