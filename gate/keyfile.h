/*
 * A file of keys: its path, and whether sshd would believe it.  The gate,
 * doctor and setup all ask here.
 */
#ifndef TFA_KEYFILE_H
#define TFA_KEYFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

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
 * other file (StrictModes).  Where false, *ret_culprit is the path at fault,
 * or the file's where it cannot be told.
 */
bool keyfile_is_sound(int fd, const char *path, const struct keyfile_user *user,
    keyfile_group *is_own, char *ret_culprit, size_t size);

#endif
