/*
 * Remembers spent codes for a while.  Somebody who sends one again is told so,
 * and is not counted as guessing: a client that reconnects with the same
 * TFA_CODE, a user with an old list of recovery codes, or with an
 * administrator's code that a later one replaced.  Nothing in here lets anybody
 * in.
 *
 * Each list has a limit and drops the entry that was seen longest ago; a code
 * that was dropped counts as a wrong code again.  A guess that hits an entry is
 * not counted.  Of a million guesses at one device some 17 do; that lets nobody
 * in and says nothing about future codes.
 *
 * Without memory a code is not remembered; it then counts as a wrong code.
 */
#ifndef TFA_SPENT_H
#define TFA_SPENT_H

#include "store/core/login.h"

/* Sets the device's last step, and remembers the previous one as spent. */
void spent_step(struct device *device, uint64_t step);

/*
 * Returns true if code, which has device->digits digits, belongs to a spent
 * step, however old.  That step becomes the one seen last; *ret_changed is set
 * to true if the order of the list changed.  All steps are computed.
 */
bool spent_is_step(struct device *device, const char *code, bool *ret_changed);

/*
 * Sets the counter of a device that counts to the one after this, which is
 * remembered as spent, as is the one that the device noted (struct resync).  It
 * must be below UINT64_MAX.
 */
void spent_counter(struct device *device, uint64_t counter);

/*
 * FAULT_NONE: code belongs to a spent counter, however old, which becomes the
 * one seen last; *ret_changed is set to true if the order of the list changed.
 * FAULT_ABSENT: to none; other faults as otp_code().  All are computed.
 */
enum fault
spent_is_counter(struct device *device, const char *code, bool *ret_changed);

/* FAULT_NONE: code is the device's for that step or counter; FAULT_ABSENT: it
 * is not; other faults as otp_code().  Takes the same time for each. */
MUST_USE enum fault
spent_compare(const struct device *device, uint64_t step, const char *code);

/* FAULT_NONE: code, of device->digits digits, belongs to a spent step whose
 * number is from or higher; FAULT_ABSENT: to none; other faults as otp_code(). */
MUST_USE enum fault
spent_since(const struct device *device, uint64_t from, const char *code);

/* Remembers that the one-time code with this hash is spent, and why.  A scratch
 * code that looks like it is spent with it.
 * proved: tests/proofs/verify.c 1n, 2 codes. */
void spent_add(struct record *record, const char hash[static HASH_TEXT],
    enum spent_why why, int64_t at_s);

/* Returns the entry for that hash, or NULL if it is not remembered. */
const struct spent_code *
spent_find(const struct record *record, const char hash[static HASH_TEXT]);

/* Removes code number i from record->codes, and remembers it with that reason.
 * proved: tests/proofs/verify.c 1l 1n, 2 codes. */
void
spent_take(struct record *record, size_t i, enum spent_why why, int64_t now_s);

/* Removes all codes of that use, and remembers them with that reason; codes
 * that had expired are remembered as expired.  CODE_RECOVER: when they were made
 * is forgotten. */
void spent_retire(struct record *record, enum code_use use, enum spent_why why,
    int64_t now_s);

/* Removes device number i; the last code that it spent is remembered as used. */
void spent_device(struct record *record, size_t i, int64_t now_s);

/* ret: the hash of connection and code together, so that the code alone says
 * nothing about other connections.  Returns false if the connection has no
 * name. */
bool spent_hash(
    const struct login *login, const char *code, char ret[static HASH_TEXT]);

/*
 * Remembers that this connection gave that code; does nothing if the connection
 * has no name.  code is as onetime_read() or verify_digits() returns it.
 */
void spent_connection(
    struct record *record, const struct login *login, const char *code);

/*
 * Returns true if the same connection gave the same code before, however long
 * ago.  That entry becomes the one seen last; *ret_changed is set to true if
 * the order of the list changed.
 */
bool spent_is_connection(struct record *record, const struct login *login,
    const char *code, bool *ret_changed);

#endif
