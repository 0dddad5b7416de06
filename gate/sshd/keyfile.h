/*
 * A file of keys: its path, its text, and whether sshd would believe it.  The
 * gate, doctor and setup all ask here, so that all refuse the same files, in
 * the same words.
 */
#ifndef TFA_KEYFILE_H
#define TFA_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "gate/sshd/keypath.h"
#include "store/base/fault.h"

#define KEYS_FILE_MAX (4UL << 20) /* bytes of an authorized_keys file */
#define WHY_TEXT      480         /* a path, and what is wrong with it */

/* True if errno of an open(2) says that there is no such file.  A file that is
 * there and cannot be read may limit a key; one that is absent cannot. */
bool keyfile_is_absent(int error);

/* Says if a group has nobody but the user in it. */
typedef bool keyfile_group(gid_t gid, const struct keypath_user *user);

/* The gate's answer: the user's main group.  It has nobody else in it if every
 * user has a group of their own; doctor, which can look, says where not. */
bool keyfile_main_group(gid_t gid, const struct keypath_user *user);

/*
 * True if only root and the user can have written the file that was opened by
 * path.  The file and every folder above it, up to the home folder (or up to /,
 * if the file is not below the home folder), belong to root or to the user, and
 * nobody else may write them but a group of which is_own says that it is the
 * user's.  sshd believes no other file (StrictModes).  If false, *ret_culprit,
 * unless size is 0, is the path at fault, or the file's if that is not known.
 */
bool keyfile_is_sound(int fd, const char *path, const struct keypath_user *user,
    keyfile_group *is_own, char *ret_culprit, size_t size);

struct keyfile {
	char *path;
	char *text; /* NULL: there is no such file */
	bool sound; /* keyfile_is_sound(), by keyfile_main_group() */
};

/*
 * *ret: the file that a name of keys.files stands for; keyfile_done() frees it.
 * FAULT_IO: it is there, or may be, and cannot be read; FAULT_FORMAT: it is no
 * text file; FAULT_LIMIT; FAULT_MEMORY.  After each, ret_why says which file
 * and why.  As for sshd, anything but a regular file is a fault, except
 * /dev/null, which is an empty file.
 */
MUST_USE enum fault keyfile_read(const struct keypath_user *user,
    const char *name, struct keyfile *ret, char ret_why[static WHY_TEXT]);

/*
 * *ret: the last time at which the file that was read, or the path to it,
 * changed.  It is the latest change of the file, of each symbolic link on the
 * way and of each folder: after a folder is renamed, or a link turned, the path
 * may name a file that is older than both.  If there is no file, the nearest
 * folder that is there has the time.
 *
 * A folder also changes with each entry in it.  So the home folder, the folders
 * above it and those in / do not count if root alone can rename them; the
 * file's own folder (/keys of /keys/%u) always does.  In all others an entry
 * that was written counts as a change.
 *
 * Call it after keyfile_read(), so that no change in between is missed:
 *
 *	if (keyfile_read(&user, name, &file, why) == FAULT_NONE &&
 *	    keyfile_changed(&file, &user, &changed, why) == FAULT_NONE)
 *		... changed ...
 *
 * FAULT_IO: the time is not known; ret_why says of which file.
 */
MUST_USE enum fault
keyfile_changed(const struct keyfile *file, const struct keypath_user *user,
    struct timespec *ret, char ret_why[static WHY_TEXT]);

void keyfile_done(struct keyfile *file);
#define scoped_keyfile __attribute__((cleanup(keyfile_done)))

#endif
