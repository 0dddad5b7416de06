/*
 * /etc/passwd itself, past any name service: what stands there no directory,
 * and no other process, can say otherwise.  It has root, and the users of
 * daemons.
 */
#ifndef TFA_PASSWD_H
#define TFA_PASSWD_H

#include <pwd.h>
#include <stddef.h>

/* The first entry of that uid, or NULL; it stays until the next call. */
const struct passwd *passwd_of(uid_t uid);

/* The same for a name. */
const struct passwd *passwd_named(const char *name);

/*
 * The same in a file of that form (passwd(5)): by name, or by uid where name is
 * NULL.  Lines that are not whole, comments, and the "+" and "-" that once stood
 * for a directory are no entries.
 */
const struct passwd *passwd_find(const char *path, uid_t uid, const char *name);

#endif
