/*
 * The parts of an installation.  Each looks at the machine and adds a stage
 * only where something differs, so that a second run has none.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/setup/setup.h"
#include "store/base/cleanup.h"

static const char *const units[] = {"tfa-keeper.service", "tfa-keeper.socket"};
#define UNITS (sizeof(units) / sizeof(units[0]))

static bool
unit_exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static bool
plan_user(struct plan *plan)
{
	return getpwnam(CLIENT_USER) != NULL ||
	    plan_add(plan, STAGE_USER_ADD, CLIENT_USER, 0, "", NULL);
}

static bool
plan_folder(struct plan *plan, const char *path, mode_t mode, const char *owner)
{
	const struct passwd *pw = getpwnam(owner);
	struct stat st;

	if (lstat(path, &st) == 0 && pw != NULL && S_ISDIR(st.st_mode) &&
	    (st.st_mode & 07777) == mode && st.st_uid == pw->pw_uid)
		return true;
	return plan_add(plan, STAGE_FOLDER_MAKE, path, mode, owner, NULL);
}

static bool
plan_policy(struct plan *plan)
{
	const struct admin here = SETUP_ADMIN;
	char host[256] = "", why[HOME_WHY];

	if (unit_exists(SETUP_POLICY) || home_find(&here, why) == HOME_FLEET)
		return true;
	gethostname(host, sizeof(host) - 1);
	return plan_write(plan, SETUP_POLICY, text_policy(host));
}

static bool
plan_keeper(struct plan *plan)
{
	for (size_t i = 0; i < UNITS; i++)
		if (!plan_unit(plan, units[i]))
			return false;
	/* Undone, this stops a keeper that was started by hand meanwhile. */
	if (!systemd_runs())
		return plan->stages.count == 0 || keeper_answers() ||
		    plan_add(plan, STAGE_KEEPER_BEFORE, "", 0, "", NULL);
	if (keeper_answers() &&
	    command_works(COMMAND(
		"systemctl", "is-enabled", "--quiet", "tfa-keeper.socket")))
		return true;
	return plan_add(
	    plan, STAGE_KEEPER_START, "tfa-keeper.socket", 0, "", NULL);
}

static bool
plan_reload(struct plan *plan)
{
	char how[SETUP_PATH];

	sshd_reload_how(how, sizeof(how));
	return plan_add(plan, STAGE_SSHD_RELOAD, how, 0, "", NULL);
}

/* Adds sshd -t, and that sshd runs this for the user. */
static bool
plan_check(struct plan *plan, const char *user, const char *wanted)
{
	char what[SETUP_PATH];
	char *text = strdup(wanted);

	snprintf(what, sizeof(what), "sshd -t, ForceCommand %s for %s", wanted,
	    user);
	return text != NULL &&
	    plan_add(plan, STAGE_SSHD_CHECK, what, 0, user, text);
}

/* A user whom a Match block leaves out of the gate has no ForceCommand.  Of a
 * caller before whom it does not stand it is not known: somebody else is. */
static bool
plan_checks(struct plan *plan, const char *dropin)
{
	const struct setup *setup = plan->setup;
	const char *caller = setup->caller != NULL ? setup->caller : "root";
	const char *emergency = setup->admin->break_glass;
	bool exempt = judged_exempts(dropin, caller);
	char inside[SETUP_NAME];

	if (!exempt && !judged_asks(dropin, caller)) {
		if (!judged_somebody(dropin, inside, sizeof(inside)))
			return plan_add(
			    plan, STAGE_SSHD_CHECK, "sshd -t", 0, "", NULL);
		caller = inside;
	}
	return plan_check(plan, caller, exempt ? "none" : SETUP_GATE) &&
	    (emergency == NULL || strcmp(caller, emergency) == 0 ||
		plan_check(plan, emergency, "none"));
}

static bool
plan_dropin(struct plan *plan)
{
	scoped_free char *present = NULL;
	scoped_free char *text = NULL;
	const char *dropin; /* the text, which is then the plan's */
	int port;

	if (!door_port(plan, &port) ||
	    !plan_read_file(CONFIG_DROP_IN, &present))
		return false;
	dropin = text = text_dropin(present, plan->setup->admin->break_glass,
	    port, plan->setup->partial ? &plan->setup->only : NULL);
	if (text == NULL)
		return false;
	if (plan_is_written(CONFIG_DROP_IN, present, text))
		return true;
	return plan_add(plan, STAGE_SSHD_BEFORE, "", 0, "", NULL) &&
	    plan_write(plan, CONFIG_DROP_IN, take(text)) &&
	    plan_checks(plan, dropin) && plan_reload(plan);
}

static bool
drop_dropin(struct plan *plan)
{
	return !unit_exists(CONFIG_DROP_IN) ||
	    (plan_add(plan, STAGE_SSHD_BEFORE, "", 0, "", NULL) &&
		plan_drop(plan, STAGE_FILE_REMOVE, CONFIG_DROP_IN) &&
		plan_add(plan, STAGE_SSHD_CHECK, "sshd -t", 0, "", NULL) &&
		plan_reload(plan));
}

static bool
drop_keeper(struct plan *plan)
{
	bool present = keeper_answers();

	for (size_t i = 0; i < UNITS; i++)
		present |= systemd_runs() && plan_has_unit(units[i]);
	return (!present ||
		   plan_add(plan, STAGE_KEEPER_STOP,
		       systemd_runs() ? "tfa-keeper.socket" : CLIENT_SOCKET, 0,
		       "", NULL)) &&
	    plan_drop(
		plan, STAGE_FILE_REMOVE, SETUP_UNITS "/tfa-keeper.service") &&
	    plan_drop(
		plan, STAGE_FILE_REMOVE, SETUP_UNITS "/tfa-keeper.socket");
}

/* A user who came with the programs goes with them: files of theirs name it. */
static bool
drop_user(struct plan *plan)
{
	return getpwnam(CLIENT_USER) == NULL ||
	    access("/usr/lib/sysusers.d/tfa.conf", F_OK) == 0 ||
	    access("/usr/local/lib/sysusers.d/tfa.conf", F_OK) == 0 ||
	    plan_add(plan, STAGE_USER_DELETE, CLIENT_USER, 0, "", NULL);
}

/*
 * The parts are installed in this order and removed in the reverse one: sshd
 * sends users to the gate only once there is a keeper, and as long as there is
 * one.
 */
static const struct part {
	bool (*add)(struct plan *plan);
	bool (*drop)(struct plan *plan);
	const char *folder; /* made before add(), removed after drop() */
	mode_t mode;
	const char *owner;
	bool kept; /* by --keep: the data, and the user whose it is */
} parts[] = {
    {plan_user, drop_user, NULL, 0, NULL, true},
    {plan_policy, NULL, "/etc/tfa", 0755, "root", true},
    {NULL, NULL, SETUP_STORE, 0700, CLIENT_USER, true},
    {NULL, NULL, "/run/tfa", 0755, "root", false},
    {plan_keeper, drop_keeper, NULL, 0, NULL, false},
    {pam_plan_closed, pam_plan_open, NULL, 0, NULL, false},
    {door_plan_before, door_drop_before, NULL, 0, NULL, false},
    {plan_dropin, drop_dropin, NULL, 0, NULL, false},
    {door_plan_after, door_drop_after, NULL, 0, NULL, false},
};
#define PARTS (sizeof(parts) / sizeof(parts[0]))

static int
made(bool ok)
{
	if (ok)
		return ADMIN_DONE;
	admin_say("the plan could not be made; nothing is changed");
	return ADMIN_NOT;
}

int
plan_install(const struct setup *setup, struct plan *ret)
{
	bool ok = true;

	ret->setup = setup;
	for (size_t i = 0; ok && i < PARTS; i++) {
		const struct part *part = &parts[i];

		ok = (part->folder == NULL ||
			 plan_folder(
			     ret, part->folder, part->mode, part->owner)) &&
		    (part->add == NULL || part->add(ret));
	}
	return made(ok);
}

int
plan_remove(const struct setup *setup, struct plan *ret)
{
	bool ok = true;

	ret->setup = setup;
	for (size_t i = 0; ok && i < PARTS; i++) {
		const struct part *part = &parts[PARTS - 1 - i];

		if (part->kept && setup->admin->keep)
			continue;
		ok = (part->drop == NULL || part->drop(ret)) &&
		    (part->folder == NULL ||
			plan_drop(ret, STAGE_FOLDER_REMOVE, part->folder));
	}
	return made(ok);
}
