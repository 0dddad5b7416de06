/*
 * Reads /etc/passwd itself, without the name services: no directory and no
 * other process can change what it says.  It has root and the users of daemons.
 */
#ifndef TFA_PASSWD_H
#define TFA_PASSWD_H

#include <pwd.h>
#include <stddef.h>

#include "store/base/fault.h"

/*
 * *ret: the first entry of that uid; it stays until the next call.
 * FAULT_ABSENT: there is none, and all of the file was read.  FAULT_IO (errno),
 * FAULT_LIMIT for a line that is too long: there may be one.
 */
MUST_USE enum fault passwd_of(uid_t uid, const struct passwd **ret);

/* passwd_of(), by name. */
MUST_USE enum fault passwd_named(const char *name, const struct passwd **ret);

/*
 * passwd_of() in another file of that form (passwd(5)): by name, or by uid if
 * name is NULL.  Lines that are not whole, comments, and the "+" and "-" that
 * once stood for a directory are no entries.
 */
MUST_USE enum fault passwd_find(
    const char *path, uid_t uid, const char *name, const struct passwd **ret);

/* The shell of an entry; /bin/sh if it names none (passwd(5)). */
const char *passwd_shell(const struct passwd *pw);

#endif
