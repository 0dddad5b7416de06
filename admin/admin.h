/*
 * tfa-admin: main.c holds the table of commands, each file here a command or
 * a family of them.
 *
 *	main.c     options, the table, help
 *	setup.c    setup; setup.h says what the other setup_*.c do
 *	rules.c    enable, enforce, exempt, disable
 *	policy.c   policy show, policy check
 *	edit.c     policy edit
 *	editor.c   the editor that it starts
 *	change.c   how a policy is changed: read, validated, stored
 *	place.c    the policy file, locked and replaced
 *	check.c    a policy that is checked for a person
 *	caret.c    the line of a mistake, and a caret under it
 *	users.c    users
 *	summary.c  users --summary
 *	directory.c  whether passwd and group list everybody
 *	explain.c  explain
 *	amend.c    revoke, unlock, code
 *	enroll.c   enroll
 *	import.c   import
 *	log.c      log
 *	ask.c      the keeper's answers
 *	doctor*.c  doctor; doctor.h lists them
 *	read.c     files, a user's own as that user
 *	authorities.c  who signs certificates, and whether the gate knows
 *	table.c    tables for a terminal
 *
 * Data goes to stdout, messages to stderr.
 */
#ifndef TFA_ADMIN_H
#define TFA_ADMIN_H

#include <limits.h>
#include <stdbool.h>

#include "store/wire/client.h"
#include "store/core/policy.h"

/* Starts the keeper where systemd does not run. */
#define ADMIN_KEEPER_LINE                                    \
	"install -d -m 0755 /run/tfa && setsid " TFA_SBINDIR \
	"/tfa-keeper </dev/null >/dev/null 2>&1 &"

#define ADMIN_TARGETS 1000 /* at once */

enum admin_exit {
	ADMIN_DONE = 0,
	ADMIN_NOT = 1, /* not found, check failed, one of several failed */
	ADMIN_USAGE = 2,
	ADMIN_KEEPER = 69,
	ADMIN_NOT_ALLOWED = 77,
	/* From a command only: its operands or options do not fit.  main() says
	 * how the command is used and exits with ADMIN_USAGE. */
	ADMIN_MISUSED = 256,
};

struct admin {
	struct client_options keeper;
	const char *policy; /* the policy file that commands read and change */
	bool json;
	bool yes; /* ask nothing */
	/* options of single commands; NULL where not given */
	const char *grace, *until, *from, *at, *since, *user, *state, *group;
	const char *config, *probe, *key; /* doctor */
	const char *qr;                   /* enroll */
	bool block, code;                 /* revoke */
	/* setup */
	const char *break_glass, *wait;
	bool dry_run, remove, confirm, undo, watch;
	bool enroll, pass; /* code */
	bool summary;      /* users */
};

/* A command: argv are its operands.  Returns an admin_exit. */
typedef int admin_command(struct admin *admin, int argc, char **argv);

admin_command admin_setup;
admin_command admin_enable, admin_enforce, admin_exempt, admin_disable;
admin_command admin_policy, admin_users, admin_explain, admin_revoke;
admin_command admin_doctor;
admin_command admin_unlock, admin_code, admin_log, admin_enroll, admin_import;

/* One line on stderr, with the program's name before it. */
void admin_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Whether a command may go on that is root's, or of a store of one's own: false
 * after a message, before anything it names is looked at.  The keeper judges
 * for itself.
 */
bool admin_root_only(const struct admin *admin, const char *command);

/* The same for a delegate's: where a code of one's own can be asked for. */
bool admin_may_help(const struct admin *admin);

/*
 * Root needs none, and a store of one's own neither; a delegate's own code is
 * asked for on the terminal. False, after a message, where there is none to
 * ask on.
 */
bool admin_own_code(const struct admin *admin, char *ret, size_t size);

/* Says on stdout what was done to a target: a line, or a JSON object. */
void
admin_done(const struct admin *admin, const char *target, const char *what);

/*
 * Says who has no device and is refused by one of these rules, which were
 * changed just now: up to three names, and how many there are.  targets: count
 * users and @groups, each the one that the rule is for; a rule of "" is none.
 */
void admin_say_shut_out(const struct admin *admin, char (*rules)[RULE_TEXT],
    char **targets, int count);

/* The status of several targets so far, with one more of them: the status of
 * a single one is its own, one that failed among several is ADMIN_NOT. */
int admin_worse(int so_far, int one, int targets);

/* Writes text to stdout as a JSON string. */
void admin_print_string(const char *text);

/*
 * Asks a question on the terminal.  True for yes, and where --yes was given;
 * false where there is no terminal to ask on.
 */
bool admin_confirm(const struct admin *admin, const char *question);

/*
 * Whether that can be a user's name, and fits into a request; false after a
 * message.
 */
bool admin_is_user(const char *text);

/*
 * One request, one reply; a denial is said on stderr, with what (a user's
 * name, or "") before it.  *ret, unless it is NULL: the reply, for
 * reply_done().  Returns an admin_exit.
 */
int admin_ask(const struct admin *admin, const struct request *request,
    const char *what, struct reply *ret);

/*
 * client_stream(), judged as by admin_ask().  Returns an admin_exit; a stream
 * that is cut short is ADMIN_KEEPER.
 */
int admin_stream(const struct admin *admin, const struct request *request,
    const char *what, const struct client_rows *rows);

#define ADMIN_WHY 400

/*
 * Has the keeper log a change that it does not make itself.  False where it
 * cannot, which takes some seconds at most; ret_why: a line that says why.
 */
bool admin_note(
    const struct admin *admin, const char *what, char *ret_why, size_t size);

/* What the log says of a change of the policy: a line each. */
struct changes {
	JSON_LIST_OF(struct note) lines;
};

/* One line more; false without memory. */
bool changes_add(struct changes *changes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void changes_done(struct changes *changes);

/*
 * A moment that somebody typed: RFC 3339, a date (its first second, UTC), or,
 * counted back from now, a duration.  False, after a message, for anything
 * else.
 */
bool admin_time(const char *text, int64_t now_s, int64_t *ret_s);

/*
 * Reads the policy under its lock, calls change, validates what came of it
 * and replaces the file, keeping its mode and owner.  change names each change
 * that it makes, and returns how many, or -1 for an error it has said; with 0
 * nothing is written.  Returns an admin_exit.
 */
int admin_change(struct admin *admin,
    int (*change)(struct policy *policy, struct changes *changes, void *arg),
    void *arg);

/* policy edit.  Returns an admin_exit. */
int admin_edit(struct admin *admin);

/* The policy of admin->policy; a store of one's own may have none yet.
 * policy_done() frees it.  Returns an admin_exit. */
int admin_load(const struct admin *admin, struct policy *ret);

#define PLACE_WAIT_S 30 /* for the others who change the policy */

/*
 * The policy file as a thing to replace: its folder, open, its name there,
 * and the lock that admins take one after another, in the order in which they
 * came.  path lives as long as the place.
 *
 * place_open() waits for the lock for wait_s seconds, 0 or at least 2, and then
 * says "busy"; ADMIN_NOT_ALLOWED to one who may not write there.  In a folder
 * that others own or write to it makes nothing and gives ADMIN_NOT.
 * place_store() puts text in its place, with the mode and owner that it had.
 * place_close() in any case.  Each says what is wrong.
 */
struct place {
	const char *path;
	const char *name;
	int folder;
	int lock;
};
int place_open(const char *path, int wait_s, struct place *ret);
int place_store(const struct place *place, const char *text, size_t len);
void place_close(struct place *place);

/*
 * Puts text in the policy's place, logged first: whatever is in force is in
 * the log, wherever this is killed, and what could then not be made is followed
 * by a line that says so.  Without a keeper it is made all the same, and that
 * it is not logged is said: the policy may be what has to be repaired.
 * Returns an admin_exit.
 */
int admin_install(const struct admin *admin, const struct place *place,
    const char *text, size_t len, const struct changes *changes);

/* A hidden file in that folder: ".policy.json.SUFFIX". */
struct beside {
	char name[NAME_MAX];
	char path[PATH_MAX];
};
void
place_beside(const struct place *place, const char *suffix, struct beside *ret);

/*
 * Says on stderr what is wrong with a policy's text, at file:line:column,
 * with the line and a caret under the place.  True where nothing is.
 */
bool admin_check_text(const char *file, const char *text, size_t len);

/*
 * Warns on stderr of each group that a valid policy names and that does not
 * exist here, which denies whoever comes to it.  How many there are.
 */
size_t admin_check_groups(const char *file, const char *text, size_t len);

/* Table of text columns; nothing is printed without rows. */
struct table;
struct table *table_new(const char *const *headings, size_t columns);
bool table_row(struct table *table, const char *const *cells);
bool table_print(struct table *table);
void table_free(struct table *table);

#endif
