/*
 * The file of the keeper's own program.  Once another one has taken its place,
 * as an upgrade does it, a keeper that systemd starts again ends, so that gate
 * and keeper fit each other at once, whoever put the files there.
 *
 *	struct program program;
 *	program_note(&program, "/proc/self/exe");	once, at the start
 *	if (program_is_replaced(&program))		before a connection is taken
 *
 * A file that is missing, or that nobody can run yet, replaces nothing: an
 * installer may be about to write it, and systemd could not start it.
 */
#ifndef TFA_KEEPER_PROGRAM_H
#define TFA_KEEPER_PROGRAM_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

struct program {
	char path[PATH_MAX]; /* "" where it is not known */
	dev_t dev;
	ino_t ino;
};

/*
 * *ret: the program to which link leads.  False if it is not known, or if the
 * file at its path is another one already: then program_is_replaced() is false
 * from then on, since a keeper that ended at its start would never serve.
 */
bool program_note(struct program *ret, const char *link);

bool program_is_replaced(const struct program *program);

#endif
