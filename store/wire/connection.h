/*
 * The name of a connection that came in at the door, as the module and the gate
 * both tell it to the keeper: the token that the module drew at random and put
 * into the session's environment, and sshd's own SSH_CONNECTION.
 *
 * Without SSH_CONNECTION the token would be enough for another connection, on
 * whose environment a client may have more to say (AcceptEnv).
 */
#ifndef TFA_CONNECTION_H
#define TFA_CONNECTION_H

#include "store/wire/protocol.h"

/* The variable that holds the token. */
#define CONNECTION_VARIABLE "TFA_CONNECTION"

/*
 * ret: "TOKEN ADDR PORT ADDR PORT".  False unless token is "pam/" and 32 digits
 * of lower-case hex, and ssh_connection is "ADDR PORT ADDR PORT" as sshd writes
 * it, with numbers; either may be NULL.  ret is then untouched.
 */
bool connection_name(
    const char *token, const char *ssh_connection, char ret[static PATH_TEXT]);

/* True for the name of a connection that came in at the door, as opposed to the
 * path of a file of sshd's. */
bool connection_is_door(const char *name);

#endif
