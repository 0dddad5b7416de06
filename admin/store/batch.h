/*
 * The records of some files, here and in the fleet: one round trip to the store
 * takes many.
 *
 *	scoped_batch struct batch batch;
 *
 *	if (batch_read(move, remote, first, count, &batch) &&
 *	    batch_fetch(&batch))
 *		... batch.rows[i].here, batch.rows[i].there
 */
#ifndef TFA_ADMIN_BATCH_H
#define TFA_ADMIN_BATCH_H

#include "admin/store/move.h"

struct batch_row {
	char user[USER_TEXT];   /* for messages; of a hashed name that */
	struct store_key key;   /* locked until batch_done() */
	struct store_text here; /* bytes NULL: none is here */
	struct remote_text
	    there; /* text NULL: none; of no bytes: it was removed */
};

struct batch {
	struct move *move;
	struct remote *remote;
	const char *before; /* the file before the first; "" */
	size_t count;
	struct batch_row rows[CREW_BATCH];
};

/* *ret: the records here of the files in move->files, count from first on, locked;
 * batch_done() in any case.  False after a message. */
bool batch_read(struct move *move, struct remote *remote, size_t first,
    size_t count, struct batch *ret);

/* Gets the fleet's.  False after a message: also where one is of an older epoch
 * than the fleet. */
bool batch_fetch(struct batch *batch);

/* True if the fleet shows no less than this bastion has seen.  False after a
 * message. */
bool batch_is_as_seen(const struct batch *batch);

void batch_done(struct batch *batch);
#define scoped_batch __attribute__((cleanup(batch_done)))

#endif
