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

#define UID_TEXT 24

/* What stands for %c, or NULL; uid: room for one. */
static const char *
value_of(char c, const struct keyfile_user *user, char uid[static UID_TEXT])
{
	switch (c) {
	case 'h':
		return user->home;
	case 'u':
		return user->name;
	case 'U':
		snprintf(uid, UID_TEXT, "%lu", (unsigned long)user->uid);
		return uid;
	case '%':
		return "%";
	default:
		return NULL;
	}
}

static bool
add(char *ret, size_t size, size_t *len, const char *text, size_t n)
{
	if (n >= size - *len)
		return false;
	memcpy(ret + *len, text, n);
	*len += n;
	ret[*len] = '\0';
	return true;
}

static bool
expand(const char *name, const struct keyfile_user *user, char *ret,
    size_t size, size_t *len)
{
	char uid[UID_TEXT];

	while (*name != '\0') {
		size_t n = strcspn(name, "%");
		const char *with = n == 0 ? value_of(name[1], user, uid) : name;

		if (with == NULL ||
		    !add(ret, size, len, with, n == 0 ? strlen(with) : n))
			return false;
		name += n == 0 ? 2 : n;
	}
	return *len > 0;
}

static bool
expand_at_home(
    const char *name, const struct keyfile_user *user, char *ret, size_t size)
{
	size_t len = 0;

	return add(ret, size, &len, user->home, strlen(user->home)) &&
	    add(ret, size, &len, "/", 1) && expand(name, user, ret, size, &len);
}

/* Only of what is expanded it is known whether it is absolute. */
bool
keyfile_path(
    const char *name, const struct keyfile_user *user, char *ret, size_t size)
{
	size_t len = 0;

	if (size == 0 || name[0] == '\0')
		return false;
	if (name[0] != '/' && name[0] != '%')
		return expand_at_home(name, user, ret, size);
	return expand(name, user, ret, size, &len) &&
	    (ret[0] == '/' || expand_at_home(name, user, ret, size));
}

bool
keyfile_is_absent(int error)
{
	return error == ENOENT || error == ENOTDIR;
}

bool
keyfile_main_group(gid_t gid, const struct keyfile_user *user)
{
	return gid == user->gid;
}

static bool
is_safe(const struct stat *st, const struct keyfile_user *user,
    keyfile_group *is_own)
{
	if ((st->st_uid != 0 && st->st_uid != user->uid) ||
	    (st->st_mode & S_IWOTH) != 0)
		return false;
	return (st->st_mode & S_IWGRP) == 0 || is_own(st->st_gid, user);
}

/* The folders above path, which has no links; it is cut to the one at fault. */
static bool
folders_are_safe(
    char *path, const struct keyfile_user *user, keyfile_group *is_own)
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
keyfile_is_sound(int fd, const char *path, const struct keyfile_user *user,
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
refuse(enum fault fault, const char *path, const char *why, char *ret_why)
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
read_text(int fd, struct keyfile *file, char *ret_why)
{
	struct stat st;
	enum fault fault;
	size_t len = 0;

	if (fstat(fd, &st) < 0)
		return refuse(FAULT_IO, file->path, strerror(errno), ret_why);
	if (!S_ISREG(st.st_mode) && !is_null(&st))
		return refuse(
		    FAULT_FORMAT, file->path, "is not a file", ret_why);
	fault = file_read(fd, KEYS_FILE_MAX + 1, &file->text, &len);
	if (fault != FAULT_NONE)
		return refuse(fault, file->path,
		    fault == FAULT_MEMORY ? "out of memory" : strerror(errno),
		    ret_why);
	if (len > KEYS_FILE_MAX)
		return refuse(FAULT_LIMIT, file->path,
		    "is larger than 4 megabytes", ret_why);
	if (strlen(file->text) != len)
		return refuse(FAULT_FORMAT, file->path,
		    "has a NUL byte, so it is no text", ret_why);
	return FAULT_NONE;
}

enum fault
keyfile_read(const struct keyfile_user *user, const char *name,
    struct keyfile *ret, char ret_why[static WHY_TEXT])
{
	scoped_keyfile struct keyfile file = {.text = NULL};
	scoped_fd int fd = -1;
	char path[PATH_MAX];
	enum fault fault;

	if (!keyfile_path(name, user, path, sizeof(path)))
		return refuse(FAULT_FORMAT, name,
		    "is too long, or has a % that is not known (keys.files)",
		    ret_why);
	file.path = strdup(path);
	if (file.path == NULL)
		return refuse(FAULT_MEMORY, path, "out of memory", ret_why);
	fd = open(file.path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd >= 0)
		fault = read_text(fd, &file, ret_why);
	else if (keyfile_is_absent(errno))
		fault = FAULT_NONE;
	else
		fault = refuse(FAULT_IO, file.path, strerror(errno), ret_why);
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
