#include "admin/store/older.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/store/crew.h"
#include "store/base/cleanup.h"
#include "store/core/restored.h"
#include "store/fleet/fleet.h"
#include "store/fleet/names.h"
#include "store/fleet/seen.h"
#include "store/folder/backend.h"

#define TRIES 20 /* each is lost to a login, or to another bastion */
#define NAMED 5

enum older_code { OLDER_FAILED = 0, OLDER_CLOSED, OLDER_STOOD, OLDER_LEFT };

/* Names of files, in the order of their bytes, and how they ended. */
struct older {
	struct site *site;
	struct store *store;
	struct store_names names;
	bool all;   /* all users', not only those of an older epoch */
	bool begun; /* the epoch is the fleet's */
	size_t counts[CREW_CODES];
};

bool
older_is(const struct remote *remote, uint64_t serial)
{
	return serial > 0 && SEAL_EPOCH(serial) < remote->epoch;
}

void
older_say(const char *file)
{
	admin_say(
	    "%s is from before the restore that was accepted. If tfa-admin "
	    "store accept-restore was killed, run it again, without "
	    "--here; else somebody put an old record back",
	    file);
}

/* A value that is no seal has the serial 0: it is looked at, and named. */
static bool
list_row(void *ctx, const char *key, const char *mark, const uint8_t *sealed,
    size_t len)
{
	struct older *older = ctx;

	(void)mark;
	if (!remote_is_user(key + strlen(FLEET_USERS)))
		return true;
	if (!older->all &&
	    SEAL_EPOCH(seal_serial(sealed, len)) >= older->site->remote.epoch)
		return true;
	if (store_names_add(&older->names, key + strlen(FLEET_USERS), 0))
		return true;
	admin_say("out of memory");
	return false;
}

static int
list_rows(struct older *older)
{
	enum fault fault = remote_scan(
	    &older->site->remote, FLEET_USERS, older->all, list_row, older);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	return fault == FAULT_LIMIT
	    ? ADMIN_NOT
	    : site_say(older->site, fault, "the fleet's records");
}

/* *ret: the record's text with all closed; of a user who was removed, none. */
static enum fault
close_text(const struct remote_text *text, char **ret)
{
	scoped_record struct record record = {.version = 0};
	struct json_error error;
	enum fault fault;

	if (text->len == 0)
		return FAULT_NONE;
	fault = record_parse(text->text, text->len, &record, &error);
	if (fault != FAULT_NONE)
		return fault;
	restored_close(&record, time(NULL));
	return record_format(&record, ret);
}

/* A damaged one is no failure: only a keeper that believes the store can set it
 * aside. */
static int
leave_damaged(const struct older *older, const char *file)
{
	if (!older->begun)
		admin_say("%s is damaged, and its user cannot log in: "
			  "tfa-admin revoke sets it aside",
		    file);
	return OLDER_LEFT;
}

static int
leave_old(const char *file)
{
	admin_say("%s is older than this bastion has seen it: somebody put it "
		  "back at this moment, and its user cannot log in",
	    file);
	return OLDER_LEFT;
}

static int
note_closed(const struct store_key *key, uint64_t serial, enum older_code code)
{
	if (seen_serial_write(key->lock, serial) == FAULT_NONE)
		return (int)code;
	admin_say("locks/%s cannot be written: %s", key->file, strerror(errno));
	return OLDER_FAILED;
}

/* Puts the text into the new epoch, and notes that it is there: from then on
 * nobody can bring an older one back at this bastion.  OLDER_FAILED, with *ret
 * the fault of the engine or, after a message, none. */
static int
close_once(const struct older *older, struct remote *remote,
    const struct store_key *key, enum fault *ret)
{
	scoped_remote_text struct remote_text was = {.text = NULL};
	scoped_json_text char *text = NULL;
	struct remote_name name = remote_user(key->file);
	uint64_t seen = 0;

	*ret = remote_get(remote, &name, &was);
	if (*ret == FAULT_ABSENT)
		return OLDER_STOOD;
	if (*ret == FAULT_NONE &&
	    seen_serial_read(key->lock, &seen) != FAULT_NONE) {
		admin_say("locks/%s cannot be read, or has bytes that tfa did "
			  "not write",
		    key->file);
		return OLDER_FAILED;
	}
	if (*ret == FAULT_NONE && !older_is(remote, was.serial))
		return was.serial > seen
		    ? note_closed(key, was.serial, OLDER_STOOD)
		    : OLDER_STOOD;
	if (*ret == FAULT_NONE && older->begun &&
	    seen_serial_judge(was.serial, seen) != FAULT_NONE)
		return leave_old(key->file);
	if (*ret == FAULT_NONE)
		*ret = close_text(&was, &text);
	if (*ret == FAULT_FORMAT || *ret == FAULT_LIMIT)
		return leave_damaged(older, key->file);
	if (*ret == FAULT_NONE)
		*ret = remote_put(remote, &name, &was, text != NULL ? text : "",
		    text != NULL ? strlen(text) : 0);
	return *ret == FAULT_NONE
	    ? note_closed(
		  key, remote_next_serial(remote, was.serial), OLDER_CLOSED)
	    : OLDER_FAILED;
}

/* A login may have changed it meanwhile. */
static int
close_one(void *ctx, struct remote *remote, size_t i)
{
	const struct older *older = ctx;
	struct store_key key = {.lock = -1};
	enum fault fault;
	int code = OLDER_FAILED;

	snprintf(key.file, sizeof(key.file), "%.*s", STORE_FILE_MAX,
	    older->names.names.items[i].text);
	if (folder_hold(older->store, &key) != FAULT_NONE) {
		admin_say("locks/%s: %s", key.file, older->store->why);
		return OLDER_FAILED;
	}
	fault = FAULT_STALE;
	for (int tries = 0;
	     tries < TRIES && (fault == FAULT_STALE || fault == FAULT_UNSURE);
	     tries++)
		code = close_once(older, remote, &key, &fault);
	cleanup_fd(&key.lock);
	if (code == OLDER_FAILED && fault != FAULT_NONE)
		admin_say("%s: %s", key.file,
		    fault == FAULT_MEMORY ? "out of memory" : remote->why);
	return code;
}

static void
on_end(void *ctx, size_t i, int code)
{
	struct older *older = ctx;

	(void)i;
	older->counts[code]++;
}

int
older_close(struct site *site, struct store *store, bool begun, size_t *closed)
{
	struct older older = {.site = site, .store = store, .begun = begun};
	int status = list_rows(&older);

	if (status == ADMIN_DONE &&
	    !crew_run(site, "closing records", older.names.names.count,
		close_one, on_end, &older))
		status = ADMIN_NOT;
	*closed += older.counts[OLDER_CLOSED];
	store_names_done(&older.names);
	return status;
}

static void
say_absent(struct older *older, const char *file, bool is_new)
{
	if (++older->counts[0] > NAMED)
		return;
	if (is_new)
		admin_say("%s is not in the backup, and is a new user from now "
			  "on",
		    file);
	else
		admin_say("%s was seen here and is not in the fleet: if you "
			  "know that the backup lacks them, tfa-admin store "
			  "accept-restore, without --here, makes them new",
		    file);
}

/* Puts a text of no bytes: by that all bastions know that an administrator, and
 * not whoever took a record away, says that the user is new. */
static enum fault
put_nothing(struct older *older, const struct store_key *key)
{
	static const struct remote_text none;
	struct remote *remote = &older->site->remote;
	struct remote_name name = remote_user(key->file);
	enum fault fault = remote_put(remote, &name, &none, "", 0);

	if (fault == FAULT_STALE)
		return FAULT_NONE; /* who enrolled meanwhile is new already */
	if (fault != FAULT_NONE) {
		admin_say("%s: %s", key->file, remote->why);
		return fault;
	}
	say_absent(older, key->file, true);
	return seen_serial_write(key->lock, remote_next_serial(remote, 0));
}

/* A mark of this epoch stays: that user's record was taken away since. */
static bool
forget_one(struct older *older, struct store *store, const char *file)
{
	struct store_key key = {.lock = -1};
	uint64_t seen = 0;
	enum fault fault;

	snprintf(key.file, sizeof(key.file), "%.*s", STORE_FILE_MAX, file);
	fault = folder_hold(store, &key);
	if (fault == FAULT_NONE)
		fault = seen_serial_read(key.lock, &seen);
	if (fault == FAULT_NONE && older_is(&older->site->remote, seen)) {
		if (older->site->admin->here)
			say_absent(older, file, false);
		else
			fault = put_nothing(older, &key);
	}
	cleanup_fd(&key.lock);
	if (fault != FAULT_NONE)
		admin_say("locks/%s: %s", file,
		    fault == FAULT_FORMAT ? "has bytes that tfa did not write"
					  : "cannot be read, or written");
	return fault == FAULT_NONE || fault == FAULT_FORMAT;
}

static int
forget_absent(struct older *older, struct store *store)
{
	int fd = openat(store->locks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	bool ok = true;

	if (dir == NULL) {
		cleanup_fd(&fd);
		admin_say("locks: %s", strerror(errno));
		return ADMIN_NOT;
	}
	while (ok && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    !store_names_has(&older->names, entry->d_name))
			ok = forget_one(older, store, entry->d_name);
	closedir(dir);
	if (older->counts[0] > NAMED)
		admin_say("so it is with %zu more", older->counts[0] - NAMED);
	return ok ? ADMIN_DONE : ADMIN_NOT;
}

int
older_forget(struct site *site, struct store *store)
{
	struct older older = {.site = site, .all = true};
	int status = list_rows(&older);

	store_names_sort(&older.names);
	if (status == ADMIN_DONE)
		status = forget_absent(&older, store);
	store_names_done(&older.names);
	return status;
}
