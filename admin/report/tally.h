/*
 * Counts the lines of the log and the users, for the report.  What it holds
 * grows with the users who set up a device (16 bytes each) and with nothing
 * else.
 */
#ifndef TFA_REPORT_TALLY_H
#define TFA_REPORT_TALLY_H

#include "admin/report/report.h"

#define TALLY_USES 1000 /* exempt accounts whose logins are told apart */

/* A table of users by a hash of their name, each with a number. */
struct tally_slot {
	uint64_t hash; /* 0: free */
	int64_t value;
};
struct tally_table {
	struct tally_slot *slots;
	size_t size, count;
};

struct tally {
	struct report *report;
	/* True if the report is about this user; NULL: about everyone. */
	bool (*member)(void *ctx, const char *user);
	void *ctx;
	struct tally_table devices, uses;
	bool failed; /* out of memory */
};

/* Makes room for the days of report; its times are set.  False without memory,
 * or if they are more than REPORT_DAYS_MAX. */
bool tally_begin(struct tally *tally, struct report *report);

/* Counts one line of the log. */
void tally_entry(struct tally *tally, const struct audit *entry);

/* Counts one user in the list of its state, not in groups. */
void tally_user(struct tally *tally, const struct user_row *row);

/* Counts a user of this state in a group. */
void tally_group(struct report_group *group, int state);

/* Puts the lists into their order and cuts them; frees what the tally holds. */
void tally_end(struct tally *tally);

/*
 * True for a line that tells of one login, let in or refused, and of no other
 * step of it: the one place that knows which lines do.
 */
bool tally_is_login(const struct audit *entry);

#endif
