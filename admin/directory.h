/*
 * Whether passwd and group list everybody.  A directory service (sss, ldap,
 * winbind) answers for each name that it is asked for, but lists nobody unless
 * it is told to enumerate.
 */
#ifndef TFA_DIRECTORY_H
#define TFA_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * *ret: the first service that nsswitch.conf(5), whose text this is, has for a
 * database ("passwd") and that may not list everybody.  False: there is none.
 */
bool directory_service(
    const char *text, const char *database, char *ret, size_t size);

#endif
