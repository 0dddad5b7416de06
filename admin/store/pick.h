/*
 * Which of two records of a user stays, the one here or the fleet's: pure.
 *
 * A record that only says when its user came, without device, code or block, gives
 * way to any other.  Between the others nobody but an administrator decides, who
 * says "--prefer last-login"; and even then
 *
 *	- a record without a device takes the place of none that has one;
 *	- where one side has a device and on the other it was taken away, neither
 *	  stays: the device may be the one that was lost.
 */
#ifndef TFA_ADMIN_PICK_H
#define TFA_ADMIN_PICK_H

#include <stdbool.h>

#include "store/core/record.h"

enum pick {
	PICK_NONE = 0, /* they differ, and nobody has decided */
	PICK_TAKEN,    /* one has a device, the other lost one */
	PICK_HERE,
	PICK_THERE,
};

/* by_login: --prefer last-login was given.  Of two that say as much, the
 * fleet's stays. */
enum pick pick_record(
    const struct record *here, const struct record *there, bool by_login);

/* True if a device of the other record is not in the one that stays. */
bool pick_loses(const struct record *stays, const struct record *other);

#endif
