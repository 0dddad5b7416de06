#include "store/fleet/learn.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/fleet/fleet.h"
#include "store/fleet/seen.h"

#define NAME     "learnt" /* its time of change is when it is due */
#define LEARNT   "fleet/" NAME
#define DAY_S    INT64_C(86400)
#define JITTER_S 14400
#define RETRY_S  3600
#define FEW      16 /* one record of so many is asked for alone */

struct learning {
	struct store *store;
	LIST_OF(const char *) files; /* of all records that are listed */
	struct texts texts;
	LIST_OF(const char *) fresh; /* of them: not seen yet */
};

bool
learn_is_due(int dir, int64_t now_s)
{
	struct stat st;

	return fstatat(dir, LEARNT, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
	    now_s >= st.st_mtime || st.st_mtime > now_s + 2 * DAY_S;
}

void
learn_note(int dir, int64_t now_s, bool done, uint32_t random)
{
	int64_t wait_s = done
	    ? DAY_S - JITTER_S / 2 + (int64_t)(random % JITTER_S)
	    : RETRY_S;
	const struct timespec times[2] = {
	    {.tv_sec = now_s}, {.tv_sec = now_s + wait_s}};
	scoped_fd int fd = file_open_or_make(dir, LEARNT, O_WRONLY);

	if (fd >= 0)
		(void)futimens(fd, times);
}

void
learn_soon(int folder)
{
	(void)!unlinkat(folder, NAME, 0);
}

/* *ret: the serial that was seen in this epoch; 0: none. */
static enum fault
read_seen_now(struct store *store, int lock, uint64_t *ret)
{
	enum fault fault = seen_serial_read(lock, ret);

	if (SEAL_EPOCH(*ret) < store->fleet->epoch)
		*ret = 0;
	return fault;
}

/* True if the record was seen, in this epoch or in any.  A lock that cannot be
 * read is read again as the record's, which says why. */
static bool
is_seen(struct store *store, const char *file, bool now)
{
	scoped_fd int lock = openat(
	    store->locks, file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	uint64_t seen = 0;
	enum fault fault = FAULT_IO;

	if (lock >= 0)
		fault = now ? read_seen_now(store, lock, &seen)
			    : seen_serial_read(lock, &seen);
	return fault == FAULT_NONE && seen > 0;
}

static bool
note_listed(void *ctx, const char *user, uint64_t order)
{
	struct learning *l = ctx;
	char file[STORE_FILE_TEXT];
	const char **kept, **fresh;

	(void)order;
	if (!l->store->shared->has(l->store, user) ||
	    store_encode(user, file) != FAULT_NONE)
		return true;
	kept = list_add(&l->files, sizeof(*kept));
	if (kept == NULL)
		return false;
	*kept = texts_keep(&l->texts, file);
	if (*kept == NULL || is_seen(l->store, file, true))
		return *kept != NULL;
	fresh = list_add(&l->fresh, sizeof(*fresh));
	if (fresh != NULL)
		*fresh = *kept;
	return fresh != NULL;
}

/* Notes what was read without the lock, unless a login was faster. */
static enum fault
note_serial(struct store *store, struct store_key *key)
{
	uint64_t seen = 0, serial = key->serial;
	enum fault fault = folder_hold(store, key);

	if (fault == FAULT_NONE)
		fault = seen_serial_read(key->lock, &seen);
	if (fault == FAULT_NONE && serial > seen)
		fault = seen_serial_write(key->lock, serial);
	return fault;
}

/* Reads one record.  alone: now, under its lock, which notes it; else in a page
 * with its neighbours. */
static enum fault
learn_one(struct store *store, const char *file, bool alone, bool *ret_older)
{
	scoped_store_text struct store_text text = {.bytes = NULL};
	struct store_key key = {.lock = -1};
	enum fault fault = FAULT_NONE;

	snprintf(key.file, sizeof(key.file), "%s", file);
	if (alone)
		fault = folder_hold(store, &key);
	if (fault == FAULT_NONE)
		fault = store->shared->get(store, &key, &text);
	if (fault == FAULT_ABSENT)
		fault = FAULT_NONE;
	*ret_older = fault == FAULT_NONE &&
	    SEAL_EPOCH(key.serial) < store->fleet->epoch;
	if (fault == FAULT_NONE && !alone)
		fault = note_serial(store, &key);
	cleanup_fd(&key.lock);
	return fault;
}

/* True for a fault that the next record would meet, too. */
static bool
ends_learning(enum fault fault)
{
	return fault == FAULT_AWAY || fault == FAULT_MEMORY ||
	    fault == FAULT_IO || fault == FAULT_ACCESS;
}

static enum fault
learn_fresh(struct learning *l, struct learnt *ret)
{
	bool alone = l->fresh.count <= l->files.count / FEW;

	for (size_t i = 0; i < l->fresh.count; i++) {
		bool older = false;
		enum fault fault = learn_one(
		    l->store, l->fresh.items[i], alone, &older);

		if (ends_learning(fault))
			return fault;
		ret->noted += fault == FAULT_NONE;
		ret->older += older;
		ret->unread += fault != FAULT_NONE;
	}
	return FAULT_NONE;
}

static int
compare_listed(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool
is_listed(const struct learning *l, const char *file)
{
	return l->files.count > 0 &&
	    bsearch(&file, l->files.items, l->files.count, sizeof(file),
		compare_listed) != NULL;
}

/* One that was seen and is not listed may be new since the list was made, or of a
 * user who is local now. */
static enum fault
look_for_gone(struct store *store, const char *file, struct learnt *ret)
{
	enum fault fault = FAULT_NONE;
	char user[USER_TEXT];
	bool older;

	if (!store_decode(file, strlen(file), user))
		snprintf(user, sizeof(user), "%s", file);
	if (store->shared->has(store, user) && is_seen(store, file, false))
		fault = learn_one(store, file, true, &older);
	if (fault == FAULT_BACK) {
		ret->gone++;
		memcpy(ret->who, user, sizeof(ret->who));
	}
	return ends_learning(fault) ? fault : FAULT_NONE;
}

static enum fault
find_gone(struct learning *l, struct learnt *ret)
{
	int fd = openat(
	    l->store->locks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	enum fault fault = FAULT_NONE;

	if (dir == NULL) {
		cleanup_fd(&fd);
		return store_say_errno(l->store, "cannot list", "locks");
	}
	if (l->files.count > 0)
		qsort(l->files.items, l->files.count, sizeof(const char *),
		    compare_listed);
	while (fault == FAULT_NONE && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' && !is_listed(l, entry->d_name))
			fault = look_for_gone(l->store, entry->d_name, ret);
	closedir(dir);
	return fault;
}

enum fault
learn_all(struct store *store, struct learnt *ret)
{
	struct learning l = {.store = store};
	enum fault fault = store->shared->scan(store, note_listed, &l);

	*ret = (struct learnt){.records = l.files.count};
	if (fault == FAULT_NONE)
		fault = learn_fresh(&l, ret);
	if (fault == FAULT_NONE)
		fault = find_gone(&l, ret);
	free(l.files.items);
	free(l.fresh.items);
	texts_done(&l.texts);
	return fault;
}
