/*
 * From the folder into the fleet.  A kill at any moment leaves the folder closed
 * and loses nothing: what was written is found again, and is the same.
 *
 *	1. records on both sides are compared: none may differ; and all bastions
 *	   can read those here
 *	2. the folder is closed; each record is written, or was before
 *	3. each is read back and compared
 *	4. "in-fleet"; the files go to users.migrated
 *	5. the keeper starts anew, and the folder is opened
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/store/batch.h"
#include "store/base/cleanup.h"
#include "store/fleet/fleet.h"
#include "store/fleet/seen.h"

#define OLD_MOST 1000 /* earlier folders that are kept beside it */

/* A record that is the fleet's already, beside the one here. */
static enum move_code
weigh_row(struct move *move, const struct batch_row *row)
{
	if (row->there.len == 0 || row->here.bytes == NULL)
		return MOVE_ALONE;
	return move_is_same(&row->here, &row->there)
	    ? MOVE_SAME
	    : move_weigh(move, row->key.file, &row->here, &row->there);
}

static void
compare_batch(void *ctx, struct remote *remote, size_t first, size_t count,
    int ret_codes[static CREW_BATCH])
{
	scoped_batch struct batch batch;

	if (!batch_read(ctx, remote, first, count, &batch) ||
	    !batch_fetch(&batch))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct batch_row *row = &batch.rows[i];

		ret_codes[i] = (int)weigh_row(ctx, row);
	}
}

static void
level_batch(void *ctx, struct remote *remote, size_t first, size_t count,
    int ret_codes[static CREW_BATCH])
{
	scoped_batch struct batch batch;

	if (!batch_read(ctx, remote, first, count, &batch))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct batch_row *row = &batch.rows[i];

		if (row->here.bytes == NULL ||
		    move_fits_level(ctx, row->key.file, &row->here))
			ret_codes[i] = MOVE_ALONE;
	}
}

/* A bastion of an older release lets nobody in whose record it cannot read. */
static bool
fit_level(struct move *move)
{
	return move->site->charter.level >= CHARTER_HOTP ||
	    move_each(move, "reading records", &move->here, level_batch);
}

static int
compare_sides(struct move *move)
{
	int status = move_list_fleet(move);

	if (status != ADMIN_DONE)
		return status;
	if (!fit_level(move) ||
	    !move_each(move, "comparing records", &move->both, compare_batch))
		return ADMIN_NOT;
	return move_judge_conflicts(move);
}

/* The fleet has a record of that user already: what happens to it. */
static enum move_code
choose(struct move *move, const struct batch_row *row)
{
	enum pick pick;
	bool loses;

	if (row->there.len == 0)
		return MOVE_MOVED;
	if (move_is_same(&row->here, &row->there))
		return MOVE_SAME;
	if (!move_pick(
		move, row->key.file, &row->here, &row->there, &pick, &loses))
		return MOVE_FAILED;
	if (pick == PICK_HERE || pick == PICK_THERE)
		return pick == PICK_HERE ? MOVE_MOVED : MOVE_KEPT;
	admin_say("%s: the fleet has another record of this user", row->user);
	return MOVE_FAILED;
}

/* Tells this bastion that the record is in the fleet: if it is gone there one
 * day, its user is no new one. */
static bool
note_seen(const struct batch_row *row, uint64_t serial)
{
	if (seen_serial_write(row->key.lock, serial) == FAULT_NONE)
		return true;
	admin_say("%s: locks/%s cannot be written: %s", row->user,
	    row->key.file, strerror(errno));
	return false;
}

/* Writes one over what the fleet has, or leaves what is there. */
static enum move_code
write_one(struct batch *batch, const struct batch_row *row)
{
	struct remote_name name = remote_user(row->key.file);
	enum move_code code = choose(batch->move, row);
	uint64_t serial = row->there.serial;

	if (code == MOVE_MOVED) {
		serial = remote_next_serial(batch->remote, serial);
		if (remote_put(batch->remote, &name, &row->there,
			row->here.bytes, row->here.len) != FAULT_NONE) {
			admin_say("%s: %s", row->user, batch->remote->why);
			return MOVE_FAILED;
		}
	}
	return code != MOVE_FAILED && note_seen(row, serial) ? code
							     : MOVE_FAILED;
}

/* Writes as many as a packet takes, from number at on, of users whom the fleet
 * does not have.  *ret_count: how many these are. */
static enum fault
write_new(struct batch *batch, size_t at, size_t *ret_count)
{
	static const struct remote_text none;
	struct talk_batch puts;
	enum fault fault = FAULT_NONE;
	size_t n = 0;

	talk_batch_begin(&puts);
	for (; fault == FAULT_NONE && at + n < batch->count; n++) {
		const struct batch_row *row = &batch->rows[at + n];
		struct remote_name name = remote_user(row->key.file);

		fault = remote_batch_add(batch->remote, &puts, &name, &none,
		    row->here.bytes, row->here.len);
	}
	if (fault == FAULT_LIMIT && n > 1) {
		n--;
		fault = FAULT_NONE;
	}
	*ret_count = n;
	if (fault == FAULT_NONE)
		return remote_put_all(batch->remote, &puts);
	talk_batch_done(&puts);
	return fault;
}

/* True if all are written, and were not there before. */
static bool
write_all_new(struct batch *batch, int *ret_codes)
{
	uint64_t serial = remote_next_serial(batch->remote, 0);
	size_t n = 0;

	for (size_t at = 0; at < batch->count; at += n) {
		if (write_new(batch, at, &n) != FAULT_NONE)
			return false;
		for (size_t i = at; i < at + n; i++)
			ret_codes[i] = note_seen(&batch->rows[i], serial)
			    ? MOVE_MOVED
			    : MOVE_FAILED;
	}
	return true;
}

static bool
are_records(struct batch *batch)
{
	for (size_t i = 0; i < batch->count; i++) {
		struct batch_row *row = &batch->rows[i];

		if (row->here.bytes == NULL) {
			admin_say("%s: users/%s.json is gone", row->user,
			    row->key.file);
			return false;
		}
		if (!move_is_record(batch->move, row->key.file, &row->here))
			return false;
	}
	return true;
}

/* Where that fails, be it that some are there already, it is done for each: then
 * it says for whom, and why. */
static void
move_batch(void *ctx, struct remote *remote, size_t first, size_t count,
    int ret_codes[static CREW_BATCH])
{
	scoped_batch struct batch batch;

	if (!batch_read(ctx, remote, first, count, &batch) ||
	    !are_records(&batch) || write_all_new(&batch, ret_codes) ||
	    !batch_fetch(&batch))
		return;
	for (size_t i = 0; i < count; i++)
		if (ret_codes[i] == MOVE_FAILED)
			ret_codes[i] = (int)write_one(&batch, &batch.rows[i]);
}

/* The fleet must have what is here; but for whom the fleet's stays. */
static void
check_batch(void *ctx, struct remote *remote, size_t first, size_t count,
    int ret_codes[static CREW_BATCH])
{
	scoped_batch struct batch batch;

	if (!batch_read(ctx, remote, first, count, &batch) ||
	    !batch_fetch(&batch) || !batch_is_as_seen(&batch))
		return;
	for (size_t i = 0; i < count; i++) {
		const struct batch_row *row = &batch.rows[i];
		enum move_code code = row->there.len > 0 ? choose(ctx, row)
							 : MOVE_FAILED;

		if (code == MOVE_SAME || code == MOVE_KEPT)
			ret_codes[i] = (int)code;
		else
			admin_say("%s: the fleet does not have what was "
				  "written there",
			    row->user);
	}
}

/* An earlier migration's files are kept under another name.  A folder takes the
 * place of an empty one alone. */
static bool
make_room(const struct move *move, bool resumed)
{
	int dir = move->store.dir;
	char name[64];

	if (!resumed)
		for (int i = 1; i < OLD_MOST; i++) {
			snprintf(name, sizeof(name), STORE_MIGRATED ".%d", i);
			if (renameat(dir, STORE_MIGRATED, dir, name) == 0 ||
			    (errno != EEXIST && errno != ENOTEMPTY &&
				errno != ENOTDIR))
				break;
		}
	if (mkdirat(dir, STORE_MIGRATED, 0700) == 0 || errno == EEXIST)
		return true;
	admin_say(STORE_MIGRATED ": %s", strerror(errno));
	return false;
}

static bool
put_away(const struct move *move)
{
	scoped_fd int old = openat(move->store.dir, STORE_MIGRATED,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char name[STORE_FILE_TEXT + 8];
	bool ok = old >= 0;

	list_each(const struct store_name, file, move->here.names) {
		snprintf(name, sizeof(name), "%s.json", file->text);
		ok = ok && renameat(move->store.users, name, old, name) == 0;
	}
	if (ok && fsync(old) == 0 && fsync(move->store.users) == 0)
		return true;
	admin_say(STORE_MIGRATED ": %s", strerror(errno));
	return false;
}

/* A join has asked for both. */
static int
ask_to_move(const struct move *move)
{
	char question[400];

	if (move->site->admin->migrate)
		return ADMIN_DONE;
	snprintf(question, sizeof(question),
	    "%zu records move from %s into the fleet %s. Nobody can log in "
	    "here meanwhile. Go on?",
	    move->here.names.count, move->site->folder,
	    move->site->charter.name);
	if (admin_confirm(move->site->admin, question))
		return ADMIN_DONE;
	admin_say("nothing is changed");
	return ADMIN_NOT;
}

static int
stopped(bool alone)
{
	admin_say("not all records were moved: nobody can log in here until "
		  "\"tfa-admin store migrate --to fleet\" ends well%s",
	    alone ? ", or \"--to folder\" takes back what was moved" : "");
	return ADMIN_NOT;
}

static int
carry_over(struct move *move, bool resumed)
{
	scoped_members struct members others = {.list = {NULL, 0}};
	int status = site_others(move->site, &others);
	bool alone = others.list.count == 0;
	char done[200];

	if (status != ADMIN_DONE)
		return status;
	if (!closed_begin(&move->store, "store migrate --to fleet") ||
	    !move_each(move, "moving records", &move->here, move_batch))
		return stopped(alone);
	snprintf(done, sizeof(done),
	    "%zu moved, %zu there before, %zu in use there",
	    move->counts[MOVE_MOVED], move->counts[MOVE_SAME],
	    move->counts[MOVE_KEPT]);
	if (!move_each(move, "comparing records", &move->here, check_batch))
		return stopped(alone);
	if (!closed_note_fleet(&move->store, move->site->charter.id,
		(uint64_t)move->site->charter.epoch) ||
	    (move->here.names.count > 0 &&
		(!make_room(move, resumed) || !put_away(move))))
		return stopped(alone);
	admin_done(move->site->admin, move->site->charter.name, done);
	return ADMIN_DONE;
}

static int
say_plan(const struct move *move)
{
	char plan[200];

	snprintf(plan, sizeof(plan),
	    "%zu records here, %zu of them in the fleet already, %zu differ",
	    move->here.names.count, move->counts[MOVE_SAME],
	    move->conflicts.count + move->taken.count + move->losses.count);
	admin_done(move->site->admin, move->site->charter.name, plan);
	return ADMIN_DONE;
}

int
move_to_fleet(struct site *site)
{
	scoped_move struct move move;
	int status = move_begin(site, &move);
	bool resumed = status == ADMIN_DONE && closed_is(&move.store);

	if (status == ADMIN_DONE)
		status = compare_sides(&move);
	if (site->admin->dry_run)
		return status == ADMIN_DONE ? say_plan(&move) : status;
	if (status == ADMIN_DONE)
		status = ask_to_move(&move);
	if (status == ADMIN_DONE)
		status = carry_over(&move, resumed);
	return status == ADMIN_DONE ? move_open_again(&move) : status;
}
