/*
 * tfa-link --check: asks each member of etcd once, and says in words how it is.
 */
#ifndef TFA_LINK_CHECK_H
#define TFA_LINK_CHECK_H

#include "store/link/upkeep.h"

/* Prints a line for each member, for the user and for the keys; and, as root under
 * systemd, for each file that the link's user cannot read, of config, the path of
 * store.json, and what it names.  True if all is well. */
bool
link_check(struct engine *engine, struct upkeep *upkeep, const char *config);

#endif
