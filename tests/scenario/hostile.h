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
 * Makes the folder inside the bastion's, with all that the values name: a
 * library (TFA_HOSTILE, set by tests/scenario/run), a startup file, a
 * configuration of OpenSSL that loads a library.
 */
char *hostile_folder(const struct bastion *b);

/* A value with '@' replaced by the folder. */
char *hostile_text(const char *set, const char *folder);

/* True if anything of the folder was run since the last call. */
bool hostile_ran(const char *folder);

#endif
