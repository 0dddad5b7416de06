/*
 * The settings of sshd and the environment variables that could run something
 * before the gate, go past it or mislead it: one table of each.
 *
 * These come from the tables: the text of the drop-in, which "setup" writes and
 * etc/sshd-tfa.conf holds; what doctor expects of sshd; which variables no
 * client may send; and what the session takes out of its environment before it
 * runs the user's shell.  They hold no pointers, which the loader would have to
 * fill in at each login.
 */
#ifndef TFA_GUARD_H
#define TFA_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#define GUARD_LINE 1024 /* bytes of the SetEnv line, with its NUL */
#define GUARD_WORD 128  /* of one variable and its value */

/* The block that holds for every connection. */
#define GUARD_MATCH "Match all"

/* The variables that a client may send: a code, and those of Debian's own
 * configuration. */
#define GUARD_ACCEPTENV "AcceptEnv TFA_CODE LANG LC_* COLORTERM NO_COLOR"

enum guard_group {
	GUARD_END = 0,     /* of the table */
	GUARD_CHANNELS,    /* what a client can open beside a session */
	GUARD_ENVIRONMENT, /* what runs before the gate, or tells it the key */
	GUARD_ASKS,        /* at the door: who is in without a code */
	GUARD_OPENS,       /* at the door: what a code opens */
};

/* A line of the drop-in.  Any other value is a hole; of GUARD_OPENS it only
 * opens less. */
struct guard_setting {
	char keyword[32], value[40];
	enum guard_group group;
	bool global;      /* sshd takes it outside of Match blocks only */
	char follows[72]; /* from another value */
};

/* Each ends in GUARD_END: what holds at every port; and at the door, a second
 * sshd that asks for the code before it opens any channel. */
extern const struct guard_setting guard_settings[];
extern const struct guard_setting guard_door_settings[];

/* The reason why a variable is in the table. */
enum guard_why {
	GUARD_LAST = 0, /* it is not: the table ends */
	GUARD_RUNS,     /* the loader or a shell runs what it says */
	GUARD_MISLEADS, /* the gate believes it, where sshd does not set it */
	GUARD_QUIET,    /* harmless: it keeps fish from complaining of HOME */
	GUARD_UNSET,    /* no client may send it; SetEnv leaves it alone */
	GUARD_CODE,     /* what a client sends to the gate and to nobody else */
};

/* The session does this with it before it runs the user's shell. */
enum guard_session {
	GUARD_KEEPS = 0,
	GUARD_REMOVES,
	GUARD_REMOVES_EMPTY, /* any other value is sshd's own */
};

struct guard_variable {
	char name[24];
	char value[88]; /* by SetEnv, unless it is GUARD_UNSET or GUARD_CODE */
	enum guard_why why;
	enum guard_session session;
};
extern const struct guard_variable guard_variables[];

/* True if the drop-in's SetEnv sets the variable. */
bool guard_is_set(const struct guard_variable *variable);

/* True if the session removes "NAME=VALUE" from its environment. */
bool guard_removes(const char *word);

/* True if an AcceptEnv pattern lets a client send a variable of the table other
 * than a code, or one of a family that runs code. */
bool guard_pattern_is_open(const char *pattern);

/* True if the drop-in sets the keyword.  *ret_value: the one good value, or
 * NULL where the table has none: ForceCommand, AcceptEnv and SetEnv. */
bool guard_has_keyword(const char *keyword, const char **ret_value);

/* *ret: "NAME=VALUE". */
void
guard_word(const struct guard_variable *variable, char ret[static GUARD_WORD]);

/* The line "SetEnv NAME=VALUE ..." of the drop-in; it stays where it is. */
const char *guard_setenv(void);

/*
 * The groups and the users before whom alone the gate stands, while tfa is tried
 * out: each a list with commas, or "".  The others log in as without tfa.
 */
#define GUARD_LIST 1000 /* bytes of a list, with its NUL: a word of sshd's */
#define GUARD_ONLY_MARK                                                 \
	"# Only for these (tfa-admin setup --only); all others log in " \
	"as without tfa."
struct guard_only {
	char groups[GUARD_LIST], users[GUARD_LIST];
};

/* True if sshd takes the name, after "Match Group" or "Match User", for that one
 * group or user: not for a pattern, a list or two words. */
bool guard_may_name(const char *name);

/* *ret: the lists of a drop-in that has the gate for some alone.  False, and
 * empty lists, where it has not. */
bool guard_only_read(const char *drop_in, struct guard_only *ret);

/*
 * The text of the drop-in, with gate as the ForceCommand; door_port: of the
 * door, or 0 for none; only: for whom, or NULL for everybody.  The caller frees
 * it; NULL without memory.
 *
 * The door's block comes first, so that no block of the site's below it lets
 * somebody through the door without a code.  It has no ForceCommand, SetEnv or
 * AcceptEnv: those of the blocks below hold at the door, too.
 */
char *
guard_drop_in(const char *gate, int door_port, const struct guard_only *only);

/*
 * The door's port, as a drop-in says it; 0: it has no door, or more than one.
 * Whoever needs the port reads it there.  guard_door_block() finds the door's
 * block: *ret_len bytes from there, or NULL where guard_door_port() is 0.
 */
#define GUARD_DOOR_MATCH "Match LocalPort "
int guard_door_port(const char *drop_in);
const char *guard_door_block(const char *drop_in, size_t *ret_len);

#endif
