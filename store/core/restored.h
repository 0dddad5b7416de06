/*
 * A record of an older state of the fleet, which an administrator accepted: a
 * backup was put back.  What happened since is not in it: codes that were spent
 * look new, and so does a code to enrol that was used.  Pure.
 */
#ifndef TFA_RESTORED_H
#define TFA_RESTORED_H

#include "store/core/record.h"

/*
 * Closes in record what may have been used after the backup was made:
 *
 *	- of each device, no code up to the next step works any more;
 *	- one-time codes of all kinds are void; who types one is told so;
 *	- setups that wait for their first code end, and so does what a recovery
 *	  code or an invitation allowed;
 *	- no connection is remembered.
 *
 * Devices stay, and so do the counts of wrong codes: those who know of a revoke
 * since then must revoke again.
 */
void restored_close(struct record *record, int64_t now_s);

#endif
