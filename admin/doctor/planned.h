/*
 * Files and folders that setup is about to write.  The checks read these texts
 * in place of what is on the disk, so that they judge what setup would leave
 * behind.
 *
 * sshd reads files only, so it is asked about a copy of its configuration with
 * these texts in it:
 *
 *	struct planned_copy copy;
 *	if (planned_copy_make(&planned, CONFIG_DEFAULT, &copy))
 *		... sshd -T -f copy.path ...
 *		planned_copy_rename(&copy, sshd_says, sizeof(sshd_says));
 *	planned_copy_done(&copy);
 */
#ifndef TFA_DOCTOR_PLANNED_H
#define TFA_DOCTOR_PLANNED_H

#include <glob.h>
#include <stdbool.h>
#include <stddef.h>

#include "store/json/json.h"

#define PLANNED_PATH 64 /* bytes of the path of a copy */

struct planned_file {
	const char *path; /* absolute */
	const char *text; /* NULL for a folder */
};

struct planned {
	LIST_OF(struct planned_file) files;
};

/* True if setup writes this file, or makes this folder, as root's alone. */
bool planned_has(const struct planned *planned, const char *path);

/* The text planned for this path; NULL where none is, or planned is NULL. */
const char *planned_text(const struct planned *planned, const char *path);

/* The planned text, or else the file's; the caller frees it.  NULL (errno)
 * where the file cannot be read. */
char *planned_read(const struct planned *planned, const char *path);

/* glob(3), with the planned files among the others, in glob's order.
 * globfree() frees *ret. */
int
planned_glob(const struct planned *planned, const char *pattern, glob_t *ret);

/* A copy of sshd's configuration in a folder of root's. */
struct planned_copy {
	const struct planned *planned;
	char folder[32];
	char path[PLANNED_PATH]; /* the copy of the first file */
	LIST_OF(char *) origins; /* the path that each copy stands for */
	int depth;
	bool failed;
};

/* Copies config and all that it includes.  False (errno) where that cannot be
 * done.  planned_copy_done() in any case. */
bool planned_copy_make(const struct planned *planned, const char *config,
    struct planned_copy *ret);

/* Puts the paths that the copies stand for into a message of sshd's. */
void planned_copy_rename(
    const struct planned_copy *copy, char *message, size_t size);

void planned_copy_done(struct planned_copy *copy);

#endif
