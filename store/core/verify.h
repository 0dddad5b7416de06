/*
 * Judges a code.  Pure: record, login and time go in, the verdict comes out,
 * and the record is changed so that it cannot be judged the same way twice.
 *
 * What must never happen:
 *	1. a code passes twice for the same person, whatever device or list it
 *	   is of, or an older one after a newer (record_check() refuses records
 *	   where it could);
 *	2. a wrong code goes uncounted: only what was spent, by spent.h, or is
 *	   no code at all, by typed.h, is none;
 *	3. a right code passes while its counter is shut;
 *	4. a scratch code, short enough to be guessed, is judged while the
 *	   counter is shut, or a guess at one goes uncounted;
 *	5. what was spent passes because somebody sends it again, or says more
 *	   than that it was: an uncounted answer must be of no use to a guesser;
 *	6. the caller lets somebody in before the changed record is on disk:
 *	   VERDICT_PASS is only as good as the store_update() around it.
 */
#ifndef TFA_VERIFY_H
#define TFA_VERIFY_H

#include <stddef.h>

#include "store/core/login.h"

#define WINDOW_STEPS 1 /* before and after now (RFC 6238 section 5.2) */
#define DRIFT_S      600

/*
 * Judges what was typed, a code from a device or a one-time code, of a login
 * or, with login->proof, of somebody who proves who she is.  *ret:
 *	PASS        right; spent in the record;
 *	ENROLL      an admin's enrolment code: not spent, enroll.h does that;
 *	DENY        WRONG_CODE (counted); NOT_A_CODE, CODE_USED and CLOCK_BACK,
 *	            ONE_TIME_USED, _REPLACED, _VOID and _EXPIRED with
 *	            ret->spent_s (not counted); LOCKED, STOPPED.
 * ret->changed says whether the record must be written.
 */
void verify_code(const struct policy *policy, struct record *record,
    const struct login *login, const char *typed, size_t len,
    struct outcome *ret);

/*
 * Judges what was typed where the policy cannot decide about the user: only a
 * pass code of an administrator passes.  A wrong one is counted as
 * verify_code() counts it.  A recovery code, and what can be no pass code, is
 * neither judged nor counted nor spent: DENY, reason NONE.
 */
void verify_pass(const struct policy *policy, struct record *record,
    const struct login *login, const char *typed, size_t len,
    struct outcome *ret);

/*
 * The step within window steps of now whose code this is, later than after;
 * FAULT_ABSENT: none; FAULT_STALE: only one that is not later.  Every step is
 * computed, whatever matches.  code has device->digits digits.
 */
MUST_USE enum fault verify_step(const struct device *device, const char *code,
    int64_t now_s, uint64_t window, uint64_t *ret_step);

/*
 * Reads what was typed, by typed_plain().  ret: 6 to 8 digits and a NUL;
 * false where it is not that, ret is then an empty string.
 */
bool verify_digits(
    const char *typed, size_t len, char ret[static OTP_DIGITS_MAX + 1]);

#endif
