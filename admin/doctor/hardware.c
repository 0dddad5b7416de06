/*
 * Hardware keys that are enough: looks at the files that the policy names, at
 * their lines, and at what sshd reads for the users who have one.
 */
#include <dirent.h>
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/doctor/hardware.h"
#include "gate/sshd/keyline.h"
#include "gate/sshd/keys.h"
#include "gate/sshd/rootfile.h"
#include "store/base/cleanup.h"

enum { PASSWD_TEXT = 16384 }; /* of one entry */

struct looking {
	struct doctor *doctor;
	struct hardware_facts facts;
	size_t files; /* that the gate believes */
	bool failed;  /* out of memory */
};

static void
note_place(char ret[static HARDWARE_PLACE], const char *path, int number)
{
	if (ret[0] == '\0')
		snprintf(ret, HARDWARE_PLACE, "%.480s:%d", path, number);
}

/* Notes what a line of keys.hardware_files says; nothing of a software key. */
static void
look_at_line(
    struct hardware_file *file, const char *path, int number, const char *text)
{
	struct keyline_options options = {.command = NULL};
	struct keyline line;
	struct key key = {.blob = NULL};
	bool known = keyline_read(text, &line) &&
	    keyline_options(line.options, &options) &&
	    key_of_line(text, options.authority, &key) == FAULT_NONE;

	if (known && !options.authority)
		note_place(file->plain, path, number);
	if (known && (key.hardware || options.authority)) {
		file->keys++;
		if (options.no_touch)
			note_place(file->no_touch, path, number);
		if (!options.authority &&
		    (!options.verify || options.no_verify))
			note_place(file->no_pin, path, number);
	}
	key_done(&key);
	keyline_options_done(&options);
	keyline_done(&line);
}

static void
look_at_lines(struct hardware_file *file, const char *path, char *text)
{
	struct keyline line;
	char *rest = text, *at;

	for (int n = 1; (at = strsep(&rest, "\n")) != NULL; n++)
		if (!file->authorities)
			look_at_line(file, path, n, at);
		else if (keyline_read(at, &line)) {
			file->keys++;
			keyline_done(&line);
		}
}

/* True if the folder is the home of the user whom it belongs to. */
static bool
is_home(const char *folder)
{
	char text[PASSWD_TEXT];
	struct passwd *pw = NULL, space;
	struct stat st;

	return stat(folder, &st) == 0 &&
	    getpwuid_r(st.st_uid, &space, text, sizeof(text), &pw) == 0 &&
	    pw != NULL && strcmp(pw->pw_dir, folder) == 0;
}

static void
note_bad(struct hardware_file *file, const char *path, enum fault fault,
    const struct rootfile *read)
{
	if (file->bad[0] != '\0')
		return;
	snprintf(file->bad, sizeof(file->bad), "%.500s", path);
	snprintf(file->culprit, sizeof(file->culprit), "%.500s", read->culprit);
	snprintf(file->why, sizeof(file->why), "%s", read->why);
	file->others_write = fault == FAULT_ACCESS;
	file->home = is_home(file->culprit);
}

/* The gate reads with the user's rights. */
static void
look_as_user(
    struct hardware_file *file, const char *path, const struct passwd *pw)
{
	size_t len = 0;
	scoped_free char *text = NULL;

	if (geteuid() != 0 || pw == NULL || file->unreadable[0] != '\0')
		return;
	text = read_whole_as(pw, path, KEYS_MS, &len);
	if (text == NULL && errno == EACCES)
		snprintf(
		    file->unreadable, sizeof(file->unreadable), "%.500s", path);
}

/* Looks at one file, by the gate's own judge of such a file.  False if it is
 * not there. */
static bool
look_at_file(struct looking *l, struct hardware_file *file, const char *path,
    const struct passwd *pw)
{
	scoped_rootfile struct rootfile read = {.text = NULL};
	enum fault fault = rootfile_read(path, &read);

	if (fault == FAULT_ABSENT)
		return false;
	file->found++;
	if (fault == FAULT_NONE) {
		l->files++;
		look_at_lines(file, path, read.text);
		look_as_user(file, path, pw);
	} else {
		note_bad(file, path, fault, &read);
	}
	return true;
}

/* Notes whether sshd reads the path in a view. */
static void
look_at_view(struct hardware_file *file, const char *path,
    const struct view *view, const struct keypath_user *user)
{
	const char *keyword = file->authorities ? "trustedusercakeys"
						: "authorizedkeysfile";
	char value[CONFIG_WORD] = "";

	if (dump_value(view, keyword, value) &&
	    keypath_names(value, user, path)) {
		file->read = true;
		return;
	}
	if (file->unread[0] != '\0')
		return;
	dump_who(user->name, view->others, file->unread, sizeof(file->unread));
	if (strcasecmp(value, "none") != 0)
		snprintf(file->value, sizeof(file->value), "%.299s", value);
}

static bool
is_known_open(const struct looking *l, const char *word)
{
	for (size_t i = 0; i < l->facts.open.count; i++)
		if (strcmp(l->facts.open.items[i].text, word) == 0)
			return true;
	return false;
}

/* Notes the names of files that sshd reads for this user, and that others than
 * root can write. */
static void
look_for_open(
    struct looking *l, const struct view *view, const struct keypath_user *user)
{
	char value[CONFIG_WORD] = "";
	const char *rest = value;
	struct keypath at;

	dump_value(view, "authorizedkeysfile", value);
	while (keypath_next(&rest, user, &at)) {
		scoped_rootfile struct rootfile read = {.text = NULL};
		struct name *name;

		if (at.name[0] != '/' || is_known_open(l, at.name) ||
		    rootfile_read(at.path, &read) != FAULT_ACCESS)
			continue;
		name = list_add(&l->facts.open, sizeof(*name));
		l->failed |= name == NULL;
		if (name != NULL)
			snprintf(
			    name->text, sizeof(name->text), "%.256s", at.name);
	}
}

/* Looks at the file of one user, by a name with a percent sign. */
static void
look_for_user(
    struct looking *l, struct hardware_file *file, const struct passwd *pw)
{
	struct keypath_user user = keypath_user(pw);
	const struct view *view;
	char path[PATH_MAX];

	if (!keypath_expand(file->name, &user, path, sizeof(path)) ||
	    !look_at_file(l, file, path, pw))
		return;
	for (size_t i = 0; doctor_next_view(l->doctor, pw, &i, &view);)
		look_at_view(file, path, view, &user);
}

/* True if only the user's name is missing in it: *ret_folder is then where the
 * files of all users lie. */
static bool
is_folder_of_users(const char *name, char ret_folder[static KEY_FILE_MAX + 1])
{
	size_t len = strlen(name);

	if (len < 4 || strcmp(name + len - 3, "/%u") != 0)
		return false;
	snprintf(ret_folder, KEY_FILE_MAX + 1, "%.*s", (int)(len - 3), name);
	return keypath_is_common(ret_folder);
}

/* A file that has no user's name: the name of the key, or of a user who left. */
static void
note_stray(struct hardware_file *file, const char *folder, const char *name)
{
	char path[HARDWARE_PLACE];
	struct stat st;

	snprintf(path, sizeof(path), "%.240s/%.255s", folder, name);
	if (file->stray[0] == '\0' && stat(path, &st) == 0 &&
	    S_ISREG(st.st_mode))
		memcpy(file->stray, path, sizeof(file->stray));
}

/* A directory may not list its users; their files do. */
static void
look_in_folder(
    struct looking *l, struct hardware_file *file, const char *folder)
{
	DIR *dir = opendir(folder);
	const struct dirent *entry;
	const struct passwd *pw;

	while (dir != NULL && (entry = readdir(dir)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		pw = getpwnam(entry->d_name);
		if (pw != NULL)
			look_for_user(l, file, pw);
		else
			note_stray(file, folder, entry->d_name);
	}
	if (dir != NULL)
		closedir(dir);
}

static void
look_for_users(struct looking *l, const struct passwd *pw)
{
	struct keypath_user user = keypath_user(pw);
	char folder[KEY_FILE_MAX + 1];
	const struct view *view;

	for (size_t i = 0; doctor_next_view(l->doctor, pw, &i, &view);)
		look_for_open(l, view, &user);
	list_each(struct hardware_file, file, l->facts.files)
		if (!keypath_is_common(file->name) &&
		    !is_folder_of_users(file->name, folder))
			look_for_user(l, file, pw);
}

/* Looks at a file that is the same for everyone. */
static void
look_for_all(struct looking *l, struct hardware_file *file)
{
	const struct passwd *nobody = getpwnam("nobody");

	if (!look_at_file(l, file, file->name, nobody))
		return;
	list_each(const struct view, view, l->doctor->views.list) {
		const struct keypath_user user = {
		    .name = view->who, .home = "/nonexistent"};

		if (dump_takes_keys(view))
			look_at_view(file, file->name, view, &user);
	}
}

static void
look(struct looking *l)
{
	char folder[KEY_FILE_MAX + 1];
	const struct passwd *pw;

	list_each(struct hardware_file, file, l->facts.files) {
		if (keypath_is_common(file->name))
			look_for_all(l, file);
		else if (is_folder_of_users(file->name, folder))
			look_in_folder(l, file, folder);
	}
	setpwent();
	while ((pw = getpwent()) != NULL)
		look_for_users(l, pw);
	endpwent();
}

/* Nobody is let in by a fault of these: people are asked for a code.  So setup,
 * which changes nothing of it, only warns. */
static void
soften(struct findings *findings, size_t from)
{
	for (size_t i = from; i < findings->list.count; i++)
		if (findings->list.items[i].status == FINDING_FAIL)
			findings->list.items[i].status = FINDING_WARN;
}

static void
look_and_judge(struct looking *l)
{
	struct doctor *doctor = l->doctor;
	struct findings *findings = &doctor->findings;
	size_t before = findings->list.count;

	look(l);
	findings->failed |= l->failed;
	(void)doctor_version(l->facts.version, sizeof(l->facts.version));
	hardware_judge_files(&l->facts, doctor->policy, findings);
	l->facts.hidden = doctor_hides_processes();
	hardware_judge_proc(&l->facts, DOCTOR_SHOW_PROC, findings);
	hardware_judge_options(&l->facts, &doctor->views, findings);
	if (doctor->planned != NULL)
		soften(findings, before);
	doctor_ok(doctor,
	    "%zu file%s of hardware keys: root alone can write %s, and sshd "
	    "reads %s",
	    l->files, findings_s(l->files), l->files == 1 ? "it" : "them",
	    l->files == 1 ? "it" : "them");
}

void
doctor_hardware(struct doctor *doctor)
{
	struct looking l = {.doctor = doctor};
	char why[POLICY_WHY_TEXT];
	struct policy policy;

	if (doctor_load_policy(doctor, &policy, why) != FAULT_NONE) {
		doctor_warn(doctor, NULL,
		    "since the policy cannot be read now, whether hardware "
		    "keys are enough is not known");
		return;
	}
	if (!hardware_begin(&policy, &l.facts))
		doctor->findings.failed = true;
	else if (!hardware_is_used(&l.facts))
		doctor_ok(doctor, "no rule lets a hardware key be enough");
	else if (doctor->views.list.count == 0 || geteuid() != 0)
		doctor_warn(doctor, NULL,
		    "which hardware keys are enough is not known: %s",
		    geteuid() != 0 ? "it needs root" : doctor->no_views);
	else
		look_and_judge(&l);
	hardware_done(&l.facts);
	policy_done(&policy);
}
