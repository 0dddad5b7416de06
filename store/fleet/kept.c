#include "store/fleet/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/base64.h"
#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/base/file.h"
#include "store/fleet/learn.h"
#include "store/fleet/names.h"
#include "store/fleet/seen.h"

#define COPY_MAX (BASE64_LEN(SEAL_MAX) + 256) /* bytes of a copy's file */
#define AGAIN_S  3600 /* a copy that is right is written again after this */
#define TRIES    4    /* the policy may change between two requests */
#define EARLIER  32   /* "policy/7" */

/* A text of the engine, sealed, and its copy here. */
struct piece {
	const char *key;  /* of the engine, and the name of the copy */
	const char *lock; /* beside the copy: the highest serial seen */
	const char *new;  /* beside it: a copy that is being written */
	enum seal_kind kind;
};

static const struct piece policy_piece = {
    FLEET_POLICY, FLEET_POLICY_LOCK, ".policy.new", SEAL_POLICY};
static const struct piece charter_piece = {
    FLEET_CHARTER, FLEET_CHARTER_LOCK, ".charter.new", SEAL_FLEET};

/* A copy's file. */
struct copy {
	char mark[TALK_MARK];
	int64_t time_s; /* when the engine had it */
	char *value;    /* base64; NULL: there was none */
};

static const struct json_field copy_fields[] = {
    JSON_ROW_TEXT("mark", JSON_REQUIRED, struct copy, mark),
    JSON_ROW_TIME("time", JSON_REQUIRED, struct copy, time_s),
    JSON_ROW_STRING(
	"value", JSON_MAYBE, struct copy, value, BASE64_LEN(SEAL_MAX)),
};
static const struct json_shape copy_shape = JSON_SHAPE(copy_fields, NULL);

static void
copy_done(struct copy *copy)
{
	json_done(&copy_shape, copy);
}
#define scoped_copy __attribute__((cleanup(copy_done)))

static enum fault __attribute__((format(printf, 3, 4)))
kept_say(struct fleet *fleet, enum fault fault, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(fleet->line.why, sizeof(fleet->line.why), format, args);
	va_end(args);
	return fault;
}

/* Says what the store says of a file of its own.  kept_put() keeps FAULT_ACCESS
 * for the fleet's level, so a file that we may not open is FAULT_IO. */
static enum fault
say_store(struct fleet *fleet, enum fault fault, const char *before,
    const struct store *store)
{
	return kept_say(fleet, fault == FAULT_ACCESS ? FAULT_IO : fault, "%s%s",
	    before, store->why);
}

static enum fault
say_file(struct fleet *fleet, const char *name)
{
	return kept_say(fleet, errno == ENOENT ? FAULT_ABSENT : FAULT_IO,
	    "%s/%s: %s", FLEET_FOLDER, name, strerror(errno));
}

static int
open_kept(int dir)
{
	if (mkdirat(dir, FLEET_FOLDER, 0700) < 0 && errno != EEXIST)
		return -1;
	return openat(
	    dir, FLEET_FOLDER, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

static enum fault
copy_read(struct fleet *fleet, int folder, const struct piece *piece,
    struct copy *ret)
{
	scoped_fd int fd = openat(
	    folder, piece->key, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_free char *text = NULL;
	struct json_error error;
	size_t len = 0;
	enum fault fault;

	if (fd < 0)
		return say_file(fleet, piece->key);
	fault = file_read(fd, COPY_MAX + 1, &text, &len);
	if (fault == FAULT_NONE)
		fault = json_read(
		    &copy_shape, text, len, COPY_MAX, ret, &error);
	return fault == FAULT_NONE
	    ? fault
	    : kept_say(fleet, fault, "%s/%s cannot be read (%s)", FLEET_FOLDER,
		  piece->key, fault_name(fault));
}

static bool
is_same_value(const char *one, const char *other)
{
	return one == NULL || other == NULL ? one == other
					    : strcmp(one, other) == 0;
}

/* True if the file need not be written again.  After a restore the engine gives a
 * mark a second time, to another text. */
static bool
copy_stands(struct fleet *fleet, int folder, const struct piece *piece,
    const struct copy *copy)
{
	scoped_copy struct copy old = {.time_s = 0};

	return copy_read(fleet, folder, piece, &old) == FAULT_NONE &&
	    strcmp(old.mark, copy->mark) == 0 &&
	    is_same_value(old.value, copy->value) &&
	    copy->time_s >= old.time_s && copy->time_s - old.time_s < AGAIN_S;
}

static enum fault
copy_write(struct fleet *fleet, int folder, const struct piece *piece,
    const struct copy *copy)
{
	scoped_free char *text = NULL;

	if (copy_stands(fleet, folder, piece, copy))
		return FAULT_NONE;
	if (json_write(&copy_shape, copy, false, &text) != FAULT_NONE)
		return kept_say(fleet, FAULT_MEMORY, "out of memory");
	if (file_put(folder, piece->key, piece->new, 0600, (uid_t)-1, (gid_t)-1,
		text, strlen(text)) == FAULT_NONE)
		return FAULT_NONE;
	return say_file(fleet, piece->key);
}

/* The backup that was accepted has no policy: that lets nobody in, and one may be
 * put there. */
static bool
is_absent_since(uint64_t serial, uint64_t seen, uint64_t epoch)
{
	return serial == 0 && SEAL_EPOCH(seen) < epoch;
}

/*
 * Notes what the engine has, under a lock, so that the highest serial and the
 * copy that stays are of one text.  FAULT_BACK: more was seen here before.
 */
static enum fault
piece_note(struct fleet *fleet, int folder, const struct piece *piece,
    uint64_t serial, uint64_t epoch, const struct copy *copy)
{
	scoped_fd int lock = file_open_or_make(folder, piece->lock, O_RDWR);
	uint64_t seen = 0;
	enum fault fault;

	if (lock < 0 || flock(lock, LOCK_EX) < 0)
		return say_file(fleet, piece->lock);
	fault = seen_serial_read(lock, &seen);
	if (fault == FAULT_FORMAT)
		return kept_say(fleet, FAULT_REFUSED,
		    FLEET_FOLDER "/%s has bytes that tfa did not write",
		    piece->lock);
	if (fault != FAULT_NONE)
		return say_file(fleet, piece->lock);
	if (!is_absent_since(serial, seen, epoch))
		fault = seen_serial_judge(serial, seen);
	if (fault == FAULT_BACK)
		return kept_say(fleet, fault,
		    "the shared store shows an older \"%s\" than it did before",
		    piece->key);
	fault = copy_write(fleet, folder, piece, copy);
	if (fault != FAULT_NONE || serial == seen)
		return fault;
	/* Serials that were seen in earlier epochs say less from now on. */
	if (piece->kind == SEAL_FLEET && SEAL_EPOCH(serial) > SEAL_EPOCH(seen))
		learn_soon(folder);
	return seen_serial_write(lock, serial) == FAULT_NONE
	    ? FAULT_NONE
	    : say_file(fleet, piece->lock);
}

/* *ret: the text in base64 of a seal; json_text_free() frees it. */
static enum fault
unseal(struct fleet *fleet, struct seal_name *name, const char *value,
    char **ret, size_t *ret_len)
{
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	enum fault fault = talk_value(value, &sealed);

	if (fault == FAULT_NONE)
		fault = seal_open(
		    fleet->ring, name, sealed.bytes, sealed.len, ret, ret_len);
	if (fault == FAULT_NONE)
		return fault;
	return kept_say(fleet, fault,
	    fault == FAULT_REFUSED
		? "the fleet's policy is sealed with a key that is not here"
		: "the fleet's policy or charter is damaged");
}

/* *ret: the charter in base64 of a seal. */
static enum fault
open_charter(struct fleet *fleet, const char *value, struct charter *ret,
    uint64_t *ret_serial)
{
	struct seal_name name = {.kind = SEAL_FLEET, .name = ""};
	scoped_json_text char *text = NULL;
	struct json_error error;
	size_t len = 0;
	enum fault fault = unseal(fleet, &name, value, &text, &len);

	if (fault != FAULT_NONE)
		return fault;
	fault = charter_parse(text, len, ret, &error);
	*ret_serial = name.serial;
	return fault == FAULT_NONE
	    ? fault
	    : kept_say(fleet, fault,
		  "the fleet's charter cannot be read: %.150s", error.text);
}

/* *ret: the version in base64 of a seal; NULL: there is no policy. */
static enum fault
open_version(struct fleet *fleet, const char *called, const char *value,
    struct version *ret, uint64_t *ret_serial)
{
	struct seal_name name = {.kind = SEAL_POLICY, .name = called};
	scoped_json_text char *text = NULL;
	size_t len = 0;
	enum fault fault;

	*ret = (struct version){.number = 0};
	*ret_serial = 0;
	if (value == NULL)
		return FAULT_NONE;
	fault = unseal(fleet, &name, value, &text, &len);
	if (fault != FAULT_NONE)
		return fault;
	*ret_serial = name.serial;
	fault = version_parse(text, len, ret);
	return fault == FAULT_NONE
	    ? fault
	    : kept_say(
		  fleet, fault, "the fleet's policy is not as tfa writes it");
}

void
kept_done(struct kept *kept)
{
	version_done(&kept->version);
}

enum fault
kept_read(struct fleet *fleet, int dir, struct kept *ret)
{
	scoped_copy struct copy charter = {.time_s = 0};
	scoped_copy struct copy policy = {.time_s = 0};
	scoped_fd int folder = open_kept(dir);
	struct kept kept = {.checked_s = 0};
	uint64_t serial;
	enum fault fault;

	if (folder < 0)
		return say_file(fleet, "");
	fault = copy_read(fleet, folder, &charter_piece, &charter);
	if (fault == FAULT_NONE && charter.value == NULL)
		fault = FAULT_FORMAT;
	if (fault == FAULT_NONE)
		fault = copy_read(fleet, folder, &policy_piece, &policy);
	if (fault == FAULT_NONE)
		fault = open_charter(
		    fleet, charter.value, &kept.charter, &serial);
	if (fault == FAULT_NONE)
		fault = open_version(
		    fleet, "", policy.value, &kept.version, &serial);
	if (fault != FAULT_NONE)
		return fault;
	memcpy(kept.charter_mark, charter.mark, TALK_MARK);
	memcpy(kept.policy_mark, policy.mark, TALK_MARK);
	kept.checked_s = policy.time_s;
	*ret = kept;
	return FAULT_NONE;
}

static int64_t
get_until(const struct fleet *fleet)
{
	return clock_ms() + fleet->get_ms;
}

/* The requests of one fetch have these in common.  All of them together have
 * the time of one: an engine that answers late, again and again, keeps nobody
 * waiting. */
struct fetching {
	struct fleet *fleet;
	int folder;
	int64_t now_s, until_ms;
};

/* Gets the charter. */
static enum fault
fetch_charter(const struct fetching *f, struct kept *kept)
{
	struct fleet *fleet = f->fleet;
	static const struct talk_marks none;
	scoped_answer struct talk_answer answer = {.status = 0};
	struct copy copy = {.time_s = f->now_s};
	uint64_t serial = 0;
	enum fault fault = talk_get(
	    &fleet->line, FLEET_CHARTER, &none, f->until_ms, &answer);

	if (fault != FAULT_NONE)
		return fault;
	if (answer.value == NULL)
		return kept_say(fleet, FAULT_ABSENT,
		    "the shared store has no fleet under this prefix");
	fault = open_charter(fleet, answer.value, &kept->charter, &serial);
	if (fault != FAULT_NONE)
		return fault;
	memcpy(kept->charter_mark, answer.mark, TALK_MARK);
	memcpy(copy.mark, answer.mark, TALK_MARK);
	copy.value = answer.value;
	return piece_note(fleet, f->folder, &charter_piece, serial,
	    (uint64_t)kept->charter.epoch, &copy);
}

/* Gets the policy.  FAULT_STALE: the charter is another one than kept's. */
static enum fault
fetch_policy(const struct fetching *f, struct kept *kept)
{
	struct fleet *fleet = f->fleet;
	static const struct talk_marks want = {.fleet = "0"};
	scoped_answer struct talk_answer answer = {.status = 0};
	struct copy copy = {.time_s = f->now_s};
	uint64_t serial = 0;
	enum fault fault = talk_get(
	    &fleet->line, FLEET_POLICY, &want, f->until_ms, &answer);

	if (fault != FAULT_NONE)
		return fault;
	if (strcmp(answer.with.fleet, kept->charter_mark) != 0)
		return FAULT_STALE;
	fault = open_version(fleet, "", answer.value, &kept->version, &serial);
	if (fault != FAULT_NONE)
		return fault;
	memcpy(kept->policy_mark, answer.mark, TALK_MARK);
	memcpy(copy.mark, answer.mark, TALK_MARK);
	copy.value = answer.value;
	memcpy(kept->revision, answer.revision, TALK_MARK);
	kept->checked_s = f->now_s;
	fault = piece_note(fleet, f->folder, &policy_piece, serial,
	    (uint64_t)kept->charter.epoch, &copy);
	if (fault != FAULT_NONE)
		version_done(&kept->version);
	return fault;
}

/* The charter of the copy counts as long as its mark does. */
static void
begin_with_copy(struct fleet *fleet, int dir, struct kept *kept)
{
	if (kept_read(fleet, dir, kept) == FAULT_NONE)
		version_done(&kept->version);
	else
		*kept = (struct kept){.checked_s = 0};
}

enum fault
kept_fetch(struct fleet *fleet, int dir, int64_t now_s, struct kept *ret)
{
	scoped_fd int folder = open_kept(dir);
	const struct fetching f = {fleet, folder, now_s, get_until(fleet)};
	struct kept kept = {.checked_s = 0};
	enum fault fault = FAULT_STALE;

	if (folder < 0)
		return say_file(fleet, "");
	begin_with_copy(fleet, dir, &kept);
	for (int i = 0; fault == FAULT_STALE && i < TRIES; i++) {
		fault = FAULT_NONE;
		if (i > 0 || kept.charter_mark[0] == '\0')
			fault = fetch_charter(&f, &kept);
		if (fault == FAULT_NONE)
			fault = fetch_policy(&f, &kept);
	}
	if (fault == FAULT_NONE)
		*ret = kept;
	return fault == FAULT_STALE
	    ? kept_say(
		  fleet, FAULT_AWAY, "the fleet's charter changes all the time")
	    : fault;
}

void
kept_use(struct fleet *fleet, const struct kept *kept)
{
	fleet->replaced = false;
	fleet->epoch = (uint64_t)kept->charter.epoch;
	fleet->marks = (struct talk_marks){.present = true};
	memcpy(fleet->marks.fleet, kept->charter_mark, TALK_MARK);
	memcpy(fleet->marks.policy, kept->policy_mark, TALK_MARK);
}

/* An earlier version's key; what its seal calls it is the number alone. */
static const char *
name_earlier(int64_t number, char ret[static EARLIER])
{
	snprintf(ret, EARLIER, FLEET_POLICY "/%" PRId64, number);
	return ret + sizeof(FLEET_POLICY);
}

/* Seals a version under the key and the name that its seal has. */
static enum fault
put_version(struct fleet *fleet, const struct kept *kept, const char *key,
    const char *called, const char *mark, const struct version *version,
    struct talk_answer *ret)
{
	const struct talk_marks also = {.present = true};
	const struct seal_name name = {.kind = SEAL_POLICY,
	    .name = called,
	    .serial = SEAL_SERIAL(
		kept->charter.epoch, (uint64_t)version->number)};
	scoped_sealed struct sealed sealed = {.bytes = NULL};
	struct talk_marks holds = also;
	scoped_free char *text = NULL;
	size_t len = 0;
	enum fault fault = version_format(version, &text, &len);

	if (fault == FAULT_NONE)
		fault = seal_close(fleet->ring, &name, text, len, &sealed);
	if (fault != FAULT_NONE)
		return fault;
	memcpy(holds.fleet, kept->charter_mark, TALK_MARK);
	return talk_put(&fleet->line, key, mark, &sealed, &holds,
	    clock_ms() + fleet->put_ms, ret);
}

/* Keeps the version in force under its number.  What a change that was killed
 * left there is the same. */
static enum fault
keep_current(struct fleet *fleet, const struct kept *kept)
{
	char key[EARLIER], mark[TALK_MARK] = "0";
	const char *called;
	enum fault fault = FAULT_STALE;

	if (kept->version.number == 0)
		return FAULT_NONE;
	called = name_earlier(kept->version.number, key);
	for (int i = 0; fault == FAULT_STALE && i < TRIES; i++) {
		scoped_answer struct talk_answer answer = {.status = 0};

		fault = put_version(
		    fleet, kept, key, called, mark, &kept->version, &answer);
		if (fault == FAULT_STALE)
			memcpy(mark, answer.mark, TALK_MARK);
	}
	return fault == FAULT_STALE || fault == FAULT_UNSURE
	    ? kept_say(fleet, FAULT_AWAY, "the policy in force cannot be kept")
	    : fault;
}

/* A version that is left where it should be gone harms nobody. */
static void
drop_earlier(struct fleet *fleet, int64_t number)
{
	static const struct talk_marks none;
	scoped_answer struct talk_answer answer = {.status = 0};
	scoped_answer struct talk_answer removed = {.status = 0};
	char key[EARLIER];

	name_earlier(number, key);
	if (number < 1 ||
	    talk_get(&fleet->line, key, &none, get_until(fleet), &answer) !=
		FAULT_NONE ||
	    answer.value == NULL)
		return;
	(void)!talk_remove(&fleet->line, key, answer.mark,
	    clock_ms() + fleet->put_ms, &removed);
}

/* Puts it in place of the version that kept has. */
static enum fault
put_next(struct fleet *fleet, int dir, const struct kept *kept,
    const struct kept_next *next)
{
	scoped_answer struct talk_answer answer = {.status = 0};
	struct store store = {.dir = dir};
	struct version version = {.number = kept->version.number + 1,
	    .at_s = next->now_s,
	    .text = (char *)(uintptr_t)next->text,
	    .len = next->len};
	enum fault fault;

	snprintf(version.by, sizeof(version.by), "%s", next->by);
	snprintf(version.what, sizeof(version.what), "%s", next->what);
	fault = keep_current(fleet, kept);
	if (fault == FAULT_NONE)
		fault = put_version(fleet, kept, FLEET_POLICY, "",
		    kept->policy_mark, &version, &answer);
	if (fault != FAULT_NONE)
		return fault;
	drop_earlier(fleet, kept->version.number - VERSIONS_KEPT);
	fault = fleet_note_put(&store, answer.mark);
	return fault == FAULT_NONE
	    ? fault
	    : say_store(fleet, fault, "the policy is in force, but ", &store);
}

/* Each put makes the engine's revision higher: a restored store must not pass by
 * that for the one that was known.  Who only reads is told by the records. */
static enum fault
fetch_to_put(struct fleet *fleet, int dir, int64_t now_s, struct kept *ret)
{
	struct store store = {.dir = dir};
	struct kept kept;
	uint64_t seen = 0;
	enum fault fault = fleet_revision_seen(&store, &seen);

	if (fault != FAULT_NONE)
		return say_store(fleet, fault, "", &store);
	fault = kept_fetch(fleet, dir, now_s, &kept);
	if (fault != FAULT_NONE)
		return fault;
	fault = fleet_judge_revision(&store, kept.revision, seen, true);
	if (fault == FAULT_NONE) {
		*ret = kept;
		return fault;
	}
	kept_done(&kept);
	return say_store(fleet, fault, "", &store);
}

enum fault
kept_put(struct fleet *fleet, int dir, const struct kept_next *next,
    struct version *ret_theirs)
{
	struct kept kept;
	enum fault fault;

	if (next->len > KEPT_TEXT)
		return kept_say(fleet, FAULT_LIMIT,
		    "a fleet's policy may have %lu bytes", KEPT_TEXT);
	fault = fetch_to_put(fleet, dir, next->now_s, &kept);
	if (fault != FAULT_NONE)
		return fault;
	if (!charter_takes_policy(&kept.charter, next->text, next->len)) {
		kept_done(&kept);
		return kept_say(fleet, FAULT_ACCESS,
		    "bastions with an older tfa cannot read a policy with "
		    "hardware keys: tfa-admin store level");
	}
	fault = strcmp(kept.policy_mark, next->mark) == 0
	    ? put_next(fleet, dir, &kept, next)
	    : FAULT_STALE;
	if (fault == FAULT_STALE && strcmp(kept.policy_mark, next->mark) == 0) {
		kept_done(&kept);
		fault = kept_fetch(fleet, dir, next->now_s, &kept);
		if (fault != FAULT_NONE)
			return fault;
		fault = FAULT_STALE;
	}
	if (fault == FAULT_STALE) {
		*ret_theirs = kept.version;
		return fault;
	}
	kept_done(&kept);
	if (fault == FAULT_NONE &&
	    kept_fetch(fleet, dir, next->now_s, &kept) == FAULT_NONE)
		kept_done(&kept);
	return fault;
}

enum fault
kept_earlier(struct fleet *fleet, int64_t number, struct version *ret)
{
	static const struct talk_marks none;
	scoped_answer struct talk_answer answer = {.status = 0};
	const char *called;
	char key[EARLIER];
	uint64_t serial;
	enum fault fault;

	called = name_earlier(number, key);
	fault = talk_get(&fleet->line, key, &none, get_until(fleet), &answer);
	if (fault != FAULT_NONE)
		return fault;
	if (answer.value == NULL)
		return FAULT_ABSENT;
	return open_version(fleet, called, answer.value, ret, &serial);
}
