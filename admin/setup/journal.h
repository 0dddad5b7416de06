/*
 * The journal: which stages a setup has begun, and when they are undone.  It
 * lies with the copies in a folder of root's alone.
 *
 *	lock = journal_lock();
 *	journal_write(&journal);	before the first stage
 *	watch_start(lock);		undoes the stages when the time is over
 *	journal_carry_out(&journal);	or all is undone
 *	journal_end(&journal);		what is done stays done
 *	watch_stop();
 *
 * journal_undo() in place of journal_end() takes all of it back.
 */
#ifndef TFA_SETUP_JOURNAL_H
#define TFA_SETUP_JOURNAL_H

#include "admin/setup/stage.h"
#include "store/base/fault.h"

#define BOOT_NAME 40 /* a boot id, in hexadecimal */

enum journal_state {
	JOURNAL_NONE = 0,
	JOURNAL_CHANGING, /* stages are being done */
	JOURNAL_WAITING,  /* all are done, to be confirmed */
	JOURNAL_DONE,     /* only what was put aside is left to be deleted */
};

struct journal {
	int64_t version;
	int state;       /* enum journal_state */
	int64_t begun;   /* how many stages have begun */
	int64_t until_s; /* when they are undone, by the wall clock */
	char boot[BOOT_NAME];
	int64_t ends_s; /* the same moment, in seconds since that boot */
	int64_t wait_s;
	int64_t loaded; /* when sshd was reloaded, in ticks since boot; or 0 */
	char ssh[64];   /* the ssh login that ran setup; "" for the console */
	struct plan plan;
};

/* FAULT_ABSENT, as is usual: no setup is under way.  journal_done() in any
 * case. */
MUST_USE enum fault journal_load(struct journal *ret);
MUST_USE enum fault journal_write(const struct journal *journal);
void journal_done(struct journal *journal);
#define scoped_journal __attribute__((cleanup(journal_done)))

/* True if there is a journal, readable or not. */
bool journal_exists(void);

/* Deletes the journal, and then the copies, which mean nothing without it. */
void journal_delete(void);

/* Sets the end of the wait: wait_s from now. */
void journal_set_end(struct journal *journal, int64_t wait_s);

/* Seconds until the stages are undone, from wait_s down to 0.  After a restart
 * of the machine by the wall clock, which cannot make the wait longer. */
int64_t journal_left_s(const struct journal *journal);

/* The lock that all forms of setup hold; -1 with errno, EWOULDBLOCK where
 * another one has it. */
int journal_lock(void);

/* The lock if it is there, for one who only looks: -1 with ENOENT where there
 * was no setup since the machine started. */
int journal_lock_present(void);

/* Does the stages in order.  False, after a message and with all of them
 * undone, where one fails. */
bool journal_carry_out(struct journal *journal);

/* Keeps the changes: deletes the journal and what was put aside. */
void journal_end(struct journal *journal);

/* Undoes the stages that have begun, last first, all of them even if one
 * cannot be undone: then false, and the journal stays. */
bool journal_undo(struct journal *journal);

/* Starts the watcher, which closes lock.  False where that cannot be. */
bool watch_start(int lock);
/*
 * The watcher itself, --watch: it waits until the journal is gone, or undoes
 * what the journal says.  Where the journal cannot be read, or not all can be
 * undone, it says so in the system's log and tries again.  Returns an
 * admin_exit: ADMIN_NOT where it gave up.
 */
int watch_run(void);
/* Ends the watcher; it stays while there is a journal. */
void watch_stop(void);

/* Seconds since boot, those asleep included; the boot's name, "" where it has
 * none; true if this is still the boot of that name. */
int64_t boot_now_s(void);
void boot_name(char ret[static BOOT_NAME]);
bool boot_is(const char *name);

#endif
