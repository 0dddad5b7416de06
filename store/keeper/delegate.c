/*
 * Delegates: users in the policy's admins, who may help others without being
 * root.  Each change costs a delegate a current code, so that a stolen session
 * of theirs changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "store/core/verify.h"
#include "store/keeper/requests.h"

static enum membership
admin_of(struct call *call, const char *name, gid_t gid)
{
	struct somebody them;

	somebody_init(&them, name, gid);
	return policy_admin(&call->policy, &them.subject);
}

bool
delegate_is(struct call *call)
{
	return admin_of(call, call->user, call->gid) == GROUP_INSIDE;
}

static enum change
on_proof(struct record *record, void *arg)
{
	struct deed *deed = arg;
	const struct call *call = deed->call;
	const char *code = call->request.code;

	deed_deny(deed, REASON_NOT_ALLOWED);
	if (call_has_uid(call, record, call->uid) && record->devices.count > 0)
		verify_code(&call->policy, record, &deed->login, code,
		    strlen(code), &deed->outcome);
	return deed->outcome.changed ? CHANGE_WRITE : CHANGE_NONE;
}

/* REASON_NONE where the peer's own code is right, which spends it. */
static enum reason
prove(struct call *call)
{
	struct deed deed;
	enum fault fault;

	deed_begin(&deed, call);
	deed.login.proof = true;
	fault = store_update(
	    &call->store, call->user, call->uid, on_proof, &deed);
	if (fault != FAULT_NONE)
		return call_store_reason(call, fault);
	return deed.outcome.verdict == VERDICT_PASS ? REASON_NONE
						    : deed.outcome.reason;
}

/* A refusal stands where it cannot be logged.  A change that is made is logged
 * where it is made. */
static void
log_refusal(struct call *call, enum reason reason)
{
	struct audit entry;

	call_audit_init(call, "help", call->request.user, &entry);
	call_audit_say(&entry, VERDICT_DENY, reason);
	snprintf(
	    entry.detail, sizeof(entry.detail), "%s", call->request.request);
	(void)call_audit(call, &entry);
}

/* True if a delegate may help that user: neither root, nor another admin, nor
 * themselves.  A user who cannot be looked up might be one of these. */
static bool
may_be_helped(struct call *call, const char *user)
{
	uid_t uid = 0;
	gid_t gid = 0;

	return call_find_user(user, &uid, &gid) == FAULT_NONE && uid != 0 &&
	    uid != call->uid && admin_of(call, user, gid) == GROUP_OUTSIDE;
}

enum reason
delegate_may_help(struct call *call)
{
	const char *use = call->request.use;
	enum reason reason = REASON_NOT_ALLOWED;

	if (delegate_is(call) && may_be_helped(call, call->request.user) &&
	    (use[0] == '\0' || strcmp(use, "enroll") == 0))
		reason = prove(call);
	if (reason != REASON_NONE)
		log_refusal(call, reason);
	return reason;
}
