/*
 * Accounts that sshd itself serves, by internal-sftp, without a shell or in a
 * ChrootDirectory.  No gate can be started for them: with it before them they
 * could not log in any more.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/account.h"
#include "admin/doctor/doctor.h"
#include "admin/doctor/person.h"
#include "admin/doctor/scope.h"
#include "store/system/passwd.h"

#define NAMES 1500 /* bytes of the names in a Match line */
#define SHOWN 3    /* accounts named before "and N others" */

/* The accounts for which one block would do. */
struct cut_off {
	const char *command;
	char names[NAMES], shown[SHOWN * 84];
	size_t count, left; /* left: not in names */
	char why[200];      /* of the first */
};

struct cut_offs {
	LIST_OF(struct cut_off) list;
};

static struct cut_off *
cut_off_by(struct doctor *doctor, struct cut_offs *all, const char *command)
{
	struct cut_off *found;

	list_each(struct cut_off, known, all->list)
		if (strcmp(known->command, command) == 0)
			return known;
	found = list_add(&all->list, sizeof(*found));
	if (found == NULL)
		doctor->findings.failed = true;
	else
		*found = (struct cut_off){.command = command};
	return found;
}

static void
add_cut_off(struct doctor *doctor, struct cut_offs *all,
    const struct passwd *pw, const char *command)
{
	struct cut_off *found = cut_off_by(doctor, all, command);
	bool shell = shell_kind(passwd_shell(pw)) != SHELL_NO_LOGIN;
	size_t used, shown;

	if (found == NULL)
		return;
	used = strlen(found->names);
	shown = strlen(found->shown);
	if (found->count == 0)
		snprintf(found->why, sizeof(found->why), "%s%.150s",
		    shell ? "the gate is not in ChrootDirectory "
			  : "no gate starts from the shell ",
		    shell ? served_value(&doctor->lines, pw, "ChrootDirectory")
			  : passwd_shell(pw));
	if (found->count++ < SHOWN)
		snprintf(found->shown + shown, sizeof(found->shown) - shown,
		    "%s%.80s", shown > 0 ? ", " : "", pw->pw_name);
	if (used + strlen(pw->pw_name) + 2 > sizeof(found->names))
		found->left++;
	else
		snprintf(found->names + used, sizeof(found->names) - used,
		    "%s%s", used > 0 ? "," : "", pw->pw_name);
}

/* True if somebody can log in to the account: one whom a Match block names is
 * meant to.  All others of passwd have "Subsystem sftp" too. */
static bool
is_used(const struct doctor *doctor, const struct passwd *pw, bool named)
{
	unsigned long long kind = kind_of(&doctor->kinds, pw);
	char why[400];

	if (named)
		return true;
	list_each(const struct view, view, doctor->views.list)
		if (!view->door && dump_is_of_kind(view, kind) &&
		    account_gets_in(view, pw, ACCOUNT_ANY, why, sizeof(why)))
			return true;
	return false;
}

static void
say_cut_off(struct doctor *doctor, const struct cut_off *found)
{
	const struct config_line *gate = config_gate(&doctor->lines);
	const char *slash = gate != NULL ? strrchr(gate->file, '/') : NULL;
	char block[FINDING_FIX], others[60] = "", left[80] = "";

	if (found->count > SHOWN)
		snprintf(others, sizeof(others), " and %zu more",
		    found->count - SHOWN);
	if (found->left > 0)
		snprintf(left, sizeof(left),
		    "\n    # and %zu more, in a block of their own",
		    found->left);
	snprintf(block, sizeof(block),
	    "in %.*s" CONFIG_SITE ":\n"
	    "    Match User %s\n"
	    "        ForceCommand %.400s\n"
	    "        SetEnv SHLVL=0%s",
	    slash != NULL ? (int)(slash - gate->file) + 1 : 0,
	    slash != NULL ? gate->file : "", found->names, found->command,
	    left);
	findings_add_block(&doctor->findings, FINDING_FAIL, block,
	    "%.250s%s: sftp is served by sshd itself, and with the gate before "
	    "them they cannot log in: %.180s; with this block they go on, and "
	    "are asked for no code",
	    found->shown, others, found->why);
}

void
doctor_sftp_only(struct doctor *doctor)
{
	struct cut_offs all = {{NULL, 0}};
	const struct passwd *pw;
	const char *command;
	bool named;

	if (geteuid() != 0 || doctor->views.list.count == 0) {
		doctor_warn(doctor, NULL,
		    "accounts that sshd itself serves are not known%s",
		    geteuid() != 0 ? " (needs root)" : "");
		return;
	}
	setpwent();
	while ((pw = getpwent()) != NULL)
		if ((sftp_is_cut_off(&doctor->lines, pw) ||
			sftp_is_confined(&doctor->lines, pw)) &&
		    served_by_sshd(&doctor->lines, pw, &command, &named) &&
		    is_used(doctor, pw, named))
			add_cut_off(doctor, &all, pw, command);
	endpwent();
	list_each(const struct cut_off, found, all.list)
		say_cut_off(doctor, found);
	free(all.list.items);
	doctor_ok(doctor,
	    "no account that can log in has sftp from sshd itself and no way "
	    "to the gate");
}
