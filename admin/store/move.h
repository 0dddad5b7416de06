/*
 * Records on their way between this bastion's folder and the fleet, byte by byte
 * the same on both sides.  The folder is closed meanwhile (closed.h): what was
 * moved does not change behind.
 *
 *	struct move move;
 *
 *	status = move_begin(site, &move);	as the folder's owner from now on
 *	...
 *	move_done(&move);			as root again
 */
#ifndef TFA_ADMIN_MOVE_H
#define TFA_ADMIN_MOVE_H

#include "admin/store/closed.h"
#include "admin/store/crew.h"
#include "store/folder/backend.h"

struct move {
	struct site *site;
	struct store store;
	bool is_open;
	bool prefer; /* of two records of a user, that of the later login */
	struct store_names here;  /* without those that are local to it */
	struct store_names there; /* the fleet's, as names of files */
	size_t counts[CREW_CODES];
	/* The first users with two records that differ. */
	size_t conflicts;
	char names[200];
};

/* A job returns one, for each record that it looks at. */
enum move_code {
	MOVE_FAILED = 0,
	MOVE_MOVED,
	MOVE_SAME,     /* it is on both sides, with the same bytes */
	MOVE_CONFLICT, /* it is on both sides, and differs */
	MOVE_KEPT,     /* the other side's was used last, and stays */
	MOVE_ALONE,    /* it is on this side only */
};

/* An admin_exit, after a message; move_done() in any case. */
int move_begin(struct site *site, struct move *ret);
/* Lists the folder's records into move->here, which is empty. */
int move_relist(struct move *move);
void move_done(struct move *move);
#define scoped_move __attribute__((cleanup(move_done)))

/* The record of a user as it is in the folder, locked: the lock lasts as long as
 * key->lock.  FAULT_ABSENT: there is none.  Other faults after a message. */
MUST_USE enum fault move_read(struct move *move, const char *user,
    struct store_key *ret_key, struct store_text *ret);

/* *ret: the time of the last login in a record's text; 0: none.  False after a
 * message: it is no record of that user. */
bool move_last_login(struct move *move, const char *user,
    const struct store_text *text, int64_t *ret);

/* Notes a user with two records that differ. */
void move_note_conflict(struct move *move, const char *user);

/* Says which users have two records.  An admin_exit. */
int move_judge_conflicts(const struct move *move);

/* *ret: the user's text in the fleet, with no text where the record was removed
 * or never was; true as well then.  False after a message. */
bool move_get(struct move *move, struct remote *remote,
    const struct store_key *key, struct remote_text *ret);

/* True if both are the same bytes. */
bool
move_is_same(const struct store_text *here, const struct remote_text *there);

/* Fills move->there with the records of the fleet, each compared with what this
 * bastion has seen: a fleet that shows less is not believed.  An admin_exit. */
int move_list_fleet(struct move *move);

/* Counts codes; a crew_told. */
void move_count(void *ctx, size_t i, int code);

/* Starts the keeper anew and opens the folder.  An admin_exit. */
int move_open_again(struct move *move);

#define scoped_key __attribute__((cleanup(move_key_free)))
void move_key_free(struct store_key *key);

/* The two ways.  Each an admin_exit. */
int move_to_fleet(struct site *site);
int move_to_folder(struct site *site);

/* Ends a way back that was killed after store.json was gone. */
int move_finish(struct site *site);

#endif
