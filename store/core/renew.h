/*
 * A lost phone, replaced: after a login with a recovery code, the same code
 * lets the user set up one new device.  A second recovery code would otherwise
 * be spent for that.  Pure.
 *
 * What must never happen:
 *	1. a recovery code sets up more than one device, or any device later
 *	   than RENEW_S after its login;
 *	   proved: tests/proofs/enroll.c 3b, 2 devices, 2 codes;
 *	2. it does so on another connection, at the door, for a command, or
 *	   where the login itself did not pass;
 *	   proved: tests/proofs/verify.c 7a 7b, 2 codes;
 *	3. somebody who does not know the code sets up a device: a process of
 *	   the same user can claim the connection, so the code is asked for
 *	   again;
 *	4. it does anything else: to remove a device or to make new recovery
 *	   codes still costs a code of its own.
 */
#ifndef TFA_RENEW_H
#define TFA_RENEW_H

#include "store/core/login.h"

#define RENEW_S 600

/*
 * Notes that the recovery code of a login that passed may set up a device;
 * whatever an earlier login was allowed is over.  Returns false, and allows
 * nothing, if nobody is at a terminal, or no further device is allowed.  code
 * is as onetime_read() or verify_digits() returns it.
 */
bool renew_allow(const struct policy *policy, struct record *record,
    const struct login *login, const char *code);

/* Returns true if what was typed is that code, in time and on its connection.
 * Nothing is counted and nothing is spent: renew_end() does that, once a
 * device is there. */
bool renew_is_allowed(const struct record *record, const struct login *login,
    const char *typed, size_t len);

/* From now on nothing may be set up by that code. */
void renew_end(struct record *record);

#endif
