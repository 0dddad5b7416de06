#include "admin/store/move.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "admin/store/arrive.h"
#include "admin/store/units.h"
#include "store/base/cleanup.h"
#include "store/core/counted.h"
#include "store/fleet/fleet.h"
#include "store/fleet/names.h"
#include "store/fleet/seen.h"

#define NAMED 5 /* users in a message */

static bool
keep_name(struct move *move, const struct store_name *name)
{
	char file[STORE_FILE_TEXT];

	return site_is_local(move->site, name->text) ||
	    (store_encode(name->text, file) == FAULT_NONE &&
		store_names_add(&move->here, file, 0));
}

int
move_relist(struct move *move)
{
	struct store_names all = {.names = {NULL, 0}};
	bool ok = true;

	if (store_list(&move->store, &all) != FAULT_NONE) {
		admin_say("%s: %s", move->site->folder, move->store.why);
		return ADMIN_NOT;
	}
	list_each(const struct store_name, name, all.names)
		ok = ok && keep_name(move, name);
	store_names_done(&all);
	store_names_sort(&move->here);
	if (!ok)
		admin_say("out of memory");
	return ok ? ADMIN_DONE : ADMIN_NOT;
}

int
move_begin(struct site *site, struct move *ret)
{
	*ret = (struct move){
	    .site = site, .prefer = site->admin->prefer != NULL};
	if (ret->prefer && strcmp(site->admin->prefer, "last-login") != 0) {
		admin_say("--prefer takes last-login");
		return ADMIN_MISUSED;
	}
	ret->is_open = site_open_folder(site, true, &ret->store);
	return ret->is_open ? move_relist(ret) : ADMIN_NOT;
}

void
move_done(struct move *move)
{
	store_names_done(&move->here);
	store_names_done(&move->there);
	store_names_done(&move->both);
	if (!move->is_open)
		return;
	store_close(&move->store);
	site_become_root(move->site);
	move->is_open = false;
}

/* *ret: the record in the text; record_done() frees it. */
static bool
parse_record(struct move *move, const char *file, const struct store_text *text,
    struct record *ret)
{
	char path[STORE_FILE_TEXT + 8], again[STORE_FILE_TEXT] = "";

	snprintf(path, sizeof(path), "%s.json", file);
	if (store_parse(&move->store, path, NULL, text, ret) != FAULT_NONE) {
		admin_say("%s; tfa-admin revoke moves a damaged record aside",
		    move->store.why);
		return false;
	}
	if (store_encode(ret->user, again) != FAULT_NONE ||
	    strcmp(again, file) != 0) {
		admin_say("%s is the record of another user; tfa-admin revoke "
			  "moves it aside",
		    path);
		return false;
	}
	return true;
}

bool
move_is_record(
    struct move *move, const char *file, const struct store_text *text)
{
	scoped_record struct record record = {.version = 0};

	return parse_record(move, file, text, &record);
}

bool
move_fits_level(
    struct move *move, const char *file, const struct store_text *text)
{
	scoped_record struct record record = {.version = 0};

	if (!parse_record(move, file, text, &record))
		return false;
	if (move->site->charter.level >= CHARTER_HOTP || !counted_has(&record))
		return true;
	admin_say("%s: has a device that counts its codes, and a bastion of "
		  "the fleet with an older tfa could not read that: once all "
		  "bastions have this tfa, tfa-admin store level lets it in",
	    record.user);
	return false;
}

static void
note_user(struct move_users *users, const char *file)
{
	size_t len = strlen(users->names);
	char user[USER_TEXT];

	if (users->count++ < NAMED)
		snprintf(users->names + len, sizeof(users->names) - len,
		    "%s%.60s", len > 0 ? ", " : "",
		    store_decode(file, strlen(file), user) ? user : file);
	else if (users->count == NAMED + 1)
		snprintf(
		    users->names + len, sizeof(users->names) - len, ", ...");
}

int
move_judge_conflicts(const struct move *move)
{
	const struct move_users *differ = &move->conflicts;
	const struct move_users *taken = &move->taken;
	const struct move_users *losses = &move->losses;

	if (differ->count > 0)
		admin_say("%zu user%s different records here and in the fleet: "
			  "%s. --prefer last-login takes of each the one that "
			  "was used last",
		    differ->count, differ->count == 1 ? " has" : "s have",
		    differ->names);
	if (taken->count > 0)
		admin_say("a device of %zu user%s is in use on one side, and "
			  "on the other it was taken away: %s. tfa-admin "
			  "revoke takes it away on both; then they set one up "
			  "anew",
		    taken->count, taken->count == 1 ? "" : "s", taken->names);
	if (losses->count > 0)
		admin_say("--prefer last-login takes a device away from %zu "
			  "user%s, since it is only in the record that was not "
			  "used last: %s",
		    losses->count, losses->count == 1 ? "" : "s",
		    losses->names);
	return differ->count + taken->count == 0 ? ADMIN_DONE : ADMIN_NOT;
}

bool
move_is_same(const struct store_text *here, const struct remote_text *there)
{
	return here->len == there->len &&
	    memcmp(here->bytes, there->text, here->len) == 0;
}

bool
move_pick(struct move *move, const char *file, const struct store_text *here,
    const struct remote_text *there, enum pick *ret, bool *ret_loses)
{
	const struct store_text other = {there->text, there->len};
	scoped_record struct record ours = {.version = 0};
	scoped_record struct record theirs = {.version = 0};

	if (!parse_record(move, file, here, &ours) ||
	    !parse_record(move, file, &other, &theirs))
		return false;
	*ret = pick_record(&ours, &theirs, move->prefer);
	*ret_loses = *ret == PICK_HERE ? pick_loses(&ours, &theirs)
				       : pick_loses(&theirs, &ours);
	return true;
}

enum move_code
move_weigh(struct move *move, const char *file, const struct store_text *here,
    const struct remote_text *there)
{
	enum pick pick;
	bool loses;

	if (!move_pick(move, file, here, there, &pick, &loses))
		return MOVE_FAILED;
	switch (pick) {
	case PICK_NONE:
		return MOVE_CONFLICT;
	case PICK_TAKEN:
		return MOVE_TAKEN;
	case PICK_HERE:
	case PICK_THERE:
		break;
	}
	return loses ? MOVE_LOSS : MOVE_KEPT;
}

static void
on_end(void *ctx, size_t i, int code)
{
	struct move *move = ctx;
	struct store_name *name = &move->files->names.items[i];

	move->counts[code]++;
	name->order = code == MOVE_MOVED ? ARRIVED : 0;
	if (code == MOVE_CONFLICT)
		note_user(&move->conflicts, name->text);
	if (code == MOVE_TAKEN)
		note_user(&move->taken, name->text);
	if (code == MOVE_LOSS)
		note_user(&move->losses, name->text);
}

bool
move_each(struct move *move, const char *what, struct store_names *files,
    crew_batch_job *job)
{
	memset(move->counts, 0, sizeof(move->counts));
	move->conflicts = (struct move_users){.count = 0};
	move->taken = (struct move_users){.count = 0};
	move->losses = (struct move_users){.count = 0};
	move->files = files;
	return crew_run_batches(
	    move->site, what, files->names.count, job, on_end, move);
}

/* The keeper is root's to start; the folder its owner's to open. */
int
move_open_again(struct move *move)
{
	int status;

	site_become_root(move->site);
	status = units_restart_keeper();
	if (!site_become_owner(move->site))
		return ADMIN_NOT;
	return closed_end(&move->store) ? status : ADMIN_NOT;
}

/* Says that the fleet shows less than before. */
static bool
say_back(const char *file)
{
	admin_say("%s in the fleet is older than what this bastion has seen: "
		  "etcd was restored from a backup, or shows an old state. "
		  "If you restored it: tfa-admin store accept-restore",
	    file);
	return false;
}

bool
move_is_as_seen(const struct store_key *key, uint64_t serial)
{
	uint64_t seen = 0;

	if (seen_serial_read(key->lock, &seen) != FAULT_NONE) {
		admin_say("locks/%s cannot be read", key->file);
		return false;
	}
	return seen_serial_judge(serial, seen) == FAULT_NONE ||
	    say_back(key->file);
}

static bool
list_row(void *ctx, const char *key, const char *mark, const uint8_t *sealed,
    size_t len)
{
	struct move *move = ctx;
	const char *file = key + strlen(FLEET_USERS);

	(void)mark;
	(void)sealed;
	(void)len;
	if (!remote_is_user(file))
		return true; /* and no record */
	if (store_names_add(&move->there, file, 0) &&
	    (!store_names_has(&move->here, file) ||
		store_names_add(&move->both, file, 0)))
		return true;
	admin_say("out of memory");
	return false;
}

int
move_list_fleet(struct move *move)
{
	enum fault fault = remote_scan(
	    &move->site->remote, FLEET_USERS, true, list_row, move);

	if (fault == FAULT_LIMIT)
		return ADMIN_NOT;
	if (fault != FAULT_NONE)
		return site_say(move->site, fault, "the fleet's records");
	store_names_sort(&move->there);
	store_names_sort(&move->both);
	return ADMIN_DONE;
}

/* A user who is not in the fleet must not have been there. */
static bool
was_never_seen(struct move *move, const char *file)
{
	struct store_key key = {.lock = -1};
	bool ok;

	snprintf(key.file, sizeof(key.file), "%s", file);
	if (folder_hold(&move->store, &key) != FAULT_NONE) {
		admin_say("%s", move->store.why);
		return false;
	}
	ok = move_is_as_seen(&key, 0);
	cleanup_fd(&key.lock);
	return ok;
}

int
move_has_all_seen(struct move *move)
{
	DIR *dir;
	const struct dirent *entry;
	int fd = openat(
	    move->store.locks, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	bool ok = true;

	dir = fd >= 0 ? fdopendir(fd) : NULL;
	if (dir == NULL) {
		admin_say("locks: %s", strerror(errno));
		cleanup_fd(&fd);
		return ADMIN_NOT;
	}
	while (ok && (entry = readdir(dir)) != NULL)
		if (entry->d_name[0] != '.' &&
		    !store_names_has(&move->there, entry->d_name))
			ok = was_never_seen(move, entry->d_name);
	closedir(dir);
	return ok ? ADMIN_DONE : ADMIN_NOT;
}
