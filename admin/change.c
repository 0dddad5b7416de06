#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin.h"
#include "cleanup.h"
#include "file.h"
#include "policy_file.h"

#define WAIT_MS    50
#define WAIT_TRIES 200 /* ten seconds: an editor may be open */

static int
fail(const char *path)
{
	admin_say("%s: %s", path, strerror(errno));
	return ADMIN_NOT;
}

static int
open_folder(const char *path, struct place *ret)
{
	const char *slash = strrchr(path, '/');
	char folder[PATH_MAX];

	snprintf(folder, sizeof(folder), "%.*s",
	    slash == NULL       ? 1
		: slash == path ? 1
				: (int)(slash - path),
	    slash != NULL ? path : ".");
	ret->name = slash != NULL ? slash + 1 : path;
	ret->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return ret->folder < 0 ? fail(folder) : ADMIN_DONE;
}

/* One admin after another; the lock goes with the process. */
static int
lock(struct place *place, const char *path, bool wait)
{
	int tries = wait ? WAIT_TRIES : 0;
	char name[NAME_MAX];
	int r;

	snprintf(name, sizeof(name), ".%.200s.lock", place->name);
	place->lock = openat(place->folder, name,
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (place->lock < 0)
		return fail(path);
	while ((r = flock(place->lock, LOCK_EX | LOCK_NB)) < 0 &&
	    (errno == EINTR || errno == EWOULDBLOCK) && tries-- > 0)
		usleep(WAIT_MS * 1000);
	if (r == 0)
		return ADMIN_DONE;
	if (errno != EWOULDBLOCK)
		return fail(path);
	admin_say("%s: busy, somebody else is changing it", path);
	return ADMIN_NOT;
}

int
place_open(const struct admin *admin, bool wait, struct place *ret)
{
	int status;

	*ret = (struct place){.folder = -1, .lock = -1};
	status = open_folder(admin->policy, ret);
	return status == ADMIN_DONE ? lock(ret, admin->policy, wait) : status;
}

void
place_close(struct place *place)
{
	if (place->lock >= 0)
		close(place->lock);
	if (place->folder >= 0)
		close(place->folder);
}

int
place_store(const struct admin *admin, const struct place *place,
    const char *text, size_t len)
{
	struct stat st = {
	    .st_mode = 0644, .st_uid = geteuid(), .st_gid = getegid()};
	char new[NAME_MAX];

	if (fstatat(place->folder, place->name, &st, AT_SYMLINK_NOFOLLOW) < 0 &&
	    errno != ENOENT)
		return fail(admin->policy);
	snprintf(new, sizeof(new), ".%.200s.new", place->name);
	if (file_replace(place->folder, place->name, new, st.st_mode & 07777,
		st.st_uid, st.st_gid, text, len) != FAULT_NONE)
		return fail(admin->policy);
	return ADMIN_DONE;
}

int
admin_load(const struct admin *admin, struct policy *ret)
{
	char why[POLICY_WHY_TEXT] = "";
	enum fault fault = policy_load(admin->policy, geteuid(), ret, why);

	if (fault == FAULT_NONE)
		return ADMIN_DONE;
	if (fault == FAULT_ABSENT && admin->keeper.store != NULL &&
	    policy_builtin(ret) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s", why[0] != '\0' ? why : fault_name(fault));
	return ADMIN_NOT;
}

/* What is written must be what the keeper will accept. */
static int
store(const struct admin *admin, const struct place *place,
    const struct policy *policy)
{
	scoped_free char *text = NULL;
	struct json_error error = {.line = 0};
	struct policy again;

	if (policy_format(policy, true, &text) != FAULT_NONE) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	if (policy_parse(text, strlen(text), &again, &error) != FAULT_NONE) {
		admin_say("the policy would not be valid, nothing is changed: "
			  "%s: %s",
		    error.path, error.text);
		return ADMIN_NOT;
	}
	policy_done(&again);
	return place_store(admin, place, text, strlen(text));
}

int
admin_change(struct admin *admin,
    int (*change)(struct policy *policy, void *arg), void *arg)
{
	struct place place;
	struct policy policy;
	int changes, status = place_open(admin, true, &place);

	if (status == ADMIN_DONE)
		status = admin_load(admin, &policy);
	if (status == ADMIN_DONE) {
		changes = change(&policy, arg);
		if (changes < 0)
			status = ADMIN_NOT;
		else if (changes > 0)
			status = store(admin, &place, &policy);
		policy_done(&policy);
	}
	place_close(&place);
	return status;
}
