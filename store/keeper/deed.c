#include "store/keeper/deed.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "store/base/utf8.h"
#include "store/keeper/answer.h"
#include "store/wire/claims.h"

#define POLICIES 4 /* that may be replaced while one request is served */

void
deed_deny(struct deed *deed, enum reason reason)
{
	deed->outcome = (struct outcome){
	    .verdict = VERDICT_DENY, .reason = reason, .recovery_left = -1};
	deed->paid_by = REASON_NONE;
}

void
deed_begin(struct deed *deed, struct call *call)
{
	*deed = (struct deed){.call = call,
	    .event = call->kind->logged,
	    .reply.version = PROTOCOL_VERSION};
	claims_login(
	    &call->request, call->keeper->boot_id, call->now_s, &deed->login);
	deed->login.proof = call->kind->who == WHO_OWN;
	deed->decides = call->kind->who == WHO_LOGIN ||
	    call->kind->who == WHO_SELF;
	memcpy(deed->name, call->request.device, sizeof(deed->name));
}

/* The recovery codes are in the reply before the record has them. */
static bool
deed_draw(struct deed *deed)
{
	return deed->policies > 0 || deed->call->kind->who == WHO_LOGIN ||
	    (call_draw(&deed->drawn, sizeof(deed->drawn)) &&
		answer_add_codes(&deed->drawn.recovery, &deed->reply));
}

/* Resets what an earlier call left: only the last call counts. */
static enum change
on_update(struct record *record, void *arg)
{
	struct deed *deed = arg;
	const struct call *call = deed->call;
	bool is_theirs = call_has_uid(call, record, call->uid);

	deed_deny(deed, is_theirs ? REASON_STORE : REASON_UID_CHANGED);
	deed->event = call->kind->logged;
	deed->decision = (struct decision){.mode = MODE_NONE};
	deed->recovers = false;
	deed->paid_by = REASON_NONE;
	deed->knows_secret = false;
	deed->claimed = false;
	deed->pending[0] = '\0';
	memcpy(deed->name, call->request.device, sizeof(deed->name));
	if (is_theirs)
		call->kind->change(deed, record);
	if (is_theirs &&
	    record_note_uid(
		record, store_bastion(&call->store, call->user), call->uid))
		deed->outcome.changed = true;
	return deed->outcome.changed ? CHANGE_WRITE : CHANGE_NONE;
}

/* Loads the policy that took the place of the one by which this was decided,
 * and into which the decision points.  False: it is refused instead. */
static bool
follow_policy(struct deed *deed)
{
	enum reason reason = REASON_BUSY;

	deed->decision = (struct decision){.mode = MODE_NONE};
	if (deed->policies++ < POLICIES)
		reason = call_load_policy(deed->call, true);
	if (reason != REASON_NONE)
		deed_deny(deed, reason);
	return reason == REASON_NONE;
}

bool
deed_is_again(struct deed *deed)
{
	bool again = deed->overtaken;

	deed->overtaken = false;
	return again;
}

/* Changes the record; false if the deed is to be decided anew. */
static bool
update_record(struct deed *deed)
{
	struct call *call = deed->call;
	enum fault fault = store_update(
	    &call->store, call->user, call->uid, on_update, deed);

	if (call_is_overtaken(call, fault)) {
		deed->overtaken = follow_policy(deed);
		return !deed->overtaken;
	}
	deed->away = fault == FAULT_AWAY && deed->decide_away != NULL &&
	    deed->decide_away(deed);
	if (fault != FAULT_NONE && !deed->away)
		deed_deny(deed, call_store_reason(call, fault));
	return true;
}

void
deed_update(struct deed *deed)
{
	struct call *call = deed->call;

	if (!deed_draw(deed)) {
		deed_deny(deed, REASON_STORE);
		return;
	}
	if (!update_record(deed))
		return;
	if (deed->outcome.reason == REASON_GROUP_ERROR)
		call->broken = true;
	if (!deed_audit(deed) &&
	    (deed->outcome.verdict == VERDICT_PASS ||
		deed->paid_by != REASON_NONE))
		deed_deny(deed, REASON_NO_LOG);
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

/* True if sshd should have said which key was used.  The door names a connection
 * by itself; sudo and su, which have no address, have no key. */
static bool
is_key_lost(const struct deed *deed)
{
	const struct request *request = &deed->call->request;

	if (deed->login.by_door)
		return request->auth == NULL;
	return request->auth_path[0] == '\0' && deed->login.address[0] != '\0';
}

/* Puts a login's rule, command and detail into a line. */
static void
audit_login(const struct deed *deed, struct audit *entry)
{
	const struct decision *decision = &deed->decision;
	const struct request *request = &deed->call->request;
	int64_t drift_s = deed->outcome.drift_s;
	int64_t off_s = drift_s < 0 ? -drift_s : drift_s;

	entry->door = deed->login.by_door;
	if (decision->rule != NULL)
		memcpy(entry->rule, decision->rule->name, sizeof(entry->rule));
	if (request->command != NULL && deed->call->policy.log_commands)
		utf8_clean(request->command, strlen(request->command),
		    entry->command, sizeof(entry->command));
	if (deed->away)
		add_detail(entry->detail, sizeof(entry->detail),
		    "the fleet's store is away");
	if (is_key_lost(deed))
		add_detail(entry->detail, sizeof(entry->detail),
		    "sshd did not say which key");
	if (decision->mode == MODE_NONE && decision->name[0] != '\0')
		add_detail(entry->detail, sizeof(entry->detail), "%s: %s",
		    reason_name(decision->reason), decision->name);
	else if (off_s != 0)
		add_detail(entry->detail, sizeof(entry->detail),
		    "would fit a clock %lld s %s", (long long)off_s,
		    drift_s > 0 ? "ahead" : "behind");
}

/* True if the login goes on after this denial: the client asks again. */
static bool
is_asked_again(const struct deed *deed)
{
	const struct request *request = &deed->call->request;
	enum reason reason = deed->outcome.reason;
	bool counted = reason_is_counted(reason);

	if (strcmp(deed->call->kind->name, "verify") == 0) {
		if (!reason_may_try_again(reason))
			return false;
	} else if (strcmp(deed->call->kind->name, "enroll_confirm") != 0 ||
	    (counted && reason != REASON_WRONG_CODE))
		return false;
	return deed->login.terminal && !(request->last && counted);
}

/* True if the outcome decides the login, so that its one line is due. */
static bool
is_decided(const struct deed *deed)
{
	const struct outcome *outcome = &deed->outcome;

	return deed->decides &&
	    (outcome->verdict == VERDICT_PASS ||
		(outcome->verdict == VERDICT_DENY && !is_asked_again(deed)));
}

static void
set_event(const char *event, struct audit *entry)
{
	snprintf(entry->event, sizeof(entry->event), "%s", event);
}

/* Writes a line, of what the client itself found or of what the keeper did. */
static bool
audit_deed(struct deed *deed, const struct audit *entry)
{
	struct call *call = deed->call;
	bool quiet = call->conduct.quiet, done;

	if (deed->claimed)
		call->conduct.quiet = call->conduct.quiet_claims;
	done = call_audit(call, entry);
	if (deed->claimed && done)
		call->report = (call->report & ~REPORTED_REFUSAL) |
		    REPORTED_CLAIM;
	call->conduct.quiet = quiet;
	return done;
}

static bool
write_decided(struct deed *deed, struct audit *entry)
{
	bool session = deed->login.by_door && !deed->login.door;

	if (deed->outcome.reason == REASON_ENROLLED) {
		if (!audit_deed(deed, entry))
			return false;
		entry->suppressed = 0; /* the first line says it */
	}
	set_event(session ? AUDIT_SESSION : AUDIT_LOGIN, entry);
	return audit_deed(deed, entry);
}

/* True if there is nothing to be logged: nothing is decided, or the door's
 * module asks once more about a login that has its line. */
static bool
is_silent(const struct deed *deed)
{
	const struct outcome *outcome = &deed->outcome;

	if (deed->paid_by != REASON_NONE)
		return false;
	if (outcome->verdict == VERDICT_PASS)
		return deed->call->request.judged && deed->login.door;
	/* The enrolment is over, the login goes on. */
	return outcome->verdict != VERDICT_DENY &&
	    outcome->reason != REASON_ELSEWHERE;
}

/* Puts what the line says happened into it. */
static void
say_outcome(const struct deed *deed, struct audit *entry)
{
	const struct outcome *outcome = &deed->outcome;

	if (deed->paid_by != REASON_NONE)
		call_audit_say(entry, VERDICT_PASS, deed->paid_by);
	else if (outcome->reason == REASON_ELSEWHERE)
		call_audit_say(entry, VERDICT_DENY, outcome->reason);
	else
		call_audit_say(entry, outcome->verdict, outcome->reason);
}

bool
deed_audit(struct deed *deed)
{
	const struct outcome *outcome = &deed->outcome;
	struct audit entry;

	if (is_silent(deed))
		return true;
	call_audit_init(deed->call, deed->event, deed->call->user, &entry);
	say_outcome(deed, &entry);
	memcpy(entry.address, deed->login.address, sizeof(entry.address));
	memcpy(entry.key, deed->login.key, sizeof(entry.key));
	memcpy(entry.device, outcome->device, sizeof(entry.device));
	memcpy(entry.target, deed->call->request.target, sizeof(entry.target));
	if (deed->login.proof)
		memcpy(entry.detail, deed->name, sizeof(deed->name));
	else
		audit_login(deed, &entry);
	return is_decided(deed) ? write_decided(deed, &entry)
				: audit_deed(deed, &entry);
}

/* The news stand between a line of failures and one of recovery codes. */
_Static_assert(ANNOUNCE_MAX + 2 <= NOTES_MAX, "a reply takes all notes");
_Static_assert(ANNOUNCE_TEXT <= MESSAGE_TEXT, "a note takes a line");

/* Adds what the user should know before a session begins. */
static void
add_notes(const struct outcome *outcome, struct reply *reply)
{
	if (outcome->failed > 0)
		(void)answer_add(&reply->notes,
		    "%lld wrong code%s since your last login, the last from "
		    "%s.",
		    (long long)outcome->failed, outcome->failed == 1 ? "" : "s",
		    outcome->failed_from[0] != '\0' ? outcome->failed_from
						    : "an unknown address");
	for (size_t i = 0; i < outcome->news.count; i++)
		(void)answer_add(&reply->notes, "%s", outcome->news.lines[i]);
	if (outcome->recovery_left == 0)
		(void)answer_add(&reply->notes,
		    "That was your last recovery code. tfa recovery makes ten "
		    "new ones.");
	else if (outcome->recovery_left > 0 && outcome->recovery_left <= 2)
		(void)answer_add(&reply->notes,
		    "Only %ld recovery code%s left. tfa recovery makes ten new "
		    "ones.",
		    outcome->recovery_left,
		    outcome->recovery_left == 1 ? "" : "s");
}

/*
 * Replaces the message of a wrong code that would be right by a clock that is
 * off.  That a clock is ahead is said only to somebody who knows the secret: it
 * would tell a guesser a code that is going to be good.
 */
static void
say_drift(const struct deed *deed, struct reply *reply)
{
	const struct outcome *outcome = &deed->outcome;

	if (outcome->reason != REASON_WRONG_CODE || outcome->drift_s == 0 ||
	    (outcome->drift_s > 0 && !deed->knows_secret))
		return;
	drift_say(outcome->drift_s, reply->message, sizeof(reply->message));
}

static void
say_counts(const struct deed *deed, struct reply *reply)
{
	if (deed->outcome.reason == REASON_WRONG_CODE && deed->outcome.counts)
		counts_say(reply->message, sizeof(reply->message));
}

static void
deed_say(const struct deed *deed, struct reply *reply)
{
	const struct outcome *outcome = &deed->outcome;
	struct reason_facts facts = {.wait_s = outcome->wait_s,
	    .deadline_s = outcome->deadline_s,
	    .again_s = outcome->again_s,
	    .open_s = outcome->open_s,
	    .may_add = outcome->first != FIRST_NO,
	    .name = outcome->name,
	    .spent_s = outcome->spent_s,
	    .counts = outcome->counts};

	if (outcome->deadline_s > deed->login.now_s)
		facts.left_s = outcome->deadline_s - deed->login.now_s;
	reply->verdict = outcome->verdict;
	reply->reason = outcome->reason;
	/* That a code is required is no news in a session. */
	if (!deed->login.proof || outcome->verdict != VERDICT_ENROLL)
		reason_say(outcome->reason, &facts, reply->message,
		    sizeof(reply->message));
	say_drift(deed, reply);
	say_counts(deed, reply);
	reply->may_skip = outcome->may_skip;
	reply->left_s = facts.left_s;
}

void
deed_fill(struct deed *deed)
{
	const struct call *call = deed->call;
	struct reply *reply = &deed->reply;
	bool passes = deed->outcome.verdict == VERDICT_PASS;

	deed_say(deed, reply);
	reply->tries = call->policy.attempts.per_login;
	reply->timeout_s = call->policy.attempts.timeout_s;
	if (passes && !deed->login.proof) {
		add_notes(&deed->outcome, reply);
		reply->last_login_s = deed->outcome.previous_s;
		memcpy(reply->last_from, deed->outcome.previous_from,
		    sizeof(reply->last_from));
	}
	reply->may_renew = passes && deed->outcome.may_renew;
	if (!passes || !deed->recovers)
		answer_drop_codes(reply);
	if (deed->outcome.verdict == VERDICT_ENROLL &&
	    deed->pending[0] != '\0') {
		answer_add_secret(deed->call, deed->drawn.secret, reply);
		memcpy(reply->device, deed->pending, sizeof(reply->device));
	}
}

void
deed_done(struct deed *deed)
{
	reply_done(&deed->reply);
	explicit_bzero(&deed->drawn, sizeof(deed->drawn));
}

void
deed_serve(struct call *call)
{
	struct deed deed;

	deed_begin(&deed, call);
	do
		deed_update(&deed);
	while (deed_is_again(&deed));
	deed_fill(&deed);
	answer_send(call, &deed.reply);
	deed_done(&deed);
}
