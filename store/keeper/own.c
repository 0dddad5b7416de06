/*
 * What tfa asks: own devices and recovery codes.  Each change costs a current
 * code, so that whoever once had a session changes nothing.  A first device
 * costs none where the gate would let this user set one up as well: whoever has
 * the session could also have begun at the gate.
 */
#include <stdio.h>
#include <string.h>

#include "store/wire/claims.h"
#include "store/base/cleanup.h"
#include "store/core/enroll.h"
#include "store/keeper/keeper.h"
#include "store/core/spent.h"
#include "store/core/verify.h"

struct change_of_own {
	struct call *call;
	struct login login;
	struct decision decision; /* where there is no device */
	struct outcome outcome;
	bool is_first;        /* device: it comes with recovery codes */
	char name[NAME_TEXT]; /* of the device, for the log */
	uint8_t secret[ENROLL_SECRET_BYTES];
	char pending[DEVICE_ID_TEXT]; /* the id under which that waits */
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

/*
 * An admin's code to enrol with, which is not spent before the device is there.
 * Without one it is asked for.  A code to pass with is none, and stays good.
 */
static bool
holds_enroll_code(struct change_of_own *own, struct record *record)
{
	const char *code = own->call->request.enroll_code;

	if (code[0] == '\0') {
		own->outcome.verdict = VERDICT_CHALLENGE;
		own->outcome.reason = REASON_ASK_ONE_TIME;
		return false;
	}
	verify_code(&own->call->policy, record, &own->login, code, strlen(code),
	    &own->outcome);
	if (own->outcome.verdict == VERDICT_PASS)
		deny(own, REASON_WRONG_CODE);
	return own->outcome.verdict == VERDICT_ENROLL;
}

/* Whether somebody without a device may set one up: by the gate's own rule. */
static bool
may_set_up(struct change_of_own *own, struct record *record)
{
	if (record->uid != (int64_t)own->call->uid) {
		deny(own, REASON_UID_CHANGED);
		return false;
	}
	keeper_decide(own->call, record, &own->login, &own->decision);
	switch (login_first(
	    &own->call->policy, &own->decision, record, own->login.now_s)) {
	case FIRST_SELF:
		return true;
	case FIRST_CODE:
		return holds_enroll_code(own, record);
	case FIRST_NO:
		break;
	}
	deny(own,
	    own->decision.mode == MODE_NONE         ? own->decision.reason
		: own->decision.mode == MODE_EXEMPT ? REASON_NOT_ASKED
						    : REASON_ADD_CLOSED);
	return false;
}

static enum change
on_begin(struct record *record, void *arg)
{
	struct change_of_own *own = arg;
	const char *name = own->call->request.device;

	own->is_first = record->devices.count == 0;
	if ((int64_t)record->devices.count >=
	    own->call->policy.enrollment.max_devices) {
		deny(own, REASON_MANY_DEVICES);
		return CHANGE_NONE;
	}
	if (own->is_first ? may_set_up(own, record) : proves(own, record)) {
		if (enroll_begin(record, own->secret,
			name[0] != '\0' ? name : "phone",
			own->login.now_s) != FAULT_NONE) {
			deny(own, REASON_STORE);
			return CHANGE_NONE;
		}
		memcpy(own->pending, record->pending.id, sizeof(own->pending));
		own->outcome.verdict = VERDICT_ENROLL;
		own->outcome.reason = REASON_SETUP;
		own->outcome.changed = true;
	}
	return changed(own);
}

/* Whoever knows the first code was told the secret: after giving a code, or
 * where none is needed, which must still be so. */
static enum change
on_confirm(struct record *record, void *arg)
{
	struct change_of_own *own = arg;
	const char *code = own->call->request.code;

	own->is_first = record->devices.count == 0;
	memset(own->name, 0, sizeof(own->name));
	if (record->uid != (int64_t)own->call->uid)
		deny(own, REASON_UID_CHANGED);
	else if (own->is_first && !may_set_up(own, record))
		return changed(own);
	else if (enroll_confirm(&own->call->policy, record, &own->login,
		     own->call->request.device, code, strlen(code),
		     &own->recovery, &own->outcome) != FAULT_NONE)
		deny(own, REASON_STORE);
	else if (own->outcome.verdict == VERDICT_PASS)
		memcpy(own->name,
		    record->devices.items[record->devices.count - 1].name,
		    sizeof(own->name));
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

	if (own->outcome.verdict != VERDICT_PASS &&
	    own->outcome.verdict != VERDICT_DENY)
		return true;
	keeper_audit_init(call, call->request.request, call->user, &entry);
	snprintf(entry.verdict, sizeof(entry.verdict), "%s",
	    verdict_name(own->outcome.verdict));
	snprintf(entry.reason, sizeof(entry.reason), "%s",
	    reason_name(own->outcome.reason));
	memcpy(entry.address, own->login.address, sizeof(entry.address));
	memcpy(entry.key, own->login.key, sizeof(entry.key));
	memcpy(entry.device, own->outcome.device, sizeof(entry.device));
	memcpy(entry.detail, own->name, sizeof(own->name));
	return keeper_audit(call, &entry);
}

static void
fill(const struct change_of_own *own, struct reply *reply)
{
	struct reason_facts facts = {.wait_s = own->outcome.wait_s,
	    .name = own->decision.name,
	    .spent_s = own->outcome.spent_s};

	reply->verdict = own->outcome.verdict;
	reply->reason = own->outcome.reason;
	if (own->outcome.verdict == VERDICT_DENY ||
	    own->outcome.verdict == VERDICT_CHALLENGE)
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
	memcpy(own->name, call->request.device, sizeof(own->name));
}

/* What somebody without a device should know of setting one up. */
static enum reason
first_reason(const struct change_of_own *own, enum first first, bool in_grace)
{
	switch (own->decision.mode) {
	case MODE_NONE:
		return own->decision.reason;
	case MODE_EXEMPT:
		return REASON_NOT_ASKED;
	case MODE_REQUIRED:
		if (in_grace)
			return REASON_GRACE;
		break;
	case MODE_OPTIONAL:
		break;
	}
	return first == FIRST_NO ? REASON_ADD_CLOSED : REASON_ADD;
}

/* By the code that decides logins, on a copy of the record that is not kept. */
static void
say_first(
    struct change_of_own *own, struct record *record, char *ret, size_t size)
{
	const int64_t now_s = own->login.now_s;
	struct reason_facts facts = {.name = own->decision.name};
	enum first first;
	enum state state;

	keeper_decide(own->call, record, &own->login, &own->decision);
	first = login_first(&own->call->policy, &own->decision, record, now_s);
	state = login_state(&own->call->policy, &own->decision, record, now_s,
	    &facts.deadline_s);
	facts.left_s = facts.deadline_s - now_s;
	facts.may_add = first != FIRST_NO;
	reason_say(first_reason(
		       own, first, facts.left_s > 0 && state != STATE_BLOCKED),
	    &facts, ret, size);
}

/* The row, and at the end a sentence to whoever has no device. */
void
keeper_status(struct call *call)
{
	scoped_reply struct reply reply = {
	    .version = PROTOCOL_VERSION, .end = true};
	scoped_record struct record record = {.version = 0};
	struct change_of_own own;
	enum fault fault = store_read(&call->store, call->user, &record);

	begin(&own, call);
	if (fault == FAULT_ABSENT)
		record_init(&record, call->user, call->uid);
	if ((fault == FAULT_NONE || fault == FAULT_ABSENT) &&
	    record.uid == (int64_t)call->uid && record.devices.count == 0)
		say_first(&own, &record, reply.message, sizeof(reply.message));
	reply.verdict = VERDICT_PASS;
	reply.reason = REASON_DONE;
	if (keeper_send_row(call, call->user))
		keeper_reply(call, &reply);
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
	if (own.outcome.verdict == VERDICT_ENROLL) {
		keeper_add_secret(call, own.secret, &reply);
		memcpy(reply.device, own.pending, sizeof(reply.device));
	}
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
	if ((change != on_recovery && !own.is_first) ||
	    own.outcome.verdict != VERDICT_PASS)
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
