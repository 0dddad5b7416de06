/*
 * tfa-admin metrics: figures for Prometheus.
 *
 *	metrics.c      the command: --output, --full
 *	gather.c       asks the keeper, the policy, the disk
 *	ends.c         deadlines that lie ahead
 *	history.c      reads the audit: new lines, or with --full all
 *	counts.c       counters that only grow
 *	kept.c         what one run keeps for the next
 *	output.c       the file, which is replaced as a whole
 *	figures.c      the table of all metrics, and their samples
 *	exposition.c   the text format
 *
 * No label has the name of a user: a label's values are states, reasons, and
 * the groups that the policy names.
 */
#ifndef TFA_METRICS_H
#define TFA_METRICS_H

#include <stdio.h>

#include "admin/admin.h"
#include "admin/metrics/kept.h"
#include "store/base/list.h"
#include "store/core/login.h"

#define METRICS_GROUPS 100 /* more are counted, but not shown */
#define METRICS_STATES 16  /* at most */

/* Users in each state, of all users or of one group. */
struct metrics_tally {
	struct name group;
	int64_t states[METRICS_STATES]; /* by enum state */
};

/* The next end of a grace period, or of an exemption, of the rules for one
 * target; 0: none lies ahead. */
struct metrics_end {
	char target[RULE_TEXT]; /* "@staff", "*", or "users": of users alone */
	int64_t grace_s, exemption_s;
};

struct metrics_disk {
	bool known;
	int64_t avail_bytes, size_bytes;
	int64_t files_free, files; /* files is 0 where there is no limit */
};

struct metrics {
	int64_t now_s;
	bool keeper_up;
	bool policy_valid;
	bool users_known;
	struct metrics_tally all;
	LIST_OF(struct metrics_tally) groups;
	int64_t groups_left_out;
	int64_t user_deadline_s; /* the next one of a single user; 0: none */
	int64_t last_login_s;    /* by the records; 0: none */
	LIST_OF(struct metrics_end) ends;
	struct metrics_disk disk;
	bool audit_read; /* the counters are up to date */
	struct kept kept;
};

/* Fills in all but kept and audit_read.  Says on stderr what could not be had;
 * that is then left out, and no failure. */
void
metrics_gather(const struct admin *admin, int64_t now_s, struct metrics *ret);

/* True if that time lies ahead, and before the one so far; 0: none. */
bool
metrics_is_next(const struct metrics *metrics, int64_t one_s, int64_t so_far_s);

/* Adds the ends of the policy's rules that lie ahead. */
bool metrics_add_ends(struct metrics *metrics, const struct policy *policy);

/* Counts the lines that are new since kept->counts.  False, with *kept as it
 * was, if not all could be read. */
bool metrics_count(const struct admin *admin, int64_t now_s, struct kept *kept);

/* Reads the whole audit: kept->audit, and kept->counts of all its lines, without
 * a place.  False, with *kept as it was, if it cannot be had. */
bool
metrics_read_all(const struct admin *admin, int64_t now_s, struct kept *kept);

/* Runs doctor's checks: kept->doctor. */
void
metrics_ask_doctor(const struct admin *admin, int64_t now_s, struct kept *kept);

/* Writes all metrics; those that are not known without a sample. */
void metrics_print(FILE *out, const struct metrics *metrics);

void metrics_done(struct metrics *metrics);

#endif
