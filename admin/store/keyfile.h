/*
 * The file of the fleet's keys: made, changed and removed.
 */
#ifndef TFA_ADMIN_KEYFILE_H
#define TFA_ADMIN_KEYFILE_H

#include "admin/store/site.h"

/* site->ring: keys for a new fleet, in no file yet.  An admin_exit. */
int keyfile_new_fleet(struct site *site);

/* Adds a new key, which does not seal yet, to site->ring; in no file yet.  ret_id:
 * its id.  An admin_exit. */
int keyfile_add(struct site *site, char ret_id[static KEYRING_ID_TEXT]);

/* Writes site->ring to the file.  An admin_exit, after a message. */
int keyfile_write(const struct site *site);

/* Removes the file, overwritten first: a file system that writes in place keeps
 * no copy.  An admin_exit. */
int keyfile_remove(const struct site *site);

/* The number of the key with that id in the ring; -1, after a message. */
int keyfile_find(const struct site *site, const char *id);

#endif
