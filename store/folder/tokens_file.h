/*
 * The file of a bastion's list of tokens: DIR/tokens.json, mode 0600, with
 * secrets.  It is this bastion's own in a fleet, too.
 *
 *	scoped_fd int lock = -1;
 *	scoped_tokens struct tokens tokens = {.version = 0};
 *
 *	tokens_file_hold(&store, &lock);         before a change
 *	tokens_file_read(&store, &tokens);
 *	...
 *	tokens_file_write(&store, &tokens);
 *
 * As for a record, a change counts once it is on disk: a crash leaves the old
 * list or the new one.  Whoever holds the lock may change a user's record; who
 * changes a record must not wait for this lock.
 */
#ifndef TFA_TOKENS_FILE_H
#define TFA_TOKENS_FILE_H

#include "store/core/tokens.h"
#include "store/folder/store.h"

#define TOKENS_FILE "tokens.json"

/* Locks the list against other writers, until the descriptor is closed.
 * FAULT_IO, FAULT_ACCESS, with store->why. */
MUST_USE enum fault tokens_file_hold(struct store *store, int *ret_lock);

/*
 * *ret: the list, empty if there is no file; free it with tokens_done().
 * FAULT_FORMAT, FAULT_LIMIT, FAULT_ACCESS: it is damaged, or not ours alone;
 * FAULT_IO, FAULT_MEMORY; with store->why.
 */
MUST_USE enum fault tokens_file_read(struct store *store, struct tokens *ret);

/* Replaces the list; the lock is held.  FAULT_IO: the old list is in place, or
 * the new one if only the sync of the folder failed; FAULT_MEMORY; with
 * store->why. */
MUST_USE enum fault
tokens_file_write(struct store *store, const struct tokens *tokens);

#endif
