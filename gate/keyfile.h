/*
 * The files of the policy in which a key's restrictions stand, read as the
 * user.  Whoever asks what a key may run reads them here, and so what cannot be
 * read is found and said in one way.
 */
#ifndef TFA_KEYFILE_H
#define TFA_KEYFILE_H

#include <limits.h>
#include <time.h>

#include "facts.h"

#define KEYS_FILE_MAX (4UL << 20) /* bytes of an authorized_keys file */
#define WHY_TEXT      480         /* a path, and what is wrong with it */

struct key_file {
	char *path;
	char *text; /* NULL: there is no such file */
	/* When the file was changed last; where there is none, the nearest
	 * folder of its path that is there. */
	struct timespec changed;
};

/*
 * A name of the policy as a path: %h is the home folder, %u the user, %U the
 * uid, %% a percent sign, and a relative one starts in the home folder, as in
 * sshd_config.  False where it does not fit or has another %.
 */
MUST_USE bool key_file_expand(
    const struct facts *facts, const char *name, char *ret, size_t size);

/*
 * *ret: the file that name stands for; key_file_done() frees it.  FAULT_IO: it
 * is there, or may be, and cannot be read; FAULT_FORMAT: it is no text file;
 * FAULT_LIMIT; FAULT_MEMORY.  Of each, ret_why says which file and why, in
 * WHY_TEXT bytes.  sshd reads nothing but files, and /dev/null is an empty one.
 */
MUST_USE enum fault key_file_read(const struct facts *facts, const char *name,
    struct key_file *ret, char ret_why[static WHY_TEXT]);

void key_file_done(struct key_file *file);
#define scoped_key_file __attribute__((cleanup(key_file_done)))

#endif
