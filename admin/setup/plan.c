/*
 * What is to be done.  Each part looks at the machine and adds a step only
 * where something differs, so that a second run has none.
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

static const char *const units[] = {"tfa-keeper.service", "tfa-keeper.socket"};
#define UNITS (sizeof(units) / sizeof(units[0]))

bool
plan_add(struct plan *plan, enum step_kind kind, const char *path, int64_t mode,
    const char *owner, char *text)
{
	struct step *step = NULL;

	if (plan->steps.count < SETUP_STEPS)
		step = json_list_add(&plan->steps, sizeof(*step));
	if (step == NULL) {
		free(text);
		return false;
	}
	step->kind = (int)kind;
	snprintf(step->path, sizeof(step->path), "%s", path);
	step->mode = mode;
	snprintf(step->owner, sizeof(step->owner), "%s", owner);
	step->text = text;
	return true;
}

void
plan_done(struct plan *plan)
{
	for (size_t i = 0; i < plan->steps.count; i++)
		free(plan->steps.items[i].text);
	free(plan->steps.items);
	*plan = (struct plan){.steps = {.count = 0}};
}

static bool
exists(const char *path)
{
	return access(path, F_OK) == 0;
}

bool
plan_read_file(const char *path, char **ret)
{
	scoped_fd int fd = open(path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	size_t len = 0;

	*ret = NULL;
	if (fd < 0 && errno == ENOENT)
		return true;
	if (fd >= 0 && file_read(fd, SETUP_FILE_MAX, ret, &len) == FAULT_NONE &&
	    strlen(*ret) == len)
		return true;
	admin_say("%s: %s", path, fd < 0 ? strerror(errno) : "not a text");
	return false;
}

static bool
add_user(struct plan *plan)
{
	return getpwnam(CLIENT_USER) != NULL ||
	    plan_add(plan, STEP_USER_ADD, CLIENT_USER, 0, "", NULL);
}

static bool
add_folder(struct plan *plan, const char *path, mode_t mode, const char *owner)
{
	const struct passwd *pw = getpwnam(owner);
	struct stat st;

	if (lstat(path, &st) == 0 && pw != NULL && S_ISDIR(st.st_mode) &&
	    (st.st_mode & 07777) == mode && st.st_uid == pw->pw_uid)
		return true;
	return plan_add(plan, STEP_FOLDER_MAKE, path, mode, owner, NULL);
}

static bool
add_policy(struct plan *plan)
{
	char host[256] = "";
	char *text;

	if (exists(SETUP_POLICY))
		return true;
	gethostname(host, sizeof(host) - 1);
	text = text_policy(host);
	return text != NULL &&
	    plan_add(plan, STEP_FILE_WRITE, SETUP_POLICY, 0644, "root", text);
}

/* Where a package or "make install" has put a unit, it stays the one. */
static bool
has_unit(const char *name)
{
	static const char *const folders[] = {
	    SETUP_UNITS, "/usr/lib/systemd/system", "/lib/systemd/system"};
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", folders[i], name);
		if (exists(path))
			return true;
	}
	return false;
}

static bool
add_units(struct plan *plan)
{
	char path[SETUP_PATH];

	for (size_t i = 0; i < UNITS && exists(SETUP_UNITS); i++) {
		char *text;

		if (has_unit(units[i]))
			continue;
		snprintf(path, sizeof(path), SETUP_UNITS "/%s", units[i]);
		text = text_unit(units[i]);
		if (text == NULL ||
		    !plan_add(plan, STEP_FILE_WRITE, path, 0644, "root", text))
			return false;
	}
	/* Somebody starts it later: then it goes with its folder and user. */
	if (!systemd_runs())
		return plan->steps.count == 0 || keeper_answers() ||
		    plan_add(plan, STEP_KEEPER_BEFORE, "", 0, "", NULL);
	if (keeper_answers() &&
	    command_run(COMMAND("systemctl", "is-enabled", "--quiet",
			    "tfa-keeper.socket"),
		NULL) == 0)
		return true;
	return plan_add(
	    plan, STEP_KEEPER_START, "tfa-keeper.socket", 0, "", NULL);
}

static bool
add_reload(struct plan *plan)
{
	char how[SETUP_PATH];

	sshd_reload_how(how, sizeof(how));
	return plan_add(plan, STEP_SSHD_RELOAD, how, 0, "", NULL);
}

/* sshd -t, and that sshd would run this for the user. */
static bool
add_check(struct plan *plan, const char *user, const char *wanted)
{
	char what[SETUP_PATH];
	char *text = wanted != NULL ? strdup(wanted) : NULL;

	snprintf(what, sizeof(what), "sshd -t%s%s%s%s",
	    wanted != NULL ? ", ForceCommand " : "",
	    wanted != NULL ? wanted : "", wanted != NULL ? " for " : "",
	    wanted != NULL ? user : "");
	return (wanted == NULL || text != NULL) &&
	    plan_add(plan, STEP_SSHD_CHECK, what, 0, user, text);
}

/* Where the site has blocks before ours, whom they name is theirs to say. */
static bool
add_checks(struct plan *plan, const struct setup *setup)
{
	const char *caller = setup->caller != NULL ? setup->caller : "root";
	const char *emergency = setup->break_glass;
	bool is_theirs = setup->site_first ||
	    (emergency != NULL && strcmp(caller, emergency) == 0);

	return add_check(plan, caller, is_theirs ? NULL : SETUP_GATE) &&
	    (emergency == NULL || add_check(plan, emergency, "none"));
}

static bool
is_right(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == 0 &&
	    (st.st_mode & 07777) == 0644;
}

static bool
add_dropin(struct plan *plan, const struct setup *setup)
{
	scoped_free char *present = NULL;
	scoped_free char *text = NULL;

	if (!plan_read_file(SETUP_DROPIN, &present))
		return false;
	text = text_dropin(present, setup->break_glass);
	if (text == NULL)
		return false;
	if (present != NULL && strcmp(present, text) == 0 &&
	    is_right(SETUP_DROPIN))
		return true;
	return plan_add(plan, STEP_SSHD_BEFORE, "", 0, "", NULL) &&
	    plan_add(plan, STEP_FILE_WRITE, SETUP_DROPIN, 0644, "root",
		take(text)) &&
	    add_checks(plan, setup) && add_reload(plan);
}

int
plan_install(const struct setup *setup, struct plan *ret)
{
	if (add_user(ret) && add_folder(ret, "/etc/tfa", 0755, "root") &&
	    add_policy(ret) &&
	    add_folder(ret, SETUP_STORE, 0700, CLIENT_USER) &&
	    add_folder(ret, "/run/tfa", 0755, "root") && add_units(ret) &&
	    plan_close_pam(ret) && add_dropin(ret, setup))
		return ADMIN_DONE;
	admin_say("the plan could not be made, nothing is changed");
	return ADMIN_NOT;
}

static bool
drop_file(struct plan *plan, const char *path)
{
	return !exists(path) ||
	    plan_add(plan, STEP_FILE_REMOVE, path, 0, "", NULL);
}

static bool
drop_folder(struct plan *plan, const char *path)
{
	return !exists(path) ||
	    plan_add(plan, STEP_FOLDER_REMOVE, path, 0, "", NULL);
}

static bool
drop_dropin(struct plan *plan)
{
	return !exists(SETUP_DROPIN) ||
	    (plan_add(plan, STEP_SSHD_BEFORE, "", 0, "", NULL) &&
		drop_file(plan, SETUP_DROPIN) && add_check(plan, "", NULL) &&
		add_reload(plan));
}

static bool
drop_keeper(struct plan *plan)
{
	bool present = keeper_answers();

	for (size_t i = 0; i < UNITS; i++)
		present |= systemd_runs() && has_unit(units[i]);
	return !present ||
	    plan_add(plan, STEP_KEEPER_STOP,
		systemd_runs() ? "tfa-keeper.socket" : CLIENT_SOCKET, 0, "",
		NULL);
}

static bool
drop_user(struct plan *plan)
{
	return getpwnam(CLIENT_USER) == NULL ||
	    plan_add(plan, STEP_USER_DELETE, CLIENT_USER, 0, "", NULL);
}

/* The way in is opened first, while there still is a keeper. */
int
plan_remove(struct plan *ret)
{
	if (drop_dropin(ret) && plan_open_pam(ret) && drop_keeper(ret) &&
	    drop_file(ret, SETUP_UNITS "/tfa-keeper.service") &&
	    drop_file(ret, SETUP_UNITS "/tfa-keeper.socket") &&
	    drop_folder(ret, "/run/tfa") && drop_folder(ret, SETUP_STORE) &&
	    drop_folder(ret, "/etc/tfa") && drop_user(ret))
		return ADMIN_DONE;
	admin_say("the plan could not be made, nothing is changed");
	return ADMIN_NOT;
}
