/*
 * The people who can change a login shell: see shell_try.h.
 */
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/shell_try.h"

#define GROUPS 256

/* True if pw, or anybody but root, could put something else there: by its
 * owner, its mode, or a group that pw is in. */
static bool
is_open_to(const struct passwd *pw, const struct stat *st)
{
	gid_t groups[GROUPS];
	int n = GROUPS;

	if (st->st_uid != 0)
		return true;
	if (S_ISLNK(st->st_mode) || (st->st_mode & 022) == 0)
		return false;
	if ((st->st_mode & 02) != 0 || pw->pw_uid == 0 ||
	    getgrouplist(pw->pw_name, pw->pw_gid, groups, &n) < 0)
		return true;
	for (int i = 0; i < n; i++)
		if (groups[i] == st->st_gid)
			return true;
	return false;
}

/* Judges the path and every folder above it. */
static bool
is_open_chain(const struct passwd *pw, const char *path)
{
	char part[PATH_MAX];
	struct stat st;
	char *slash;

	if (path[0] != '/' || strlen(path) >= sizeof(part))
		return true;
	snprintf(part, sizeof(part), "%s", path);
	for (;;) {
		if (lstat(part, &st) < 0 || is_open_to(pw, &st))
			return true;
		slash = strrchr(part, '/');
		if (slash == NULL || part[1] == '\0')
			return false;
		slash[slash == part] = '\0';
	}
}

/* Judges the path as it is written, with its links, and where they lead. */
bool
shell_is_open_to(const struct passwd *pw, const char *path)
{
	scoped_free char *real = realpath(path, NULL);

	return real == NULL || is_open_chain(pw, path) ||
	    is_open_chain(pw, real);
}

bool
shell_is_same_for_all(const char *path)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	const struct passwd root = {.pw_name = (char *)"root"};
	char magic[4];
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode) &&
	    (st.st_mode & 0111) == 0111 && read(fd, magic, 4) == 4 &&
	    memcmp(magic, "\177ELF", 4) == 0 && !shell_is_open_to(&root, path);
}
