/*
 * The requests, for the table in serve.c.  A keeper_x() answers a request; an
 * on_x() changes the record of the user who asks, as deed.h says.
 */
#ifndef TFA_REQUESTS_H
#define TFA_REQUESTS_H

#include "store/keeper/deed.h"

/* The row of request number i, from 0; NULL after the last. */
const struct kind *keeper_kind(size_t i);

/* login.c: the requests of tfa-gate */
void keeper_login(struct call *call);
void keeper_refuse(struct call *call);
void on_login(struct deed *deed, struct record *record);
void on_verify(struct deed *deed, struct record *record);
void on_skip(struct deed *deed, struct record *record);
void on_enroll_begin(struct deed *deed, struct record *record);
void on_enroll_confirm(struct deed *deed, struct record *record);

/* own.c: the requests of tfa */
void keeper_status(struct call *call);
void on_device_begin(struct deed *deed, struct record *record);
void on_device_confirm(struct deed *deed, struct record *record);
void on_device_remove(struct deed *deed, struct record *record);
void on_recovery(struct deed *deed, struct record *record);

/* connect.c: where tfa connects to */
void keeper_connect(struct call *call);

/* The requests of tfa-admin: users.c, weigh.c, explain.c, history.c, amend.c,
 * provision.c, policy.c */
void keeper_users(struct call *call);
void keeper_weigh(struct call *call);
void keeper_explain(struct call *call);
void keeper_log(struct call *call);
void keeper_revoke(struct call *call);
void keeper_forget(struct call *call);
void keeper_ended(struct call *call);
void keeper_unlock(struct call *call);
void keeper_code(struct call *call);
void keeper_note(struct call *call);
void keeper_policy_get(struct call *call);
void keeper_policy_put(struct call *call);
void keeper_provision(struct call *call);
void keeper_import(struct call *call);

/* tokens.c: the list of tokens; assign.c: a token for a user */
void keeper_tokens(struct call *call);
void keeper_tokens_put(struct call *call);
void keeper_tokens_remove(struct call *call);
void keeper_assign(struct call *call);

/* users.c: sends a user's row, of users and status.  REASON_NONE, or why there
 * is none. */
enum reason users_send_row(struct call *call, const char *user);

/* A user whom users_visit() comes to, with a good record, if only a new one. */
struct visit {
	struct call *call;
	struct somebody *them; /* at no known address */
	const struct record *record;
};

/*
 * users.c: calls each() for the user of the request, or for root and everybody
 * whom the list of users has or whom a rule of also names.  The order is that of
 * the disk.  A user who is not there, or whose record is refused, is left out.
 * REASON_NONE; else each() has returned false, or not all could be found.
 */
enum reason users_visit(struct call *call, const struct policy *also,
    bool (*each)(const struct visit *visit, void *ctx), void *ctx);

/* delegate.c: true if the peer is in the policy's admins. */
bool delegate_is(struct call *call);

/*
 * delegate.c: returns REASON_NONE if the peer, a delegate, may make the change
 * that the request asks for, or else why not, which is then in the audit.  A
 * delegate may not change root, another administrator or themselves, may not
 * make a code to pass with, and must give a current code of their own, which
 * this spends.
 */
enum reason delegate_may_help(struct call *call);

#endif
