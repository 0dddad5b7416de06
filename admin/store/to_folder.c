/*
 * From the fleet back into the folder, of the last bastion: two stores with one
 * user would let one code pass twice.  A kill at any moment leaves the folder
 * closed and loses nothing.
 *
 *	1. no other bastion runs, and the fleet shows all that was seen
 *	2. the folder is closed; each record is written, or was before
 *	3. each is read back and compared
 *	4. the fleet's are removed: what is here is the only one from now on
 *	5. the policy becomes this bastion's, and is removed; store.json goes
 *	6. "in-fleet" goes, the keeper starts anew, and the folder is opened
 *
 * Where "in-fleet" is not there a migration into the fleet did not end: then what
 * it wrote there is removed, and the folder opened.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/store/arrive.h"
#include "admin/store/batch.h"
#include "admin/store/leave.h"
#include "admin/store/members.h"
#include "store/base/cleanup.h"

/* How a record of the fleet stands beside the one here.  One of a user who is
 * local at this bastion is of no use to it. */
static enum move_code
compare_row(const struct move *move, const struct batch_row *row)
{
	if (row->there.len == 0 || site_is_local(move->site, row->user))
		return MOVE_SAME; /* removed, now or earlier */
	if (row->here.bytes == NULL)
		return MOVE_ALONE;
	return move_is_same(&row->here, &row->there) ? MOVE_SAME
						     : MOVE_CONFLICT;
}

/* Lets --prefer decide between two that differ. */
static enum move_code
settle_row(struct move *move, const struct batch_row *row)
{
	enum move_code code = compare_row(move, row);
	bool later;

	if (code != MOVE_CONFLICT || !move->prefer)
		return code;
	if (!move_is_later_here(
		move, row->key.file, &row->here, &row->there, &later))
		return MOVE_FAILED;
	return later ? MOVE_KEPT : MOVE_CONFLICT;
}

/* Nothing is brought that is no record, or shows less than was seen. */
static bool
are_good(const struct batch *batch)
{
	int64_t last_s;

	if (!batch_is_as_seen(batch))
		return false;
	for (size_t i = 0; i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		const struct store_text there = {
		    row->there.text, row->there.len};

		if (there.len > 0 &&
		    !move_last_login(
			batch->move, row->key.file, &there, &last_s))
			return false;
	}
	return true;
}

static void
look_batch(void *ctx, struct remote *remote, size_t first, size_t count,
    int ret_codes[static CREW_BATCH])
{
	scoped_batch struct batch batch;

	if (!batch_read(ctx, remote, first, count, &batch) ||
	    !batch_fetch(&batch) || !are_good(&batch))
		return;
	for (size_t i = 0; i < count; i++)
		ret_codes[i] = (int)compare_row(ctx, &batch.rows[i]);
}

static enum move_code
bring_one(struct move *move, const struct batch_row *row)
{
	enum move_code code = settle_row(move, row);

	if (code != MOVE_ALONE && (code != MOVE_CONFLICT || !move->prefer))
		return code;
	if (arrive_put(
		&move->store, row->key.file, row->there.text, row->there.len))
		return MOVE_MOVED;
	admin_say("users/%s.json: %s", row->key.file, strerror(errno));
	return MOVE_FAILED;
}

/* One that is missing now was there when the fleet was listed. */
static void
bring_batch(void *ctx, struct remote *remote, size_t first, size_t count,
    int ret_codes[static CREW_BATCH])
{
	scoped_batch struct batch batch;

	if (!batch_read(ctx, remote, first, count, &batch) ||
	    !batch_fetch(&batch) || !are_good(&batch))
		return;
	for (size_t i = 0; i < count; i++)
		if (batch.rows[i].there.text != NULL)
			ret_codes[i] = (int)bring_one(ctx, &batch.rows[i]);
		else
			admin_say("%s: is not in the fleet any more",
			    batch.rows[i].user);
}

/* Puts an empty text in place of each that is the same here, or was used before
 * the one here: there is no record, and there was one.  A key that is gone would look like one that somebody took
 * away. */
static enum fault
empty_all(struct batch *batch, const int *codes)
{
	struct talk_batch puts;
	enum fault fault = FAULT_NONE;

	talk_batch_begin(&puts);
	for (size_t i = 0; fault == FAULT_NONE && i < batch->count; i++) {
		const struct batch_row *row = &batch->rows[i];
		struct remote_name name = remote_user(row->key.file);

		if ((codes[i] == MOVE_SAME || codes[i] == MOVE_KEPT) &&
		    row->there.len > 0)
			fault = remote_batch_add(
			    batch->remote, &puts, &name, &row->there, "", 0);
	}
	if (fault == FAULT_NONE && puts.count > 0)
		return remote_put_all(batch->remote, &puts);
	talk_batch_done(&puts);
	return fault;
}

/* Where the answer to a put was lost, the second try finds what it did. */
static bool
fetch_and_empty(struct batch *batch, int *ret_codes)
{
	enum fault fault = FAULT_STALE;

	for (int tries = 0; fault != FAULT_NONE && tries < 2; tries++) {
		if (!batch_fetch(batch))
			return false;
		for (size_t i = 0; i < batch->count; i++)
			ret_codes[i] = (int)settle_row(
			    batch->move, &batch->rows[i]);
		fault = empty_all(batch, ret_codes);
	}
	if (fault == FAULT_NONE)
		return true;
	admin_say("%s to %s: %s", batch->rows[0].user,
	    batch->rows[batch->count - 1].user, batch->remote->why);
	return false;
}

/* Removes only what is here, with the same bytes or a later login. */
static void
drop_batch(void *ctx, struct remote *remote, size_t first, size_t count,
    int ret_codes[static CREW_BATCH])
{
	scoped_batch struct batch batch;
	int codes[CREW_BATCH];

	if (!batch_read(ctx, remote, first, count, &batch) ||
	    !fetch_and_empty(&batch, codes))
		return;
	for (size_t i = 0; i < count; i++)
		if (codes[i] != MOVE_ALONE)
			ret_codes[i] = codes[i];
		else
			admin_say("%s: users/%s.json is gone",
			    batch.rows[i].user, batch.rows[i].key.file);
}

/* Two bastions that serve the same people from two stores would each take a
 * code. */
static int
check_alone(struct site *site)
{
	scoped_members struct members others = {.list = {NULL, 0}};
	int status = site_others(site, &others);

	list_each(const struct fleet_member, member, others.list) {
		admin_say("the bastion %s is in the fleet%s: first \"tfa-admin "
			  "store leave\" there, or here \"store remove %s\" if "
			  "it is lost. store export makes a copy meanwhile",
		    member->host,
		    members_is_live(member, time(NULL)) ? " and runs" : "",
		    member->host);
		status = ADMIN_NOT;
	}
	return status;
}

static int
stopped_there(void)
{
	admin_say("not all is done: nobody can log in here until \"tfa-admin "
		  "store migrate --to folder\" ends well");
	return ADMIN_NOT;
}

/* Writes all that the fleet has, and is not here. */
static bool
bring_all(struct move *move)
{
	if (!move_each(move, "moving records", &move->there, bring_batch) ||
	    move_judge_conflicts(move) != ADMIN_DONE)
		return false;
	if (arrive_all(&move->store, &move->there))
		return true;
	admin_say("%s: %s", move->site->folder, strerror(errno));
	return false;
}

static bool
drop_all(struct move *move)
{
	return move_each(move, "removing the fleet's", &move->here, drop_batch);
}

static int
carry_back(struct move *move)
{
	struct site *site = move->site;
	size_t moved;
	char done[100];

	if (!closed_begin(&move->store, "store migrate --to folder") ||
	    !bring_all(move))
		return stopped_there();
	moved = move->counts[MOVE_MOVED];
	store_names_done(&move->here);
	if (move_relist(move) != ADMIN_DONE)
		return stopped_there();
	snprintf(done, sizeof(done), "%zu moved, %zu here before", moved,
	    move->here.names.count - moved);
	if (!drop_all(move) || move_judge_conflicts(move) != ADMIN_DONE)
		return stopped_there();
	site_become_root(site);
	if (leave_keep_policy(site) != ADMIN_DONE ||
	    leave_drop_host(site) != ADMIN_DONE ||
	    leave_drop_policy(site) != ADMIN_DONE ||
	    leave_drop_config(site) != ADMIN_DONE || !site_become_owner(site))
		return stopped_there();
	admin_done(site->admin, site->folder, done);
	return ADMIN_DONE;
}

/* A record of the same bytes may be another bastion's own, which brought it into
 * the fleet and has it there alone. */
static int
check_ours(struct site *site)
{
	scoped_members struct members others = {.list = {NULL, 0}};
	int status = site_others(site, &others);

	if (status != ADMIN_DONE || others.list.count == 0)
		return status;
	admin_say("the bastion %s is in the fleet: what was moved there stays, "
		  "since it may be that bastion's own. \"tfa-admin store "
		  "migrate --to fleet\" goes on with the move",
	    others.list.items[0].host);
	return ADMIN_NOT;
}

/* A migration into the fleet that did not end. */
static int
leave_open(struct move *move)
{
	int status;

	if (!closed_is(&move->store)) {
		admin_say("the records are in %s already", move->site->folder);
		return ADMIN_NOT;
	}
	status = check_ours(move->site);
	if (status != ADMIN_DONE)
		return status;
	if (!admin_confirm(move->site->admin,
		"A migration into the fleet did not end. What it wrote there "
		"is removed, and the records here stay. Go on?"))
		return ADMIN_NOT;
	move->prefer = false;
	if (!drop_all(move))
		return stopped_there();
	return closed_end(&move->store) ? ADMIN_DONE : ADMIN_NOT;
}

static int
look_at_move(struct move *move)
{
	int status = move_list_fleet(move);
	char plan[200];

	if (status == ADMIN_DONE)
		status = move_has_all_seen(move);
	if (status != ADMIN_DONE)
		return status;
	if (!move_each(move, "comparing records", &move->there, look_batch))
		return ADMIN_NOT;
	snprintf(plan, sizeof(plan),
	    "%zu records in the fleet, %zu of them here already, %zu differ",
	    move->there.names.count, move->counts[MOVE_SAME], move->conflicts);
	if (move->site->admin->dry_run)
		admin_done(move->site->admin, move->site->charter.name, plan);
	return move->prefer ? ADMIN_DONE : move_judge_conflicts(move);
}

static int
ask_to_bring(const struct move *move)
{
	char question[400];

	snprintf(question, sizeof(question),
	    "%zu records move from the fleet %s into %s, and are removed from "
	    "the fleet. Nobody can log in here meanwhile. Go on?",
	    move->there.names.count, move->site->charter.name,
	    move->site->folder);
	if (admin_confirm(move->site->admin, question))
		return ADMIN_DONE;
	admin_say("nothing is changed");
	return ADMIN_NOT;
}

/* The last step, without store.json: also of a command that was killed. */
static int
end_move(struct move *move)
{
	return closed_drop_fleet(&move->store) ? move_open_again(move)
					       : stopped_there();
}

int
move_to_folder(struct site *site)
{
	scoped_move struct move move;
	char fleet[CHARTER_ID];
	int status = move_begin(site, &move);

	if (status != ADMIN_DONE)
		return status;
	if (!closed_fleet(&move.store, fleet))
		return ADMIN_NOT;
	if (fleet[0] == '\0')
		return leave_open(&move);
	status = check_alone(site);
	if (status == ADMIN_DONE)
		status = look_at_move(&move);
	if (status != ADMIN_DONE || site->admin->dry_run)
		return status;
	status = ask_to_bring(&move);
	if (status == ADMIN_DONE)
		status = carry_back(&move);
	return status == ADMIN_DONE ? end_move(&move) : status;
}

int
move_finish(struct site *site)
{
	scoped_move struct move move;
	int status = move_begin(site, &move);

	if (status != ADMIN_DONE)
		return status;
	if (closed_is(&move.store))
		return end_move(&move);
	admin_say("this bastion is in no fleet: there is no %s, and %s is open",
	    site->config_path, site->folder);
	return ADMIN_NOT;
}
