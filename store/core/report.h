/*
 * What an admin is told of a user: a row of the user list, and the
 * explanation of a verdict.  Pure; by the code that decides logins.
 */
#ifndef TFA_REPORT_H
#define TFA_REPORT_H

#include "store/core/login.h"

#define REPORT_TEXT    768 /* a rule, a group, and a sentence around them */
#define FROM_TEXT      200
#define BY_ADDRESS_MAX 16 /* the last one is then still of an unknown address */

/* A device, without its secret. */
struct device_row {
	char id[DEVICE_ID_TEXT];
	char name[NAME_TEXT];
	int type;
	int64_t added_s;
	char added_from[ADDRESS_TEXT];
	char added_key[KEY_TEXT];
	int64_t last_used_s;
};

struct user_row {
	char user[USER_TEXT];
	int state; /* enum state */
	char rule[RULE_TEXT];
	int mode; /* enum mode */
	int64_t deadline_s;
	JSON_LIST_OF(struct device_row) devices;
	int64_t recovery_left;
	int64_t last_login_s;
	char last_address[ADDRESS_TEXT];
	int64_t failures; /* wrong codes in a row */
	int64_t spent;    /* wrong codes over the long term */
	int64_t locked_until_s;
	char
	    problem[REPORT_TEXT]; /* a damaged record, a rule that denies; "" */
};

struct skipped_row {
	char rule[RULE_TEXT];
	char reason[REPORT_TEXT];
};

/* What one login would meet. */
struct explained {
	char from[FROM_TEXT]; /* "10.2.0.0/16, 2001:db8::/32"; "": anywhere */
	char verdict[12];     /* "": depends on the address still */
	char rule[RULE_TEXT];
	int mode;
	char reason[REPORT_TEXT];
	int64_t deadline_s;
};

struct explanation {
	char user[USER_TEXT];
	struct explained login;
	/* Where its address is not known and decides: what it would meet from
	 * the "from" of each rule, and last from anywhere else. */
	JSON_LIST_OF(struct explained) by_address;
	JSON_LIST_OF(struct skipped_row) skipped; /* of the last of these */
};

extern const struct json_shape user_row_shape;
extern const struct json_shape explanation_shape;

void user_row_done(struct user_row *row);
void explanation_done(struct explanation *explanation);

/*
 * Why the policy denies, for an admin: what is wrong with it, and not what
 * the user at the prompt is told.
 */
void report_denial(const struct decision *decision, char *ret, size_t size);

/* *ret: the row; user_row_done() frees it.  FAULT_MEMORY. */
MUST_USE enum fault
report_user(const struct policy *policy, const struct decision *decision,
    const struct record *record, int64_t now_s, struct user_row *ret);

/*
 * *ret: what login_decide() says of this login, in words; explanation_done()
 * frees it.  subject->skipped, inside and outside are not used.  The record is
 * not changed.  FAULT_MEMORY.
 */
MUST_USE enum fault report_explain(const struct policy *policy,
    const struct subject *subject, const struct record *record,
    const struct login *login, struct explanation *ret);

#endif
