/*
 * Whether "tfa-admin setup" was run here, and came to its end.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/doctor/doctor.h"
#include "admin/setup/setup.h"
#include "store/base/when.h"

static void
judge_journal(struct doctor *doctor, const struct journal *journal)
{
	char until[WHEN_TEXT];

	when_format(journal->until_s, until);
	if (journal->state == JOURNAL_WAITING && journal_left_s(journal) > 0)
		findings_add(&doctor->findings, FINDING_WARN,
		    "tfa-admin setup --confirm",
		    "a setup waits to be confirmed from a new login; at %s "
		    "all is put back",
		    until);
	else if (journal->state == JOURNAL_WAITING)
		findings_add(&doctor->findings, FINDING_FAIL,
		    "tfa-admin setup --undo",
		    "a setup was to be confirmed by %s and was not, and it is "
		    "still in force",
		    until);
	else if (journal->state == JOURNAL_CHANGING)
		findings_add(&doctor->findings, FINDING_FAIL,
		    "tfa-admin setup --undo",
		    "a setup is under way, or was cut off half-way");
}

/* The machine's own configuration, which setup is for. */
static bool
is_machine(const struct doctor *doctor)
{
	return doctor->admin->config == NULL && doctor->keeper.store == NULL;
}

void
doctor_setup(struct doctor *doctor)
{
	scoped_journal struct journal journal = {.version = 0};
	enum fault fault = journal_load(&journal);

	if (fault == FAULT_NONE)
		judge_journal(doctor, &journal);
	else if (fault != FAULT_ABSENT)
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "the journal of setup cannot be read, so whether one is "
		    "under way is not known%s",
		    geteuid() == 0 ? "" : " (needs root)");
	if (is_machine(doctor) && doctor->lines.files.count == 0)
		findings_add(&doctor->findings, FINDING_WARN, NULL,
		    "whether tfa is set up here is not known: %s",
		    doctor->no_views);
	else if (is_machine(doctor) && config_gate(&doctor->lines) == NULL)
		findings_add(&doctor->findings, FINDING_FAIL, "tfa-admin setup",
		    "tfa is not set up here: sshd asks nobody for a code");
	findings_ok(&doctor->findings, "no setup is under way%s",
	    fault == FAULT_ABSENT ? ": it has left no journal"
				  : ", says its journal");
}

const char *
doctor_keeper_fix(const struct doctor *doctor)
{
	if (is_machine(doctor) && access(SETUP_DROPIN, F_OK) < 0)
		return "tfa-admin setup";
	return systemd_runs() ? "systemctl enable --now tfa-keeper.socket"
			      : KEEPER_LINE;
}
