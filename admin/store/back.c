#include "admin/store/back.h"

#include <fcntl.h>

#include "store/base/cleanup.h"
#include "store/fleet/names.h"
#include "store/fleet/seen.h"

/* Looks at what was seen before it asks: a keeper notes more meanwhile. */
static bool
is_piece_older(
    struct remote *remote, enum seal_kind kind, int dir, const char *lock)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	scoped_fd int fd = openat(
	    dir, lock, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct remote_name name = remote_name_of(kind);
	uint64_t seen = 0;
	enum fault fault;

	if (fd < 0 || seen_serial_read(fd, &seen) != FAULT_NONE)
		return false;
	fault = remote_get(remote, &name, &text);
	return (fault == FAULT_NONE || fault == FAULT_ABSENT) &&
	    seen_serial_judge(text.serial, seen) != FAULT_NONE;
}

static bool
is_revision_lower(struct remote *remote, int dir)
{
	uint64_t seen = 0, now = 0;
	enum fault fault = seen_revision_read(dir, &seen);

	return fault == FAULT_BACK ||
	    (fault == FAULT_NONE &&
		remote_revision(remote, &now) == FAULT_NONE && now < seen);
}

bool
back_is(struct remote *remote, const char *folder)
{
	scoped_fd int dir = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	return dir >= 0 &&
	    (is_revision_lower(remote, dir) ||
		is_piece_older(remote, SEAL_FLEET, dir,
		    FLEET_FOLDER "/" FLEET_CHARTER_LOCK) ||
		is_piece_older(remote, SEAL_POLICY, dir,
		    FLEET_FOLDER "/" FLEET_POLICY_LOCK));
}
