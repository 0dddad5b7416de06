/*
 * A stage: one change that setup makes to the machine, and can take back.  A
 * plan is the list of stages, in the order in which they are done.
 *
 *	plan_add(&plan, STAGE_FILE_WRITE, path, 0644, "root", text);
 *	stage_save(stage);	what is there before it
 *	stage_do(stage);
 *	stage_undo(stage);	or, once it stays, stage_clear(stage)
 *	plan_done(&plan);
 *
 * stage_undo() may come after a crash, in another process, for a stage that
 * was done, half done or not yet done: all three end in what was there before.
 */
#ifndef TFA_SETUP_STAGE_H
#define TFA_SETUP_STAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/json/json.h"

#define SETUP_PATH     256
#define SETUP_STAGES   32
#define SETUP_FILE_MAX (256UL * 1024) /* bytes of a file that we change */
#define SETUP_NAME     33             /* a user's name */

enum stage_kind {
	STAGE_NONE = 0,
	STAGE_USER_ADD, /* a system user; path is the name */
	STAGE_USER_DELETE,
	STAGE_FOLDER_MAKE,   /* path, with this mode and owner */
	STAGE_FOLDER_REMOVE, /* path, with all that is in it */
	STAGE_FILE_WRITE,    /* path gets text, with this mode; root's */
	STAGE_FILE_REMOVE,
	STAGE_KEEPER_START, /* with systemd only */
	STAGE_KEEPER_STOP,
	STAGE_SSHD_BEFORE, /* does nothing; undone, it reloads sshd */
	STAGE_SSHD_CHECK,  /* sshd -t, and that sshd gives owner this command */
	STAGE_SSHD_RELOAD,
	STAGE_KEEPER_BEFORE, /* does nothing; undone, it stops the keeper */
	STAGE_DOOR_STOP,
	STAGE_DOOR_TRY, /* a login at port path with a key, but no code */
	STAGE_DOOR_START,
};

/* Their names in --json; NULL at the end. */
extern const char *const stage_names[];

struct stage {
	size_t number; /* in its plan, from 0; not in the journal */
	int kind;      /* enum stage_kind */
	char path[SETUP_PATH];
	int64_t mode;
	char owner[SETUP_NAME];
	char *text; /* on the heap; not in the journal */
	/* from stage_save(): what was there before */
	bool existed;
	int64_t old_mode, old_uid, old_gid;
};

struct plan {
	LIST_OF(struct stage) stages;
	const struct setup *setup; /* for which it is made */
};

/* Adds a stage; text, which only a file to write needs, becomes the plan's.
 * False without memory, which a NULL for that text is taken for. */
bool plan_add(struct plan *plan, enum stage_kind kind, const char *path,
    int64_t mode, const char *owner, char *text);
void plan_done(struct plan *plan);
#define scoped_plan __attribute__((cleanup(plan_done)))

/*
 * Add a stage only where something differs: plan_write() a file of root's,
 * mode 0644, whose text becomes the plan's (NULL: no memory); plan_unit() a unit
 * that nobody else has put there; plan_drop() the removal of a file or folder.
 * plan_is_written(): the file at path, with the text present, is already so.
 * plan_has_unit(): also one that a package or "make install" has put there.
 */
bool plan_has_unit(const char *name);
bool plan_write(struct plan *plan, const char *path, char *text);
bool plan_unit(struct plan *plan, const char *name);
bool plan_drop(struct plan *plan, enum stage_kind kind, const char *path);
bool plan_is_written(const char *path, const char *present, const char *text);

/* The stage of that kind with that path, or NULL. */
const struct stage *
plan_find(const struct plan *plan, enum stage_kind kind, const char *path);

/* *ret: the text of a file, on the heap, or NULL where there is none.  False,
 * after a message, where the file cannot be read. */
bool plan_read_file(const char *path, char **ret);

/* Prints the plan on stdout, and of each file the lines that change. */
void plan_show(const struct plan *plan, bool json);

/* A line that says what a stage does: "write /etc/tfa/policy.json"; "" for a
 * stage that is not shown. */
void stage_describe(const struct stage *stage, char *ret, size_t size);

/* Saves what is there before the stage.  False, after a message, where that
 * cannot be saved. */
bool stage_save(struct stage *stage);

/* False after a message. */
bool stage_do(const struct stage *stage);
bool stage_undo(const struct stage *stage);

/* Deletes what a stage that stays has put aside. */
void stage_clear(const struct stage *stage);

/*
 * Files.  files_put() replaces the one at path, or removes it where text is
 * NULL.  files_save() copies it to the folder of the journal, under the
 * stage's number, and files_restore() puts that copy back.  False after a
 * message.
 */
bool files_put(const struct stage *stage);
bool files_save(const struct stage *stage);
bool files_restore(const struct stage *stage);

/* That folder, open, made if need be; -1 with errno. */
#define JOURNAL_FOLDER "/var/lib/tfa-setup"
#define JOURNAL_NAME   "journal.json"
#define JOURNAL_PATH   JOURNAL_FOLDER "/" JOURNAL_NAME
int journal_folder(bool make);

/*
 * Folders.  Nothing below path is reached through a symbolic link.  A folder
 * that is to go is renamed first, so that it can be put back whole, and is
 * deleted by folder_clear_aside().  False after a message.
 */
bool folder_make(const struct stage *stage);
bool folder_unmake(const struct stage *stage);
bool folder_set_aside(const struct stage *stage);
bool folder_put_back(const struct stage *stage);
bool folder_clear_aside(const struct stage *stage);
bool folder_remove(const char *path);

/* The keeper, with systemd and without, and sshd, whatever the stage.  False
 * after a message. */
bool keeper_start(const struct stage *stage);
bool keeper_stop(const struct stage *stage);
bool keeper_restart(const struct stage *stage);
bool sshd_reload(const struct stage *stage);

/* The door. */
bool door_stop(const struct stage *stage);
bool door_trial(const struct stage *stage);
bool door_trial_clean(const struct stage *stage);
bool door_start(const struct stage *stage);

/* "PATH: the error in errno", on stderr; always false. */
bool setup_fail(const char *path);

#endif
