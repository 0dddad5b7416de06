/*
 * Takes down where tfa connects to.  sshd does not log it, and the line must be
 * there before the connection is.
 */
#include <string.h>

#include "store/keeper/answer.h"
#include "store/keeper/requests.h"

/* True if the request makes sense; *ret_closed: its list does not have the
 * target. */
static bool
is_sensible(struct call *call, bool *ret_closed)
{
	struct request *request = &call->request;
	struct endpoint endpoint;

	*ret_closed = request->reason == REASON_TARGET_CLOSED;
	if (!*ret_closed && request->reason != REASON_NONE) {
		answer_misunderstood(call, "reason", "is not about a target");
		return false;
	}
	if (!endpoint_parse_pair(request->target, &endpoint)) {
		answer_misunderstood(call, "target", "is no HOST:PORT");
		return false;
	}
	endpoint_format(&endpoint, request->target);
	return true;
}

static bool
log_closed(struct deed *deed)
{
	deed_deny(deed, REASON_TARGET_CLOSED);
	deed->claimed = true;
	return deed_audit(deed);
}

static bool
log_open(struct deed *deed)
{
	deed->outcome = (struct outcome){
	    .verdict = VERDICT_PASS, .reason = REASON_DONE};
	return deed_audit(deed);
}

void
keeper_connect(struct call *call)
{
	struct deed deed;
	bool closed;

	if (!is_sensible(call, &closed))
		return;
	deed_begin(&deed, call);
	deed.decides = false;
	if (!(closed ? log_closed(&deed) : log_open(&deed)))
		answer_deny(call, REASON_NO_LOG, "");
	else if (closed)
		answer_deny(call, REASON_TARGET_CLOSED, call->request.target);
	else
		answer_done(call);
	deed_done(&deed);
}
