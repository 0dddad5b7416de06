#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/folder/store.h"

#define LOCK_TRIES 100

/* Sets store->why, and keeps errno for the caller. */
static enum fault __attribute__((format(printf, 3, 4)))
set_why(struct store *store, enum fault fault, const char *format, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, format);
	vsnprintf(store->why, sizeof(store->why), format, ap);
	va_end(ap);
	errno = saved;
	return fault;
}

static enum fault
set_why_errno(struct store *store, const char *what, const char *name)
{
	enum fault fault = errno == ENOENT      ? FAULT_ABSENT
	    : errno == EACCES || errno == EPERM ? FAULT_ACCESS
						: FAULT_IO;

	/* "cannot open users/" goes on without a blank. */
	return set_why(store, fault, "%s%s%s: %s", what,
	    what[strlen(what) - 1] == '/' ? "" : " ", name, strerror(errno));
}

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
			return set_why_errno(store, "cannot make", name);
		fd = openat(at, path, flags);
	}
	if (fd < 0 || fstat(fd, &st) < 0)
		return set_why_errno(store, "cannot open", name);
	if (st.st_uid != store->owner)
		return set_why(store, FAULT_ACCESS,
		    "%s belongs to uid %lu, not to uid %lu", name,
		    (unsigned long)st.st_uid, (unsigned long)store->owner);
	if ((st.st_mode & 077) != 0)
		return set_why(store, FAULT_ACCESS,
		    "%s is open to others: chmod 0700 %s", name, name);
	*ret_fd = take_fd(&fd);
	return FAULT_NONE;
}

enum fault
store_open(const char *path, bool create, struct store *ret)
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

/* FAULT_STALE: store_forget() removed the file while we waited for its lock,
 * and the next writer locks another one. */
static enum fault
lock_file(struct store *store, const char *file, int *ret_fd)
{
	scoped_fd int fd = file_open_or_make(store->locks, file, O_RDWR);
	struct stat st;
	int r;

	if (fd < 0)
		return set_why_errno(store, "cannot open locks/", file);
	do
		r = flock(fd, LOCK_EX);
	while (r < 0 && errno == EINTR);
	if (r < 0 || fstat(fd, &st) < 0)
		return set_why_errno(store, "cannot lock locks/", file);
	if (st.st_nlink == 0)
		return set_why(store, FAULT_STALE,
		    "locks/%s was removed again and again", file);
	*ret_fd = take_fd(&fd);
	return FAULT_NONE;
}

/* Takes the user's lock, which lasts as long as the descriptor: a killed
 * process leaves none behind. */
static enum fault
lock_user(struct store *store, const char *file, int *ret_fd)
{
	enum fault fault = FAULT_STALE;

	for (int i = 0; fault == FAULT_STALE && i < LOCK_TRIES; i++)
		fault = lock_file(store, file, ret_fd);
	return fault == FAULT_STALE ? FAULT_IO : fault;
}

static enum fault
check_file(struct store *store, int fd, const char *path, size_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return set_why_errno(store, "cannot stat users/", path);
	if (!S_ISREG(st.st_mode) || st.st_uid != store->owner ||
	    (st.st_mode & 077) != 0 || st.st_nlink > 1)
		return set_why(store, FAULT_ACCESS,
		    "users/%s must be a plain file, 0600, with one name, of "
		    "uid %lu",
		    path, (unsigned long)store->owner);
	if (st.st_size > (off_t)RECORD_MAX)
		return set_why(store, FAULT_LIMIT,
		    "users/%s is larger than %lu bytes", path, RECORD_MAX);
	*ret_size = (size_t)st.st_size;
	return FAULT_NONE;
}

static enum fault
parse_record(struct store *store, const char *path, const char *user,
    const char *text, size_t len, struct record *ret)
{
	struct record record;
	struct json_error error;
	enum fault fault = record_parse(text, len, &record, &error);

	if (fault == FAULT_FORMAT || fault == FAULT_LIMIT)
		json_error_say(&error, path, store->why, sizeof(store->why));
	if (fault == FAULT_MEMORY)
		set_why(store, fault, "out of memory");
	if (fault != FAULT_NONE)
		return fault;
	if (user != NULL && strcmp(record.user, user) != 0) {
		record_done(&record);
		return set_why(store, FAULT_FORMAT,
		    "users/%s is the record of another user", path);
	}
	*ret = record;
	explicit_bzero(&record, sizeof(record));
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
load_record(
    struct store *store, const char *file, const char *user, struct record *ret)
{
	char path[STORE_FILE_TEXT + 8];
	scoped_json_text char *text = NULL;
	scoped_fd int fd = open_record(store, file, path);
	enum fault fault;
	size_t size = 0, len = 0;

	if (fd < 0)
		return set_why_errno(store, "cannot open users/", path);
	fault = check_file(store, fd, path, &size);
	if (fault != FAULT_NONE)
		return fault;
	fault = file_read(fd, size, &text, &len);
	if (fault == FAULT_MEMORY)
		return set_why(store, fault, "out of memory");
	if (fault != FAULT_NONE)
		return set_why_errno(store, "cannot read users/", path);
	return parse_record(store, path, user, text, len, ret);
}

static enum fault
write_record(struct store *store, const char *file, const struct record *record)
{
	char path[STORE_FILE_TEXT + 8], new[STORE_FILE_TEXT + 8];
	scoped_json_text char *text = NULL;
	enum fault fault = record_format(record, &text);

	if (fault != FAULT_NONE)
		return set_why(store, fault, "out of memory");
	if (strlen(text) > RECORD_MAX)
		return set_why(store, FAULT_LIMIT,
		    "users/%s.json would be larger than %lu bytes", file,
		    RECORD_MAX);
	snprintf(path, sizeof(path), "%s.json", file);
	snprintf(new, sizeof(new), ".%s.new", file);
	fault = file_replace(store->users, path, new, 0600, (uid_t)-1,
	    (gid_t)-1, text, strlen(text));
	if (fault != FAULT_NONE)
		set_why_errno(store, "cannot write users/", path);
	return fault;
}

enum fault
store_update(struct store *store, const char *user, uid_t uid,
    enum change (*change)(struct record *record, void *arg), void *arg)
{
	char file[STORE_FILE_TEXT];
	scoped_record struct record record = {.version = 0};
	scoped_fd int lock = -1;
	enum fault fault = store_encode(user, file);

	if (fault == FAULT_NONE)
		fault = lock_user(store, file, &lock);
	if (fault != FAULT_NONE)
		return fault == FAULT_ABSENT ? FAULT_IO : fault;
	fault = load_record(store, file, user, &record);
	if (fault == FAULT_ABSENT)
		record_init(&record, user, uid);
	else if (fault != FAULT_NONE)
		return fault;
	if (change(&record, arg) == CHANGE_NONE)
		return FAULT_NONE;
	return write_record(store, file, &record);
}

enum fault
store_read(struct store *store, const char *user, struct record *ret)
{
	char file[STORE_FILE_TEXT];
	enum fault fault = store_encode(user, file);

	return fault == FAULT_NONE ? load_record(store, file, user, ret)
				   : fault;
}

void
store_prefetch(struct store *store, const char *user)
{
	char file[STORE_FILE_TEXT], path[STORE_FILE_TEXT + 8];
	scoped_fd int fd = -1;

	if (store_encode(user, file) != FAULT_NONE)
		return;
	fd = open_record(store, file, path);
	if (fd >= 0)
		posix_fadvise(fd, 0, 0, POSIX_FADV_WILLNEED);
}

enum fault
store_set_aside(struct store *store, const char *user)
{
	char file[STORE_FILE_TEXT], path[STORE_FILE_TEXT + 8];
	char aside[STORE_FILE_TEXT + 16];
	scoped_fd int lock = -1;
	enum fault fault = store_encode(user, file);

	if (fault == FAULT_NONE)
		fault = lock_user(store, file, &lock);
	if (fault != FAULT_NONE)
		return fault;
	snprintf(path, sizeof(path), "%s.json", file);
	snprintf(aside, sizeof(aside), "%s.json.damaged", file);
	if (renameat(store->users, path, store->users, aside) < 0 ||
	    fsync(store->users) < 0)
		return set_why_errno(store, "cannot rename users/", path);
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
	    : set_why_errno(store, "cannot remove", name);
}

/* The record goes after the rest, so that its user is listed until then; the
 * lock goes last, so that nobody else writes meanwhile. */
static enum fault
remove_files(struct store *store, const char *file)
{
	enum fault fault = remove_file(store, store->users, ".%s.new", file);

	if (fault == FAULT_NONE)
		fault = remove_file(
		    store, store->users, "%s.json.damaged", file);
	if (fault == FAULT_NONE)
		fault = remove_file(store, store->users, "%s.json", file);
	if (fault == FAULT_NONE && fsync(store->users) < 0)
		fault = set_why_errno(store, "cannot sync", "users");
	return fault == FAULT_NONE
	    ? remove_file(store, store->locks, "%s", file)
	    : fault;
}

enum fault
store_forget(struct store *store, const char *user)
{
	char file[STORE_FILE_TEXT];
	scoped_fd int lock = -1;
	enum fault fault = store_encode(user, file);

	if (fault == FAULT_NONE)
		fault = lock_user(store, file, &lock);
	if (fault == FAULT_NONE)
		fault = remove_files(store, file);
	return fault == FAULT_ABSENT ? FAULT_IO : fault;
}

/*
 * ret: the user of a file with a hashed name, which only the record tells.  If
 * it cannot be read, the file's name is used, so that the record is listed.
 */
static void
user_in_record(
    struct store *store, const char *file, char ret[static USER_TEXT])
{
	char again[STORE_FILE_TEXT] = "";
	scoped_record struct record record = {.version = 0};

	memset(ret, 0, USER_TEXT);
	if (load_record(store, file, NULL, &record) == FAULT_NONE &&
	    store_encode(record.user, again) == FAULT_NONE &&
	    strcmp(again, file) == 0)
		memcpy(ret, record.user, USER_TEXT);
	else
		memcpy(ret, file, strlen(file));
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

/* Adds the user that a file belongs to, if it is a record; other files are
 * ignored.  Returns false without memory. */
static bool
list_user(
    struct store *store, const struct dirent *entry, struct store_names *names)
{
	size_t len = strlen(entry->d_name);
	char user[USER_TEXT];
	struct store_name *name;

	if (len < 6 || strcmp(entry->d_name + len - 5, ".json") != 0 ||
	    !user_of_file(store, entry->d_name, len - 5, user))
		return true;
	name = list_add(&names->names, sizeof(*name));
	if (name == NULL)
		return false;
	name->text = texts_keep(&names->texts, user);
	name->inode = entry->d_ino;
	return name->text != NULL;
}

/* Lists every record, or fails: a folder that cannot be read to its end must
 * not look like one with fewer users. */
static enum fault
read_names(struct store *store, DIR *dir, struct store_names *names)
{
	const struct dirent *entry;

	while (errno = 0, (entry = readdir(dir)) != NULL)
		if (!list_user(store, entry, names))
			return set_why(store, FAULT_MEMORY, "out of memory");
	if (errno != 0)
		return set_why_errno(store, "cannot list", "users");
	return FAULT_NONE;
}

enum fault
store_list(struct store *store, struct store_names *ret)
{
	int fd = openat(store->users, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	__attribute__((cleanup(close_folder)))
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	struct store_names names = {.names = {NULL, 0}};
	enum fault fault;

	if (dir == NULL) {
		fault = set_why_errno(store, "cannot list", "users");
		if (fd >= 0)
			close(fd);
		return fault;
	}
	fault = read_names(store, dir, &names);
	if (fault == FAULT_NONE)
		*ret = names;
	else
		store_names_done(&names);
	return fault;
}

void
store_names_done(struct store_names *names)
{
	free(names->names.items);
	texts_done(&names->texts);
	*names = (struct store_names){.names = {NULL, 0}};
}
