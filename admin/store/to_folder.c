/*
 * From the fleet back into the folder, of the last bastion: two stores with one
 * user would let one code pass twice.  A kill at any moment leaves the folder
 * closed and loses nothing.
 *
 *	1. no other bastion runs, and the fleet shows all that was seen
 *	2. the folder is closed; each record is written, or was before
 *	3. each is read back and compared
 *	4. the fleet's are removed: what is here is the only one from now on
 *	5. the policy; store.json goes
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

#include "admin/store/leave.h"
#include "admin/store/members.h"
#include "admin/store/move.h"
#include "store/base/cleanup.h"

/* *ret_user: whose record the fleet's text is. */
static bool
user_of(const char *file, const struct remote_text *text,
    char ret_user[static USER_TEXT])
{
	scoped_record struct record record = {.version = 0};
	struct json_error error;

	if (record_parse(text->text, text->len, &record, &error) ==
	    FAULT_NONE) {
		memcpy(ret_user, record.user, USER_TEXT);
		return true;
	}
	admin_say("%s in the fleet is no record: %s", file, error.text);
	return false;
}

static int
store_here(struct move *move, struct store_key *key,
    const struct store_text *here, const struct remote_text *there)
{
	const struct store_text text = {there->text, there->len};
	struct store_text none = {.bytes = NULL};

	if (here->bytes != NULL)
		return move_is_same(here, there) ? MOVE_SAME : MOVE_CONFLICT;
	if (folder_backend.put(&move->store, key, &text, &none) == FAULT_NONE)
		return MOVE_MOVED;
	admin_say("%s: %s", key->user, move->store.why);
	return MOVE_FAILED;
}

/* One of the fleet's, into the folder.  look: only says how it would end. */
static int
bring(struct move *move, struct remote *remote, size_t i, bool look_at_move)
{
	const struct store_name *name = &move->there.names.items[i];
	scoped_remote_text struct remote_text there = {.text = NULL};
	scoped_store_text struct store_text here = {.bytes = NULL};
	scoped_key struct store_key key = {.lock = -1};
	char user[USER_TEXT];
	enum fault fault;

	snprintf(key.file, sizeof(key.file), "%s", name->text);
	key.user = name->text;
	if (!move_get(move, remote, &key, &there))
		return MOVE_FAILED;
	if (there.len == 0)
		return MOVE_SAME; /* removed, now or earlier */
	if (!user_of(name->text, &there, user))
		return MOVE_FAILED;
	fault = move_read(move, user, &key, &here);
	if (fault != FAULT_NONE && fault != FAULT_ABSENT)
		return MOVE_FAILED;
	if (look_at_move)
		return here.bytes == NULL         ? MOVE_ALONE
		    : move_is_same(&here, &there) ? MOVE_SAME
						  : MOVE_CONFLICT;
	return store_here(move, &key, &here, &there);
}

static int
look_one(void *ctx, struct remote *remote, size_t i)
{
	return bring(ctx, remote, i, true);
}

static int
bring_one(void *ctx, struct remote *remote, size_t i)
{
	return bring(ctx, remote, i, false);
}

static void
told_look(void *ctx, size_t i, int code)
{
	struct move *move = ctx;

	move->counts[code]++;
	if (code == MOVE_CONFLICT)
		move_note_conflict(move, move->there.names.items[i].text);
}

/* An empty text: there is no record, and there was one.  A key that is gone
 * would look like one that somebody took away. */
static int
remove_there(struct remote *remote, const struct store_key *key,
    const struct remote_text *there)
{
	struct remote_name name = remote_user(key->file);
	enum fault fault = remote_put(remote, &name, there, "", 0);

	if (fault == FAULT_NONE)
		return MOVE_MOVED;
	admin_say("%s: %s", key->user, remote->why);
	return MOVE_FAILED;
}

/* Only what is here, with the same bytes. */
static int
drop_copy(struct move *move, struct remote *remote, const char *user)
{
	scoped_remote_text struct remote_text there = {.text = NULL};
	scoped_store_text struct store_text here = {.bytes = NULL};
	scoped_key struct store_key key = {.lock = -1};
	enum fault fault = move_read(move, user, &key, &here);

	if (fault != FAULT_NONE || !move_get(move, remote, &key, &there))
		return MOVE_FAILED;
	if (there.len == 0)
		return MOVE_SAME;
	return move_is_same(&here, &there) ? remove_there(remote, &key, &there)
					   : MOVE_CONFLICT;
}

static int
drop_one(void *ctx, struct remote *remote, size_t i)
{
	struct move *move = ctx;

	return drop_copy(move, remote, move->here.names.items[i].text);
}

/* Two bastions that serve the same people from two stores would each take a
 * code. */
static int
check_alone(struct site *site)
{
	scoped_members struct members members = {.list = {NULL, 0}};
	char host[BASTION_HOST];
	int status = site_members(site, &members);

	if (status != ADMIN_DONE)
		return status;
	if (!bastion_host(host)) {
		admin_say("this machine has no name");
		return ADMIN_NOT;
	}
	list_each(const struct fleet_member, member, members.list) {
		if (strcmp(member->host, host) == 0)
			continue;
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

static int
carry_back(struct move *move)
{
	struct site *site = move->site;
	size_t count = move->there.names.count;
	char done[100];

	memset(move->counts, 0, sizeof(move->counts));
	if (!closed_begin(&move->store, "store migrate --to folder"))
		return ADMIN_NOT;
	if (!crew_run(
		site, "moving records", count, bring_one, move_count, move) ||
	    move->counts[MOVE_CONFLICT] > 0)
		return stopped_there();
	store_names_done(&move->here);
	if (move_relist(move) != ADMIN_DONE)
		return stopped_there();
	snprintf(done, sizeof(done), "%zu moved, %zu here before",
	    move->counts[MOVE_MOVED],
	    move->here.names.count - move->counts[MOVE_MOVED]);
	memset(move->counts, 0, sizeof(move->counts));
	if (!crew_run(site, "removing the fleet's", move->here.names.count,
		drop_one, move_count, move) ||
	    move->counts[MOVE_CONFLICT] > 0)
		return stopped_there();
	site_become_root(site);
	if (leave_keep_policy(site) != ADMIN_DONE ||
	    leave_drop_host(site) != ADMIN_DONE ||
	    leave_drop_config(site) != ADMIN_DONE || !site_become_owner(site))
		return stopped_there();
	admin_done(site->admin, site->folder, done);
	return ADMIN_DONE;
}

/* A migration into the fleet that did not end. */
static int
leave_open(struct move *move)
{
	if (!closed_is(&move->store)) {
		admin_say("the records are in %s already", move->site->folder);
		return ADMIN_NOT;
	}
	if (!admin_confirm(move->site->admin,
		"A migration into the fleet did not end. What it wrote there "
		"is removed, and the records here stay. Go on?"))
		return ADMIN_NOT;
	if (!crew_run(move->site, "removing the fleet's",
		move->here.names.count, drop_one, move_count, move))
		return stopped_there();
	return closed_end(&move->store) ? ADMIN_DONE : ADMIN_NOT;
}

static int
look_at_move(struct move *move)
{
	int status = move_list_fleet(move);
	char plan[200];

	if (status != ADMIN_DONE)
		return status;
	if (!crew_run(move->site, "comparing records", move->there.names.count,
		look_one, told_look, move))
		return ADMIN_NOT;
	snprintf(plan, sizeof(plan),
	    "%zu records in the fleet, %zu of them here already, %zu differ",
	    move->there.names.count, move->counts[MOVE_SAME], move->conflicts);
	if (move->site->admin->dry_run)
		admin_done(move->site->admin, move->site->charter.name, plan);
	return move->conflicts == 0 ? ADMIN_DONE : move_judge_conflicts(move);
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
