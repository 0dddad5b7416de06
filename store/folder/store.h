/*
 * The user records, and the only way to change one:
 *
 *	struct store store;
 *
 *	if (store_open("/var/lib/tfa", true, &store) != FAULT_NONE)
 *		log store.why;
 *
 *	fault = store_update(&store, user, uid, change, &arg);
 *	        locks, reads, calls change(), writes; all or nothing.
 *	        Only after FAULT_NONE does what change() set in arg hold.
 *
 *	fault = store_read(&store, user, &record);
 *	        a consistent copy, without the lock
 *	record_done(&record);
 *
 *	store_close(&store);
 *
 * The files:
 *
 *	DIR/users/NAME.json  a record, mode 0600. NAME is percent-encoded, or
 *	                     for a long name its start and a hash; see
 *	                     store_encode()
 *	DIR/users/.NAME.new  a record being written. If a crash leaves one,
 *	                     nobody reads it and the next writer replaces it
 *	DIR/locks/NAME       the file that flock(2) locks: a lock on the record
 *	                     itself would be lost when it is replaced
 *	DIR/maintenance      while an administrator moves the records: nobody
 *	                     else changes one
 *	DIR/in-fleet         the records are in a fleet: who knows of none must
 *	                     not take the rest for all there is
 *	DIR/audit.jsonl      see audit.h
 *
 * The records of a fleet are in an engine that its bastions share (backend.h);
 * the folder then has the locks, the log, and the records of a few users who can
 * log in while that engine is away.
 *
 * A change counts only once it is on disk: data, fsync, rename, fsync of the
 * folder.  FAULT_IO leaves the reason in errno (ENOSPC, EROFS, ...) and the old
 * record in place.  Only if the last fsync fails is the new record in place all
 * the same: the code is then spent, and the login denied.
 */
#ifndef TFA_STORE_H
#define TFA_STORE_H

#include <stdbool.h>

#include "store/base/fault.h"
#include "store/base/texts.h"
#include "store/core/record.h"

#define STORE_WHY_TEXT    240
#define STORE_MAINTENANCE "maintenance"
#define STORE_MIGRATED    "users.migrated" /* earlier ones have a number */
#define STORE_IN_FLEET    "in-fleet"
#define STORE_FILE_MAX    240 /* a file's name before its ending */
#define STORE_FILE_TEXT   (STORE_FILE_MAX + sizeof("..json.damaged"))

struct store_backend;
struct fleet;

struct store {
	int dir;
	int users;
	int locks;
	uid_t owner;              /* of every file in the folder: this
				   * process's uid */
	char why[STORE_WHY_TEXT]; /* about the last fault: the cause and the
				   * file */
	const struct store_backend *shared; /* NULL: all is in the folder */
	struct fleet *fleet;                /* the shared engine's own */
	const char *bastion; /* "", or ours, if it has uids of its own: of whose
			      * records the shared engine has */
	bool no_hotp; /* the fleet's level: some bastion could not read records
		       * with devices that count */
	bool moves;   /* we are who moves the records: STORE_MAINTENANCE */
};

enum change { CHANGE_NONE = 0, CHANGE_WRITE };

/*
 * Opens the folder at path and the folders in it; with create, makes those that
 * are missing.  FAULT_ABSENT: there is no such folder; FAULT_ACCESS: a folder
 * belongs to another user or is open to others; FAULT_IO.  On failure ret->why
 * is set, and nothing needs closing.
 */
MUST_USE enum fault
store_open(const char *path, bool create, struct store *ret);

/* Closes the folder.  Safe after a failed store_open(). */
void store_close(struct store *store);

/*
 * Reads the user's record, or makes a new one with that uid if there is none,
 * calls change(), and writes the record back if that returns CHANGE_WRITE.  The
 * user's lock is held all the while, so that ten calls at once succeed one
 * after another.
 *
 * What change() must observe: it may be called several times, with different
 * records, because an engine without a lock tries again if another writer was
 * faster; only the last call counts.  So each call sets everything in arg that
 * the caller will read, also if it refuses, and does nothing else but change
 * the record.  Logging, messages and random bytes belong before or after the
 * update.
 *
 * Of a record in the folder:
 * FAULT_FORMAT, FAULT_LIMIT, FAULT_ACCESS: the record is damaged or not ours,
 * and change() was not called.  FAULT_CLOSED: nor was it, and nothing was looked
 * at, since an administrator moves the records.  FAULT_MEMORY: nothing was
 * written.  FAULT_IO: the record may have been written all the same, if only
 * the sync of its folder failed.
 *
 * Of a shared engine's, also: FAULT_AWAY: nothing was written, nor will be.
 * FAULT_UNSURE: it may have been, or may be yet.  FAULT_FULL, FAULT_REFUSED,
 * FAULT_BACK: nothing was written, until an administrator acts.  FAULT_STALE:
 * others were faster, each time.
 */
MUST_USE enum fault
store_update(struct store *store, const char *user, uid_t uid,
    enum change (*change)(struct record *record, void *arg), void *arg);

/* *ret: the user's record; free it with record_done().  FAULT_ABSENT: the
 * user has none; other faults as store_update(). */
MUST_USE enum fault
store_read(struct store *store, const char *user, struct record *ret);

/*
 * Makes the kernel start reading the record: a disk serves many requests at
 * once much faster than one after another.  Errors are left for store_read() to
 * report.
 */
void store_prefetch(struct store *store, const char *user);

/*
 * Renames a damaged record to NAME.json.damaged, and replaces an older file of
 * that name.  FAULT_ABSENT: the user has no record; FAULT_IO, FAULT_ACCESS.
 */
MUST_USE enum fault store_set_aside(struct store *store, const char *user);

/*
 * Removes all that there is of that user: the record, what a crash or
 * store_set_aside() left beside it, and the lock.  What is not there is no
 * fault.  FAULT_IO, FAULT_ACCESS: some of it may be left.
 */
MUST_USE enum fault store_forget(struct store *store, const char *user);

/* A user who has a record.  Records are read fastest in this order; 0 is never
 * one. */
struct store_name {
	const char *text;
	uint64_t order;
};

/* For an engine's list of users; false ends it. */
typedef bool store_each(void *ctx, const char *user, uint64_t order);

/*
 * *ret: all users who have a record, in no order; store_names_done() frees it.
 * A damaged record with a hashed name is listed by its file's name.  FAULT_IO,
 * FAULT_ACCESS, FAULT_MEMORY: *ret is untouched, since part of a list is worse
 * than none.  After that store_read() may show what stood there when the list
 * was made, until the store is closed; store_update() never does.
 */
struct store_names {
	LIST_OF(struct store_name) names;
	struct texts texts;
};
MUST_USE enum fault store_list(struct store *store, struct store_names *ret);

void store_names_done(struct store_names *names);

/* A list may be made by hand, too.  Adds a copy of the text; false without
 * memory. */
bool
store_names_add(struct store_names *names, const char *text, uint64_t order);

/* Puts the names into the order of their bytes. */
void store_names_sort(struct store_names *names);

/* True if that name is in a list in the order of its bytes. */
bool store_names_has(const struct store_names *names, const char *text);

/* The bastion whose uid of that user is in the record, for record_uid(). */
const char *store_bastion(const struct store *store, const char *user);

/* False if the user's record is the fleet's, and must not have a device that
 * counts its codes (charter.h: CHARTER_HOTP). */
bool store_takes_hotp(const struct store *store, const char *user);

/*
 * ret: the user's name, percent-encoded, as its file's name without the
 * ending.  A name that would have more than STORE_FILE_MAX bytes becomes its
 * start, "%-" and the SHA-256 of the user's name in hex, which no other name is
 * encoded as.  FAULT_LIMIT for an empty name or more than 256 bytes;
 * FAULT_MEMORY.
 */
MUST_USE enum fault
store_encode(const char *user, char ret[static STORE_FILE_TEXT]);

/*
 * ret: the user whose file has that name.  Returns false for a name that
 * store_encode() never writes, and for a hashed name, which only the record can
 * resolve.
 */
bool store_decode(const char *file, size_t len, char ret[static USER_TEXT]);

/* True if that could be a name that store_encode() shortened. */
bool store_is_hashed(const char *file, size_t len);

#endif
