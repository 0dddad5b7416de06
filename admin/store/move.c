#include "admin/store/move.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/store/arrive.h"
#include "admin/store/units.h"
#include "store/base/cleanup.h"
#include "store/fleet/fleet.h"
#include "store/fleet/seen.h"

static bool
keep_file(struct store_names *names, const char *file)
{
	struct store_name *kept = list_add(&names->names, sizeof(*kept));

	if (kept == NULL)
		return false;
	*kept = (struct store_name){texts_keep(&names->texts, file), 0};
	return kept->text != NULL;
}

static int
compare_files(const void *a, const void *b)
{
	return strcmp(((const struct store_name *)a)->text,
	    ((const struct store_name *)b)->text);
}

static void
sort_files(struct store_names *names)
{
	if (names->names.count > 0)
		qsort(names->names.items, names->names.count,
		    sizeof(struct store_name), compare_files);
}

static bool
has_file(const struct store_names *names, const char *file)
{
	const struct store_name name = {file, 0};

	return names->names.count > 0 &&
	    bsearch(&name, names->names.items, names->names.count, sizeof(name),
		compare_files) != NULL;
}

static bool
keep_name(struct move *move, const struct store_name *name)
{
	char file[STORE_FILE_TEXT];

	return site_is_local(move->site, name->text) ||
	    (store_encode(name->text, file) == FAULT_NONE &&
		keep_file(&move->here, file));
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
	sort_files(&move->here);
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

bool
move_last_login(struct move *move, const char *file,
    const struct store_text *text, int64_t *ret)
{
	scoped_record struct record record = {.version = 0};
	char path[STORE_FILE_TEXT + 8], again[STORE_FILE_TEXT] = "";

	snprintf(path, sizeof(path), "%s.json", file);
	if (store_parse(&move->store, path, NULL, text, &record) !=
	    FAULT_NONE) {
		admin_say("%s; tfa-admin revoke moves a damaged record aside",
		    move->store.why);
		return false;
	}
	if (store_encode(record.user, again) != FAULT_NONE ||
	    strcmp(again, file) != 0) {
		admin_say("%s is the record of another user; tfa-admin revoke "
			  "moves it aside",
		    path);
		return false;
	}
	*ret = record.last_login.at_s;
	return true;
}

static void
note_conflict(struct move *move, const char *file)
{
	size_t len = strlen(move->names);
	char user[USER_TEXT];

	if (move->conflicts++ < 5)
		snprintf(move->names + len, sizeof(move->names) - len,
		    "%s%.60s", len > 0 ? ", " : "",
		    store_decode(file, strlen(file), user) ? user : file);
}

int
move_judge_conflicts(const struct move *move)
{
	if (move->conflicts == 0)
		return ADMIN_DONE;
	admin_say("%zu user%s different records here and in the fleet: %s%s. "
		  "--prefer last-login takes of each the one that was used "
		  "last",
	    move->conflicts, move->conflicts == 1 ? " has" : "s have",
	    move->names, move->conflicts > 5 ? ", ..." : "");
	return ADMIN_NOT;
}

bool
move_is_same(const struct store_text *here, const struct remote_text *there)
{
	return here->len == there->len &&
	    memcmp(here->bytes, there->text, here->len) == 0;
}

bool
move_is_later_here(struct move *move, const char *file,
    const struct store_text *here, const struct remote_text *there, bool *ret)
{
	const struct store_text other = {there->text, there->len};
	int64_t here_s, there_s;

	if (!move_last_login(move, file, here, &here_s) ||
	    !move_last_login(move, file, &other, &there_s))
		return false;
	*ret = here_s > there_s;
	return true;
}

static void
on_end(void *ctx, size_t i, int code)
{
	struct move *move = ctx;
	struct store_name *name = &move->files->names.items[i];

	move->counts[code]++;
	name->order = code == MOVE_MOVED ? ARRIVED : 0;
	if (code == MOVE_CONFLICT)
		note_conflict(move, name->text);
}

bool
move_each(struct move *move, const char *what, struct store_names *files,
    crew_batch_job *job)
{
	memset(move->counts, 0, sizeof(move->counts));
	move->conflicts = 0;
	move->names[0] = '\0';
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
move_is_as_seen(struct move *move, const struct store_key *key, uint64_t serial)
{
	uint64_t seen = 0;

	if (seen_serial_read(key->lock, &seen) != FAULT_NONE) {
		admin_say("locks/%s cannot be read", key->file);
		return false;
	}
	return seen_serial_judge(serial, seen, move->site->remote.epoch) ==
	    FAULT_NONE ||
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
	if (keep_file(&move->there, file) &&
	    (!has_file(&move->here, file) || keep_file(&move->both, file)))
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
	sort_files(&move->there);
	sort_files(&move->both);
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
	ok = move_is_as_seen(move, &key, 0);
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
		    !has_file(&move->there, entry->d_name))
			ok = was_never_seen(move, entry->d_name);
	closedir(dir);
	return ok ? ADMIN_DONE : ADMIN_NOT;
}
