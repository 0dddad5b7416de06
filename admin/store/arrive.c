#include "admin/store/arrive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"

#define BESIDE (STORE_FILE_TEXT + 8)

static void
name_beside(const char *file, char ret[static BESIDE])
{
	snprintf(ret, BESIDE, ".%s.new", file);
}

bool
arrive_put(struct store *store, const char *file, const char *bytes, size_t len)
{
	scoped_fd int fd = -1;
	char new[BESIDE];

	name_beside(file, new);
	if (unlinkat(store->users, new, 0) < 0 && errno != ENOENT)
		return false;
	fd = openat(store->users, new,
	    O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	return fd >= 0 && file_write(fd, bytes, len) == FAULT_NONE;
}

static bool
put_in_place(struct store *store, const char *file)
{
	char new[BESIDE], path[BESIDE];

	name_beside(file, new);
	snprintf(path, sizeof(path), "%s.json", file);
	return renameat(store->users, new, store->users, path) == 0;
}

bool
arrive_all(struct store *store, const struct store_names *files)
{
	if (syncfs(store->users) < 0)
		return false;
	list_each(const struct store_name, name, files->names)
		if (name->order == ARRIVED && !put_in_place(store, name->text))
			return false;
	return fsync(store->users) == 0;
}
