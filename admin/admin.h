/*
 * tfa-admin: a command, or a family of commands, has a file or a folder.
 *
 *	main.c         the tables of commands and options, help
 *	setup/         setup; setup.h lists its files
 *	doctor/        doctor; doctor.h lists its files
 *	policy/        the commands that read and change the policy
 *	  rules.c      enable, enforce, exempt, disable
 *	  exemptions.c exemptions
 *	  forward.c    forward
 *	  target.c     the rule of a user or a group in a policy
 *	  policy.c     policy show, policy check
 *	  edit.c       policy edit
 *	  editor.c     the person's editor
 *	  history.c    policy history, undo, and show of an earlier one
 *	  versions.c   the policies that were in force, kept
 *	  change.c     a change of the policy: read, validated, logged, stored
 *	  changes.c    the lines that say what a change is
 *	  difference.c how two policies differ, key by key
 *	  damage.c     what people lose by a change, asked before it is made
 *	  lockfile.c   the policy file, locked and replaced
 *	  check.c      a policy's mistakes, shown to a person
 *	  caret.c      the line of a mistake, and a caret under it
 *	users.c        users
 *	user_rows.c    what users shows of one user
 *	summary.c      users --summary; adoption.c: how many have a device
 *	explain/       explain; explain.h lists its files
 *	amend.c        revoke, forget, unlock, code
 *	sessions.c     what a user runs here, and its end
 *	enroll.c       enroll
 *	letter.c       its page for print
 *	letter_file.c  and the file of that
 *	escape.c       text within HTML
 *	import.c       import
 *	tokens/        import --csv, tokens, assign; seeds.h reads makers' files
 *	log/           log; history.h, which reads the audit, for other commands too
 *	report/        report; report.h lists its files
 *	metrics/       metrics; metrics.h lists its files
 *	store/         store: the fleet of bastions; site.h lists its files
 *	home.c         where the policy is: in a file here, or with the fleet
 *	shared.c       the fleet's policies, by the keeper
 *	operands.c     how many operands a command takes
 *	ask.c          requests to the keeper, questions
 *	say.c          messages
 *	read.c         files, a user's own with that user's rights
 *	table.c        tables for a terminal; cell.c: UTF-8 there
 *	csv.c          tables for a spreadsheet
 *	progress.c     how far a command has come, for a person who waits
 *
 * Data goes to stdout, messages to stderr.
 */
#ifndef TFA_ADMIN_H
#define TFA_ADMIN_H

#include <stdbool.h>

#include "store/wire/client.h"
#include "store/core/policy.h"

/* Starts the keeper where systemd does not run. */
#define ADMIN_KEEPER_LINE                                    \
	"install -d -m 0755 /run/tfa && setsid " TFA_SBINDIR \
	"/tfa-keeper </dev/null >/dev/null 2>&1 &"

#define ADMIN_TARGETS 1000 /* in one command */

enum admin_exit {
	ADMIN_DONE = 0,
	ADMIN_NOT = 1, /* not done, not found, or a check failed */
	ADMIN_USAGE = 2,
	ADMIN_DAMAGED = 3, /* log: done, but for lines that are damaged */
	ADMIN_KEEPER = 69,
	ADMIN_NOT_ALLOWED = 77,
	/* From a command only, after a message: its operands or options do not
	 * fit.  main() says how the command is used and exits with
	 * ADMIN_USAGE. */
	ADMIN_MISUSED = 256,
};

struct admin {
	struct client_options keeper;
	const char *policy; /* the path of the policy */
	const char *fleet;  /* the path of the fleet's configuration */
	const char *link;   /* and of the socket of tfa-link */
	bool json;
	bool csv;         /* of the commands that have it */
	bool yes;         /* ask no questions */
	bool lock_me_out; /* even if the caller cannot log in again */
	/* options of single commands; NULL: not given */
	const char *grace, *until, *from, *at, *since, *user, *state, *group;
	const char *unused; /* users */
	bool no_device;
	const char *device; /* revoke */
	bool end_sessions;
	const char *verdict, *event, *reason, *lines; /* log */
	bool follow;                                  /* log */
	const char *config, *probe, *key;             /* doctor, explain */
	bool deep;                                    /* doctor */
	const char *qr, *letter;                      /* enroll */
	bool hotp;                                    /* enroll */
	const char *account, *secrets;                /* import */
	const char *taken_out;                        /* tokens */
	const char *output;                           /* report */
	bool block;                                   /* revoke */
	bool code;                                    /* revoke, doctor */
	/* setup */
	const char *break_glass, *wait, *door, *only;
	bool no_door, dry_run, remove, keep, confirm, undo, watch, used;
	bool enroll, pass; /* code */
	bool summary;      /* users */
	bool at_door;      /* explain */
	bool no_names;     /* report */
	/* metrics */
	const char *prom; /* its --output */
	bool full;
	/* store; dry_run, too */
	const char *folder, *to, *prefer, *fleet_name;
	bool migrate, here;
};

/* A command; argv has its operands. Returns an admin_exit. */
typedef int admin_command(struct admin *admin, int argc, char **argv);

admin_command admin_setup;
admin_command admin_enable, admin_enforce, admin_exempt, admin_disable;
admin_command admin_forward, admin_exemptions;
admin_command admin_policy, admin_users, admin_explain, admin_revoke;
admin_command admin_forget;
admin_command admin_doctor;
admin_command admin_unlock, admin_code, admin_log, admin_enroll, admin_import;
admin_command admin_report, admin_metrics, admin_store;
admin_command admin_tokens, admin_assign;

/* import --csv: a maker's file of tokens. */
admin_command admin_import_tokens;

/*
 * Prints a message on stderr, as one line with the program's name before it.
 * Flushes stdout first, so that a message follows the data it belongs to.
 */
void admin_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* True if admin_say() said anything. */
bool admin_has_said(void);

/*
 * True for root, and for anybody with a store of their own (--store). Else says
 * that only root may run the command. Call this before you look at anything
 * that the operands name. The keeper checks its callers itself.
 */
bool admin_root_only(const struct admin *admin, const char *command);

/* True if admin_own_code() can get the caller's code; else says why not. */
bool admin_may_help(const struct admin *admin);

/*
 * Asks a delegate for their own code, on the terminal. Root, and a store of
 * one's own, need none: ret is then "". False after a message if there is no
 * terminal.
 */
bool admin_own_code(const struct admin *admin, char *ret, size_t size);

/* Prints on stdout what was done to a target, as a line or a JSON object. */
void
admin_done(const struct admin *admin, const char *target, const char *what);

/*
 * The exit status of several targets: so_far, with the status of one more. A
 * single target keeps its own status; a failure among several is ADMIN_NOT.
 */
int admin_worse(int so_far, int one, int targets);

/* Prints on stdout what stands before, as it is, and text as a JSON string. */
void admin_print_string(const char *before, const char *text);

/*
 * Asks a question on the terminal. True for yes, and with --yes. False for no,
 * and after a message if there is no terminal.
 */
bool admin_confirm(const struct admin *admin, const char *question);

/*
 * True if text can be a user's name and fits into a request. False after a
 * message.
 */
bool admin_is_user(const char *text);

/*
 * Sends one request and gets one reply. Says a denial on stderr, with what (a
 * user's name, or "") before it. *ret, unless NULL, is the reply; free it with
 * reply_done(). Returns an admin_exit.
 */
int admin_ask(const struct admin *admin, const struct request *request,
    const char *what, struct reply *ret);

/*
 * client_stream(), judged as by admin_ask().  Returns an admin_exit; a stream
 * that is cut short is ADMIN_KEEPER.
 */
int admin_stream(const struct admin *admin, const struct request *request,
    const char *what, const struct client_rows *rows);

/* Turns a reply into an exit status, and says a denial, with what before it. */
int admin_judge(const struct reply *reply, const char *what);

/* Says that there is no keeper, and why.  Returns ADMIN_KEEPER. */
int admin_no_keeper(const struct admin *admin, const char *why);

#define ADMIN_WHY 400

/*
 * Asks the keeper to log a change that the keeper does not make itself. False,
 * after some seconds at most, if it cannot; ret_why then has the reason as one
 * line.
 */
bool admin_note(
    const struct admin *admin, const char *what, char *ret_why, size_t size);

/* The lines that the log gets for a change of the policy: first in words, then
 * each key with its old and its new value. */
struct changes {
	LIST_OF(struct note) lines;
	size_t asked; /* how many of them are words */
	char **users; /* the only ones whom it can concern; NULL: anybody */
	int user_count;
};

/* Adds a line. False without memory. */
bool changes_add(struct changes *changes, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void changes_done(struct changes *changes);

/* Shows the lines from first on, on stderr; of very many only the first. */
void changes_show(const struct changes *changes, size_t first);

/* Returns the name of the person who changes the policy: who logged in,
 * although root runs the command. */
const char *admin_who(void);

/*
 * Reads a time that somebody typed: RFC 3339, a date or a date and a time of
 * day where they are (see when_parse_local()), or a duration, which counts back
 * from now. False, after a message, for anything else. Say it back with
 * when_say().
 */
bool admin_time(const char *text, int64_t now_s, int64_t *ret_s);

/*
 * Locks and reads the policy, calls change, validates the result, asks if it does
 * damage (damage.h) and replaces the file, keeping its mode and owner. change
 * adds a line to changes for each change that it makes, and returns how many, or
 * -1 after a message. With 0 nothing is written. Returns an admin_exit.
 */
int admin_change(struct admin *admin,
    int (*change)(struct policy *policy, struct changes *changes, void *arg),
    void *arg);

/* "policy edit", "history", "undo" and "show NUMBER". number: "" for the one
 * before the last change. Each returns an admin_exit. */
int admin_edit(struct admin *admin);
int admin_history(struct admin *admin);
int admin_undo(struct admin *admin, const char *number);
int admin_show_version(struct admin *admin, const char *number);

/*
 * Reads the policy. A store of one's own may have no file yet: then it is the
 * built-in policy. policy_done() frees it. Returns an admin_exit.
 */
int admin_load(const struct admin *admin, struct policy *ret);

/*
 * Checks a policy's text. False after a message on stderr: the mistake at
 * file:line:column, with the line and a caret under the column. Warns on stderr
 * of each user and each group that a valid policy names and that does not exist
 * here: a rule with an unknown group refuses everybody who reaches it, and an
 * exclusion of nobody protects nobody. *ret_unknown: how many of these two.
 */
bool admin_check_text(
    const char *file, const char *text, size_t len, size_t *ret_unknown);

/*
 * A table of text columns, at most TABLE_COLUMNS. Columns in which no row has
 * more than "-" are left out, and the spare ones, the lowest order first, as
 * long as the rest is wider than the terminal, or than 80 columns in a pipe.
 * Each thousand rows are a table of their own: the first ones are seen early,
 * and memory stays flat. Without rows nothing is printed.
 */
#define TABLE_COLUMNS 16
struct table;
struct table *table_new(const char *const *headings, size_t columns);
void table_spare(struct table *table, size_t column, int order);
bool table_row(struct table *table, const char *const *cells);
bool table_print(struct table *table);
void table_free(struct table *table);

/* The text of a cell: "-" for an empty one. */
const char *table_dash(const char *text);

#endif
