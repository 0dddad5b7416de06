/*
 * Makes facts that verify.h and login.h compare out of what a user's process
 * claims: a fingerprint, a name for the connection, a clean address.
 */
#ifndef TFA_CLAIMS_H
#define TFA_CLAIMS_H

#include "store/wire/protocol.h"

/*
 * The fingerprint of "publickey TYPE BLOB", a line of the file that
 * SSH_USER_AUTH names, as ssh-keygen -l prints it: SHA256 and base64 without
 * padding.  An empty string for anything else, a password for instance.
 */
void claims_key(const char *auth, char ret[static KEY_TEXT]);

/*
 * A name for the connection: SHA-256(boot id, path), in hex, of the path that
 * sshd drew at random.  An empty string where either is empty.
 */
void claims_connection(
    const char *boot_id, const char *path, char ret[static CONNECTION_TEXT]);

/* The address as address_format() writes it; "" if text is no address. */
void claims_address(const char *text, char ret[static ADDRESS_TEXT]);

/* Fills in *ret with the login that the request claims, at now_s. */
void claims_login(const struct request *request, const char *boot_id,
    int64_t now_s, struct login *ret);

#endif
