/*
 * The files that decide: nobody but root may write them or a folder above them,
 * since whoever can write a folder can replace the files in it.
 */
#include <errno.h>
#include <glob.h>
#include <limits.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/doctor.h"
#include "admin/home.h"

/* also: the uid that may own it beside root. */
static void
judge_writers(struct doctor *doctor, const char *path, const struct stat *st,
    uid_t also, bool above)
{
	char fix[PATH_MAX + 32];

	if (st->st_uid != 0 && st->st_uid != also) {
		snprintf(fix, sizeof(fix), "chown root %s", path);
		doctor_fail(doctor, fix,
		    "%.400s belongs to uid %lu, who can change it", path,
		    (unsigned long)st->st_uid);
	}
	/* In a sticky folder nobody can replace a file of somebody else's. */
	if (S_ISLNK(st->st_mode) || S_ISSOCK(st->st_mode) ||
	    (st->st_mode & 022) == 0 || (above && (st->st_mode & S_ISVTX) != 0))
		return;
	snprintf(fix, sizeof(fix), "chmod go-w %s", path);
	doctor_fail(doctor, fix, "%.400s can be written by others (mode %04o)",
	    path, (unsigned)(st->st_mode & 07777));
}

/* Judges path and every folder above it; false if path cannot be seen. */
static bool
guard_chain(struct doctor *doctor, const char *path, uid_t also)
{
	char part[PATH_MAX];
	struct stat st;
	bool above = false;
	char *slash;

	if (path[0] != '/' || strlen(path) >= sizeof(part))
		return false;
	snprintf(part, sizeof(part), "%s", path);
	for (;;) {
		if (!planned_has(doctor->planned, part)) {
			if (lstat(part, &st) < 0)
				return false;
			judge_writers(doctor, part, &st, also, above);
		}
		slash = strrchr(part, '/');
		if (slash == NULL || part[1] == '\0')
			return true;
		slash[slash == part] = '\0';
		above = true;
	}
}

bool
doctor_guard(struct doctor *doctor, const char *path, uid_t also)
{
	scoped_free char *real = NULL;

	if (planned_has(doctor->planned, path))
		return guard_chain(doctor, path, also);
	real = realpath(path, NULL);
	if (real == NULL || !guard_chain(doctor, path, also)) {
		doctor_fail(doctor, NULL,
		    "who can change %.400s is not known: %s", path,
		    path[0] == '/' ? strerror(errno) : "not an absolute path");
		return false;
	}
	return strcmp(real, path) == 0 || guard_chain(doctor, real, also);
}

/* The path to which a link leads, or else the folder in which path would be
 * made.  False at the end. */
static bool
follow_absent(const char *path, char ret[static PATH_MAX])
{
	char to[PATH_MAX] = "";
	int folder = (int)(strrchr(path, '/') - path);
	ssize_t len = readlink(path, to, sizeof(to) - 1);
	int n;

	if (len < 0)
		n = snprintf(
		    ret, PATH_MAX, "%.*s", folder > 0 ? folder : 1, path);
	else if (to[0] == '/')
		n = snprintf(ret, PATH_MAX, "%s", to);
	else
		n = snprintf(ret, PATH_MAX, "%.*s/%s", folder, path, to);
	return n < PATH_MAX;
}

void
doctor_guard_absent(struct doctor *doctor, const char *path)
{
	char here[PATH_MAX], next[PATH_MAX], real[PATH_MAX];
	struct stat st;

	if (path[0] != '/' ||
	    (size_t)snprintf(here, sizeof(here), "%s", path) >= sizeof(here)) {
		doctor_guard(doctor, path, 0);
		return;
	}
	for (int hops = 0; hops < 64; hops++) {
		if (realpath(here, real) != NULL || errno != ENOENT ||
		    !follow_absent(here, next))
			break;
		if (lstat(here, &st) == 0)
			guard_chain(doctor, here, 0);
		memcpy(here, next, sizeof(here));
	}
	doctor_guard(doctor, here, 0);
}

/* Looks for a file of ours whose name no Include fits. */
static void
find_unread(struct doctor *doctor, const char *pattern)
{
	const char *slash = strrchr(pattern, '/');
	glob_t found = {.gl_pathc = 0};
	char ours[CONFIG_PATTERN + 8];

	if (slash == NULL)
		return;
	snprintf(
	    ours, sizeof(ours), "%.*s/*tfa*", (int)(slash - pattern), pattern);
	if (glob(ours, 0, NULL, &found) == 0)
		for (size_t i = 0; i < found.gl_pathc; i++)
			doctor_fail(doctor,
			    "a name that ends in .conf: 00-tfa.conf",
			    "%.200s is not read: sshd reads %.200s",
			    found.gl_pathv[i], pattern);
	globfree(&found);
}

static void
say_missing(struct doctor *doctor)
{
	char pattern[CONFIG_PATTERN];

	list_each(const struct config_line, line, doctor->lines.lines) {
		const char *rest = line->value;

		if (config_has_keyword(line, "include") &&
		    config_pattern_of(&rest, pattern))
			find_unread(doctor, pattern);
	}
	doctor_fail(doctor,
	    doctor->planned != NULL || access(CONFIG_DROP_IN, F_OK) == 0
		? "Include " CONFIG_FOLDER "/sshd_config.d/*.conf as its first "
		  "line"
		: doctor->admin->config == NULL
		? "tfa-admin setup"
		: "cp /usr/share/doc/tfa/sshd-tfa.conf " CONFIG_DROP_IN,
	    "%.200s reads no drop-in with our Match all", doctor->config);
}

static bool
has_match(const struct doctor *doctor, const char *file)
{
	for (size_t i = 0; i < doctor->lines.lines.count; i++)
		if (strcmp(doctor->lines.lines.items[i].file, file) == 0 &&
		    doctor->lines.lines.items[i].match != NULL)
			return true;
	return false;
}

void
doctor_drop_in(struct doctor *doctor)
{
	const struct config_line *gate = config_gate(&doctor->lines);
	bool usual = strcmp(doctor->config, CONFIG_DEFAULT) == 0;

	if (doctor->lines.files.count == 0) {
		doctor_warn(doctor, NULL,
		    "whether it is there is not known: %s", doctor->no_views);
		return;
	}
	if (gate == NULL) {
		say_missing(doctor);
		return;
	}
	doctor_ok(doctor,
	    "%.200s:%d, in a Match %.100s, with no file before it", gate->file,
	    gate->number, gate->match);
	if (usual && strcmp(gate->file, CONFIG_DROP_IN) != 0)
		doctor_warn(doctor, "the same lines in " CONFIG_DROP_IN,
		    "our Match all stands in %.200s, where setup does not "
		    "look after it",
		    gate->file);
	for (const struct config_line *line = doctor->lines.lines.items;
	     line < gate; line++)
		if (strcmp(line->file, doctor->config) != 0 &&
		    strcmp(line->file, gate->file) != 0 &&
		    !config_is_meant(line, gate))
			doctor_warn(doctor,
			    has_match(doctor, line->file)
				? "its Match blocks in 00-tfa.conf, above Match "
				  "all: behind it they would be lost"
				: "a name for it that sorts behind ours",
			    "%.200s is read before %.200s: what it says "
			    "counts first",
			    line->file, gate->file);
}

/* A user who may write in the folder of an Include may add a file to it. */
static void
guard_include(struct doctor *doctor, const char *pattern)
{
	char folder[CONFIG_PATTERN];
	struct stat st;
	char *slash;

	memcpy(folder, pattern, strlen(pattern) + 1);
	folder[strcspn(folder, "*?[")] = '\0';
	do {
		slash = strrchr(folder, '/');
		if (slash == NULL)
			return;
		slash[slash == folder] = '\0';
	} while (lstat(folder, &st) < 0 && errno == ENOENT && slash != folder);
	doctor_guard(doctor, folder, 0);
}

void
doctor_config_files(struct doctor *doctor)
{
	char pattern[CONFIG_PATTERN];

	doctor_guard(doctor, doctor->config, 0);
	for (size_t i = 0; i < doctor->lines.files.count; i++)
		doctor_guard(doctor, doctor->lines.files.items[i], 0);
	list_each(const struct config_line, line, doctor->lines.lines) {
		const char *rest = line->value;

		if (config_has_keyword(line, "include"))
			while (config_pattern_of(&rest, pattern))
				guard_include(doctor, pattern);
	}
	if (doctor->lines.files.count == 0 || doctor->lines.failed)
		doctor_warn(doctor, NULL,
		    "not every file could be looked at: %s",
		    doctor->unread[0] != '\0' ? doctor->unread
					      : doctor->no_views);
	doctor_ok(doctor,
	    "%zu file%s from %.200s on, and the folders above: only root can "
	    "write them",
	    doctor->lines.files.count, findings_s(doctor->lines.files.count),
	    doctor->config);
}

void
doctor_gate_file(struct doctor *doctor)
{
	char fix[CONFIG_WORD + 16];
	struct stat st;

	if (doctor->gate[0] == '\0') {
		doctor_warn(
		    doctor, NULL, "no ForceCommand names a gate to look at");
		return;
	}
	if (!doctor_guard(doctor, doctor->gate, 0) ||
	    stat(doctor->gate, &st) < 0)
		return;
	snprintf(fix, sizeof(fix), "chmod 0755 %s", doctor->gate);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) != 0111)
		doctor_fail(doctor, fix,
		    "%.400s is not a program for everyone: nobody can log in",
		    doctor->gate);
	if ((st.st_mode & (S_ISUID | S_ISGID)) != 0)
		doctor_fail(doctor, fix,
		    "%.400s is setuid or setgid, which it must not be",
		    doctor->gate);
	doctor_ok(doctor,
	    "%.400s, mode %04o, and the folders above it: only root can write "
	    "them",
	    doctor->gate, (unsigned)(st.st_mode & 07777));
}

uid_t
doctor_policy_owner(const struct doctor *doctor)
{
	return doctor->keeper.store != NULL ? geteuid() : 0;
}

/* In a fleet the file may be gone; what is to be the policy lies in its folder
 * for a moment. */
static bool
is_of_fleet(const struct doctor *doctor)
{
	char why[HOME_WHY];

	return !planned_has(doctor->planned, doctor->policy) &&
	    access(doctor->policy, F_OK) < 0 && errno == ENOENT &&
	    home_find(doctor->admin, why) == HOME_FLEET;
}

void
doctor_policy_file(struct doctor *doctor)
{
	if (is_of_fleet(doctor)) {
		doctor_guard_absent(doctor, doctor->policy);
		doctor_ok(doctor,
		    "the policy is the fleet's; only root can write the folder "
		    "of %.300s",
		    doctor->policy);
		return;
	}
	doctor_guard(doctor, doctor->policy, doctor_policy_owner(doctor));
	doctor_ok(doctor,
	    "%.400s and the folders above it: only %s can write them",
	    doctor->policy, doctor_policy_owner(doctor) == 0 ? "root" : "you");
}

void
doctor_socket(struct doctor *doctor)
{
	const struct passwd *pw = getpwnam(doctor->keeper.keeper_user);
	const char *path = doctor->keeper.socket;
	struct stat st;

	if (doctor->keeper.store != NULL) {
		findings_add(&doctor->findings, FINDING_OK, NULL,
		    "none: the store is one's own");
		return;
	}
	if (pw == NULL)
		doctor_fail(doctor, "tfa-admin setup",
		    "there is no user %.80s for a keeper to run as",
		    doctor->keeper.keeper_user);
	if (!doctor_guard(doctor, path, pw != NULL ? pw->pw_uid : 0) ||
	    stat(path, &st) < 0)
		return;
	if (!S_ISSOCK(st.st_mode))
		doctor_fail(doctor, NULL,
		    "%.400s is not a socket: nobody can log in", path);
	else if ((st.st_mode & 0666) != 0666)
		doctor_fail(doctor, "SocketMode=0666 in tfa-keeper.socket",
		    "%.400s has mode %04o: users cannot ask the keeper, and "
		    "are refused",
		    path, (unsigned)(st.st_mode & 07777));
	doctor_ok(doctor,
	    "%.400s, mode %04o, and the folders above it: only root and %.80s "
	    "can replace it",
	    path, (unsigned)(st.st_mode & 07777), doctor->keeper.keeper_user);
}
