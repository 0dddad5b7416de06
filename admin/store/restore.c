/*
 * An administrator put a backup of etcd back, and says so: what is older than
 * what was seen is believed from now on, in a new epoch, and whatever may have
 * been used since the backup is closed (store/core/restored.h), at once: until
 * then a record that is moved, or sealed anew, would come into the new epoch with
 * all codes good again.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/log/history.h"
#include "admin/store/commands.h"
#include "admin/store/join.h"
#include "admin/store/older.h"
#include "admin/store/restored_policy.h"
#include "store/base/cleanup.h"
#include "store/base/when.h"
#include "store/fleet/seen.h"

/* Takes the epoch of what was seen, if it is higher. */
static void
take_epoch(int folder, const char *name, uint64_t *epoch)
{
	scoped_fd int lock = openat(
	    folder, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	uint64_t serial = 0;

	if (lock >= 0 && seen_serial_read(lock, &serial) == FAULT_NONE &&
	    SEAL_EPOCH(serial) > *epoch)
		*epoch = SEAL_EPOCH(serial);
}

/* The highest epoch of which this bastion has seen anything: a backup may be
 * older than the last one that was accepted. */
static bool
seen_epoch(struct store *store, uint64_t *ret)
{
	int fd = openat(store->locks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;
	uint64_t epoch = 0;

	if (dir == NULL) {
		cleanup_fd(&fd);
		admin_say("locks: %s", strerror(errno));
		return false;
	}
	while ((entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.')
			take_epoch(store->locks, entry->d_name, &epoch);
	take_epoch(store->dir, "fleet/charter.lock", &epoch);
	closedir(dir);
	*ret = epoch;
	return true;
}

static int
raise_epoch(struct site *site, uint64_t seen)
{
	struct remote_name name = remote_name_of(SEAL_FLEET);
	scoped_free char *text = NULL;
	int64_t epoch = site->charter.epoch;
	enum fault fault;

	if ((int64_t)seen > epoch)
		epoch = (int64_t)seen;
	if (epoch >= CHARTER_EPOCH) {
		admin_say("there is no epoch after %" PRId64, epoch);
		return ADMIN_NOT;
	}
	site->charter.epoch = epoch + 1;
	site->remote.epoch = (uint64_t)epoch + 1;
	if (charter_format(&site->charter, &text) != FAULT_NONE) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	fault = remote_put(
	    &site->remote, &name, &site->charter_text, text, strlen(text));
	return fault == FAULT_NONE
	    ? ADMIN_DONE
	    : site_say(site, fault, "the fleet's charter");
}

/* The revision of an answer: a member that does not answer may have said another
 * one before the restore. */
static int
accept_revision(struct site *site, struct store *store)
{
	uint64_t revision = 0;
	enum fault fault = remote_revision(&site->remote, &revision);

	if (fault != FAULT_NONE)
		return site_say(site, fault, "the fleet's revision");
	if (seen_revision_accept(store->dir, revision) != FAULT_NONE) {
		admin_say(
		    "%s/fleet/revision: %s", site->folder, strerror(errno));
		return ADMIN_NOT;
	}
	return ADMIN_DONE;
}

struct revokes {
	struct site *site;
	size_t count;
};

/* True if the user's record has a device that was taken away: the backup is from
 * before that. */
static bool
is_lost(struct site *site, const struct audit *entry)
{
	scoped_remote_text struct remote_text text = {.text = NULL};
	scoped_record struct record record = {.version = 0};
	char file[STORE_FILE_TEXT];
	struct remote_name name;
	struct json_error error;

	if (store_encode(entry->user, file) != FAULT_NONE)
		return false;
	name = remote_user(file);
	if (remote_get(&site->remote, &name, &text) != FAULT_NONE ||
	    text.len == 0 ||
	    record_parse(text.text, text.len, &record, &error) != FAULT_NONE)
		return false;
	list_each(const struct device, device, record.devices)
		if (device->added_s <= entry->time_s &&
		    (entry->device[0] == '\0' ||
			strcmp(device->id, entry->device) == 0))
			return true;
	return false;
}

static bool
see_revoke(void *ctx, const struct audit *entry, const char *line)
{
	struct revokes *revokes = ctx;
	char when[WHEN_SAID];

	(void)line;
	if ((strcmp(entry->event, "revoke") != 0 &&
		strcmp(entry->event, "device_remove") != 0) ||
	    strcmp(entry->verdict, "deny") == 0 ||
	    !is_lost(revokes->site, entry))
		return true;
	revokes->count++;
	when_say(entry->time_s, when);
	if (entry->device[0] == '\0')
		admin_say("%s was revoked (%s), and the backup is from before: "
			  "tfa-admin revoke %s",
		    entry->user, when, entry->user);
	else
		admin_say("the device %s of %s was taken away (%s), and the "
			  "backup is from before: tfa-admin revoke %s --device "
			  "%s",
		    entry->device, entry->user, when, entry->user,
		    entry->device);
	return true;
}

static int
name_revoked(struct site *site)
{
	const struct history_ask ask = {.since_s = 0};
	struct history_end end = {.lines = 0};
	struct revokes revokes = {.site = site};
	int status = history_read(
	    site->admin, &ask, see_revoke, &revokes, &end);

	history_say_faults(&end);
	history_end_done(&end);
	if (status != ADMIN_DONE)
		admin_say("whom this bastion revoked since the backup is not "
			  "known: look at its log, and revoke them again");
	admin_say("who was revoked at another bastion stands in the log there: "
		  "tfa-admin log --event revoke");
	return status;
}

static int
ask_to_accept(const struct site *site)
{
	char question[600];

	snprintf(question, sizeof(question),
	    site->admin->here
		? "Was a backup of etcd restored, and has another bastion "
		  "accepted it? Fleet %s, epoch %" PRId64 "."
		: "Did you restore a backup of etcd? If not, somebody shows an "
		  "old state: say no. Devices stay; one-time codes of everybody "
		  "become void, and revokes since the backup are lost. Fleet "
		  "%s, epoch %" PRId64 ".",
	    site->charter.name, site->charter.epoch);
	if (admin_confirm(site->admin, question))
		return ADMIN_DONE;
	admin_say("nothing is changed");
	return ADMIN_NOT;
}

static int
close_all(struct site *site, struct store *store)
{
	size_t closed = 0;
	int status = older_close(site, &closed);
	char done[80];

	snprintf(done, sizeof(done), "%zu records closed", closed);
	admin_done(site->admin, site->charter.name, done);
	if (status != ADMIN_DONE)
		admin_say("not all records are closed: \"tfa-admin store "
			  "accept-restore --here\" closes the others");
	if (older_forget(site, store) != ADMIN_DONE)
		status = ADMIN_NOT;
	return status;
}

static int
accept(struct site *site, struct store *store)
{
	scoped_restored_policy struct restored_policy policy;
	uint64_t seen = 0;
	int status = restored_policy_ask(site, store, &policy);

	if (status == ADMIN_DONE && !site->admin->here)
		status = seen_epoch(store, &seen) ? raise_epoch(site, seen)
						  : ADMIN_NOT;
	if (status == ADMIN_DONE)
		status = close_all(site, store);
	if (status == ADMIN_DONE)
		status = accept_revision(site, store);
	return status == ADMIN_DONE ? restored_policy_put(&policy, store)
				    : status;
}

int
store_accept_restore(struct admin *admin)
{
	scoped_site struct site site;
	struct store store;
	char done[80];
	int status = site_begin(admin, SITE_FLEET, &site);

	if (status == ADMIN_DONE)
		status = ask_to_accept(&site);
	if (status != ADMIN_DONE)
		return status;
	if (!site_open_folder(&site, true, &store))
		return ADMIN_NOT;
	status = accept(&site, &store);
	store_close(&store);
	site_become_root(&site);
	if (status != ADMIN_DONE)
		return status;
	snprintf(
	    done, sizeof(done), "accepted, epoch %" PRId64, site.charter.epoch);
	admin_done(admin, site.charter.name, done);
	if (!admin->here)
		admin_say("at each further bastion: tfa-admin store "
			  "accept-restore --here");
	return name_revoked(&site);
}
