/*
 * The fleet that this bastion is in: /etc/tfa/store.json.  Without that file
 * the bastion's own folder has all records.  Keeper and link read it with this
 * reader, so that they cannot differ.
 *
 *	struct fleet_config config;
 *	char why[FLEET_WHY_TEXT];
 *
 *	fault = fleet_config_read(FLEET_CONFIG, &config, why);
 *	if (fault == FAULT_ABSENT)
 *		there is no fleet
 *	else if (fault != FAULT_NONE)
 *		deny; log why
 *	...
 *	fleet_config_done(&config);
 *
 * It names no secret.  There is no http://, and no way to leave out the
 * verification of a certificate.
 */
#ifndef TFA_FLEET_CONFIG_H
#define TFA_FLEET_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "store/base/endpoint.h"
#include "store/base/guarded.h"
#include "store/base/list.h"
#include "store/json/json.h"

#define FLEET_CONFIG     "/etc/tfa/store.json"
#define FLEET_CONFIG_MAX 65536UL /* bytes of the file */
#define FLEET_WHY_TEXT   GUARDED_WHY_TEXT

#define FLEET_HOST_TEXT   ENDPOINT_HOST
#define FLEET_URL_TEXT    (ENDPOINT_TEXT + 8) /* "https://HOST:PORT" */
#define FLEET_ENDPOINTS   16
#define FLEET_PREFIX_TEXT 101
#define FLEET_PATH_TEXT   192
#define FLEET_LOGIN_TEXT  65
#define FLEET_NAME_TEXT   257 /* a user's name, as USER_TEXT */
#define FLEET_LOCALS      64

struct fleet_url {
	char text[FLEET_URL_TEXT]; /* https, host and port, and no more */
};

struct fleet_local {
	char text[FLEET_NAME_TEXT];
};

struct fleet_tls {
	char ca[FLEET_PATH_TEXT];          /* absolute paths */
	char certificate[FLEET_PATH_TEXT]; /* "": none */
};

/* The answer to users whom a rule of the policy exempts by name or group. */
enum fleet_exempt { FLEET_EXEMPT_DENY = 0, FLEET_EXEMPT_PASS };

/* Where a user has one uid. */
enum fleet_uids { FLEET_UIDS_SAME = 0, FLEET_UIDS_PER_BASTION };

/* While the engine does not answer. */
struct fleet_away {
	bool present;
	int exempt; /* enum fleet_exempt */
};

struct fleet_config {
	int64_t version;
	char name[FLEET_HOST_TEXT]; /* of the fleet, as people know it */
	int engine;                 /* 0: etcd, the only one */
	LIST_OF(struct fleet_url) endpoints; /* 1 to FLEET_ENDPOINTS */
	char prefix[FLEET_PREFIX_TEXT];      /* begins and ends with "/" */
	struct fleet_tls tls;
	char user[FLEET_LOGIN_TEXT]; /* of the engine; "": none */
	bool compact;                /* the link removes old revisions */
	LIST_OF(struct fleet_local)
	local; /* users whose records stay in this
					    * bastion's own folder */
	struct fleet_away away;
	int uids; /* enum fleet_uids */
};

/*
 * *ret: the configuration in the file at path, which root alone may have
 * written (guarded_read()); free it with fleet_config_done().
 *
 * FAULT_ABSENT: there is no such file.  FAULT_ACCESS, FAULT_FORMAT,
 * FAULT_LIMIT, FAULT_IO, FAULT_MEMORY.  ret_why: one line with file, line and
 * key.  *ret is untouched on failure.
 */
MUST_USE enum fault fleet_config_read(const char *path,
    struct fleet_config *ret, char ret_why[static FLEET_WHY_TEXT]);

/* fleet_config_read() of a text of len bytes, text[len] being NUL; path is what
 * ret_why calls it. */
MUST_USE enum fault fleet_config_parse(const char *path, const char *text,
    size_t len, struct fleet_config *ret, char ret_why[static FLEET_WHY_TEXT]);

void fleet_config_done(struct fleet_config *config);

/* A fleet's name, in FLEET_HOST_TEXT bytes. */
extern const struct json_form fleet_form_host;

/* True if that user's record stays in this bastion's own folder. */
bool fleet_config_is_local(const struct fleet_config *config, const char *user);

#endif
