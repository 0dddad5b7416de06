/*
 * One start of a login shell, as sshd would make it: with that environment, as
 * that user, and on a terminal or not.  Nothing of the user's runs as root,
 * holds a descriptor of ours or has our terminal, and all that the shell starts
 * is killed when the run ends.
 *
 *	struct shell_run run = {.pw = pw, .program = "/bin/sh"};
 *	snprintf(run.command, sizeof(run.command), "%s --version", gate);
 *	if (shell_run(&run))
 *		... run.said, run.status ...
 */
#ifndef TFA_SHELL_RUN_H
#define TFA_SHELL_RUN_H

#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>

#define SHELL_MS  2000 /* for a run; a trial has four */
#define SAID_MAX  4096 /* the rest is read and dropped */
#define TIMED_OUT (-1)

/* A shell that reads commands from its standard input says this. */
#define SHELL_ANSWER "nottfa"

struct shell_run {
	const struct passwd *pw;
	const char *program;
	char command[PATH_MAX + 16]; /* for -c; "": without any */
	bool terminal;
	/* set by the run: */
	char said[SAID_MAX];
	size_t len;
	int status; /* exit status, 128 + signal, TIMED_OUT */
};

/* False (errno) if the shell could not be started. */
bool shell_run(struct shell_run *run);

#endif
