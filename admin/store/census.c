#include "admin/store/census.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/core/record.h"
#include "store/fleet/fleet.h"
#include "store/fleet/names.h"
#include "store/fleet/seen.h"

#define NAMED 5

struct taking {
	struct remote *remote;
	const struct census_plan *plan;
	struct census *census;
	int locks;                /* -1: serials are not compared */
	struct store_names there; /* all of them, in the order of their bytes */
	struct store_names doubts; /* to be looked at once more */
	enum fault fault;          /* why the scan was ended, or none */
};

static void
add_name(struct census_some *some, const char *name)
{
	size_t len = strlen(some->names);
	const char *comma = len > 0 ? ", " : "";

	some->count++;
	if (some->count <= NAMED + 1)
		snprintf(some->names + len, sizeof(some->names) - len,
		    "%s%.30s", comma, some->count <= NAMED ? name : "...");
}

static enum fault
keep_name(struct store_names *names, const char *name)
{
	return store_names_add(names, name, 0) ? FAULT_NONE : FAULT_MEMORY;
}

/* *ret: the highest serial of that record that was seen here. */
static enum fault
read_mark(struct taking *taking, const char *file, uint64_t *ret)
{
	scoped_fd int lock = openat(taking->locks, file,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	enum fault fault = FAULT_NONE;

	*ret = 0;
	if (lock >= 0)
		fault = seen_serial_read(lock, ret);
	else if (errno != ENOENT)
		fault = FAULT_IO;
	if (fault != FAULT_NONE)
		snprintf(taking->remote->why, REMOTE_WHY,
		    "%.200s/locks/%.60s cannot be read", taking->plan->folder,
		    file);
	return fault;
}

/* True if the record is older than what was seen here before it was read. */
static bool
is_back(uint64_t serial, uint64_t seen)
{
	return seen_serial_judge(serial, seen) != FAULT_NONE;
}

static bool
has_other_uid(const struct taking *taking, const struct record *record)
{
	const struct passwd *pw = getpwnam(record->user);

	return pw != NULL &&
	    !record_has_uid(record, taking->plan->bastion, pw->pw_uid);
}

/* A text of no bytes says that there is no record any more. */
static void
judge_text(struct taking *taking, const char *file, const struct remote_text *t)
{
	scoped_record struct record record = {.version = 0};
	struct json_error error;

	if (t->len == 0)
		return;
	if (record_parse(t->text, t->len, &record, &error) != FAULT_NONE)
		add_name(&taking->census->damaged, file);
	else if (has_other_uid(taking, &record))
		add_name(&taking->census->other, record.user);
}

static enum fault
judge_record(struct taking *taking, const char *file, const char *mark,
    const uint8_t *sealed, size_t len)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	struct remote_name name = remote_user(file);
	uint64_t seen = 0;
	enum fault fault = FAULT_NONE;

	if (remote_unseal(taking->remote, &name, mark, sealed, len, &text) !=
	    FAULT_NONE) {
		add_name(&taking->census->damaged, file);
		return FAULT_NONE;
	}
	judge_text(taking, file, &text);
	if (taking->locks < 0)
		return FAULT_NONE;
	fault = read_mark(taking, file, &seen);
	if (fault == FAULT_NONE && is_back(text.serial, seen))
		fault = keep_name(&taking->doubts, file);
	return fault;
}

static bool
take_row(void *ctx, const char *key, const char *mark, const uint8_t *sealed,
    size_t len)
{
	struct taking *taking = ctx;
	const char *file = key + strlen(FLEET_USERS);
	const struct census_plan *plan = taking->plan;

	taking->fault = judge_record(taking, file, mark, sealed, len);
	if (taking->fault == FAULT_NONE && taking->locks >= 0)
		taking->fault = keep_name(&taking->there, file);
	taking->census->seen++;
	if (plan->step != NULL)
		plan->step(plan->ctx);
	return taking->fault == FAULT_NONE &&
	    (plan->most == 0 || taking->census->seen < plan->most);
}

/* Adds a record to the doubts that was seen here, and is not there. */
static enum fault
doubt_absent(struct taking *taking, const char *file)
{
	uint64_t seen = 0;
	enum fault fault;

	if (store_names_has(&taking->there, file))
		return FAULT_NONE;
	fault = read_mark(taking, file, &seen);
	return fault == FAULT_NONE && is_back(0, seen)
	    ? keep_name(&taking->doubts, file)
	    : fault;
}

static enum fault
find_absent(struct taking *taking)
{
	int fd = openat(taking->locks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *folder = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	enum fault fault = FAULT_NONE;

	if (folder == NULL) {
		snprintf(taking->remote->why, REMOTE_WHY, "%.200s/locks: %s",
		    taking->plan->folder, strerror(errno));
		if (fd >= 0)
			close(fd);
		return FAULT_IO;
	}
	while (fault == FAULT_NONE && (entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			fault = doubt_absent(taking, entry->d_name);
	closedir(folder);
	return fault;
}

/* The list was of one moment, and a login may have come since: the mark is read
 * again, and the record after it. */
static enum fault
settle(struct taking *taking, const char *file)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	struct remote_name name = remote_user(file);
	struct census *census = taking->census;
	uint64_t seen = 0;
	enum fault fault = read_mark(taking, file, &seen);

	if (fault == FAULT_NONE)
		fault = remote_get(taking->remote, &name, &text);
	if (fault == FAULT_ABSENT && is_back(0, seen))
		add_name(&census->gone, file);
	else if (fault == FAULT_NONE && is_back(text.serial, seen))
		add_name(&census->older, file);
	return fault == FAULT_AWAY || fault == FAULT_IO || fault == FAULT_MEMORY
	    ? fault
	    : FAULT_NONE;
}

static enum fault
open_locks(struct taking *taking)
{
	char path[PATH_MAX];

	if (taking->plan->folder == NULL)
		return FAULT_NONE;
	snprintf(path, sizeof(path), "%s/locks", taking->plan->folder);
	taking->locks = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (taking->locks >= 0)
		return FAULT_NONE;
	snprintf(taking->remote->why, REMOTE_WHY, "%.200s: %s", path,
	    strerror(errno));
	return FAULT_IO;
}

static enum fault
take_all(struct taking *taking)
{
	enum fault fault = open_locks(taking);

	if (fault == FAULT_NONE)
		fault = remote_scan(
		    taking->remote, FLEET_USERS, false, take_row, taking);
	if (fault == FAULT_LIMIT)
		return taking->fault; /* enough, or why not */
	if (fault == FAULT_NONE && taking->locks >= 0)
		fault = find_absent(taking);
	for (size_t i = 0;
	     fault == FAULT_NONE && i < taking->doubts.names.count; i++)
		fault = settle(taking, taking->doubts.names.items[i].text);
	return fault;
}

enum fault
census_take(
    struct remote *remote, const struct census_plan *plan, struct census *ret)
{
	struct census census = {.seen = 0};
	struct taking taking = {
	    .remote = remote, .plan = plan, .census = &census, .locks = -1};
	enum fault fault = take_all(&taking);

	if (fault == FAULT_MEMORY)
		snprintf(remote->why, sizeof(remote->why), "out of memory");
	if (fault == FAULT_NONE)
		*ret = census;
	if (taking.locks >= 0)
		close(taking.locks);
	store_names_done(&taking.there);
	store_names_done(&taking.doubts);
	return fault;
}
