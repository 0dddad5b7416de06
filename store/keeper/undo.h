/*
 * Takes devices back that a change added, if the change cannot be logged or
 * told: a device that nobody was told of would shut the user out.
 *
 *	undo_before(&undo, record) && change && undo_after(&undo, record)
 *	...
 *	undo_devices(&undo, record, now_s)      in a later store_update()
 *	undo_done(&undo);
 *
 * The change itself is in a store_update(), too, so the first line may run
 * several times; the last one counts.
 */
#ifndef TFA_UNDO_H
#define TFA_UNDO_H

#include "store/core/record.h"
#include "store/folder/store.h"

/* Zeroed: nothing to undo. */
struct undo {
	char *before, *after;   /* the record as text */
	struct record had, has; /* of these texts */
};

/* Keep the record as it is.  False without memory. */
bool undo_before(struct undo *undo, const struct record *record);
bool undo_after(struct undo *undo, const struct record *record);

/*
 * Makes the record what it was before.  If somebody has changed it since, only
 * the devices go that the change added.  What they had ended, an invitation for
 * instance, stays ended, and a user who was blocked stays blocked.
 * CHANGE_NONE: the record has none of these devices.
 */
enum change
undo_devices(const struct undo *undo, struct record *record, int64_t now_s);

void undo_done(struct undo *undo);

#endif
