/*
 * What of a person's account matters to the gate: the login shell that sshd
 * starts it with.  Texts in, answers out.
 */
#ifndef TFA_DOCTOR_PERSON_H
#define TFA_DOCTOR_PERSON_H

#include <stdbool.h>

enum shell_kind {
	SHELL_RUNS,       /* runs "-c tfa-gate", and reads nothing of the
	                     user's where our SetEnv is in force */
	SHELL_READS_HOME, /* reads files below HOME first: tcsh, fish */
	SHELL_CANNOT,     /* refuses to run a gate: git-shell, rbash */
	SHELL_OPEN,       /* runs what the user's variables or a server of the
	                     user's say, before the gate: tmux, rc */
	SHELL_NO_LOGIN,   /* nologin, false */
	SHELL_UNKNOWN,
};

/* path: as passwd has it; "" is /bin/sh. */
enum shell_kind shell_kind(const char *path);

#endif
