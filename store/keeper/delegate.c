/*
 * Delegates: users in the policy's admins who may help others without being
 * root.  Each change costs them a current code, so that a stolen session of
 * theirs changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "store/wire/claims.h"
#include "store/keeper/keeper.h"
#include "store/core/verify.h"

static enum membership
admin_of(struct call *call, const char *name, gid_t gid)
{
	struct groups_user user = {.name = name, .gid = gid};
	struct subject subject = {.user = name,
	    .last_rule = "",
	    .member = groups_member,
	    .ctx = &user};

	return policy_admin(&call->policy, &subject);
}

bool
keeper_is_delegate(struct call *call)
{
	return admin_of(call, call->user, call->gid) == GROUP_INSIDE;
}

struct proof {
	struct call *call;
	struct outcome outcome;
};

static enum change
on_proof(struct record *record, void *arg)
{
	struct proof *proof = arg;
	struct call *call = proof->call;
	struct login login;

	proof->outcome = (struct outcome){
	    .verdict = VERDICT_DENY, .reason = REASON_NOT_ALLOWED};
	claims_login(
	    &call->request, call->keeper->boot_id, call->now_s, &login);
	login.proof = true;
	if (record->uid == (int64_t)call->uid && record->devices.count > 0)
		verify_code(&call->policy, record, &login, call->request.code,
		    strlen(call->request.code), &proof->outcome);
	return proof->outcome.changed ? CHANGE_WRITE : CHANGE_NONE;
}

/* A refusal is logged as such, and stands where it cannot be; the change
 * itself is logged where it is made. */
static void
audit_refusal(struct call *call, enum reason reason)
{
	struct audit entry;

	keeper_audit_init(call, "help", call->request.user, &entry);
	snprintf(entry.verdict, sizeof(entry.verdict), "%s",
	    verdict_name(VERDICT_DENY));
	snprintf(entry.reason, sizeof(entry.reason), "%s", reason_name(reason));
	snprintf(
	    entry.detail, sizeof(entry.detail), "%s", call->request.request);
	(void)keeper_audit(call, &entry);
}

/* REASON_CODE where the peer's own code is right; it is spent by that. */
static enum reason
prove(struct call *call)
{
	struct proof proof = {.call = call};
	enum fault fault = store_update(
	    &call->store, call->user, call->uid, on_proof, &proof);

	if (fault != FAULT_NONE)
		return keeper_store_reason(call, fault);
	return proof.outcome.verdict == VERDICT_PASS ? REASON_CODE
						     : proof.outcome.reason;
}

/* Whom a delegate may help: neither root, nor another admin, nor themselves;
 * who cannot be looked up might be one. */
static bool
is_helped(struct call *call)
{
	const char *target = call->request.user;
	uid_t uid = 0;
	gid_t gid = 0;

	return keeper_find_user(target, &uid, &gid) == FAULT_NONE && uid != 0 &&
	    uid != call->uid && admin_of(call, target, gid) == GROUP_OUTSIDE;
}

enum reason
keeper_may_help(struct call *call)
{
	enum reason reason = REASON_NOT_ALLOWED;

	if (keeper_is_delegate(call) && is_helped(call) &&
	    (call->request.use[0] == '\0' ||
		strcmp(call->request.use, "enroll") == 0))
		reason = prove(call);
	if (reason == REASON_CODE)
		return REASON_NONE;
	audit_refusal(call, reason);
	return reason;
}
