/*
 * What tfa asks: own devices and recovery codes.  Each change costs a current
 * code, so that whoever once had a session changes nothing.
 */
#include <stdio.h>
#include <string.h>

#include "claims.h"
#include "cleanup.h"
#include "enroll.h"
#include "keeper.h"
#include "spent.h"
#include "verify.h"

struct change_of_own {
	struct call *call;
	struct login login;
	struct outcome outcome;
	uint8_t secret[ENROLL_SECRET_BYTES];
	struct recovery recovery;
};

static void
deny(struct change_of_own *own, enum reason reason)
{
	own->outcome = (struct outcome){
	    .verdict = VERDICT_DENY, .reason = reason, .recovery_left = -1};
}

/* Judges the code that the request carries; PASS, or the answer. */
static bool
proves(struct change_of_own *own, struct record *record)
{
	const char *code = own->call->request.code;

	if (record->uid != (int64_t)own->call->uid) {
		deny(own, REASON_UID_CHANGED);
		return false;
	}
	if (record->devices.count == 0) {
		deny(own, REASON_NOT_ENROLLED);
		return false;
	}
	verify_code(&own->call->policy, record, &own->login, code, strlen(code),
	    &own->outcome);
	/* A code to enrol with is none of hers. */
	if (own->outcome.verdict == VERDICT_ENROLL)
		deny(own, REASON_WRONG_CODE);
	return own->outcome.verdict == VERDICT_PASS;
}

static enum change
changed(const struct change_of_own *own)
{
	return own->outcome.changed ? CHANGE_WRITE : CHANGE_NONE;
}

static enum change
on_begin(struct record *record, void *arg)
{
	struct change_of_own *own = arg;
	const char *name = own->call->request.device;

	if ((int64_t)record->devices.count >=
	    own->call->policy.enrollment.max_devices) {
		deny(own, REASON_MANY_DEVICES);
		return CHANGE_NONE;
	}
	if (proves(own, record)) {
		enroll_begin(record, own->secret,
		    name[0] != '\0' ? name : "phone", own->login.now_s);
		own->outcome.verdict = VERDICT_ENROLL;
		own->outcome.reason = REASON_SETUP;
	}
	return changed(own);
}

/* Whoever knows the first code was told the secret, after giving a code. */
static enum change
on_confirm(struct record *record, void *arg)
{
	struct change_of_own *own = arg;
	const char *code = own->call->request.code;

	if (record->uid != (int64_t)own->call->uid ||
	    record->devices.count == 0)
		deny(own, REASON_NOT_ENROLLED);
	else if (enroll_confirm(&own->call->policy, record, &own->login, code,
		     strlen(code), &own->recovery, &own->outcome) != FAULT_NONE)
		deny(own, REASON_STORE);
	return changed(own);
}

static int
find_device(const struct record *record, const char *id)
{
	for (size_t i = 0; i < record->devices.count; i++)
		if (strcmp(record->devices.items[i].id, id) == 0)
			return (int)i;
	return -1;
}

/* Whether this user must not be without a device, wherever she comes from:
 * the address is her own process's claim. */
static bool
is_required(struct call *call, const struct record *record)
{
	struct groups_user user = {.name = call->user, .gid = call->gid};
	struct subject subject = {.user = call->user,
	    .last_rule = record->last_rule,
	    .member = groups_member,
	    .ctx = &user};

	return policy_may_require(&call->policy, &subject);
}

/* What cannot be done is said before a code is spent on it. */
static enum change
on_remove(struct record *record, void *arg)
{
	struct change_of_own *own = arg;
	int i = find_device(record, own->call->request.device);

	if (i < 0)
		deny(own, REASON_NO_DEVICE);
	else if (record->devices.count == 1 && is_required(own->call, record))
		deny(own, REASON_LAST_DEVICE);
	else if (proves(own, record))
		enroll_remove(record, (size_t)i, own->login.now_s);
	return changed(own);
}

static enum change
on_recovery(struct record *record, void *arg)
{
	struct change_of_own *own = arg;

	if (proves(own, record) &&
	    enroll_recovery(record, &own->login, &own->recovery) != FAULT_NONE)
		deny(own, REASON_STORE);
	return changed(own);
}

static bool
audit(struct change_of_own *own)
{
	struct call *call = own->call;
	struct audit entry;

	if (own->outcome.verdict == VERDICT_ENROLL)
		return true;
	keeper_audit_init(call, call->request.request, call->user, &entry);
	snprintf(entry.verdict, sizeof(entry.verdict), "%s",
	    verdict_name(own->outcome.verdict));
	snprintf(entry.reason, sizeof(entry.reason), "%s",
	    reason_name(own->outcome.reason));
	memcpy(entry.address, own->login.address, sizeof(entry.address));
	memcpy(entry.key, own->login.key, sizeof(entry.key));
	memcpy(entry.device, own->outcome.device, sizeof(entry.device));
	snprintf(
	    entry.detail, sizeof(entry.detail), "%s", call->request.device);
	return keeper_audit(call, &entry);
}

static void
fill(const struct change_of_own *own, struct reply *reply)
{
	struct reason_facts facts = {.wait_s = own->outcome.wait_s,
	    .name = "",
	    .spent_s = own->outcome.spent_s};

	snprintf(reply->verdict, sizeof(reply->verdict), "%s",
	    verdict_name(own->outcome.verdict));
	snprintf(reply->reason, sizeof(reply->reason), "%s",
	    reason_name(own->outcome.reason));
	if (own->outcome.verdict == VERDICT_DENY)
		reason_say(own->outcome.reason, &facts, reply->message,
		    sizeof(reply->message));
	reply->tries = own->call->policy.attempts.per_login;
	reply->timeout_s = own->call->policy.attempts.timeout_s;
}

/* The update and its line in the audit. */
static void
settle(
    struct change_of_own *own, enum change (*change)(struct record *, void *))
{
	struct call *call = own->call;
	enum fault fault = store_update(
	    &call->store, call->user, call->uid, change, own);

	if (fault != FAULT_NONE)
		deny(own, keeper_store_reason(call, fault));
	if (!audit(own))
		deny(own, REASON_NO_LOG);
}

static void
begin(struct change_of_own *own, struct call *call)
{
	*own = (struct change_of_own){.call = call};
	deny(own, REASON_STORE);
	claims_login(
	    &call->request, call->keeper->boot_id, call->now_s, &own->login);
	own->login.proof = true;
}

void
keeper_status(struct call *call)
{
	if (keeper_send_row(call, call->user))
		keeper_end(call);
	else
		keeper_deny(call, REASON_STORE, "");
}

void
keeper_device_begin(struct call *call)
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};
	struct change_of_own own;

	begin(&own, call);
	if (keeper_draw(own.secret, sizeof(own.secret)))
		settle(&own, on_begin);
	fill(&own, &reply);
	keeper_say_drift(&own.outcome, false, &reply);
	if (own.outcome.verdict == VERDICT_ENROLL)
		keeper_add_secret(call, own.secret, &reply);
	keeper_reply(call, &reply);
	explicit_bzero(&own, sizeof(own));
}

static void
answer(struct call *call, enum change (*change)(struct record *, void *))
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};
	struct change_of_own own;

	begin(&own, call);
	if (keeper_draw(&own.recovery, sizeof(own.recovery)) &&
	    keeper_add_codes(&own.recovery, &reply))
		settle(&own, change);
	if (change != on_recovery || own.outcome.verdict != VERDICT_PASS)
		keeper_drop_codes(&reply);
	fill(&own, &reply);
	keeper_say_drift(&own.outcome, change == on_confirm, &reply);
	keeper_reply(call, &reply);
	explicit_bzero(&own, sizeof(own));
}

void
keeper_device_confirm(struct call *call)
{
	answer(call, on_confirm);
}

void
keeper_device_remove(struct call *call)
{
	answer(call, on_remove);
}

void
keeper_recovery(struct call *call)
{
	answer(call, on_recovery);
}
