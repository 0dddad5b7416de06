/*
 * setup --used: what starts tfa here, for those who want to remove its
 * programs.  Nobody could log in where sshd starts a gate that is not there.
 */
#include <glob.h>
#include <stdio.h>
#include <string.h>

#include "admin/doctor/pam_stack.h"
#include "admin/setup/setup.h"
#include "store/base/cleanup.h"

static void
add_asker(void *ctx, const struct pam_line *line)
{
	char text[1024];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(line->text, "\n"),
	    line->text);
	uses_add(ctx, USE_MODULE, line->file, line->number, text);
}

static void
used_by_pam(struct uses *uses)
{
	char why[400];

	if (!pam_each_asker(add_asker, uses, why, sizeof(why)))
		uses_unknown(uses, "PAM: %s", why);
}

/* The links by which systemd starts the door, also where it does not run. */
static void
used_by_systemd(struct uses *uses)
{
	static const char *const patterns[] = {
	    SETUP_UNITS "/*.wants/" DOOR_UNIT,
	    SETUP_UNITS "/*.requires/" DOOR_UNIT,
	};
	glob_t found = {.gl_pathc = 0};

	for (size_t i = 0; i < 2; i++) {
		int status = glob(patterns[i], 0, NULL, &found);

		if (status != 0 && status != GLOB_NOMATCH)
			uses_unknown(uses, SETUP_UNITS ": cannot be read");
		for (size_t j = 0; status == 0 && j < found.gl_pathc; j++)
			uses_add(uses, USE_DOOR, found.gl_pathv[j], 0,
			    "systemd starts the door");
		globfree(&found);
	}
}

static void
used_by_setup(struct uses *uses)
{
	scoped_journal struct journal journal = {.version = 0};
	enum fault fault = journal_load(&journal);

	if (fault == FAULT_NONE && journal.state == JOURNAL_WAITING)
		uses_add(uses, USE_SETUP, JOURNAL_PATH, 0,
		    "a setup waits to be confirmed or undone");
	else if (fault == FAULT_NONE && journal.state != JOURNAL_DONE)
		uses_add(uses, USE_SETUP, JOURNAL_PATH, 0,
		    "a setup is under way, or was cut off");
	else if (fault != FAULT_NONE && fault != FAULT_ABSENT)
		uses_unknown(uses, JOURNAL_PATH ": cannot be read");
}

int
setup_used(const struct admin *admin)
{
	struct uses uses = {.json = admin->json};

	used_by_sshd(&uses);
	used_by_units(&uses);
	used_by_pam(&uses);
	used_by_systemd(&uses);
	used_by_setup(&uses);
	if (fflush(stdout) != 0 || uses.unwritten) {
		admin_say("the answer cannot be written");
		return ADMIN_USAGE;
	}
	if (uses.any)
		admin_say("this starts tfa: tfa-admin setup --remove --keep "
			  "takes it out and keeps all devices; remove lines "
			  "of your own by hand");
	else if (uses.unknown)
		admin_say("it is not known if something starts tfa: mend what "
			  "is named above");
	else
		admin_say("nothing on this machine starts tfa");
	if (uses.any)
		return ADMIN_NOT;
	return uses.unknown ? ADMIN_USAGE : ADMIN_DONE;
}
