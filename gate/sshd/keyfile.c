#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "gate/sshd/keyfile.h"

bool
keyfile_is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

bool
keyfile_main_group(gid_t gid, const struct keypath_user *user)
{
	return gid == user->gid;
}

static bool
is_safe(const struct stat *st, const struct keypath_user *user,
    keyfile_group *is_own)
{
	if ((st->st_uid != 0 && st->st_uid != user->uid) ||
	    (st->st_mode & S_IWOTH) != 0)
		return false;
	return (st->st_mode & S_IWGRP) == 0 || is_own(st->st_gid, user);
}

/* Judges the folders above path, which has no links.  If one is at fault, path
 * is cut to that one. */
static bool
folders_are_safe(
    char *path, const struct keypath_user *user, keyfile_group *is_own)
{
	struct stat home, st;
	bool has_home = stat(user->home, &home) == 0;
	char *slash;

	do {
		slash = strrchr(path, '/');
		if (slash == NULL)
			return false;
		slash[slash == path] = '\0';
		if (stat(path, &st) < 0 || !is_safe(&st, user, is_own))
			return false;
		if (has_home && st.st_dev == home.st_dev &&
		    st.st_ino == home.st_ino)
			return true;
	} while (path[1] != '\0');
	return true;
}

bool
keyfile_is_sound(int fd, const char *path, const struct keypath_user *user,
    keyfile_group *is_own, char *ret_culprit, size_t size)
{
	char real[PATH_MAX];
	struct stat st;
	bool has_path = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    is_safe(&st, user, is_own) && realpath(path, real) != NULL;

	if (has_path && folders_are_safe(real, user, is_own))
		return true;
	if (size > 0)
		snprintf(ret_culprit, size, "%s", has_path ? real : path);
	return false;
}

static enum fault
keyfile_fault(
    enum fault fault, const char *path, const char *why, char *ret_why)
{
	snprintf(ret_why, WHY_TEXT, "%.350s: %s", path, why);
	return fault;
}

static bool
is_null(const struct stat *st)
{
	return S_ISCHR(st->st_mode) && st->st_rdev == makedev(1, 3);
}

/* The text of an open file. */
static enum fault
read_open_file(int fd, struct keyfile *file, char *ret_why)
{
	struct stat st;
	enum fault fault;
	size_t len = 0;

	if (fstat(fd, &st) < 0)
		return keyfile_fault(
		    FAULT_IO, file->path, strerror(errno), ret_why);
	if (!S_ISREG(st.st_mode) && !is_null(&st))
		return keyfile_fault(
		    FAULT_FORMAT, file->path, "is not a file", ret_why);
	fault = file_read(fd, KEYS_FILE_MAX + 1, &file->text, &len);
	if (fault != FAULT_NONE)
		return keyfile_fault(fault, file->path,
		    fault == FAULT_MEMORY ? "out of memory" : strerror(errno),
		    ret_why);
	if (len > KEYS_FILE_MAX)
		return keyfile_fault(FAULT_LIMIT, file->path,
		    "is larger than 4 megabytes", ret_why);
	if (strlen(file->text) != len)
		return keyfile_fault(FAULT_FORMAT, file->path,
		    "has a NUL byte, so it is no text", ret_why);
	return FAULT_NONE;
}

enum fault
keyfile_read(const struct keypath_user *user, const char *name,
    struct keyfile *ret, char ret_why[static WHY_TEXT])
{
	scoped_keyfile struct keyfile file = {.text = NULL};
	scoped_fd int fd = -1;
	char path[PATH_MAX];
	enum fault fault;

	if (!keypath_expand(name, user, path, sizeof(path)))
		return keyfile_fault(FAULT_FORMAT, name,
		    "is too long, or has a % that is not known (keys.files)",
		    ret_why);
	file.path = strdup(path);
	if (file.path == NULL)
		return keyfile_fault(
		    FAULT_MEMORY, path, "out of memory", ret_why);
	fd = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		fault = read_open_file(fd, &file, ret_why);
	else if (keyfile_is_absent(errno))
		fault = FAULT_NONE;
	else
		fault = keyfile_fault(
		    FAULT_IO, file.path, strerror(errno), ret_why);
	if (fault == FAULT_NONE) {
		file.sound = fd >= 0 &&
		    keyfile_is_sound(
			fd, file.path, user, keyfile_main_group, NULL, 0);
		*ret = file;
		file = (struct keyfile){.text = NULL};
	}
	return fault;
}

void
keyfile_done(struct keyfile *file)
{
	free(file->path);
	free(file->text);
	*file = (struct keyfile){.text = NULL};
}
