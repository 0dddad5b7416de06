/*
 * A file of keys: its path, its text, and whether sshd would believe it.  The
 * gate, doctor and setup all ask here, so that what cannot be read is found and
 * said in one way.
 */
#ifndef TFA_KEYFILE_H
#define TFA_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <time.h>

#include "store/base/fault.h"

#define KEYS_FILE_MAX (4UL << 20) /* bytes of an authorized_keys file */
#define WHY_TEXT      480         /* a path, and what is wrong with it */

/* Whose login it is. */
struct keyfile_user {
	const char *name, *home;
	uid_t uid;
	gid_t gid; /* the main group */
};

/*
 * *ret: a name of keys.files or AuthorizedKeysFile as a path: %h is the home
 * folder, %u the user, %U the uid, %% a percent sign, and what is not absolute
 * then starts in the home folder, as in sshd_config(5).  False where it does
 * not fit or has another %.
 */
bool keyfile_path(
    const char *name, const struct keyfile_user *user, char *ret, size_t size);

/* Whether errno of an open(2) says that there is no such file: it says nothing
 * of any key.  One that cannot be read might. */
bool keyfile_is_absent(int error);

/* Whether one group has nobody but the user in it. */
typedef bool keyfile_group(gid_t gid, const struct keyfile_user *user);

/* The gate's answer: the user's main group, which has nobody else in it where
 * each user has one; doctor, which can see who is in it, says where not. */
bool keyfile_main_group(gid_t gid, const struct keyfile_user *user);

/*
 * Whether root and the user alone can have written the file that was opened by
 * path: the file, and every folder from there up to the home folder, or to /
 * where it is not below that, is root's or the user's, and nobody else may
 * write it; a group may that is_own says is the user's.  sshd believes no
 * other file (StrictModes).  Where false, *ret_culprit, unless size is 0, is the
 * path at fault, or the file's where it cannot be told.
 */
bool keyfile_is_sound(int fd, const char *path, const struct keyfile_user *user,
    keyfile_group *is_own, char *ret_culprit, size_t size);

struct keyfile {
	char *path;
	char *text; /* NULL: there is no such file */
	bool sound; /* keyfile_is_sound(), by keyfile_main_group() */
};

/*
 * *ret: the file that name, of keys.files, stands for; keyfile_done() frees it.
 * FAULT_IO: it is there, or may be, and cannot be read; FAULT_FORMAT: it is no
 * text file; FAULT_LIMIT; FAULT_MEMORY.  Of each, ret_why says which file and
 * why, in WHY_TEXT bytes.  sshd reads nothing but files, and /dev/null is an
 * empty one.
 */
MUST_USE enum fault keyfile_read(const struct keyfile_user *user,
    const char *name, struct keyfile *ret, char ret_why[static WHY_TEXT]);

/*
 * *ret: when it was last changed what a file says that was read, or which file
 * its path names: the latest change of the file, of each symbolic link on the
 * way to it and of each folder, since a folder that was renamed, or a link that
 * was turned, may lead to a file that is older.  Where there is no file, the
 * nearest folder that is there says since when.
 *
 * A folder also changes with each entry in it.  So the home folder, those above
 * it and those in / (but not the file's own: /keys of /keys/%u) are left out
 * where root alone can rename them; of the rest, an entry written counts as a
 * change.
 *
 * To be asked after keyfile_read(), so that nothing is turned in between.
 * FAULT_IO: it cannot be found out, and ret_why says of which file, in
 * WHY_TEXT bytes.
 */
MUST_USE enum fault
keyfile_changed(const struct keyfile *file, const struct keyfile_user *user,
    struct timespec *ret, char ret_why[static WHY_TEXT]);

void keyfile_done(struct keyfile *file);
#define scoped_keyfile __attribute__((cleanup(keyfile_done)))

#endif
