/*
 * PAM: what it reads and starts of a user's before the gate asks for a code.
 * pam_stack.h reads and judges the lines; here the files that they name are
 * looked at, and systemd.
 */
#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/doctor.h"
#include "store/system/child.h"
#include "admin/doctor/person.h"
#include "admin/doctor/pam_stack.h"
#include "store/system/systemd.h"

#define SYSTEMCTL_MS 10000
#define MANAGERS     200 /* users; systemd is asked about their units */

static const char mask[] =
    "systemctl mask user@.service, or another line: see PAM in tfa-admin(8)";

/* The answer of systemd: it is asked about the unit of each user. */
struct managers {
	size_t asked, masked;
	char why[200]; /* why it could not be asked; "" */
};

static void
ask_systemd(struct managers *managers)
{
	static char names[MANAGERS][40];
	const char *argv[MANAGERS + 6] = {
	    "/usr/bin/systemctl", "show", "-p", "LoadState"};
	scoped_free struct child *child = malloc(sizeof(*child));
	const struct passwd *pw;

	setpwent();
	while (managers->asked < MANAGERS && (pw = getpwent()) != NULL) {
		if (shell_kind(pw->pw_shell) == SHELL_NO_LOGIN)
			continue;
		snprintf(names[managers->asked], sizeof(names[0]),
		    "user@%lu.service", (unsigned long)pw->pw_uid);
		argv[4 + managers->asked] = names[managers->asked];
		managers->asked++;
	}
	endpwent();
	if (child == NULL || managers->asked == 0) {
		snprintf(managers->why, sizeof(managers->why), "%s",
		    child == NULL ? strerror(ENOMEM) : "there are no users");
		return;
	}
	child_run(argv, SYSTEMCTL_MS, child);
	for (const char *p = child->out.text;
	     (p = strstr(p, "LoadState=masked")) != NULL; p++)
		managers->masked++;
	if (child->status != 0)
		doctor_first_line(child->err.text, "systemctl did not end",
		    managers->why, sizeof(managers->why));
}

/* *ret_ok: what to say if it starts nothing. */
static void
judge_manager(
    struct doctor *doctor, const struct pam_line *line, const char **ret_ok)
{
	struct managers managers = {.why = ""};

	if (!systemd_runs()) {
		*ret_ok = "; systemd does not run, so pam_systemd starts "
			  "nothing";
		return;
	}
	ask_systemd(&managers);
	if (managers.why[0] != '\0')
		doctor_warn(doctor, mask,
		    "%.200s:%d: pam_systemd starts user@UID.service, and with "
		    "it what a user's own files name, before a code is asked, "
		    "unless it is masked, which is not known: %.200s",
		    line->file, line->number, managers.why);
	else if (managers.masked < managers.asked)
		doctor_warn(doctor, mask,
		    "%.200s:%d: pam_systemd starts user@UID.service, and with "
		    "it the units in a user's ~/.config/systemd, before a "
		    "code is asked and whatever the gate answers",
		    line->file, line->number);
	else
		*ret_ok = "; user@.service is masked";
}

/* A program of root's: others must not write it, and doctor cannot see what it
 * starts. */
static void
judge_pam_program(struct doctor *doctor, const struct pam_line *line)
{
	const char *rest = line->args;
	char word[PAM_WORD];

	while (pam_word(&rest, word)) {
		if (word[0] != '/')
			continue;
		doctor_guard(doctor, word, 0);
		break;
	}
	doctor_warn(doctor, NULL,
	    "%.200s:%d: %.100s runs %.200s before a code is asked: see that "
	    "it starts nothing of the user's",
	    line->file, line->number, line->module,
	    word[0] == '/' ? word : "programs");
}

static void
judge_reads_user(struct doctor *doctor, const struct pam_line *line)
{
	scoped_free char *closed = pam_closed(line);
	char name[PAM_WORD];

	if (closed != NULL)
		closed[strcspn(closed, "\n")] = '\0';
	pam_option(line, "user_envfile=", ".pam_environment", name);
	doctor_fail(doctor,
	    line->count == 1 ? closed : "user_readenv=0 in that line",
	    "%.200s:%d: user_readenv lets a user set every variable that sshd "
	    "does not, in ~/%.100s: while /tmp is full, SSH_USER_AUTH too, by "
	    "which the gate knows the key and the connection",
	    line->file, line->number, name);
}

/* A file from which pam_env takes variables, if it is there. */
static void
judge_source(struct doctor *doctor, const struct pam_line *line,
    const char *option, const char *usual)
{
	char path[PAM_WORD];

	pam_option(line, option, usual, path);
	doctor_guard_absent(doctor, path);
}

/* Values that a user or a client chooses. */
static void
judge_values(struct doctor *doctor, const struct pam_line *line)
{
	static const char *const theirs[] = {
	    "@{HOME}", "@{SHELL}", "@{PAM_RHOST}", "@{PAM_RUSER}"};
	char path[PAM_WORD], name[PAM_WORD];
	scoped_free char *text = NULL;
	int number = 1;

	pam_option(line, "conffile=", "/etc/security/pam_env.conf", path);
	text = read_whole(path);
	if (text == NULL && errno != ENOENT)
		doctor_warn(doctor, NULL,
		    "%.200s: %s: which variables it sets is not known", path,
		    strerror(errno));
	for (char *p = text; p != NULL; number++) {
		char *here = p;
		const char *rest = here;

		p = strchr(p, '\n');
		if (p != NULL)
			*p++ = '\0';
		here[strcspn(here, "#")] = '\0';
		if (!pam_word(&rest, name) || !guard_pattern_is_open(name))
			continue;
		for (size_t i = 0; i < sizeof(theirs) / sizeof(*theirs); i++)
			if (strstr(rest, theirs[i]) != NULL)
				doctor_fail(doctor, "the line without it",
				    "%.200s:%d: %.60s gets %s, which is not "
				    "root's to say",
				    path, number, name, theirs[i]);
	}
}

static void
judge_env(struct doctor *doctor, const struct pam_line *line)
{
	char value[PAM_WORD];

	judge_source(doctor, line, "conffile=", "/etc/security/pam_env.conf");
	judge_values(doctor, line);
	pam_option(line, "readenv=", "1", value);
	if (strtol(value, NULL, 10) != 0)
		judge_source(doctor, line, "envfile=", "/etc/environment");
}

static void
judge_pam_line(
    struct doctor *doctor, const struct pam_line *line, const char **ret_ok)
{
	switch (pam_judge(line)) {
	case PAM_QUIET:
		break;
	case PAM_READS_USER:
		judge_reads_user(doctor, line);
		break;
	case PAM_USER_MANAGER:
		judge_manager(doctor, line, ret_ok);
		break;
	case PAM_STARTS_USER:
		doctor_warn(doctor, "the line without it",
		    "%.200s:%d: %.100s starts what a user's own files name, "
		    "before a code is asked and whatever the gate answers",
		    line->file, line->number, line->module);
		break;
	case PAM_RUNS:
		judge_pam_program(doctor, line);
		break;
	case PAM_UNKNOWN:
		doctor_warn(doctor, NULL,
		    "%.200s:%d: what %.100s reads or starts of the user's "
		    "before a code is asked is not known",
		    line->file, line->number, line->module);
		break;
	}
	if (pam_is_module(line, "pam_env") && line->type != PAM_PASSWORD)
		judge_env(doctor, line);
}

static void
judge_service(struct doctor *doctor, const char *service)
{
	struct pam_stack stack;
	const char *more = "";
	size_t others;

	pam_read_planned(doctor->planned, service, &stack);
	others = stack.files.count > 0 ? stack.files.count - 1 : 0;
	if (stack.why[0] != '\0')
		doctor_warn(doctor, NULL,
		    "%s: what PAM reads and starts of the user's is not known",
		    stack.why);
	for (size_t i = 0; i < stack.files.count; i++)
		doctor_guard(doctor, stack.files.items[i], 0);
	for (size_t i = 0; i < stack.lines.count; i++)
		judge_pam_line(doctor, &stack.lines.items[i], &more);
	doctor_ok(doctor,
	    "%.200s and %zu more file%s, %zu line%s: they set no variable and "
	    "start nothing from a file of the user's%s",
	    stack.files.count > 0 ? stack.files.items[0] : service, others,
	    findings_s(others), stack.lines.count,
	    findings_s(stack.lines.count), more);
	pam_done(&stack);
}

/* PAMServiceName may differ by Match; sshd before 9.9 has one name alone. */
static void
judge_services(struct doctor *doctor)
{
	char name[CONFIG_WORD], last[CONFIG_WORD] = "";

	list_each(const struct view, view, doctor->views.list) {
		if (!dump_value(view, "pamservicename", name))
			snprintf(name, sizeof(name), "sshd");
		if (strcmp(name, last) != 0)
			judge_service(doctor, name);
		memcpy(last, name, sizeof(last));
	}
}

void
doctor_pam(struct doctor *doctor)
{
	char value[CONFIG_WORD];

	if (!doctor_setting(doctor, "usepam", value))
		doctor_warn(doctor, NULL, "whether sshd uses PAM is not known");
	else if (strcasecmp(value, "yes") != 0)
		doctor_ok(
		    doctor, "sshd -T says UsePAM no: sshd asks PAM nothing");
	else
		judge_services(doctor);
}
