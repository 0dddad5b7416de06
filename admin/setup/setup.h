/*
 * setup: makes this machine a bastion with tfa, or undoes that.
 *
 * It must never leave a machine half changed, and never one that nobody can
 * log in to.  So all that is to be done is a plan first, a list of steps,
 * which is shown and agreed to; each step knows how to undo itself.
 *
 *	setup.c          the command and its forms: the story
 *	setup_confirm.c  --confirm and --undo
 *	setup_plan.c     which steps there are to do, on this machine
 *	setup_pam.c      PAM's line that reads a user's own variables
 *	setup_show.c     the plan as text
 *	setup_site.c     what the site's own sshd configuration would lose
 *	setup_shells.c   login shells that would not run the gate
 *	setup_config.c   that configuration's files
 *	setup_caller.c   whether the caller could still log in
 *	setup_keys.c     and by which key or certificate
 *	setup_site_keys.c  whose keys the gate would refuse
 *	setup_text.c     what the files say
 *	setup_step.c     each kind of step: do, undo
 *	setup_folder.c   folders: made, put aside, removed
 *	setup_sshd.c     sshd: tested, asked, reloaded
 *	setup_keeper.c   the keeper: started, stopped, asked
 *	setup_journal.c  what is needed to undo, on disk
 *	setup_watch.c    who undoes it in time
 *	setup_boot.c     which boot of the machine this is
 *	setup_login.c    which ssh login this process belongs to
 *	setup_command.c  other programs
 *
 * Life of an installation:
 *	1. the plan is written to the journal, with a time;
 *	2. a watcher starts, in a session of its own; with systemd as a service,
 *	   which that starts again where it is killed or the machine restarts;
 *	3. before each step the journal has what was there before it;
 *	4. "setup --confirm", from an ssh login that began after sshd was
 *	   reloaded, ends the journal, and with it the watcher.
 * Without 4 the watcher undoes the steps when the time has come, and at once
 * where setup was killed on the way.  Where there is none any more, "setup"
 * and "setup --confirm" undo what they find too late, and doctor says so.
 *
 * One setup at a time: all hold a lock on a file of root's in /run.
 */
#ifndef TFA_SETUP_H
#define TFA_SETUP_H

#include <sys/types.h>

#include "admin/admin.h"
#include "store/folder/policy_file.h"

#define SETUP_PATH     256
#define SETUP_STEPS    32
#define SETUP_FILE_MAX (256UL * 1024) /* bytes of a file that we change */
#define SETUP_WAIT_S   300            /* for a confirmation */
#define SETUP_NAME     33             /* a user's name */
#define BOOT_NAME      40             /* a boot id, in hexadecimal */

#define SETUP_SSHD    "/etc/ssh/sshd_config"
#define SETUP_DROPINS "/etc/ssh/sshd_config.d"
#define SETUP_DROPIN  SETUP_DROPINS "/00-tfa.conf"
#define SETUP_GATE    TFA_SBINDIR "/tfa-gate"
#define SETUP_KEEPER  TFA_SBINDIR "/tfa-keeper"
#define SETUP_POLICY  "/etc/tfa/policy.json"
#define SETUP_STORE   "/var/lib/tfa"
#define SETUP_UNITS   "/etc/systemd/system"

/* In the order of step_kinds[] in setup_step.c. */
enum step_kind {
	STEP_NONE = 0,
	STEP_USER_ADD,      /* a system user, path is its name */
	STEP_USER_DELETE,   /* the same */
	STEP_FOLDER_MAKE,   /* path, mode, owner: made, or these set right */
	STEP_FOLDER_REMOVE, /* path, with all that is in it */
	STEP_FILE_WRITE,    /* path gets text; 0644, root's */
	STEP_FILE_REMOVE,
	STEP_KEEPER_START, /* systemd only */
	STEP_KEEPER_STOP,
	STEP_SSHD_BEFORE, /* does nothing; undone, it reloads sshd */
	STEP_SSHD_CHECK,  /* sshd -t, and that owner gets what text says */
	STEP_SSHD_RELOAD,
	STEP_KEEPER_BEFORE, /* does nothing; undone, it stops the keeper */
};

struct step {
	int kind; /* enum step_kind */
	char path[SETUP_PATH];
	int64_t mode;
	char owner[SETUP_NAME];
	char *text; /* on the heap; not in the journal */
	/* What was there when its turn came: */
	bool existed;
	int64_t old_mode, old_uid, old_gid;
};

struct plan {
	JSON_LIST_OF(struct step) steps;
};

/* Adds a step; text, which may be NULL, becomes the plan's.  False without
 * memory. */
bool plan_add(struct plan *plan, enum step_kind kind, const char *path,
    int64_t mode, const char *owner, char *text);
void plan_done(struct plan *plan);
#define scoped_plan __attribute__((cleanup(plan_done)))

/* What setup was asked to do. */
struct setup {
	const struct admin *admin;
	const char *break_glass; /* a user, or NULL */
	const char *caller;      /* a user, or NULL for the console */
	bool site_first;         /* the site has Match blocks before ours */
	bool site_blocks_us;     /* and something that must be moved first */
};

/*
 * *ret: what has to be done for tfa to be installed, or removed, and is not
 * done yet; no step at all where it is.  plan_done() frees it.  Looks only.
 * Returns an admin_exit.
 */
int plan_install(const struct setup *setup, struct plan *ret);
int plan_remove(struct plan *ret);

/* *ret: the text of a file, on the heap, or NULL where there is none.  False,
 * after a message, where it cannot be read. */
bool plan_read_file(const char *path, char **ret);

/*
 * Adds what closes, or opens again, the lines by which PAM reads a file of the
 * user's for sshd.  Says what is for the administrator to change.  False where
 * that cannot be planned.
 */
bool plan_close_pam(struct plan *plan);
bool plan_open_pam(struct plan *plan);

/* The plan on stdout, every file with the lines that change. */
void plan_show(const struct plan *plan, bool json);

/* A line on what a step does: "write /etc/tfa/policy.json". */
void step_describe(const struct step *step, char *ret, size_t size);
const char *step_name(enum step_kind kind); /* "write file" */

/* Notes what is there before the step: number of its saved copy.  False,
 * after a message, where it cannot be noted. */
bool step_save(struct step *step, size_t number);

/* Does it, or undoes it as far as it was done.  Messages on stderr. */
bool step_do(const struct step *step);
bool step_undo(const struct step *step, size_t number);

/* Clears away what a step that will not be undone has put aside. */
void step_clear(const struct step *step);

/* Folders, without following a symbolic link anywhere below path. */
bool folder_make(const struct step *step);
bool folder_unmake(const struct step *step);
bool folder_set_aside(const char *path);
bool folder_put_back(const char *path);
bool folder_clear_aside(const char *path);
bool folder_remove(const char *path);

/*
 * The journal.  journal_load() says FAULT_ABSENT where no setup is under way,
 * as is usual.
 */
enum journal_state {
	JOURNAL_NONE = 0,
	JOURNAL_CHANGING, /* steps are being done */
	JOURNAL_WAITING,  /* all are done, to be confirmed */
	JOURNAL_DONE,     /* only clearing away is left */
};

struct journal {
	int64_t version;
	int state;       /* enum journal_state */
	int64_t begun;   /* how many steps have begun */
	int64_t until_s; /* when it is undone, by the wall clock */
	char boot[BOOT_NAME];
	int64_t ends_s; /* the same, in seconds since that boot */
	int64_t wait_s;
	int64_t loaded; /* sshd, in ticks since boot; 0: not yet */
	char login[64]; /* the ssh login that ran setup; "" for the console */
	struct plan plan;
};

MUST_USE enum fault journal_load(struct journal *ret);
MUST_USE enum fault journal_write(const struct journal *journal);
void journal_done(struct journal *journal);
#define scoped_journal __attribute__((cleanup(journal_done)))

/* Whether there is one, good or bad. */
bool journal_exists(void);

/* Sets the end of the wait: wait_s from now. */
void journal_set_end(struct journal *journal, int64_t wait_s);

/* Seconds until it is undone, from wait_s down to 0.  After a restart by the
 * wall clock: what that cannot have meant counts as the nearest that it can. */
int64_t journal_left_s(const struct journal *journal);

/* Takes the journal and all saved copies away: what is done stays done. */
void journal_end(struct journal *journal);

/* Undoes the steps that have begun, last first, all of them even if one
 * cannot be undone: then false, and the journal stays. */
bool journal_undo(struct journal *journal);

/* The folder of the journal, open, made if need be; -1 with errno. */
int journal_folder(bool make);

/* The lock that all forms of setup hold; -1 where another has it. */
int journal_lock(void);

/* Starts the watcher.  lock is closed in it.  False where that cannot be. */
bool watch_start(int lock);
/*
 * The watcher itself, --watch: until the journal is gone, or what it says is
 * put back.  Where the journal cannot be read or not all can be put back, says
 * so in the system's log and tries again.  Returns an admin_exit: ADMIN_NOT
 * where it gave up.
 */
int watch_run(void);
/* No watcher any more; it stays while there is a journal. */
void watch_stop(void);

/* Seconds since boot, those asleep included; the boot's name, "" where it has
 * none; whether this is still the boot of that name. */
int64_t boot_now_s(void);
void boot_name(char ret[static BOOT_NAME]);
bool boot_is(const char *name);

/*
 * sshd.  sshd_test(): sshd -t on the configuration, with the drop-in that
 * text says before it where text is not NULL; what sshd says goes to stderr.
 * sshd_dump(): what sshd -T gives a user who comes from that address;
 * sshd_force_command(): its ForceCommand; NULL: cannot be told, else the
 * caller frees.  sshd_reload_how(): the command that reloads it.
 */
bool sshd_test(const char *text);
char *sshd_dump(const char *user, const char *address);
char *sshd_force_command(const char *user);
bool sshd_has_folder(void); /* /run/sshd; without it sshd does nothing */
void sshd_reload_how(char *ret, size_t size);
bool sshd_reload(void);

/* Whether systemd runs this machine; the keeper, with it and without. */
bool systemd_runs(void);
bool keeper_answers(void);
bool keeper_start(void);
bool keeper_stop(void);
bool keeper_restart(void);
#define KEEPER_LINE                                           \
	"install -d -m 0755 /run/tfa && setsid " SETUP_KEEPER \
	" </dev/null >/dev/null 2>&1 &"

/* --confirm and --undo.  They return an admin_exit. */
int setup_confirm(const struct admin *admin);
int setup_undo(void);

/* Undoes a setup whose time to be confirmed is over, and says so. */
bool undo_late(struct journal *journal);

/*
 * What the files say; on the heap, NULL without memory.  text_dropin(): the
 * drop-in, with the blocks that a present one (or NULL) has above "Match all",
 * and one for an emergency user (or NULL).  text_policy(): the issuer is what
 * the host name gives.  text_is_user(): may stand after "Match User".
 */
char *text_dropin(const char *present, const char *break_glass);
char *text_policy(const char *host);
char *text_unit(const char *name);
bool text_is_user(const char *name);

/*
 * The ssh login that this process belongs to: its sshd process, and when
 * that began, in ticks since boot.  False where there is none: a console,
 * cron, or a tmux that outlived its login.
 */
struct ssh_login {
	pid_t pid;
	int64_t began;
	char address[ADDRESS_TEXT]; /* "" where it cannot be told */
};
bool login_find(struct ssh_login *ret);
int64_t login_ticks_now(void);

/* The caller's name, NULL for root at a console; whether they could log in
 * again, else ret_why. */
const char *caller_name(void);
bool caller_may_enter(const char *user, char *ret_why, size_t size);

/* *ret: the policy that will hold, setup's own where there is none yet;
 * policy_done() frees it.  What is wrong with it in ret_why. */
MUST_USE enum fault
caller_policy(struct policy *ret, char ret_why[static POLICY_WHY_TEXT]);

/*
 * Whether the gate will know a key that the caller can log in with, as far as
 * that can be told: before ExposeAuthInfo nobody sees by which key she did.
 * False, after a message with the line to add, where sshd takes a key of hers
 * or an authority's certificates, the gate does not, and she has no key of her
 * own that it does.
 */
bool caller_has_key(const char *user);

/*
 * Reads the site's sshd configuration: sets site_first and site_blocks_us,
 * and *ret_report, which the caller frees, to what must be said of it and the
 * lines to write.  False, after a message, where it cannot be read.
 */
bool site_check(struct setup *setup, char **ret_report);

/* Lines that still name the gate, besides our own: said before a removal. */
void site_warn_gate(void);

/*
 * Another program, found in the system's own folders, with an environment of
 * its own; argv ends in NULL.  Its exit status, or -1 where it cannot be run,
 * was killed, or had not ended after half a minute, which is then said.
 * ret_out, unless it is NULL: the first 64 KiB of its stdout, the caller frees;
 * else that goes to our stderr.
 */
int command_run(const char *const argv[], char **ret_out);
bool command_exists(const char *name);
#define COMMAND(...) ((const char *const[]){__VA_ARGS__, NULL})

#endif
