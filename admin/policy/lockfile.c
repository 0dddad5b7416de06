#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/home.h"
#include "admin/policy/lockfile.h"
#include "store/base/file.h"
#include "store/folder/policy_file.h"

#define SILENT_S 2 /* of waiting, before a message */

static int
lockfile_fail(const char *path)
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

/*
 * Opens the policy's folder. In a folder that is not safe nothing is made, not
 * even the lock.
 */
static int
lockfile_open_folder(struct lockfile *lockfile)
{
	int len = (int)(lockfile->name - lockfile->path);
	char folder[PATH_MAX], why[POLICY_WHY_TEXT];
	struct stat st;

	snprintf(folder, sizeof(folder), "%.*s", len > 1 ? len - 1 : 1,
	    len > 0 ? lockfile->path : ".");
	lockfile->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (lockfile->folder < 0)
		return lockfile_fail(folder);
	if (guarded_check_folder(lockfile->folder, folder, geteuid(), why) ==
	    FAULT_NONE)
		return ADMIN_DONE;
	/* Root may write in any folder; if root refuses to, rights are not the
	 * reason. */
	if (geteuid() != 0 &&
	    (fstat(lockfile->folder, &st) < 0 || st.st_uid != geteuid())) {
		errno = EACCES;
		return lockfile_fail(lockfile->path);
	}
	admin_say("%s", why);
	return ADMIN_NOT;
}

void
lockfile_beside(
    const struct lockfile *lockfile, const char *suffix, struct beside *ret)
{
	size_t before = (size_t)(lockfile->name - lockfile->path);

	*ret = (struct beside){.name = ""};
	policy_file_beside(
	    lockfile->path, suffix, ret->path, sizeof(ret->path));
	if (before < sizeof(ret->path))
		snprintf(
		    ret->name, sizeof(ret->name), "%s", ret->path + before);
}

static volatile sig_atomic_t ticks;

static void
tick(int sig)
{
	(void)sig;
	ticks++;
}

/*
 * Waits in the kernel's queue, which is fair, but not longer than wait_s. The
 * timer ticks every second, so a tick that comes just before flock() is not the
 * last one.
 */
static int
wait_for_lock(const struct lockfile *lockfile, int wait_s)
{
	const struct itimerval every = {{1, 0}, {SILENT_S, 0}};
	const struct itimerval never = {{0, 0}, {0, 0}};
	struct sigaction action = {.sa_handler = tick}, before;
	int r, error;

	ticks = 0;
	sigaction(SIGALRM, &action, &before);
	setitimer(ITIMER_REAL, &every, NULL);
	while ((r = flock(lockfile->lock, LOCK_EX)) < 0 && errno == EINTR &&
	    ticks <= wait_s - SILENT_S)
		if (ticks == 1)
			admin_say("%s: somebody else is changing it, waiting",
			    lockfile->path);
	error = errno;
	setitimer(ITIMER_REAL, &never, NULL);
	sigaction(SIGALRM, &before, NULL);
	errno = error == EINTR ? EWOULDBLOCK : error;
	return r;
}

/* Takes the lock, which ends with the process. */
static int
lock(struct lockfile *lockfile, int wait_s)
{
	struct beside file;
	int r;

	lockfile_beside(lockfile, "lock", &file);
	lockfile->lock = openat(lockfile->folder, file.name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (lockfile->lock < 0)
		return lockfile_fail(file.path);
	r = flock(lockfile->lock, LOCK_EX | LOCK_NB);
	if (r < 0 && errno == EWOULDBLOCK && wait_s > 0)
		r = wait_for_lock(lockfile, wait_s);
	if (r == 0)
		return ADMIN_DONE;
	if (errno != EWOULDBLOCK)
		return lockfile_fail(file.path);
	admin_say("%s: busy, somebody else is changing it; try again later",
	    lockfile->path);
	return ADMIN_NOT;
}

int
lockfile_view(const char *path, struct lockfile *ret)
{
	const char *slash = strrchr(path, '/');

	*ret = (struct lockfile){.path = path,
	    .name = slash != NULL ? slash + 1 : path,
	    .folder = -1,
	    .lock = -1};
	return lockfile_open_folder(ret);
}

int
lockfile_open(const char *path, int wait_s, struct lockfile *ret)
{
	int status = lockfile_view(path, ret);

	return status == ADMIN_DONE ? lock(ret, wait_s) : status;
}

void
lockfile_close(struct lockfile *lockfile)
{
	if (lockfile->lock >= 0)
		close(lockfile->lock);
	if (lockfile->folder >= 0)
		close(lockfile->folder);
	if (lockfile->shared != NULL)
		shared_done(lockfile->shared);
	free(lockfile->shared);
}

/* Notes where the policy is. */
static int
find_home(const struct admin *admin, struct lockfile *lockfile)
{
	char why[HOME_WHY] = "out of memory";
	enum home home = home_find(admin, why);

	if (home == HOME_FILE)
		return ADMIN_DONE;
	lockfile->keeper = &admin->keeper;
	if (home == HOME_FLEET)
		lockfile->shared = calloc(1, sizeof(*lockfile->shared));
	if (lockfile->shared != NULL)
		return ADMIN_DONE;
	admin_say("%s", why);
	return ADMIN_NOT;
}

int
admin_lock(const struct admin *admin, int wait_s, struct lockfile *ret)
{
	int status = lockfile_open(admin->policy, wait_s, ret);

	return status == ADMIN_DONE ? find_home(admin, ret) : status;
}

int
admin_view(const struct admin *admin, struct lockfile *ret)
{
	int status = lockfile_view(admin->policy, ret);

	return status == ADMIN_DONE ? find_home(admin, ret) : status;
}

const char *
lockfile_called(const struct lockfile *lockfile)
{
	return lockfile->shared != NULL ? "the fleet's policy" : lockfile->path;
}

enum fault
lockfile_read(const struct lockfile *lockfile, char **ret_text, size_t *ret_len,
    char ret_why[static POLICY_WHY_TEXT])
{
	const struct version *in_force;
	enum fault fault;

	if (lockfile->shared == NULL)
		return policy_file_read(
		    lockfile->path, geteuid(), ret_text, ret_len, ret_why);
	fault = shared_fetch(
	    lockfile->keeper, SHARED_ALL, lockfile->shared, ret_why);
	if (fault != FAULT_NONE)
		return fault;
	in_force = shared_in_force(lockfile->shared);
	if (in_force == NULL) {
		snprintf(ret_why, POLICY_WHY_TEXT, "%s", HOME_NO_POLICY);
		return FAULT_ABSENT;
	}
	snprintf(ret_why, POLICY_WHY_TEXT, "out of memory");
	*ret_text = strdup(in_force->text);
	*ret_len = in_force->len;
	return *ret_text != NULL ? FAULT_NONE : FAULT_MEMORY;
}

int
lockfile_put(const struct lockfile *lockfile, const char *suffix,
    const char *way, const char *text, size_t len)
{
	struct stat st = {
	    .st_mode = 0644, .st_uid = geteuid(), .st_gid = getegid()};
	struct beside file, new;

	(void)fstatat(
	    lockfile->folder, lockfile->name, &st, AT_SYMLINK_NOFOLLOW);
	lockfile_beside(lockfile, suffix, &file);
	lockfile_beside(lockfile, way, &new);
	if (file_put(lockfile->folder, file.name, new.name, st.st_mode & 0777,
		st.st_uid, st.st_gid, text, len) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s: %s", file.path, strerror(errno));
	return ADMIN_NOT;
}

/* The text lies beside the policy for as long as the keeper needs to read it. */
static int
store_shared(const struct lockfile *lockfile, const char *what,
    const char *text, size_t len)
{
	char why[SHARED_WHY];
	struct beside next;
	enum fault fault;

	if (lockfile_put(lockfile, POLICY_NEXT, "putting", text, len) !=
	    ADMIN_DONE)
		return ADMIN_NOT;
	fault = shared_put(lockfile->keeper, lockfile->shared->mark, what, why);
	lockfile_beside(lockfile, POLICY_NEXT, &next);
	unlinkat(lockfile->folder, next.name, 0);
	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s", why);
	return fault == FAULT_AWAY ? ADMIN_KEEPER : ADMIN_NOT;
}

static int
store_file(const struct lockfile *lockfile, const char *text, size_t len)
{
	struct stat st = {
	    .st_mode = 0644, .st_uid = geteuid(), .st_gid = getegid()};
	struct beside new;

	if (fstatat(lockfile->folder, lockfile->name, &st,
		AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != ENOENT)
		return lockfile_fail(lockfile->path);
	lockfile_beside(lockfile, "new", &new);
	/* Removes a leftover of a crash.  Anything else of that name would
	 * block every change from now on. */
	if (unlinkat(lockfile->folder, new.name, 0) < 0 && errno != ENOENT) {
		admin_say("%s is in the way of every change (%s): move it away",
		    new.path, strerror(errno));
		return ADMIN_NOT;
	}
	if (file_put(lockfile->folder, lockfile->name, new.name,
		st.st_mode & 07777, st.st_uid, st.st_gid, text,
		len) != FAULT_NONE)
		return lockfile_fail(lockfile->path);
	/* The new policy is in force: do not report a failure. */
	if (fsync(lockfile->folder) < 0)
		admin_say("%s: changed, but the disk does not confirm it (%s): "
			  "after a crash the old policy may be back",
		    lockfile->path, strerror(errno));
	return ADMIN_DONE;
}

int
lockfile_store(const struct lockfile *lockfile, const char *what,
    const char *text, size_t len)
{
	return lockfile->shared != NULL
	    ? store_shared(lockfile, what, text, len)
	    : store_file(lockfile, text, len);
}
