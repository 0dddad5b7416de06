/*
 * A record as it was before a change, to be put back if the change cannot be
 * logged or told.
 *
 *	undo_before(&undo, record) && change && undo_after(&undo, record)
 *	...
 *	undo_restore(&undo, record)      in a later store_update()
 *	undo_done(&undo);
 */
#ifndef TFA_UNDO_H
#define TFA_UNDO_H

#include "store/core/record.h"

struct undo {
	char *before, *after; /* the record as text */
};

/* Keep the record's text.  False without memory. */
bool undo_before(struct undo *undo, const struct record *record);
bool undo_after(struct undo *undo, const struct record *record);

/* True if the record was as after the change, and is as before it now.  False if
 * somebody changed it since, or without memory: it is then as it was. */
bool undo_restore(const struct undo *undo, struct record *record);

void undo_done(struct undo *undo);

#endif
