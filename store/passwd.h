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

#endif
