/*
 * An engine that keeps records: the folder on this disk (folder.c), or what
 * several bastions share (store/fleet/fleet.h).  Nobody but store.c calls one,
 * and store.c alone decides which has a user's record.
 *
 * store_update() holds a key, gets its text, and puts another text in its
 * place, on the condition that it is still what was got.  An engine needs no
 * lock of its own for that, nor does it tell of changes by itself.
 */
#ifndef TFA_BACKEND_H
#define TFA_BACKEND_H

#include "store/folder/store.h"

#define STORE_MARK_TEXT 20 /* a number of at most 19 digits */

/* A record's text, which holds secrets.  NULL: there is none. */
struct store_text {
	char *bytes; /* and a NUL */
	size_t len;
};
void store_text_free(struct store_text *text);
#define scoped_store_text __attribute__((cleanup(store_text_free)))

/* The record that is read or changed, and what the engine knows of it. */
struct store_key {
	const char *user;
	char file[STORE_FILE_TEXT]; /* the name, encoded */
	int lock;                   /* held; -1: none */
	/* For an engine without a lock of all writers, set by get() and by a
	 * put() that fails with FAULT_STALE. */
	char mark[STORE_MARK_TEXT]; /* of the text that was got */
	uint64_t serial;            /* of that text; 0: there is none */
	int64_t until_ms;           /* when the attempts end; 0: no end */
	/* The text is of a state that was put back, and of before: what may have
	 * been used since is closed before anybody decides by it (restored.h). */
	bool is_older;
};

struct store_backend {
	const char *name;
	/* True if that user's record is here; else it is in the folder. */
	bool (*has)(const struct store *store, const char *user);
	/* Locks the key against other writers of this machine: key->lock. */
	enum fault (*hold)(struct store *store, struct store_key *key);
	/* *ret: the text under the key.  FAULT_ABSENT: there is none. */
	enum fault (*get)(
	    struct store *store, struct store_key *key, struct store_text *ret);
	/*
	 * Puts text in place of the text that was got, whole and on disk, or not
	 * at all; the next put is in place of this one.  FAULT_STALE: another
	 * text stands there: *ret, which may be none.  FAULT_UNSURE: it may be
	 * in place, or come to be.  FAULT_AWAY: it is not, and will not be.
	 */
	enum fault (*put)(struct store *store, struct store_key *key,
	    const struct store_text *text, struct store_text *ret);
	/* Calls each with every user who has a record, until it returns false,
	 * which is FAULT_MEMORY.  order: by which records are read fastest; not
	 * 0. */
	enum fault (*scan)(struct store *store, store_each *each, void *ctx);
	/* Keeps a damaged record under another name.  The key is held. */
	enum fault (*aside)(struct store *store, struct store_key *key);
	/* Removes all that there is of the user.  The key is held. */
	enum fault (*forget)(struct store *store, struct store_key *key);
	/* The record will be read soon.  NULL: that does not help. */
	void (*hint)(struct store *store, const struct store_key *key);
};

extern const struct store_backend folder_backend;

/* Opens the folder at path as store_open() does. */
MUST_USE enum fault
folder_open(const char *path, bool create, struct store *ret);

/* Locks locks/FILE: the hold() of every engine. */
MUST_USE enum fault folder_hold(struct store *store, struct store_key *key);

/* *ret: the file that was opened as fd, or errno says why not: one of the
 * store's own, of at most max bytes.  name: of the file, below the store's
 * folder. */
MUST_USE enum fault folder_read(struct store *store, int fd, const char *name,
    size_t max, struct store_text *ret);

/* Says why a call failed, in store->why; keeps errno for the caller. */
enum fault store_say(struct store *store, enum fault fault, const char *format,
    ...) __attribute__((format(printf, 3, 4)));

/* Says "WHAT NAME: " and errno's words.  FAULT_ABSENT, FAULT_ACCESS, FAULT_IO,
 * by errno. */
enum fault
store_say_errno(struct store *store, const char *what, const char *name);

/* *ret: the record in that text of path; user: it must be this one's, or NULL.
 * FAULT_FORMAT, FAULT_LIMIT, FAULT_MEMORY. */
MUST_USE enum fault store_parse(struct store *store, const char *path,
    const char *user, const struct store_text *text, struct record *ret);

/* ret: the user of a file with a hashed name, whom only the record's text in path
 * tells.  Where it does not, or bytes is NULL, the file's name: the record is
 * listed all the same. */
void store_user_in(struct store *store, const char *path, const char *file,
    const struct store_text *text, char ret[static USER_TEXT]);

#endif
