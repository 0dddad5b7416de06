#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/folder/policy_file.h"

static enum fault
file_fault(const char *path, char ret_why[static POLICY_WHY_TEXT])
{
	enum fault fault = errno == ENOENT      ? FAULT_ABSENT
	    : errno == EACCES || errno == EPERM ? FAULT_ACCESS
						: FAULT_IO;

	snprintf(ret_why, POLICY_WHY_TEXT, "%.200s: %s", path, strerror(errno));
	return fault;
}

static bool
is_guarded(const struct stat *st, uid_t owner)
{
	return (st->st_uid == 0 || st->st_uid == owner) &&
	    (st->st_mode & 022) == 0;
}

enum fault
policy_file_check_folder(int dir, const char *folder, uid_t owner,
    char ret_why[static POLICY_WHY_TEXT])
{
	struct stat st;

	if (fstat(dir, &st) < 0)
		return file_fault(folder, ret_why);
	if (is_guarded(&st, owner))
		return FAULT_NONE;
	snprintf(ret_why, POLICY_WHY_TEXT,
	    "%.200s: must belong to root and be writable by nobody "
	    "else (chown root, chmod go-w)",
	    folder);
	return FAULT_ACCESS;
}

static enum fault
open_guarded(const char *path, uid_t owner, int *ret_fd,
    char ret_why[static POLICY_WHY_TEXT])
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
		return file_fault(folder, ret_why);
	fault = policy_file_check_folder(dir, folder, owner, ret_why);
	if (fault != FAULT_NONE)
		return fault;
	fd = openat(dir, slash ? slash + 1 : path,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return file_fault(path, ret_why);
	if (!S_ISREG(st.st_mode) || !is_guarded(&st, owner)) {
		snprintf(ret_why, POLICY_WHY_TEXT,
		    "%.200s: must be a plain file of root that nobody else "
		    "may write (chown root, chmod 0644)",
		    path);
		return FAULT_ACCESS;
	}
	*ret_fd = take_fd(&fd);
	return FAULT_NONE;
}

enum fault
policy_file_read(const char *path, uid_t owner, char **ret_text,
    size_t *ret_len, char ret_why[static POLICY_WHY_TEXT])
{
	scoped_fd int fd = -1;
	enum fault fault;

	ret_why[0] = '\0';
	fault = open_guarded(path, owner, &fd, ret_why);
	if (fault != FAULT_NONE)
		return fault;
	fault = file_read(fd, POLICY_MAX + 1, ret_text, ret_len);
	return fault == FAULT_IO ? file_fault(path, ret_why) : fault;
}

enum fault
policy_file_load(const char *path, uid_t owner, struct policy *ret,
    char ret_why[static POLICY_WHY_TEXT])
{
	scoped_free char *text = NULL;
	struct json_error error;
	size_t len = 0;
	enum fault fault = policy_file_read(path, owner, &text, &len, ret_why);

	if (fault != FAULT_NONE)
		return fault;
	fault = policy_parse(text, len, ret, &error);
	if (fault != FAULT_NONE)
		json_error_say(&error, path, ret_why, POLICY_WHY_TEXT);
	return fault;
}

void
policy_file_beside(const char *path, const char *suffix, char *ret, size_t size)
{
	const char *slash = strrchr(path, '/');
	const char *name = slash != NULL ? slash + 1 : path;

	snprintf(ret, size, "%.*s.%.200s.%s", (int)(name - path), path, name,
	    suffix);
}
