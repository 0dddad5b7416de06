#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"

enum fault
file_read(int fd, size_t max, char **ret_text, size_t *ret_len)
{
	char *text = malloc(max + 1);
	size_t len = 0;

	if (text == NULL)
		return FAULT_MEMORY;
	while (len < max) {
		ssize_t n = read(fd, text + len, max - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0) {
			explicit_bzero(text, len);
			free(text);
			return FAULT_IO;
		}
		if (n == 0)
			break;
		len += (size_t)n;
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

enum fault
file_put(int folder, const char *name, const char *new, mode_t mode,
    uid_t owner, gid_t group, const void *bytes, size_t len)
{
	scoped_fd int fd = -1;

	unlinkat(folder, new, 0);
	fd = openat(folder, new,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
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
