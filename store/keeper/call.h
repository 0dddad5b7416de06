/*
 * A connection being served, and what every request needs of it: the peer, the
 * store, the policy, the audit.
 */
#ifndef TFA_CALL_H
#define TFA_CALL_H

#include "store/core/tokens.h"
#include "store/folder/audit.h"
#include "store/keeper/keeper.h"
#include "store/system/groups.h"
#include "store/wire/protocol.h"

struct call;
struct deed;

/* The peers that may make a request. */
enum who {
	WHO_NOBODY = 0,
	WHO_LOGIN,  /* any user, about that user; leaves nothing in memory */
	WHO_SELF,   /* any user, about that user */
	WHO_OWN,    /* as WHO_SELF, in a session: a code only proves who asks */
	WHO_READER, /* root, or a delegate: from here on, administrators */
	WHO_HELPER, /* root, or a delegate who gives a current code */
	WHO_ROOT,   /* root, or the owner of an embedded store */
	WHO_REPAIRER, /* as WHO_ROOT, even where the policy is invalid */
};

/* A request: a row of the table in serve.c. */
struct kind {
	const char *name;
	enum who who;
	uint64_t takes;     /* the fields it may carry: TAKES(FIELD) each */
	const char *logged; /* the event in the audit; NULL: none */
	void (*serve)(struct call *call); /* answers; store, policy are open */
	/* For a deed: see deed.h. */
	void (*change)(struct deed *deed, struct record *record);
};

/* The request that may follow on a connection, at once. */
enum follow {
	FOLLOW_NOTHING = 0,
	FOLLOW_VERIFY, /* after a challenge */
	FOLLOW_LOGIN,  /* after REASON_LOOK, once */
	FOLLOW_TOKENS, /* after some of a list of tokens: the next ones */
};

#define TAKES(field) (UINT64_C(1) << FIELD_##field)

/* One connection being served. */
struct call {
	const struct keeper *keeper;
	struct conduct conduct;
	int report;  /* the report for the parent: bits of enum reported */
	bool broken; /* a call failed: this process serves no other peer */
	int fd;
	uid_t uid; /* of the peer, by the kernel */
	pid_t pid;
	char user[USER_TEXT]; /* the peer's, by passwd, as gid, home, shell */
	size_t name_len;      /* of a name that is too long for us, or 0 */
	gid_t gid;
	char *home, *shell; /* on the heap */
	int64_t now_s;
	int64_t alarm_s;    /* when the alarm was last set */
	enum follow follow; /* on this connection */
	bool looked;        /* REASON_LOOK was answered on it */
	const struct kind *kind;
	struct tokens tokens; /* that were sent so far */
	struct request request;
	uint64_t carried; /* bit 1 << FIELD_X for each key that it had */
	struct store store;
	struct policy policy;
	int64_t policy_s; /* when the fleet's engine last said that it is in
			   * force */
};

/*
 * call->policy: the one in force, in place of the one before.  fresh: ask the
 * fleet for it, since the one that was seen here last was replaced.  REASON_NONE,
 * or why nobody may be judged.
 */
enum reason call_load_policy(struct call *call, bool fresh);

/* True if the fleet's policy by which this was decided still counts while the
 * engine is away. */
bool call_has_recent_policy(const struct call *call);

/* REASON_NONE, or REASON_CLOCK_OFF where this bastion's clock is so far from its
 * fleet's that it may judge no code; ret_off then says how far. */
enum reason call_judge_clock(struct call *call, char *ret_off, size_t size);

/* True if store_update() or store_read() refused to go on by a policy of the
 * fleet that was replaced meanwhile. */
bool call_is_overtaken(const struct call *call, enum fault fault);

/* Gives the request SERVE_S more, from now on.  For each part of an answer that
 * is longer than one reply. */
void call_take_time(struct call *call);

/* Logs what happened to the store, by fault and errno, and returns the reason
 * to deny with. */
enum reason call_store_reason(struct call *call, enum fault fault);

/* call_store_reason(), of what happened to the fleet's policy. */
enum reason call_fleet_reason(struct call *call, enum fault fault);

/* Fills bytes with random ones. */
bool call_draw(void *bytes, size_t len);

/* *ret_uid, *ret_gid: those of a user.  Faults as people_look_up(). */
MUST_USE enum fault
call_find_user(const char *user, uid_t *ret_uid, gid_t *ret_gid);

/* *ret: the user's record, or a new one of uid.  Faults as store_read(), but
 * not FAULT_ABSENT. */
MUST_USE enum fault
call_read(struct call *call, const char *user, uid_t uid, struct record *ret);

/* True if the record is of an account that has that uid here. */
bool
call_has_uid(const struct call *call, const struct record *record, int64_t uid);

/* True if the store has a record of that name, even a damaged one. */
bool call_has_record(struct call *call, const char *user);

/*
 * Somebody as the policy sees them: at no known address, with no rule that
 * decided before, and in the groups that the system says.  It points into
 * itself and to name: not to be copied.
 */
struct somebody {
	struct groups_user user;
	struct subject subject;
};
void somebody_init(struct somebody *ret, const char *name, gid_t gid);

/* Nowhere: no "from" of a rule holds it but ::/0. */
extern const struct address call_nowhere;

/* *ret: what the policy says of the peer's user at that login. */
void call_decide(struct call *call, const struct record *record,
    const struct login *login, struct decision *ret);

/*
 * An audit entry of that event about user, with the time, what was suppressed
 * and, where the user did not do it, who did.  Verdict and reason are put in by
 * call_audit_say().
 */
void call_audit_init(
    struct call *call, const char *event, const char *user, struct audit *ret);
void
call_audit_say(struct audit *entry, enum verdict verdict, enum reason reason);

/*
 * Writes an entry, unless it is a refusal of a peer whose refusals are
 * suppressed.  False where it could not be written: a pass must then become a
 * denial.
 */
bool call_audit(struct call *call, const struct audit *entry);

#endif
