/*
 * The folders that stages make and remove.  The files in /var/lib/tfa belong to
 * the keeper's user, who must not be able to lead root elsewhere: nothing here
 * follows a symbolic link.  A folder that is to go is renamed first, so that it
 * can be put back whole, and is deleted when everything else is done.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/setup/setup.h"

#define DEPTH_MAX 8

static bool
set_right(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	scoped_fd int fd = open(
	    path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		return setup_fail(path);
	return true;
}

bool
folder_make(const struct stage *stage)
{
	const struct passwd *pw = getpwnam(stage->owner);

	if (pw == NULL) {
		admin_say("there is no user %s", stage->owner);
		return false;
	}
	if (mkdir(stage->path, 0700) < 0 && errno != EEXIST)
		return setup_fail(stage->path);
	return set_right(
	    stage->path, (mode_t)stage->mode, pw->pw_uid, pw->pw_gid);
}

bool
folder_unmake(const struct stage *stage)
{
	if (!stage->existed)
		return folder_remove(stage->path);
	return set_right(stage->path, (mode_t)stage->old_mode,
	    (uid_t)stage->old_uid, (gid_t)stage->old_gid);
}

/* "/var/lib/tfa" is renamed to "/var/lib/.tfa.removed". */
static void
aside(const char *path, char ret[static PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	snprintf(ret, PATH_MAX, "%.*s/.%s.removed", (int)(slash - path), path,
	    slash + 1);
}

bool
folder_set_aside(const struct stage *stage)
{
	const char *path = stage->path;
	char name[PATH_MAX];

	aside(path, name);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return true;
	return rename(path, name) == 0 || setup_fail(path);
}

bool
folder_put_back(const struct stage *stage)
{
	const char *path = stage->path;
	char name[PATH_MAX];

	aside(path, name);
	if (access(path, F_OK) == 0)
		return true;
	return rename(name, path) == 0 || errno == ENOENT || setup_fail(path);
}

bool
folder_clear_aside(const struct stage *stage)
{
	char name[PATH_MAX];

	aside(stage->path, name);
	return folder_remove(name);
}

static bool empty(int parent, const char *name, int depth);

static bool
remove_entry(int folder, const char *name, int depth)
{
	if (unlinkat(folder, name, 0) == 0 || errno == ENOENT)
		return true;
	if (errno != EISDIR && errno != EPERM)
		return false;
	return empty(folder, name, depth + 1) &&
	    unlinkat(folder, name, AT_REMOVEDIR) == 0;
}

static bool
empty(int parent, const char *name, int depth)
{
	int fd = openat(
	    parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 || depth > DEPTH_MAX ? NULL : fdopendir(fd);
	const struct dirent *entry;
	bool ok = true;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return false;
	}
	while (ok && (entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			ok = remove_entry(fd, entry->d_name, depth);
	closedir(dir);
	return ok;
}

bool
folder_remove(const char *path)
{
	return remove_entry(AT_FDCWD, path, 0) || setup_fail(path);
}
