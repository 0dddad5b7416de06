/*
 * Requests to tfa-link, and its answers, read strictly: an answer that is
 * not exactly one to the request is refused (store/link/PROTOCOL.md).
 */
#ifndef TFA_FLEET_TALK_H
#define TFA_FLEET_TALK_H

#include <stdbool.h>

#include "store/base/list.h"
#include "store/fleet/line.h"
#include "store/fleet/seal.h"
#include "store/json/out.h"

#define TALK_MARK  20  /* a number of 1 to 19 digits */
#define TALK_KEY   301 /* bytes, with a NUL */
#define TALK_WHY   201
#define TALK_LIMIT 4096 /* rows that a page may have */

/* Marks of keys that others than users' records have; "": not asked for.  "0"
 * says that nothing stands there. */
struct talk_marks {
	bool present;
	char policy[TALK_MARK];
	char fleet[TALK_MARK];
};

struct talk_row {
	char key[TALK_KEY];
	char mark[TALK_MARK];
	char *value; /* base64; NULL: keys only */
};

struct talk_answer {
	int status;
	char mark[TALK_MARK];
	char *value; /* base64; NULL: nothing stands there */
	struct talk_marks with;
	char revision[TALK_MARK];
	LIST_OF(struct talk_row) rows; /* in the order of their keys */
	bool more;
	char why[TALK_WHY];
};
void talk_done(struct talk_answer *answer);
#define scoped_answer __attribute__((cleanup(talk_done)))

/*
 * Each: *ret, for talk_done(), also after a fault.  until_ms: as line_ask().
 * FAULT_AWAY, FAULT_REFUSED, FAULT_FULL, FAULT_MEMORY; FAULT_FORMAT,
 * FAULT_LIMIT: it is no answer to this; line->why says why.  A put or a removal:
 * FAULT_UNSURE in place of these, where it may be done; FAULT_STALE: *ret says what
 * stands there.
 */

/* The value under the key; with: the marks that are wanted are not "". */
MUST_USE enum fault talk_get(struct line *line, const char *key,
    const struct talk_marks *with, int64_t until_ms, struct talk_answer *ret);

/* Puts value in place of what mark names, if each mark in also that is not ""
 * still holds. */
MUST_USE enum fault talk_put(struct line *line, const char *key,
    const char *mark, const struct sealed *value, const struct talk_marks *also,
    int64_t until_ms, struct talk_answer *ret);

/* Texts that are put together, all of them or none. */
struct talk_batch {
	struct json_out out;
	size_t count;
};
void talk_batch_begin(struct talk_batch *batch);
void talk_batch_done(struct talk_batch *batch);

/* Adds a row that is put in place of what mark names, "0" for nothing.  It is
 * not added after FAULT_LIMIT, the packet has no room for it, or FAULT_MEMORY. */
MUST_USE enum fault talk_batch_add(struct talk_batch *batch, const char *key,
    const char *mark, const struct sealed *value);

/* Puts the rows, and frees them; ret->revision is the new mark of each.
 * FAULT_STALE: a mark does not hold, or an earlier try was done, whose answer
 * was lost. */
MUST_USE enum fault talk_put_all(struct line *line, struct talk_batch *batch,
    int64_t until_ms, struct talk_answer *ret);

MUST_USE enum fault talk_remove(struct line *line, const char *key,
    const char *mark, int64_t until_ms, struct talk_answer *ret);

struct talk_page {
	const char *prefix;
	const char *after;    /* "": from the first key on */
	const char *until;    /* the last key that is wanted; NULL: no end */
	const char *revision; /* of the first page; "0": this is it */
	bool keys_only;
	int limit; /* 1 to TALK_LIMIT */
};

/* FAULT_STALE: the revision is gone: begin anew. */
MUST_USE enum fault talk_scan(struct line *line, const struct talk_page *page,
    int64_t until_ms, struct talk_answer *ret);

/* The two halves of talk_scan(), with nothing else asked in between. */
MUST_USE enum fault talk_scan_ask(
    struct line *line, const struct talk_page *page, int64_t until_ms);
MUST_USE enum fault talk_scan_take(struct line *line,
    const struct talk_page *page, int64_t until_ms, struct talk_answer *ret);

/* *ret: the bytes of a value of an answer.  FAULT_FORMAT, FAULT_MEMORY. */
MUST_USE enum fault talk_value(const char *value, struct sealed *ret);

/* True if a value has exactly these bytes. */
bool talk_is_value(const char *value, const struct sealed *sealed);

/* *ret: the number of a mark or a revision.  False: it is none. */
bool talk_number(const char *text, uint64_t *ret);

#endif
