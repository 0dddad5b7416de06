/*
 * A fleet that shows less than this bastion has seen of it: a backup of etcd was
 * restored, or somebody shows an old state.  Its records are census.h's.
 */
#ifndef TFA_ADMIN_BACK_H
#define TFA_ADMIN_BACK_H

#include "admin/store/remote.h"

#define BACK_FIX                                                              \
	"tfa-admin store accept-restore, but only if you restored a backup; " \
	"with --here, if another bastion has accepted it"

/*
 * True if etcd's revision, the policy or the charter is older than what was seen
 * here, or that was so once and nobody has accepted it: nobody but local users can
 * log in here.  folder: the keeper's.  False also where that cannot be looked at.
 */
bool back_is(struct remote *remote, const char *folder);

#endif
