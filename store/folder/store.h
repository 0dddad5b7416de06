/*
 * The folder of user records, and the one way to change one:
 *
 *	store_open()            checks that the folder is ours alone
 *	store_update()          lock, read, change, write, all or nothing
 *	store_read()            a consistent copy, without the lock
 *	store_close()
 *
 * DIR/users/NAME.json     a record, 0600; NAME is percent-encoded, or for a
 *                         long name its start and a hash: store_encode()
 * DIR/users/.NAME.new     one being written; left behind by a crash it is
 *                         overwritten by the next writer and read by nobody
 * DIR/locks/NAME          what flock(2) is taken on: a rename would take a
 *                         lock on the record itself away
 * DIR/audit.jsonl         audit.h
 *
 * store_update() is the interface of a backend: a fleet's shared store would
 * stand behind the same call, with a revision compared in place of the lock.
 *
 * A change counts only once it is on disk: data, fsync, rename, fsync of the
 * folder.  FAULT_IO leaves the reason in errno (ENOSPC, EROFS, ...), and the
 * old record in place; only where the folder itself cannot be synced does the
 * new one stand, spent and denied.
 */
#ifndef TFA_STORE_H
#define TFA_STORE_H

#include <stdbool.h>

#include "store/base/fault.h"
#include "store/core/record.h"

#define STORE_WHY_TEXT  240
#define STORE_FILE_MAX  240 /* with ".json.damaged" it is a file's name */
#define STORE_FILE_TEXT (STORE_FILE_MAX + sizeof("..json.damaged"))

struct store {
	int dir;
	int users;
	int locks;
	uid_t owner;              /* of all that is in it: this process */
	char why[STORE_WHY_TEXT]; /* of the last fault: what, where */
};

enum change { CHANGE_NONE = 0, CHANGE_WRITE };

/*
 * Opens the folder at path, which create makes where it is absent, and what
 * belongs in it.  FAULT_ABSENT; FAULT_ACCESS where it, or a folder in it, is
 * another user's or open to others; FAULT_IO.  ret->why is set by a failure;
 * nothing needs closing then.
 */
MUST_USE enum fault
store_open(const char *path, bool create, struct store *ret);

/* Closes it.  Harmless after a failed store_open(). */
void store_close(struct store *store);

/*
 * Calls change with the user's record, or a new one (of uid) where there is
 * none, and writes it back where that says CHANGE_WRITE.  Holds the user's
 * lock meanwhile, so that ten at once succeed one after another.
 *
 * What change must keep to: it may be called several times, with different
 * records, since another writer may get ahead of a backend that does not lock,
 * and only the last call counts.  So it sets all that it leaves behind in arg
 * each time, also where it refuses, and does nothing else but change the
 * record.  The log, a message, a random number come before or after the update.
 *
 * FAULT_FORMAT, FAULT_LIMIT, FAULT_ACCESS: the record is damaged or not ours,
 * and change was not called.  FAULT_MEMORY: nothing was written.  FAULT_IO: it
 * may be written all the same, where only the sync of its folder failed.
 */
MUST_USE enum fault
store_update(struct store *store, const char *user, uid_t uid,
    enum change (*change)(struct record *record, void *arg), void *arg);

/*
 * *ret: the user's record; record_done() frees it.  FAULT_ABSENT where there
 * is none; else as store_update().
 */
MUST_USE enum fault
store_read(struct store *store, const char *user, struct record *ret);

/* Makes the kernel begin to read the record: a disk serves many at once much
 * faster than one after the other.  What fails here, store_read() tells. */
void store_prefetch(struct store *store, const char *user);

/* Renames a damaged record to NAME.json.damaged, over an older such one. */
MUST_USE enum fault store_set_aside(struct store *store, const char *user);

/* A user who has a record, and its inode: in that order records are read
 * fastest from a disk. */
struct store_name {
	char text[USER_TEXT];
	ino_t inode;
};

/*
 * *ret: the users who have a record, in no order; the caller frees the items.
 * A damaged record under a hashed name is listed by that name.  FAULT_IO,
 * FAULT_ACCESS, FAULT_MEMORY: *ret is untouched; a list is whole or none.
 */
struct store_names {
	JSON_LIST_OF(struct store_name) names;
};
MUST_USE enum fault store_list(struct store *store, struct store_names *ret);

/*
 * The user's file name without its ending, percent-encoded.  A name that would
 * have more than STORE_FILE_MAX bytes becomes its start, "%-" and the SHA-256
 * of the user's name in hex: no other name is encoded so.  FAULT_LIMIT for an
 * empty name or more than 256 bytes; FAULT_MEMORY.
 */
MUST_USE enum fault
store_encode(const char *user, char ret[static STORE_FILE_TEXT]);

/* The user whose file that is; false for a name that store_encode() does not
 * write, and for a hashed one, of which only the record says whose it is. */
bool store_decode(const char *file, size_t len, char ret[static USER_TEXT]);

/* True if that could be a name that store_encode() shortened. */
bool store_is_hashed(const char *file, size_t len);

#endif
