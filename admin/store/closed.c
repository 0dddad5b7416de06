#include "admin/store/closed.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/fleet/names.h"
#include "store/fleet/seen.h"

static bool
put(struct store *store, const char *name, const char *text)
{
	char new[64];

	snprintf(new, sizeof(new), ".%s.new", name);
	if (file_replace(store->dir, name, new, 0600, (uid_t)-1, (gid_t)-1,
		text, strlen(text)) == FAULT_NONE)
		return true;
	admin_say("%s cannot be written: %s", name, strerror(errno));
	return false;
}

static bool
drop(struct store *store, const char *name)
{
	if ((unlinkat(store->dir, name, 0) == 0 || errno == ENOENT) &&
	    fsync(store->dir) == 0)
		return true;
	admin_say("%s cannot be removed: %s", name, strerror(errno));
	return false;
}

bool
closed_begin(struct store *store, const char *what)
{
	char text[256];

	snprintf(text, sizeof(text),
	    "tfa-admin %s moves the records. If no such command runs, one was "
	    "killed: run it again.\n",
	    what);
	return put(store, STORE_MAINTENANCE, text);
}

bool
closed_end(struct store *store)
{
	return drop(store, STORE_MAINTENANCE);
}

bool
closed_is(const struct store *store)
{
	return faccessat(store->dir, STORE_MAINTENANCE, F_OK,
		   AT_SYMLINK_NOFOLLOW) == 0;
}

bool
closed_note_fleet(struct store *store, const char *id, uint64_t epoch)
{
	bool is_member = faccessat(store->dir, STORE_IN_FLEET, F_OK,
			     AT_SYMLINK_NOFOLLOW) == 0;

	if (!is_member && seen_epoch_accept(store->dir, epoch) != FAULT_NONE) {
		admin_say(FLEET_ACCEPTED ": %s", strerror(errno));
		return false;
	}
	return put(store, STORE_IN_FLEET, id);
}

/* DIR/fleet: copies of policy and charter, and the revision that was seen. */
static bool
drop_copies(struct store *store)
{
	int fd = openat(store->dir, FLEET_FOLDER,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (dir == NULL) {
		cleanup_fd(&fd);
		return errno == ENOENT;
	}
	while ((entry = readdir(dir)) != NULL)
		if (strcmp(entry->d_name, ".") != 0 &&
		    strcmp(entry->d_name, "..") != 0)
			(void)unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
	return unlinkat(store->dir, FLEET_FOLDER, AT_REMOVEDIR) == 0;
}

bool
closed_drop_fleet(struct store *store)
{
	if (!drop_copies(store)) {
		admin_say(FLEET_FOLDER ": %s", strerror(errno));
		return false;
	}
	return drop(store, STORE_IN_FLEET);
}

bool
closed_fleet(struct store *store, char ret[static CHARTER_ID])
{
	scoped_fd int fd = openat(store->dir, STORE_IN_FLEET,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_free char *text = NULL;
	size_t len = 0;

	ret[0] = '\0';
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd < 0 || file_read(fd, CHARTER_ID, &text, &len) != FAULT_NONE) {
		admin_say(
		    "%s cannot be read: %s", STORE_IN_FLEET, strerror(errno));
		return false;
	}
	snprintf(ret, CHARTER_ID, "%s", text);
	return true;
}
