#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/base/file.h"
#include "store/fleet/ahead.h"
#include "store/fleet/fleet.h"
#include "store/fleet/seen.h"

#define GET_MS     4000 /* as long as etcd may take to have a leader */
#define PUT_MS     5000
#define NAP_MS     100 /* until a link that was killed is asked again */
#define COUNT_BITS 48
#define COUNT_MOST (UINT64_C(1) << (COUNT_BITS - 1))

_Static_assert((int)STORE_MARK_TEXT == (int)TALK_MARK, "a key takes a mark");

/* An answer that is none says nothing about the record. */
static enum fault
fleet_fail(struct store *store, enum fault fault)
{
	bool garbled = fault == FAULT_FORMAT || fault == FAULT_LIMIT;

	return store_say(store, garbled ? FAULT_REFUSED : fault, "%s",
	    store->fleet->line.why);
}

static void
path_of(const char *file, char ret[static TALK_KEY])
{
	snprintf(ret, TALK_KEY, FLEET_USERS "%.*s", STORE_FILE_MAX, file);
}

static bool
fleet_has(const struct store *store, const char *user)
{
	return !fleet_config_is_local(store->fleet->config, user);
}

/* *ret: the highest serial that was seen of that record.  A file of this bastion
 * that is damaged is no damage of the record, which a revoke would set aside. */
static enum fault
read_seen(struct store *store, const struct store_key *key, uint64_t *ret)
{
	scoped_fd int fd = -1;
	enum fault fault;
	int lock = key->lock;

	if (lock < 0)
		lock = fd = openat(store->locks, key->file,
		    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (lock < 0 && errno == ENOENT) {
		*ret = 0;
		return FAULT_NONE;
	}
	if (lock < 0)
		return store_say_errno(store, "cannot open locks/", key->file);
	fault = seen_serial_read(lock, ret);
	if (fault == FAULT_FORMAT)
		return store_say(store, FAULT_REFUSED,
		    "locks/%s has bytes that tfa did not write", key->file);
	return fault == FAULT_NONE
	    ? fault
	    : store_say_errno(store, "cannot read locks/", key->file);
}

static enum fault
note_seen(struct store *store, const struct store_key *key, uint64_t serial)
{
	return seen_serial_write(key->lock, serial) == FAULT_NONE
	    ? FAULT_NONE
	    : store_say_errno(store, "cannot write locks/", key->file);
}

/* Compares a record's serial, 0 if there is none, with the one that was seen,
 * and notes a higher one where the key is held. */
static enum fault
judge_serial(struct store *store, struct store_key *key, uint64_t serial)
{
	uint64_t epoch = store->fleet->epoch, seen = 0;
	enum fault fault = read_seen(store, key, &seen);

	if (fault != FAULT_NONE)
		return fault;
	if (SEAL_EPOCH(serial) > epoch)
		return store_say(store, FAULT_BACK,
		    "%s is of a newer epoch than the fleet", key->file);
	if (seen_serial_judge(serial, seen, epoch) != FAULT_NONE)
		return store_say(store, FAULT_BACK,
		    serial == 0 ? "%s was removed from the shared store"
				: "%s is older than this bastion has seen it",
		    key->file);
	if (key->lock >= 0 && serial > seen)
		fault = note_seen(store, key, serial);
	key->serial = serial > seen ? serial : seen;
	return fault;
}

static enum fault
open_value(struct store *store, const struct store_key *key, const char *value,
    struct store_text *ret, uint64_t *ret_serial)
{
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	struct seal_name name = {.kind = SEAL_USER, .name = key->file};
	enum fault fault = talk_value(value, &sealed);

	if (fault == FAULT_NONE)
		fault = seal_open(store->fleet->ring, &name, sealed.bytes,
		    sealed.len, &ret->bytes, &ret->len);
	*ret_serial = name.serial;
	if (fault == FAULT_REFUSED)
		return store_say(store, fault,
		    "%s is sealed with a key that this bastion does not have",
		    key->file);
	if (fault != FAULT_NONE)
		return store_say(store, fault, "%s cannot be opened: %s",
		    key->file, fault_name(fault));
	return fault;
}

/* Makes the key's state and the text of what stands there.  FAULT_ABSENT: no
 * record. */
static enum fault
take_state(struct store *store, struct store_key *key, const char *mark,
    const char *value, struct store_text *ret)
{
	uint64_t serial = 0;
	enum fault fault = FAULT_NONE;

	store_text_free(ret);
	if (value != NULL)
		fault = open_value(store, key, value, ret, &serial);
	if (fault == FAULT_NONE)
		fault = judge_serial(store, key, serial);
	if (fault != FAULT_NONE) {
		store_text_free(ret);
		return fault;
	}
	key->is_older = SEAL_EPOCH(serial) < store->fleet->epoch &&
	    ret->len > 0;
	snprintf(key->mark, sizeof(key->mark), "%s", mark);
	if (ret->len > 0)
		return FAULT_NONE;
	store_text_free(ret);
	return FAULT_ABSENT;
}

enum fault
fleet_judge_revision(
    struct store *store, const char *revision, uint64_t seen, bool note)
{
	uint64_t number = 0;

	if (!talk_number(revision, &number) ||
	    seen_revision_judge(store->dir, number, seen) != FAULT_NONE)
		return store_say(store, FAULT_BACK,
		    "the shared store is at revision %s, and was at %llu: it "
		    "was restored from a backup, or another server answers",
		    revision, (unsigned long long)seen);
	if (note &&
	    seen_revision_note(store->dir, number, time(NULL)) != FAULT_NONE)
		return store_say_errno(store, "cannot write", "fleet/revision");
	return FAULT_NONE;
}

enum fault
fleet_revision_seen(struct store *store, uint64_t *ret)
{
	enum fault fault = seen_revision_read(store->dir, ret);

	if (fault == FAULT_BACK)
		return store_say(store, fault,
		    "the shared store was at an older state than before, and "
		    "nobody has accepted that: fleet/back is there");
	if (fault == FAULT_FORMAT)
		return store_say(store, FAULT_REFUSED,
		    "fleet/revision has bytes that tfa did not write");
	return fault == FAULT_NONE
	    ? fault
	    : store_say_errno(store, "cannot read", "fleet/revision");
}

/* Refuses to go on by a policy, or a charter, that was replaced. */
static enum fault
judge_marks(struct store *store, const struct talk_marks *now)
{
	struct fleet *fleet = store->fleet;

	if (strcmp(fleet->marks.policy, now->policy) == 0 &&
	    strcmp(fleet->marks.fleet, now->fleet) == 0)
		return FAULT_NONE;
	fleet->replaced = true;
	return store_say(
	    store, FAULT_AWAY, "the policy was changed at this moment");
}

/* Asks for one record. */
static enum fault
ask_state(struct store *store, struct store_key *key, struct store_text *ret)
{
	struct fleet *fleet = store->fleet;
	scoped_answer struct talk_answer answer = {.status = 0};
	char path[TALK_KEY];
	uint64_t seen = 0;
	enum fault fault = fleet_revision_seen(store, &seen);

	if (fault != FAULT_NONE)
		return fault;
	path_of(key->file, path);
	fault = talk_get(&fleet->line, path, &fleet->marks,
	    clock_ms() + fleet->get_ms, &answer);
	if (fault != FAULT_NONE)
		return fleet_fail(store, fault);
	fault = fleet_judge_revision(
	    store, answer.revision, seen, key->lock >= 0);
	if (fault == FAULT_NONE)
		fault = judge_marks(store, &answer.with);
	return fault == FAULT_NONE
	    ? take_state(store, key, answer.mark, answer.value, ret)
	    : fault;
}

/* A record of the list's moment.  What was seen since may be newer: then the
 * record is asked for alone. */
static enum fault
read_ahead(struct store *store, struct store_key *key, struct store_text *ret)
{
	struct fleet *fleet = store->fleet;
	const struct talk_row *row = NULL;
	char path[TALK_KEY];
	enum fault fault = FAULT_BACK;

	path_of(key->file, path);
	switch (
	    ahead_find(fleet->ahead, path, clock_ms() + fleet->get_ms, &row)) {
	case AHEAD_ROW:
		fault = take_state(store, key, row->mark, row->value, ret);
		break;
	case AHEAD_NONE:
		fault = take_state(store, key, "0", NULL, ret);
		break;
	case AHEAD_UNKNOWN:
		break;
	}
	return fault == FAULT_BACK ? ask_state(store, key, ret) : fault;
}

static enum fault
fleet_get(struct store *store, struct store_key *key, struct store_text *ret)
{
	return store->fleet->ahead != NULL && key->lock < 0
	    ? read_ahead(store, key, ret)
	    : ask_state(store, key, ret);
}

static void
nap(void)
{
	poll(NULL, 0, NAP_MS);
}

/*
 * Puts these bytes, until it is known if they stand there: a link that was
 * killed may have passed them on.  The same bytes can be sent again, since each
 * sealing has its own salt: what is found to be ours was put by us, for this
 * very change, and the mark lets it happen once.  Equal bytes at two bastions
 * would let one code pass at both.
 */
static enum fault
put_bytes(struct store *store, const struct store_key *key,
    const struct sealed *sealed, struct talk_answer *ret)
{
	struct fleet *fleet = store->fleet;
	char path[TALK_KEY];
	bool maybe = false;
	enum fault fault;

	path_of(key->file, path);
	for (;;) {
		fault = talk_put(&fleet->line, path, key->mark, sealed,
		    &fleet->marks, key->until_ms, ret);
		maybe |= fault == FAULT_UNSURE;
		if (!maybe || fault == FAULT_NONE || fault == FAULT_STALE ||
		    clock_ms() + NAP_MS >= key->until_ms)
			break;
		talk_done(ret);
		nap();
	}
	if (fault == FAULT_STALE && talk_is_value(ret->value, sealed))
		return FAULT_NONE;
	return maybe && fault != FAULT_NONE && fault != FAULT_STALE
	    ? FAULT_UNSURE
	    : fault;
}

/* The serial behind that one, in the fleet's epoch. */
static uint64_t
next_serial(uint64_t serial, uint64_t epoch)
{
	uint64_t next = serial + 1;

	return SEAL_EPOCH(next) < epoch
	    ? SEAL_SERIAL(epoch, next & (2 * COUNT_MOST - 1))
	    : next;
}

/* A put that was too late: another writer's text, or only another policy. */
static enum fault
take_other(struct store *store, struct store_key *key,
    const struct talk_answer *answer, struct store_text *ret)
{
	enum fault fault = judge_marks(store, &answer->with);

	if (fault == FAULT_NONE && strcmp(answer->mark, key->mark) == 0)
		fault = store_say(store, FAULT_AWAY,
		    "the shared store refused a change that it should take");
	if (fault != FAULT_NONE)
		return fault;
	fault = take_state(store, key, answer->mark, answer->value, ret);
	if (fault != FAULT_NONE && fault != FAULT_ABSENT)
		return fault;
	return clock_ms() < key->until_ms
	    ? FAULT_STALE
	    : store_say(store, FAULT_AWAY, "other bastions were faster");
}

static enum fault
fleet_put(struct store *store, struct store_key *key,
    const struct store_text *text, struct store_text *ret)
{
	struct fleet *fleet = store->fleet;
	scoped_answer struct talk_answer answer = {.status = 0};
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	struct seal_name name = {.kind = SEAL_USER,
	    .name = key->file,
	    .serial = next_serial(key->serial, fleet->epoch)};
	enum fault fault = seal_close(
	    fleet->ring, &name, text->bytes, text->len, &sealed);

	if (fault != FAULT_NONE)
		return store_say(store, fault, "%s cannot be sealed: %s",
		    key->file, fault_name(fault));
	if (key->until_ms == 0)
		key->until_ms = clock_ms() + fleet->put_ms;
	fault = put_bytes(store, key, &sealed, &answer);
	if (fault == FAULT_NONE) {
		memcpy(key->mark, answer.mark, sizeof(key->mark));
		key->serial = name.serial;
		key->is_older = false;
		return note_seen(store, key, name.serial);
	}
	if (fault == FAULT_STALE)
		return take_other(store, key, &answer, ret);
	return fleet_fail(store, fault);
}

/* Puts a text of no bytes in place of what stands there. */
static enum fault
put_nothing(struct store *store, struct store_key *key)
{
	const struct store_text none = {
	    .bytes = (char *)(uintptr_t) "", .len = 0};
	scoped_store_text struct store_text other = {.bytes = NULL};
	enum fault fault = fleet_put(store, key, &none, &other);

	return fault == FAULT_STALE
	    ? store_say(store, FAULT_AWAY, "another bastion was faster")
	    : fault;
}

/* The serial that a seal claims, if that can be one: nobody has checked it. */
static uint64_t
claimed_serial(const struct sealed *sealed, uint64_t epoch)
{
	uint64_t serial = seal_serial(sealed->bytes, sealed->len);

	return SEAL_EPOCH(serial) == epoch &&
		serial < SEAL_SERIAL(epoch, COUNT_MOST)
	    ? serial
	    : 0;
}

/* Keeps the sealed bytes in this bastion's folder, and makes the key's state
 * that of a record which may be written over. */
static enum fault
keep_damaged(struct store *store, struct store_key *key,
    const struct talk_answer *answer)
{
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	char name[STORE_FILE_TEXT + 16], new[STORE_FILE_TEXT + 8];
	uint64_t claimed, seen = 0;
	enum fault fault = talk_value(answer->value, &sealed);

	if (fault == FAULT_NONE)
		fault = read_seen(store, key, &seen);
	if (fault != FAULT_NONE)
		return fault;
	snprintf(name, sizeof(name), "%s.json.damaged", key->file);
	snprintf(new, sizeof(new), ".%s.new", key->file);
	if (file_replace(store->users, name, new, 0600, (uid_t)-1, (gid_t)-1,
		sealed.bytes, sealed.len) != FAULT_NONE)
		return store_say_errno(store, "cannot write users/", name);
	claimed = claimed_serial(&sealed, store->fleet->epoch);
	key->serial = claimed > seen ? claimed : seen;
	snprintf(key->mark, sizeof(key->mark), "%s", answer->mark);
	return FAULT_NONE;
}

static enum fault
fleet_aside(struct store *store, struct store_key *key)
{
	struct fleet *fleet = store->fleet;
	scoped_answer struct talk_answer answer = {.status = 0};
	char path[TALK_KEY];
	enum fault fault;

	path_of(key->file, path);
	fault = talk_get(&fleet->line, path, &fleet->marks,
	    clock_ms() + fleet->get_ms, &answer);
	if (fault != FAULT_NONE)
		return fleet_fail(store, fault);
	if (answer.value == NULL)
		return store_say(store, FAULT_ABSENT, "there is no record");
	fault = keep_damaged(store, key, &answer);
	return fault == FAULT_NONE ? put_nothing(store, key) : fault;
}

/* The lock stays: it has the serial. */
static enum fault
fleet_forget(struct store *store, struct store_key *key)
{
	scoped_store_text struct store_text text = {.bytes = NULL};
	enum fault fault = ask_state(store, key, &text);

	if (fault == FAULT_ABSENT)
		return FAULT_NONE;
	if (fault == FAULT_FORMAT || fault == FAULT_LIMIT)
		return fleet_aside(store, key);
	return fault == FAULT_NONE ? put_nothing(store, key) : fault;
}

/* ret: the user of a hashed name, which only the record tells; if it cannot be
 * read, the name itself. */
static void
user_in_text(struct store *store, const char *file, char ret[static USER_TEXT])
{
	struct store_key key = {.lock = -1};
	scoped_store_text struct store_text text = {.bytes = NULL};
	scoped_record struct record record = {.version = 0};
	char again[STORE_FILE_TEXT] = "";

	snprintf(key.file, sizeof(key.file), "%s", file);
	memset(ret, 0, USER_TEXT);
	if (ask_state(store, &key, &text) == FAULT_NONE &&
	    store_parse(store, file, NULL, &text, &record) == FAULT_NONE &&
	    store_encode(record.user, again) == FAULT_NONE &&
	    strcmp(again, file) == 0)
		memcpy(ret, record.user, USER_TEXT);
	else
		memcpy(ret, file, strlen(file));
}

/* Passes on the user of a key; other keys are ignored. */
static bool
scan_key(struct store *store, const char *key, uint64_t order, store_each *each,
    void *ctx)
{
	const char *file = key + sizeof(FLEET_USERS) - 1;
	size_t len = strlen(file);
	char user[USER_TEXT];

	if (!ahead_know(store->fleet->ahead, key))
		return false;
	if (!store_decode(file, len, user)) {
		if (!store_is_hashed(file, len))
			return true;
		user_in_text(store, file, user);
	}
	return each(ctx, user, order);
}

static enum fault
scan_rows(struct store *store, const struct talk_answer *page, uint64_t *order,
    store_each *each, void *ctx)
{
	list_each(const struct talk_row, row, page->rows)
		if (!scan_key(store, row->key, ++*order, each, ctx))
			return store_say(store, FAULT_MEMORY, "out of memory");
	return FAULT_NONE;
}

/* One page of the list; its end is the next one's beginning. */
static enum fault
scan_page(struct store *store, char after[static TALK_KEY],
    char revision[static TALK_MARK], struct talk_answer *ret)
{
	struct fleet *fleet = store->fleet;
	const struct talk_page wanted = {.prefix = FLEET_USERS,
	    .after = after,
	    .revision = revision,
	    .keys_only = true,
	    .limit = TALK_LIMIT};
	bool first = strcmp(revision, "0") == 0;
	uint64_t seen = 0;
	enum fault fault = first ? fleet_revision_seen(store, &seen)
				 : FAULT_NONE;

	if (fault != FAULT_NONE)
		return fault;
	fault = talk_scan(
	    &fleet->line, &wanted, clock_ms() + fleet->get_ms, ret);
	if (fault != FAULT_NONE)
		return fleet_fail(
		    store, fault == FAULT_STALE ? FAULT_AWAY : fault);
	if (first)
		fault = fleet_judge_revision(store, ret->revision, seen, false);
	snprintf(revision, TALK_MARK, "%s", ret->revision);
	if (ret->rows.count > 0)
		snprintf(after, TALK_KEY, "%s",
		    ret->rows.items[ret->rows.count - 1].key);
	return fault;
}

static enum fault
fleet_scan(struct store *store, store_each *each, void *ctx)
{
	struct fleet *fleet = store->fleet;
	char after[TALK_KEY] = "", revision[TALK_MARK] = "0";
	uint64_t order = 0;
	bool more = true;
	enum fault fault = FAULT_NONE;

	ahead_free(fleet->ahead);
	fleet->ahead = NULL;
	while (more && fault == FAULT_NONE) {
		scoped_answer struct talk_answer page = {.status = 0};

		fault = scan_page(store, after, revision, &page);
		if (fault == FAULT_NONE && fleet->ahead == NULL)
			fleet->ahead = ahead_new(
			    FLEET_USERS, revision, fleet->line.path);
		if (fault == FAULT_NONE && fleet->ahead == NULL)
			return store_say(store, FAULT_MEMORY, "out of memory");
		if (fault == FAULT_NONE)
			fault = scan_rows(store, &page, &order, each, ctx);
		more = page.more;
	}
	return fault;
}

static const struct store_backend fleet_backend = {
    .name = "fleet",
    .has = fleet_has,
    .hold = folder_hold,
    .get = fleet_get,
    .put = fleet_put,
    .scan = fleet_scan,
    .aside = fleet_aside,
    .forget = fleet_forget,
};

void
fleet_init(struct fleet *fleet, const struct fleet_config *config,
    const struct keyring *ring, const char *socket)
{
	*fleet = (struct fleet){.config = config,
	    .ring = ring,
	    .line = LINE_TO(socket),
	    .get_ms = GET_MS,
	    .put_ms = PUT_MS,
	    .epoch = 1};
}

void
fleet_attach(struct fleet *fleet, struct store *store)
{
	ahead_free(fleet->ahead);
	fleet->ahead = NULL;
	store->shared = &fleet_backend;
	store->fleet = fleet;
}

void
fleet_done(struct fleet *fleet)
{
	ahead_free(fleet->ahead);
	line_close(&fleet->line);
	*fleet = (struct fleet){.line.fd = -1};
}
