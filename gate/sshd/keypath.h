/*
 * The paths of a user's files of keys: made of the names in keys.files of the
 * policy, and in AuthorizedKeysFile and AuthorizedPrincipalsFile of sshd.  The
 * gate, doctor and setup all ask here.  No file is read.
 */
#ifndef TFA_KEYPATH_H
#define TFA_KEYPATH_H

#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "gate/sshd/config.h"

/* The user whose keys are looked for. */
struct keypath_user {
	const char *name, *home;
	uid_t uid;
	gid_t gid; /* the main group */
};
struct keypath_user keypath_user(const struct passwd *pw);

/*
 * *ret: a name as a path: %h is the home folder, %u the user, %U the uid, %% a
 * percent sign, and a name that is not absolute then is below the home folder,
 * as in sshd_config(5).  False where it does not fit or has another %.
 */
bool keypath_expand(
    const char *name, const struct keypath_user *user, char *ret, size_t size);

/* True if a name is the same file for every user. */
bool keypath_is_common(const char *name);

/* The names in keys.files, as a policy or a reply of the keeper holds them. */
struct keypath_list {
	const char *first;
	size_t size; /* bytes from one to the next */
	size_t count;
};
#define KEYPATH_LIST(list)                                                     \
	((struct keypath_list){(list).count > 0 ? (list).items[0].text : NULL, \
	    sizeof((list).items[0]), (list).count})

/* The name at index i. */
const char *keypath_name(const struct keypath_list *list, size_t i);

/* The name in the list that is this path for the user; NULL: none is. */
const char *keypath_listed(const struct keypath_list *list,
    const struct keypath_user *user, const char *path);

/* A file that a setting of sshd names. */
struct keypath {
	char name[CONFIG_WORD]; /* as it stands there */
	char path[PATH_MAX];    /* "" where it cannot be one */
};

/*
 * The next file that the value of a setting names; "none" names none.  False
 * after the last.
 *
 *	const char *rest = value;
 *	while (keypath_next(&rest, user, &file))
 *		... file.path ...
 */
bool keypath_next(
    const char **rest, const struct keypath_user *user, struct keypath *ret);

/* True if the value of a setting names the path for the user. */
bool keypath_names(
    const char *value, const struct keypath_user *user, const char *path);

#endif
