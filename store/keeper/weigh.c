/*
 * Weighs a change of the policy before it is made.
 *
 * tfa-admin has written the policy to be beside the policy, where only root can
 * write.  The request names no file: what is read is not for a peer to choose.
 */
#include <limits.h>
#include <stdio.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "store/core/weigh.h"
#include "store/folder/policy_file.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"

struct weighing {
	struct policy draft;
	struct places places;
	int64_t sent_s; /* when the peer last heard of us */
};

/* A peer that hears nothing for some seconds gives up, and on a large site
 * nobody may lose anything for longer than that: such a row names no user. */
static bool
weigh_one(const struct visit *visit, void *ctx)
{
	struct call *call = visit->call;
	struct weighing *weighing = ctx;
	int64_t now_s = time(NULL);
	struct loss loss;

	if (weigh(&call->policy, &weighing->draft, &weighing->places,
		&visit->them->subject, visit->record, &loss))
		snprintf(
		    loss.user, sizeof(loss.user), "%s", visit->them->user.name);
	else if (now_s == weighing->sent_s)
		return true;
	weighing->sent_s = now_s;
	return packet_send_value(call->fd, &loss_shape, &loss) == FAULT_NONE;
}

void
keeper_weigh(struct call *call)
{
	char path[PATH_MAX], why[POLICY_WHY_TEXT];
	struct weighing weighing = {.sent_s = call->now_s};
	enum reason reason;
	enum fault fault;

	policy_file_beside(
	    call->keeper->policy, POLICY_DRAFT, path, sizeof(path));
	fault = policy_file_load(
	    path, call->keeper->embedded ? geteuid() : 0, &weighing.draft, why);
	if (fault != FAULT_NONE) {
		syslog(LOG_ERR, "%s", why);
		answer_deny(call, REASON_STORE, "");
		return;
	}
	weigh_places(&call->policy, &weighing.draft, &weighing.places);
	reason = users_visit(call, &weighing.draft, weigh_one, &weighing);
	if (reason == REASON_NONE)
		answer_end(call,
		    weighing.places.more
			? "The policy has many networks: not all were compared."
			: "");
	else
		answer_deny(call, reason, "");
	policy_done(&weighing.draft);
}
