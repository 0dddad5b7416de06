/*
 * The door's PAM service, whose first question must be the code, and the module
 * that asks it.  sshd's monitor runs the module as root.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "admin/doctor/door.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/pam_stack.h"
#include "store/base/cleanup.h"

static const char rewrite[] = "tfa-admin setup --door PORT writes it anew";

static bool
is_mandatory(const struct pam_line *line)
{
	return strcasecmp(line->control, "required") == 0 ||
	    strcasecmp(line->control, "requisite") == 0;
}

/* The socket at which the gate asks. */
static const char *
gates_socket(const struct doctor *doctor)
{
	return doctor->keeper.socket != NULL ? doctor->keeper.socket : "";
}

/* "socket=PATH", of the keeper that the gate asks: the two know each other's
 * connections by it alone. */
static bool
has_good_arguments(const struct doctor *doctor, const struct pam_line *line)
{
	const char *rest = line->args, *keeper = doctor->keeper.keeper_user;
	char word[PAM_WORD];

	while (pam_word(&rest, word)) {
		if (strncmp(word, "socket=", 7) == 0)
			continue;
		if (strncmp(word, "keeper-user=", 12) != 0 || keeper == NULL ||
		    strcmp(word + 12, keeper) != 0)
			return false;
	}
	pam_option(line, "socket=", CLIENT_SOCKET, word);
	return strcmp(word, gates_socket(doctor)) == 0;
}

static void
judge_module(struct doctor *doctor, const struct pam_line *line)
{
	const char *path = line->module[0] == '/' ? line->module : DOOR_SO;
	struct stat st;

	if (!planned_has(doctor->planned, path) && stat(path, &st) < 0)
		doctor_fail(doctor,
		    "install libpam-tfa again, or make install-door",
		    "%.300s: %s: nobody passes the door", path,
		    strerror(errno));
	else
		doctor_guard(doctor, path, 0);
}

/* Our own line, which decides alone. */
static void
judge_ours(struct doctor *doctor, const struct pam_line *line)
{
	if (!is_mandatory(line))
		doctor_fail(doctor, rewrite,
		    "%.200s:%d: \"%.60s\" in place of required: what the "
		    "keeper says need not count",
		    line->file, line->number, line->control);
	if (line->text[strspn(line->text, " \t")] == '-')
		doctor_fail(doctor, rewrite,
		    "%.200s:%d: with a \"-\" in front, PAM passes the line "
		    "over where the module is missing",
		    line->file, line->number);
	if (!has_good_arguments(doctor, line))
		doctor_fail(doctor, rewrite,
		    "%.200s:%d: %.100s %.100s: it must ask the gate's keeper "
		    "(%.100s), as the door and nothing else",
		    line->file, line->number, line->module, line->args,
		    gates_socket(doctor));
	judge_module(doctor, line);
}

/*
 * A line beside ours.  PAM asks nobody else at the door, so auth has none.  What
 * stands before ours in account must not end the list or skip a part of it; what
 * stands behind can take nothing back, unless it resets.
 */
static void
judge_other(struct doctor *doctor, const struct pam_line *line, bool before)
{
	if (line->type != PAM_AUTH && strstr(line->control, "reset") == NULL &&
	    (!before || is_mandatory(line)))
		return;
	doctor_fail(doctor, rewrite,
	    "%.200s:%d: \"%.60s %.100s\" beside " DOOR_MODULE
	    ".so may let in without a code",
	    line->file, line->number, line->control, line->module);
}

static void
judge_type(struct doctor *doctor, const struct pam_stack *stack,
    enum pam_type type, const char *name)
{
	const struct pam_line *ours = NULL;

	list_each(const struct pam_line, line, stack->lines)
		if (line->type == type && ours == NULL &&
		    pam_is_module(line, DOOR_MODULE))
			ours = line;
	list_each(const struct pam_line, line, stack->lines)
		if (line->type == type && line != ours)
			judge_other(doctor, line, ours == NULL || line < ours);
	if (ours != NULL)
		judge_ours(doctor, ours);
	else
		doctor_fail(doctor, rewrite,
		    DOOR_PAM ": no %s line has " DOOR_MODULE
			     ".so: the door does not ask the keeper",
		    name);
}

/* The session of the door has passed the code, and the gate still goes by what
 * sshd says of the key. */
static void
judge_session(struct doctor *doctor, const struct pam_line *line)
{
	if (pam_judge(line) == PAM_READS_USER)
		doctor_fail(doctor, "user_readenv=0 in that line",
		    "%.200s:%d: at the door, too, user_readenv lets a user set "
		    "variables by which the gate knows the key",
		    line->file, line->number);
}

/* tfa-door compares them, and does not start the door where they differ. */
static void
judge_text(struct doctor *doctor, const char *text)
{
	scoped_free char *ours = planned_read(doctor->planned, DOOR_PAM_TEXT);

	if (ours == NULL)
		doctor_fail(doctor,
		    "install libpam-tfa again, or make install-door",
		    DOOR_PAM_TEXT ": %s: the door cannot start",
		    strerror(errno));
	else if (strcmp(ours, text) != 0)
		doctor_fail(doctor, "cp " DOOR_PAM_TEXT " " DOOR_PAM,
		    DOOR_PAM " is not what setup wrote (" DOOR_PAM_TEXT
			     "): the door does not start again");
	if (access(DOOR_LAUNCHER, F_OK) == 0)
		doctor_guard(doctor, DOOR_LAUNCHER, 0);
}

void
door_judge_files(struct doctor *doctor)
{
	scoped_free char *text = planned_read(doctor->planned, DOOR_PAM);
	struct pam_stack stack;

	if (text == NULL) {
		doctor_fail(doctor, rewrite,
		    DOOR_PAM ": %s: who passes the door is not ours to say",
		    strerror(errno));
		return;
	}
	judge_text(doctor, text);
	pam_read_planned(doctor->planned, DOOR_SERVICE, &stack);
	if (stack.why[0] != '\0')
		doctor_fail(doctor, rewrite,
		    "%s: what PAM asks at the door is not known", stack.why);
	for (size_t i = 0; i < stack.files.count; i++)
		doctor_guard(doctor, stack.files.items[i], 0);
	judge_type(doctor, &stack, PAM_AUTH, "auth");
	judge_type(doctor, &stack, PAM_ACCOUNT, "account");
	for (size_t i = 0; i < stack.lines.count; i++)
		judge_session(doctor, &stack.lines.items[i]);
	pam_done(&stack);
}
