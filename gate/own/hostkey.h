/*
 * The host key of "tfa tunnel": one that stays, in the user's ~/.ssh.
 *
 * A client that met a new key each time would teach its user to ignore the
 * warning that matters.  Only the user can read it.  Whoever stole it could
 * stand in for a tunnel only inside the user's own connection to the bastion,
 * which has a host key of its own.
 */
#ifndef TFA_HOSTKEY_H
#define TFA_HOSTKEY_H

#include <limits.h>
#include <stdbool.h>

#define HOSTKEY_NAME "tfa_tunnel_key"

/* ret: the path of the key below home, which is made where it is missing, with
 * NAME.pub beside it.  False after a message. */
bool hostkey_find(const char *home, char ret[static PATH_MAX]);

#endif
