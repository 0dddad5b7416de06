/*
 * The fleet as it was before a restore that was accepted: records of an older
 * epoch, in which codes that were spent look new (store/core/restored.h), and
 * users who were seen here and are not in the backup.
 */
#ifndef TFA_ADMIN_OLDER_H
#define TFA_ADMIN_OLDER_H

#include "admin/store/site.h"

/* True if a text of a user belongs to an epoch before the fleet's: it must not
 * come into this one as it is. */
bool older_is(const struct remote *remote, uint64_t serial);

/* Says of a user's record that it is older, and what to do. */
void older_say(const char *file);

/*
 * Puts each user's text of an older epoch into site->remote.epoch, with all
 * closed that may have been used since the backup, and notes that in store, the
 * folder, open as its owner.  What was closed before, also by a command that
 * was killed, stays.  begun: that epoch is the fleet's already; then a text
 * that is older than this bastion has seen it was put back since, and stays.
 * Damaged ones are named, and stay.  Neither lets anybody in, or is a failure.
 * *closed grows by how many were put.  An admin_exit, after a message.
 */
int
older_close(struct site *site, struct store *store, bool begun, size_t *closed);

/*
 * Names the users who were seen in an older epoch and are not in the fleet, and
 * puts a text of no bytes there: from now on they are new, at all bastions.
 * With --here they are only named: their records may have been taken away since
 * the restore was accepted.  store: the folder, open as its owner.  An admin_exit,
 * after a message.
 */
int older_forget(struct site *site, struct store *store);

#endif
