/* The engine that keeps records in files of a folder: store.h says which. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/folder/backend.h"

#define LOCK_TRIES 100

/* Opens a folder that nobody else can enter.  name is what messages call it. */
static enum fault
open_private(struct store *store, int at, const char *path, const char *name,
    bool create, int *ret_fd)
{
	const int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
	scoped_fd int fd = openat(at, path, flags);
	struct stat st;

	if (fd < 0 && errno == ENOENT && create) {
		if (mkdirat(at, path, 0700) < 0 && errno != EEXIST)
			return store_say_errno(store, "cannot make", name);
		fd = openat(at, path, flags);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return store_say_errno(store, "cannot open", name);
	if (st.st_uid != store->owner)
		return store_say(store, FAULT_ACCESS,
		    "%s belongs to uid %lu, not to uid %lu", name,
		    (unsigned long)st.st_uid, (unsigned long)store->owner);
	if ((st.st_mode & 077) != 0)
		return store_say(store, FAULT_ACCESS,
		    "%s is open to others: chmod 0700 %s", name, name);
	*ret_fd = take_fd(&fd);
	return FAULT_NONE;
}

enum fault
folder_open(const char *path, bool create, struct store *ret)
{
	enum fault fault;

	*ret = (struct store){
	    .dir = -1, .users = -1, .locks = -1, .owner = geteuid()};
	fault = open_private(ret, AT_FDCWD, path, path, create, &ret->dir);
	if (fault == FAULT_NONE)
		fault = open_private(
		    ret, ret->dir, "users", "users", true, &ret->users);
	if (fault == FAULT_NONE)
		fault = open_private(
		    ret, ret->dir, "locks", "locks", true, &ret->locks);
	return fault;
}

/* FAULT_STALE: store_forget() removed the file while we waited for its lock,
 * and the next writer locks another one. */
static enum fault
lock_file(struct store *store, const char *file, int *ret_fd)
{
	scoped_fd int fd = file_open_or_make(store->locks, file, O_RDWR);
	struct stat st;
	int r;

	if (fd < 0)
		return store_say_errno(store, "cannot open locks/", file);
	do
		r = flock(fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0 || fstat(fd, &st) < 0)
		return store_say_errno(store, "cannot lock locks/", file);
	if (st.st_nlink == 0)
		return store_say(store, FAULT_STALE,
		    "locks/%s was removed again and again", file);
	*ret_fd = take_fd(&fd);
	return FAULT_NONE;
}

/* Takes the user's lock, which lasts as long as the descriptor: a killed
 * process leaves none behind. */
enum fault
folder_hold(struct store *store, struct store_key *key)
{
	enum fault fault = FAULT_STALE;

	for (int i = 0; fault == FAULT_STALE && i < LOCK_TRIES; i++)
		fault = lock_file(store, key->file, &key->lock);
	return fault == FAULT_STALE ? FAULT_IO : fault;
}

static enum fault
check_file(
    struct store *store, int fd, const char *name, size_t max, size_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return store_say_errno(store, "cannot stat", name);
	if (!S_ISREG(st.st_mode) || st.st_uid != store->owner ||
	    (st.st_mode & 077) != 0 || st.st_nlink > 1)
		return store_say(store, FAULT_ACCESS,
		    "%s must be a plain file, 0600, with one name, of uid %lu",
		    name, (unsigned long)store->owner);
	if (st.st_size > (off_t)max)
		return store_say(store, FAULT_LIMIT,
		    "%s is larger than %zu bytes", name, max);
	*ret_size = (size_t)st.st_size;
	return FAULT_NONE;
}

enum fault
folder_read(struct store *store, int fd, const char *name, size_t max,
    struct store_text *ret)
{
	size_t size = 0;
	enum fault fault;

	if (fd < 0)
		return store_say_errno(store, "cannot open", name);
	fault = check_file(store, fd, name, max, &size);
	if (fault != FAULT_NONE)
		return fault;
	fault = file_read(fd, size, &ret->bytes, &ret->len);
	if (fault == FAULT_MEMORY)
		return store_say(store, fault, "out of memory");
	if (fault != FAULT_NONE)
		return store_say_errno(store, "cannot read", name);
	return FAULT_NONE;
}

static int
open_record(struct store *store, const char *file,
    char ret_path[static STORE_FILE_TEXT + 8])
{
	snprintf(ret_path, STORE_FILE_TEXT + 8, "%s.json", file);
	return openat(store->users, ret_path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
}

static enum fault
read_text(struct store *store, const char *file, struct store_text *ret)
{
	char path[STORE_FILE_TEXT + 8], name[sizeof(path) + 8];
	scoped_fd int fd = open_record(store, file, path);
	int error = errno;

	snprintf(name, sizeof(name), "users/%s", path);
	errno = error;
	return folder_read(store, fd, name, RECORD_MAX, ret);
}

static enum fault
folder_get(struct store *store, struct store_key *key, struct store_text *ret)
{
	return read_text(store, key->file, ret);
}

/* The lock is held: nobody else can have changed the file. */
static enum fault
folder_put(struct store *store, struct store_key *key,
    const struct store_text *text, struct store_text *ret)
{
	char path[STORE_FILE_TEXT + 8], new[STORE_FILE_TEXT + 8];
	enum fault fault;

	(void)ret;
	snprintf(path, sizeof(path), "%s.json", key->file);
	snprintf(new, sizeof(new), ".%s.new", key->file);
	fault = file_replace(store->users, path, new, 0600, (uid_t)-1,
	    (gid_t)-1, text->bytes, text->len);
	if (fault != FAULT_NONE)
		store_say_errno(store, "cannot write users/", path);
	return fault;
}

static void
folder_hint(struct store *store, const struct store_key *key)
{
	char path[STORE_FILE_TEXT + 8];
	scoped_fd int fd = open_record(store, key->file, path);

	if (fd >= 0)
		posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
}

static enum fault
folder_aside(struct store *store, struct store_key *key)
{
	char path[STORE_FILE_TEXT + 8];
	char aside[STORE_FILE_TEXT + 16];

	snprintf(path, sizeof(path), "%s.json", key->file);
	snprintf(aside, sizeof(aside), "%s.json.damaged", key->file);
	if (renameat(store->users, path, store->users, aside) < 0 ||
	    fsync(store->users) < 0)
		return store_say_errno(store, "cannot rename users/", path);
	return FAULT_NONE;
}

static enum fault __attribute__((format(printf, 3, 4)))
remove_file(struct store *store, int folder, const char *format, ...)
{
	char name[STORE_FILE_TEXT + 16];
	va_list ap;

	va_start(ap, format);
	vsnprintf(name, sizeof(name), format, ap);
	va_end(ap);
	return unlinkat(folder, name, 0) == 0 || errno == ENOENT
	    ? FAULT_NONE
	    : store_say_errno(store, "cannot remove", name);
}

/* The record goes after the rest, so that its user is listed until then; the
 * lock goes last, so that nobody else writes meanwhile. */
static enum fault
folder_forget(struct store *store, struct store_key *key)
{
	const char *file = key->file;
	enum fault fault = remove_file(store, store->users, ".%s.new", file);

	if (fault == FAULT_NONE)
		fault = remove_file(
		    store, store->users, "%s.json.damaged", file);
	if (fault == FAULT_NONE)
		fault = remove_file(store, store->users, "%s.json", file);
	if (fault == FAULT_NONE && fsync(store->users) < 0)
		fault = store_say_errno(store, "cannot sync", "users");
	return fault == FAULT_NONE
	    ? remove_file(store, store->locks, "%s", file)
	    : fault;
}

static void
user_in_record(
    struct store *store, const char *file, char ret[static USER_TEXT])
{
	scoped_store_text struct store_text text = {.bytes = NULL};
	char path[STORE_FILE_TEXT + 8];

	snprintf(path, sizeof(path), "%s.json", file);
	if (read_text(store, file, &text) != FAULT_NONE)
		store_text_free(&text);
	store_user_in(store, path, file, &text, ret);
}

/* ret: the user whose record NAME.json is.  Returns false if it is not a
 * record. */
static bool
user_of_file(struct store *store, const char *name, size_t len,
    char ret[static USER_TEXT])
{
	char file[STORE_FILE_TEXT] = "";

	if (store_decode(name, len, ret))
		return true;
	if (!store_is_hashed(name, len))
		return false;
	memcpy(file, name, len);
	user_in_record(store, file, ret);
	return true;
}

static void
close_folder(DIR **dir)
{
	if (*dir != NULL)
		closedir(*dir);
}

/* Passes on the user that a file belongs to, if it is a record; other files are
 * ignored. */
static bool
scan_file(struct store *store, const struct dirent *entry, store_each *each,
    void *ctx)
{
	size_t len = strlen(entry->d_name);
	char user[USER_TEXT];

	return len < 6 || strcmp(entry->d_name + len - 5, ".json") != 0 ||
	    !user_of_file(store, entry->d_name, len - 5, user) ||
	    each(ctx, user, entry->d_ino);
}

/* Passes on every record, or fails: a folder that cannot be read to its end
 * must not look like one with fewer users. */
static enum fault
scan_files(struct store *store, DIR *dir, store_each *each, void *ctx)
{
	const struct dirent *entry;

	while (errno = 0, (entry = readdir(dir)) != NULL)
		if (!scan_file(store, entry, each, ctx))
			return store_say(store, FAULT_MEMORY, "out of memory");
	if (errno != 0)
		return store_say_errno(store, "cannot list", "users");
	return FAULT_NONE;
}

static enum fault
folder_scan(struct store *store, store_each *each, void *ctx)
{
	int fd = openat(store->users, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(close_folder)))
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	enum fault fault;

	if (dir != NULL)
		return scan_files(store, dir, each, ctx);
	fault = store_say_errno(store, "cannot list", "users");
	if (fd >= 0)
		close(fd);
	return fault;
}

const struct store_backend folder_backend = {
    .name = "folder",
    .hold = folder_hold,
    .get = folder_get,
    .put = folder_put,
    .scan = folder_scan,
    .aside = folder_aside,
    .forget = folder_forget,
    .hint = folder_hint,
};
