/*
 * Where the policy is: in a file of this host, or with all the bastions of its
 * fleet.  This is decided here alone: in a fleet, which is where
 * /etc/tfa/store.json is, the file is not read.
 */
#ifndef TFA_HOME_H
#define TFA_HOME_H

#include <limits.h>

#include "admin/shared.h"
#include "store/fleet/config.h"

enum home {
	HOME_UNKNOWN = 0, /* nothing may be read or changed */
	HOME_FILE,
	HOME_FLEET,
};

#define HOME_NO_POLICY                                                            \
	"the fleet has no policy, and lets nobody in: its records may have gone " \
	"back into a bastion's folder; if not, tfa-admin policy edit makes one"

#define HOME_WHY  SHARED_WHY
#define HOME_NAME PATH_MAX

struct admin;

/* ret_why: why it is not known, as one line. */
enum home home_find(const struct admin *admin, char ret_why[static HOME_WHY]);

/* ret: what messages call the policy: its path, or "the policy of NAME". */
void home_name(const struct admin *admin, char ret[static HOME_NAME]);

/* *ret_text: the policy, unparsed, with a NUL behind it; the caller frees it.
 * FAULT_ABSENT: there is none.  ret_why: one line about any fault. */
MUST_USE enum fault home_read(const struct admin *admin, char **ret_text,
    size_t *ret_len, char ret_why[static HOME_WHY]);

/* *ret: the policy; policy_done() frees it.  Faults as of home_read(), and
 * FAULT_FORMAT with file, line and key in ret_why. */
MUST_USE enum fault home_load(const struct admin *admin, struct policy *ret,
    char ret_why[static HOME_WHY]);

#endif
