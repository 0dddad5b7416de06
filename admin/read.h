/*
 * Reads whole files, the system's and a user's own. A file is never cut: one
 * larger than READ_MAX is an error, which the caller says.
 */
#ifndef TFA_READ_H
#define TFA_READ_H

#include <pwd.h>
#include <stddef.h>

#include "gate/sshd/keyfile.h"

#define READ_MAX  (1024UL * 1024) /* bytes of a file */
#define READ_PATH 1024

/*
 * Returns a plain file as a string that the caller frees, or NULL with errno:
 * EINVAL if it is no plain file, EFBIG if it is larger than READ_MAX.
 */
char *read_whole(const char *path);

/*
 * Reads a file that the caller owns, of *ret_len bytes. Also NULL with ELOOP
 * for a link anywhere on the path, EACCES for somebody else's file.
 */
char *read_whole_own(const char *path, size_t *ret_len);

/*
 * Reads a user's file with that user's rights and no others, as sshd does: a
 * link to what only root may read shows nothing. Returns *ret_len bytes, some
 * of which may be NUL, and a NUL. Also NULL with ETIMEDOUT after limit_ms, and
 * with EIO if the reader was killed. Needs root.
 */
char *read_whole_as(
    const struct passwd *pw, const char *path, int limit_ms, size_t *ret_len);

/* A file of keys, and whether gate and sshd believe it. */
struct keys_text {
	char *text; /* on the heap */
	size_t len;
	bool for_gate, for_sshd; /* keyfile_is_sound(), by the rules of each */
	char culprit[READ_PATH];
};

/*
 * Reads a file of keys as read_whole_as() does. is_own: the groups that sshd
 * lets write the file. The caller frees ret->text. False: errno.
 */
bool read_keys_as(const struct passwd *pw, const char *path, int limit_ms,
    keyfile_group *is_own, struct keys_text *ret);

#endif
