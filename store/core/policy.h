/*
 * The policy: who needs a code, from when on, and what happens after wrong
 * codes.  Parses and decides, and reads no file, no clock and no group
 * database.  Logins and "tfa-admin explain" are answered by the same
 * policy_decide().
 *
 * The first rule that matches decides.  A rule that cannot be evaluated (its
 * group does not exist or cannot be looked up, or the address is not known)
 * denies: it never counts as a rule that does not match.
 */
#ifndef TFA_POLICY_H
#define TFA_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/base/address.h"
#include "store/base/fault.h"
#include "store/json/leaf.h"
#include "store/core/otpauth.h"
#include "store/core/verdict.h"

#define POLICY_MAX    (256UL * 1024) /* bytes of a policy file */
#define USER_TEXT     257            /* a user's or a group's name */
#define RULE_TEXT     259            /* a rule's name; "@" and a group's fits */
#define POLICY_RULES  200
#define POLICY_NAMES  2000 /* users, or groups, of one rule */
#define KEY_FILES_MAX 16
#define KEY_FILE_MAX  80 /* bytes of the name of a file of keys */
#define KEYS_NAME     17 /* bytes of policy_keys_name(), with its NUL */

/* keys.files of a policy that has none, and their policy_keys_name() with
 * keys.unlisted left out, too. */
#define KEYS_FILE_FIRST  ".ssh/authorized_keys"
#define KEYS_FILE_SECOND ".ssh/authorized_keys2"
#define KEYS_DEFAULT     "default"

enum mode { MODE_NONE = 0, MODE_OPTIONAL, MODE_REQUIRED, MODE_EXEMPT };
enum self_enroll { SELF_GRACE = 0, SELF_ALWAYS, SELF_CODE };
enum unlisted { UNLISTED_REFUSE = 0, UNLISTED_ALLOW };

/* To whom the door opens, where sshd forwards. */
enum forwarding {
	FORWARDING_UNSAID = 0, /* a rule leaves it to the policy's top */
	FORWARDING_CLOSED,     /* to nobody */
	FORWARDING_AFTER_CODE, /* to whoever gave a code */
	FORWARDING_OPEN,       /* to whoever would get a session */
};

/* The worth of a hardware key's touch, in place of a code. */
enum hardware_keys {
	HARDWARE_KEYS_UNSAID = 0, /* as ASKED */
	HARDWARE_KEYS_ASKED,      /* a code is asked for all the same */
	HARDWARE_KEYS_ENOUGH,
	HARDWARE_KEYS_WITH_PIN, /* enough if the key wants its PIN, too */
};

struct name {
	char text[USER_TEXT];
};

struct rule {
	char name[RULE_TEXT];
	LIST_OF(struct name) users;  /* "alice", "*", "!bob" */
	LIST_OF(struct name) groups; /* "staff", "!interns" */
	LIST_OF(struct prefix) from; /* empty: from anywhere */
	int mode;                    /* enum mode */
	int64_t since_s;             /* 0: from the beginning */
	int64_t until_s;             /* of an exempt rule: its end; 0: none */
	char by[USER_TEXT];          /* who made it; "": not known */
	struct grace {
		bool present;
		int64_t for_s;   /* from the first login; 0: not given */
		int64_t until_s; /* the latest end of the grace period */
	} grace;
	int forwarding;    /* enum forwarding */
	int hardware_keys; /* enum hardware_keys */
};

struct admins {
	LIST_OF(struct name) users;
	LIST_OF(struct name) groups;
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
	int64_t stop; /* then the counter of unknown sources stays shut */
};

struct remember {
	int64_t connection_s;
	int64_t for_s;
};

struct keys {
	LIST_OF(struct name) files;
	int unlisted; /* enum unlisted */
	/* Files of root's: with keys that may count as hardware keys, and with
	 * the public keys of authorities for such.  Both empty: none counts. */
	LIST_OF(struct name) hardware_files;
	LIST_OF(struct name) hardware_authorities;
};

struct policy {
	int64_t version;
	char issuer[ISSUER_TEXT];
	LIST_OF(struct rule) rules;
	int otherwise;  /* enum mode, for users that no rule matches */
	int forwarding; /* enum forwarding, where the rule does not say it */
	struct admins admins;
	struct enrollment enrollment;
	struct attempts attempts;
	struct remember remember;
	struct keys keys;
	bool log_commands; /* they may hold passwords */
};

extern const char *const mode_names[];          /* indexed by enum mode */
extern const char *const forwarding_names[];    /* by enum forwarding */
extern const char *const hardware_keys_names[]; /* by enum hardware_keys */

/*
 * Parses a policy file.  *ret: the policy, with defaults for what the text
 * leaves out; free it with policy_done().  FAULT_FORMAT, FAULT_LIMIT:
 * *ret_error says where the text is wrong and why.  FAULT_MEMORY.  *ret is
 * untouched on failure.
 */
MUST_USE enum fault policy_parse(const char *text, size_t len,
    struct policy *ret, struct json_error *ret_error);

/*
 * *ret: the policy of an embedded store that has no policy file.  A code is
 * required of everyone, and users without a device may set one up.
 * FAULT_MEMORY.
 */
MUST_USE enum fault policy_builtin(struct policy *ret);

/*
 * ret: a name of what the policy says of keys: KEYS_DEFAULT if that is nothing,
 * or else 16 hexadecimal digits, others for other files or another "unlisted".
 * By it the gate and the keeper know that they mean one thing.  With hardware,
 * for a login by a key that may be a hardware key, it depends on the files and
 * authorities of such keys too.
 */
void policy_keys_name(
    const struct keys *keys, bool hardware, char ret[static KEYS_NAME]);

/*
 * *ret_text: the policy as text for its file, which the caller frees.  Indented
 * and ending in a newline, or on one line without a newline.  FAULT_MEMORY.
 */
MUST_USE enum fault
policy_format(const struct policy *policy, bool indented, char **ret_text);

/* json_leaves() of the policy: each key that has a value, defaults too. */
bool policy_leaves(const struct policy *policy,
    bool (*each)(void *ctx, const struct leaf *leaf), void *ctx);

/* Wipes and frees what the policy holds, not the policy itself. */
void policy_done(struct policy *policy);

/* Wipes and frees what the rule holds, not the rule itself. */
void policy_rule_done(struct rule *rule);

enum membership {
	GROUP_ERROR = 0, /* the lookup failed */
	GROUP_UNKNOWN,   /* the group does not exist */
	GROUP_OUTSIDE,
	GROUP_INSIDE,
};

/* Why a rule did not match, of those before the one that decided.  If
 * neither the name nor the address fits, the name is given. */
enum mismatch {
	MISMATCH_EXCLUDED, /* name: the "!x" that excludes the user */
	MISMATCH_WHO,      /* it names neither the user nor a group of theirs */
	MISMATCH_FROM,     /* the address is in no prefix of its "from" */
	MISMATCH_ENDED,    /* its "until" has come: it is as if it were gone */
};

/* The user to decide about.  ctx is passed to member() and skipped(). */
struct subject {
	const char *user;
	const struct address *address; /* NULL: not known */
	int64_t now_s; /* 0: not known; rules with "until" have then ended */
	/*
	 * Rules of the policy, used only if the address is not known.  The
	 * decision assumes that the address is in the "from" of inside, and not
	 * in those of outside and of the rules before it.  NULL: no such rule.
	 */
	const struct rule *inside, *outside;
	const char *last_rule; /* required rule that decided last, or "" */
	/* Looks up in Unix's group database whether the user is in the
	 * group. */
	enum membership (*member)(void *ctx, const char *group);
	/* Called with each earlier rule that does not match; may be NULL. */
	void (*skipped)(void *ctx, const struct rule *rule, enum mismatch why,
	    const char *name);
	void *ctx;
};

struct decision {
	enum mode mode;          /* MODE_NONE: denied, see reason */
	enum reason reason;      /* of a denial, else REASON_NONE */
	const struct rule *rule; /* in the policy; NULL: "otherwise" */
	char name[RULE_TEXT];    /* the group or rule that a denial is about */
};

/*
 * Decides about one subject.  Denies (MODE_NONE) if a rule cannot be
 * evaluated.  Denies as well if a required rule decided last time, still
 * exists, no longer names the user, and now only "*" or "otherwise" would
 * decide: a group database that lost its members looks exactly like that.
 * proved: tests/proofs/policy.c 1a 1b 2a 2b 2c 3a, 3 rules.
 */
void policy_decide(const struct policy *policy, const struct subject *subject,
    struct decision *ret);

/* Returns true if the rule has ended: it never matches any more. */
bool policy_rule_ended(const struct rule *rule, int64_t now_s);

/*
 * Returns true if a rule or "otherwise" requires a code of the user from some
 * address, or may do so: a group that cannot be looked up counts as a match,
 * and so does last_rule while it exists. subject->address is ignored.
 */
bool
policy_may_require(const struct policy *policy, const struct subject *subject);

/*
 * Returns to whom the door opens by this decision of the policy: what its rule
 * says, or else the policy's top.  FORWARDING_CLOSED if neither says it, and
 * where the policy could not decide; never FORWARDING_UNSAID.
 */
enum forwarding
policy_forwarding(const struct policy *policy, const struct decision *decision);

/* Returns true if the policy opens the door to anybody. */
bool policy_may_forward(const struct policy *policy);

/* Returns true if a file is named in which a hardware key, or its authority,
 * can stand; without one no such key is ever enough. */
bool policy_names_hardware(const struct keys *keys);

/*
 * Returns what hardware keys are worth by this decision of the policy: what its
 * rule says.  HARDWARE_KEYS_ASKED for "otherwise" and for exempt rules, where
 * the policy could not decide, and where it names no file for them; never
 * HARDWARE_KEYS_UNSAID.
 */
enum hardware_keys
policy_hardware(const struct policy *policy, const struct decision *decision);

/* Returns GROUP_INSIDE if the subject is in policy->admins, GROUP_OUTSIDE if
 * not, and GROUP_ERROR if a group is unknown or cannot be looked up. */
enum membership
policy_admin(const struct policy *policy, const struct subject *subject);

/*
 * Returns the time from which a code is required of a user who first logged in
 * at first_seen_s.  With grace: the earlier of "until" and of "for" after the
 * first login (or after "since", if that is later), but never before "since".
 * Without grace: "since", or 0 if there is none.
 */
int64_t policy_deadline(const struct rule *rule, int64_t first_seen_s);

#endif
