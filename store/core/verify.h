/*
 * Judges a code.  Pure: record, login and time go in, the verdict comes out,
 * and the record is changed so that the same code cannot pass again.
 *
 * A device makes its codes from the time, or counts them (counted.h).
 *
 * What must never happen:
 *	1. a code passes twice for one person, whichever device or list it
 *	   belongs to, or an older code after a newer one (record_check()
 *	   refuses a record that would allow it);
 *	   proved: tests/proofs/verify.c 1a 1b 1c 1d 1e 1f, 2 spent steps;
 *	   proved: tests/proofs/verify.c 1g 1h 1i 1n 1p, 3 devices;
 *	   proved: tests/proofs/verify.c 1j 1k 1l 1m, 2 codes;
 *	2. a wrong code goes uncounted: only a spent code (spent.h), and text
 *	   that cannot be a code (typed.h), are not counted;
 *	   proved: tests/proofs/verify.c 2a, 2 spent steps;
 *	   proved: tests/proofs/verify.c 2b 2c 2d 2e, 3 devices, 2 codes;
 *	3. a right code passes while the counter of wrong ones is shut;
 *	   proved: tests/proofs/verify.c 3a, 2 codes;
 *	4. a scratch code, which is short enough to be guessed, is judged
 *	   while the counter is shut, or a guess at one goes uncounted;
 *	   proved: tests/proofs/verify.c 2e 3a, 2 codes;
 *	5. a spent code passes because somebody sends it again, or the answer
 *	   says more than that it is spent: an answer that is not counted
 *	   must be of no use to somebody who guesses;
 *	   proved: tests/proofs/verify.c 5a 5b, 2 codes, 2 logins;
 *	6. the caller lets somebody in before the changed record is on disk,
 *	   in which the step or counter of the code is spent:
 *	   VERDICT_PASS is only as good as the store_update() around it;
 *	   proved: tests/proofs/verify.c 6a, 2 codes;
 *	   proved: tests/proofs/spend.pml 1a 1b, 3 workers, 2 crashes.
 *
 * So the caller judges inside store_update(), and looks at the verdict after
 * it:
 *
 *	static enum change
 *	judge(struct record *record, void *arg)
 *	{
 *		struct attempt *a = arg;
 *
 *		verify_code(a->policy, record, a->login, a->typed,
 *		    a->len, &a->outcome);
 *		return a->outcome.changed ? CHANGE_WRITE : CHANGE_NONE;
 *	}
 *
 *	if (store_update(store, user, uid, judge, &a) != FAULT_NONE)
 *		deny, whatever a.outcome says
 */
#ifndef TFA_VERIFY_H
#define TFA_VERIFY_H

#include <stddef.h>

#include "store/core/login.h"

#define WINDOW_STEPS 1 /* accepted before and after the current step */
#define DRIFT_S      600

/*
 * Judges what was typed: a code from a device, or a one-time code.  It is for a
 * login or, with login->proof, for a user who confirms a change of their own.
 * *ret:
 *	PASS        right; spent in the record;
 *	ENROLL      an administrator's enrolment code, which enroll.h spends
 *	            later;
 *	DENY        WRONG_CODE (counted); NOT_A_CODE, CODE_USED and CLOCK_BACK,
 *	            ONE_TIME_USED, _REPLACED, _VOID and _EXPIRED with
 *	            ret->spent_s (not counted); LOCKED, STOPPED.
 * ret->changed says whether the record must be written.
 */
void verify_code(const struct policy *policy, struct record *record,
    const struct login *login, const char *typed, size_t len,
    struct outcome *ret);

/*
 * Judges what was typed when the policy cannot decide about the user: only an
 * administrator's pass code passes.  A wrong one is counted as verify_code()
 * counts it.  A recovery code, and text that cannot be a pass code, is not
 * judged, counted or spent: DENY, reason NONE.
 * proved: tests/proofs/verify.c 8a 8b, 3 devices, 2 codes.
 */
void verify_pass(const struct policy *policy, struct record *record,
    const struct login *login, const char *typed, size_t len,
    struct outcome *ret);

/*
 * Finds the step that this code of a device that goes by the time belongs to,
 * among those within window steps of now.  *ret_step: that step.  FAULT_NONE:
 * it is later than device->last_step; FAULT_STALE: it is not; FAULT_ABSENT:
 * there is none, or the device counts its codes; other faults as otp_code().
 * All steps are computed, so that the time taken does not depend on which one
 * matches.  code has device->digits digits.
 */
MUST_USE enum fault verify_step(const struct device *device, const char *code,
    int64_t now_s, uint64_t window, uint64_t *ret_step);

/* Reads digits by typed_plain().  ret: 6 to 8 digits and a NUL.  Returns
 * false for anything else; ret is then an empty string. */
bool verify_digits(
    const char *typed, size_t len, char ret[static OTP_DIGITS_MAX + 1]);

#endif
