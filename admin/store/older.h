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
 * Puts each user's text of an older epoch into the fleet's, with all closed that
 * may have been used since the backup; what was closed before, also by a command
 * that was killed, stays.  Damaged ones are named, and stay: they let nobody in,
 * and are no failure.
 * *ret_closed: how many were put.  An admin_exit, after a message.
 */
int older_close(struct site *site, size_t *ret_closed);

/*
 * Forgets, of users who were seen in an older epoch and are not in the fleet,
 * that they were: from now on they are new.  store: the folder, open as its
 * owner.  An admin_exit, after a message.
 */
int older_forget(struct site *site, struct store *store);

#endif
