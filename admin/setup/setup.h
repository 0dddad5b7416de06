/*
 * setup: makes this machine a bastion with tfa, or undoes that.
 *
 * setup never leaves a machine half changed, nor one that nobody can log in
 * to.  It makes a plan of stages first, has doctor's checks judge what the
 * plan would leave behind, shows both and asks.  Each stage can be undone.
 *
 *	setup.c    the command and its forms: the story
 *	confirm.c  --confirm and --undo
 *	parts.c    the parts of an installation: which stages each needs here
 *	pam.c      PAM's line that reads a user's own variables
 *	pam_askers.c  the lines by which PAM asks the keeper
 *	used.c     --used: what starts tfa here; used_sshd.c: what sshd starts;
 *	           used_units.c: and an sshd that systemd will start; unit.c reads
 *	           systemd's files; uses.c prints each
 *	door_plan.c  the stages of a door, and what is in its way here
 *	only.c     --only: before whom the gate is to stand
 *	closes.c   what closes for whom, in words
 *	judged.c   doctor's checks, on the plan
 *	caller.c   whether the policy and the record let the caller in again
 *	keys.c     whether one of the caller's keys does
 *	state.c    whether setup was run here, and confirmed: for doctor
 *	fleet.c    whether a fleet would lose its keys
 *	text.c     the texts of the files
 *	plan.c     the list of stages
 *	show.c     the plan as text
 *	stage.c    each kind of stage: shown, done, undone
 *	files.c, folder.c  what stages change on disk
 *	door.c     starts and stops the door; door_trial.c tries it
 *	door_hints.c  what is left to do for a door, and what users need
 *	carry.c    does the stages of a journal, or undoes them
 *	journal.c  what is needed to undo them, on disk
 *	watch.c    who undoes them in time
 *	boot.c     which boot of the machine this is
 *	sshd.c, running.c, keeper.c, command.c, login.c  what is asked of the
 *	           machine: host.h
 *
 * Life of an installation:
 *	1. the plan is written to the journal, with a time;
 *	2. a watcher starts, in a session of its own; with systemd as a service,
 *	   which systemd starts again if it is killed or the machine restarts;
 *	3. before each stage the journal has what was there before it;
 *	4. "setup --confirm", from an ssh login that began after sshd was
 *	   reloaded, ends the journal, and with it the watcher.
 * Without 4 the watcher undoes the stages when the time is over, and at once
 * if setup was killed on the way.  Where no watcher is left, "setup" and
 * "setup --confirm" undo what they find too late, and doctor says so.
 *
 * One setup at a time: all hold a lock on a file of root's in /run.
 */
#ifndef TFA_SETUP_H
#define TFA_SETUP_H

#include "admin/admin.h"
#include "admin/doctor/scope.h"
#include "admin/home.h"
#include "admin/setup/host.h"
#include "admin/setup/journal.h"
#include "admin/setup/stage.h"
#include "gate/sshd/config.h"
#include "gate/sshd/guard.h"
#include "store/folder/policy_file.h"

#define SETUP_WAIT_S 300 /* for a confirmation */
#define SETUP_GATE   TFA_SBINDIR "/tfa-gate"
#define SETUP_KEEPER TFA_SBINDIR "/tfa-keeper"
#define SETUP_POLICY "/etc/tfa/policy.json"

/* The bastion that setup is for: it takes no other socket and no other policy. */
#define SETUP_ADMIN                                 \
	{                                           \
		.keeper = {.socket = CLIENT_SOCKET, \
		    .keeper_user = CLIENT_USER},    \
		.policy = SETUP_POLICY              \
	}
#define SETUP_STORE "/var/lib/tfa"
#define SETUP_UNITS "/etc/systemd/system"

struct setup {
	const struct admin *admin;
	const char *caller; /* a user, or NULL for the console */
	int64_t wait_s;     /* for a confirmation */
	int lock;           /* journal_lock() */
	bool partial;       /* the gate is for some alone: */
	struct guard_only only;
};

/*
 * *ret: the stages that are left until tfa is installed, or removed; none
 * where it is.  plan_done() frees it.  Changes nothing.  Returns an admin_exit.
 */
int plan_install(const struct setup *setup, struct plan *ret);
int plan_remove(const struct setup *setup, struct plan *ret);

/* The stage that closes, or opens again, the lines by which PAM reads a user's
 * file for sshd.  False, after a message, where it cannot be planned. */
bool pam_plan_closed(struct plan *plan);
bool pam_plan_open(struct plan *plan);

/*
 * Calls each for every line by which PAM asks the keeper, of all services.
 * False where not every file can be read: ret_why has one of them.
 * pam_say_askers() names those elsewhere than at the door.
 */
struct pam_line;
typedef void pam_asker(void *ctx, const struct pam_line *line);
bool pam_each_asker(pam_asker *each, void *ctx, char *ret_why, size_t size);
void pam_say_askers(void);

/*
 * --used: prints each place that starts tfa, or would.  Returns an admin_exit:
 * ADMIN_DONE if there is none, ADMIN_NOT if there is one, and ADMIN_USAGE if
 * not all could be looked at, or written.  Only ADMIN_DONE allows anybody to
 * remove the programs.
 *
 * uses_add() prints one.  uses_unknown() says on stderr what could not be looked
 * at, and with --json prints a row for it: a gate that is found lets the door's
 * package go, and something unknown beside it does not.  used_by_sshd() adds
 * what sshd's files say, and the sshds that run; used_by_units() the sshds that
 * systemd would start.
 *
 * used_by_command() adds what the options of one sshd bring in; *ret, for
 * doctor_done(): the file that it reads.  False where that cannot be read.
 * uses_find_name(): where a file of that name is in the text, and no longer
 * name; or NULL.
 * uses_find_sshd(): where the text names an sshd, such as tfa-sshd, sshd-bastion
 * or sshd.distrib, but none of sshd's helpers, nor a file such as sshd.log; or
 * NULL.
 */
struct doctor;
struct used_command {
	const char *file; /* that shows the options */
	const char *who;  /* "sshd (pid 7)" */
	const char *text; /* the whole command */
	const char *door; /* what to say of a door */
	const struct listener *listener;
};
enum use_part { USE_GATE, USE_MODULE, USE_DOOR, USE_SETUP, USE_UNKNOWN };
struct uses {
	bool json, any, unknown, unwritten;
};
int setup_used(const struct admin *admin);
void uses_add(struct uses *uses, enum use_part part, const char *file,
    int number, const char *text);
void uses_unknown(struct uses *uses, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void used_by_sshd(struct uses *uses);
void used_by_units(struct uses *uses);
bool used_by_command(
    struct uses *uses, const struct used_command *command, struct doctor *ret);
const char *uses_find_name(const char *text, const char *name);
const char *uses_find_sshd(const char *text);

/*
 * The door.  door_port(): the port that the plan's door has, from --door,
 * --no-door or the present drop-in; 0 for none.  door_plan_before() adds the
 * stages before sshd reads the drop-in, and door_plan_after() those after it;
 * door_drop_after() and door_drop_before() remove what they made.  False, after
 * a message, where that cannot be planned.
 */
bool door_port(const struct plan *plan, int *ret);
bool door_plan_before(struct plan *plan);
bool door_plan_after(struct plan *plan);
bool door_drop_after(struct plan *plan);
bool door_drop_before(struct plan *plan);

/* True for a plan that starts a door. */
bool door_starts(const struct plan *plan);

/* True if what the plan's door needs besides doctor's checks is here: its own
 * files, and its port.  Else names all that is in the way. */
bool door_may_open(const struct plan *plan);

/* Says what is left to do for a door at that port, and prints the lines of
 * ssh_config(5) that its users need. */
void door_say_hints(int port);

/*
 * Judges with doctor's checks what the plan would leave behind: *ret, for
 * findings_done().  False without memory.  judged_say() says on stderr what
 * was found, and returns whether nothing of it is a FAIL.
 */
struct findings;
bool judged_plan(
    const struct admin *admin, const struct plan *plan, struct findings *ret);
bool judged_say(const struct findings *findings);

/* True if a Match block beside that drop-in leaves this user out of the gate. */
bool judged_exempts(const char *dropin, const char *user);

/* The people before whom the gate stands with that drop-in. */
struct reach {
	bool partial;   /* some alone */
	char whom[450]; /* "the group ops and alice"; "" for everybody */
	struct scope_count count;
};
bool judged_reach(const char *dropin, struct reach *ret);

/* True if the gate stands before this user; also where that is not known. */
bool judged_asks(const char *dropin, const char *user);

/* *ret: some account that can log in and meets the gate.  False: none does. */
bool judged_somebody(const char *dropin, char *ret, size_t size);

/*
 * --only.  only_settle() finds before whom the gate is to stand: those whom
 * --only names; with another option the same as before; else everybody.
 * only_parse(): *ret from "@ops,alice".  False after a message.
 */
bool only_settle(struct setup *setup);
bool only_parse(const char *targets, struct guard_only *ret);

/* False, after a message, where --remove would delete the keys of a fleet that
 * this bastion is in. */
bool fleet_lets_remove(const struct admin *admin);

/* Says what the plan's drop-in closes for whom, and what they write instead. */
void closes_say(const struct plan *plan);

/* Names the lines that still name the gate, besides our own. */
void judged_say_gates(void);

/* For doctor.  setup_judge() finds what would stop setup here, as judged_plan()
 * does.  setup_judge_journal() adds that a setup waits to be confirmed, was cut
 * off, or was not confirmed in time. */
bool setup_judge(const struct admin *admin, struct findings *ret);
void setup_judge_journal(struct findings *findings);

/* --confirm and --undo.  They return an admin_exit. */
int setup_confirm(const struct admin *admin);
int setup_undo(void);

/* Undoes a setup that was not confirmed in time, and says so. */
bool undo_late(struct journal *journal);

/*
 * The texts of the files; on the heap, NULL without memory.  text_dropin():
 * the drop-in, with the door's block for that port (0: none), the other blocks
 * that a present one (or NULL) has above the gate's, and one for an emergency
 * user (or NULL); only: before whom the gate stands, or NULL for everybody.
 * text_policy(): the issuer is what the host name gives.
 * text_ssh_config(): for users of the door.  text_is_user(): may stand after
 * "Match User".
 */
char *text_dropin(const char *present, const char *break_glass, int door_port,
    const struct guard_only *only);
char *text_policy(const char *host);
char *text_unit(const char *name);
char *text_door_pam(void);
char *text_ssh_config(const char *host, int port);
bool text_is_user(const char *name);

/* The caller's name; NULL for root at a console. */
const char *caller_name(void);

/* True if the policy and their record would let the caller in again; else
 * ret_why says why not. */
bool caller_may_enter(const char *user, char *ret_why, size_t size);

/* *ret: the policy that will hold, setup's own where there is none yet;
 * policy_done() frees it.  ret_why: what is wrong with it. */
MUST_USE enum fault
caller_policy(struct policy *ret, char ret_why[static POLICY_WHY_TEXT]);

/*
 * Looks for a key of the caller's that sshd and the gate both take: sshd does
 * not say yet by which key they came.  False, after a message, where there is
 * none, and sshd takes another key of theirs or an authority's certificates.
 */
bool caller_has_key(const char *user);

#endif
