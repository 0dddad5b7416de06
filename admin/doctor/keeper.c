/*
 * The keeper and its needs: its folder, room on the disk, the right time, a
 * policy that can be evaluated.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/doctor.h"
#include "admin/home.h"
#include "store/core/report.h"
#include "store/system/groups.h"
#include "store/system/people.h"
#include "store/folder/policy_file.h"
#include "store/folder/tokens_file.h"
#include "store/system/systemd.h"

#define ROOM_MIB     64
#define NO_ROOM      1
#define FEW_FILES    1000
#define TIMEDATECTL  "/usr/bin/timedatectl"
#define CLOCK_OFF_US 10000000 /* a third of what a code allows */

/* The line that brings the keeper back. */
static const char *
keeper_fix(const struct doctor *doctor)
{
	if (doctor->admin->config == NULL && doctor->keeper.store == NULL &&
	    access(CONFIG_DROP_IN, F_OK) < 0)
		return "tfa-admin setup";
	return systemd_runs() ? "systemctl enable --now tfa-keeper.socket"
			      : ADMIN_KEEPER_LINE;
}

/* Any answer is good.  root is a user whom the keeper can always explain. */
void
doctor_keeper(struct doctor *doctor)
{
	struct request request = {.version = PROTOCOL_VERSION,
	    .request = "explain",
	    .user = "root",
	    .address = "127.0.0.1"};
	struct explanation row;
	const struct client_rows rows = {
	    &explanation_shape, &row, sizeof(row), NULL, NULL};
	scoped_reply struct reply reply = {.version = 0};
	char why[320];
	bool answered = client_stream(&doctor->keeper, &request, &rows, &reply,
			    why, sizeof(why)) == FAULT_NONE;

	if (!answered)
		doctor_fail(
		    doctor, keeper_fix(doctor), "nobody can log in: %s", why);
	doctor_keeper_process(doctor, answered);
	explanation_done(&row);
	doctor_ok(doctor, "it answers at %.200s",
	    doctor->keeper.store != NULL ? doctor->keeper.store
					 : doctor->keeper.socket);
}

/* In a container, root may lack the right to look into a folder of others: the
 * keeper's user has it. */
static bool
look_at(const struct doctor *doctor, const char *path, struct stat *ret)
{
	const struct passwd *pw = getpwnam(doctor->keeper.keeper_user);
	bool found = lstat(path, ret) == 0;
	int error = errno;

	if (found || error != EACCES || geteuid() != 0 || pw == NULL ||
	    seteuid(pw->pw_uid) < 0) {
		errno = error;
		return found;
	}
	found = lstat(path, ret) == 0;
	error = errno;
	if (seteuid(0) < 0)
		abort();
	errno = error;
	return found;
}

/* Returns the uid that the keeper's folder must have; -1: nobody's. */
static uid_t
keeper_uid(const struct doctor *doctor)
{
	const struct passwd *pw = getpwnam(doctor->keeper.keeper_user);

	if (doctor->keeper.store != NULL)
		return geteuid();
	return pw != NULL ? pw->pw_uid : (uid_t)-1;
}

static void
judge_owner(struct doctor *doctor, const char *path)
{
	uid_t owner = keeper_uid(doctor);
	char fix[CONFIG_WORD + 120];
	struct stat st;

	if (!look_at(doctor, path, &st)) {
		findings_add(&doctor->findings,
		    errno == EACCES ? FINDING_WARN : FINDING_FAIL,
		    errno == ENOENT ? "tfa-admin setup" : NULL,
		    "%.300s cannot be looked at: %s; without it everyone is "
		    "refused",
		    path, strerror(errno));
		return;
	}
	if (S_ISDIR(st.st_mode) && st.st_uid == owner &&
	    (st.st_mode & 077) == 0)
		return;
	snprintf(fix, sizeof(fix), "chown %.80s %s; chmod 0700 %s",
	    doctor->keeper.keeper_user, path, path);
	doctor_fail(doctor, fix,
	    "%.300s is not a folder of the keeper's alone (uid %lu, mode "
	    "%04o): everyone is refused",
	    path, (unsigned long)st.st_uid, (unsigned)(st.st_mode & 07777));
}

static void
judge_store_room(struct doctor *doctor, const char *path)
{
	struct statvfs disk;
	unsigned long long mib;

	if (statvfs(path, &disk) < 0) {
		doctor_warn(doctor, NULL,
		    "how much room %.300s has is not known: %s", path,
		    strerror(errno));
		return;
	}
	mib = (unsigned long long)disk.f_bavail * disk.f_frsize >> 20;
	if (mib < ROOM_MIB)
		findings_add(&doctor->findings,
		    mib < NO_ROOM ? FINDING_FAIL : FINDING_WARN, NULL,
		    "%.300s has %llu MiB left: a full disk denies every login",
		    path, mib);
	if (disk.f_files > 0 && disk.f_favail < FEW_FILES)
		findings_add(&doctor->findings,
		    disk.f_favail == 0 ? FINDING_FAIL : FINDING_WARN, NULL,
		    "%.300s has room for %llu files: with none left every "
		    "login is denied",
		    path, (unsigned long long)disk.f_favail);
	if ((disk.f_flag & ST_RDONLY) != 0)
		doctor_fail(doctor, NULL,
		    "%.300s is read-only: every login is denied", path);
	doctor_ok(doctor, "%.300s is %.80s's alone, and has %llu MiB left",
	    path,
	    doctor->keeper.store != NULL ? "its owner"
					 : doctor->keeper.keeper_user,
	    mib);
}

/* The list of tokens has secrets; it may be missing. */
static void
judge_tokens(struct doctor *doctor, const char *folder)
{
	uid_t owner = keeper_uid(doctor);
	char path[CONFIG_WORD + 16], fix[2 * CONFIG_WORD + 160];
	struct stat st;

	snprintf(path, sizeof(path), "%s/" TOKENS_FILE, folder);
	if (lstat(path, &st) < 0 ||
	    (S_ISREG(st.st_mode) && st.st_uid == owner &&
		(st.st_mode & 077) == 0 && st.st_nlink == 1))
		return;
	snprintf(fix, sizeof(fix), "chown %.80s %s; chmod 0600 %s",
	    doctor->keeper.keeper_user, path, path);
	doctor_fail(doctor, fix,
	    "%.300s is not a file of the keeper's alone (uid %lu, mode %04o): "
	    "others may have the secrets of tokens, and none can be assigned",
	    path, (unsigned long)st.st_uid, (unsigned)(st.st_mode & 07777));
}

void
doctor_store(struct doctor *doctor)
{
	char folder[CONFIG_WORD], users[CONFIG_WORD + 8];
	struct stat st;

	if (!doctor_store_folder(doctor, folder))
		doctor_warn(doctor, NULL,
		    "no keeper is seen that runs: its folder is taken to be "
		    "%.300s",
		    folder);
	judge_owner(doctor, folder);
	snprintf(users, sizeof(users), "%s/users", folder);
	if (look_at(doctor, users, &st))
		judge_owner(doctor, users);
	else if (errno != ENOENT)
		doctor_warn(doctor, NULL, "%.300s cannot be looked at: %s%s",
		    users, strerror(errno),
		    geteuid() == 0 ? "" : " (needs root)");
	judge_tokens(doctor, folder);
	judge_store_room(doctor, folder);
}

void
doctor_clock(struct doctor *doctor)
{
	struct timex state = {.modes = 0};
	int found = adjtimex(&state);

	if (found < 0)
		doctor_warn(doctor, NULL,
		    "whether it is synchronised is not known: %s",
		    strerror(errno));
	else if (state.maxerror > CLOCK_OFF_US && found != TIME_ERROR &&
	    (state.status & STA_UNSYNC) == 0)
		doctor_warn(doctor, NULL,
		    "it may be off by %lld s, says the kernel",
		    (long long)state.maxerror / 1000000);
	else if (found == TIME_ERROR || (state.status & STA_UNSYNC) != 0)
		doctor_warn(doctor,
		    systemd_runs() && access(TIMEDATECTL, X_OK) == 0
			? TIMEDATECTL " set-ntp true"
			: "a daemon such as chrony, here or on the "
			  "host of this container",
		    "nothing keeps it right: once it is more than 30 seconds "
		    "off, the codes of everybody's app are refused as wrong");
	doctor_ok(doctor,
	    "the kernel says that it is kept right, to within %lld ms",
	    (long long)state.maxerror / 1000);
}

static void
judge_group(struct doctor *doctor, const char *rule, const char *name,
    const char *follows)
{
	struct groups_user nobody = {.name = "", .gid = (gid_t)-1};
	const char *group = name + (name[0] == '!');
	char fix[HOME_NAME + USER_TEXT + 32], policy[HOME_NAME];
	enum membership found;

	if (strcmp(group, "*") == 0)
		return;
	found = groups_member(&nobody, group);
	home_name(doctor->admin, policy);
	if (found == GROUP_UNKNOWN)
		snprintf(fix, sizeof(fix), "groupadd %s, or %.500s without it",
		    group, policy);
	else
		snprintf(fix, sizeof(fix),
		    "the directory service that nsswitch.conf names");
	if (found == GROUP_UNKNOWN || found == GROUP_ERROR)
		doctor_fail(doctor, fix, "%s: group \"%s\" %s: %s", rule, group,
		    found == GROUP_UNKNOWN ? "is unknown"
					   : "cannot be looked up",
		    follows);
}

/* An exclusion of nobody leaves the one who was meant unprotected. */
static void
judge_excluded(struct doctor *doctor, const char *rule, const char *name)
{
	static const struct people unlisted;
	uid_t uid;
	gid_t gid;

	if (name[0] == '!' &&
	    people_look_up(&unlisted, name + 1, &uid, &gid) == FAULT_ABSENT)
		doctor_warn(doctor, "tfa-admin policy edit",
		    "%s excludes \"%s\", and there is no such user: it excludes "
		    "nobody",
		    rule, name);
}

/* A fleet whose policy cannot be looked at has one, for all that is known. */
static void
blame_policy(struct doctor *doctor, enum fault fault, const char *why)
{
	if (fault == FAULT_AWAY || fault == FAULT_REFUSED)
		doctor_fail(doctor, "tfa-admin store status",
		    "the fleet's policy cannot be looked at now: %s", why);
	else
		doctor_fail(doctor, "tfa-admin policy edit",
		    "%s: nobody is let in", why);
}

void
doctor_policy(struct doctor *doctor)
{
	char why[POLICY_WHY_TEXT], rule[RULE_TEXT + 8];
	struct policy policy;
	enum fault fault = doctor_load_policy(doctor, &policy, why);

	if (fault != FAULT_NONE) {
		blame_policy(doctor, fault, why);
		return;
	}
	list_each(const struct rule, r, policy.rules) {
		snprintf(rule, sizeof(rule), "rule %s", r->name);
		list_each(const struct name, group, r->groups)
			judge_group(doctor, rule, group->text,
			    "whoever comes to that rule is denied");
		list_each(const struct name, user, r->users)
			judge_excluded(doctor, rule, user->text);
	}
	list_each(const struct name, group, policy.admins.groups)
		judge_group(
		    doctor, "admins", group->text, "delegates can help nobody");
	doctor_directories(doctor, &policy);
	policy_done(&policy);
}
