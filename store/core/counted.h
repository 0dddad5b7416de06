/*
 * Judges the codes of devices that count them (HOTP, RFC 4226).  Such a device
 * makes a code each time its button is pressed, and nobody sees how often that
 * was.  So a few codes are accepted ahead of the next one, and a device that is
 * further ahead comes back by two codes in a row.
 *
 * What must never happen, beside what verify.h says:
 *	1. a counter passes twice, or an older one after a newer one;
 *	   proved: tests/proofs/verify.c 9a 9b 9c 9g, 2 spent counters;
 *	2. a code beyond HOTP_AHEAD passes, unless the code judged just before
 *	   it was the one before it;
 *	   proved: tests/proofs/verify.c 9d 9e, 2 spent counters;
 *	3. a code of the last few that were spent passes, although a later
 *	   counter happens to have that code again;
 *	   proved: tests/proofs/verify.c 9f, 2 spent counters;
 *	4. a code that is none of these is not wrong, and thus not counted;
 *	   proved: tests/proofs/verify.c 9h, 2 spent counters;
 *	5. the first code of the two is remembered after a code that passed, or
 *	   after a wrong one-time code;
 *	   proved: tests/proofs/verify.c 9i, 3 devices.
 *
 * What guessing is worth.  HOTP_AHEAD of a million codes pass, as many as of a
 * device that goes by the time: verify.h's three steps.  One guess of 10 000
 * hits a code further ahead.  Only the very next guess can pass by that, one of
 * a million: two guesses, both counted, pass so once in 10^10 times.  For all
 * guesses that the policy allows in a year that is less than one in ten
 * millions.  Nothing tells the guesser: the answer is that to any wrong code.
 */
#ifndef TFA_COUNTED_H
#define TFA_COUNTED_H

#include "store/core/login.h"

#define HOTP_AHEAD    3   /* codes that pass: the next one and two more */
#define HOTP_RESYNC   100 /* codes ahead by which a device can be found again */
#define HOTP_RESYNC_S 600 /* until the second of the two codes */

/*
 * Judges a code by one device that counts, and spends its counter and all
 * earlier ones if it is right.  REASON_CODE; REASON_CODE_USED; REASON_STORE if
 * OpenSSL fails; else REASON_WRONG_CODE, and device->resync notes a code
 * further ahead.  The last counter there is, 2^64 - 1, never passes: none would
 * be left for the next one.  *ret_changed is set to true if the order of the
 * spent counters changed.
 */
enum reason counted_judge(
    struct device *device, const char *code, int64_t now_s, bool *ret_changed);

/*
 * To be called after a code was typed: forgets what the devices have noted of
 * codes further ahead, unless that very code, which was wrong and counted, is
 * the one that they noted.  A code that was not judged, since the user is
 * locked or stopped, changes nothing.
 */
void
counted_settle(struct record *record, bool is_one_time, struct outcome *ret);

/* Returns true if the user has a device that counts. */
bool counted_has(const struct record *record);

#endif
