#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "admin/setup/setup.h"
#include "store/base/cleanup.h"

static bool
ran(const char *program, int status)
{
	if (status == 0)
		return true;
	admin_say("%s failed (%d)", program, status);
	return false;
}

/* With systemd's tool where it is at hand, as a package would. */
static bool
make_user(const char *name)
{
	char line[SETUP_PATH + 96];

	snprintf(line, sizeof(line),
	    "u %s - \"second-factor keeper\" " SETUP_STORE " /usr/sbin/nologin",
	    name);
	if (command_exists("systemd-sysusers"))
		return ran("systemd-sysusers",
		    command_run(
			COMMAND("systemd-sysusers", "--inline", line), NULL));
	return ran("useradd",
	    command_run(COMMAND("useradd", "--system", "--user-group",
			    "--no-create-home", "--home-dir", SETUP_STORE,
			    "--shell", "/usr/sbin/nologin", name),
		NULL));
}

static bool
add_user(const struct stage *stage)
{
	return getpwnam(stage->path) != NULL || make_user(stage->path);
}

static bool
delete_user(const struct stage *stage)
{
	const char *name = stage->path;

	if (getpwnam(name) != NULL &&
	    !ran("userdel", command_run(COMMAND("userdel", name), NULL)))
		return false;
	return getgrnam(name) == NULL ||
	    ran("groupdel", command_run(COMMAND("groupdel", name), NULL));
}

static bool
undo_add_user(const struct stage *stage)
{
	return stage->existed || delete_user(stage);
}

/* The deleted user comes back with the uid that owns the files. */
static bool
undo_delete_user(const struct stage *stage)
{
	char uid[24];

	if (!stage->existed || getpwnam(stage->path) != NULL)
		return true;
	snprintf(uid, sizeof(uid), "%lld", (long long)stage->old_uid);
	return ran("useradd",
	    command_run(
		COMMAND("useradd", "--system", "--uid", uid, "--user-group",
		    "--no-create-home", "--home-dir", SETUP_STORE, "--shell",
		    "/usr/sbin/nologin", stage->path),
		NULL));
}

static bool
save_user(struct stage *stage)
{
	const struct passwd *pw = getpwnam(stage->path);

	stage->existed = pw != NULL;
	stage->old_uid = pw != NULL ? pw->pw_uid : 0;
	return true;
}

static bool
save_path(struct stage *stage)
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
save_file(struct stage *stage)
{
	return save_path(stage) && (!stage->existed || files_save(stage));
}

static bool
write_file(const struct stage *stage)
{
	return files_put(stage, stage->text);
}

static bool
remove_file(const struct stage *stage)
{
	return files_put(stage, NULL);
}

static bool
start_keeper(const struct stage *stage)
{
	(void)stage;
	return keeper_start();
}

static bool
stop_keeper(const struct stage *stage)
{
	(void)stage;
	return keeper_stop();
}

static bool
restart_keeper(const struct stage *stage)
{
	(void)stage;
	return keeper_restart();
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
	admin_say("sshd would run \"%s\" for %s, not \"%s\": run tfa-admin "
		  "doctor to see which line is to blame",
	    command != NULL ? command : "?", stage->owner, stage->text);
	return false;
}

static bool
reload_sshd(const struct stage *stage)
{
	(void)stage;
	return sshd_reload();
}

const char *const stage_names[] = {"", "add user", "delete user", "make folder",
    "remove folder", "write file", "remove file", "start keeper", "stop keeper",
    "before sshd", "check sshd", "reload sshd", "before keeper", NULL};

/* What each kind shows, with its path in place of %s, and does.  NULL: there is
 * nothing to show, to save, to do, to undo or to delete. */
static const struct {
	const char *shown;
	bool (*save)(struct stage *stage);
	bool (*run)(const struct stage *stage);
	bool (*undo)(const struct stage *stage);
	bool (*clear)(const struct stage *stage);
} kinds[] = {
    [STAGE_USER_ADD] = {"add the system user %s", save_user, add_user,
	undo_add_user, NULL},
    [STAGE_USER_DELETE] = {"delete the user %s", save_user, delete_user,
	undo_delete_user, NULL},
    [STAGE_FOLDER_MAKE] = {"make the folder %s", save_path, folder_make,
	folder_unmake, NULL},
    [STAGE_FOLDER_REMOVE] = {"remove the folder %s and all that is in it",
	save_path, folder_set_aside, folder_put_back, folder_clear_aside},
    [STAGE_FILE_WRITE] = {"write %s", save_file, write_file, files_restore,
	NULL},
    [STAGE_FILE_REMOVE] = {"remove %s", save_file, remove_file, files_restore,
	NULL},
    [STAGE_KEEPER_START] =
	{"systemctl daemon-reload; systemctl enable --now %s", NULL,
	    start_keeper, stop_keeper, NULL},
    [STAGE_KEEPER_STOP] = {"stop the keeper, %s", NULL, stop_keeper,
	restart_keeper, NULL},
    [STAGE_SSHD_BEFORE] = {NULL, NULL, NULL, reload_sshd, NULL},
    [STAGE_SSHD_CHECK] = {"check: %s", NULL, check_sshd, NULL, NULL},
    [STAGE_SSHD_RELOAD] = {"reload sshd: %s", NULL, reload_sshd, NULL, NULL},
    [STAGE_KEEPER_BEFORE] = {NULL, NULL, NULL, stop_keeper, NULL},
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
