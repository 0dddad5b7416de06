/*
 * The charter: all bastions of a fleet must agree on it.  It is under the key
 * "fleet", sealed as the records are.
 *
 *	id     32 hexadecimal digits, drawn once: it keeps apart what fleets with
 *	       the same key have sealed
 *	epoch  from 1; one more each time an older state of the engine is accepted
 *	level  which keys records and policy may have.  Nobody writes a newer one,
 *	       and a bastion whose own level is below it denies
 *	name   of the fleet, as people know it
 */
#ifndef TFA_CHARTER_H
#define TFA_CHARTER_H

#include <stdint.h>

#include "store/fleet/config.h"

#define CHARTER_MAX      4096 /* bytes of its text */
#define CHARTER_ID       33
#define CHARTER_LEVEL    3 /* what this program can read and write */
#define CHARTER_UIDS     2 /* records have the uids of each bastion */
#define CHARTER_HARDWARE 3 /* the policy speaks of hardware keys */
#define CHARTER_HOTP     3 /* records have devices that count their codes */
#define CHARTER_MOST     INT64_C(1000000000) /* levels */
#define CHARTER_EPOCH    INT64_C(65535) /* as many as a seal has room for */

struct charter {
	char id[CHARTER_ID];
	int64_t epoch;
	int64_t level;
	char name[FLEET_HOST_TEXT];
};

/* Reads a text of len bytes, text[len] being NUL.  FAULT_FORMAT, FAULT_LIMIT:
 * *ret_error says where and why; FAULT_MEMORY. */
MUST_USE enum fault charter_parse(const char *text, size_t len,
    struct charter *ret, struct json_error *ret_error);

/* For record_uid(): host, where store.json says that each bastion has uids of its
 * own, and the fleet's level allows that; else "". */
const char *charter_uids(const struct charter *charter,
    const struct fleet_config *config, const char *host);

/* False if the text, which policy_parse() took, has a key that bastions of the
 * fleet's level do not know: they would let nobody in, whatever its value. */
bool charter_takes_policy(
    const struct charter *charter, const char *text, size_t len);

/* *ret_text: as charter_parse() reads it; the caller frees it.  FAULT_MEMORY. */
MUST_USE enum fault
charter_format(const struct charter *charter, char **ret_text);

#endif
