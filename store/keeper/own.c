/*
 * Answers tfa: users change their own devices and recovery codes.  Each change
 * costs a current code, so that somebody who once had a session changes
 * nothing.  A first device costs none if the gate would let this user set one
 * up too: whoever has the session could have begun at the gate.
 */
#include <stdio.h>
#include <string.h>

#include "store/core/renew.h"
#include "store/core/verify.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"
#include "store/wire/claims.h"

static void
own_judge(struct deed *deed, struct record *record, const char *code)
{
	verify_code(&deed->call->policy, record, &deed->login, code,
	    strlen(code), &deed->outcome);
}

/* Judges the code of the request.  If false, the outcome is the answer. */
static bool
proves(struct deed *deed, struct record *record)
{
	if (record->devices.count == 0) {
		deed_deny(deed, REASON_NOT_ENROLLED);
		return false;
	}
	own_judge(deed, record, deed->call->request.code);
	/* A code to enrol with proves nothing. */
	if (deed->outcome.verdict == VERDICT_ENROLL)
		deed_deny(deed, REASON_WRONG_CODE);
	return deed->outcome.verdict == VERDICT_PASS;
}

/* True if the code is the recovery code of this very login, which then costs no
 * second one. */
static bool
renews(const struct deed *deed, const struct record *record)
{
	const char *code = deed->call->request.code;

	return renew_is_allowed(record, &deed->login, code, strlen(code));
}

/*
 * Judges an administrator's code to enrol with; asks for it if the request has
 * none.  It is not spent before the device is there.  A code to pass with is
 * refused, and stays good.  If false, the outcome is the answer.
 */
static bool
holds_enroll_code(struct deed *deed, struct record *record)
{
	const char *code = deed->call->request.enroll_code;

	if (code[0] == '\0') {
		deed->outcome.verdict = VERDICT_CHALLENGE;
		deed->outcome.reason = REASON_ASK_ONE_TIME;
		return false;
	}
	own_judge(deed, record, code);
	if (deed->outcome.verdict == VERDICT_PASS)
		deed_deny(deed, REASON_WRONG_CODE);
	return deed->outcome.verdict == VERDICT_ENROLL;
}

/* The reason that says how a user without a device may set one up. */
static enum reason
first_reason(const struct decision *decision, enum first first, bool in_grace)
{
	switch (decision->mode) {
	case MODE_NONE:
		return decision->reason;
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

static void
deny_first(struct deed *deed)
{
	const struct decision *decision = &deed->decision;

	deed_deny(deed, first_reason(decision, FIRST_NO, false));
	memcpy(deed->outcome.name, decision->name, sizeof(decision->name));
}

/* True if a user without a device may set one up, by the gate's own rule.  If
 * false, the outcome is the answer. */
static bool
may_set_up(struct deed *deed, struct record *record)
{
	struct call *call = deed->call;

	call_decide(call, record, &deed->login, &deed->decision);
	switch (login_first(
	    &call->policy, &deed->decision, record, deed->login.now_s)) {
	case FIRST_SELF:
		return true;
	case FIRST_CODE:
		return holds_enroll_code(deed, record);
	case FIRST_NO:
		break;
	}
	deny_first(deed);
	return false;
}

void
on_device_begin(struct deed *deed, struct record *record)
{
	const char *name = deed->call->request.device;
	size_t most = (size_t)deed->call->policy.enrollment.max_devices;

	if (record->devices.count >= most)
		deed_deny(deed, REASON_MANY_DEVICES);
	else if (name[0] != '\0' && !enroll_is_name_free(record, name))
		deed_deny(deed, REASON_NAME_TAKEN);
	else if (record->devices.count == 0
		? may_set_up(deed, record)
		: renews(deed, record) || proves(deed, record)) {
		if (enroll_begin(record, deed->drawn.secret,
			name[0] != '\0' ? name : "phone",
			deed->login.now_s) != FAULT_NONE) {
			deed_deny(deed, REASON_STORE);
			return;
		}
		memcpy(
		    deed->pending, record->pending.id, sizeof(deed->pending));
		if (deed->outcome.verdict == VERDICT_PASS)
			deed->paid_by = deed->outcome.reason;
		deed->outcome.verdict = VERDICT_ENROLL;
		deed->outcome.reason = REASON_SETUP;
		deed->outcome.changed = true;
	}
}

/* Somebody who knows the new device's code was told its secret.  For that they
 * gave a code; for a first device none is needed, which must still be so. */
void
on_device_confirm(struct deed *deed, struct record *record)
{
	const struct request *request = &deed->call->request;
	bool is_first = record->devices.count == 0;

	memset(deed->name, 0, sizeof(deed->name));
	if (is_first && !may_set_up(deed, record))
		return;
	deed->knows_secret = true;
	if (enroll_confirm(&deed->call->policy, record, &deed->login,
		request->device, request->code, strlen(request->code),
		&deed->drawn.recovery, &deed->outcome) != FAULT_NONE) {
		deed_deny(deed, REASON_STORE);
		return;
	}
	if (deed->outcome.verdict != VERDICT_PASS)
		return;
	deed->recovers = is_first;
	memcpy(deed->name,
	    record->devices.items[record->devices.count - 1].name,
	    sizeof(deed->name));
}

static int
find_device(const struct record *record, const char *id)
{
	for (size_t i = 0; i < record->devices.count; i++)
		if (strcmp(record->devices.items[i].id, id) == 0)
			return (int)i;
	return -1;
}

/* True if this user must have a device, from some address at least: the address
 * of this request is only what the user's own process claims. */
static bool
is_required(struct call *call, const struct record *record)
{
	struct somebody them;

	somebody_init(&them, call->user, call->gid);
	them.subject.last_rule = record->last_rule;
	return policy_may_require(&call->policy, &them.subject);
}

/* Spends a code only if the device may go. */
void
on_device_remove(struct deed *deed, struct record *record)
{
	int i = find_device(record, deed->call->request.device);

	if (i < 0)
		deed_deny(deed, REASON_NO_DEVICE);
	else if (record->devices.count == 1 && is_required(deed->call, record))
		deed_deny(deed, REASON_LAST_DEVICE);
	else if (proves(deed, record))
		enroll_remove(record, (size_t)i, deed->login.now_s);
}

void
on_recovery(struct deed *deed, struct record *record)
{
	if (!proves(deed, record))
		return;
	if (enroll_recovery(record, &deed->login, &deed->drawn.recovery) !=
	    FAULT_NONE)
		deed_deny(deed, REASON_STORE);
	else
		deed->recovers = true;
}

/* Says how a user without a device may set one up. */
static void
say_first(struct call *call, const struct decision *decision,
    const struct record *record, char *ret, size_t size)
{
	struct reason_facts facts = {.name = decision->name};
	enum first first = login_first(
	    &call->policy, decision, record, call->now_s);
	enum state state = login_state(
	    &call->policy, decision, record, call->now_s, &facts.deadline_s);
	bool in_grace;

	facts.left_s = facts.deadline_s - call->now_s;
	facts.may_add = first != FIRST_NO;
	in_grace = facts.left_s > 0 && state != STATE_BLOCKED;
	reason_say(first_reason(decision, first, in_grace), &facts, ret, size);
}

/* Says if a hardware key is enough, and what a user without a device can do. */
static void
say_ways(struct call *call, const struct record *record,
    char ret[static MESSAGE_TEXT])
{
	enum hardware_keys keys;
	struct decision decision;
	struct login login;
	size_t len;

	claims_login(
	    &call->request, call->keeper->boot_id, call->now_s, &login);
	call_decide(call, record, &login, &decision);
	keys = policy_hardware(&call->policy, &decision);
	if (keys != HARDWARE_KEYS_ASKED && !login_is_blocked(record))
		hardware_say(keys == HARDWARE_KEYS_WITH_PIN, ret, MESSAGE_TEXT);
	if (record->devices.count > 0)
		return;
	len = strlen(ret);
	if (len > 0)
		ret[len++] = ' ';
	say_first(call, &decision, record, ret + len, MESSAGE_TEXT - len);
}

/* The row, and at the end what else a login of this user would meet. */
void
keeper_status(struct call *call)
{
	scoped_record struct record record = {.version = 0};
	char message[MESSAGE_TEXT] = "";
	enum fault fault = call_read(call, call->user, call->uid, &record);
	enum reason reason;

	if (fault == FAULT_NONE && call_has_uid(call, &record, call->uid))
		say_ways(call, &record, message);
	reason = users_send_row(call, call->user);
	if (reason == REASON_NONE)
		answer_end(call, message);
	else
		answer_deny(call, reason, "");
}
