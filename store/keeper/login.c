/*
 * Answers tfa-gate, for the user that the kernel names: decides a login, judges
 * a code, sets up a device.  Each of these requests decides the login anew.
 */
#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/base/utf8.h"
#include "store/core/door.h"
#include "store/core/verify.h"
#include "store/fleet/fleet.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"

static void
login_find(struct deed *deed, struct record *record)
{
	struct call *call = deed->call;

	call_decide(call, record, &deed->login, &deed->decision);
	login_decide(&call->policy, &deed->decision, record, &deed->login,
	    &deed->outcome);
}

/* A denial of the policy keeps its own reason. */
void
on_login(struct deed *deed, struct record *record)
{
	enum reason reason = deed->call->request.reason;

	login_find(deed, record);
	if (reason != REASON_NONE && deed->outcome.verdict != VERDICT_DENY) {
		deed_deny(deed, reason);
		deed->claimed = true;
	}
}

/* Where no device's code is asked for: a pass code passes, a wrong one is
 * counted.  For whatever else was typed the answer stays, as a denial. */
static void
login_judge_pass(struct deed *deed, struct record *record, const char *code)
{
	struct outcome judged;

	verify_pass(&deed->call->policy, record, &deed->login, code,
	    strlen(code), &judged);
	if (judged.reason == REASON_NONE)
		deed->outcome.verdict = VERDICT_DENY;
	else
		deed->outcome = judged;
}

/* Judges a code, where one was asked for. */
static void
login_judge(struct deed *deed, struct record *record, const char *code)
{
	const struct outcome asked = deed->outcome;
	struct outcome *judged = &deed->outcome;

	if (deed->decision.mode == MODE_NONE) {
		login_judge_pass(deed, record, code);
		return;
	}
	verify_code(&deed->call->policy, record, &deed->login, code,
	    strlen(code), judged);
	if (judged->verdict == VERDICT_ENROLL && asked.may_skip) {
		judged->may_skip = true;
		judged->reason = asked.reason == REASON_OFFER_CODE_DUE
		    ? REASON_OFFER_DUE
		    : REASON_OFFER;
	}
	judged->changed |= asked.changed;
	judged->deadline_s = asked.deadline_s;
	judged->first = asked.first;
	if (deed->login.door)
		door_judge(judged);
	judged->open_s = asked.open_s;
}

void
on_verify(struct deed *deed, struct record *record)
{
	login_find(deed, record);
	if (deed->outcome.verdict == VERDICT_CHALLENGE)
		login_judge(deed, record, deed->call->request.code);
}

void
on_skip(struct deed *deed, struct record *record)
{
	login_find(deed, record);
	if (deed->outcome.may_skip)
		login_put_off(record, &deed->login, &deed->outcome);
	else if (deed->outcome.reason == REASON_ASK)
		deed->outcome.reason = REASON_ELSEWHERE;
	if (deed->outcome.verdict == VERDICT_ENROLL)
		deed->outcome.verdict = VERDICT_DENY; /* it was put off */
}

/*
 * True if this login may set up a device: because the login was told to, or
 * login_first() lets it although another window put the offer off, or it has a
 * code to enrol with.  If false, the outcome is the answer.
 */
static bool
may_enroll(struct deed *deed, struct record *record)
{
	const struct call *call = deed->call;
	struct outcome *outcome = &deed->outcome;

	if (outcome->verdict != VERDICT_ENROLL &&
	    outcome->first == FIRST_SELF) {
		outcome->verdict = VERDICT_ENROLL;
		outcome->reason = REASON_SETUP;
	} else if (call->request.enroll_code[0] != '\0' &&
	    (outcome->verdict == VERDICT_CHALLENGE ||
		outcome->first == FIRST_CODE))
		login_judge(deed, record, call->request.enroll_code);
	if (outcome->verdict != VERDICT_ENROLL)
		return false;
	if ((int64_t)record->devices.count >=
	    call->policy.enrollment.max_devices) {
		deed_deny(deed, REASON_NOT_ALLOWED);
		return false;
	}
	return true;
}

/*
 * Another window of this user set up a device while this one was about to.
 * This login goes on as that of a user who has a device.
 */
static bool
is_elsewhere(struct deed *deed, const struct record *record)
{
	if (record->devices.count == 0 ||
	    deed->outcome.verdict != VERDICT_CHALLENGE ||
	    enroll_is_pending(record, deed->call->request.device))
		return false;
	if (deed->outcome.reason == REASON_ASK)
		deed->outcome.reason = REASON_ELSEWHERE;
	return true;
}

void
on_enroll_begin(struct deed *deed, struct record *record)
{
	login_find(deed, record);
	if (!may_enroll(deed, record))
		return;
	if (enroll_begin(record, deed->drawn.secret, "phone",
		deed->login.now_s) != FAULT_NONE) {
		deed_deny(deed, REASON_STORE);
		return;
	}
	memcpy(deed->pending, record->pending.id, sizeof(deed->pending));
	deed->outcome.changed = true;
}

/* A pass code in place of the new device's first code lets in, and sets nothing
 * up.  Without one in the record nothing is judged, and nothing is counted. */
static void
pass_instead(struct deed *deed, struct record *record, const char *code)
{
	if (record_codes_left(record, CODE_PASS, deed->login.now_s) == 0)
		return;
	login_judge_pass(deed, record, code);
	if (deed->outcome.reason != REASON_NOT_DIGITS)
		deed->event = "verify";
}

void
on_enroll_confirm(struct deed *deed, struct record *record)
{
	const struct request *request = &deed->call->request;

	login_find(deed, record);
	if (is_elsewhere(deed, record) || !may_enroll(deed, record))
		return;
	deed->knows_secret = true;
	if (enroll_confirm(&deed->call->policy, record, &deed->login,
		request->device, request->code, strlen(request->code),
		&deed->drawn.recovery, &deed->outcome) != FAULT_NONE)
		deed_deny(deed, REASON_STORE);
	else if (deed->outcome.reason == REASON_NOT_DIGITS)
		pass_instead(deed, record, request->code);
	deed->recovers = deed->outcome.reason == REASON_ENROLLED;
}

/* Names the user and their home and shell to the gate, which asks no directory
 * itself.  False if one of these is no text. */
static bool
add_account(struct call *call, struct reply *reply)
{
	if (!utf8_is_clean(call->home) || !utf8_is_clean(call->shell) ||
	    strlen(call->home) > ACCOUNT_MAX ||
	    strlen(call->shell) > ACCOUNT_MAX)
		return false;
	memcpy(reply->user, call->user, sizeof(reply->user));
	reply->home = take(call->home);
	reply->shell = take(call->shell);
	return true;
}

static void
deny_account(struct deed *deed)
{
	struct call *call = deed->call;

	call->broken = true;
	deed_deny(deed, REASON_BAD_ACCOUNT);
	memcpy(deed->outcome.name, call->user, sizeof(call->user));
	(void)deed_audit(deed); /* it is a denial either way */
}

/* A client that sends no "hardware" is of an older release, or its key is of
 * another kind: the files of hardware keys mean nothing to it. */
static bool
asks_for_hardware(const struct call *call)
{
	return (call->carried & TAKES(HARDWARE)) != 0;
}

/* True if this gate has judged the key by another word than the policy's. */
static bool
must_look(const struct call *call)
{
	char name[KEYS_NAME];

	if ((call->carried & TAKES(KEYS)) == 0 && !asks_for_hardware(call))
		return false;
	policy_keys_name(&call->policy.keys, asks_for_hardware(call), name);
	return strcmp(call->request.keys, name) != 0;
}

static void
add_names(void *ret_notes, const void *names)
{
	struct list l;

	memcpy(&l, names, sizeof(l));
	for (size_t i = 0; i < l.count; i++)
		(void)answer_add(
		    ret_notes, "%s", ((const struct name *)l.items + i)->text);
}

/* Nothing is decided, so nothing is logged: names the files in which the gate
 * finds what a key may run. */
static void
have_look(struct deed *deed)
{
	const struct keys *keys = &deed->call->policy.keys;
	bool hardware = asks_for_hardware(deed->call);
	struct reply *reply = &deed->reply;

	deed_deny(deed, REASON_LOOK);
	policy_keys_name(keys, hardware, reply->keys);
	add_names(&reply->key_files, &keys->files);
	if (hardware) {
		add_names(&reply->hardware_files, &keys->hardware_files);
		add_names(
		    &reply->hardware_authorities, &keys->hardware_authorities);
	}
	reply->unlisted = keys->unlisted == UNLISTED_ALLOW;
}

static enum follow
follow_of(struct call *call, const struct outcome *outcome)
{
	bool first = !call->looked;

	if (outcome->verdict == VERDICT_CHALLENGE)
		return FOLLOW_VERIFY;
	if (outcome->reason != REASON_LOOK)
		return FOLLOW_NOTHING;
	call->looked = true;
	return first ? FOLLOW_LOGIN : FOLLOW_NOTHING;
}

/* By which files of keys to judge is the policy's to say, too. */
static void
decide_login(struct deed *deed)
{
	do {
		if (must_look(deed->call))
			have_look(deed);
		else
			deed_update(deed);
	} while (deed_is_again(deed));
}

/* True if the rule names somebody, and not everybody: who falls through to a rule
 * for everybody may have lost another rule, and only the record knows that. */
static bool
names_people(const struct rule *rule)
{
	if (rule == NULL)
		return false;
	list_each(const struct name, user, rule->users)
		if (strcmp(user->text, "*") == 0)
			return false;
	return true;
}

/* The door asks those who may forward, whom the record then lets in. */
static bool
pass_exempt(struct deed *deed)
{
	struct call *call = deed->call;
	const struct fleet *fleet = call->store.fleet;
	scoped_record struct record record = {.version = 0};

	if (fleet == NULL || fleet->config->away.exempt != FLEET_EXEMPT_PASS ||
	    deed->login.by_door || deed->login.door ||
	    call->request.reason != REASON_NONE ||
	    !call_has_recent_policy(call))
		return false;
	call->broken = true;
	record_init(&record, call->user, call->uid);
	call_decide(call, &record, &deed->login, &deed->decision);
	if (deed->decision.mode != MODE_EXEMPT ||
	    !names_people(deed->decision.rule))
		return false;
	deed->outcome = (struct outcome){.verdict = VERDICT_PASS,
	    .reason = REASON_EXEMPT,
	    .recovery_left = -1};
	return true;
}

static void
login_answer(struct call *call)
{
	struct deed deed;

	deed_begin(&deed, call);
	deed.decide_away = pass_exempt;
	if (!add_account(call, &deed.reply))
		deny_account(&deed);
	else
		decide_login(&deed);
	deed_fill(&deed);
	if (answer_send(call, &deed.reply))
		call->follow = follow_of(call, &deed.outcome);
	if (call->follow == FOLLOW_LOGIN) {
		call->home = take(deed.reply.home);
		call->shell = take(deed.reply.shell);
	}
	deed_done(&deed);
}

/* True if only a gate can find that out: it reads the key's lines as the user,
 * and has the terminal, if there is one. */
static bool
is_of_gate(enum reason reason)
{
	static const enum reason of_gate[] = {REASON_KEY_UNLISTED,
	    REASON_KEY_IN_OPEN_FILE, REASON_KEY_DOUBTFUL, REASON_KEY_UNKNOWN,
	    REASON_KEY_FILE, REASON_KEY_SPOILT, REASON_KEY_SEVERAL,
	    REASON_KEY_ODD, REASON_KEY_COMMANDS, REASON_KEY_TMP,
	    REASON_NEEDS_TERMINAL, REASON_DEVICE_TERMINAL, REASON_NO_CODE,
	    REASON_EMPTY_CODE, REASON_TRIES};

	for (size_t i = 0; i < sizeof(of_gate) / sizeof(of_gate[0]); i++)
		if (of_gate[i] == reason)
			return true;
	return false;
}

void
keeper_login(struct call *call)
{
	enum reason reason = call->request.reason;

	if (reason != REASON_NONE && !is_of_gate(reason))
		answer_misunderstood(call, "reason", "is none of a gate's");
	else
		login_answer(call);
}

/* Logs that the gate refuses a login, after the keeper let it go on. */
void
keeper_refuse(struct call *call)
{
	enum reason reason = call->request.reason;
	struct deed deed;

	if (!is_of_gate(reason)) {
		answer_misunderstood(call, "reason", "is none of a gate's");
		return;
	}
	deed_begin(&deed, call);
	deed_deny(&deed, reason);
	deed.claimed = true;
	if (deed_audit(&deed))
		answer_done(call);
	else
		answer_deny(call, REASON_NO_LOG, "");
	deed_done(&deed);
}
