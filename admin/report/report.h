/*
 * tfa-admin report: one HTML page for an auditor or a manager.  It needs no
 * script and no network.
 *
 *	report.c     options, and where the page goes
 *	collect.c    reads the policy, the users, the log: fills a struct report
 *	examine.c    runs doctor, for a limited time: examine.h
 *
 * and, without any I/O, so that tests can feed them:
 *
 *	tally.c      counts the lines of the log and the users
 *	page.c       THE PAGE, from a struct report; its head and its summary
 *	adoption.c   the groups' bars, adoption over time
 *	activity.c   logins and refusals by day, reasons, months
 *	lists.c      people, exemptions, changes, findings, files
 *	words.c      the policy in words
 *	chart.c      drawings in SVG
 *	html.c       WRITES EVERY WORD, escaped; pseudonyms; tables
 *	style.c      how it looks
 *
 * A struct report has counts and lists that are cut at REPORT_ROWS, so that it
 * does not grow with the number of users or the size of the log.
 */
#ifndef TFA_ADMIN_REPORT_H
#define TFA_ADMIN_REPORT_H

#include <stdio.h>

#include "admin/admin.h"
#include "admin/policy/exemptions.h"
#include "store/core/report.h"
#include "store/folder/audit.h"
#include "store/folder/policy_file.h"

#define REPORT_DAYS_MAX 3660 /* ten years */
#define REPORT_DAYS     90   /* without --since */
#define REPORT_ROWS     50   /* of one list; the rest is only counted */
#define REPORT_REASONS  160  /* pairs of verdict and reason */
#define REPORT_WHY      400
#define REPORT_STATES   16 /* at least as many as enum state has */

/* One day where the bastion stands. */
struct report_day {
	int64_t logins, refusals;
	int64_t enrolments; /* devices that were set up */
	int64_t adopted;    /* users who got a first device, less those who
			     * lost all; may be negative */
};

/* Users, counted in each state (enum state). */
struct report_group {
	struct name name; /* a Unix group; "": all users */
	size_t users;
	size_t states[REPORT_STATES];
};

/* A user in a list: overdue, in grace, locked, ... */
struct report_user {
	char user[USER_TEXT];
	char rule[RULE_TEXT];
	int state;
	int64_t when_s; /* deadline, or until when it is locked; 0: none */
	int64_t last_login_s;
};

/* A list that was cut: list has the first, total says how many there are. */
struct report_users {
	LIST_OF(struct report_user) list;
	size_t total;
};

/* The logins that no code was asked for, of one account. */
struct report_use {
	char user[USER_TEXT];
	char rule[RULE_TEXT];
	char address[ADDRESS_TEXT]; /* of the last */
	int64_t logins, last_s;
};

/* An account that sshd sends past the gate. */
struct report_emergency {
	char user[USER_TEXT];
};

struct report_reason {
	char verdict[12];
	char reason[33];
	int64_t count;
};

struct report_change {
	int64_t time_s;
	char event[33];
	char actor[ACTOR_TEXT];
	char user[USER_TEXT];
	char detail[DETAIL_TEXT];
	bool refused;
};

/* The newest changes, oldest first. */
struct report_changes {
	LIST_OF(struct report_change) list;
	size_t total;
	LIST_OF(struct name) actors; /* each once; at most REPORT_ROWS */
};

struct report_finding {
	char check[33];
	char status[8]; /* "ok", "warn" or "FAIL" */
	char *detail, *fix;
};

struct report_file {
	char name[256];
	int64_t bytes;
	char sha256[65];      /* "": not known */
	char why[REPORT_WHY]; /* it could not be read; "": it was */
};

struct report {
	char host[256];
	char by[USER_TEXT];
	int64_t made_s, since_s, until_s; /* until_s: the first second after */
	char group[USER_TEXT];            /* only its members; "" */
	bool no_names;

	struct policy policy;

	/* From the log.  days[0] is the day of since_s. */
	LIST_OF(struct report_day) days;
	int64_t first_day;     /* its number, from 1 January 1970 */
	int64_t adopted_after; /* from until_s on, as in struct report_day */
	int64_t suppressed;    /* refusals that the keeper only counted */
	int64_t codes_refused; /* after which the login went on */
	LIST_OF(struct report_reason) reasons;
	int64_t reasons_left; /* logins and refusals with further reasons */
	struct report_changes policy_changes, user_changes;
	size_t policy_made; /* changes: each has a line, and one for each key */
	LIST_OF(struct report_use) uses;
	int64_t exempt_logins; /* of all of them */
	size_t exempt_users;   /* of them, at most REPORT_USERS */

	/* From the list of users. */
	LIST_OF(struct report_group) groups; /* the first has all users */
	size_t with_device;
	struct report_users overdue, grace, shut, gone;

	/* Groups that the policy names, and that have the name of a user. */
	LIST_OF(struct name) of_people;

	LIST_OF(struct exemption) exemptions;
	LIST_OF(struct report_emergency) emergencies;
	char emergencies_why[REPORT_WHY]; /* not known; "" */
	LIST_OF(struct report_finding) findings;
	char findings_why[REPORT_WHY]; /* they are not all here; "" */

	/* Everything that was read. */
	LIST_OF(struct report_file) files;
	int64_t lines, damaged;
	int64_t begins_s;   /* the time of the oldest line; 0: there is none */
	bool went_back;     /* the clock */
	bool partial;       /* a file could not be read */
	char directory[64]; /* a service that may not list all users; "" */
};

void report_done(struct report *report);

/* Writes the page.  False without memory; of out the caller asks ferror(3). */
bool report_draw(const struct report *report, FILE *out);

/* The number of the day, from 1 January 1970, where the bastion stands. */
int64_t report_day_of(int64_t time_s);

/* Fills in all but made_s, since_s, until_s, group and no_names, which are
 * there.  Returns an admin_exit; ADMIN_DONE although something could not be
 * read: the page says so. */
int report_collect(struct admin *admin, struct report *report);

/* Adds doctor's findings, or sets findings_why.  False without memory. */
bool report_examine(const struct admin *admin, struct report *report);

#endif
