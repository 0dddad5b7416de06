#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/descriptor.h"

/* A folder on the way: of a link openat(2) would say that it is no folder. */
static int
step_into(int folder, const char *name)
{
	int fd = openat(
	    folder, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct stat st = {.st_mode = 0};

	if (fd < 0 && errno == ENOTDIR) {
		(void)fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW);
		errno = S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
	}
	return fd;
}

/* Each step begins at the folder that the one before has opened, so that nobody
 * can put a link in between. */
static int
open_by_steps(const char *path, int flags)
{
	scoped_fd int folder = open(
	    path[0] == '/' ? "/" : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
	char name[NAME_MAX + 1];

	for (const char *rest = path + strspn(path, "/"); folder >= 0;
	     rest += strspn(rest, "/")) {
		size_t len = strcspn(rest, "/");
		int next;

		if (len >= sizeof(name)) {
			errno = ENAMETOOLONG;
			return -1;
		}
		memcpy(name, rest, len);
		name[len] = '\0';
		rest += len;
		if (rest[0] == '\0')
			return openat(
			    folder, len > 0 ? name : ".", flags | O_NOFOLLOW);
		next = step_into(folder, name);
		close(folder);
		folder = next;
	}
	return -1;
}

int
descriptor_open_no_link(const char *path, int flags)
{
#ifdef SYS_openat2
	/* The headers of some C libraries lack the kernel's own structure. */
	const struct {
		uint64_t flags, mode, resolve;
	} how = {(uint64_t)flags, 0, 0x04 /* RESOLVE_NO_SYMLINKS */};
	int fd = (int)syscall(SYS_openat2, AT_FDCWD, path, &how, sizeof(how));

	if (fd >= 0 || (errno != ENOSYS && errno != EPERM))
		return fd;
#endif
	if (path[0] == '\0') {
		errno = ENOENT;
		return -1;
	}
	return open_by_steps(path, flags);
}

/* /proc lists them in the order of their numbers, also while they go. */
static bool
close_listed(int first)
{
	const struct dirent *entry;
	DIR *folder;
	int error;

	close(first); /* makes room for the folder */
	folder = opendir("/proc/self/fd");
	if (folder == NULL)
		return false;
	errno = 0;
	while ((entry = readdir(folder)) != NULL) {
		long fd = strtol(entry->d_name, NULL, 10);

		if (entry->d_name[0] != '.' && fd >= first &&
		    fd != dirfd(folder))
			close((int)fd);
		errno = 0;
	}
	error = errno;
	closedir(folder);
	errno = error;
	return error == 0;
}

bool
descriptor_close_from(int first)
{
#ifdef SYS_close_range
	if (syscall(SYS_close_range, (unsigned)first, ~0U, 0U) == 0)
		return true;
#endif
	return close_listed(first);
}
