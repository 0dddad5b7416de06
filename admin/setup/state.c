#include <unistd.h>

#include "admin/doctor/findings.h"
#include "admin/setup/setup.h"
#include "store/base/when.h"

static void
judge_state(const struct journal *journal, struct findings *findings)
{
	char until[WHEN_SAID];

	when_say(journal->until_s, until);
	if (journal->state == JOURNAL_WAITING && journal_left_s(journal) > 0)
		findings_add(findings, FINDING_WARN,
		    "tfa-admin setup --confirm",
		    "a setup waits to be confirmed from a new login; on %s "
		    "all is put back",
		    until);
	else if (journal->state == JOURNAL_WAITING)
		findings_add(findings, FINDING_FAIL, "tfa-admin setup --undo",
		    "a setup was to be confirmed by %s and was not, and it is "
		    "still in force",
		    until);
	else if (journal->state == JOURNAL_CHANGING)
		findings_add(findings, FINDING_FAIL, "tfa-admin setup --undo",
		    "a setup is under way, or was cut off half-way");
}

void
setup_judge_journal(struct findings *findings)
{
	scoped_journal struct journal journal = {.version = 0};
	enum fault fault = journal_load(&journal);

	if (fault == FAULT_NONE)
		judge_state(&journal, findings);
	else if (fault != FAULT_ABSENT)
		findings_add(findings, FINDING_WARN, NULL,
		    "the journal of setup cannot be read, so whether one is "
		    "under way is not known%s",
		    geteuid() == 0 ? "" : " (needs root)");
	findings_ok(findings, "no setup is under way%s",
	    fault == FAULT_ABSENT ? ": it has left no journal"
				  : ", says its journal");
}

bool
setup_judge(const struct admin *admin, struct findings *ret)
{
	const struct setup setup = {.admin = admin};
	scoped_plan struct plan plan = {.stages = {.count = 0}};

	return plan_install(&setup, &plan) == ADMIN_DONE &&
	    judged_plan(admin, &plan, ret);
}
