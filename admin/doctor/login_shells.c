/*
 * The check of login shells: FAIL for one that does not run the gate, or lets
 * its users decide what runs before the gate.  Users who cannot log in, with
 * nologin or false, are left out, and so are those whom sshd exempts.
 *
 * Each shell is tried (shell_try.h): once if it is a program that is the same
 * for all, and for each of its users if it is a script, which may ask who calls
 * it.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/system/child.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/person.h"
#include "store/base/clock.h"
#include "store/system/passwd.h"
#include "admin/doctor/shell_try.h"

#define TRIALS_MS 20000 /* for all; after that doctor begins no other */
#define NAMED     3     /* users named for a shell; the others are counted */

/* The users for whom a shell does the same. */
struct group {
	char shell[256];
	enum shell_kind kind;
	enum trial trial;
	char said[TRIAL_TEXT];
	bool same; /* it does the same for every other user */
	char users[NAMED * 90];
	size_t count;
};

struct judge {
	struct doctor *doctor;
	const char *gate;
	LIST_OF(struct group) groups;
	long long end_ms;
};

static void
group_add_user(struct group *group, const char *user)
{
	size_t len = strlen(group->users);

	if (group->count++ < NAMED)
		snprintf(group->users + len, sizeof(group->users) - len,
		    "%s%.80s", len > 0 ? ", " : "", user);
}

/* A shell that is known by its name is not tried. */
static bool
is_known_by_name(enum shell_kind kind, enum trial *ret)
{
	if (kind != SHELL_CANNOT && kind != SHELL_OPEN)
		return false;
	*ret = kind == SHELL_CANNOT ? TRIAL_NOTHING : TRIAL_OTHER;
	return true;
}

static struct group *
find_same(struct judge *judge, const char *shell)
{
	list_each(struct group, group, judge->groups)
		if (group->same && strcmp(group->shell, shell) == 0)
			return group;
	return NULL;
}

/* The group with that outcome, or a new one. */
static struct group *
find_group(struct judge *judge, const struct group *found)
{
	struct group *group;

	list_each(struct group, known, judge->groups)
		if (strcmp(known->shell, found->shell) == 0 &&
		    known->trial == found->trial)
			return known;
	group = list_add(&judge->groups, sizeof(*group));
	if (group != NULL)
		*group = *found;
	else
		judge->doctor->findings.failed = true;
	return group;
}

static void
look_at_user(struct judge *judge, const struct passwd *pw)
{
	const char *shell = passwd_shell(pw);
	struct group *group = find_same(judge, shell);
	struct group found = {.kind = shell_kind(shell)};

	doctor_step(judge->doctor);
	if (group == NULL) {
		snprintf(found.shell, sizeof(found.shell), "%s", shell);
		found.same = is_known_by_name(found.kind, &found.trial);
		if (!found.same && clock_ms() < judge->end_ms) {
			found.trial = shell_try(pw, judge->gate, found.said);
			found.same = found.trial != TRIAL_UNKNOWN &&
			    shell_is_same_for_all(shell);
		} else if (!found.same) {
			snprintf(found.said, sizeof(found.said),
			    "the trials took too long");
		}
		group = find_group(judge, &found);
	}
	if (group != NULL)
		group_add_user(group, pw->pw_name);
}

/* "alice, bob and 3 others" */
static void
name_users(const struct group *group, char *ret, size_t size)
{
	size_t others = group->count > NAMED ? group->count - NAMED : 0;
	int len = snprintf(ret, size, "%s", group->users);

	if (others > 0 && len > 0 && (size_t)len < size)
		snprintf(ret + len, size - (size_t)len, " and %zu other%s",
		    others, others == 1 ? "" : "s");
}

/* The way out: another shell.  If the old one holds its users to something, a
 * block has the gate start it. */
static void
make_fix(const struct group *group, char ret[static FINDING_TEXT])
{
	size_t one = strcspn(group->users, ",");
	const char *slash = strrchr(group->shell, '/');
	bool git = slash != NULL && strcmp(slash, "/git-shell") == 0;

	snprintf(ret, FINDING_TEXT,
	    "chsh -s /bin/bash %.*s%s; and, to hold them to %.100s, a block "
	    "above our \"Match all\": Match User %.*s / ForceCommand " TFA_SBINDIR
	    "/tfa-gate --command '%.100s%s'",
	    (int)one, group->users, group->count > 1 ? ", and so on" : "",
	    group->shell, (int)one, group->users, group->shell,
	    git ? " -c \"$SSH_ORIGINAL_COMMAND\"" : "");
}

static void
say_other(struct doctor *doctor, const struct group *group, const char *users)
{
	char fix[FINDING_TEXT];

	make_fix(group, fix);
	if (group->kind == SHELL_OPEN)
		doctor_fail(doctor, fix,
		    "%s: before the gate %.100s runs what a user's variables, "
		    "or a server that the user left running, say: whoever was "
		    "in once needs no code",
		    users, group->shell);
	else
		doctor_fail(doctor, fix,
		    "%s: %.100s does not run what sshd gives it with -c, the "
		    "gate: whoever has the key needs no code%s%.100s",
		    users, group->shell,
		    group->said[0] != '\0' ? "; it says: " : "", group->said);
}

static bool
home_is_set(const struct doctor *doctor)
{
	char value[CONFIG_WORD];

	list_each(const struct view, view, doctor->views.list) {
		const char *at = view->dump;

		while (!view->outside && dump_next(&at, "setenv", value))
			if (strncmp(value, "HOME=", 5) == 0)
				return true;
	}
	return false;
}

static void
say_runs(struct doctor *doctor, const struct group *group, const char *users)
{
	if (group->kind == SHELL_READS_HOME && !home_is_set(doctor))
		doctor_warn(doctor, guard_setenv(),
		    "%s: %.100s reads files of the user's before the gate, "
		    "since SetEnv has no HOME",
		    users, group->shell);
	else if (group->kind == SHELL_UNKNOWN)
		doctor_warn(doctor, NULL,
		    "%s: %.100s runs the gate; what it reads or runs before "
		    "is not known",
		    users, group->shell);
}

static void
say(struct doctor *doctor, const struct group *group)
{
	char users[sizeof(group->users) + 40], fix[FINDING_TEXT];

	make_fix(group, fix);
	name_users(group, users, sizeof(users));
	switch (group->trial) {
	case TRIAL_RUNS:
		say_runs(doctor, group, users);
		return;
	case TRIAL_TALKS:
		doctor_warn(doctor, NULL,
		    "%s: %.100s says something before it runs the gate, which "
		    "sftp, scp and rsync take for an answer: %.100s",
		    users, group->shell, group->said);
		return;
	case TRIAL_OTHER:
		say_other(doctor, group, users);
		return;
	case TRIAL_NOTHING:
		doctor_fail(doctor, fix,
		    "%s %s locked out: %.100s cannot run the gate%s%.100s",
		    users, group->count == 1 ? "is" : "are", group->shell,
		    group->said[0] != '\0' ? ": " : "", group->said);
		return;
	case TRIAL_ABSENT:
		doctor_warn(doctor, NULL,
		    "%s: sshd lets no user of %.100s in: %s", users,
		    group->shell, group->said);
		return;
	case TRIAL_THEIRS:
		doctor_fail(doctor,
		    "a shell that, with every folder above it, is root's and "
		    "that nobody else can write: chsh",
		    "%s: others than root can change %.100s, which runs "
		    "before the gate: whoever was in once needs no code",
		    users, group->shell);
		return;
	case TRIAL_UNKNOWN:
		doctor_warn(doctor, NULL,
		    "%s: whether %.100s runs the gate was not tried: %s", users,
		    group->shell, group->said);
		return;
	}
}

void
doctor_shells(struct doctor *doctor)
{
	struct judge judge = {.doctor = doctor,
	    .gate = doctor->gate[0] != '\0' ? doctor->gate
					    : TFA_SBINDIR "/tfa-gate",
	    .end_ms = clock_ms() + TRIALS_MS};
	const struct passwd *pw;
	char said[TRIAL_TEXT];

	if (!shell_gate_runs(judge.gate, said)) {
		doctor_warn(doctor, NULL,
		    "whether login shells run the gate was not tried: %s",
		    said);
		return;
	}
	setpwent();
	while ((pw = getpwent()) != NULL)
		if (shell_kind(pw->pw_shell) != SHELL_NO_LOGIN &&
		    !shells_spared(&doctor->lines, pw))
			look_at_user(&judge, pw);
	endpwent();
	list_each(const struct group, group, judge.groups)
		say(doctor, group);
	free(judge.groups.items);
	doctor_ok(doctor,
	    "each login shell was tried: it runs the gate and nothing else");
}
