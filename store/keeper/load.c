/*
 * The policy in force: the file's, or the fleet's.
 *
 * A request that changes the record of the user who asks decides by the fleet's
 * policy as it was last seen here: the answer to the request for the record
 * says if that is still the one in force, and if not, the request is decided
 * anew. Any other request asks for the policy first.  While the fleet's store
 * is away, or refuses this bastion, whose certificate may be over, the last one
 * seen decides for a week: for users whose records are here, who can log in all
 * the same, and for administrators.  For these users it also does where the
 * store shows a policy that is damaged, older or gone: whoever can do that
 * could be silent, too.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "store/fleet/kept.h"
#include "store/fleet/offset.h"
#include "store/folder/policy_file.h"
#include "store/keeper/call.h"

/* An embedded store may do without a policy; a bastion may not. */
static enum reason
load_file(struct call *call)
{
	const struct keeper *keeper = call->keeper;
	char why[POLICY_WHY_TEXT];
	enum fault fault = policy_file_load(keeper->policy,
	    keeper->embedded ? geteuid() : 0, &call->policy, why);

	if (fault == FAULT_ABSENT && keeper->embedded)
		fault = policy_builtin(&call->policy);
	else if (fault != FAULT_NONE)
		syslog(LOG_ERR, "%s", why);
	return fault == FAULT_NONE ? REASON_NONE : REASON_BAD_POLICY;
}

/* True if the user's record is here, whatever becomes of the fleet's. */
static bool
is_local(const struct call *call)
{
	return fleet_config_is_local(call->store.fleet->config, call->user);
}

/* True if the record that decides says by which policy it may be changed. */
static bool
is_checked_later(const struct call *call)
{
	return call->kind->change != NULL && !is_local(call);
}

bool
call_has_recent_policy(const struct call *call)
{
	int64_t age_s = call->now_s - call->policy_s;

	return age_s <= KEPT_S && age_s >= -KEPT_S;
}

/* *ret: the policy that decides. */
static enum fault
find_kept(struct call *call, bool fresh, struct kept *ret)
{
	struct fleet *fleet = call->store.fleet;
	int dir = call->store.dir;
	char why[LINE_WHY];
	enum fault fault;

	if (!fresh && is_checked_later(call) &&
	    kept_read(fleet, dir, ret) == FAULT_NONE)
		return FAULT_NONE;
	fault = kept_fetch(fleet, dir, call->now_s, ret);
	if (fault == FAULT_NONE ||
	    (fault != FAULT_AWAY && fault != FAULT_REFUSED && !is_local(call)))
		return fault;
	memcpy(why, fleet->line.why, sizeof(why));
	if (kept_read(fleet, dir, ret) == FAULT_NONE) {
		call->policy_s = ret->checked_s;
		if (call_has_recent_policy(call))
			return FAULT_NONE;
		kept_done(ret);
	}
	memcpy(fleet->line.why, why, sizeof(why));
	return fault;
}

static enum reason
parse_kept(struct call *call, const struct version *version)
{
	char why[POLICY_WHY_TEXT];
	struct json_error error;
	enum fault fault = policy_parse(
	    version->text, version->len, &call->policy, &error);

	if (fault == FAULT_NONE)
		return REASON_NONE;
	json_error_say(&error, "the fleet's policy", why, sizeof(why));
	syslog(LOG_ERR, "%s", why);
	return REASON_BAD_POLICY;
}

/* A level above ours comes first: of what is written in it nothing is known. */
static enum reason
judge_kept(struct call *call, const struct kept *kept)
{
	if (kept->charter.level > CHARTER_LEVEL)
		return REASON_TOO_OLD;
	if (kept->version.number == 0)
		return REASON_NO_POLICY;
	return parse_kept(call, &kept->version);
}

static enum reason
load_kept(struct call *call, bool fresh)
{
	struct kept kept;
	enum fault fault = find_kept(call, fresh, &kept);
	enum reason reason;

	if (fault != FAULT_NONE)
		return call_fleet_reason(call, fault);
	reason = judge_kept(call, &kept);
	kept_use(call->store.fleet, &kept);
	call->policy_s = kept.checked_s;
	call->store.bastion = charter_uids(
	    &kept.charter, call->store.fleet->config, call->keeper->host);
	call->store.no_hotp = kept.charter.level < CHARTER_HOTP;
	kept_done(&kept);
	return reason;
}

/* Nobody is refused by a copy that may be replaced by now. */
static enum reason
load_shared(struct call *call, bool fresh)
{
	enum reason reason = load_kept(call, fresh);

	if (reason != REASON_NONE && !fresh)
		reason = load_kept(call, true);
	if (reason != REASON_NONE && !call->conduct.quiet)
		syslog(LOG_ERR, "the fleet: %s", reason_name(reason));
	return reason;
}

enum reason
call_load_policy(struct call *call, bool fresh)
{
	policy_done(&call->policy);
	call->policy = (struct policy){.version = 0};
	return call->store.fleet != NULL ? load_shared(call, fresh)
					 : load_file(call);
}

/* A record that is here is judged by this clock alone, as where there is no
 * fleet: the fleet's clock would be a way to keep its user out. */
enum reason
call_judge_clock(struct call *call, char *ret_off, size_t size)
{
	int64_t off_ms, off_s;

	if (call->store.fleet == NULL || is_local(call) ||
	    (call->kind->who > WHO_OWN && call->uid == 0) ||
	    !offset_read(call->store.dir, call->keeper->boot_id, &off_ms))
		return REASON_NONE;
	off_s = (off_ms < 0 ? -off_ms : off_ms) / 1000;
	if (off_s <= OFFSET_MOST_MS / 1000)
		return REASON_NONE;
	snprintf(ret_off, size, "%lld s", (long long)off_s);
	if (!call->conduct.quiet)
		syslog(LOG_ERR, "this bastion's clock is off by %s", ret_off);
	return REASON_CLOCK_OFF;
}
