/*
 * An environment as an attacker would have it: every variable that the loader,
 * libc, OpenSSL, libsmartcols, the shells, sshd or systemd look at, with a
 * value that points into a folder of his.  libqrencode reads none.
 */
#ifndef TFA_TESTS_HOSTILE_H
#define TFA_TESTS_HOSTILE_H

#include <stddef.h>

#include "tests/support/bastion.h"

#define HOSTILE_SET 4

enum hostile_kind {
	HOSTILE_PLAIN = 0,
	/* The loader obeys before main(): the shell ends, or says more. */
	HOSTILE_LOADER,
	/* It makes bash run the attacker's code. */
	HOSTILE_RUNS,
};

struct hostile {
	const char *set[HOSTILE_SET]; /* "NAME=VALUE"; '@' is the folder */
	enum hostile_kind kind;
};

extern const struct hostile hostile_table[];
extern const size_t hostile_count;

/*
 * The folder, in that of the bastion, with all that the values name: a library
 * (TFA_HOSTILE, set by tests/scenario/run), a startup file, a configuration of
 * OpenSSL's that loads one.
 */
char *hostile_folder(const struct bastion *b);

/* A value with the folder in place. */
char *hostile_text(const char *set, const char *folder);

/* Whether anything of the folder was run since the last time; forgets it. */
bool hostile_ran(const char *folder);

#endif
