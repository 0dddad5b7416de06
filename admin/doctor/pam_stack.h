/*
 * PAM's configuration for one service, as libpam reads it: the lines of
 * /etc/pam.d/SERVICE and of every file that it takes in (@include, include,
 * substack), each with its file and number.  What they do before the gate is
 * judged here, for doctor and setup alike; no module is loaded or run.
 *
 *	struct pam_stack stack;
 *	pam_read("", "sshd", &stack);
 *	for each of stack.lines: pam_judge(&line)
 *	pam_done(&stack);
 *
 * Only modules that are known to set no variable and to start nothing from a
 * user's files are PAM_QUIET.  A module that nobody here knows is PAM_UNKNOWN.
 */
#ifndef TFA_PAM_STACK_H
#define TFA_PAM_STACK_H

#include <stdbool.h>
#include <stddef.h>

#include "admin/doctor/planned.h"
#include "store/json/json.h"

#define PAM_DEPTH 16   /* of include, as in libpam */
#define PAM_LINES 2000 /* of all files */
#define PAM_WORD  1024 /* bytes of one word, with its NUL */

enum pam_type { PAM_AUTH = 0, PAM_ACCOUNT, PAM_SESSION, PAM_PASSWORD };

struct pam_line {
	const char *file;
	int number; /* of the first line of the file that it takes, from 1 */
	int count;  /* more than 1 where lines end in a backslash */
	enum pam_type type;
	const char *control; /* "required", or what stands in brackets */
	const char *module;  /* as it is written: a name or a path */
	const char *args;    /* the rest, without a comment */
	const char *text;    /* those lines of the file, byte for byte */
};

struct pam_stack {
	LIST_OF(struct pam_line) lines;
	LIST_OF(char *) files; /* each that was read, once */
	LIST_OF(char *) texts; /* what the lines point into */
	char why[400]; /* a file that could not be read, and why; "" for none */
};

/* Where libpam looks for a service, NULL at the end: the first that has it
 * counts. */
extern const char *const pam_folders[];

/*
 * *ret: the lines for service; pam_done() frees them.  root is put in front of
 * every path: "" but in tests.  Where something is missing, why says what, and
 * the stack holds the rest.  pam_read_planned() reads these files in place of
 * those on the disk.
 */
void pam_read(const char *root, const char *service, struct pam_stack *ret);
void pam_read_planned(
    const struct planned *planned, const char *service, struct pam_stack *ret);

void pam_done(struct pam_stack *stack);

/*
 * The next word of *rest; [words in brackets] are one, without them.  False
 * where there is none.
 */
bool pam_word(const char **rest, char ret[static PAM_WORD]);

/* The last value of an option "name=", or what it is without one. */
void pam_option(const struct pam_line *line, const char *name,
    const char *without, char ret[static PAM_WORD]);

/* True if the line is of that module: "pam_env", by a name or by a path. */
bool pam_is_module(const struct pam_line *line, const char *name);

/* The effect of a line at a login, before the gate asks for a code. */
enum pam_kind {
	PAM_UNKNOWN = 0,  /* this program does not know the module */
	PAM_QUIET,        /* sets and starts nothing that a user's file names */
	PAM_READS_USER,   /* sets variables that a file of the user's names */
	PAM_STARTS_USER,  /* starts what files of the user's name */
	PAM_USER_MANAGER, /* has systemd start the user's own units */
	PAM_RUNS,         /* runs a program that root names in the line */
};

enum pam_kind pam_judge(const struct pam_line *line);

/*
 * The text of a PAM_READS_USER line with that source closed (user_readenv=0).
 * It replaces line->count lines of line->file from line->number on.  The caller
 * frees it; NULL without memory.
 */
char *pam_closed(const struct pam_line *line);

#endif
