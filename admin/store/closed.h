/*
 * The two files in the folder of records that say where the records are:
 *
 *	maintenance  they are being moved: nobody logs in (store.h)
 *	in-fleet     they are in a fleet, whose id it has: a keeper that knows of
 *	             no fleet must not take this folder for that of a new bastion,
 *	             in which everybody may enrol
 */
#ifndef TFA_ADMIN_CLOSED_H
#define TFA_ADMIN_CLOSED_H

#include "admin/store/site.h"

/* Closes the folder; what: the command that does so, for who finds it closed.
 * False after a message. */
bool closed_begin(struct store *store, const char *what);

/* Opens it again. */
bool closed_end(struct store *store);

/* True if the folder is closed: a command was killed, or runs. */
bool closed_is(const struct store *store);

/* Notes that the records are in the fleet with that id; and that they are not. */
bool closed_note_fleet(struct store *store, const char *id, uint64_t epoch);
bool closed_drop_fleet(struct store *store);

/* ret: the id of the fleet that has the records; "" for none.  False after a
 * message: it cannot be seen. */
bool closed_fleet(struct store *store, char ret[static CHARTER_ID]);

#endif
