/*
 * Each kind of step: what it says, does and undoes.  Undoing may come after a
 * crash, in another process, for a step that was done, half done or not yet
 * done: all three end in what was there before.
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "admin/setup/setup.h"

static bool
fail(const char *path)
{
	admin_say("%s: %s", path, strerror(errno));
	return false;
}

/* Replaces a file, or with NULL takes it away. */
static bool
put_file(const char *path, const char *text, size_t len, mode_t mode, uid_t uid,
    gid_t gid)
{
	const char *name = strrchr(path, '/') + 1;
	char folder[PATH_MAX], new[NAME_MAX];
	scoped_fd int fd = -1;

	snprintf(folder, sizeof(folder), "%.*s", (int)(name - path), path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return (text == NULL && errno == ENOENT) || fail(folder);
	if (text == NULL)
		return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) < 0 ||
		    unlinkat(fd, name, 0) == 0 || fail(path);
	snprintf(new, sizeof(new), ".%.200s.new", name);
	return file_replace(fd, name, new, mode, uid, gid, text, len) ==
	    FAULT_NONE ||
	    fail(path);
}

static bool
write_file(const struct step *step)
{
	return put_file(step->path, step->text, strlen(step->text),
	    (mode_t)step->mode, 0, 0);
}

static bool
remove_file(const struct step *step)
{
	return put_file(step->path, NULL, 0, 0, 0, 0);
}

/* Whether the step has not changed its file, or it is put back already. */
static bool
is_restored(const struct step *step, const char *text, size_t len)
{
	scoped_fd int fd = open(
	    step->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_free char *now = NULL;
	size_t now_len = 0;
	struct stat st;

	return fd >= 0 && fstat(fd, &st) == 0 &&
	    (st.st_mode & 07777) == (mode_t)step->old_mode &&
	    st.st_uid == (uid_t)step->old_uid &&
	    st.st_gid == (gid_t)step->old_gid &&
	    file_read(fd, SETUP_FILE_MAX, &now, &now_len) == FAULT_NONE &&
	    now_len == len && memcmp(now, text, len) == 0;
}

/* The copy that step_save() made comes back. */
static bool
restore_file(const struct step *step, size_t number)
{
	scoped_fd int folder = journal_folder(false);
	scoped_fd int fd = -1;
	scoped_free char *text = NULL;
	char name[24];
	size_t len = 0;

	if (!step->existed)
		return remove_file(step);
	snprintf(name, sizeof(name), "%zu", number);
	fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || file_read(fd, SETUP_FILE_MAX, &text, &len) != FAULT_NONE)
		return fail(step->path);
	return is_restored(step, text, len) ||
	    put_file(step->path, text, len, (mode_t)step->old_mode,
		(uid_t)step->old_uid, (gid_t)step->old_gid);
}

static bool
ran(const char *what, int status)
{
	if (status == 0)
		return true;
	admin_say("%s failed (%d)", what, status);
	return false;
}

/* By systemd where it is at hand, as a package would; else as root would. */
static bool
add_user(const struct step *step)
{
	char line[SETUP_PATH + 96], uid[24];

	if (getpwnam(step->path) != NULL)
		return true;
	if (step->existed) { /* a user that was deleted: the same again */
		snprintf(uid, sizeof(uid), "%lld", (long long)step->old_uid);
		return ran("useradd",
		    command_run(COMMAND("useradd", "--system", "--uid", uid,
				    "--user-group", "--no-create-home",
				    "--home-dir", SETUP_STORE, "--shell",
				    "/usr/sbin/nologin", step->path),
			NULL));
	}
	snprintf(line, sizeof(line),
	    "u %s - \"second-factor keeper\" " SETUP_STORE " /usr/sbin/nologin",
	    step->path);
	if (command_exists("systemd-sysusers"))
		return ran("systemd-sysusers",
		    command_run(
			COMMAND("systemd-sysusers", "--inline", line), NULL));
	return ran("useradd",
	    command_run(COMMAND("useradd", "--system", "--user-group",
			    "--no-create-home", "--home-dir", SETUP_STORE,
			    "--shell", "/usr/sbin/nologin", step->path),
		NULL));
}

static bool
delete_user(const struct step *step)
{
	if (getpwnam(step->path) != NULL &&
	    !ran("userdel", command_run(COMMAND("userdel", step->path), NULL)))
		return false;
	if (getgrnam(step->path) == NULL)
		return true;
	return ran(
	    "groupdel", command_run(COMMAND("groupdel", step->path), NULL));
}

static bool
check_sshd(const struct step *step)
{
	scoped_free char *got = NULL;

	if (!sshd_test(NULL)) {
		admin_say("sshd -t refuses the configuration");
		return false;
	}
	if (step->text == NULL)
		return true;
	got = sshd_force_command(step->owner);
	if (got != NULL && strncmp(got, step->text, strlen(step->text)) == 0)
		return true;
	admin_say(
	    "sshd would run \"%s\" for %s, not \"%s\": something in " SETUP_SSHD
	    " comes first; tfa-admin doctor says what",
	    got != NULL ? got : "?", step->owner, step->text);
	return false;
}

static const struct {
	const char *name;
	const char *text; /* what step_describe() says; %s is the path */
} kinds[] = {
    [STEP_NONE] = {"", ""},
    [STEP_USER_ADD] = {"add user", "add the system user %s"},
    [STEP_USER_DELETE] = {"delete user", "delete the user %s"},
    [STEP_FOLDER_MAKE] = {"make folder", "make the folder %s"},
    [STEP_FOLDER_REMOVE] = {"remove folder",
	"remove the folder %s and all that is in it"},
    [STEP_FILE_WRITE] = {"write file", "write %s"},
    [STEP_FILE_REMOVE] = {"remove file", "remove %s"},
    [STEP_KEEPER_START] = {"start keeper",
	"systemctl daemon-reload; systemctl enable --now %s"},
    [STEP_KEEPER_STOP] = {"stop keeper", "stop the keeper, %s"},
    [STEP_SSHD_BEFORE] = {"", ""},
    [STEP_SSHD_CHECK] = {"check sshd", "check: %s"},
    [STEP_SSHD_RELOAD] = {"reload sshd", "reload sshd: %s"},
    [STEP_KEEPER_BEFORE] = {"", ""},
};

const char *
step_name(enum step_kind kind)
{
	return kinds[kind].name;
}

void
step_describe(const struct step *step, char *ret, size_t size)
{
	const char *text = kinds[step->kind].text;
	const char *place = strstr(text, "%s");

	if (place == NULL) {
		ret[0] = '\0';
		return;
	}
	snprintf(ret, size, "%.*s%s%s", (int)(place - text), text, step->path,
	    place + 2);
}

static bool
save_file(const struct step *step, size_t number)
{
	scoped_fd int folder = journal_folder(true);
	scoped_fd int fd = open(
	    step->path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	scoped_free char *text = NULL;
	char name[24];
	size_t len = 0;

	if (fd < 0 || folder < 0 ||
	    file_read(fd, SETUP_FILE_MAX + 1, &text, &len) != FAULT_NONE)
		return fail(step->path);
	if (len > SETUP_FILE_MAX) {
		admin_say(
		    "%s: larger than %lu bytes", step->path, SETUP_FILE_MAX);
		return false;
	}
	snprintf(name, sizeof(name), "%zu", number);
	return file_replace(folder, name, ".copy.new", 0600, 0, 0, text, len) ==
	    FAULT_NONE ||
	    fail(step->path);
}

static bool
save_user(struct step *step)
{
	const struct passwd *pw = getpwnam(step->path);

	step->existed = pw != NULL;
	step->old_uid = pw != NULL ? pw->pw_uid : 0;
	return true;
}

bool
step_save(struct step *step, size_t number)
{
	struct stat st;

	if (step->kind == STEP_USER_ADD || step->kind == STEP_USER_DELETE)
		return save_user(step);
	if (step->path[0] != '/')
		return true;
	step->existed = lstat(step->path, &st) == 0;
	if (!step->existed)
		return errno == ENOENT || fail(step->path);
	step->old_mode = st.st_mode & 07777;
	step->old_uid = st.st_uid;
	step->old_gid = st.st_gid;
	if (step->kind == STEP_FILE_WRITE || step->kind == STEP_FILE_REMOVE)
		return save_file(step, number);
	return true;
}

bool
step_do(const struct step *step)
{
	switch ((enum step_kind)step->kind) {
	case STEP_NONE:
		return false;
	case STEP_USER_ADD:
		return add_user(step);
	case STEP_USER_DELETE:
		return delete_user(step);
	case STEP_FOLDER_MAKE:
		return folder_make(step);
	case STEP_FOLDER_REMOVE:
		return folder_set_aside(step->path);
	case STEP_FILE_WRITE:
		return write_file(step);
	case STEP_FILE_REMOVE:
		return remove_file(step);
	case STEP_KEEPER_START:
		return keeper_start();
	case STEP_KEEPER_STOP:
		return keeper_stop();
	case STEP_SSHD_BEFORE:
	case STEP_KEEPER_BEFORE:
		return true;
	case STEP_SSHD_CHECK:
		return check_sshd(step);
	case STEP_SSHD_RELOAD:
		return sshd_reload();
	}
	return false;
}

bool
step_undo(const struct step *step, size_t number)
{
	switch ((enum step_kind)step->kind) {
	case STEP_NONE:
		return false;
	case STEP_USER_ADD:
		return step->existed || delete_user(step);
	case STEP_USER_DELETE:
		return !step->existed || add_user(step);
	case STEP_FOLDER_MAKE:
		return folder_unmake(step);
	case STEP_FOLDER_REMOVE:
		return folder_put_back(step->path);
	case STEP_FILE_WRITE:
	case STEP_FILE_REMOVE:
		return restore_file(step, number);
	case STEP_KEEPER_START:
	case STEP_KEEPER_BEFORE:
		return keeper_stop();
	case STEP_KEEPER_STOP:
		return keeper_restart();
	case STEP_SSHD_BEFORE:
		return sshd_reload();
	case STEP_SSHD_CHECK:
	case STEP_SSHD_RELOAD:
		return true;
	}
	return false;
}

void
step_clear(const struct step *step)
{
	if (step->kind == STEP_FOLDER_REMOVE)
		folder_clear_aside(step->path);
}
