/*
 * Users' files of keys: keys that are limited to a command, and files that only
 * one of gate and sshd reads.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "gate/sshd/keyline.h"
#include "admin/doctor/authorities.h"
#include "store/base/cleanup.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/keynames.h"
#include "store/folder/policy_file.h"

/* doctor_lines of keys. */
struct key_check {
	struct doctor_lines lines;
	const struct policy *policy; /* NULL: not a valid one */
	struct key_names names;
	bool strict;          /* StrictModes */
	char user[USER_TEXT]; /* whose files are read now */
};

static void
judge_options(struct doctor *doctor, const char *path, int number, bool ok,
    const struct keyline_options *options)
{
	if (!ok)
		doctor_warn(doctor, NULL,
		    "%.300s:%d: options that sshd does not know: it passes "
		    "the line over, and the gate refuses its key",
		    path, number);
	if (options->command != NULL)
		doctor_warn(doctor, NULL,
		    "%.300s:%d: limited by command=, which sshd drops under "
		    "ForceCommand; the gate imposes it again",
		    path, number);
	if (options->environment)
		doctor_warn(doctor, "the line without environment=",
		    "%.300s:%d: environment= would run code before the gate "
		    "under PermitUserEnvironment",
		    path, number);
	if (options->authority)
		doctor_warn(doctor, NULL,
		    "%.300s:%d: cert-authority: whoever holds that key signs "
		    "who may log in as this user",
		    path, number);
}

/* ForceCommand takes its place in a session only: what a key may forward stands
 * in its line alone. */
static void
judge_forwards(const struct key_check *keys, const char *path, int number,
    const struct keyline_options *options)
{
	struct doctor *doctor = keys->lines.doctor;

	if (doctor->door == 0 || options->command == NULL ||
	    options->forwarding)
		return;
	doctor_warn(doctor, "restrict,command=... in that line",
	    "%.200s:%d: %.80s's key for one command may forward ports at the "
	    "door: its line has no restrict",
	    path, number, keys->user);
}

static void
judge_key_line(
    struct doctor_lines *lines, const char *path, int number, const char *text)
{
	struct keyline_options options;
	struct keyline line;
	bool ok;

	if (!keyline_read(text, &line))
		return;
	ok = keyline_options(line.options, &options) && line.typed;
	judge_options(lines->doctor, path, number, ok, &options);
	judge_forwards((const struct key_check *)lines, path, number, &options);
	keyline_options_done(&options);
	keyline_done(&line);
}

/* FAIL if others can write the file: sshd ignores it then (StrictModes), or the
 * gate does. */
static void
judge_modes(struct doctor_lines *lines, const struct passwd *pw,
    const char *path, const struct keys_text *file)
{
	const struct key_check *keys = (const struct key_check *)lines;
	bool sshd = file->for_sshd || !keys->strict;
	char fix[READ_PATH + 64];

	if (sshd && file->for_gate)
		return;
	snprintf(fix, sizeof(fix),
	    "chmod go-w %.600s; it must be of root or %.80s", file->culprit,
	    pw->pw_name);
	doctor_fail(lines->doctor, fix,
	    "%.200s: others than root and %.80s can write %.200s: %s", path,
	    pw->pw_name, file->culprit,
	    sshd                 ? "the gate refuses the keys in it"
		: file->for_gate ? "sshd does not read it (StrictModes), and "
				   "the gate does: a bare line in it frees a "
				   "key from its command="
				 : "sshd does not read it (StrictModes), nor "
				   "does the gate believe it");
}

static void
judge_user(struct doctor_lines *lines, const struct passwd *pw)
{
	struct key_check *keys = (struct key_check *)lines;
	const struct view *view;

	snprintf(keys->user, sizeof(keys->user), "%s", pw->pw_name);
	for (size_t i = 0; keys->policy != NULL &&
	     doctor_next_view(lines->doctor, pw, &i, &view);)
		keynames_add(&keys->names, keys->policy, pw, view);
}

/* Views of users that passwd does not have. */
static void
judge_strangers(struct key_check *keys)
{
	struct doctor *doctor = keys->lines.doctor;

	for (size_t i = 0; i < doctor->views.list.count; i++) {
		struct view *view = &doctor->views.list.items[i];
		char home[USER_TEXT + 8];
		struct passwd pw = {.pw_name = view->user,
		    .pw_dir = home,
		    .pw_uid = 65533,
		    .pw_gid = 65533};
		const struct view *found;
		size_t at = i;

		snprintf(home, sizeof(home), "/home/%s", view->user);
		if (keys->policy != NULL && view->kinds.count == 0 &&
		    doctor_next_view(doctor, &pw, &at, &found) && found == view)
			keynames_add(&keys->names, keys->policy, &pw, view);
	}
}

/*
 * The gate looks for each key in the files that are the same for everyone: one
 * that users cannot read refuses all keys.
 */
static void
judge_readable(struct doctor *doctor, const char *file)
{
	char fix[CONFIG_WORD + 16];
	struct stat st;

	if (!keypath_is_common(file) || stat(file, &st) < 0 ||
	    (st.st_mode & S_IROTH) != 0)
		return;
	snprintf(fix, sizeof(fix), "chmod a+r %s", file);
	doctor_fail(doctor, fix,
	    "%.300s, which is in keys.files, cannot be read by users: every "
	    "key is refused",
	    file);
}

static void
judge_all(struct key_check *keys)
{
	struct doctor *doctor = keys->lines.doctor;

	doctor_each_file(&keys->lines);
	judge_strangers(keys);
	if (keys->policy != NULL) {
		for (size_t i = 0; i < keys->policy->keys.files.count; i++)
			judge_readable(
			    doctor, keys->policy->keys.files.items[i].text);
		keynames_judge(&keys->names, keys->policy, doctor);
	}
	keynames_done(&keys->names);
	doctor_ok(doctor,
	    "%zu file%s of %zu user%s, by %zu answer%s of sshd -T: no key has "
	    "a restriction of its own; the gate and sshd read the same files",
	    keys->lines.files, findings_s(keys->lines.files), keys->lines.users,
	    findings_s(keys->lines.users), doctor->views.list.count,
	    findings_s(doctor->views.list.count));
}

static bool
has_gate(const struct doctor *doctor)
{
	for (size_t i = 0; i < doctor->views.list.count; i++)
		if (dump_is_gated(&doctor->views.list.items[i]))
			return true;
	return false;
}

void
doctor_keys(struct doctor *doctor)
{
	struct key_check keys = {.lines = {.doctor = doctor,
				     .keyword = "AuthorizedKeysFile",
				     .judge = judge_key_line,
				     .judge_file = judge_modes,
				     .judge_user = judge_user}};
	char value[CONFIG_WORD], why[POLICY_WHY_TEXT];
	struct policy policy;

	if (geteuid() != 0) {
		doctor_warn(doctor, NULL,
		    "other users' keys cannot be read (needs root)");
		return;
	}
	/* OpenSSH 10.5 prints no line for "none". */
	if (doctor->views.list.count == 0) {
		doctor_warn(doctor, NULL,
		    "which files of keys sshd reads is not known");
		return;
	}
	if (!has_gate(doctor)) {
		doctor_warn(doctor, NULL,
		    "no file of keys was looked at, since no connection meets "
		    "the gate");
		return;
	}
	keys.strict = !doctor_setting(doctor, "strictmodes", value) ||
	    strcasecmp(value, "no") != 0;
	if (doctor_load_policy(doctor, &policy, why) == FAULT_NONE)
		keys.policy = &policy;
	else
		doctor_warn(doctor, NULL,
		    "since the policy cannot be read now, which files of "
		    "keys the gate reads is not known");
	judge_all(&keys);
	if (keys.policy != NULL)
		policy_done(&policy);
}
