/*
 * From the folder into the fleet.  A kill at any moment leaves the folder closed
 * and loses nothing: what was written is found again, and is the same.
 *
 *	1. records on both sides are compared: none may differ
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

#include "admin/store/move.h"
#include "store/base/cleanup.h"
#include "store/fleet/fleet.h"
#include "store/fleet/seen.h"

#define MIGRATED "users.migrated"
#define OLD_MOST 1000 /* earlier folders that are kept beside it */

/* Compares a record of the fleet with the one here, if there is one. */
static bool
compare_row(void *ctx, const char *file, const char *mark,
    const uint8_t *sealed, size_t len)
{
	struct move *move = ctx;
	scoped_remote_text struct remote_text there = {.text = NULL};
	scoped_store_text struct store_text here = {.bytes = NULL};
	scoped_record struct record record = {.version = 0};
	scoped_key struct store_key key = {.lock = -1};
	struct remote_name name = remote_user(file + strlen(FLEET_USERS));
	struct json_error error;
	enum fault fault;

	if (remote_unseal(&move->site->remote, &name, mark, sealed, len,
		&there) != FAULT_NONE) {
		admin_say("%s", move->site->remote.why);
		return false;
	}
	if (there.len == 0)
		return true;
	if (record_parse(there.text, there.len, &record, &error) !=
	    FAULT_NONE) {
		admin_say("%s in the fleet is no record: %s", file, error.text);
		return false;
	}
	fault = move_read(move, record.user, &key, &here);
	if (fault == FAULT_NONE && !site_is_local(move->site, record.user)) {
		if (move_is_same(&here, &there))
			move->counts[MOVE_SAME]++;
		else
			move_note_conflict(move, record.user);
	}
	return fault == FAULT_NONE || fault == FAULT_ABSENT;
}

static int
compare_sides(struct move *move)
{
	struct remote *remote = &move->site->remote;
	enum fault fault = remote_scan(
	    remote, FLEET_USERS, false, compare_row, move);

	if (fault == FAULT_LIMIT)
		return ADMIN_NOT;
	if (fault != FAULT_NONE)
		return site_say(move->site, fault, "the fleet's records");
	return move_judge_conflicts(move);
}

/* The fleet has another record of that user.  True: ours shall be put over
 * it. */
static int
choose(struct move *move, const struct store_key *key,
    const struct store_text *here, const struct remote_text *there)
{
	const struct store_text other = {there->text, there->len};
	int64_t here_s, there_s;

	if (there->len == 0)
		return MOVE_MOVED;
	if (move_is_same(here, there))
		return MOVE_SAME;
	if (!move->prefer) {
		admin_say(
		    "%s: the fleet has another record of this user", key->user);
		return MOVE_FAILED;
	}
	if (!move_last_login(move, key->user, here, &here_s) ||
	    !move_last_login(move, key->user, &other, &there_s))
		return MOVE_FAILED;
	return here_s > there_s ? MOVE_MOVED : MOVE_KEPT;
}

/* Tells this bastion that the record is in the fleet: if it is gone there one
 * day, its user is no new one. */
static bool
note_seen(const struct store_key *key, uint64_t serial)
{
	if (seen_serial_write(key->lock, serial) == FAULT_NONE)
		return true;
	admin_say("%s: locks/%s cannot be written: %s", key->user, key->file,
	    strerror(errno));
	return false;
}

static int
write_one(struct move *move, struct remote *remote, const struct store_key *key,
    const struct store_text *here)
{
	scoped_remote_text struct remote_text there = {.text = NULL};
	struct remote_name name = remote_user(key->file);
	enum fault fault = remote_put(
	    remote, &name, &there, here->bytes, here->len);
	int code = MOVE_MOVED;
	uint64_t serial = remote_next_serial(remote, 0);

	if (fault == FAULT_STALE || fault == FAULT_UNSURE) {
		if (!move_get(move, remote, key, &there))
			return MOVE_FAILED;
		code = choose(move, key, here, &there);
		serial = there.serial;
		fault = FAULT_NONE;
		if (code == MOVE_MOVED) {
			serial = remote_next_serial(remote, there.serial);
			fault = remote_put(
			    remote, &name, &there, here->bytes, here->len);
		}
	}
	if (fault == FAULT_NONE)
		return code != MOVE_FAILED && note_seen(key, serial)
		    ? code
		    : MOVE_FAILED;
	admin_say("%s: %s", key->user, remote->why);
	return MOVE_FAILED;
}

static int
move_one(void *ctx, struct remote *remote, size_t i)
{
	struct move *move = ctx;
	const char *user = move->here.names.items[i].text;
	scoped_store_text struct store_text here = {.bytes = NULL};
	scoped_key struct store_key key = {.lock = -1};
	int64_t last_s;

	if (move_read(move, user, &key, &here) != FAULT_NONE ||
	    !move_last_login(move, user, &here, &last_s))
		return MOVE_FAILED;
	return write_one(move, remote, &key, &here);
}

/* The fleet must have what is here; but for whom the fleet's was used
 * last. */
static int
check_one(void *ctx, struct remote *remote, size_t i)
{
	struct move *move = ctx;
	const char *user = move->here.names.items[i].text;
	scoped_store_text struct store_text here = {.bytes = NULL};
	scoped_remote_text struct remote_text there = {.text = NULL};
	scoped_key struct store_key key = {.lock = -1};

	if (move_read(move, user, &key, &here) != FAULT_NONE ||
	    !move_get(move, remote, &key, &there))
		return MOVE_FAILED;
	if (there.text != NULL && move_is_same(&here, &there))
		return MOVE_SAME;
	if (there.text != NULL &&
	    choose(move, &key, &here, &there) == MOVE_KEPT)
		return MOVE_KEPT;
	admin_say("%s: the fleet does not have what was written there", user);
	return MOVE_FAILED;
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
			snprintf(name, sizeof(name), MIGRATED ".%d", i);
			if (renameat(dir, MIGRATED, dir, name) == 0 ||
			    (errno != EEXIST && errno != ENOTEMPTY &&
				errno != ENOTDIR))
				break;
		}
	if (mkdirat(dir, MIGRATED, 0700) == 0 || errno == EEXIST)
		return true;
	admin_say(MIGRATED ": %s", strerror(errno));
	return false;
}

static bool
put_away(const struct move *move)
{
	scoped_fd int old = openat(move->store.dir, MIGRATED,
	    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	char file[STORE_FILE_TEXT], name[STORE_FILE_TEXT + 8];
	bool ok = old >= 0;

	list_each(const struct store_name, user, move->here.names) {
		if (!ok || store_encode(user->text, file) != FAULT_NONE)
			break;
		snprintf(name, sizeof(name), "%s.json", file);
		ok = renameat(move->store.users, name, old, name) == 0;
	}
	if (ok && fsync(old) == 0 && fsync(move->store.users) == 0)
		return true;
	admin_say(MIGRATED ": %s", strerror(errno));
	return false;
}

static int
ask_to_move(const struct move *move)
{
	char question[400];

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
stopped(void)
{
	admin_say("not all records were moved: nobody can log in here until "
		  "\"tfa-admin store migrate --to fleet\" ends well, or "
		  "\"--to folder\" takes back what was moved");
	return ADMIN_NOT;
}

static int
carry_over(struct move *move, bool resumed)
{
	size_t count = move->here.names.count;
	char done[200];

	memset(move->counts, 0, sizeof(move->counts));
	if (!closed_begin(&move->store, "store migrate --to fleet"))
		return ADMIN_NOT;
	if (!crew_run(move->site, "moving records", count, move_one, move_count,
		move) ||
	    !crew_run(
		move->site, "comparing records", count, check_one, NULL, move))
		return stopped();
	if (!closed_note_fleet(&move->store, move->site->charter.id) ||
	    !make_room(move, resumed) || !put_away(move))
		return stopped();
	snprintf(done, sizeof(done),
	    "%zu moved, %zu there before, %zu in use there",
	    move->counts[MOVE_MOVED], move->counts[MOVE_SAME],
	    move->counts[MOVE_KEPT]);
	admin_done(move->site->admin, move->site->charter.name, done);
	return ADMIN_DONE;
}

static int
say_plan(const struct move *move)
{
	char plan[200];

	snprintf(plan, sizeof(plan),
	    "%zu records here, %zu of them in the fleet already, %zu differ",
	    move->here.names.count, move->counts[MOVE_SAME], move->conflicts);
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
