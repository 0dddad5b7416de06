#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/core/restored.h"
#include "store/folder/backend.h"

#define TRIES 32 /* each is lost to another writer, who got on */

enum fault
store_open(const char *path, bool create, struct store *ret)
{
	enum fault fault = folder_open(path, create, ret);

	if (fault != FAULT_NONE)
		store_close(ret);
	return fault;
}

void
store_close(struct store *store)
{
	int *fds[] = {&store->dir, &store->users, &store->locks};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			close(*fds[i]);
		*fds[i] = -1;
	}
}

/* The one place that says which engine has a user's record. */
static const struct store_backend *
backend_of(const struct store *store, const char *user)
{
	return store->shared != NULL && store->shared->has(store, user)
	    ? store->shared
	    : &folder_backend;
}

const char *
store_bastion(const struct store *store, const char *user)
{
	return store->bastion != NULL &&
		backend_of(store, user) != &folder_backend
	    ? store->bastion
	    : "";
}

bool
store_takes_hotp(const struct store *store, const char *user)
{
	return !store->no_hotp || backend_of(store, user) == &folder_backend;
}

static void
key_done(struct store_key *key)
{
	cleanup_fd(&key->lock);
}
#define scoped_store_key __attribute__((cleanup(key_done)))

static enum fault
key_init(const char *user, struct store_key *ret)
{
	*ret = (struct store_key){.user = user, .lock = -1};
	return store_encode(user, ret->file);
}

/* False where that cannot be seen, too. */
static bool
is_missing(const struct store *store, const char *name)
{
	return faccessat(store->dir, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno == ENOENT;
}

/* Under the user's lock, so that nobody changes a record once it was moved.
 * Whose record is in the fleet would be a new user in this folder, who may
 * enrol. */
static enum fault
check_open(struct store *store)
{
	if (store->moves)
		return FAULT_NONE;
	if (!is_missing(store, STORE_MAINTENANCE))
		return store_say(store, FAULT_CLOSED,
		    "an administrator moves the records: " STORE_MAINTENANCE
		    " is there");
	if (store->shared != NULL || is_missing(store, STORE_IN_FLEET))
		return FAULT_NONE;
	return store_say(store, FAULT_REFUSED,
	    "the records are in a fleet (" STORE_IN_FLEET
	    " is there), which store.json does not name");
}

/* Locks the user's record.  An update never gets "absent" from that. */
static enum fault
key_hold(struct store *store, const struct store_backend *backend,
    const char *user, struct store_key *ret)
{
	enum fault fault = key_init(user, ret);

	if (fault == FAULT_NONE)
		fault = backend->hold(store, ret);
	if (fault == FAULT_NONE)
		fault = check_open(store);
	return fault == FAULT_ABSENT ? FAULT_IO : fault;
}

static enum fault
parse_text(struct store *store, const struct store_key *key,
    const struct store_text *text, struct record *ret)
{
	char path[STORE_FILE_TEXT + 8];

	snprintf(path, sizeof(path), "%s.json", key->file);
	return store_parse(store, path, key->user, text, ret);
}

static enum fault
put_record(struct store *store, const struct store_backend *backend,
    struct store_key *key, const struct record *record, struct store_text *ret)
{
	scoped_store_text struct store_text text = {.bytes = NULL};

	if (record_format(record, &text.bytes) != FAULT_NONE)
		return store_say(store, FAULT_MEMORY, "out of memory");
	text.len = strlen(text.bytes);
	if (text.len > RECORD_MAX)
		return store_say(store, FAULT_LIMIT,
		    "users/%s.json would be larger than %lu bytes", key->file,
		    RECORD_MAX);
	return backend->put(store, key, &text, ret);
}

struct update {
	const struct store_backend *backend;
	uid_t uid;
	enum change (*change)(struct record *record, void *arg);
	void *arg;
};

/* Puts the record with all closed that may have been used.  It is a change of its
 * own: a login that changes nothing would close the same again at each attempt,
 * and with a later time. */
static enum fault
close_older(struct store *store, const struct store_backend *backend,
    struct store_key *key, struct record *record, struct store_text *text)
{
	if (!key->is_older)
		return FAULT_NONE;
	restored_close(record, time(NULL));
	return put_record(store, backend, key, record, text);
}

/* One attempt to change the record in text.  FAULT_STALE: text is another one
 * now. */
static enum fault
try_update(struct store *store, const struct update *update,
    struct store_key *key, struct store_text *text)
{
	scoped_record struct record record = {.version = 0};
	enum fault fault;

	if (text->bytes == NULL) {
		record_init(&record, key->user, update->uid);
		record_note_uid(
		    &record, store_bastion(store, key->user), update->uid);
	} else {
		fault = parse_text(store, key, text, &record);
		store_text_free(text);
		if (fault == FAULT_NONE)
			fault = close_older(
			    store, update->backend, key, &record, text);
		if (fault != FAULT_NONE)
			return fault;
	}
	if (update->change(&record, update->arg) == CHANGE_NONE)
		return FAULT_NONE;
	return put_record(store, update->backend, key, &record, text);
}

enum fault
store_update(struct store *store, const char *user, uid_t uid,
    enum change (*change)(struct record *record, void *arg), void *arg)
{
	const struct update update = {
	    backend_of(store, user), uid, change, arg};
	scoped_store_text struct store_text text = {.bytes = NULL};
	scoped_store_key struct store_key key = {.lock = -1};
	enum fault fault = key_hold(store, update.backend, user, &key);

	if (fault != FAULT_NONE)
		return fault;
	fault = update.backend->get(store, &key, &text);
	if (fault != FAULT_NONE && fault != FAULT_ABSENT)
		return fault;
	fault = FAULT_STALE;
	for (int i = 0; fault == FAULT_STALE && i < TRIES; i++)
		fault = try_update(store, &update, &key, &text);
	return fault;
}

enum fault
store_read(struct store *store, const char *user, struct record *ret)
{
	scoped_store_text struct store_text text = {.bytes = NULL};
	struct store_key key;
	enum fault fault = key_init(user, &key);

	if (fault == FAULT_NONE)
		fault = backend_of(store, user)->get(store, &key, &text);
	if (fault == FAULT_NONE)
		fault = parse_text(store, &key, &text, ret);
	if (fault == FAULT_NONE && key.is_older)
		restored_close(ret, time(NULL));
	return fault;
}

void
store_prefetch(struct store *store, const char *user)
{
	const struct store_backend *backend = backend_of(store, user);
	struct store_key key;

	if (backend->hint != NULL && key_init(user, &key) == FAULT_NONE)
		backend->hint(store, &key);
}

enum fault
store_set_aside(struct store *store, const char *user)
{
	const struct store_backend *backend = backend_of(store, user);
	scoped_store_key struct store_key key = {.lock = -1};
	enum fault fault = key_hold(store, backend, user, &key);

	return fault == FAULT_NONE ? backend->aside(store, &key) : fault;
}

enum fault
store_forget(struct store *store, const char *user)
{
	const struct store_backend *backend = backend_of(store, user);
	scoped_store_key struct store_key key = {.lock = -1};
	enum fault fault = key_hold(store, backend, user, &key);

	return fault == FAULT_NONE ? backend->forget(store, &key) : fault;
}

struct listing {
	const struct store *store;
	const struct store_backend *backend;
	struct store_names names;
};

/* Adds a user.  One whose record another engine has is left out: no login
 * would look at it. */
static bool
list_user(void *ctx, const char *user, uint64_t order)
{
	struct listing *listing = ctx;

	return backend_of(listing->store, user) != listing->backend ||
	    store_names_add(&listing->names, user, order);
}

static enum fault
list_all(struct store *store, struct listing *listing)
{
	const struct store_backend *backends[] = {
	    &folder_backend, store->shared};
	enum fault fault = FAULT_NONE;

	for (size_t i = 0; i < 2 && fault == FAULT_NONE; i++)
		if ((listing->backend = backends[i]) != NULL)
			fault = listing->backend->scan(
			    store, list_user, listing);
	return fault;
}

enum fault
store_list(struct store *store, struct store_names *ret)
{
	struct listing listing = {.store = store};
	enum fault fault = list_all(store, &listing);

	if (fault == FAULT_NONE)
		*ret = listing.names;
	else
		store_names_done(&listing.names);
	return fault;
}

bool
store_names_add(struct store_names *names, const char *text, uint64_t order)
{
	struct store_name *name = list_add(&names->names, sizeof(*name));

	if (name == NULL)
		return false;
	*name = (struct store_name){texts_keep(&names->texts, text), order};
	return name->text != NULL;
}

static int
compare_names(const void *a, const void *b)
{
	const struct store_name *one = a, *other = b;

	return strcmp(one->text, other->text);
}

void
store_names_sort(struct store_names *names)
{
	if (names->names.count > 0)
		qsort(names->names.items, names->names.count,
		    sizeof(struct store_name), compare_names);
}

bool
store_names_has(const struct store_names *names, const char *text)
{
	const struct store_name name = {text, 0};

	return names->names.count > 0 &&
	    bsearch(&name, names->names.items, names->names.count, sizeof(name),
		compare_names) != NULL;
}

void
store_names_done(struct store_names *names)
{
	free(names->names.items);
	texts_done(&names->texts);
	*names = (struct store_names){.names = {NULL, 0}};
}
