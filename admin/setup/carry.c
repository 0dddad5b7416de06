/*
 * Does the stages of a journal, or undoes them.  The journal says on disk which
 * stage has begun before that stage changes anything.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "admin/setup/setup.h"
#include "gate/sshd/started.h"

void
journal_end(struct journal *journal)
{
	journal->state = JOURNAL_DONE;
	if (journal_write(journal) != FAULT_NONE)
		admin_say("%s: %s", JOURNAL_FOLDER, strerror(errno));
	for (size_t i = 0; i < journal->plan.stages.count; i++)
		stage_clear(&journal->plan.stages.items[i]);
	journal_delete();
}

bool
journal_undo(struct journal *journal)
{
	bool ok = true;

	/* A setup that is half undone cannot be confirmed any more. */
	journal->state = JOURNAL_CHANGING;
	if (journal_write(journal) != FAULT_NONE)
		admin_say("%s: %s", JOURNAL_FOLDER, strerror(errno));
	for (size_t i = (size_t)journal->begun; i-- > 0;)
		if (i < journal->plan.stages.count)
			ok &= stage_undo(&journal->plan.stages.items[i]);
	if (ok)
		journal_delete();
	else
		admin_say("not everything could be put back; copies of what "
			  "was there are in " JOURNAL_FOLDER ". Mend what is "
			  "in the way, then run tfa-admin setup --undo");
	return ok;
}

bool
journal_carry_out(struct journal *journal)
{
	for (size_t i = 0; i < journal->plan.stages.count; i++) {
		struct stage *stage = &journal->plan.stages.items[i];
		bool ok = stage_save(stage);

		if (ok) {
			journal->begun = (int64_t)i + 1;
			ok = journal_write(journal) == FAULT_NONE;
			if (!ok)
				admin_say("the journal: %s", strerror(errno));
		}
		if (!ok || !stage_do(stage)) {
			if (journal_undo(journal))
				admin_say("everything is back as it was");
			return false;
		}
		if (stage->kind == STAGE_SSHD_RELOAD)
			journal->loaded = started_ticks_now();
	}
	return true;
}
