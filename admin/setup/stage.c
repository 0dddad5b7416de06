#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/setup/setup.h"
#include "store/base/cleanup.h"

static bool
ran(const char *const argv[])
{
	int status = command_run(argv, NULL);

	if (status != 0)
		admin_say("%s failed (%d)", argv[0], status);
	return status == 0;
}

/* uid: NULL for any. */
static bool
useradd(const char *name, const char *uid)
{
	return ran(COMMAND("useradd", "--system", "--user-group",
	    "--no-create-home", "--home-dir", SETUP_STORE, "--shell",
	    "/usr/sbin/nologin", name, uid != NULL ? "--uid" : NULL, uid));
}

/* Uses systemd's tool where there is one, as a package would. */
static bool
user_add(const struct stage *stage)
{
	const char *name = stage->path;
	char line[SETUP_PATH + 96];

	if (getpwnam(name) != NULL)
		return true;
	snprintf(line, sizeof(line),
	    "u %s - \"second-factor keeper\" " SETUP_STORE " /usr/sbin/nologin",
	    name);
	if (command_exists("systemd-sysusers"))
		return ran(COMMAND("systemd-sysusers", "--inline", line));
	return useradd(name, NULL);
}

static bool
user_delete(const struct stage *stage)
{
	const char *name = stage->path;

	if (getpwnam(name) != NULL && !ran(COMMAND("userdel", name)))
		return false;
	return getgrnam(name) == NULL || ran(COMMAND("groupdel", name));
}

static bool
user_undo_add(const struct stage *stage)
{
	return stage->existed || user_delete(stage);
}

/* The deleted user comes back with the uid that owns the files. */
static bool
user_undo_delete(const struct stage *stage)
{
	char uid[24];

	if (!stage->existed || getpwnam(stage->path) != NULL)
		return true;
	snprintf(uid, sizeof(uid), "%lld", (long long)stage->old_uid);
	return useradd(stage->path, uid);
}

static bool
user_save(struct stage *stage)
{
	const struct passwd *pw = getpwnam(stage->path);

	stage->existed = pw != NULL;
	stage->old_uid = pw != NULL ? pw->pw_uid : 0;
	return true;
}

static bool
path_save(struct stage *stage)
{
	struct stat st;

	stage->existed = lstat(stage->path, &st) == 0;
	if (!stage->existed)
		return errno == ENOENT || setup_fail(stage->path);
	stage->old_mode = st.st_mode & 07777;
	stage->old_uid = st.st_uid;
	stage->old_gid = st.st_gid;
	return true;
}

static bool
file_save(struct stage *stage)
{
	return path_save(stage) && (!stage->existed || files_save(stage));
}

static bool
check_sshd(const struct stage *stage)
{
	scoped_free char *command = NULL;

	if (!sshd_test()) {
		admin_say("sshd -t refuses the configuration");
		return false;
	}
	if (stage->text == NULL)
		return true;
	command = sshd_force_command(stage->owner);
	if (command != NULL &&
	    strncmp(command, stage->text, strlen(stage->text)) == 0)
		return true;
	admin_say("sshd would run \"%s\" for %s, not \"%s\": tfa-admin doctor "
		  "says which line is to blame",
	    command != NULL ? command : "?", stage->owner, stage->text);
	return false;
}

const char *const stage_names[] = {"", "add user", "delete user", "make folder",
    "remove folder", "write file", "remove file", "start keeper", "stop keeper",
    "before sshd", "check sshd", "reload sshd", "before keeper", "stop door",
    "try door", "start door", NULL};

/* The text that each kind shows, with the path in place of %s, and its
 * functions.  NULL: there is nothing to show, save, do, undo or delete. */
static const struct {
	const char *shown;
	bool (*save)(struct stage *stage);
	bool (*run)(const struct stage *stage);
	bool (*undo)(const struct stage *stage);
	bool (*clear)(const struct stage *stage);
} kinds[] = {
    [STAGE_USER_ADD] = {"add the system user %s", user_save, user_add,
	user_undo_add, NULL},
    [STAGE_USER_DELETE] = {"delete the user %s", user_save, user_delete,
	user_undo_delete, NULL},
    [STAGE_FOLDER_MAKE] = {"make the folder %s", path_save, folder_make,
	folder_unmake, NULL},
    [STAGE_FOLDER_REMOVE] = {"remove the folder %s and all that is in it",
	path_save, folder_set_aside, folder_put_back, folder_clear_aside},
    [STAGE_FILE_WRITE] = {"write %s", file_save, files_put, files_restore,
	NULL},
    [STAGE_FILE_REMOVE] = {"remove %s", file_save, files_put, files_restore,
	NULL},
    [STAGE_KEEPER_START] = {"systemctl daemon-reload; systemctl enable --now "
			    "%s",
	NULL, keeper_start, keeper_stop, NULL},
    [STAGE_KEEPER_STOP] = {"stop the keeper, %s", NULL, keeper_stop,
	keeper_restart, NULL},
    [STAGE_SSHD_BEFORE] = {NULL, NULL, NULL, sshd_reload, NULL},
    [STAGE_SSHD_CHECK] = {"check: %s", NULL, check_sshd, NULL, NULL},
    [STAGE_SSHD_RELOAD] = {"reload sshd: %s", NULL, sshd_reload, NULL, NULL},
    [STAGE_KEEPER_BEFORE] = {NULL, NULL, NULL, keeper_stop, NULL},
    [STAGE_DOOR_STOP] = {"stop the door: %s", NULL, door_stop, door_start,
	NULL},
    [STAGE_DOOR_TRY] = {"check: a login at port %s with a key but no code "
			"opens nothing",
	NULL, door_trial, door_trial_clean, NULL},
    [STAGE_DOOR_START] = {"start the door: %s", NULL, door_start, door_stop,
	NULL},
};

void
stage_describe(const struct stage *stage, char *ret, size_t size)
{
	const char *shown = kinds[stage->kind].shown;
	const char *path = shown != NULL ? strstr(shown, "%s") : NULL;

	ret[0] = '\0';
	if (path != NULL)
		snprintf(ret, size, "%.*s%s%s", (int)(path - shown), shown,
		    stage->path, path + 2);
}

bool
stage_save(struct stage *stage)
{
	return kinds[stage->kind].save == NULL ||
	    kinds[stage->kind].save(stage);
}

bool
stage_do(const struct stage *stage)
{
	return stage->kind != STAGE_NONE &&
	    (kinds[stage->kind].run == NULL || kinds[stage->kind].run(stage));
}

bool
stage_undo(const struct stage *stage)
{
	return stage->kind != STAGE_NONE &&
	    (kinds[stage->kind].undo == NULL || kinds[stage->kind].undo(stage));
}

void
stage_clear(const struct stage *stage)
{
	if (kinds[stage->kind].clear != NULL)
		kinds[stage->kind].clear(stage);
}
