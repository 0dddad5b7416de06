/*
 * The journal on disk: /var/lib/tfa-setup/journal.json, beside a copy of each
 * file that a stage changes, which has the stage's number as its name.  Only
 * root can read them.  A crash leaves the old journal or the new one whole
 * (file_replace()), and a stage begins only when the journal says so.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "admin/setup/setup.h"

#define LOCK        "/run/tfa-setup.lock"
#define JOURNAL_MAX 65536

static const char *const state_words[] = {
    "", "changing", "waiting", "done", NULL};

/* As in enum stage_kind.  A journal outlives an upgrade: these words, and
 * "steps" and "login" below, stay as its first version has them. */
static const char *const kind_words[] = {"", "user_add", "user_delete",
    "folder_make", "folder_remove", "file_write", "file_remove", "keeper_start",
    "keeper_stop", "sshd_before", "sshd_check", "sshd_reload", "keeper_before",
    "door_stop", "door_try", "door_start", NULL};

/* A row: kind and need without JSON_, the struct by its name. */
#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field stage_fields[] = {
    ROW(CHOICE, stage, "kind", REQUIRED, kind, kind_words),
    ROW(TEXT, stage, "path", MAYBE, path),
    ROW(NUMBER, stage, "mode", REQUIRED, mode, 0, 07777),
    ROW(TEXT, stage, "owner", MAYBE, owner),
    ROW(FLAG, stage, "existed", REQUIRED, existed),
    ROW(NUMBER, stage, "old_mode", REQUIRED, old_mode, 0, 07777),
    ROW(NUMBER, stage, "old_uid", REQUIRED, old_uid, 0, UINT32_MAX),
    ROW(NUMBER, stage, "old_gid", REQUIRED, old_gid, 0, UINT32_MAX),
};
static const struct json_shape stage_shape = JSON_SHAPE(stage_fields, NULL);

static const struct json_field stage_item = JSON_ITEM_OBJECT(
    struct stage, &stage_shape);

static const struct json_field journal_fields[] = {
    ROW(NUMBER, journal, "version", REQUIRED, version, 1, 1),
    ROW(CHOICE, journal, "state", REQUIRED, state, state_words),
    ROW(NUMBER, journal, "begun", REQUIRED, begun, 0, SETUP_STAGES),
    ROW(TIME, journal, "until", REQUIRED, until_s),
    ROW(TEXT, journal, "boot", MAYBE, boot),
    ROW(NUMBER, journal, "ends_s", REQUIRED, ends_s, 0, INT64_C(1) << 52),
    ROW(NUMBER, journal, "wait_s", REQUIRED, wait_s, 0, 86400),
    ROW(NUMBER, journal, "loaded", REQUIRED, loaded, 0, INT64_C(1) << 52),
    ROW(TEXT, journal, "login", MAYBE, ssh),
    ROW(LIST, journal, "steps", REQUIRED, plan.stages, SETUP_STAGES,
	&stage_item),
};
static const struct json_shape journal_shape = JSON_SHAPE(journal_fields, NULL);

static int
lock_by(int flags)
{
	scoped_fd int fd = open(
	    LOCK, O_RDWR | O_NOFOLLOW | O_CLOEXEC | flags, 0600);
	struct stat st;

	/* Only root may hold it: another user who did would keep an
	 * unconfirmed setup from being put back. */
	if (fd < 0 || fstat(fd, &st) < 0 || st.st_uid != 0 ||
	    (st.st_mode & 077) != 0 || flock(fd, LOCK_EX | LOCK_NB) < 0)
		return -1;
	return take_fd(&fd);
}

int
journal_lock(void)
{
	return lock_by(O_CREAT);
}

int
journal_lock_present(void)
{
	return lock_by(0);
}

enum fault
journal_load(struct journal *ret)
{
	scoped_fd int folder = journal_folder(false);
	scoped_fd int fd = -1;
	scoped_free char *text = NULL;
	struct json_error error = {.line = 0};
	size_t len = 0;
	enum fault fault;

	if (folder < 0)
		return errno == ENOENT ? FAULT_ABSENT : FAULT_ACCESS;
	fd = openat(folder, JOURNAL_NAME, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? FAULT_ABSENT : FAULT_IO;
	fault = file_read(fd, JOURNAL_MAX + 1, &text, &len);
	if (fault != FAULT_NONE)
		return fault;
	*ret = (struct journal){.version = 0};
	fault = json_read(&journal_shape, text, len, JOURNAL_MAX, ret, &error);
	for (size_t i = 0; i < ret->plan.stages.count; i++)
		ret->plan.stages.items[i].number = i;
	if (fault != FAULT_NONE)
		admin_say(JOURNAL_PATH ":%d: %s: %s", error.line, error.path,
		    error.text);
	return fault;
}

enum fault
journal_write(const struct journal *journal)
{
	scoped_fd int folder = journal_folder(true);
	scoped_free char *text = NULL;
	enum fault fault;

	if (folder < 0)
		return FAULT_IO;
	fault = json_write(&journal_shape, journal, true, &text);
	if (fault != FAULT_NONE)
		return fault;
	return file_replace(folder, JOURNAL_NAME, ".journal.new", 0600, 0, 0,
	    text, strlen(text));
}

bool
journal_exists(void)
{
	return access(JOURNAL_PATH, F_OK) == 0 || errno != ENOENT;
}

void
journal_set_end(struct journal *journal, int64_t wait_s)
{
	journal->wait_s = wait_s;
	journal->until_s = time(NULL) + wait_s;
	boot_name(journal->boot);
	journal->ends_s = boot_now_s() + wait_s;
}

int64_t
journal_left_s(const struct journal *journal)
{
	int64_t left_s = boot_is(journal->boot) ? journal->ends_s - boot_now_s()
						: journal->until_s - time(NULL);

	if (left_s < 0)
		return 0;
	return left_s < journal->wait_s ? left_s : journal->wait_s;
}

void
journal_done(struct journal *journal)
{
	plan_done(&journal->plan);
}

void
journal_delete(void)
{
	scoped_fd int folder = journal_folder(false);

	if (folder >= 0)
		unlinkat(folder, JOURNAL_NAME, 0);
	folder_remove(JOURNAL_FOLDER);
}
