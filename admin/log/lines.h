/*
 * Cuts bytes into lines.  Pure.  A line longer than AUDIT_LINE_MAX is given as
 * its first AUDIT_LINE_MAX + 1 bytes; an empty one is not given.
 */
#ifndef TFA_LINES_H
#define TFA_LINES_H

#include "store/folder/audit.h"

struct lines {
	/* Takes a line, without its newline but with a NUL; false: no more. */
	bool (*each)(void *ctx, char *line, size_t len);
	void *ctx;
	int64_t taken; /* bytes up to the end of the last line */
	int64_t count; /* lines up to there */
	int64_t loose; /* bytes that have no newline yet, */
	size_t len;    /* and how many of them are kept */
	char text[AUDIT_LINE_MAX + 2];
};

/* Takes more bytes, which it changes.  False as soon as each() is false. */
bool lines_feed(struct lines *lines, char *bytes, size_t len);

/* Gives what has no newline as a line.  False if each() is false. */
bool lines_end(struct lines *lines);

/* Forgets what has no newline. */
void lines_drop(struct lines *lines);

#endif
