/*
 * A folder that a keeper can serve alone, made from the fleet.  It is closed
 * until it is whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/store/commands.h"
#include "admin/store/leave.h"
#include "admin/store/move.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"

struct exporting {
	struct move move;
	struct store store; /* the new folder */
	const char *path;
};

/* A folder of one's own, which nobody else has filled. */
static int
open_new(struct exporting *e)
{
	if (mkdir(e->path, 0700) < 0) {
		admin_say("%s: %s", e->path,
		    errno == EEXIST ? "is there already: name a new folder"
				    : strerror(errno));
		return ADMIN_NOT;
	}
	if (store_open(e->path, true, &e->store) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("%s: %s", e->path, e->store.why);
	return ADMIN_NOT;
}

static int
export_one(void *ctx, struct remote *remote, size_t i)
{
	struct exporting *e = ctx;
	scoped_remote_text struct remote_text there = {.text = NULL};
	struct store_key key = {.lock = -1};
	struct store_text none = {.bytes = NULL};
	int64_t last_s;

	snprintf(key.file, sizeof(key.file), "%s",
	    e->move.there.names.items[i].text);
	key.user = key.file;
	if (!move_get(&e->move, remote, &key, &there))
		return MOVE_FAILED;
	if (there.len == 0)
		return MOVE_SAME;
	if (!move_last_login(&e->move, NULL,
		&(struct store_text){there.text, there.len}, &last_s))
		return MOVE_FAILED;
	if (folder_backend.put(&e->store, &key,
		&(struct store_text){there.text, there.len},
		&none) == FAULT_NONE)
		return MOVE_MOVED;
	admin_say("%s: %s", e->path, e->store.why);
	return MOVE_FAILED;
}

static int
export_policy(struct site *site, const struct store *store)
{
	scoped_free char *text = NULL;
	size_t len = 0;
	int status = leave_read_policy(site, &text, &len);

	if (status != ADMIN_DONE)
		return status;
	if (file_replace(store->dir, "policy.json", ".policy.json.new", 0644,
		(uid_t)-1, (gid_t)-1, text, len) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("policy.json: %s", strerror(errno));
	return ADMIN_NOT;
}

/* The keeper only takes what is its own. */
static bool
give_away(const struct exporting *e)
{
	const struct site *site = e->move.site;
	bool ok = true;
	char file[STORE_FILE_TEXT + 8];

	list_each(const struct store_name, name, e->move.there.names) {
		snprintf(file, sizeof(file), "%s.json", name->text);
		ok = ok &&
		    (fchownat(e->store.users, file, site->owner, site->group,
			 AT_SYMLINK_NOFOLLOW) == 0 ||
			errno == ENOENT);
	}
	if (ok && fchown(e->store.users, site->owner, site->group) == 0 &&
	    fchown(e->store.locks, site->owner, site->group) == 0 &&
	    fchown(e->store.dir, site->owner, site->group) == 0)
		return true;
	admin_say("%s: %s", e->path, strerror(errno));
	return false;
}

static int
fill(struct exporting *e)
{
	struct site *site = e->move.site;
	char done[80];
	int status;

	if (!closed_begin(&e->store, "store export"))
		return ADMIN_NOT;
	status = export_policy(site, &e->store);
	if (status != ADMIN_DONE)
		return status;
	if (!crew_run(site, "exporting records", e->move.there.names.count,
		export_one, move_count, e) ||
	    !closed_end(&e->store) || !give_away(e)) {
		admin_say("%s is not whole: remove it, and try again", e->path);
		return ADMIN_NOT;
	}
	snprintf(done, sizeof(done), "%zu records, and policy.json",
	    e->move.counts[MOVE_MOVED]);
	admin_done(site->admin, e->path, done);
	admin_say("all secrets in it can be read; the records of \"local\" "
		  "users are not there");
	return ADMIN_DONE;
}

int
store_export(struct admin *admin, const char *folder)
{
	scoped_site struct site site;
	struct exporting e = {.path = folder, .store = {.dir = -1}};
	int status = site_begin(admin, SITE_FLEET, &site);

	if (status != ADMIN_DONE)
		return status;
	status = move_begin(&site, &e.move);
	if (status == ADMIN_DONE)
		status = move_list_fleet(&e.move);
	site_become_root(&site);
	if (status == ADMIN_DONE)
		status = open_new(&e);
	if (status == ADMIN_DONE)
		status = fill(&e);
	if (e.store.dir >= 0)
		store_close(&e.store);
	move_done(&e.move);
	return status;
}
