#include "admin/store/move.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/store/units.h"
#include "store/base/cleanup.h"
#include "store/fleet/fleet.h"
#include "store/fleet/seen.h"

static bool
keep_name(struct move *move, const struct store_name *name)
{
	struct store_name *kept;

	if (site_is_local(move->site, name->text))
		return true;
	kept = list_add(&move->here.names, sizeof(*kept));
	if (kept == NULL)
		return false;
	*kept = (struct store_name){
	    texts_keep(&move->here.texts, name->text), name->order};
	return kept->text != NULL;
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
	if (!move->is_open)
		return;
	store_close(&move->store);
	site_become_root(move->site);
	move->is_open = false;
}

enum fault
move_read(struct move *move, const char *user, struct store_key *ret_key,
    struct store_text *ret)
{
	enum fault fault;

	*ret_key = (struct store_key){.user = user, .lock = -1};
	fault = store_encode(user, ret_key->file);
	if (fault == FAULT_NONE)
		fault = folder_hold(&move->store, ret_key);
	if (fault == FAULT_ABSENT)
		fault = FAULT_IO;
	if (fault == FAULT_NONE)
		fault = folder_backend.get(&move->store, ret_key, ret);
	if (fault != FAULT_NONE && fault != FAULT_ABSENT)
		admin_say("%s: %s", user, move->store.why);
	return fault;
}

bool
move_last_login(struct move *move, const char *user,
    const struct store_text *text, int64_t *ret)
{
	scoped_record struct record record = {.version = 0};
	char path[STORE_FILE_TEXT + 8];

	snprintf(path, sizeof(path), "the record of %.200s",
	    user != NULL ? user : "somebody");
	if (store_parse(&move->store, path, user, text, &record) !=
	    FAULT_NONE) {
		admin_say("%s; tfa-admin revoke moves a damaged record aside",
		    move->store.why);
		return false;
	}
	*ret = record.last_login.at_s;
	return true;
}

void
move_note_conflict(struct move *move, const char *user)
{
	size_t len = strlen(move->names);

	if (move->conflicts++ < 5)
		snprintf(move->names + len, sizeof(move->names) - len,
		    "%s%.60s", len > 0 ? ", " : "", user);
}

int
move_judge_conflicts(const struct move *move)
{
	if (move->conflicts == 0 || move->prefer)
		return ADMIN_DONE;
	admin_say("%zu user%s different records here and in the fleet: %s%s. "
		  "Revoke one of each, or --prefer last-login takes the one "
		  "that was used last",
	    move->conflicts, move->conflicts == 1 ? " has" : "s have",
	    move->names, move->conflicts > 5 ? ", ..." : "");
	return ADMIN_NOT;
}

bool
move_get(struct move *move, struct remote *remote, const struct store_key *key,
    struct remote_text *ret)
{
	struct remote_name name = remote_user(key->file);
	enum fault fault = remote_get(remote, &name, ret);

	(void)move;
	if (fault == FAULT_NONE || fault == FAULT_ABSENT)
		return true;
	admin_say("%s: %s", key->user,
	    fault == FAULT_MEMORY ? "out of memory" : remote->why);
	return false;
}

bool
move_is_same(const struct store_text *here, const struct remote_text *there)
{
	return here->len == there->len &&
	    memcmp(here->bytes, there->text, here->len) == 0;
}

void
move_key_free(struct store_key *key)
{
	cleanup_fd(&key->lock);
	key->lock = -1;
}

void
move_count(void *ctx, size_t i, int code)
{
	struct move *move = ctx;

	(void)i;
	move->counts[code]++;
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

static bool
is_as_seen(struct move *move, const char *file, uint64_t serial)
{
	scoped_key struct store_key key = {.lock = -1};
	uint64_t seen = 0;

	snprintf(key.file, sizeof(key.file), "%s", file);
	if (folder_hold(&move->store, &key) != FAULT_NONE ||
	    seen_serial_read(key.lock, &seen) != FAULT_NONE) {
		admin_say("locks/%s cannot be read: %s", file, move->store.why);
		return false;
	}
	return seen_serial_judge(serial, seen, move->site->remote.epoch) ==
	    FAULT_NONE ||
	    say_back(file);
}

static bool
list_row(void *ctx, const char *key, const char *mark, const uint8_t *sealed,
    size_t len)
{
	struct move *move = ctx;
	const char *file = key + strlen(FLEET_USERS);
	scoped_remote_text struct remote_text text = {.text = NULL};
	struct remote_name name = remote_user(file);
	struct store_name *kept;

	if (remote_unseal(&move->site->remote, &name, mark, sealed, len,
		&text) != FAULT_NONE) {
		admin_say("%s", move->site->remote.why);
		return false;
	}
	if (!is_as_seen(move, file, text.serial))
		return false;
	kept = list_add(&move->there.names, sizeof(*kept));
	if (kept != NULL)
		*kept = (struct store_name){
		    texts_keep(&move->there.texts, file), text.len > 0};
	if (kept != NULL && kept->text != NULL)
		return true;
	admin_say("out of memory");
	return false;
}

static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const struct store_name *)a)->text,
	    ((const struct store_name *)b)->text);
}

/* A user who was seen in the fleet must be there, if only as one who was
 * removed. */
static bool
has_all_seen(struct move *move)
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
		return false;
	}
	while (ok && (entry = readdir(dir)) != NULL) {
		const struct store_name name = {entry->d_name, 0};

		if (entry->d_name[0] != '.' &&
		    bsearch(&name, move->there.names.items,
			move->there.names.count, sizeof(name),
			compare_files) == NULL)
			ok = is_as_seen(move, entry->d_name, 0);
	}
	closedir(dir);
	return ok;
}

int
move_list_fleet(struct move *move)
{
	enum fault fault = remote_scan(
	    &move->site->remote, FLEET_USERS, false, list_row, move);

	if (fault == FAULT_LIMIT)
		return ADMIN_NOT;
	if (fault != FAULT_NONE)
		return site_say(move->site, fault, "the fleet's records");
	if (move->there.names.count > 0)
		qsort(move->there.names.items, move->there.names.count,
		    sizeof(struct store_name), compare_files);
	return has_all_seen(move) ? ADMIN_DONE : ADMIN_NOT;
}
