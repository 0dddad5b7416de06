/*
 * The counters of "tfa-admin metrics": lines of the audit, counted once each.
 *
 * Prometheus wants counters that only grow, while old files of the audit go
 * away.  So the counters are kept, with a place in the audit: how many lines
 * since a certain time were read.  The audit is appended to and renamed, so the
 * lines since that time come in the same order each time, and the first of them
 * are those that were counted.  Several lines of one second, a clock that went
 * back, and files that were renamed or compressed do not matter.
 *
 *	struct counts counts = {.since_s = 0};		or as they were kept
 *	struct counting counting;
 *
 *	counting_begin(&counting, &counts, now_s);
 *	counting_line(&counting, entry)	each line since counting_since()
 *	if (all were read)
 *		counting_end(&counting, &counts);
 *
 * Pure.
 */
#ifndef TFA_METRICS_COUNTS_H
#define TFA_METRICS_COUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/core/verdict.h"
#include "store/folder/audit.h"

/* Read again each time: a clock may go back by so much, and no line is lost. */
#define COUNTS_AGAIN_S (24 * 3600)

enum { COUNT_DENY = 0, COUNT_PASS, COUNT_VERDICTS };

struct counts {
	int64_t since_s; /* the place in the audit; 0: none yet */
	int64_t skip;    /* how many lines since then were counted */
	int64_t last_s;  /* the latest time of a line that was counted */

	/* [][0] are reasons that this version does not know */
	int64_t logins[COUNT_VERDICTS][REASON_COUNT];
	int64_t wrong_codes;
	int64_t unlogged; /* refusals that no line tells of one by one */
	int64_t missing;  /* lines that were counted and are gone */
	int64_t last_pass_s;
};

struct counting {
	struct counts begun, in_order, by_time;
	int64_t again_s; /* the new place: a day ago */
	int64_t seen;    /* lines since the old place */
	int64_t skip;    /* lines since the new place */
	bool first;      /* there was no place: nothing is counted */
};

/*
 * Counts on from *counts.  Where that has no place yet, the lines that are
 * there already are not counted: a counter begins at 0.
 */
void counting_begin(
    struct counting *counting, const struct counts *counts, int64_t now_s);

/* The time since which counting_line() wants all lines, in their order. */
int64_t counting_since(const struct counting *counting);

void counting_line(struct counting *counting, const struct audit *entry);

/* *ret: the counts with these lines.  If fewer lines are left than were counted,
 * those that are later than all that were counted are new. */
void counting_end(const struct counting *counting, struct counts *ret);

/* Adds one line to the counts, wherever it stands. */
void counts_add(struct counts *counts, const struct audit *entry);

#endif
