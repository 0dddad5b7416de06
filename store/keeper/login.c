/*
 * What the gate asks, for the user that the kernel names: decide, judge,
 * enrol.  Each request is one locked update of the user's record; the answer
 * goes out only after that, and a pass only after it is logged.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>

#include "store/base/base32.h"
#include "store/wire/claims.h"
#include "store/base/cleanup.h"
#include "store/core/enroll.h"
#include "store/keeper/keeper.h"
#include "store/base/utf8.h"
#include "store/core/verify.h"

struct attempt {
	struct call *call;
	const char *event;
	struct login login;
	struct decision decision;
	struct outcome outcome;
	/* enrolment */
	uint8_t secret[ENROLL_SECRET_BYTES];
	char pending[DEVICE_ID_TEXT]; /* the id under which that waits */
	struct recovery recovery;
};

static void
deny(struct attempt *a, enum reason reason)
{
	a->outcome = (struct outcome){
	    .verdict = VERDICT_DENY, .reason = reason, .recovery_left = -1};
}

void
keeper_decide(struct call *call, const struct record *record,
    const struct login *login, struct decision *ret)
{
	struct groups_user user = {.name = call->user, .gid = call->gid};
	struct address address;
	struct subject subject = {.user = call->user,
	    .last_rule = record->last_rule,
	    .member = groups_member,
	    .ctx = &user};

	if (address_parse(login->address, &address))
		subject.address = &address;
	policy_decide(&call->policy, &subject, ret);
}

/*
 * What is decided before any code is looked at; whether the record must be
 * written for it alone.
 */
static enum change
decide(struct attempt *a, struct record *record)
{
	a->decision = (struct decision){.mode = MODE_NONE};
	if (record->uid != (int64_t)a->call->uid) {
		deny(a, REASON_UID_CHANGED);
		return CHANGE_NONE;
	}
	keeper_decide(a->call, record, &a->login, &a->decision);
	login_decide(
	    &a->call->policy, &a->decision, record, &a->login, &a->outcome);
	return a->outcome.changed ? CHANGE_WRITE : CHANGE_NONE;
}

static enum change
on_login(struct record *record, void *arg)
{
	return decide(arg, record);
}

/* The policy cannot decide: a pass code, or the answer stays why not. */
static void
judge_pass(struct attempt *a, struct record *record, const char *code)
{
	struct outcome judged;

	verify_pass(
	    &a->call->policy, record, &a->login, code, strlen(code), &judged);
	if (judged.reason == REASON_NONE)
		a->outcome.verdict = VERDICT_DENY;
	else
		a->outcome = judged;
}

/* Judges a code, where one was asked for. */
static void
judge(struct attempt *a, struct record *record, const char *code)
{
	struct outcome judged;

	if (a->decision.mode == MODE_NONE) {
		judge_pass(a, record, code);
		return;
	}
	verify_code(
	    &a->call->policy, record, &a->login, code, strlen(code), &judged);
	if (judged.verdict == VERDICT_ENROLL && a->outcome.may_skip) {
		judged.may_skip = true;
		judged.reason = a->outcome.reason == REASON_OFFER_CODE_DUE
		    ? REASON_OFFER_DUE
		    : REASON_OFFER;
	}
	judged.changed |= a->outcome.changed;
	judged.deadline_s = a->outcome.deadline_s;
	judged.first = a->outcome.first;
	judged.open_s = a->outcome.open_s;
	a->outcome = judged;
}

static enum change
on_verify(struct record *record, void *arg)
{
	struct attempt *a = arg;

	decide(a, record);
	if (a->outcome.verdict == VERDICT_CHALLENGE)
		judge(a, record, a->call->request.code);
	return a->outcome.changed ? CHANGE_WRITE : CHANGE_NONE;
}

static enum change
on_skip(struct record *record, void *arg)
{
	struct attempt *a = arg;

	decide(a, record);
	if (a->outcome.may_skip)
		login_put_off(record, &a->login, &a->outcome);
	else if (a->outcome.reason == REASON_ASK)
		a->outcome.reason = REASON_ELSEWHERE;
	return a->outcome.changed ? CHANGE_WRITE : CHANGE_NONE;
}

/*
 * Whether this login may set up a device: by the one rule for that, whether it
 * was offered or put off in another window, or as it holds an enrolment code.
 * If not, the outcome is the answer.
 */
static bool
may_enroll(struct attempt *a, struct record *record)
{
	const struct policy *policy = &a->call->policy;

	if (a->outcome.verdict != VERDICT_ENROLL &&
	    a->outcome.first == FIRST_SELF) {
		a->outcome.verdict = VERDICT_ENROLL;
		a->outcome.reason = REASON_SETUP;
	} else if (a->call->request.enroll_code[0] != '\0' &&
	    (a->outcome.verdict == VERDICT_CHALLENGE ||
		a->outcome.first == FIRST_CODE))
		judge(a, record, a->call->request.enroll_code);
	if (a->outcome.verdict != VERDICT_ENROLL)
		return false;
	if ((int64_t)record->devices.count >= policy->enrollment.max_devices) {
		deny(a, REASON_NOT_ALLOWED);
		return false;
	}
	return true;
}

/*
 * Another window of this user set up a device while this one was about to.  It
 * goes on as a login does that has a device.
 */
static bool
is_elsewhere(struct attempt *a, const struct record *record)
{
	if (record->devices.count == 0 ||
	    a->outcome.verdict != VERDICT_CHALLENGE ||
	    enroll_is_pending(record, a->call->request.device))
		return false;
	if (a->outcome.reason == REASON_ASK)
		a->outcome.reason = REASON_ELSEWHERE;
	return true;
}

static enum change
on_enroll_begin(struct record *record, void *arg)
{
	struct attempt *a = arg;

	decide(a, record);
	if (may_enroll(a, record)) {
		if (enroll_begin(record, a->secret, "phone", a->login.now_s) !=
		    FAULT_NONE) {
			deny(a, REASON_STORE);
			return CHANGE_NONE;
		}
		memcpy(a->pending, record->pending.id, sizeof(a->pending));
		a->outcome.changed = true;
	}
	return a->outcome.changed ? CHANGE_WRITE : CHANGE_NONE;
}

static enum change
on_enroll_confirm(struct record *record, void *arg)
{
	struct attempt *a = arg;
	const char *code = a->call->request.code;

	decide(a, record);
	if (!is_elsewhere(a, record) && may_enroll(a, record) &&
	    enroll_confirm(&a->call->policy, record, &a->login,
		a->call->request.device, code, strlen(code), &a->recovery,
		&a->outcome) != FAULT_NONE) {
		deny(a, REASON_STORE);
		return CHANGE_NONE;
	}
	return a->outcome.changed ? CHANGE_WRITE : CHANGE_NONE;
}

static void __attribute__((format(printf, 3, 4)))
add_detail(char *ret, size_t size, const char *format, ...)
{
	size_t len = strlen(ret);
	va_list args;

	if (len > 0)
		len += (size_t)snprintf(ret + len, size - len, "; ");
	va_start(args, format);
	vsnprintf(ret + len, size - len, format, args);
	va_end(args);
}

/* What a line says beside its fields; ret is empty. */
static void
say_detail(const struct attempt *a, char *ret, size_t size)
{
	int64_t drift_s = a->outcome.drift_s;
	int64_t off_s = drift_s < 0 ? -drift_s : drift_s;

	if (a->call->request.auth_path[0] == '\0')
		snprintf(ret, size, "sshd did not say which key");
	if (a->decision.mode == MODE_NONE && a->decision.name[0] != '\0')
		add_detail(ret, size, "%s: %s", reason_name(a->decision.reason),
		    a->decision.name);
	else if (off_s != 0)
		add_detail(ret, size, "would fit a clock %lld s %s",
		    (long long)off_s, drift_s > 0 ? "ahead" : "behind");
}

/* A line for what is final.  False where a pass could not be logged. */
static bool
audit(struct attempt *a)
{
	struct call *call = a->call;
	const char *command = call->request.command;
	/* The enrolment is over, the login is not. */
	bool is_over = a->outcome.reason == REASON_ELSEWHERE;
	struct audit entry;

	if (a->outcome.verdict != VERDICT_PASS &&
	    a->outcome.verdict != VERDICT_DENY && !is_over)
		return true;
	keeper_audit_init(call, a->event, call->user, &entry);
	snprintf(entry.verdict, sizeof(entry.verdict), "%s",
	    verdict_name(is_over ? VERDICT_DENY : a->outcome.verdict));
	snprintf(entry.reason, sizeof(entry.reason), "%s",
	    reason_name(a->outcome.reason));
	if (a->decision.rule != NULL)
		memcpy(entry.rule, a->decision.rule->name, sizeof(entry.rule));
	memcpy(entry.address, a->login.address, sizeof(entry.address));
	memcpy(entry.key, a->login.key, sizeof(entry.key));
	memcpy(entry.device, a->outcome.device, sizeof(entry.device));
	if (command != NULL)
		utf8_clean(command, strlen(command), entry.command,
		    sizeof(entry.command));
	say_detail(a, entry.detail, sizeof(entry.detail));
	return keeper_audit(call, &entry);
}

static void __attribute__((format(printf, 2, 3)))
note(struct reply *reply, const char *format, ...)
{
	struct note *n = list_add(&reply->notes, sizeof(*n));
	va_list ap;

	if (n == NULL)
		return;
	va_start(ap, format);
	vsnprintf(n->text, sizeof(n->text), format, ap);
	va_end(ap);
}

/* With the two lines of others that follow and precede them. */
_Static_assert(ANNOUNCE_MAX + 2 <= NOTES_MAX, "a reply takes all notes");
_Static_assert(ANNOUNCE_TEXT <= MESSAGE_TEXT, "a note takes a line");

/* What she should know before her session begins. */
static void
add_notes(const struct outcome *outcome, struct reply *reply)
{
	if (outcome->verdict != VERDICT_PASS)
		return;
	if (outcome->failed > 0)
		note(reply,
		    "%lld wrong code%s since your last login, the last from "
		    "%s.",
		    (long long)outcome->failed, outcome->failed == 1 ? "" : "s",
		    outcome->failed_from[0] != '\0' ? outcome->failed_from
						    : "an unknown address");
	for (size_t i = 0; i < outcome->news.count; i++)
		note(reply, "%s", outcome->news.lines[i]);
	if (outcome->recovery_left >= 0 && outcome->recovery_left <= 2)
		note(reply, "Only %ld recovery code%s left.",
		    outcome->recovery_left,
		    outcome->recovery_left == 1 ? "" : "s");
}

static void
fill(struct attempt *a, struct reply *reply)
{
	const struct outcome *outcome = &a->outcome;
	const struct policy *policy = &a->call->policy;
	struct reason_facts facts = {.wait_s = outcome->wait_s,
	    .deadline_s = outcome->deadline_s,
	    .again_s = outcome->again_s,
	    .open_s = outcome->open_s,
	    .may_add = outcome->first != FIRST_NO,
	    .name = outcome->name,
	    .spent_s = outcome->spent_s};

	if (outcome->deadline_s > a->login.now_s)
		facts.left_s = outcome->deadline_s - a->login.now_s;
	reply->verdict = outcome->verdict;
	reply->reason = outcome->reason;
	reason_say(
	    outcome->reason, &facts, reply->message, sizeof(reply->message));
	reply->may_skip = outcome->may_skip;
	reply->left_s = facts.left_s;
	reply->tries = policy->attempts.per_login;
	reply->timeout_s = policy->attempts.timeout_s;
	add_notes(outcome, reply);
}

/* Where the gate finds what a key may run. */
static void
add_key_files(const struct policy *policy, struct reply *reply)
{
	for (size_t i = 0; i < policy->keys.files.count; i++) {
		struct note *file = list_add(&reply->key_files, sizeof(*file));

		if (file != NULL)
			snprintf(file->text, sizeof(file->text), "%s",
			    policy->keys.files.items[i].text);
	}
	reply->unlisted = policy->keys.unlisted == UNLISTED_ALLOW;
}

/* Who the gate then runs a session for, and where: it asks no directory. */
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
deny_account(struct attempt *a)
{
	a->call->broken = true;
	deny(a, REASON_BAD_ACCOUNT);
	snprintf(a->outcome.name, sizeof(a->outcome.name), "%s", a->call->user);
	(void)audit(a); /* a denial all the same */
}

/* The update, the audit, and what is left of the outcome after both. */
static void
settle(struct attempt *a, enum change (*change)(struct record *, void *))
{
	struct call *call = a->call;
	enum fault fault = store_update(
	    &call->store, call->user, call->uid, change, a);

	if (fault != FAULT_NONE)
		deny(a, keeper_store_reason(call, fault));
	if (a->outcome.reason == REASON_GROUP_ERROR)
		call->broken = true;
	if (!audit(a) && a->outcome.verdict == VERDICT_PASS)
		deny(a, REASON_NO_LOG);
}

static void
begin(struct attempt *a, struct call *call, const char *event)
{
	*a = (struct attempt){.call = call, .event = event};
	deny(a, REASON_STORE);
	claims_login(
	    &call->request, call->keeper->boot_id, call->now_s, &a->login);
}

static void
answer(struct call *call, const char *event,
    enum change (*change)(struct record *, void *))
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};
	struct attempt a;

	begin(&a, call, event);
	settle(&a, change);
	fill(&a, &reply);
	keeper_say_drift(&a.outcome, false, &reply);
	keeper_reply(call, &reply);
}

void
keeper_login(struct call *call)
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};
	struct attempt a;

	begin(&a, call, "login");
	if (add_account(call, &reply))
		settle(&a, on_login);
	else
		deny_account(&a);
	fill(&a, &reply);
	add_key_files(&call->policy, &reply);
	call->may_follow = keeper_reply(call, &reply) &&
	    a.outcome.verdict == VERDICT_CHALLENGE;
}

void
keeper_verify(struct call *call)
{
	answer(call, "verify", on_verify);
}

void
keeper_skip(struct call *call)
{
	answer(call, "skip", on_skip);
}

/* What only the gate can find out, who reads the key's lines as the user and
 * sits at the terminal, if there is one. */
static bool
is_of_gate(enum reason reason)
{
	static const enum reason of_gate[] = {REASON_KEY_UNLISTED,
	    REASON_KEY_IN_OPEN_FILE, REASON_KEY_DOUBTFUL, REASON_KEY_UNKNOWN,
	    REASON_KEY_FILE, REASON_KEY_SPOILT, REASON_KEY_SEVERAL,
	    REASON_KEY_ODD, REASON_KEY_COMMANDS, REASON_KEY_TMP,
	    REASON_NEEDS_TERMINAL, REASON_DEVICE_TERMINAL, REASON_NO_CODE,
	    REASON_EMPTY_CODE};

	for (size_t i = 0; i < sizeof(of_gate) / sizeof(of_gate[0]); i++)
		if (of_gate[i] == reason)
			return true;
	return false;
}

/* The gate refuses what may have passed here: a line for the log. */
void
keeper_refuse(struct call *call)
{
	enum reason reason = call->request.reason;
	struct attempt a;

	call->conduct.quiet = call->conduct.quiet_claims;
	if (!is_of_gate(reason)) {
		keeper_misunderstand(call, "reason", "is none of a gate's");
		return;
	}
	begin(&a, call, "login");
	deny(&a, reason);
	if (audit(&a)) {
		call->told = (call->told & ~TOLD_REFUSAL) | TOLD_CLAIM;
		keeper_done(call);
	} else {
		keeper_deny(call, REASON_NO_LOG, "");
	}
}

bool
keeper_draw(void *bytes, size_t len)
{
	return getrandom(bytes, len, 0) == (ssize_t)len;
}

void
keeper_say_drift(
    const struct outcome *outcome, bool knows_secret, struct reply *reply)
{
	if (outcome->reason != REASON_WRONG_CODE || outcome->drift_s == 0 ||
	    (outcome->drift_s > 0 && !knows_secret))
		return;
	drift_say(outcome->drift_s, reply->message, sizeof(reply->message));
}

void
keeper_add_secret(struct call *call,
    const uint8_t secret[static ENROLL_SECRET_BYTES], struct reply *reply)
{
	reply->timeout_s = ENROLL_S;
	snprintf(reply->user, sizeof(reply->user), "%s", call->user);
	snprintf(
	    reply->issuer, sizeof(reply->issuer), "%s", call->policy.issuer);
	if (base32_encode(secret, ENROLL_SECRET_BYTES, reply->secret,
		sizeof(reply->secret)) != FAULT_NONE)
		reply->secret[0] = '\0';
}

bool
keeper_add_codes(const struct recovery *recovery, struct reply *reply)
{
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		struct note *code = list_add(&reply->codes, sizeof(*code));

		if (code == NULL)
			return false;
		onetime_format(recovery->codes[i], code->text);
	}
	return true;
}

void
keeper_drop_codes(struct reply *reply)
{
	while (reply->codes.count > 0)
		list_drop(&reply->codes, sizeof(struct note), 0);
}

void
keeper_enroll_begin(struct call *call)
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};
	struct attempt a;

	begin(&a, call, "enroll_begin");
	if (keeper_draw(a.secret, sizeof(a.secret)))
		settle(&a, on_enroll_begin);
	fill(&a, &reply);
	if (a.outcome.verdict == VERDICT_ENROLL) {
		keeper_add_secret(call, a.secret, &reply);
		memcpy(reply.device, a.pending, sizeof(reply.device));
	}
	keeper_reply(call, &reply);
	explicit_bzero(&a, sizeof(a));
}

void
keeper_enroll_confirm(struct call *call)
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};
	struct attempt a;

	begin(&a, call, "enroll");
	if (keeper_draw(&a.recovery, sizeof(a.recovery)) &&
	    keeper_add_codes(&a.recovery, &reply))
		settle(&a, on_enroll_confirm);
	if (a.outcome.reason != REASON_ENROLLED)
		keeper_drop_codes(&reply);
	fill(&a, &reply);
	keeper_say_drift(&a.outcome, true, &reply);
	keeper_reply(call, &reply);
	explicit_bzero(&a, sizeof(a));
}
