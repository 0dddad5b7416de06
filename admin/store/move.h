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
#include "admin/store/pick.h"
#include "store/folder/backend.h"

/* Users whom a message names, the first few of count. */
struct move_users {
	size_t count;
	char names[200];
};

struct move {
	struct site *site;
	struct store store;
	bool is_open;
	bool prefer; /* of two records of a user, that of the later login */
	bool undoes; /* of two that differ, both stay */
	/* Names of files, in the order of their bytes. */
	struct store_names here;  /* without those of users who stay local */
	struct store_names there; /* the fleet's */
	struct store_names both;
	const struct store_names *files; /* that a job's numbers count */
	size_t counts[CREW_CODES];
	struct move_users conflicts; /* with two records that differ */
	struct move_users taken;     /* with a device that is taken elsewhere */
	struct move_users losses;    /* who lose a device by that */
};

/* A job returns one, for each record that it looks at. */
enum move_code {
	MOVE_FAILED = 0,
	MOVE_MOVED,
	MOVE_SAME,     /* it is on both sides, with the same bytes */
	MOVE_CONFLICT, /* it is on both sides, and differs */
	MOVE_KEPT,     /* the other side's stays */
	MOVE_ALONE,    /* it is on this side only, or takes the other's place */
	MOVE_TAKEN,    /* one has a device, the other lost one */
	MOVE_LOSS,     /* one of both stays, and the other has a device */
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

/* True if the text is a record of the user whose file is called so.  False
 * after a message. */
bool move_is_record(
    struct move *move, const char *file, const struct store_text *text);

/* move_is_record(), and all bastions of the fleet, by its level, can read
 * it. */
bool move_fits_level(
    struct move *move, const char *file, const struct store_text *text);

/* Says which users have two records, and who loses a device.  An admin_exit. */
int move_judge_conflicts(const struct move *move);

/* True if both are the same bytes. */
bool
move_is_same(const struct store_text *here, const struct remote_text *there);

/* *ret: which of two records of a user that differ stays; *ret_loses: a device
 * goes with the other one.  False after a message. */
bool
move_pick(struct move *move, const char *file, const struct store_text *here,
    const struct remote_text *there, enum pick *ret, bool *ret_loses);

/* For two records that differ: MOVE_CONFLICT, MOVE_TAKEN, MOVE_LOSS, MOVE_KEPT,
 * if nothing goes with the other one, or MOVE_FAILED. */
enum move_code move_weigh(struct move *move, const char *file,
    const struct store_text *here, const struct remote_text *there);

/* True if that serial of the fleet, 0 if there is no record, is no lower than
 * what was seen of that key, which is locked.  False after a message. */
bool move_is_as_seen(const struct store_key *key, uint64_t serial);

/* Fills move->there, and move->both.  An admin_exit. */
int move_list_fleet(struct move *move);

/* An admin_exit: if all users who were seen in the fleet are in move->there, be
 * it as users who were removed. */
int move_has_all_seen(struct move *move);

/* Starts the keeper anew and opens the folder.  An admin_exit. */
int move_open_again(struct move *move);

/* The two ways.  Each an admin_exit. */
int move_to_fleet(struct site *site);
int move_to_folder(struct site *site);

/* Ends a way back that was killed after store.json was gone. */
int move_finish(struct site *site);

#endif
