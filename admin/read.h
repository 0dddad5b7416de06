/*
 * Whole files, of the system or of a user.  No file is cut: one that is larger
 * than READ_MAX cannot be read.
 */
#ifndef TFA_READ_H
#define TFA_READ_H

#include <pwd.h>
#include <stddef.h>

#include "gate/sshd/hardware.h"
#include "gate/sshd/keyfile.h"

#define READ_MAX  (1024UL * 1024) /* bytes of a file */
#define KEYS_MS   2000            /* for a file of keys, which is a user's */
#define READ_PATH 1024

/*
 * A plain file as a string that the caller frees; NULL (errno) where it
 * cannot be read: EINVAL for what is no plain file, EFBIG for one that is
 * larger than READ_MAX.
 */
char *read_whole(const char *path);

/* read_whole(); NULL also with EILSEQ where a NUL would hide what is behind it:
 * sshd and PAM end but a line there. */
char *read_text(const char *path);

/*
 * *ret: the first service of a database ("passwd") in nsswitch.conf(5) that may
 * not list everybody.  False, and "", if there is none or the file is unreadable.
 */
bool read_directory(const char *database, char *ret, size_t size);

/*
 * Reads a file of the caller's own, *ret_len bytes.  NULL also with ELOOP for a
 * link, even in the folders above, and with EACCES for somebody else's file.
 */
char *read_whole_own(const char *path, size_t *ret_len);

/* read_whole_own(), of at most max bytes. */
char *read_large_own(const char *path, size_t max, size_t *ret_len);

/*
 * Reads a file in the hands of a user, with that user's rights and no others,
 * as sshd does: a link to a file that only root may read shows nothing.
 * *ret_len bytes, of which some may be NUL, and a NUL.  NULL also with
 * ETIMEDOUT after limit_ms, and EIO if the reader was killed.  Needs root.
 */
char *read_whole_as(
    const struct passwd *pw, const char *path, int limit_ms, size_t *ret_len);

/* A file of keys, and if the gate and sshd believe it. */
struct keys_text {
	char *text; /* on the heap */
	size_t len;
	bool for_gate, for_sshd; /* keyfile_is_sound(), as each takes groups */
	char culprit[READ_PATH];
};

/*
 * read_whole_as() of a file of keys, which may have KEYS_FILE_MAX bytes, as for
 * the gate.  is_own: the groups that sshd lets write it.  The caller frees
 * ret->text.  False: errno.
 */
bool read_keys_as(const struct passwd *pw, const char *path, int limit_ms,
    keyfile_group *is_own, struct keys_text *ret);

/*
 * keyfile_read() with that user's rights and no others, so that a file is read
 * as the gate reads it; FAULT_IO also after KEYS_MS.  Needs root.
 */
MUST_USE enum fault read_keyfile_as(const struct keypath_user *user,
    const char *name, struct keyfile *ret, char ret_why[static WHY_TEXT]);

/*
 * hardware_search() with the rights of the question's user and no others, so
 * that a file which that user cannot read counts as at the gate; HARDWARE_NONE
 * also after KEYS_MS.  Needs root.
 */
enum hardware read_hardware_as(const struct hardware_question *question,
    const struct key *key, char ret_why[static WHY_TEXT]);

#endif
