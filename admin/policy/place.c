#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "store/base/file.h"
#include "store/folder/policy_file.h"

#define SILENT_S 2 /* of waiting, before it is said */

static int
fail(const char *path)
{
	if ((errno == EACCES || errno == EPERM) && geteuid() != 0) {
		admin_say("%s: you may not change the policy: only root or the "
			  "owner of its folder may",
		    path);
		return ADMIN_NOT_ALLOWED;
	}
	admin_say("%s: %s", path, strerror(errno));
	return ADMIN_NOT;
}

/* Root may do as it likes in a folder of anybody's; that it does not is not
 * for want of rights. */
static bool
is_ours(int folder)
{
	struct stat st;

	return geteuid() == 0 ||
	    (fstat(folder, &st) == 0 && st.st_uid == geteuid());
}

/* Nothing is made, not even the lock, in a folder whose policy is refused. */
static int
open_folder(struct place *place)
{
	int len = (int)(place->name - place->path);
	char folder[PATH_MAX], why[POLICY_WHY_TEXT];

	snprintf(folder, sizeof(folder), "%.*s", len > 1 ? len - 1 : 1,
	    len > 0 ? place->path : ".");
	place->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (place->folder < 0)
		return fail(folder);
	if (policy_file_check_folder(place->folder, folder, geteuid(), why) ==
	    FAULT_NONE)
		return ADMIN_DONE;
	if (!is_ours(place->folder)) {
		errno = EACCES;
		return fail(place->path);
	}
	admin_say("%s", why);
	return ADMIN_NOT;
}

void
place_beside(const struct place *place, const char *suffix, struct beside *ret)
{
	*ret = (struct beside){.name = ""};
	snprintf(
	    ret->name, sizeof(ret->name), ".%.200s.%s", place->name, suffix);
	snprintf(ret->path, sizeof(ret->path), "%.*s%s",
	    (int)(place->name - place->path), place->path, ret->name);
}

static volatile sig_atomic_t ticks;

static void
tick(int sig)
{
	(void)sig;
	ticks++;
}

/*
 * Waits in the kernel's queue, where nobody is overtaken for ever, and not
 * longer than wait_s: the timer ticks every second, so that a tick
 * which comes just before flock() is not the last.
 */
static int
wait_for_lock(const struct place *place, int wait_s)
{
	const struct itimerval every = {{1, 0}, {SILENT_S, 0}};
	const struct itimerval never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = tick}, before;
	int r, error;

	ticks = 0;
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &every, NULL);
	while ((r = flock(place->lock, LOCK_EX)) < 0 && errno == EINTR &&
	    ticks <= wait_s - SILENT_S)
		if (ticks == 1)
			admin_say("%s: somebody else is changing it, waiting",
			    place->path);
	error = errno;
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	errno = error == EINTR ? EWOULDBLOCK : error;
	return r;
}

/* One admin after another; the lock goes with the process. */
static int
lock(struct place *place, int wait_s)
{
	struct beside file;
	int r;

	place_beside(place, "lock", &file);
	place->lock = openat(place->folder, file.name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (place->lock < 0)
		return fail(file.path);
	r = flock(place->lock, LOCK_EX | LOCK_NB);
	if (r < 0 && errno == EWOULDBLOCK && wait_s > 0)
		r = wait_for_lock(place, wait_s);
	if (r == 0)
		return ADMIN_DONE;
	if (errno != EWOULDBLOCK)
		return fail(file.path);
	admin_say("%s: busy, somebody else is changing it; try again later",
	    place->path);
	return ADMIN_NOT;
}

int
place_open(const char *path, int wait_s, struct place *ret)
{
	const char *slash = strrchr(path, '/');
	int status;

	*ret = (struct place){.path = path,
	    .name = slash != NULL ? slash + 1 : path,
	    .folder = -1,
	    .lock = -1};
	status = open_folder(ret);
	return status == ADMIN_DONE ? lock(ret, wait_s) : status;
}

void
place_close(struct place *place)
{
	if (place->lock >= 0)
		close(place->lock);
	if (place->folder >= 0)
		close(place->folder);
}

/* A leftover of a crash is gone; anything else there would be in the way of
 * every change from now on. */
static int
clear(const struct place *place, const struct beside *file)
{
	if (unlinkat(place->folder, file->name, 0) == 0 || errno == ENOENT)
		return ADMIN_DONE;
	admin_say("%s is in the way of every change (%s): move it away",
	    file->path, strerror(errno));
	return ADMIN_NOT;
}

int
place_store(const struct place *place, const char *text, size_t len)
{
	struct stat st = {
	    .st_mode = 0644, .st_uid = geteuid(), .st_gid = getegid()};
	struct beside new;
	int status;

	if (fstatat(place->folder, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != ENOENT)
		return fail(place->path);
	place_beside(place, "new", &new);
	status = clear(place, &new);
	if (status != ADMIN_DONE)
		return status;
	if (file_put(place->folder, place->name, new.name, st.st_mode & 07777,
		st.st_uid, st.st_gid, text, len) != FAULT_NONE)
		return fail(place->path);
	/* It decides logins from now on: a failure would be a lie. */
	if (fsync(place->folder) < 0)
		admin_say("%s: changed, but the disk does not confirm it (%s): "
			  "after a crash the old policy may be back",
		    place->path, strerror(errno));
	return ADMIN_DONE;
}
