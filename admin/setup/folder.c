/*
 * Folders.  What is in /var/lib/tfa belongs to the keeper's user, who must
 * not be able to lead root elsewhere: nothing here follows a symbolic link.
 * A folder that is to go is put aside under another name first, so that it
 * can be put back whole; it is emptied when all else is done.
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
fail(const char *path)
{
	admin_say("%s: %s", path, strerror(errno));
	return false;
}

static bool
set_right(const char *path, mode_t mode, uid_t uid, gid_t gid)
{
	scoped_fd int fd = open(
	    path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 || fchown(fd, uid, gid) < 0 || fchmod(fd, mode) < 0)
		return fail(path);
	return true;
}

bool
folder_make(const struct step *step)
{
	const struct passwd *pw = getpwnam(step->owner);

	if (pw == NULL) {
		admin_say("there is no user %s", step->owner);
		return false;
	}
	if (mkdir(step->path, 0700) < 0 && errno != EEXIST)
		return fail(step->path);
	return set_right(
	    step->path, (mode_t)step->mode, pw->pw_uid, pw->pw_gid);
}

bool
folder_unmake(const struct step *step)
{
	if (!step->existed)
		return folder_remove(step->path);
	return set_right(step->path, (mode_t)step->old_mode,
	    (uid_t)step->old_uid, (gid_t)step->old_gid);
}

/* "/var/lib/tfa" is put aside as "/var/lib/.tfa.removed". */
static void
aside(const char *path, char ret[static PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	snprintf(ret, PATH_MAX, "%.*s/.%s.removed", (int)(slash - path), path,
	    slash + 1);
}

bool
folder_set_aside(const char *path)
{
	char name[PATH_MAX];

	aside(path, name);
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return true;
	return rename(path, name) == 0 || fail(path);
}

bool
folder_put_back(const char *path)
{
	char name[PATH_MAX];

	aside(path, name);
	if (access(path, F_OK) == 0)
		return true;
	return rename(name, path) == 0 || errno == ENOENT || fail(path);
}

bool
folder_clear_aside(const char *path)
{
	char name[PATH_MAX];

	aside(path, name);
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
	return remove_entry(AT_FDCWD, path, 0) || fail(path);
}
