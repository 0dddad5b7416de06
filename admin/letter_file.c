/* The file of a letter, which nobody sees before it is whole. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/letter.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"

#define ROOM 65536 /* bytes; a page has some 20,000 */

static bool
is_output(const struct letter_file *file)
{
	return strcmp(file->path, "-") == 0;
}

static bool
complain(const char *path, const char *why)
{
	admin_say("%s: %s", path, why);
	return false;
}

/* Not every file system can hold a file without a name. */
static int
open_named(struct letter_file *file)
{
	int n = snprintf(file->temporary, sizeof(file->temporary), "%s.%ld.new",
	    file->path, (long)getpid());
	int fd = -1;

	if (n > 0 && (size_t)n < sizeof(file->temporary))
		fd = open(file->temporary,
		    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	else
		errno = ENAMETOOLONG;
	if (fd < 0)
		file->temporary[0] = '\0';
	return fd;
}

static int
open_nameless(struct letter_file *file)
{
	scoped_free char *copy = strdup(file->path);
	int fd;

	if (copy == NULL)
		return -1;
	fd = open(dirname(copy), O_WRONLY | O_TMPFILE | O_CLOEXEC, 0600);
	if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR))
		fd = open_named(file);
	return fd;
}

bool
letter_open(const char *path, struct letter_file *ret)
{
	struct stat st;
	int error;

	*ret = (struct letter_file){.path = path, .fd = -1};
	if (is_output(ret)) {
		if (!isatty(STDOUT_FILENO))
			return true;
		return complain(path,
		    "write the letter to a file, or into "
		    "a pipe");
	}
	if (lstat(path, &st) == 0)
		return complain(path,
		    "is there already, and no letter takes "
		    "the place of another file");
	ret->fd = open_nameless(ret);
	if (ret->fd < 0)
		return complain(path, strerror(errno));
	error = posix_fallocate(ret->fd, 0, ROOM);
	if (error == 0 || error == EOPNOTSUPP)
		return true;
	return complain(path, strerror(error));
}

static bool
link_file(const struct letter_file *file)
{
	char self[32];

	if (file->temporary[0] != '\0')
		return link(file->temporary, file->path) == 0;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
	return linkat(AT_FDCWD, self, AT_FDCWD, file->path,
		   AT_SYMLINK_FOLLOW) == 0;
}

bool
letter_put(struct letter_file *file, const char *text)
{
	if (is_output(file)) {
		fputs(text, stdout);
		return fflush(stdout) == 0 && !ferror(stdout);
	}
	if (file_write(file->fd, text, strlen(text)) == FAULT_NONE &&
	    ftruncate(file->fd, (off_t)strlen(text)) == 0 &&
	    fsync(file->fd) == 0 && link_file(file))
		return true;
	return complain(file->path, strerror(errno));
}

void
letter_close(struct letter_file *file)
{
	if (file->temporary[0] != '\0')
		unlink(file->temporary);
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}
