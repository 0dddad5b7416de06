/*
 * Tells administrators about a user: a row of the user list, and the
 * explanation of a verdict.  Pure; decided by the functions that decide logins.
 */
#ifndef TFA_REPORT_H
#define TFA_REPORT_H

#include "store/core/login.h"

#define REPORT_TEXT     768 /* a rule, a group, and a sentence around them */
#define FROM_TEXT       200
#define EXPLAINED_KEYS  50 /* keys that are explained one by one */
#define EXPLAINED_NOTES 10
#define BY_ADDRESS_MAX  16 /* the last row then still has an unknown address */

/* A device, without its secret. */
struct device_row {
	char id[DEVICE_ID_TEXT];
	char name[NAME_TEXT];
	int type; /* enum device_type */
	int64_t added_s;
	char added_from[ADDRESS_TEXT];
	char added_key[KEY_TEXT];
	int64_t last_used_s;
};

/* A one-time code of an administrator that is still good, without the code. */
struct code_row {
	int use; /* enum code_use */
	int64_t until_s;
};

struct user_row {
	char user[USER_TEXT];
	int state; /* enum state */
	char rule[RULE_TEXT];
	int mode; /* enum mode */
	int64_t deadline_s;
	LIST_OF(struct device_row) devices;
	int64_t recovery_left;
	int64_t last_login_s;
	char last_address[ADDRESS_TEXT];
	int64_t failures; /* wrong codes in a row */
	int64_t spent;    /* wrong codes over the long term */
	int64_t locked_until_s;
	enum reason problem_word;  /* of problem: the same for each of a kind */
	char problem[REPORT_TEXT]; /* about a damaged record, or a rule that
				    * denies; "" */
	int64_t exempt_until_s;    /* 0: for ever, or not exempt */
	LIST_OF(struct code_row) codes;
};

/* The rows that an administrator asks for; zero: all. */
struct user_filter {
	unsigned states;  /* 1 << STATE_X for each state; 0: any */
	int64_t unused_s; /* no login since then; 0: any */
	bool no_device;
};

struct skipped_row {
	char rule[RULE_TEXT];
	char reason[REPORT_TEXT];
};

/* The answer to one login. */
struct explained {
	char from[FROM_TEXT]; /* "10.2.0.0/16, 2001:db8::/32"; "": anywhere */
	char verdict[12];     /* "": the address still decides */
	char rule[RULE_TEXT];
	int mode;
	char reason[REPORT_TEXT];
	int64_t deadline_s;
	int64_t until_s;   /* when the exemption ends; 0: at no date */
	int hardware_keys; /* enum hardware_keys: what such a key is worth */
};

/* The gate's decision on a key. */
struct explained_key {
	char key[KEY_TEXT];      /* its fingerprint; "" for one of many */
	char where[REPORT_TEXT]; /* "FILE:LINE", or who gives sshd such keys */
	char verdict[12];        /* "pass" or "deny" */
	char reason[33];         /* of a denial: a word of verdict.c */
	char detail[REPORT_TEXT];
	char command[REPORT_TEXT]; /* all that the key may run; "": anything */
	int hardware; /* enum hardware: what it proves; UNSAID for another kind,
		       * and where the policy names no files for such keys */
	char hardware_why[REPORT_TEXT]; /* of HARDWARE_NONE */
};

struct explained_note {
	char text[REPORT_TEXT];
};

struct explanation {
	char user[USER_TEXT];
	struct explained login;
	/* If the address is not known and decides: the answer from the
	 * "from" of each rule in turn, and last from anywhere else. */
	LIST_OF(struct explained) by_address;
	LIST_OF(struct skipped_row) skipped; /* for the last of these */
	/* The policy's files of hardware keys, if these are enough above. */
	LIST_OF(struct name) hardware_files;
	LIST_OF(struct name) hardware_authorities;
	/* The keeper does not know of these; tfa-admin adds them. */
	LIST_OF(struct explained_key) keys;
	LIST_OF(struct explained_note) notes;
};

extern const struct json_shape user_row_shape;
extern const struct json_shape explanation_shape;

/*
 * *ret: the states in a list of their names, with commas between.  False if
 * there is none of that name, or none at all; ret_word: the word that is wrong.
 */
#define STATE_WORD 24
bool user_filter_states(
    const char *text, unsigned *ret, char ret_word[static STATE_WORD]);

/* A locked user who has a device counts as enrolled, too. */
bool
user_filter_takes(const struct user_filter *filter, const struct user_row *row);

/* Returns the words behind a device's name in a list: ", counts its codes", or
 * "" where nothing is to be said of its type. */
const char *device_row_type(const struct device_row *device);

void user_row_done(struct user_row *row);
void explanation_done(struct explanation *explanation);

/* Writes why the policy denies, for an administrator: what is wrong with the
 * policy, instead of the message for the user at the prompt. */
void report_denial(const struct decision *decision, char *ret, size_t size);

/* *ret: the user's row; free it with user_row_done().  FAULT_MEMORY. */
MUST_USE enum fault
report_user(const struct policy *policy, const struct decision *decision,
    const struct record *record, int64_t now_s, struct user_row *ret);

/*
 * *ret: the row of a user who has a record but no Unix account any more; free
 * it with user_row_done().  FAULT_MEMORY.
 */
MUST_USE enum fault
report_gone(const struct record *record, int64_t now_s, struct user_row *ret);

/*
 * *ret: what login_decide() would decide about this login, in words; free it
 * with explanation_done(). subject->skipped, inside and outside are ignored.
 * The record is not changed.  FAULT_MEMORY.
 */
MUST_USE enum fault report_explain(const struct policy *policy,
    const struct subject *subject, const struct record *record,
    const struct login *login, struct explanation *ret);

#endif
