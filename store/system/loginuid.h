/*
 * The user who logged in, although another user runs the program now: the
 * kernel keeps that from the login on, for its audit.
 */
#ifndef TFA_LOGINUID_H
#define TFA_LOGINUID_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* False if nobody logged in to start the process, or it is gone. */
bool loginuid_of(pid_t pid, uid_t *ret);

/* The name of who logged in, or else of the other uid; "uid N" for one without
 * a name.  No character of ret steers a terminal. */
void loginuid_name(pid_t pid, uid_t otherwise, char *ret, size_t size);

#endif
