/*
 * A service as systemd starts it: the command lines of ExecStart, in the
 * unit's own file and in its drop-ins, with the variables that Environment and
 * EnvironmentFile give them (systemd.service(5), systemd.exec(5)).  Pure: texts
 * go in.
 *
 *	struct unit unit = {.unread = false};
 *
 *	unit_add(&unit, text);           its file, then each drop-in
 *	unit_add_variables(&unit, text); each file that unit.files names, in order
 *	unit_command(&unit, i, ret);     each of unit.commands; if it is not
 *	unit_rough(&unit, i, ret);       known, what it may be
 *	unit_done(&unit);
 *
 * Nothing is guessed: a command that systemd might read otherwise than this
 * module is not known.
 */
#ifndef TFA_SETUP_UNIT_H
#define TFA_SETUP_UNIT_H

#include <stdbool.h>

#include "store/base/list.h"

#define UNIT_COMMAND 4096 /* bytes of a command line, with its NUL */

/* ExecStart or, after it, ExecStartPost, as it stands there. */
struct unit_line {
	char *text;
	bool after;
};

struct unit_variable {
	char *name;
	char *value; /* NULL: not known */
};

struct unit {
	LIST_OF(struct unit_line) commands;
	LIST_OF(char *) files; /* of EnvironmentFile: patterns, without "-" */
	LIST_OF(struct unit_variable) variables; /* the last of a name holds */
	bool unread;    /* the variables are not known */
	bool elsewhere; /* its processes may see other files at a path */
	bool failed;    /* no memory: not all is here */
};

void unit_add(struct unit *unit, const char *text);
void unit_add_variables(struct unit *unit, const char *text);
void unit_done(struct unit *unit);

/* True if a shell would read no more in that text than unit_add_variables(). */
bool unit_is_plain(const char *text);

/* *ret: command number i, from its program on, with its variables; a word with
 * blanks stands in double quotes.  False where it is not known. */
bool
unit_command(const struct unit *unit, size_t i, char ret[static UNIT_COMMAND]);

/* *ret: command number i, to be searched for a name: without quotes, with its
 * escapes undone and the variables that are known put in.  It may be cut. */
void
unit_rough(const struct unit *unit, size_t i, char ret[static UNIT_COMMAND]);

#endif
