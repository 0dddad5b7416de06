/*
 * The fleet's store as a command sees it: opened texts with marks, over
 * tfa-link's socket (store/link/PROTOCOL.md).
 *
 *	struct remote remote;
 *
 *	if (!remote_open(path, ring, &remote))
 *		remote.why
 *	fault = remote_get(&remote, &name, &text);
 *	fault = remote_put(&remote, &name, &text, changed, len);
 *	...
 *	remote_close(&remote);
 *
 * Each fault leaves its reason, plain and without a secret, in remote->why.
 */
#ifndef TFA_ADMIN_REMOTE_H
#define TFA_ADMIN_REMOTE_H

#include <stdbool.h>
#include <stdint.h>

#include "store/fleet/seal.h"
#include "store/fleet/talk.h"
#include "store/folder/store.h"

#define REMOTE_WHY  320
#define REMOTE_MARK TALK_MARK

struct remote {
	struct line line;
	const struct keyring *ring; /* NULL: nothing can be opened */
	uint64_t epoch;             /* what is written belongs to it; from 1 */
	char why[REMOTE_WHY];
};

/* A key below the fleet's prefix. */
struct remote_name {
	enum seal_kind kind;
	char text[STORE_FILE_TEXT]; /* a user's name as that of a file; a host;
				     * the number of an earlier policy */
};

/* The text under a key.  Zero: nothing does. */
struct remote_text {
	char *text; /* opened, with a NUL; NULL: none */
	size_t len;
	char mark[REMOTE_MARK]; /* "0": none */
	uint64_t serial;
	uint8_t key[KEYRING_ID]; /* the key that it is sealed with */
};
void remote_text_free(struct remote_text *text);
#define scoped_remote_text __attribute__((cleanup(remote_text_free)))

/* The names of the objects that a fleet has one of; and of a user and a host. */
struct remote_name remote_name_of(enum seal_kind kind);
struct remote_name remote_user(const char *file);
struct remote_name remote_host(const char *host);

/* *ret: the object under that key.  False: nothing of a fleet has such a key. */
bool remote_parse(const char *key, struct remote_name *ret);

/* Begins; the line is opened with the first request. */
void
remote_open(const char *path, const struct keyring *ring, struct remote *ret);
void remote_close(struct remote *remote);

/* *ret: what stands there.  FAULT_ABSENT: nothing; FAULT_AWAY, FAULT_REFUSED;
 * FAULT_FORMAT: what stands there does not open. */
MUST_USE enum fault remote_get(struct remote *remote,
    const struct remote_name *name, struct remote_text *ret);

/* Puts a text in place of was, zeroed for none.  FAULT_STALE: something else
 * stands there; FAULT_UNSURE, FAULT_FULL and as remote_get(). */
MUST_USE enum fault
remote_put(struct remote *remote, const struct remote_name *name,
    const struct remote_text *was, const char *text, size_t len);

/* Adds a text that is put in place of was, zeroed for none, to those that are put
 * together.  FAULT_LIMIT: there is no room; it is not added.  FAULT_MEMORY,
 * FAULT_IO: it cannot be sealed. */
MUST_USE enum fault remote_batch_add(struct remote *remote,
    struct talk_batch *batch, const struct remote_name *name,
    const struct remote_text *was, const char *text, size_t len);

/* Puts them, all or none.  FAULT_STALE: something else stands under one of the
 * names, or they were put by an earlier try, whose answer was lost; else as
 * remote_put(). */
MUST_USE enum fault
remote_put_all(struct remote *remote, struct talk_batch *batch);

/* The serial that a put in place of that one gives: one more, in the epoch of
 * now. */
uint64_t remote_next_serial(const struct remote *remote, uint64_t serial);

/* remote_put() of the same text, sealed anew with the key in use; a user's stays
 * in its epoch. */
MUST_USE enum fault remote_reseal(struct remote *remote,
    const struct remote_name *name, const struct remote_text *text);

/* Removes what stands there; the mark must be its.  FAULT_STALE and as above. */
MUST_USE enum fault remote_remove(
    struct remote *remote, const struct remote_name *name, const char *mark);

/*
 * Calls each with every key that begins with prefix, in order, of one moment;
 * sealed is NULL with keys_only.  Ends early, with FAULT_LIMIT, if each returns
 * false.
 */
typedef bool remote_each(void *ctx, const char *key, const char *mark,
    const uint8_t *sealed, size_t len);
MUST_USE enum fault remote_scan(struct remote *remote, const char *prefix,
    bool keys_only, remote_each *each, void *ctx);

/* As remote_scan(), of users' records alone, with their texts: behind the one of
 * the file named after ("": from the first on), up to the one of that named
 * last. */
MUST_USE enum fault remote_scan_users(struct remote *remote, const char *after,
    const char *last, remote_each *each, void *ctx);

/* Opens what a scan showed. */
MUST_USE enum fault remote_unseal(struct remote *remote,
    const struct remote_name *name, const char *mark, const uint8_t *sealed,
    size_t len, struct remote_text *ret);

/* *ret: the revision that the engine has now.  As remote_get(). */
MUST_USE enum fault remote_revision(struct remote *remote, uint64_t *ret);

/* *ret_text: the link's answer about itself, as JSON; the caller frees it. */
MUST_USE enum fault
remote_status(struct remote *remote, char **ret_text, size_t *ret_len);

#endif
