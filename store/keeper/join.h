/*
 * The fleet that this bastion is in, if it is in one: read once, before the
 * keeper forgets its environment and gives up root.
 */
#ifndef TFA_KEEPER_JOIN_H
#define TFA_KEEPER_JOIN_H

#include "store/keeper/keeper.h"

/*
 * Reads the fleet's configuration in file, and its keys: systemd's credential
 * fleet.key, or else fleet.key beside the file.  Where the file is not there,
 * keeper->fleet stays NULL, and all records are in the folder keeper->store.
 * keeper->unjoined says what is wrong: then everything must be denied, since a
 * record that this keeper does not see may revoke what it sees.
 */
void keeper_join(const char *file, const char *link, struct keeper *keeper);

/*
 * Looks if that folder was a fleet's before, where the file is not there: then
 * keeper->unjoined says so.  As the folder's owner, and not before: root of a
 * container may not be allowed to look into it.
 */
void keeper_join_missed(const char *file, struct keeper *keeper);

/* Seals once, so that libcrypto is set up for all workers.  False: it does not
 * work. */
bool keeper_seals(const struct keeper *keeper);

#endif
