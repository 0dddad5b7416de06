#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/admin.h"
#include "admin/policy/versions.h"
#include "admin/shared.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "store/base/utf8.h"
#include "store/folder/policy_file.h"

#define DIGITS "0123456789"
#define NEXT   "next" /* a version that has no number yet */

static int
versions_fail(const char *path)
{
	admin_say("%s: %s", path, strerror(errno));
	return ADMIN_NOT;
}

static int
versions_no_memory(void)
{
	admin_say("out of memory");
	return ADMIN_NOT;
}

/* Reads what the fleet has. */
static int
read_fleets(const struct lockfile *lockfile)
{
	char why[SHARED_WHY];
	enum fault fault = shared_fetch(
	    lockfile->keeper, SHARED_ALL, lockfile->shared, why);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s", why);
	return fault == FAULT_AWAY ? ADMIN_KEEPER : ADMIN_NOT;
}

/* *ret: a copy, NULL being no version. */
static int
copy_version(const struct version *version, struct version *ret)
{
	struct version copy = {.number = 0};

	if (version != NULL) {
		copy = *version;
		copy.text = strdup(version->text);
		if (copy.text == NULL)
			return versions_no_memory();
	}
	*ret = copy;
	return ADMIN_DONE;
}

/* The fleet's version of that number, or NULL. */
static const struct version *
find_fleets(const struct lockfile *lockfile, int64_t number)
{
	const struct shared *shared = lockfile->shared;

	for (size_t i = 0; i < shared->versions.count; i++)
		if (shared->versions.items[i].number == number)
			return &shared->versions.items[i];
	return NULL;
}

static void
version_name(
    const struct lockfile *lockfile, int64_t number, struct beside *ret)
{
	char suffix[32];

	snprintf(suffix, sizeof(suffix), "was.%" PRId64, number);
	lockfile_beside(lockfile, suffix, ret);
}

void
versions_done(struct versions *versions)
{
	free(versions->numbers.items);
	*versions = (struct versions){.numbers = {.count = 0}};
}

/* FAULT_ABSENT without a message. */
static enum fault
version_open(const struct lockfile *lockfile, const struct beside *file,
    struct version *ret)
{
	scoped_fd int fd = openat(lockfile->folder, file->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_free char *text = NULL;
	size_t len = 0;
	struct stat st;

	if (fd < 0 && errno == ENOENT)
		return FAULT_ABSENT;
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    file_read(fd, VERSION_MAX, &text, &len) != FAULT_NONE) {
		versions_fail(file->path);
		return FAULT_IO;
	}
	if (S_ISREG(st.st_mode) && version_parse(text, len, ret) == FAULT_NONE)
		return FAULT_NONE;
	admin_say("%s: not a policy that tfa-admin kept", file->path);
	return FAULT_FORMAT;
}

int
versions_read(
    const struct lockfile *lockfile, int64_t number, struct version *ret)
{
	struct beside file;
	enum fault fault = FAULT_ABSENT;

	version_name(lockfile, number, &file);
	if (lockfile->shared == NULL)
		fault = version_open(lockfile, &file, ret);
	else if (find_fleets(lockfile, number) != NULL)
		return copy_version(find_fleets(lockfile, number), ret);
	if (fault == FAULT_ABSENT)
		admin_say("version %" PRId64 " is not kept: tfa-admin policy "
			  "history lists those that are",
		    number);
	return fault == FAULT_NONE ? ADMIN_DONE : ADMIN_NOT;
}

static int
by_number(const void *a, const void *b)
{
	int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;

	return one < other ? -1 : one > other;
}

/* The number in a name that version_name() writes, or 0. */
static int64_t
number_in(const char *name, const char *start)
{
	size_t len = strlen(start);

	if (strncmp(name, start, len) != 0 || name[len] < '1' ||
	    name[len] > '9' || strlen(name + len) > 9 ||
	    name[len + strspn(name + len, DIGITS)] != '\0')
		return 0;
	return strtol(name + len, NULL, 10);
}

static bool
add_number(struct versions *versions, int64_t number)
{
	int64_t *added = list_add(&versions->numbers, sizeof(*added));

	if (added != NULL)
		*added = number;
	return added != NULL;
}

/* The numbers that the fleet has kept. */
static int
list_fleets(const struct lockfile *lockfile, struct versions *ret)
{
	struct versions versions = {.numbers = {.count = 0}};
	bool ok = true;

	for (size_t i = 0; ok && i < lockfile->shared->versions.count; i++)
		ok = add_number(
		    &versions, lockfile->shared->versions.items[i].number);
	if (!ok) {
		versions_done(&versions);
		return versions_no_memory();
	}
	*ret = versions;
	return ADMIN_DONE;
}

static int
list_files(const struct lockfile *lockfile, struct versions *ret)
{
	int fd = openat(
	    lockfile->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	struct versions versions = {.numbers = {.count = 0}};
	struct beside start;
	bool ok = true;

	if (folder == NULL) {
		if (fd >= 0)
			close(fd);
		return versions_fail(lockfile->path);
	}
	lockfile_beside(lockfile, "was.", &start);
	for (struct dirent *e; ok && (e = readdir(folder)) != NULL;) {
		int64_t number = number_in(e->d_name, start.name);

		ok = number == 0 || add_number(&versions, number);
	}
	closedir(folder);
	if (!ok) {
		versions_done(&versions);
		return versions_no_memory();
	}
	if (versions.numbers.count > 0)
		qsort(versions.numbers.items, versions.numbers.count,
		    sizeof(int64_t), by_number);
	*ret = versions;
	return ADMIN_DONE;
}

int
versions_list(const struct lockfile *lockfile, struct versions *ret)
{
	return lockfile->shared != NULL ? list_fleets(lockfile, ret)
					: list_files(lockfile, ret);
}

/* Writes a version to that name, as a whole and on the disk. */
static int
version_write(const struct lockfile *lockfile, const struct version *version,
    const struct beside *file)
{
	struct stat st = {
	    .st_mode = 0644, .st_uid = geteuid(), .st_gid = getegid()};
	scoped_free char *whole = NULL;
	struct beside new;
	size_t len = 0;

	if (fstatat(lockfile->folder, lockfile->name, &st,
		AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != ENOENT)
		return versions_fail(lockfile->path);
	if (version_format(version, &whole, &len) != FAULT_NONE)
		return versions_no_memory();
	lockfile_beside(lockfile, "keep", &new);
	if (file_put(lockfile->folder, file->name, new.name, st.st_mode & 0777,
		st.st_uid, st.st_gid, whole, len) != FAULT_NONE)
		return versions_fail(file->path);
	return ADMIN_DONE;
}

/* The number that the next version gets. */
static int
next_number(const struct lockfile *lockfile, int64_t *ret)
{
	struct versions versions;
	int status = versions_list(lockfile, &versions);

	if (status != ADMIN_DONE)
		return status;
	*ret = versions.numbers.count > 0
	    ? versions.numbers.items[versions.numbers.count - 1] + 1
	    : 1;
	versions_done(&versions);
	return ADMIN_DONE;
}

static int
drop_old(const struct lockfile *lockfile)
{
	struct versions versions;
	int status = versions_list(lockfile, &versions);

	if (status != ADMIN_DONE)
		return status;
	for (size_t i = 0; i + VERSIONS_KEPT + 1 < versions.numbers.count;
	     i++) {
		struct beside file;

		version_name(lockfile, versions.numbers.items[i], &file);
		unlinkat(lockfile->folder, file.name, 0);
	}
	versions_done(&versions);
	return ADMIN_DONE;
}

int
versions_prepare(const struct lockfile *lockfile, const struct version *version)
{
	struct version numbered = *version;
	struct beside next;
	int status;

	if (lockfile->shared != NULL)
		return ADMIN_DONE;
	status = next_number(lockfile, &numbered.number);
	if (status != ADMIN_DONE)
		return status;
	lockfile_beside(lockfile, NEXT, &next);
	return version_write(lockfile, &numbered, &next);
}

int
versions_commit(const struct lockfile *lockfile)
{
	struct beside next, file;
	int64_t number = 0;
	int status;

	if (lockfile->shared != NULL)
		return ADMIN_DONE;
	status = next_number(lockfile, &number);
	if (status != ADMIN_DONE)
		return status;
	lockfile_beside(lockfile, NEXT, &next);
	version_name(lockfile, number, &file);
	if (renameat(lockfile->folder, next.name, lockfile->folder, file.name) <
	    0)
		return versions_fail(file.path);
	return drop_old(lockfile);
}

static int
current_file(const struct lockfile *lockfile, struct version *ret)
{
	scoped_fd int fd = openat(lockfile->folder, lockfile->name,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct version current = {
	    .what = "by hand, or before the first change"};
	struct stat st;

	if ((fd < 0 && errno != ENOENT) || (fd >= 0 && fstat(fd, &st) < 0))
		return versions_fail(lockfile->path);
	/* A folder or a pipe is no policy: the command that reads it says so. */
	if (fd >= 0 && S_ISREG(st.st_mode)) {
		current.at_s = st.st_mtime;
		if (file_read(fd, POLICY_MAX + 1, &current.text,
			&current.len) != FAULT_NONE)
			return versions_fail(lockfile->path);
	}
	*ret = current;
	return ADMIN_DONE;
}

int
versions_current(const struct lockfile *lockfile, struct version *ret)
{
	int status;

	if (lockfile->shared == NULL)
		return current_file(lockfile, ret);
	status = read_fleets(lockfile);
	return status == ADMIN_DONE
	    ? copy_version(shared_in_force(lockfile->shared), ret)
	    : status;
}

/* A change that was killed: it is in force, or it never was. */
static int
settle_next(const struct lockfile *lockfile, const struct version *current)
{
	struct version next = {.number = 0};
	struct beside file;
	enum fault fault;
	bool in_force;

	lockfile_beside(lockfile, NEXT, &file);
	fault = version_open(lockfile, &file, &next);
	if (fault == FAULT_ABSENT)
		return ADMIN_DONE;
	in_force = fault == FAULT_NONE && version_is(&next, current);
	version_done(&next);
	if (in_force)
		return versions_commit(lockfile);
	if (unlinkat(lockfile->folder, file.name, 0) < 0)
		return versions_fail(file.path);
	return ADMIN_DONE;
}

/* True if the newest version is the policy in force. */
static bool
is_newest(const struct lockfile *lockfile, const struct version *current)
{
	struct version newest = {.number = 0};
	struct versions versions;
	struct beside file;
	bool same = false;

	if (versions_list(lockfile, &versions) != ADMIN_DONE)
		return false;
	if (versions.numbers.count > 0) {
		version_name(lockfile,
		    versions.numbers.items[versions.numbers.count - 1], &file);
		same = version_open(lockfile, &file, &newest) == FAULT_NONE &&
		    version_is(&newest, current);
	}
	version_done(&newest);
	versions_done(&versions);
	return same;
}

int
versions_settle(const struct lockfile *lockfile)
{
	struct version current = {.number = 0};
	int status;

	if (lockfile->shared != NULL)
		return ADMIN_DONE;
	status = versions_current(lockfile, &current);
	if (status == ADMIN_DONE && current.text != NULL)
		status = settle_next(lockfile, &current);
	if (status == ADMIN_DONE && current.text != NULL &&
	    !is_newest(lockfile, &current)) {
		status = versions_prepare(lockfile, &current);
		if (status == ADMIN_DONE)
			status = versions_commit(lockfile);
	}
	version_done(&current);
	return status;
}
