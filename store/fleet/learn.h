/*
 * A bastion learns once a day who has a record in the shared store.
 *
 * A bastion notices that a record was taken away, or was rolled back, by the
 * serial that it has seen of it (seen.h).  Of a user who never came to this bastion
 * it has seen nothing: whoever removes that record could set up a phone of their
 * own here.  So each bastion lists the names, which is cheap, and reads the records
 * that are new to it.
 *
 *	if (learn_is_due(store.dir, now_s))
 *		fault = learn_all(&store, &learnt);
 */
#ifndef TFA_FLEET_LEARN_H
#define TFA_FLEET_LEARN_H

#include "store/folder/store.h"

struct learnt {
	size_t records; /* that are listed */
	size_t noted;   /* of them: new to this bastion */
	size_t unread;  /* new, but damaged, or of another key */
	size_t older;   /* of an epoch before the fleet's: of a restore whose
			      * records are not all closed yet */
	size_t gone;    /* seen here, and listed no more */
	char who[USER_TEXT]; /* one of those that are gone; or "" */
};

/* True if the time that DIR/fleet/learnt has is over, or makes no sense, or is not
 * there; dir is open. */
bool learn_is_due(int dir, int64_t now_s);

/* Notes when it is due: a day from now, give or take two hours, random being any
 * number; or in an hour, after a failure. */
void learn_note(int dir, int64_t now_s, bool done, uint32_t random);

/* Makes it due at once.  folder: DIR/fleet, open. */
void learn_soon(int folder);

/* Notes the serial of each record of the fleet that this bastion has not seen in
 * this epoch.  The faults of store_list(); what was noted by then stays. */
MUST_USE enum fault learn_all(struct store *store, struct learnt *ret);

#endif
