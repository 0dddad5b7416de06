/*
 * A user's record: devices, one-time codes, failures, and what is remembered
 * of past logins.  Reading and writing the text, no file and no clock: the
 * folder that holds it is store.h, the judgement is login.h and verify.h.
 *
 * Life cycle: record_init() or record_parse(); change it; record_format();
 * record_done(), which wipes the secrets.
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

#define RECORD_MAX      (64UL * 1024) /* bytes of a record's text */
#define DEVICES_MAX     8
#define CODES_MAX       32
#define EARLIER_MAX     3
#define SOURCES_MAX     16
#define VERIFIED_MAX    16
#define SPENT_STEPS_MAX 16 /* of a device, beside its last step */
#define SPENT_CODES_MAX 32
#define SPENT_MAX       1000       /* the highest attempts.stop */
#define COUNT_MAX       1000000000 /* of wrong codes */
#define DEVICE_ID_TEXT  9          /* "d1" */
#define NAME_TEXT       33         /* a device's name */
#define KEY_TEXT        65         /* "SHA256:..." as ssh-keygen -l prints it */
#define CONNECTION_TEXT HASH_TEXT

struct device {
	char id[DEVICE_ID_TEXT];
	char name[NAME_TEXT];
	int type;      /* index of "totp" */
	int algorithm; /* enum otp_algorithm */
	int64_t digits;
	int64_t period_s;
	struct otp_secret secret;
	uint64_t
	    last_step; /* the last one accepted: never again, nor earlier */
	int64_t added_s;
	char added_from[ADDRESS_TEXT];
	char added_key[KEY_TEXT];
	int64_t last_used_s;
	int64_t told_s; /* until when its owner was told of changes */
	/* steps before last_step that were spent; at the end the one that was
	 * met last */
	JSON_LIST_OF(uint64_t) spent_steps;
};

/* An enrolment that waits for its first code, in a window that shows its
 * secret. */
struct pending {
	bool present;
	char id[DEVICE_ID_TEXT]; /* which that window names it by */
	struct otp_secret secret;
	char name[NAME_TEXT];
	int64_t until_s;
};

/* CODE_SCRATCH: eight digits that another program made; see onetime.h. */
enum code_use { CODE_RECOVER = 0, CODE_ENROLL, CODE_PASS, CODE_SCRATCH };

struct one_time {
	int use; /* enum code_use */
	char hash[HASH_TEXT];
	int64_t until_s; /* 0: for ever */
};

/* What became of a one-time code, and when.  So that whoever types it again is
 * told, and not taken for a guesser. */
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

/*
 * Wrong codes: in a row, which a right code ends, and over the long term, which
 * it does not, but for those on its own connection.
 */
struct counter {
	int64_t count;
	int64_t told; /* how many of these the user knows of; below 0: she does
		       * not know of as many before the last right code */
	int64_t last_s;
	char from[ADDRESS_TEXT];
	int64_t spent;         /* over the long term, at spent_since_s */
	int64_t spent_since_s; /* 0 where spent is 0 */
	char connection[CONNECTION_TEXT]; /* of the last one; "": unknown */
	int64_t tried;                    /* how many it had in this count */
};

struct failures {
	struct counter known; /* from sources that gave a right code lately */
	struct counter other; /* from everywhere else */
};

struct source {
	char key[KEY_TEXT]; /* "" for a password */
	char address[ADDRESS_TEXT];
	int64_t last_s;
};

/* A connection, with its key, or a key and address, that needs no code until
 * then.  An entry with a code stays when that time is over: a client may send
 * the code again for as long as the connection lasts. */
struct verified {
	char connection[CONNECTION_TEXT];
	char key[KEY_TEXT];
	char address[ADDRESS_TEXT];
	int64_t until_s;
	char code[HASH_TEXT]; /* of connection and code; spent.h */
};

struct last_login {
	bool present;
	int64_t at_s;
	char from[ADDRESS_TEXT];
};

struct record {
	int64_t version;
	char user[USER_TEXT];
	int64_t uid;
	JSON_LIST_OF(struct device) devices;
	struct pending pending;               /* the one begun last */
	JSON_LIST_OF(struct pending) earlier; /* in other windows */
	JSON_LIST_OF(struct one_time) codes;
	JSON_LIST_OF(struct spent_code) spent; /* the newest at the end */
	struct made made;
	int64_t first_seen_s;
	int64_t grace_started_s;
	bool enrolled_once;
	int64_t invited_until_s;   /* an admin lets her enrol until then */
	char last_rule[RULE_TEXT]; /* the last required rule that decided */
	int64_t skipped_s;
	struct failures failures;
	JSON_LIST_OF(struct source) sources;
	JSON_LIST_OF(struct verified) verified;
	struct last_login last_login;
};

/* How a record says a secret (struct otp_secret) and an algorithm. */
extern const struct json_form record_form_secret;
extern const char *const record_algorithm_names[];

/* A new record: nothing enrolled, nothing remembered. */
void record_init(struct record *ret, const char *user, uid_t uid);

/*
 * *ret: the record that text says.  FAULT_FORMAT, FAULT_LIMIT: *ret_error
 * says where and why; FAULT_MEMORY.  ret is untouched by a failure.
 */
MUST_USE enum fault record_parse(const char *text, size_t len,
    struct record *ret, struct json_error *ret_error);

/* *ret_text: the record as its file says it.  It holds secrets: the caller
 * wipes and frees it with json_text_free().  FAULT_MEMORY. */
MUST_USE enum fault record_format(const struct record *record, char **ret_text);

/* Wipes and frees what the record holds; not the record itself. */
void record_done(struct record *record);
#define scoped_record __attribute__((cleanup(record_done)))

/* How many unspent codes of that use are valid at now_s. */
size_t record_codes_left(
    const struct record *record, enum code_use use, int64_t now_s);

/* How many codes are left to log in with once without a device: recovery and
 * scratch codes. */
size_t record_recovery_left(const struct record *record, int64_t now_s);

/* Takes out all codes of that use, and what is kept of their making. */
void record_codes_drop(struct record *record, enum code_use use);

/*
 * Whether one code would pass twice: a secret, a device's id or the hash of a
 * one-time code stands there twice, or a spent step is not before the last.
 * The result says what is wrong, and *ret_place where, without the secret;
 * NULL: nothing is.  It is the check of record's shape: record_parse() refuses
 * such a record.
 */
const char *record_check(const void *record, struct json_place *ret_place);

/* Whether both secrets give the same codes: HMAC fills a key that is short with
 * zeros, so those at the end say nothing.  In constant time. */
bool record_same_secret(const struct otp_secret *a, const struct otp_secret *b);

#endif
