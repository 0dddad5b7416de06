/*
 * The door: a second port, where sshd's PAM module asks for the code before
 * sshd opens any channel.  A pass there opens forwarding, to whomever the
 * policy's "forwarding" lets; sessions still go through the gate.  Pure.
 *
 * It must never make an answer milder: a denial stays one, a question never
 * becomes a pass, and nobody enrols here.
 * proved: tests/proofs/login.c 3a 3b, 2 logins.
 */
#ifndef TFA_DOOR_H
#define TFA_DOOR_H

#include "store/core/login.h"

/*
 * Narrows what login_decide() found for a login at the door.  A denial of the
 * policy keeps its reason.  Otherwise
 *	closed      DENY, FORWARDING_CLOSED;
 *	after-code  PASS for REMEMBERED and HARDWARE_KEY alone.  Who would pass
 *	            without a code, or could set a device up: CHALLENGE,
 *	            ASK_ONE_TIME, if the record has a valid pass code, else
 *	            DENY, CODE_FIRST;
 *	open        PASS for everyone who would get a session: an offer that may
 *	            be put off is.  Who must set a device up first: as above.
 * A login that is denied here leaves nothing in the record: ret->changed is
 * false.  It stays as it was where *ret asks for a device's code.
 */
void door_decide(const struct policy *policy, const struct decision *decision,
    const struct record *record, const struct login *login,
    struct outcome *ret);

/* Narrows what verify_code() found at the door: a code to enrol with is denied,
 * CODE_FIRST, and not spent. */
void door_judge(struct outcome *ret);

/*
 * True if an exempt user is asked for a code all the same: at the door, where
 * forwarding is for whoever gives one, and with a device that shows one.
 */
bool
door_asks_exempt(const struct policy *policy, const struct decision *decision,
    const struct record *record, const struct login *login);

#endif
