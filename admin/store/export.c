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

#include "admin/home.h"
#include "admin/store/arrive.h"
#include "admin/store/batch.h"
#include "admin/store/commands.h"
#include "admin/store/leave.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"

struct exporting {
	struct move move;   /* the first: what a job gets */
	struct store store; /* the new folder */
	const char *path;
};

/* A folder of one's own, which nobody else has filled.  The keeper only takes what
 * is its own. */
static int
open_new(struct exporting *e)
{
	const struct site *site = e->move.site;

	if (mkdir(e->path, 0700) < 0) {
		admin_say("%s: %s", e->path,
		    errno == EEXIST ? "is there already: name a new folder"
				    : strerror(errno));
		return ADMIN_NOT;
	}
	if (store_open(e->path, true, &e->store) != FAULT_NONE) {
		admin_say("%s: %s", e->path, e->store.why);
		return ADMIN_NOT;
	}
	if (fchown(e->store.users, site->owner, site->group) == 0 &&
	    fchown(e->store.locks, site->owner, site->group) == 0 &&
	    fchown(e->store.dir, site->owner, site->group) == 0)
		return ADMIN_DONE;
	admin_say("%s: %s", e->path, strerror(errno));
	return ADMIN_NOT;
}

static enum move_code
export_row(struct exporting *e, const struct batch_row *row)
{
	const struct store_text text = {row->there.text, row->there.len};
	int64_t last_s;

	if (text.len == 0)
		return MOVE_SAME;
	if (!move_last_login(&e->move, row->key.file, &text, &last_s))
		return MOVE_FAILED;
	if (arrive_put(&e->store, row->key.file, text.bytes, text.len))
		return MOVE_MOVED;
	admin_say("%s: %s", e->path, strerror(errno));
	return MOVE_FAILED;
}

static void
export_batch(void *ctx, struct remote *remote, size_t first, size_t count,
    int ret_codes[static CREW_BATCH])
{
	struct exporting *e = ctx; /* whose first member is the move */
	scoped_batch struct batch batch;

	if (!batch_read(&e->move, remote, first, count, &batch) ||
	    !batch_fetch(&batch) || !batch_is_as_seen(&batch))
		return;
	for (size_t i = 0; i < count; i++)
		ret_codes[i] = (int)export_row(e, &batch.rows[i]);
}

static int
export_policy(struct site *site, const struct store *store)
{
	scoped_free char *text = NULL;
	size_t len = 0;
	int status = leave_read_policy(site, &text, &len);

	if (status != ADMIN_DONE)
		return status;
	if (text == NULL) {
		admin_say(HOME_NO_POLICY);
		return ADMIN_NOT;
	}
	if (file_replace(store->dir, "policy.json", ".policy.json.new", 0644,
		(uid_t)-1, (gid_t)-1, text, len) == FAULT_NONE)
		return ADMIN_DONE;
	admin_say("policy.json: %s", strerror(errno));
	return ADMIN_NOT;
}

static bool
put_in_places(struct exporting *e)
{
	if (arrive_all(&e->store, &e->move.there))
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
	if (!move_each(
		&e->move, "exporting records", &e->move.there, export_batch) ||
	    !put_in_places(e) || !closed_end(&e->store)) {
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
	if (status == ADMIN_DONE)
		status = move_has_all_seen(&e.move);
	site_become_root(&site);
	if (status == ADMIN_DONE)
		status = open_new(&e);
	if (status == ADMIN_DONE && !site_become_owner(&site))
		status = ADMIN_NOT;
	if (status == ADMIN_DONE)
		status = fill(&e);
	if (e.store.dir >= 0)
		store_close(&e.store);
	move_done(&e.move);
	return status;
}
