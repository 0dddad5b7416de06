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
	/* Names of files, in the order of their bytes. */
	struct store_names here;  /* without those of users who stay local */
	struct store_names there; /* the fleet's */
	struct store_names both;
	const struct store_names *files; /* that a job's numbers count */
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

/* Does the job for all records of files, and has move->counts and its conflicts
 * tell how each ended.  False after a message. */
bool move_each(struct move *move, const char *what, struct store_names *files,
    crew_batch_job *job);

/* *ret: the time of the last login in a record's text; 0: none.  False after a
 * message: it is no record of the user whose file is called so. */
bool move_last_login(struct move *move, const char *file,
    const struct store_text *text, int64_t *ret);

/* Says which users have two records.  An admin_exit. */
int move_judge_conflicts(const struct move *move);

/* True if both are the same bytes. */
bool
move_is_same(const struct store_text *here, const struct remote_text *there);

/* *ret: the record here, of two of a user, was used later; which of them
 * --prefer last-login takes.  False after a message. */
bool move_is_later_here(struct move *move, const char *file,
    const struct store_text *here, const struct remote_text *there, bool *ret);

/* True if that serial of the fleet, 0 if there is no record, is no lower than what
 * was seen of that key, which is locked.  False after a message. */
bool move_is_as_seen(
    struct move *move, const struct store_key *key, uint64_t serial);

/* Fills move->there, and move->both.  An admin_exit. */
int move_list_fleet(struct move *move);

/* An admin_exit: if all users who were seen in the fleet are in move->there, be it
 * as users who were removed. */
int move_has_all_seen(struct move *move);

/* Starts the keeper anew and opens the folder.  An admin_exit. */
int move_open_again(struct move *move);

/* The two ways.  Each an admin_exit. */
int move_to_fleet(struct site *site);
int move_to_folder(struct site *site);

/* Ends a way back that was killed after store.json was gone. */
int move_finish(struct site *site);

#endif
