#include "admin/store/older.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/store/crew.h"
#include "store/base/cleanup.h"
#include "store/core/restored.h"
#include "store/fleet/fleet.h"
#include "store/fleet/seen.h"
#include "store/folder/backend.h"

#define TRIES 20 /* each is lost to a login, or to another bastion */
#define NAMED 5

enum older_code { OLDER_FAILED = 0, OLDER_CLOSED, OLDER_STOOD, OLDER_DAMAGED };

/* Names of files, in the order of their bytes, and how they ended. */
struct older {
	struct site *site;
	struct store_names names;
	bool all; /* all users', not only those of an older epoch */
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
	admin_say("%s is from before the restore that was accepted: tfa-admin "
		  "store accept-restore --here closes what was used since",
	    file);
}

/* A value that is no seal has the serial 0: it is looked at, and named. */
static bool
list_row(void *ctx, const char *key, const char *mark, const uint8_t *sealed,
    size_t len)
{
	struct older *older = ctx;
	struct store_name *kept;

	(void)mark;
	if (!older->all &&
	    SEAL_EPOCH(seal_serial(sealed, len)) >= older->site->remote.epoch)
		return true;
	kept = list_add(&older->names.names, sizeof(*kept));
	if (kept != NULL)
		*kept = (struct store_name){
		    texts_keep(&older->names.texts, key + strlen(FLEET_USERS)),
		    0};
	if (kept != NULL && kept->text != NULL)
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

static enum fault
say_damaged(const char *file)
{
	admin_say("%s is damaged, and its user cannot log in: tfa-admin revoke "
		  "sets it aside",
	    file);
	return FAULT_NONE;
}

/* A damaged one is no failure: only a keeper that believes the store can set it
 * aside. */
static enum fault
close_once(struct remote *remote, const struct remote_name *name,
    enum older_code *ret_code)
{
	scoped_remote_text struct remote_text was = {.text = NULL};
	scoped_json_text char *text = NULL;
	enum fault fault = remote_get(remote, name, &was);

	*ret_code = OLDER_STOOD;
	if (fault == FAULT_ABSENT)
		return FAULT_NONE;
	if (fault == FAULT_NONE && !older_is(remote, was.serial))
		return FAULT_NONE;
	if (fault == FAULT_NONE)
		fault = close_text(&was, &text);
	*ret_code = OLDER_DAMAGED;
	if (fault == FAULT_FORMAT || fault == FAULT_LIMIT)
		return say_damaged(name->text);
	*ret_code = OLDER_CLOSED;
	return fault == FAULT_NONE
	    ? remote_put(remote, name, &was, text != NULL ? text : "",
		  text != NULL ? strlen(text) : 0)
	    : fault;
}

/* A login may have closed it meanwhile. */
static int
close_one(void *ctx, struct remote *remote, size_t i)
{
	const struct older *older = ctx;
	struct remote_name name = remote_user(older->names.names.items[i].text);
	enum older_code code = OLDER_FAILED;
	enum fault fault = FAULT_STALE;

	for (int tries = 0;
	     tries < TRIES && (fault == FAULT_STALE || fault == FAULT_UNSURE);
	     tries++)
		fault = close_once(remote, &name, &code);
	if (fault == FAULT_NONE)
		return (int)code;
	admin_say("%s: %s", name.text,
	    fault == FAULT_MEMORY ? "out of memory" : remote->why);
	return OLDER_FAILED;
}

static void
on_end(void *ctx, size_t i, int code)
{
	struct older *older = ctx;

	(void)i;
	older->counts[code]++;
}

int
older_close(struct site *site, size_t *ret_closed)
{
	struct older older = {.site = site};
	int status = list_rows(&older);

	if (status == ADMIN_DONE &&
	    !crew_run(site, "closing records", older.names.names.count,
		close_one, on_end, &older))
		status = ADMIN_NOT;
	*ret_closed = older.counts[OLDER_CLOSED];
	store_names_done(&older.names);
	return status;
}

static int
by_bytes(const void *a, const void *b)
{
	return strcmp(((const struct store_name *)a)->text,
	    ((const struct store_name *)b)->text);
}

static bool
is_listed(const struct older *older, const char *file)
{
	const struct store_name name = {file, 0};

	return older->names.names.count > 0 &&
	    bsearch(&name, older->names.names.items, older->names.names.count,
		sizeof(name), by_bytes) != NULL;
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
		fault = seen_serial_write(key.lock, 0);
		older->counts[0]++;
		if (older->counts[0] <= NAMED)
			admin_say("%s is not in the backup, and is a new user "
				  "from now on",
			    file);
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
		if (entry->d_name[0] != '.' && !is_listed(older, entry->d_name))
			ok = forget_one(older, store, entry->d_name);
	closedir(dir);
	if (older->counts[0] > NAMED)
		admin_say("so are %zu more", older->counts[0] - NAMED);
	return ok ? ADMIN_DONE : ADMIN_NOT;
}

int
older_forget(struct site *site, struct store *store)
{
	struct older older = {.site = site, .all = true};
	int status = list_rows(&older);

	if (status == ADMIN_DONE && older.names.names.count > 0)
		qsort(older.names.names.items, older.names.names.count,
		    sizeof(struct store_name), by_bytes);
	if (status == ADMIN_DONE)
		status = forget_absent(&older, store);
	store_names_done(&older.names);
	return status;
}
