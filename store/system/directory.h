/*
 * Does the list of users or groups have everybody? A directory service (sss,
 * ldap, winbind) answers for each name that it is asked for, but lists nobody
 * unless it is configured to enumerate.
 */
#ifndef TFA_DIRECTORY_H
#define TFA_DIRECTORY_H

#include <stdbool.h>
#include <stddef.h>

/*
 * text is that of nsswitch.conf(5). *ret is the first service of a database
 * ("passwd") that may not list everybody. False if there is none.
 */
bool directory_service(
    const char *text, const char *database, char *ret, size_t size);

#endif
