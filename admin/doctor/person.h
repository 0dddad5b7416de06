/*
 * The login shell of an account, from which sshd starts the gate.  Texts in,
 * answers out.
 */
#ifndef TFA_DOCTOR_PERSON_H
#define TFA_DOCTOR_PERSON_H

#include <stdbool.h>

enum shell_kind {
	SHELL_RUNS,       /* runs the gate; reads nothing under our SetEnv */
	SHELL_READS_HOME, /* reads files below HOME first: tcsh, fish */
	SHELL_CANNOT,     /* refuses to run a gate: git-shell, rbash */
	SHELL_OPEN,       /* lets the user run code before the gate: tmux, rc */
	SHELL_NO_LOGIN,   /* nologin, false */
	SHELL_UNKNOWN,
};

/* path: as passwd has it; "" is /bin/sh. */
enum shell_kind shell_kind(const char *path);

#endif
