/*
 * Sets up devices.  A new secret waits in the record as pending until its first
 * code proves that an app holds it.  Pure: the random bytes are arguments.
 *
 * A new secret is drawn each time somebody begins.  So if a thief with a stolen
 * key began earlier, the thief does not know the secret that the owner
 * confirms.  Each window that begins has a secret of its own, under an id, and
 * the first one that is confirmed ends the others.  No window is ever shown
 * another window's secret, whatever its address or key: nobody can tell which
 * of the two is the owner's.
 *
 * After each of these changes record_check() holds again, and no list is too
 * long.
 * proved: tests/proofs/enroll.c 1a 1b 1c 1d 1e 2a 2b 2c 3a, 2 devices, 2 codes.
 *
 * The calls for one device, each inside a store_update():
 *
 *	enroll_begin(record, secret, name, now_s);
 *	        show the secret; remember record->pending.id;
 *	        later, with the first code from the app:
 *	enroll_confirm(policy, record, login, id, typed, len, &recovery, &out);
 *	        out.verdict is PASS: show the recovery codes
 */
#ifndef TFA_ENROLL_H
#define TFA_ENROLL_H

#include "store/import/import.h"
#include "store/core/login.h"
#include "store/core/onetime.h"
#include "store/core/token.h"

#define ENROLL_SECRET_BYTES 20 /* 160 bits, RFC 4226 section 4 R6 */
#define ENROLL_S            600
#define RECOVERY_CODES      10
#define ADMIN_CODES         8 /* at most, of one user and valid */

/* The random bytes that recovery codes are made of. */
struct recovery {
	uint8_t codes[RECOVERY_CODES][ONETIME_BYTES];
};

/*
 * Begins an enrolment: the secret becomes pending for ENROLL_S seconds, as
 * record->pending.  Earlier enrolments stay pending, except the oldest if there
 * are too many.  FAULT_MEMORY: the record must not be written then.
 */
MUST_USE enum fault enroll_begin(struct record *record,
    const uint8_t secret[static ENROLL_SECRET_BYTES], const char *name,
    int64_t now_s);

/* Returns true if a new device may have that name: no device has it, and it is
 * not like a device's id.  A device that is added under a name that another
 * has all the same gets a number behind it: "phone-2". */
bool enroll_is_name_free(const struct record *record, const char *name);

/* Returns true if an enrolment with that id is pending, even one that is too
 * old to be confirmed; id "": if any is. */
bool enroll_is_pending(const struct record *record, const char *id);

/*
 * Confirms the enrolment with that id, or with "" the one begun last, by the
 * first code that the app shows.  *ret:
 *	PASS   reason ENROLLED: the device is in the record, nothing is
 *	       pending any more, the code is spent, and recovery became the
 *	       recovery codes; any earlier ones are void. With login->proof a
 *	       further device leaves the recovery codes as they are, and no
 *	       login is noted.
 *	DENY   WRONG_CODE, with ret->drift_s if a clock is off (the caller
 *	       knows the secret, so that gives nothing away); NOT_DIGITS;
 *	       PENDING_LATE; or NO_PENDING: others were begun since, or an
 *	       administrator ended it.
 * FAULT_LIMIT: no more devices fit; FAULT_STALE: a device has that secret
 * already; FAULT_MEMORY.  After a fault the record must not be written.
 */
MUST_USE enum fault
enroll_confirm(const struct policy *policy, struct record *record,
    const struct login *login, const char *id, const char *typed, size_t len,
    const struct recovery *recovery, struct outcome *ret);

/*
 * Makes new recovery codes, and notes the login that asked for them.  Earlier
 * recovery and scratch codes become void.  FAULT_MEMORY: the record must not be
 * written then.
 */
MUST_USE enum fault enroll_recovery(struct record *record,
    const struct login *login, const struct recovery *recovery);

/*
 * Adds a device of that type that an administrator made for the user; one that
 * counts its codes begins at 0.  It is valid at once, without a first code.
 * Pending enrolments end, and codes to enrol with become void: whoever began
 * those gave no code.  If recovery is not NULL and no recovery codes are left,
 * it becomes those, and *ret_recovers is true. added_from is ENROLL_ADMIN.
 * *ret_device: the device's id.  FAULT_LIMIT: no more devices fit; FAULT_STALE:
 * a device has that secret already; FAULT_MEMORY.  After a fault the record
 * must not be written.
 */
#define ENROLL_ADMIN "tfa-admin"
MUST_USE enum fault enroll_provision(struct record *record,
    const uint8_t secret[static ENROLL_SECRET_BYTES], enum device_type type,
    const char *name, int64_t now_s, const struct recovery *recovery,
    bool *ret_recovers, char ret_device[static DEVICE_ID_TEXT]);

/* The devices that accounts became, in their order. */
struct imported {
	size_t count;
	char devices[IMPORT_MAX][DEVICE_ID_TEXT]; /* their ids */
};

/*
 * Adds another program's devices and scratch codes, which are valid at once, as
 * with enroll_provision().  A counter goes on behind codes that are remembered
 * as used (resume.h).  *ret: the new devices; after a fault, those that were
 * added before the account at fault.  FAULT_STALE: a device has the secret of
 * that account already; FAULT_LIMIT: no more devices fit, or so many codes that
 * none would be left for an administrator's; FAULT_MEMORY.  After a fault the
 * record must not be written: either all of it is added or nothing.
 */
MUST_USE enum fault enroll_import(struct record *record,
    const struct import *import, int64_t now_s, struct imported *ret);

/*
 * Adds a token as a device, valid at once, as with enroll_provision(); its name
 * is "token" and the serial number, or the end of one that is too long.  Faults
 * as enroll_import().
 */
MUST_USE enum fault
enroll_assign(struct record *record, const struct token *token, int64_t now_s,
    char ret_device[static DEVICE_ID_TEXT]);

/*
 * Adds an administrator's one-time code of that use, valid for a day, made of
 * the random bytes.  ret: the code as a person reads it.  Removes expired
 * codes, and the oldest if there are too many; *ret_voided: how many of the
 * removed ones were still valid.  A code to enrol with also cancels the user's
 * "later": the next login is offered enrolment.  FAULT_LIMIT: the record has
 * more codes that never expire than tfa makes, and could not be read again with
 * one more; FAULT_MEMORY.  After a fault the record must not be written.
 * proved: tests/proofs/enroll.c 4a, 2 codes.
 */
MUST_USE enum fault enroll_add_code(struct record *record, enum code_use use,
    const uint8_t random[static ONETIME_BYTES], int64_t now_s,
    char ret[static ONETIME_TEXT], size_t *ret_voided);

/* Removes device number i, and ends what is pending: its code may have begun
 * that.  After the last one the user begins anew, like somebody who never had a
 * device. */
void enroll_remove(struct record *record, size_t i, int64_t now_s);

/*
 * Revokes device number i, which is not the only one, and ends what is pending.
 * The other devices and the recovery codes stay, but no connection is remembered
 * any more.
 */
void enroll_revoke_device(struct record *record, size_t i, int64_t now_s);

/*
 * Revokes everything, for a lost or changed phone: removes devices, codes,
 * counters and all that is remembered, except the spent codes (record->spent).
 * Then lets the user enrol within a day; or, with block, not until an
 * administrator acts again.
 */
void enroll_revoke(struct record *record, bool block, int64_t now_s);

#endif
