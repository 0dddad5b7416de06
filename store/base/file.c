#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"

#define FIRST_ROOM 4095 /* bytes; enough for most files */

/*
 * Doubles the room, up to max, for a text of len bytes.  Returns false without
 * memory; the text is then as it was.  The old copy is wiped: it may hold a
 * secret.
 */
static bool
grow_text(char **text, size_t len, size_t *room, size_t max)
{
	size_t more = *room < max / 2 ? 2 * *room : max;
	char *larger = malloc(more + 1);

	if (larger == NULL)
		return false;
	memcpy(larger, *text, len);
	explicit_bzero(*text, len);
	free(*text);
	*text = larger;
	*room = more;
	return true;
}

/* Reads until the end of the file or max bytes. */
static enum fault
read_to_end(int fd, size_t max, size_t room, char **text, size_t *len)
{
	while (*len < max) {
		ssize_t n;

		if (*len == room && !grow_text(text, *len, &room, max))
			return FAULT_MEMORY;
		n = read(fd, *text + *len, room - *len);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAULT_IO;
		if (n == 0)
			break;
		*len += (size_t)n;
	}
	return FAULT_NONE;
}

enum fault
file_read(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	size_t room = max < FIRST_ROOM ? max : FIRST_ROOM, len = 0;
	char *text = malloc(room + 1);
	enum fault fault;

	if (text == NULL)
		return FAULT_MEMORY;
	fault = read_to_end(fd, max, room, &text, &len);
	if (fault != FAULT_NONE) {
		explicit_bzero(text, len);
		free(text);
		return fault;
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
	return FAULT_NONE;
}

enum fault
file_write(int fd, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return FAULT_IO;
		at += n;
		len -= (size_t)n;
	}
	return FAULT_NONE;
}

int
file_open_or_make(int folder, const char *name, int flags)
{
	int fd;

	flags |= O_NOFOLLOW | O_CLOEXEC;
	fd = openat(folder, name, flags);
	if (fd >= 0 || errno != ENOENT)
		return fd;
	return openat(folder, name, flags | O_CREAT, 0600);
}

/* A process that was killed may have left a file under that name. */
static int
create_new(int folder, const char *name)
{
	const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
	int fd = openat(folder, name, flags, 0600);

	if (fd >= 0 || errno != EEXIST)
		return fd;
	unlinkat(folder, name, 0);
	return openat(folder, name, flags, 0600);
}

enum fault
file_put(int folder, const char *name, const char *new, mode_t mode,
    uid_t owner, gid_t group, const void *bytes, size_t len)
{
	scoped_fd int fd = create_new(folder, new);

	if (fd < 0)
		return FAULT_IO;
	if ((owner != (uid_t)-1 && fchown(fd, owner, group) < 0) ||
	    fchmod(fd, mode) < 0 || file_write(fd, bytes, len) != FAULT_NONE ||
	    fsync(fd) < 0 || renameat(folder, new, folder, name) < 0) {
		int saved = errno;

		unlinkat(folder, new, 0);
		errno = saved;
		return FAULT_IO;
	}
	return FAULT_NONE;
}

enum fault
file_replace(int folder, const char *name, const char *new, mode_t mode,
    uid_t owner, gid_t group, const void *bytes, size_t len)
{
	enum fault fault = file_put(
	    folder, name, new, mode, owner, group, bytes, len);

	if (fault != FAULT_NONE)
		return fault;
	return fsync(folder) < 0 ? FAULT_IO : FAULT_NONE;
}
