/*
 * Ends a setup that waits: it is confirmed, or undone.
 */
#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "admin/setup/setup.h"
#include "store/base/when.h"

/* Only a login that began after the change shows that the new configuration
 * works. */
static bool
is_new_login(const struct journal *journal)
{
	struct ssh_login login;

	if (!ssh_login_find(&login)) {
		admin_say("this is not an ssh login: log in again, and confirm "
			  "there (--yes confirms in spite of that)");
		return false;
	}
	if (!boot_is(journal->boot))
		return true; /* every login is newer than the change */
	if (login.began > journal->loaded &&
	    strcmp(login.name, journal->ssh) != 0)
		return true;
	admin_say("this login, or the connection that it shares, is older than "
		  "the change: log in again, and confirm there");
	return false;
}

bool
undo_late(struct journal *journal)
{
	char until[WHEN_SAID];
	bool ok = journal_undo(journal);

	when_say(journal->until_s, until);
	watch_stop();
	admin_say("a setup was to be confirmed by %s and was not: %s", until,
	    ok ? "everything is back as it was"
	       : "not everything could be put back");
	return ok;
}

int
setup_confirm(const struct admin *admin)
{
	scoped_journal struct journal journal = {.version = 0};
	enum fault fault = journal_load(&journal);
	char why[ADMIN_WHY];

	if (fault != FAULT_NONE) {
		admin_say("%s",
		    fault == FAULT_ABSENT ? "nothing waits to be confirmed: it "
					    "was confirmed already, or put "
					    "back since nobody confirmed it in "
					    "time (tfa-admin doctor says which)"
					  : "the journal cannot be read");
		return ADMIN_NOT;
	}
	if (journal.state == JOURNAL_CHANGING) {
		admin_say("setup was cut off half-way: run tfa-admin setup "
			  "--undo");
		return ADMIN_NOT;
	}
	if (journal.state == JOURNAL_WAITING && journal_left_s(&journal) == 0) {
		undo_late(&journal);
		return ADMIN_NOT;
	}
	if (!admin->yes && !is_new_login(&journal))
		return ADMIN_NOT;
	journal_end(&journal);
	watch_stop();
	if (keeper_answers() && !admin_note(admin, "setup", why, sizeof(why)))
		admin_say("this is not logged: %s", why);
	admin_say("confirmed: tfa stays in force");
	return ADMIN_DONE;
}

int
setup_undo(void)
{
	scoped_journal struct journal journal = {.version = 0};
	enum fault fault = journal_load(&journal);

	if (fault != FAULT_NONE) {
		admin_say("%s",
		    fault == FAULT_ABSENT ? "there is nothing to undo; "
					    "--remove takes tfa away"
					  : "the journal cannot be read");
		return ADMIN_NOT;
	}
	if (journal.state == JOURNAL_DONE)
		journal_end(&journal);
	else if (!journal_undo(&journal))
		return ADMIN_NOT;
	watch_stop();
	admin_say("everything is back as it was");
	return ADMIN_DONE;
}
