/*
 * tfa-keeper: the only process that sees a secret, and the one that decides.
 *
 *	keeper.c         options; a socket from systemd, of our own, or stdio
 *	keeper_listen.c  who may connect, how many at once, who serves them
 *	keeper_pool.c    which process serves whom
 *	keeper_worker.c  one of these processes
 *	keeper_rate.c    how often each uid came, and what it had of the log
 *	keeper_confine.c what the keeper gives up for good
 *	keeper_serve.c   one connection: who asks, may they, what is answered
 *	keeper_login.c   the requests of tfa-gate, for the peer's own user
 *	keeper_self.c    the requests of tfa, likewise
 *	keeper_users.c   the user list
 *	keeper_list.c    what else tfa-admin reads: explanations, the log
 *	keeper_admin.c   what tfa-admin changes
 *	keeper_provision.c  a device that an admin sets up, or takes over
 *	keeper_delegate.c  what others than root may ask of these
 */
#ifndef TFA_KEEPER_H
#define TFA_KEEPER_H

#include <stdbool.h>
#include <sys/types.h>

#include "store/folder/audit.h"
#include "store/core/enroll.h"
#include "store/system/groups.h"
#include "store/keeper/rate.h"
#include "store/wire/protocol.h"

#define RECEIVE_MS 2000 /* in which the request must come */
#define FOLLOW_MS  50   /* and a verify that follows on a login */
#define SERVE_S    20   /* in which it must be answered */

struct keeper {
	const char *store;
	const char *policy;
	bool embedded; /* --stdio: whoever owns the store is its root */
	char boot_id[64];
};

/* How the peer has behaved: above a rate, refusals are not logged. */
struct conduct {
	bool quiet;         /* log no refusals for now */
	bool quiet_claims;  /* nor those that a gate tells of */
	int64_t suppressed; /* how many were not, before this one */
};

/* One connection being served. */
struct call {
	const struct keeper *keeper;
	struct conduct conduct;
	int told;    /* for the parent: bits of enum told */
	bool broken; /* something failed: who serves this serves no other */
	int fd;
	uid_t uid; /* of the peer, by the kernel */
	pid_t pid;
	char user[USER_TEXT]; /* the peer's, by passwd, and what follows */
	size_t name_len;      /* of one that is too long for us, or 0 */
	gid_t gid;
	char *home, *shell; /* on the heap */
	int64_t now_s;
	int64_t alarm_s; /* when the alarm was last set */
	bool may_follow; /* a verify, on this connection */
	struct request request;
	uint64_t carried; /* bit 1 << FIELD_X for each key that it had */
	struct store store;
	struct policy policy;
};

/* syslog(3) is tfa-keeper's from now on, over a socket that no other process
 * has. */
void keeper_open_log(void);

/* Serves on fd, a socket that listens, until a signal ends it.  Returns an
 * exit status. */
int keeper_listen(const struct keeper *keeper, int fd);

/*
 * Serves the one request that waits on fd, a connected socket, and answers
 * it: by a denial where anything is wrong with it.  A login that was answered
 * by a challenge may be followed by one verify, within FOLLOW_MS.  What the
 * parent is told: bits of enum told.
 *
 * TOLD_CLEAN is in it where the process may serve another peer: this was a
 * login, it was answered, no call failed, and nothing of it is left in memory,
 * neither secret nor code.
 */
int keeper_serve(
    const struct keeper *keeper, int fd, const struct conduct *conduct);

/* The name of request number i, from 0; NULL after the last. */
const char *keeper_request(size_t i);

/* Requests: each answers call->fd.  Store and policy are open. */
void keeper_login(struct call *call);
void keeper_verify(struct call *call);
void keeper_skip(struct call *call);
void keeper_refuse(struct call *call);
void keeper_enroll_begin(struct call *call);
void keeper_enroll_confirm(struct call *call);

/* Requests of tfa, for the peer's own user. */
void keeper_status(struct call *call);
void keeper_device_begin(struct call *call);
void keeper_device_confirm(struct call *call);
void keeper_device_remove(struct call *call);
void keeper_recovery(struct call *call);

/* Requests of tfa-admin. */
void keeper_users(struct call *call);
void keeper_explain(struct call *call);
void keeper_revoke(struct call *call);
void keeper_unlock(struct call *call);
void keeper_code(struct call *call);
void keeper_provision(struct call *call);
void keeper_import(struct call *call);
void keeper_log(struct call *call);
void keeper_note(struct call *call);

/* SERVE_S more, from now on: for each part of what is longer than one reply. */
void keeper_take_time(struct call *call);

/* Sends the reply, or false; what cannot be sent is a denial all the same. */
bool keeper_reply(struct call *call, const struct reply *reply);

/* Replies with a denial that no record's update led to; name is the user, group
 * or rule that it names. */
void keeper_deny(struct call *call, enum reason reason, const char *name);

/* Replies that this is no request that a client of ours makes, and says in the
 * log which key is wrong, and how. */
void keeper_misunderstand(struct call *call, const char *key, const char *why);

/* The reason to deny with, where the store failed; logs what happened. */
enum reason keeper_store_reason(struct call *call, enum fault fault);

/* *ret: what the policy says of the peer's user at that login. */
void keeper_decide(struct call *call, const struct record *record,
    const struct login *login, struct decision *ret);

/* Puts a new secret into the reply, with the names for its otpauth URI. */
void keeper_add_secret(struct call *call,
    const uint8_t secret[static ENROLL_SECRET_BYTES], struct reply *reply);

/* Puts recovery codes into the reply; false without memory.  Done before the
 * record has them, or nobody might ever read them; dropped where it does not
 * get them. */
bool keeper_add_codes(const struct recovery *recovery, struct reply *reply);
void keeper_drop_codes(struct reply *reply);

/*
 * Replaces the message of a wrong code that fits a clock which is off by one
 * that says so.  Of a clock ahead only to whoever knows the secret: to a
 * guesser it would name a code that is going to be good.
 */
void keeper_say_drift(
    const struct outcome *outcome, bool knows_secret, struct reply *reply);

/* Whether the store has a record of that name, even a damaged one. */
bool keeper_has_record(struct call *call, const char *user);

/* Sends a user's row, of users and status; false where that failed. */
bool keeper_send_row(struct call *call, const char *user);

/* Fills bytes with random ones. */
bool keeper_draw(void *bytes, size_t len);

/* Replies that it is done: with nothing more, or as the end of a stream. */
void keeper_done(struct call *call);
void keeper_end(struct call *call);

/* An audit entry with the time, the event and the user filled in. */
void keeper_audit_init(
    struct call *call, const char *event, const char *user, struct audit *ret);

/* Whether the peer is in the policy's admins. */
bool keeper_is_delegate(struct call *call);

/*
 * Whether the peer, a delegate, may make the change that the request asks
 * for: REASON_NONE, or why not, which is then in the audit.  Not to root, to
 * another admin or to themselves, no code to pass with, and only with a
 * current code of their own, which is spent by this.
 */
enum reason keeper_may_help(struct call *call);

/*
 * Writes an entry, unless it is a refusal of a peer whose refusals are
 * suppressed.  False where it could not be written: a pass must then become a
 * denial.
 */
bool keeper_audit(struct call *call, const struct audit *entry);

/* uid and gid of a user; as people_look_up(). */
MUST_USE enum fault
keeper_find_user(const char *user, uid_t *ret_uid, gid_t *ret_gid);

/* Replies with a denial that a look-up of that user led to, not FAULT_NONE. */
void keeper_deny_user(struct call *call, enum fault fault, const char *user);

#endif
