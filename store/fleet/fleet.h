/*
 * The engine of a fleet: records sealed by this bastion, kept by tfa-link in a
 * store that several bastions share.
 *
 *	struct fleet fleet;
 *
 *	fleet_init(&fleet, &config, ring, LINE_SOCKET);
 *	fault = store_open("/var/lib/tfa", false, &store);
 *	fleet_attach(&fleet, &store);
 *	... store_update(), store_read(), store_list() ...
 *	store_close(&store);
 *	fleet_done(&fleet);
 *
 * The key of a user's record is FLEET_USERS and the name as store_encode() writes
 * it, which is also the name in its seal.  A put is done only if nothing else
 * was put there since the get; what stands there then comes back with the answer,
 * and the change is made again in that.  So a code passes once in the fleet, and
 * not before the store has it as spent.
 * proved: tests/proofs/fleet.pml 1a 1b 1c, 3 bastions.
 *
 * A text of no bytes says that there is no record any more.  It keeps the serial:
 * a record that is simply gone was taken away by somebody else, and is refused
 * (seen.h).
 *
 * An answer that does not come is a denial: a read waits 4 seconds at most, a
 * change 5 seconds more.
 */
#ifndef TFA_FLEET_H
#define TFA_FLEET_H

#include "store/fleet/config.h"
#include "store/fleet/talk.h"
#include "store/folder/backend.h"

struct ahead;

struct fleet {
	const struct fleet_config *config;
	const struct keyring *ring;
	struct line line;
	int64_t get_ms, put_ms; /* how long a read and a change wait */
	uint64_t epoch;         /* of the fleet, from 1 */
	/* That a get asks for, and a put insists on: of the policy and the
	 * charter by which the caller decides. */
	struct talk_marks marks;
	bool replaced;       /* FAULT_AWAY was for another policy or charter */
	struct ahead *ahead; /* after a list was made; else NULL */
};

/* A fleet of epoch 1.  Both pointers must outlive it. */
void fleet_init(struct fleet *fleet, const struct fleet_config *config,
    const struct keyring *ring, const char *socket);

/* From now on all records of that open store are the fleet's, but those of the
 * users that stay local.  fleet must outlive the store. */
void fleet_attach(struct fleet *fleet, struct store *store);

void fleet_done(struct fleet *fleet);

/* For who asks the engine by another way than through store.h.  *ret: the
 * highest revision that was seen, for fleet_judge_revision(); to be asked
 * before the engine is.  FAULT_BACK: the engine's state went back, and that is
 * not accepted; FAULT_REFUSED, FAULT_IO; store->why says why. */
MUST_USE enum fault fleet_revision_seen(struct store *store, uint64_t *ret);

/* Compares the revision of an answer with it.  FAULT_BACK: it is lower, and no
 * revision counts any more until that is accepted (seen.h).  note: it is the
 * highest one from now on, where something will be changed; FAULT_IO. */
MUST_USE enum fault fleet_judge_revision(
    struct store *store, const char *revision, uint64_t seen, bool note);

/* mark: of the answer to a put, which the engine's revision is from then on.  A
 * store that was restored to a moment before that put is noticed by it.
 * FAULT_IO; FAULT_FORMAT: it is no mark, or FAULT_REFUSED; store->why says
 * why. */
MUST_USE enum fault fleet_note_put(struct store *store, const char *mark);

#endif
