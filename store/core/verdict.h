/*
 * May this user enter?  A verdict answers that, and a reason says why.  The
 * values are chosen so that memory that was zeroed, freed or never written
 * denies, and so that no fault, count or boolean can be mistaken for a pass.
 *
 * verdict.c holds, in one table, every sentence that a user at the prompt may
 * read, and the exit status that goes with it.
 */
#ifndef TFA_VERDICT_H
#define TFA_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/json/json.h"

enum verdict {
	VERDICT_DENY = 0,
	VERDICT_CHALLENGE = 0x2c41, /* ask for a code */
	VERDICT_ENROLL = 0x3e92,    /* offer to set up a device */
	VERDICT_PASS = 0x5a17,
};

/* Exit statuses of the gate, from sysexits(3). */
enum gate_exit {
	GATE_EXIT_KEEPER = 69,   /* EX_UNAVAILABLE: keeper unreachable */
	GATE_EXIT_LATER = 75,    /* EX_TEMPFAIL: locked, or try later */
	GATE_EXIT_TERMINAL = 76, /* EX_PROTOCOL: needs a terminal or TFA_CODE */
	GATE_EXIT_DENIED = 77,   /* EX_NOPERM */
	GATE_EXIT_CONFIG = 78,   /* EX_CONFIG: bad configuration */
};

enum reason {
	REASON_NONE = 0,
	/* pass */
	REASON_EXEMPT,
	REASON_CODE,
	REASON_ONE_TIME_CODE,
	REASON_REMEMBERED,
	REASON_HARDWARE_KEY,
	REASON_OPTIONAL,
	REASON_GRACE,
	REASON_SKIPPED,
	REASON_ENROLLED,
	REASON_DONE,
	REASON_ADD,
	/* challenge, enroll */
	REASON_ASK,
	REASON_ASK_LOCKED,
	REASON_ASK_STOPPED,
	REASON_ASK_ONE_TIME,
	REASON_OFFER,
	REASON_OFFER_DUE,
	REASON_OFFER_CODE,
	REASON_OFFER_CODE_DUE,
	REASON_SETUP,
	REASON_ELSEWHERE,
	/* deny: the person */
	REASON_WRONG_CODE,
	REASON_TRIES,
	REASON_CODE_USED,
	REASON_NOT_A_CODE,
	REASON_NOT_DIGITS,
	REASON_ONE_TIME_USED,
	REASON_ONE_TIME_REPLACED,
	REASON_ONE_TIME_VOID,
	REASON_ONE_TIME_EXPIRED,
	REASON_EMPTY_CODE,
	REASON_LOCKED,
	REASON_STOPPED,
	REASON_CLOCK_BACK,
	REASON_CLOSED,
	REASON_FORWARDING_CLOSED,
	REASON_CODE_FIRST,
	REASON_NEEDS_TERMINAL,
	REASON_SETUP_TERMINAL,
	REASON_DEVICE_TERMINAL,
	REASON_NO_PENDING,
	REASON_PENDING_LATE,
	REASON_NO_CODE,
	REASON_NO_DEVICE,
	REASON_NOT_THEIRS,
	REASON_NAMED_TWICE,
	REASON_NOT_ENROLLED,
	REASON_ADD_CLOSED,
	REASON_NOT_ASKED,
	REASON_LAST_DEVICE,
	REASON_MANY_DEVICES,
	REASON_NAME_TAKEN,
	REASON_DEVICES_FULL,
	REASON_CODES_FULL,
	REASON_KNOWN_SECRET,
	REASON_TOKEN_UNKNOWN,
	REASON_TOKEN_TAKEN,
	REASON_TOKEN_BEGUN,
	REASON_TOKEN_HELD,
	REASON_TOKENS_CLASH,
	REASON_TOKENS_FULL,
	REASON_FLEET_LEVEL,
	REASON_KEY_UNLISTED,
	REASON_KEY_IN_OPEN_FILE,
	REASON_KEY_DOUBTFUL,
	REASON_KEY_UNKNOWN,
	REASON_KEY_FILE,
	REASON_KEY_SPOILT,
	REASON_KEY_SEVERAL,
	REASON_KEY_ODD,
	REASON_KEY_COMMANDS,
	REASON_KEY_TMP,
	REASON_TARGET_CLOSED,
	REASON_LOOK,
	/* deny: the policy and the system */
	REASON_UNKNOWN_GROUP,
	REASON_GROUP_ERROR,
	REASON_NO_ADDRESS,
	REASON_RULE_LOST,
	REASON_UID_CHANGED,
	REASON_BAD_POLICY,
	REASON_NO_FLEET,
	REASON_NO_POLICY,
	REASON_POLICY_CHANGED,
	REASON_POLICY_LONG,
	REASON_POLICY_LEVEL,
	REASON_TOO_OLD,
	REASON_CLOCK_OFF,
	REASON_BAD_RECORD,
	REASON_BAD_TOKENS,
	REASON_DISK_FULL,
	REASON_STORE,
	REASON_STORE_MAINTENANCE,
	REASON_STORE_AWAY,
	REASON_STORE_UNSURE,
	REASON_STORE_FULL,
	REASON_STORE_BACK,
	REASON_NO_LOG,
	REASON_BUSY,
	REASON_BAD_REQUEST,
	REASON_NOT_ALLOWED,
	REASON_UNKNOWN_USER,
	REASON_ACCOUNT,
	REASON_LONG_NAME,
	REASON_BAD_ACCOUNT,
	REASON_COUNT
};

/* The prompt that VS Code, ansible and others look for. */
#define VERDICT_PROMPT "Verification code: "

/* Facts that messages mention. */
struct reason_facts {
	int64_t wait_s; /* LOCKED: until the next try */
	int64_t left_s; /* GRACE, OFFER, SKIPPED: until the deadline; 0: none */
	int64_t deadline_s; /* the time of that deadline */
	int64_t again_s;    /* SKIPPED: until the next offer; 0: each login */
	int64_t open_s;     /* how long enrolment stays open for a first
			     * device */
	bool may_add;       /* a first device can be set up now: "tfa add" */
	const char *name;   /* a group, a rule, a user, a file; or "" */
	int64_t spent_s;    /* ONE_TIME_USED and the like: when it was spent;
			     * 0: not known */
	bool counts;        /* CODE_USED: a device of the user's counts its
			     * codes, so waiting brings no other one */
};

/* Returns the reason's name in logs and in the protocol, such as
 * "wrong_code".  Never NULL. */
const char *reason_name(enum reason reason);

/*
 * How JSON writes a verdict and a reason: by its name.  An unknown name is
 * refused, and leaves zero (VERDICT_DENY, REASON_NONE).
 */
extern const struct json_form verdict_form, reason_form;

/*
 * Returns true for a denial that only means that the policy could not decide
 * about the user: an administrator who knows the user may then let them in with
 * a pass code.  False if anything is wrong with the user, the record or the
 * whole policy.
 */
bool reason_is_undecided(enum reason reason);

/*
 * Returns false for a denial which says that the input is no code, or one that
 * is spent: nothing was counted, and the next code may be right.
 */
bool reason_is_counted(enum reason reason);

/* Returns true for a denial that is nobody's doing who logs in: the machine or
 * the policy must be repaired. */
bool reason_is_fault(enum reason reason);

/* Returns true for a denial after which the next code may pass. */
bool reason_may_try_again(enum reason reason);

/* Returns the gate's exit status for a denial with this reason. */
int reason_exit(enum reason reason);

/* Writes the reason's message to ret, as one line without a newline; empty
 * if the reason has no message. */
void reason_say(enum reason reason, const struct reason_facts *facts, char *ret,
    size_t size);

/* reason_say(), for an administrator who asked about another user: what to do,
 * and not "tell an administrator". */
void reason_say_admin(enum reason reason, const struct reason_facts *facts,
    char *ret, size_t size);

/*
 * Writes the message for a wrong code that would be right if the phone's clock
 * were off by drift_s seconds: ahead, or behind if negative.  Says it in whole
 * minutes.
 */
void drift_say(int64_t drift_s, char *ret, size_t size);

/* Writes that a hardware key is enough for the user who asks; pin: one that
 * wants its PIN. */
void hardware_say(bool pin, char *ret, size_t size);

/* Adds to the message for a wrong code how a device that counts its codes comes
 * back.  Said to everybody who has one, whatever the code was: it must not tell
 * which codes are near. */
void counts_say(char *ret, size_t size);

/* Returns "pass", "challenge", "enroll" or "deny"; "deny" for any other
 * value. */
const char *verdict_name(enum verdict verdict);

/* Returns the verdict with that name; VERDICT_DENY for any other name. */
enum verdict verdict_from_name(const char *name);

#endif
