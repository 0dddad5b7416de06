/*
 * Decides a login before a code is typed: the user is let in, asked for a code,
 * offered to enrol, or refused.  Pure: the policy's decision, the user's
 * record, the facts and the time go in, an outcome comes out.
 *
 * It must never pass a login for a reason that a thief could bring about: a
 * user without a device passes only while a device is optional or grace lasts,
 * and never a user who once had one; or where a code was given on the same
 * connection of the door; or with a hardware key that the rule says is enough.
 * proved: tests/proofs/login.c 1a 2a 2b 2c 4a, 2 logins.
 */
#ifndef TFA_LOGIN_H
#define TFA_LOGIN_H

#include <stdbool.h>
#include <stdint.h>

#include "store/core/announce.h"
#include "store/core/hardware.h"
#include "store/core/policy.h"
#include "store/core/record.h"
#include "store/core/verdict.h"

#define DAY_S          86400
#define SOURCE_KNOWN_S (30 * DAY_S) /* a right code makes a source known */
#define INVITED_S      DAY_S        /* to enrol after a revoke */
#define FORGIVE_S      (7 * DAY_S)  /* then one wrong code is forgiven */
#define LAST_LOGIN_S   900   /* between two notes of logins without a code */
#define SKIPPED_S      DAY_S /* after "later" no offer comes for so long, */
#define LAST_S         DAY_S /* but for the end of grace: its last tenth, */
#define LAST_MOST_S    (30 * DAY_S) /* between these two */
#define HOLD_S         60 /* between two questions of one login at the door */

/* One login, as the user's own process claims it, and the time. */
struct login {
	char address[ADDRESS_TEXT];       /* "" if it is not known */
	char key[KEY_TEXT];               /* "" for a password */
	char connection[CONNECTION_TEXT]; /* "" if sshd named none */
	bool terminal;                    /* somebody can be asked */
	bool shell;                       /* no command: a login shell */
	bool door;    /* at the door: a pass opens forwarding and sessions */
	bool by_door; /* the connection has a name of the door's */
	bool proof;   /* it only proves who asks: a pass opens no session */
	enum hardware hardware; /* of the key, as the gate judged it */
	int64_t now_s;
};

/* How a user without a device may set up the first one. */
enum first {
	FIRST_NO = 0,
	FIRST_CODE, /* with a code to enrol with; a valid one is there */
	FIRST_SELF, /* without a code */
};

struct outcome {
	enum verdict verdict;
	enum reason reason;
	bool may_skip;      /* ENROLL, CHALLENGE: "later" is allowed */
	bool changed;       /* the record must be written */
	int64_t deadline_s; /* when a code becomes required; 0: no date */
	int64_t insist_s;   /* from then on the offer comes at each login */
	int64_t again_s;    /* SKIPPED: until the next offer; 0: each login */
	int64_t open_s;     /* until the invitation or the code to enrol ends */
	enum first first;   /* how a first device may be set up now */
	int64_t wait_s;     /* LOCKED: until the next try */
	int64_t drift_s;    /* wrong code: by how much a clock may be off */
	bool counts;        /* a code was judged: a device counts its codes */
	int64_t failed;     /* PASS: wrong codes since the last login */
	char failed_from[ADDRESS_TEXT];
	int64_t previous_s; /* PASS, for a shell: the last login before it */
	char previous_from[ADDRESS_TEXT];
	struct announcements news;   /* PASS: what changed since then */
	char device[DEVICE_ID_TEXT]; /* whose code it was */
	char name[RULE_TEXT];        /* the group or rule that a denial names */
	int64_t spent_s;    /* when a one-time code was used or became void */
	bool may_renew;     /* PASS by a recovery code: renew_allow() */
	long recovery_left; /* PASS by a recovery code: how many left, or -1 */
};

/* A user's state, as an administrator sees it: the first that fits. */
enum state {
	STATE_NONE = 0,
	STATE_EXEMPT,
	STATE_LOCKED,
	STATE_ENROLLED,
	STATE_HARDWARE, /* no device, and a hardware key is enough */
	STATE_INVITED,
	STATE_BLOCKED, /* an admin took the devices, and allows no new one */
	STATE_GONE,    /* a record, but no Unix account */
	STATE_OVERDUE,
	STATE_GRACE,
	STATE_PENDING,
};
extern const char *const state_names[]; /* indexed by enum state */

/*
 * Returns for how long a code opens its connection.  At the door at least
 * HOLD_S, whatever the policy says: sshd asks for the code, and then whether
 * the account may log in, which must find that code.
 */
int64_t login_hold_s(const struct policy *policy, const struct login *login);

/*
 * Decides a login; one at the door (login->door) by door_decide(), too.  If the
 * policy cannot decide about the user, and the record has a valid pass code,
 * that is asked for, but not at the door: ret->reason is then the policy's, and
 * only verify_pass() may judge the code.
 *
 * Notes in the record what later logins need (first login, start of grace,
 * rule) and sets ret->changed if that is new.
 */
void login_decide(const struct policy *policy, const struct decision *decision,
    struct record *record, const struct login *login, struct outcome *ret);

/*
 * True if the key of this login is enough by itself: the rule that decided says
 * so of hardware keys, and this is one, touched, and with a PIN where the rule
 * wants it.  Never for a user who is blocked: an administrator took all devices
 * away then, and meant to keep them out.  Nor on a connection of another key,
 * on which a code was given.  Such a pass leaves nothing in the
 * record that a code leaves there.
 */
bool
login_has_hardware(const struct policy *policy, const struct decision *decision,
    const struct record *record, const struct login *login);

/* The user's state at now_s, and the deadline (0: none). */
enum state
login_state(const struct policy *policy, const struct decision *decision,
    const struct record *record, int64_t now_s, int64_t *ret_deadline_s);

/* The state as if no hardware key were enough: nobody knows if the user has
 * one. */
enum state login_state_keyless(const struct policy *policy,
    const struct decision *decision, const struct record *record,
    int64_t now_s);

/*
 * True if an administrator took all devices away and left no invitation:
 * "revoke --block", or "revoke --code", whose code may still let the user
 * enrol.
 */
bool login_is_blocked(const struct record *record);

/*
 * Returns how a user may set up a first device now: the one rule, for a login
 * at the gate and for "tfa add" in a session.  FIRST_NO for a user who has a
 * device, whom the policy denies or exempts, or who may not enrol alone and has
 * no code to enrol with.
 */
enum first
login_first(const struct policy *policy, const struct decision *decision,
    const struct record *record, int64_t now_s);

/*
 * Puts an offer of login_decide() off, if ret->may_skip: notes it and passes,
 * reason SKIPPED.  ret->again_s says when the next offer comes.
 */
void login_put_off(
    struct record *record, const struct login *login, struct outcome *ret);

/*
 * Notes a good login with the code of outcome->device, or with a one-time code:
 * source, connection, time.  Puts into the outcome what failed and what was
 * changed before; what is said without a terminal may be thrown away, and is
 * said again.  It touches nothing that verify_code() judges by.
 * proved: tests/proofs/verify.c 1l 1m 1o 1p 2c 2d, 3 devices, 2 codes.
 */
void login_note_pass(const struct policy *policy, struct record *record,
    const struct login *login, struct outcome *outcome);

/*
 * login_note.c: login_note_visit() notes, whatever is decided, when the user
 * first came and by which rule.  login_note_entry() notes a pass; now_and_then:
 * only if LAST_LOGIN_S have gone by, so that a pass without a code seldom
 * writes.
 */
void login_note_visit(const struct decision *decision, struct record *record,
    const struct login *login, struct outcome *ret);
void login_note_entry(struct record *record, const struct login *login,
    bool now_and_then, struct outcome *outcome);

/* Adds an entry to record->verified, zeroed.  A full list loses an entry whose
 * time is over, or else the oldest.  NULL without memory. */
struct verified *login_add_verified(struct record *record, int64_t now_s);

/* True if this login comes from a source that gave a right code lately. */
bool login_is_known(const struct record *record, const struct login *login);

/*
 * Returns how long a counter stays shut, in seconds; 0: it is open; -1: until
 * an administrator unlocks it, only for the counter of unknown sources
 * (is_other).  A counter that has spent attempts->stop over the long term waits
 * until a wrong code is forgiven.
 * proved: tests/proofs/login.c 6a, all counters and times;
 * proved: tests/proofs/login.c 5a 5b 5c 5d, all counters, attempts, times.
 */
int64_t login_wait(const struct attempts *attempts,
    const struct counter *counter, bool is_other, int64_t now_s);

/* Forgives a wrong code of the long term for each FORGIVE_S that passed.
 * proved: tests/proofs/login.c 6a 6b 6c, all counters and times. */
void login_forgive(struct counter *counter, int64_t now_s);

#endif
