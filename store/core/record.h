/*
 * A user's record: devices, one-time codes, failures, and what is remembered of
 * past logins.  Reads and writes the record's text, and uses no file and no
 * clock: store.h has the folder of records, login.h and verify.h judge them.
 *
 *	struct record record;
 *
 *	record_init(&record, user, uid);    or record_parse()
 *	...                                 change it
 *	fault = record_format(&record, &text);
 *	json_text_free(text);               text holds secrets: wipes it
 *	record_done(&record);               wipes them in the record
 */
#ifndef TFA_RECORD_H
#define TFA_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store/base/address.h"
#include "store/base/fault.h"
#include "store/base/hash.h"
#include "store/json/json.h"
#include "store/core/otp.h"
#include "store/core/policy.h"

#define RECORD_MAX   (64UL * 1024) /* bytes of a record's text */
#define DEVICES_MAX  8
#define CODES_MAX    32
#define EARLIER_MAX  3
#define SOURCES_MAX  16
#define VERIFIED_MAX 16
/* Spent steps of one device, without its last; or its spent counters. */
#define SPENT_STEPS_MAX 16
#define SPENT_CODES_MAX 32
#define UIDS_MAX        32
#define UIDS_HOST       65         /* a bastion's name */
#define SPENT_MAX       1000       /* the highest attempts.stop */
#define COUNT_MAX       1000000000 /* wrong codes counted at most */
#define DEVICE_ID_TEXT  9          /* "d1" */
#define DEVICE_LAST     9999999    /* its highest number */
#define NAME_TEXT       33         /* a device's name */
#define KEY_TEXT        65         /* "SHA256:..." as ssh-keygen -l prints it */
#define CONNECTION_TEXT HASH_TEXT

/* How a device makes its codes: from the time, or by counting them. */
enum device_type { DEVICE_TOTP = 0, DEVICE_HOTP };

/* A code beyond the look-ahead was seen: the next one that the device shows may
 * pass (counted.h). */
struct resync {
	bool present;
	uint64_t counter; /* of the code that was seen */
	int64_t at_s;
};

struct device {
	char id[DEVICE_ID_TEXT];
	char name[NAME_TEXT];
	int type;      /* enum device_type */
	int algorithm; /* enum otp_algorithm */
	int64_t digits;
	int64_t period_s; /* TOTP; 0 for others */
	struct otp_secret secret;
	uint64_t last_step; /* TOTP: the last that passed; only later ones
			     * pass */
	uint64_t counter;   /* HOTP: the next that may pass; only this one and
			     * later ones pass */
	bool unsure; /* HOTP: an older counter was restored; only two codes in
		      * a row pass */
	struct resync resync; /* HOTP */
	int64_t added_s;
	char added_from[ADDRESS_TEXT];
	char added_key[KEY_TEXT];
	int64_t last_used_s;
	int64_t told_s; /* its owner has seen all changes until then */
	/* TOTP: spent steps before last_step; the one seen last is at the
	 * end */
	LIST_OF(uint64_t) spent_steps;
	/* HOTP: spent counters, in the order in which they were last seen */
	LIST_OF(uint64_t) spent_counters;
};

/* An enrolment that waits for its first code.  A window shows its secret. */
struct pending {
	bool present;
	char id[DEVICE_ID_TEXT]; /* by which the window names it */
	struct otp_secret secret;
	char name[NAME_TEXT];
	int64_t until_s;
};

/* CODE_SCRATCH: eight digits that another program made (onetime.h). */
enum code_use { CODE_RECOVER = 0, CODE_ENROLL, CODE_PASS, CODE_SCRATCH };

struct one_time {
	int use; /* enum code_use */
	char hash[HASH_TEXT];
	int64_t until_s; /* 0: for ever */
};

/* Why a one-time code is spent.  Kept so that somebody who types the code
 * again is told so, and not counted as guessing. */
enum spent_why { SPENT_USED = 0, SPENT_REPLACED, SPENT_VOID, SPENT_EXPIRED };

struct spent_code {
	int why; /* enum spent_why */
	char hash[HASH_TEXT];
	int64_t at_s;
};

/* When and by whom the recovery codes were made. */
struct made {
	bool present;
	int64_t at_s;
	char from[ADDRESS_TEXT];
	char key[KEY_TEXT];
};

/* A recovery code that may set up one device after its login (renew.h). */
struct renewal {
	bool present;
	char code[HASH_TEXT]; /* hash of connection and code (spent.h) */
	int64_t until_s;
};

/*
 * Wrong codes.  A right code resets the count.  It does not reset the long-term
 * count (spent), except for the wrong codes typed on its own connection.
 */
struct counter {
	int64_t count;
	int64_t told; /* of count, how many the user was told of; below 0: as
		       * many from before the last right code were not told */
	int64_t last_s;
	char from[ADDRESS_TEXT];
	int64_t spent;         /* long-term count, as of spent_since_s */
	int64_t spent_since_s; /* 0 if spent is 0 */
	char connection[CONNECTION_TEXT]; /* of the last wrong code, or "" */
	int64_t tried;                    /* of count, those on that
					   * connection */
};

struct failures {
	struct counter known; /* sources with a right code in the last 30
			       * days */
	struct counter other; /* from everywhere else */
};

struct source {
	char key[KEY_TEXT]; /* "" for a password */
	char address[ADDRESS_TEXT];
	int64_t last_s;
};

/*
 * A login that needs no code until until_s: a connection with its key, or a key
 * with an address.  An entry with a code stays after that time, because a
 * client may send the code again while its connection lasts.
 */
struct verified {
	char connection[CONNECTION_TEXT];
	char key[KEY_TEXT];
	char address[ADDRESS_TEXT];
	int64_t until_s;
	char code[HASH_TEXT]; /* hash of connection and code (spent.h) */
};

struct last_login {
	bool present;
	int64_t at_s;
	char from[ADDRESS_TEXT];
	int64_t before_s; /* the one before that; 0: none */
	char before_from[ADDRESS_TEXT];
};

/* The uid that a user has at one bastion of a fleet. */
struct uid_at {
	char bastion[UIDS_HOST];
	int64_t uid;
};

struct record {
	int64_t version;
	char user[USER_TEXT];
	int64_t uid; /* at the bastion where the record was made */
	LIST_OF(struct uid_at) uids; /* where each bastion has its own */
	LIST_OF(struct device) devices;
	int64_t last_device;    /* the highest number that an id ever had; 0
			      * also in records from before this was kept */
	struct pending pending; /* begun last */
	LIST_OF(struct pending) earlier; /* in other windows */
	LIST_OF(struct one_time) codes;
	LIST_OF(struct spent_code) spent; /* the newest at the end */
	struct made made;
	struct renewal renewal;
	int64_t first_seen_s;
	int64_t grace_started_s;
	bool enrolled_once;
	int64_t invited_until_s;   /* enrolment is open until then */
	char last_rule[RULE_TEXT]; /* the required rule that decided last */
	int64_t skipped_s;
	struct failures failures;
	LIST_OF(struct source) sources;
	LIST_OF(struct verified) verified;
	struct last_login last_login;
};

/* How a record writes a secret (struct otp_secret) and an algorithm. */
extern const struct json_form record_form_secret;
extern const char *const record_algorithm_names[];
extern const char *const record_use_names[];  /* by enum code_use */
extern const char *const record_type_names[]; /* by enum device_type */

/* *ret: a new record, with no device and nothing remembered. */
void record_init(struct record *ret, const char *user, uid_t uid);

/*
 * The uid that a user's account must have; -1: any, which record_note_uid() then
 * notes.  bastion: "" where a user has one uid everywhere; else the name of a
 * bastion that has its own, and knows a user by the uid at the first visit.
 * Where UIDS_MAX bastions are noted, the uid must be record->uid.
 */
int64_t record_uid(const struct record *record, const char *bastion);

/* True if an account with that uid is the user's. */
bool
record_has_uid(const struct record *record, const char *bastion, int64_t uid);

/* Notes the uid at that bastion, if it is not noted yet.  True if that changed
 * the record. */
bool record_note_uid(struct record *record, const char *bastion, int64_t uid);

/*
 * *ret: the record in text; free it with record_done().  FAULT_FORMAT,
 * FAULT_LIMIT: *ret_error says where the text is wrong and why; FAULT_MEMORY.
 * *ret is untouched on failure.
 */
MUST_USE enum fault record_parse(const char *text, size_t len,
    struct record *ret, struct json_error *ret_error);

/* *ret_text: the text for the record's file.  It holds secrets: the caller
 * wipes and frees it with json_text_free().  FAULT_MEMORY. */
MUST_USE enum fault record_format(const struct record *record, char **ret_text);

/* Wipes and frees what the record holds; not the record itself. */
void record_done(struct record *record);
#define scoped_record __attribute__((cleanup(record_done)))

/* Returns how many unspent codes of that use are valid at now_s. */
size_t record_codes_left(
    const struct record *record, enum code_use use, int64_t now_s);

/* Returns the highest number that an id of this user ever had, as far as the
 * record knows. */
int64_t record_last_device(const struct record *record);

/*
 * ret: an id that no device of this user has or had, and the record's last one
 * from now on.  FAULT_LIMIT: there is none any more.
 */
MUST_USE enum fault
record_new_device_id(struct record *record, char ret[static DEVICE_ID_TEXT]);

/*
 * *ret: the number of the device that a person means, by its id, or by its name
 * where one device alone has it.  FAULT_ABSENT: there is none; FAULT_LIMIT:
 * several have that name.
 */
MUST_USE enum fault
record_find_device(const struct record *record, const char *text, size_t *ret);

/* Returns how many codes are left that log the user in once without a
 * device: recovery and scratch codes. */
size_t record_recovery_left(const struct record *record, int64_t now_s);

/*
 * Checks that no code can pass twice: no secret, device id or hash of a
 * one-time code is in the record twice, every spent step is before the last
 * one, and every spent counter before the next one.  Returns NULL, or a
 * sentence that says what is wrong, with *ret_place for where; never the secret
 * itself.  record_parse() runs this check and refuses such a record.
 */
const char *record_check(const void *record, struct json_place *ret_place);

/* Returns true if both secrets give the same codes: HMAC pads a short key
 * with zeros, so zeros at the end make no difference.  Constant time. */
bool record_same_secret(const struct otp_secret *a, const struct otp_secret *b);

#endif
