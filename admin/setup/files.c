/*
 * The files that stages change, and copies of what they were before.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/setup/stage.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"

bool
setup_fail(const char *path)
{
	admin_say("%s: %s", path, strerror(errno));
	return false;
}

int
journal_folder(bool make)
{
	struct stat st;
	int fd;

	if (make && mkdir(JOURNAL_FOLDER, 0700) < 0 && errno != EEXIST)
		return -1;
	fd = open(
	    JOURNAL_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && st.st_uid == 0 && (st.st_mode & 077) == 0)
		return fd;
	close(fd);
	errno = EPERM;
	return -1;
}

/* A folder that is gone has no file to remove. */
static bool
replace_file(const char *path, const char *text, size_t len, mode_t mode,
    uid_t uid, gid_t gid)
{
	const char *name = strrchr(path, '/') + 1;
	char folder[PATH_MAX], new[NAME_MAX];
	scoped_fd int fd = -1;

	snprintf(folder, sizeof(folder), "%.*s", (int)(name - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return (text == NULL && errno == ENOENT) || setup_fail(folder);
	if (text == NULL)
		return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
		    unlinkat(fd, name, 0) == 0 || setup_fail(path);
	snprintf(new, sizeof(new), ".%.200s.new", name);
	return file_replace(fd, name, new, mode, uid, gid, text, len) ==
	    FAULT_NONE ||
	    setup_fail(path);
}

bool
files_put(const struct stage *stage)
{
	const char *text = stage->text;

	return replace_file(stage->path, text, text != NULL ? strlen(text) : 0,
	    (mode_t)stage->mode, 0, 0);
}

/* True if the file is as it was before: not changed yet, or put back already. */
static bool
is_as_before(const struct stage *stage, const char *text, size_t len)
{
	scoped_fd int fd = open(
	    stage->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_free char *now = NULL;
	size_t now_len = 0;
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 &&
	    (st.st_mode & 07777) == (mode_t)stage->old_mode &&
	    st.st_uid == (uid_t)stage->old_uid &&
	    st.st_gid == (gid_t)stage->old_gid &&
	    file_read(fd, SETUP_FILE_MAX, &now, &now_len) == FAULT_NONE &&
	    now_len == len && memcmp(now, text, len) == 0;
}

bool
files_restore(const struct stage *stage)
{
	scoped_fd int folder = journal_folder(false);
	scoped_fd int fd = -1;
	scoped_free char *text = NULL;
	char name[24];
	size_t len = 0;

	if (!stage->existed)
		return replace_file(stage->path, NULL, 0, 0, 0, 0);
	snprintf(name, sizeof(name), "%zu", stage->number);
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || file_read(fd, SETUP_FILE_MAX, &text, &len) != FAULT_NONE)
		return setup_fail(stage->path);
	return is_as_before(stage, text, len) ||
	    replace_file(stage->path, text, len, (mode_t)stage->old_mode,
		(uid_t)stage->old_uid, (gid_t)stage->old_gid);
}

bool
files_save(const struct stage *stage)
{
	scoped_fd int folder = journal_folder(true);
	scoped_fd int fd = open(
	    stage->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_free char *text = NULL;
	char name[24];
	size_t len = 0;

	if (fd < 0 || folder < 0 ||
	    file_read(fd, SETUP_FILE_MAX + 1, &text, &len) != FAULT_NONE)
		return setup_fail(stage->path);
	if (len > SETUP_FILE_MAX) {
		admin_say(
		    "%s: larger than %lu bytes", stage->path, SETUP_FILE_MAX);
		return false;
	}
	snprintf(name, sizeof(name), "%zu", stage->number);
	return file_replace(folder, name, ".copy.new", 0600, 0, 0, text, len) ==
	    FAULT_NONE ||
	    setup_fail(stage->path);
}
