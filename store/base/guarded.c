#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/base/guarded.h"

static enum fault
guarded_fault(const char *path, char ret_why[static GUARDED_WHY_TEXT])
{
	enum fault fault = errno == ENOENT      ? FAULT_ABSENT
	    : errno == EACCES || errno == EPERM ? FAULT_ACCESS
						: FAULT_IO;

	snprintf(
	    ret_why, GUARDED_WHY_TEXT, "%.200s: %s", path, strerror(errno));
	return fault;
}

static bool
is_guarded(const struct stat *st, uid_t owner)
{
	return (st->st_uid == 0 || st->st_uid == owner) &&
	    (st->st_mode & 022) == 0;
}

enum fault
guarded_check_folder(int dir, const char *folder, uid_t owner,
    char ret_why[static GUARDED_WHY_TEXT])
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return guarded_fault(folder, ret_why);
	if (is_guarded(&st, owner))
		return FAULT_NONE;
	snprintf(ret_why, GUARDED_WHY_TEXT,
	    "%.200s: must belong to root and be writable by nobody "
	    "else (chown root, chmod go-w)",
	    folder);
	return FAULT_ACCESS;
}

static enum fault
open_guarded(const char *path, uid_t owner, int *ret_fd,
    char ret_why[static GUARDED_WHY_TEXT])
{
	const char *slash = strrchr(path, '/');
	int len = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
	char folder[PATH_MAX];
	scoped_fd int dir = -1;
	scoped_fd int fd = -1;
	enum fault fault;
	struct stat st;

	snprintf(folder, sizeof(folder), "%.*s", len, slash ? path : ".");
	dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return guarded_fault(folder, ret_why);
	fault = guarded_check_folder(dir, folder, owner, ret_why);
	if (fault != FAULT_NONE)
		return fault;
	fd = openat(dir, slash ? slash + 1 : path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return guarded_fault(path, ret_why);
	if (!S_ISREG(st.st_mode) || !is_guarded(&st, owner)) {
		snprintf(ret_why, GUARDED_WHY_TEXT,
		    "%.200s: must be a plain file of root that nobody else "
		    "may write (chown root, chmod 0644)",
		    path);
		return FAULT_ACCESS;
	}
	*ret_fd = take_fd(&fd);
	return FAULT_NONE;
}

static enum fault
check_secret(int fd, const char *path, char ret_why[static GUARDED_WHY_TEXT])
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return guarded_fault(path, ret_why);
	if ((st.st_mode & 077) == 0)
		return FAULT_NONE;
	snprintf(ret_why, GUARDED_WHY_TEXT,
	    "%.200s: others can read it (chmod 0600)", path);
	return FAULT_ACCESS;
}

static enum fault
read_guarded(const char *path, uid_t owner, size_t max, bool secret,
    char **ret_text, size_t *ret_len, char ret_why[static GUARDED_WHY_TEXT])
{
	scoped_fd int fd = -1;
	enum fault fault;

	ret_why[0] = '\0';
	fault = open_guarded(path, owner, &fd, ret_why);
	if (fault == FAULT_NONE && secret)
		fault = check_secret(fd, path, ret_why);
	if (fault != FAULT_NONE)
		return fault;
	fault = file_read(fd, max, ret_text, ret_len);
	return fault == FAULT_IO ? guarded_fault(path, ret_why) : fault;
}

enum fault
guarded_read(const char *path, uid_t owner, size_t max, char **ret_text,
    size_t *ret_len, char ret_why[static GUARDED_WHY_TEXT])
{
	return read_guarded(
	    path, owner, max, false, ret_text, ret_len, ret_why);
}

enum fault
guarded_read_secret(const char *path, uid_t owner, size_t max, char **ret_text,
    size_t *ret_len, char ret_why[static GUARDED_WHY_TEXT])
{
	return read_guarded(path, owner, max, true, ret_text, ret_len, ret_why);
}
