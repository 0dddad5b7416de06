/*
 * The texts that the link needs to talk to etcd: certificates, the key of its
 * own, the password of its user.  Keys and passwords come from systemd's
 * credentials, or from a folder of root; they are never logged.
 */
#ifndef TFA_LINK_SECRETS_H
#define TFA_LINK_SECRETS_H

#include "store/fleet/config.h"
#include "store/link/request.h"

#define SECRETS_KEY      "client.key"
#define SECRETS_PASSWORD "password"

struct secrets {
	char *ca;          /* PEM */
	char *certificate; /* PEM; "": none */
	char *key;         /* PEM; "": none */
	char *password;    /* "": none */
	int64_t ends_s;    /* of the certificate; 0: none */
};

/*
 * Reads them: the files that config names, and client.key and password in
 * folder.  False: ret_why says what is missing or wrong, and what to do.  Call
 * secrets_done() in any case.
 */
bool secrets_read(const struct fleet_config *config, const char *folder,
    struct secrets *ret, char ret_why[static FLEET_WHY_TEXT]);

/* Wipes and frees. */
void secrets_done(struct secrets *secrets);

/*
 * *ret_ends_s: when the first certificate of a PEM text ends, seconds since
 * 1970.  False: there is none.
 */
bool certificate_ends(const char *pem, int64_t *ret_ends_s);

/* True if key, a PEM text, is the key of that certificate. */
bool certificate_has_key(const char *pem, const char *key);

#endif
