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
#include "store/core/report.h"
#include "store/system/groups.h"
#include "store/system/people.h"
#include "store/folder/policy_file.h"
#include "store/system/systemd.h"

#define STORE        "/var/lib/tfa"
#define ROOM_MIB     64
#define NO_ROOM      1
#define FEW_FILES    1000
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

struct search {
	const struct doctor *doctor;
	char folder[CONFIG_WORD];
	int pid;         /* 0: none is seen; its workers come after it */
	bool unfiltered; /* one has no filter of system calls */
};

/* Any user may have a process of that name. */
static bool
is_keepers(const struct doctor *doctor, int pid)
{
	const struct passwd *pw = getpwnam(doctor->keeper.keeper_user);

	return doctor_is_roots(pid) ||
	    (pw != NULL && doctor_runs_as(pid, pw->pw_uid));
}

/* Its own filter, or one of systemd's. */
static bool
has_filter(int pid)
{
	scoped_free char *status = NULL;
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/status", pid);
	status = read_whole(path);
	return status == NULL || strstr(status, "\nSeccomp:\t2\n") != NULL;
}

/* The folder of the keeper that serves our socket. */
static void
find_folder(void *ctx, int pid, const char *title)
{
	struct search *search = ctx;
	char word[CONFIG_WORD], folder[CONFIG_WORD] = STORE;
	char socket[CONFIG_WORD] = CLIENT_SOCKET;
	const char *slash;

	if (!config_word(&title, word))
		return;
	slash = strrchr(word, '/');
	if (strcmp(slash != NULL ? slash + 1 : word, "tfa-keeper") != 0)
		return;
	while (config_word(&title, word)) {
		if (strcmp(word, "--store") == 0)
			config_word(&title, folder);
		else if (strcmp(word, "--socket") == 0)
			config_word(&title, socket);
	}
	if (strcmp(socket, search->doctor->keeper.socket) != 0 ||
	    !is_keepers(search->doctor, pid))
		return;
	search->unfiltered |= !has_filter(pid);
	if (search->pid != 0)
		return;
	memcpy(search->folder, folder, sizeof(folder));
	search->pid = pid;
}

/* The log of the keeper says why it has none. */
static void
judge_filters(struct doctor *doctor, const struct search *search)
{
	if (search->unfiltered)
		doctor_warn(doctor, NULL,
		    "the keeper runs without a filter of system calls "
		    "(seccomp), which this kernel or machine lacks: whoever "
		    "takes the keeper over can do more");
}

/*
 * A keeper that systemd started ends by itself once its program was replaced,
 * and has done so for the request that was just answered.
 */
static void
judge_program_of(struct doctor *doctor, const struct search *search)
{
	static const char gone[] = " (deleted)";
	char link[64], path[CONFIG_WORD] = "", fix[64];
	size_t len;

	snprintf(link, sizeof(link), "/proc/%d/exe", search->pid);
	if (search->pid == 0 || readlink(link, path, sizeof(path) - 1) < 0)
		return;
	len = strlen(path);
	if (len < sizeof(gone) || strcmp(path + len - strlen(gone), gone) != 0)
		return;
	path[len - strlen(gone)] = '\0';
	if (access(path, X_OK) < 0)
		return;
	if (systemd_runs())
		snprintf(
		    fix, sizeof(fix), "systemctl restart tfa-keeper.service");
	else
		snprintf(fix, sizeof(fix), "kill %d, and start it anew",
		    search->pid);
	doctor_warn(doctor, fix,
	    "the keeper (pid %d) still runs the program that was %.200s before "
	    "an upgrade",
	    search->pid, path);
}

/* The process itself, whatever it answered. */
static void
judge_process(struct doctor *doctor, bool answered)
{
	struct search search = {.doctor = doctor};

	if (doctor->keeper.store != NULL)
		return;
	doctor_processes(find_folder, &search);
	judge_filters(doctor, &search);
	if (answered)
		judge_program_of(doctor, &search);
}

/* A copy that an administrator, or setup, has made where there was no unit. */
static void
judge_unit(struct doctor *doctor, const char *name)
{
	char first[CONFIG_WORD] = "", path[CONFIG_WORD], fix[2 * CONFIG_WORD];

	for (size_t i = 0; systemd_folders[i] != NULL; i++) {
		snprintf(path, sizeof(path), "%s/%s", systemd_folders[i], name);
		if (access(path, F_OK) < 0 || doctor_is_same_file(path, first))
			continue;
		if (first[0] == '\0') {
			snprintf(first, sizeof(first), "%s", path);
			continue;
		}
		snprintf(fix, sizeof(fix),
		    "compare them, then: rm %s && systemctl daemon-reload && "
		    "systemctl reenable %s",
		    first, name);
		doctor_warn(doctor, fix,
		    "%s hides %s, so that an upgrade of tfa does not change "
		    "that unit",
		    first, path);
		return;
	}
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
	judge_process(doctor, answered);
	if (doctor->keeper.store == NULL && systemd_runs()) {
		judge_unit(doctor, "tfa-keeper.socket");
		judge_unit(doctor, "tfa-keeper.service");
	}
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

static void
judge_owner(struct doctor *doctor, const char *path)
{
	const struct passwd *pw = getpwnam(doctor->keeper.keeper_user);
	uid_t owner = doctor->keeper.store != NULL ? geteuid()
	    : pw != NULL                           ? pw->pw_uid
						   : (uid_t)-1;
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

bool
doctor_store_folder(const struct doctor *doctor, char ret[static CONFIG_WORD])
{
	struct search search = {.doctor = doctor, .folder = STORE};

	if (doctor->keeper.store != NULL)
		snprintf(search.folder, sizeof(search.folder), "%s",
		    doctor->keeper.store);
	else
		doctor_processes(find_folder, &search);
	memcpy(ret, search.folder, sizeof(search.folder));
	return search.pid != 0 || doctor->keeper.store != NULL;
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
		    systemd_runs() ? "timedatectl set-ntp true"
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
	char fix[CONFIG_WORD + USER_TEXT];
	enum membership found;

	if (strcmp(group, "*") == 0)
		return;
	found = groups_member(&nobody, group);
	if (found == GROUP_UNKNOWN)
		snprintf(fix, sizeof(fix), "groupadd %s, or %.500s without it",
		    group, doctor->policy);
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

void
doctor_policy(struct doctor *doctor)
{
	char why[POLICY_WHY_TEXT], rule[RULE_TEXT + 8];
	struct policy policy;

	if (doctor_load_policy(doctor, &policy, why) != FAULT_NONE) {
		doctor_fail(doctor, "tfa-admin policy edit",
		    "%s: nobody is let in", why);
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
