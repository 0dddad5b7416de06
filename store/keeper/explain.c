/*
 * Explains a login to tfa-admin.
 */
#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/core/report.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"
#include "store/wire/claims.h"

/* The login that is to be explained: at a terminal, for a shell. */
static void
explain_login(const struct call *call, struct login *ret)
{
	const struct request *request = &call->request;

	claims_login(request, call->keeper->boot_id,
	    request->at_s > 0 ? request->at_s : call->now_s, ret);
	ret->terminal = !request->door;
	ret->shell = !request->door;
	/* No key goes with it: tfa-admin says what one would prove. */
	ret->hardware = (enum hardware)request->hardware;
}

static void
explain_user(
    struct call *call, struct somebody *them, const struct record *record)
{
	struct explanation explanation;
	struct address address;
	struct login login;

	explain_login(call, &login);
	if (address_parse(login.address, &address))
		them->subject.address = &address;
	them->subject.last_rule = record->last_rule;
	them->subject.now_s = login.now_s;
	if (report_explain(&call->policy, &them->subject, record, &login,
		&explanation) != FAULT_NONE) {
		answer_deny(call, REASON_STORE, "");
		return;
	}
	if (packet_send_value(call->fd, &explanation_shape, &explanation) ==
	    FAULT_NONE)
		answer_end(call, "");
	explanation_done(&explanation);
}

void
keeper_explain(struct call *call)
{
	const char *name = call->request.user;
	scoped_record struct record record = {.version = 0};
	struct somebody them;
	uid_t uid = 0;
	enum fault fault;

	somebody_init(&them, name, 0);
	fault = call_find_user(name, &uid, &them.user.gid);
	if (fault != FAULT_NONE) {
		answer_deny_user(call, fault, name);
		return;
	}
	fault = call_read(call, name, uid, &record);
	if (fault != FAULT_NONE)
		answer_deny(call, call_store_reason(call, fault), "");
	else if (!call_has_uid(call, &record, uid))
		answer_deny(call, REASON_UID_CHANGED, name);
	else
		explain_user(call, &them, &record);
}
