/*
 * The policy: who needs a code, from when, and how wrong codes are met.
 * Parsing and deciding only; no file, no clock, no group database.  The same
 * policy_decide() answers at a login and in "tfa-admin explain".
 *
 * The first rule that matches decides.  A rule that cannot be evaluated (a
 * group that is unknown or could not be looked up, an address that is not
 * known) denies: it is never treated as "does not match".
 */
#ifndef TFA_POLICY_H
#define TFA_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/base/address.h"
#include "store/base/fault.h"
#include "store/json/json.h"
#include "store/core/otpauth.h"
#include "store/core/verdict.h"

#define POLICY_MAX    (256UL * 1024) /* bytes of a policy file */
#define USER_TEXT     257            /* a user's or a group's name */
#define RULE_TEXT     259            /* a rule's name; "@" and a group's fits */
#define POLICY_RULES  200
#define POLICY_NAMES  2000 /* users, or groups, of one rule */
#define KEY_FILES_MAX 16
#define KEY_FILE_MAX  80 /* bytes of the name of one */

enum mode { MODE_NONE = 0, MODE_OPTIONAL, MODE_REQUIRED, MODE_EXEMPT };
enum self_enroll { SELF_GRACE = 0, SELF_ALWAYS, SELF_CODE };
enum unlisted { UNLISTED_REFUSE = 0, UNLISTED_ALLOW };

struct name {
	char text[USER_TEXT];
};

struct rule {
	char name[RULE_TEXT];
	JSON_LIST_OF(struct name) users;  /* "alice", "*", "!bob" */
	JSON_LIST_OF(struct name) groups; /* "staff", "!interns" */
	JSON_LIST_OF(struct prefix) from; /* empty: from anywhere */
	int mode;                         /* enum mode */
	int64_t since_s;                  /* 0: always was */
	struct grace {
		bool present;
		int64_t for_s;   /* from the first login; 0: not given */
		int64_t until_s; /* never later than this */
	} grace;
};

struct admins {
	JSON_LIST_OF(struct name) users;
	JSON_LIST_OF(struct name) groups;
};

struct enrollment {
	int self; /* enum self_enroll */
	int64_t max_devices;
};

struct attempts {
	int64_t per_login;
	int64_t timeout_s;
	int64_t free; /* wrong codes in a row without a wait */
	int64_t backoff_s;
	int64_t backoff_max_s;
	int64_t stop; /* the counter for unknown sources stays shut after */
};

struct remember {
	int64_t connection_s;
	int64_t for_s;
};

struct keys {
	JSON_LIST_OF(struct name) files;
	int unlisted; /* enum unlisted */
};

struct policy {
	int64_t version;
	char issuer[ISSUER_TEXT];
	JSON_LIST_OF(struct rule) rules;
	int otherwise; /* enum mode, for users whom no rule matches */
	struct admins admins;
	struct enrollment enrollment;
	struct attempts attempts;
	struct remember remember;
	struct keys keys;
};

extern const char *const mode_names[]; /* indexed by enum mode */

/*
 * *ret: the policy that text says, with defaults for what it leaves out;
 * policy_done() frees it.  FAULT_FORMAT, FAULT_LIMIT: *ret_error says where
 * and why.  FAULT_MEMORY.  ret is untouched by a failure.
 */
MUST_USE enum fault policy_parse(const char *text, size_t len,
    struct policy *ret, struct json_error *ret_error);

/* The policy of an embedded store that has none: required for everyone, and
 * whoever has no device yet may set one up.  FAULT_MEMORY. */
MUST_USE enum fault policy_builtin(struct policy *ret);

/* *ret_text: the policy as its file says it, indented and ending in a newline,
 * or on one line without; the caller frees. */
MUST_USE enum fault
policy_format(const struct policy *policy, bool indented, char **ret_text);

void policy_done(struct policy *policy);

/* Wipes and frees what one rule holds. */
void rule_done(struct rule *rule);

enum membership {
	GROUP_ERROR = 0, /* the lookup failed */
	GROUP_UNKNOWN,   /* there is no such group */
	GROUP_OUTSIDE,
	GROUP_INSIDE,
};

/* Why a rule before the one that decided did not match; of an address and a
 * name that do not fit, the name. */
enum mismatch {
	MISMATCH_EXCLUDED, /* name is the "!x" that excludes the user */
	MISMATCH_WHO,      /* neither user nor group is named */
	MISMATCH_FROM,     /* the address is in none of its prefixes */
};

/* Who asks.  member and skipped get ctx. */
struct subject {
	const char *user;
	const struct address *address; /* NULL: not known */
	/*
	 * Rules of the policy, for an address that is not known: the "from" of
	 * inside is taken to hold it, those of outside and of the rules before
	 * it are taken not to.  NULL for no such rule.
	 */
	const struct rule *inside, *outside;
	const char *last_rule; /* that decided last time, or "" */
	/* Whether the user is in the group, by Unix's group database. */
	enum membership (*member)(void *ctx, const char *group);
	/* Told each earlier rule that does not match; may be NULL. */
	void (*skipped)(void *ctx, const struct rule *rule, enum mismatch why,
	    const char *name);
	void *ctx;
};

struct decision {
	enum mode mode;          /* MODE_NONE: denied, see reason */
	enum reason reason;      /* of a denial, else REASON_NONE */
	const struct rule *rule; /* of the policy; NULL: otherwise */
	char name[RULE_TEXT];    /* the group or rule that denies */
};

/*
 * Decides.  Denies (MODE_NONE) where a rule cannot be evaluated, and where
 * the rule that decided last is a required one, still stands, no longer names
 * the user, and nothing but "*" or otherwise does: a group database that lost
 * its members looks just so.
 */
void policy_decide(const struct policy *policy, const struct subject *subject,
    struct decision *ret);

/*
 * Whether a rule, or otherwise, requires a code of the subject from anywhere,
 * or may do so: a group that cannot be looked up, and a last_rule that still
 * stands, count as yes.  subject->address is not looked at.
 */
bool
policy_may_require(const struct policy *policy, const struct subject *subject);

/* Whether the subject is in policy.admins: GROUP_INSIDE or GROUP_OUTSIDE, or
 * GROUP_ERROR where a group is unknown or could not be looked up. */
enum membership
policy_admin(const struct policy *policy, const struct subject *subject);

/*
 * When a code becomes required of a user who first logged in at first_seen_s:
 * at the rule's "until", or "for" after the later of that login and "since",
 * whichever is earlier, and in no case before "since".  Without grace that is
 * "since" itself, and 0 without either.
 */
int64_t policy_deadline(const struct rule *rule, int64_t first_seen_s);

#endif
