/*
 * Setting up a device: a new secret waits in the record as pending until its
 * first code proves that an app holds it.  Pure: the random bytes are
 * arguments.
 *
 * A secret is drawn anew each time somebody begins, so that whoever began
 * earlier, with a stolen key perhaps, does not know the one that is confirmed.
 * Each window that began has a secret of its own, under an id: the first that
 * is confirmed ends the others.  No window is ever shown the secret of another,
 * from whichever address and with whichever key: who of two began is not known.
 */
#ifndef TFA_ENROLL_H
#define TFA_ENROLL_H

#include "store/import/import.h"
#include "store/core/login.h"
#include "store/core/onetime.h"

#define ENROLL_SECRET_BYTES 20 /* 160 bits, RFC 4226 section 4 R6 */
#define ENROLL_S            600
#define RECOVERY_CODES      10
#define ADMIN_CODES         8 /* of a user, valid at the same time */

/* The random bytes that become the recovery codes. */
struct recovery {
	uint8_t codes[RECOVERY_CODES][ONETIME_BYTES];
};

/*
 * Begins: secret becomes pending, until ENROLL_S from now, as
 * record->pending.id.  What waits already goes on waiting, but for the oldest
 * where there are too many.  FAULT_MEMORY: the record must not be written then.
 */
MUST_USE enum fault enroll_begin(struct record *record,
    const uint8_t secret[static ENROLL_SECRET_BYTES], const char *name,
    int64_t now_s);

/* Whether the enrolment of that id waits still, however old; "": the last. */
bool enroll_is_pending(const struct record *record, const char *id);

/*
 * Confirms the enrolment of that id, or with "" the last, with the first code
 * that the app shows.  PASS, reason ENROLLED: the device is in the record, all
 * that waited is gone, that code is spent, recovery became the recovery codes
 * and any earlier ones are void; with login->proof a device beside another
 * leaves those as they are, and no login is noted.  DENY: WRONG_CODE (with
 * ret->drift_s where a clock is off; the caller knows the secret, so telling
 * gives nothing away), NOT_DIGITS, PENDING_LATE, or NO_PENDING: others were
 * begun since, or an administrator ended it.  FAULT_LIMIT: no more devices fit;
 * FAULT_STALE: a device has that secret; FAULT_MEMORY; the record must not be
 * written then.
 */
MUST_USE enum fault
enroll_confirm(const struct policy *policy, struct record *record,
    const struct login *login, const char *id, const char *typed, size_t len,
    const struct recovery *recovery, struct outcome *ret);

/* Makes new recovery codes for whoever login is; any earlier ones, and scratch
 * codes, are void.  FAULT_MEMORY: the record must not be written then. */
MUST_USE enum fault enroll_recovery(struct record *record,
    const struct login *login, const struct recovery *recovery);

/*
 * An admin's device for the user: it counts at once, since nobody confirms it,
 * and lets an enrolment that waits, and codes to enrol with, lapse: whoever
 * began that one gave no code.  With recovery, and where no recovery codes are
 * left, it becomes those, and *ret_recovers says so.  added_from is
 * ENROLL_ADMIN.  FAULT_LIMIT: no more devices fit; FAULT_STALE: a device has
 * that secret; FAULT_MEMORY; the record must not be written then.
 */
#define ENROLL_ADMIN "tfa-admin"
MUST_USE enum fault enroll_provision(struct record *record,
    const uint8_t secret[static ENROLL_SECRET_BYTES], const char *name,
    int64_t now_s, const struct recovery *recovery, bool *ret_recovers,
    char ret_device[static DEVICE_ID_TEXT]);

/*
 * Another program's device and scratch codes, which count at once as those of
 * enroll_provision() do.  FAULT_STALE: a device has that secret; FAULT_LIMIT:
 * no more devices fit, or so many codes that an admin's would not;
 * FAULT_MEMORY; the record must not be written then.
 */
MUST_USE enum fault
enroll_import(struct record *record, const struct import *import, int64_t now_s,
    char ret_device[static DEVICE_ID_TEXT]);

/*
 * An admin's one-time code of that use, valid for a day; random becomes it,
 * ret is how it reads.  Codes that ran out are dropped, and the oldest where
 * there are too many; *ret_voided of these were still good.  A code to enrol
 * with brings the offer back that the user put off today.
 */
MUST_USE enum fault enroll_add_code(struct record *record, enum code_use use,
    const uint8_t random[static ONETIME_BYTES], int64_t now_s,
    char ret[static ONETIME_TEXT], size_t *ret_voided);

/* Takes device number i out.  After the last one the user begins anew, as
 * somebody who never had a device. */
void enroll_remove(struct record *record, size_t i, int64_t now_s);

/*
 * A lost or changed phone: takes out devices, codes, counters and all that is
 * remembered, but keeps record->spent.  Opens enrolment for a day; or, with
 * block, closes it until an admin acts again.
 */
void enroll_revoke(struct record *record, bool block, int64_t now_s);

#endif
