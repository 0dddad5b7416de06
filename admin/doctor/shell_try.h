/*
 * Does a login shell run the gate?  sshd starts "SHELL -c tfa-gate" for every
 * login.  A shell that makes something else of "-c" lets in everybody who has
 * the key, without a code: a menu, screen(1).  One that runs nothing locks its
 * users out: git-shell, rbash.
 *
 * A name says little of a shell, so it is tried: as that user, with the
 * environment that sshd and the drop-in would give, once without a terminal
 * and once on one, with words on its standard input that a shell would run.
 * The gate is asked for its version, and then with an option that it refuses,
 * as it refuses a login: nothing may be seen but what the gate says, with its
 * exit status, and nothing may run after it.
 *
 * Nothing of a user's runs as root, holds a descriptor of ours, or has our
 * terminal; what it starts is killed when the trial ends.  A shell that only
 * plays the gate's part cannot be told from one that runs it.
 */
#ifndef TFA_SHELL_TRY_H
#define TFA_SHELL_TRY_H

#include <pwd.h>
#include <stdbool.h>

#define TRIAL_MS   2000 /* of one start; there are four */
#define TRIAL_TEXT 160

enum trial {
	TRIAL_UNKNOWN = 0, /* could not be made */
	TRIAL_RUNS,        /* the gate, and nothing else */
	TRIAL_TALKS,       /* the gate, and says something before it */
	TRIAL_OTHER,       /* something else, in place of the gate or after */
	TRIAL_NOTHING,     /* neither the gate nor anything else */
	TRIAL_ABSENT,      /* sshd refuses its users: no file, no program */
	TRIAL_THEIRS,      /* its users can change it: not run */
};

/*
 * Tries pw's shell with the gate at that path.  ret_said: the first line of
 * what came in its place, or why there was no trial; "" for none.  For root,
 * or for a user's own shell.  A shell that pw, or anybody but root, can change
 * is not run: whoever had a session once could make it run anything before the
 * gate.
 */
enum trial shell_try(const struct passwd *pw, const char *gate,
    char ret_said[static TRIAL_TEXT]);

/* True if the gate itself runs, as nobody.  Ask before any trial: otherwise a
 * shell would be blamed. */
bool shell_gate_runs(const char *gate, char ret_said[static TRIAL_TEXT]);

/* True if a shell that runs the gate for one user runs it for everybody: only
 * root can change it, and it is no script, which may ask who calls. */
bool shell_is_same_for_all(const char *path);

/* True if pw, or anybody but root, can change the file at path, or replace it
 * in a folder above.  Groups that pw is not in do not count. */
bool shell_is_open_to(const struct passwd *pw, const char *path);

#endif
