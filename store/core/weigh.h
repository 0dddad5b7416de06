/*
 * Weighs a change of the policy: what does a user lose by it, at once?  Pure,
 * and decided by the functions that decide logins, with the user's record as it
 * is, under the policy in force and under the one to be.
 */
#ifndef TFA_WEIGH_H
#define TFA_WEIGH_H

#include "store/core/login.h"

#define WEIGH_PLACES 32

/*
 * The addresses at which the two policies are compared: nowhere, and both ends
 * of each network, first of those that stand in only one of them.
 */
struct places {
	struct address at[WEIGH_PLACES];
	size_t count;
	bool more; /* networks that found no room: not weighed */
};

/* A user's losses.  A row of the keeper's answer; only losers have one. */
struct loss {
	char user[USER_TEXT];
	bool way_in;     /* let in until now, and no longer: from somewhere */
	bool keyless;    /* let in until now, and then by a hardware key alone,
			  * which the keeper does not know to exist */
	bool code;       /* asked for a code until now, and then no longer */
	bool grace;      /* the time to set up a device is over, or shorter */
	int64_t until_s; /* with grace: the end that was promised */
};

extern const struct json_shape loss_shape;

void weigh_places(
    const struct policy *old, const struct policy *new, struct places *ret);

/*
 * *ret: what the user loses, without a name.  subject: the user; its address
 * is ignored.  Returns true if there is any loss.  The record is not changed.
 */
bool weigh(const struct policy *old, const struct policy *new,
    const struct places *places, const struct subject *subject,
    const struct record *record, struct loss *ret);

#endif
