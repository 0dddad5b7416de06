#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "admin/doctor/account.h"
#include "admin/doctor/findings.h"
#include "admin/setup/setup.h"
#include "store/base/endpoint.h"
#include "store/base/when.h"

static const char how_to_confirm[] = "from a new ssh login: tfa-admin setup "
				     "--confirm; to take it back: "
				     "tfa-admin setup --undo";

/* Every login will run these: only root may be able to change them. */
static bool
has_program(const char *path)
{
	struct stat st;

	if (stat(path, &st) < 0) {
		admin_say(
		    "%s: %s; the package tfa puts it there, or make install",
		    path, strerror(errno));
		return false;
	}
	if (S_ISREG(st.st_mode) && st.st_uid == 0 && (st.st_mode & 022) == 0 &&
	    (st.st_mode & 0111) == 0111)
		return true;
	admin_say("%s: must be a program of root's that nobody else can "
		  "write and everybody can run",
	    path);
	return false;
}

/* Without a keeper, and nobody here to start it, every login is refused. */
static bool
has_keeper(const struct setup *setup)
{
	if (systemd_runs() || keeper_answers())
		return true;
	admin_say("no keeper runs yet, and no systemd that would start it: "
		  "%s can log in after setup until a keeper runs. Start it "
		  "then at once, here and where this machine starts its "
		  "daemons:",
	    setup->partial ? "none of those before whom the gate stands"
			   : "nobody");
	fputs("    " ADMIN_KEEPER_LINE "\n", stderr);
	if (setup->caller == NULL || setup->admin->yes)
		return true;
	admin_say("you came over ssh and would be locked out until then: --yes "
		  "goes on in spite of that; run that line at once after it");
	return false;
}

/* Asks the policy and the caller's record. */
static bool
may_enter(const struct setup *setup)
{
	char why[512] = "";

	if (caller_may_enter(setup->caller, why, sizeof(why)))
		return true;
	admin_say("you would lock yourself out: %s could not log in again: %s",
	    setup->caller, why);
	if (!setup->admin->yes)
		admin_say("mend what is wrong, or let %s enrol first: "
			  "tfa-admin enable %s",
		    setup->caller, setup->caller);
	return false;
}

static bool
asks_caller(const struct setup *setup, const struct plan *plan)
{
	const struct stage *stage = plan_find(
	    plan, STAGE_FILE_WRITE, CONFIG_DROP_IN);

	return stage == NULL || judged_asks(stage->text, setup->caller);
}

static bool
caller_is_safe(const struct setup *setup, const struct plan *plan)
{
	const char *emergency = setup->admin->break_glass;
	bool ok;

	if (setup->caller == NULL || !asks_caller(setup, plan) ||
	    (emergency != NULL && strcmp(setup->caller, emergency) == 0))
		return true;
	ok = may_enter(setup);
	ok &= caller_has_key(setup->caller);
	if (!ok && !setup->admin->yes)
		admin_say("--yes goes on in spite of that");
	return ok || setup->admin->yes;
}

/* A plan that writes the drop-in waits for a confirmation.  Without it no login
 * has changed, or --remove has taken the gate away. */
static bool
changes_logins(const struct plan *plan)
{
	return plan_find(plan, STAGE_FILE_WRITE, CONFIG_DROP_IN) != NULL;
}

/* A plan that only takes the door away opens nothing and closes no login: what
 * else is wrong here is no reason to leave the door open. */
static bool
only_closes_door(const struct setup *setup)
{
	scoped_free char *present = NULL;
	const struct admin *admin = setup->admin;

	return admin->no_door && admin->only == NULL &&
	    admin->break_glass == NULL &&
	    plan_read_file(CONFIG_DROP_IN, &present) && present != NULL &&
	    guard_door_port(present) != 0;
}

/* Names everything that is in the way, not only the first. */
static bool
may_install(const struct setup *setup, const struct plan *plan)
{
	struct findings findings = {.check = NULL};
	bool logins = changes_logins(plan), door = door_starts(plan), ok;

	if (!logins && !door)
		return true;
	ok = judged_plan(setup->admin, plan, &findings);
	ok &= judged_say(&findings);
	findings_done(&findings);
	if (only_closes_door(setup)) {
		if (!ok)
			admin_say("what is named above was so before: the "
				  "door can be closed nevertheless");
		return true;
	}
	ok &= !door || door_may_open(plan);
	ok &= !logins || has_keeper(setup);
	ok = (!logins || caller_is_safe(setup, plan)) && ok;
	if (!ok)
		admin_say("nothing is changed: mend what is named above, then "
			  "run setup again");
	return ok;
}

static void
say_no_journal(int error)
{
	admin_say("the journal, in " JOURNAL_FOLDER ": %s; nothing is changed",
	    strerror(error));
	if (error == EROFS)
		admin_say("this root is read-only, as in a container: run "
			  "setup where its image is built, see "
			  "tfa-containers(7)");
}

/* plan becomes the journal's. */
static bool
begin_changes(const struct setup *setup, struct plan *plan, struct journal *ret)
{
	struct ssh_login login;

	*ret = (struct journal){
	    .version = 1, .state = JOURNAL_CHANGING, .plan = *plan};
	journal_set_end(ret, setup->wait_s);
	*plan = (struct plan){.stages = {.count = 0}};
	if (ssh_login_find(&login))
		memcpy(ret->ssh, login.name, sizeof(ret->ssh));
	if (journal_write(ret) != FAULT_NONE) {
		say_no_journal(errno);
		return false;
	}
	if (watch_start(setup->lock))
		return journal_carry_out(ret);
	admin_say("the process that would undo this in time cannot be started; "
		  "nothing is changed");
	journal_end(ret);
	return false;
}

static int
wait_for_confirmation(const struct setup *setup, struct journal *journal)
{
	char until[WHEN_SAID], wait[64];

	journal->state = JOURNAL_WAITING;
	if (journal_write(journal) != FAULT_NONE) {
		admin_say("the journal: %s", strerror(errno));
		journal_undo(journal);
		return ADMIN_NOT;
	}
	when_say(journal->until_s, until);
	duration_say(journal->wait_s, wait, sizeof(wait));
	admin_say("the changes are in force. Keep this login open, log in "
		  "again from another terminal, and run there: tfa-admin setup "
		  "--confirm");
	admin_say(
	    "unless you do, everything is put back in %s, on %s", wait, until);
	if (!systemd_runs())
		admin_say("if this machine restarts before that, its start "
			  "must run tfa-admin setup --watch, which puts "
			  "everything back");
	if (setup->admin->break_glass != NULL)
		admin_say("%s gets in without a code: whoever has their key "
			  "has the bastion, so keep it offline. tfa-admin "
			  "users does not know that, and shows them like "
			  "everybody else",
		    setup->admin->break_glass);
	return ADMIN_DONE;
}

static void
warn_of_removal(const struct plan *plan)
{
	judged_say_gates();
	pam_say_askers();
	if (plan_find(plan, STAGE_FOLDER_REMOVE, SETUP_STORE) != NULL)
		admin_say("this deletes everybody's devices and the log "
			  "in " SETUP_STORE ", and the policy in /etc/tfa: "
			  "copy them first if you may want them again, or "
			  "give --keep");
	else if (plan->setup->admin->keep)
		admin_say("the devices and the log stay in " SETUP_STORE
			  ", and the policy in /etc/tfa: another setup takes "
			  "them up again");
}

/* Installs, or removes. */
static int
setup_change(const struct setup *setup)
{
	const struct admin *admin = setup->admin;
	scoped_plan struct plan plan = {.stages = {.count = 0}};
	scoped_journal struct journal journal = {.version = 0};
	int status = admin->remove ? plan_remove(setup, &plan)
				   : plan_install(setup, &plan);
	bool waits, opens;
	int port = 0;

	if (status != ADMIN_DONE)
		return status;
	if (plan.stages.count == 0) {
		admin_say(admin->remove
			? "there is nothing to remove"
			: "everything is set up, there is nothing to change");
		return ADMIN_DONE;
	}
	plan_show(&plan, admin->json);
	fflush(stdout);
	if (admin->remove)
		warn_of_removal(&plan);
	else
		closes_say(&plan);
	if (!admin->remove && !may_install(setup, &plan))
		return ADMIN_NOT;
	if (admin->dry_run)
		return ADMIN_DONE;
	if (!admin_confirm(admin,
		admin->remove ? "Remove all this?" : "Make these changes?"))
		return ADMIN_NOT;
	waits = changes_logins(&plan);
	opens = door_starts(&plan) && door_port(&plan, &port);
	if (!begin_changes(setup, &plan, &journal)) {
		watch_stop();
		return ADMIN_NOT;
	}
	if (opens)
		door_say_hints(port);
	if (waits)
		return wait_for_confirmation(setup, &journal);
	journal_end(&journal);
	watch_stop();
	return ADMIN_DONE;
}

/*
 * Ends what an earlier setup has left open.  False where that is in the way of
 * this one: *ret_status is then the command's.
 */
static bool
goes_on(const struct admin *admin, int *ret_status)
{
	scoped_journal struct journal journal = {.version = 0};
	enum fault fault = journal_load(&journal);

	*ret_status = ADMIN_NOT;
	if (fault == FAULT_ABSENT)
		return true;
	if (fault != FAULT_NONE) {
		admin_say("the journal of an earlier setup cannot be read: put "
			  "back the copies in " JOURNAL_FOLDER " of what was "
			  "there before, then remove that folder");
		return false;
	}
	if (journal.state == JOURNAL_CHANGING && admin->dry_run) {
		admin_say("an earlier setup was cut off half-way: run "
			  "tfa-admin setup --undo");
		return false;
	}
	if (journal.state == JOURNAL_WAITING && journal_left_s(&journal) == 0) {
		if (!admin->dry_run)
			return undo_late(&journal);
		admin_say("an earlier setup was not confirmed in time: run "
			  "tfa-admin setup --undo");
		return false;
	}
	if (journal.state == JOURNAL_WAITING &&
	    (admin->dry_run || !admin->remove)) {
		char until[WHEN_SAID];

		when_say(journal.until_s, until);
		admin_say("nothing is changed: an earlier setup waits to be "
			  "confirmed until %s, %s",
		    until, how_to_confirm);
		*ret_status = admin->dry_run ? ADMIN_DONE : ADMIN_NOT;
		return false;
	}
	if (journal.state != JOURNAL_CHANGING) {
		if (admin->dry_run)
			return true;
		journal_end(&journal);
		watch_stop();
		return true;
	}
	admin_say("an earlier setup was cut off half-way: its changes are "
		  "undone first");
	return journal_undo(&journal);
}

/* An account that cannot log in is no way out of an emergency. */
static bool
emergency_opens(const char *user)
{
	scoped_free char *dump = sshd_dump(user, "127.0.0.1");
	const struct view view = {.dump = dump};
	const struct passwd *found = getpwnam(user);
	struct passwd pw;
	char why[400] = "cannot be looked at: sshd -T fails";

	if (dump != NULL && found != NULL) {
		pw = *found;
		if (account_gets_in(
			&view, &pw, ACCOUNT_SHELL, why, sizeof(why)))
			return true;
	}
	admin_say("--break-glass %s: that account could not log in in an "
		  "emergency: %s %s; nothing is changed",
	    user, user, why);
	return false;
}

static int
setup_run(struct setup *setup)
{
	const struct admin *admin = setup->admin;
	int status;

	if (admin->confirm)
		return setup_confirm(admin);
	if (admin->undo)
		return setup_undo();
	if (!goes_on(admin, &status))
		return status;
	if (!admin->remove &&
	    (!has_program(SETUP_GATE) || !has_program(SETUP_KEEPER)))
		return ADMIN_NOT;
	setup->caller = caller_name();
	if (admin->break_glass != NULL && !emergency_opens(admin->break_glass))
		return ADMIN_NOT;
	if (admin->remove ? !fleet_lets_remove(admin) : !only_settle(setup))
		return ADMIN_NOT;
	return setup_change(setup);
}

static bool
is_usage(const struct admin *admin, int argc, int64_t *ret_wait_s)
{
	bool changes = admin->break_glass != NULL || admin->door != NULL ||
	    admin->no_door || admin->only != NULL;
	int forms = admin->remove + admin->confirm + admin->undo +
	    admin->watch + admin->used + changes;

	*ret_wait_s = SETUP_WAIT_S;
	if (argc > 0)
		return false;
	if (forms > 1 || (admin->door != NULL && admin->no_door)) {
		admin_say("%s exclude each other: give one",
		    admin->door != NULL && admin->no_door
			? "--door and --no-door"
			: "a change, --confirm, --undo, --watch, --remove "
			  "and --used");
		return false;
	}
	if (admin->keep && !admin->remove) {
		admin_say("--keep goes with --remove");
		return false;
	}
	if (admin->door != NULL && endpoint_port(admin->door) == 0) {
		admin_say("%s: not a port from 1 to 65535", admin->door);
		return false;
	}
	if (admin->keeper.store != NULL ||
	    strcmp(admin->keeper.socket, CLIENT_SOCKET) != 0 ||
	    strcmp(admin->policy, SETUP_POLICY) != 0) {
		admin_say("setup is for the machine as a whole: no --store, "
			  "--socket or --policy");
		return false;
	}
	if (admin->wait != NULL &&
	    (!duration_parse(admin->wait, ret_wait_s) || *ret_wait_s < 1 ||
		*ret_wait_s > 86400)) {
		admin_say("%s: not a duration from 1s to 1d", admin->wait);
		return false;
	}
	return true;
}

static bool
is_account_of_break_glass(const struct admin *admin)
{
	if (admin->break_glass == NULL ||
	    (text_is_user(admin->break_glass) &&
		getpwnam(admin->break_glass) != NULL))
		return true;
	admin_say("%s: there is no such user", admin->break_glass);
	return false;
}

/* The watcher has the lock, too, for a moment in each second. */
static int
lock_soon(bool looks)
{
	int lock = looks ? journal_lock_present() : journal_lock();

	for (int i = 0; lock < 0 && errno == EWOULDBLOCK && i < 20; i++) {
		usleep(100000);
		lock = looks ? journal_lock_present() : journal_lock();
	}
	return lock;
}

int
admin_setup(struct admin *admin, int argc, char **argv)
{
	struct setup setup = {.admin = admin};
	scoped_fd int lock = -1;

	(void)argv;
	if (!is_usage(admin, argc, &setup.wait_s))
		return ADMIN_MISUSED;
	if (!is_account_of_break_glass(admin))
		return ADMIN_NOT;
	if (!admin_root_only(admin, "setup"))
		return ADMIN_NOT_ALLOWED;
	if (admin->watch)
		return watch_run();
	if (!admin->used && !command_exists("sshd")) {
		admin_say("there is no sshd on this machine");
		return ADMIN_NOT;
	}
	lock = lock_soon(admin->dry_run || admin->used);
	if (lock < 0 && !((admin->dry_run || admin->used) && errno == ENOENT)) {
		admin_say("the lock of setup: %s",
		    errno == EWOULDBLOCK ? "busy, another setup is at work"
					 : strerror(errno));
		return admin->used ? ADMIN_USAGE : ADMIN_NOT;
	}
	if (admin->used)
		return setup_used(admin);
	setup.lock = lock;
	return setup_run(&setup);
}
