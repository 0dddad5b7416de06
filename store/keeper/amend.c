/*
 * Makes the changes that tfa-admin asks for in a user's record.
 */
#include <stdio.h>
#include <string.h>

#include "store/base/utf8.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"

struct amend {
	struct call *call;
	int64_t uid; /* the user's now, or -1: not in passwd any more */
	gid_t gid;
	/* A code to be made, if one is asked for. */
	enum code_use use;
	uint8_t random[ONETIME_BYTES];
	char code[ONETIME_TEXT];
	size_t voided;    /* how many earlier codes it makes void */
	enum fault fault; /* of the change */
};

static enum change
on_code(struct record *record, void *arg)
{
	struct amend *amend = arg;

	amend->fault = enroll_add_code(record, amend->use, amend->random,
	    amend->call->now_s, amend->code, &amend->voided);
	return amend->fault == FAULT_NONE ? CHANGE_WRITE : CHANGE_NONE;
}

static enum change
on_revoke(struct record *record, void *arg)
{
	struct amend *amend = arg;
	const struct request *request = &amend->call->request;
	bool with_code = request->use[0] != '\0';

	if (amend->uid >= 0)
		record->uid = amend->uid;
	enroll_revoke(record, request->block || with_code, amend->call->now_s);
	return with_code ? on_code(record, amend) : CHANGE_WRITE;
}

/* True if the user has left the rule that decided last.  An administrator who
 * unlocks them says that this is right. */
static bool
has_lost_rule(const struct amend *amend, const struct record *record)
{
	struct somebody them;
	struct decision decision;

	if (amend->uid < 0)
		return false;
	somebody_init(&them, record->user, amend->gid);
	them.subject.address = &call_nowhere;
	them.subject.last_rule = record->last_rule;
	them.subject.now_s = amend->call->now_s;
	policy_decide(&amend->call->policy, &them.subject, &decision);
	return decision.reason == REASON_RULE_LOST;
}

static enum change
on_unlock(struct record *record, void *arg)
{
	record->failures = (struct failures){.known = {.count = 0}};
	if (has_lost_rule(arg, record))
		memset(record->last_rule, 0, sizeof(record->last_rule));
	return CHANGE_WRITE;
}

/* Finds the user whom the administrator means: in passwd, or at least in the
 * store.  False if there is none, which is then answered. */
static bool
amend_find_user(struct amend *amend)
{
	struct call *call = amend->call;
	const char *user = call->request.user;
	uid_t uid = 0;
	enum fault fault = call_find_user(user, &uid, &amend->gid);

	amend->uid = fault == FAULT_NONE ? (int64_t)uid : -1;
	if (fault == FAULT_NONE ||
	    (fault == FAULT_ABSENT && user[0] != '\0' &&
		call_has_record(call, user)))
		return true;
	answer_deny_user(call, fault, user);
	return false;
}

/* Prepares a code for the use that the request names.  False where that cannot
 * be done, which is then answered. */
static bool
draw_code(struct amend *amend)
{
	const char *use = amend->call->request.use;

	if (strcmp(use, "enroll") != 0 && strcmp(use, "pass") != 0) {
		answer_misunderstood(
		    amend->call, "use", "must be enroll or pass");
		return false;
	}
	amend->use = use[0] == 'e' ? CODE_ENROLL : CODE_PASS;
	if (call_draw(amend->random, sizeof(amend->random)))
		return true;
	answer_deny(amend->call, REASON_STORE, "");
	return false;
}

static bool
amend_begin(struct amend *amend, struct call *call, bool with_code)
{
	*amend = (struct amend){.call = call, .uid = -1};
	return amend_find_user(amend) && (!with_code || draw_code(amend));
}

static enum fault
amend_update(
    struct amend *amend, enum change (*change)(struct record *, void *))
{
	struct call *call = amend->call;
	enum fault fault = store_update(&call->store, call->request.user,
	    amend->uid >= 0 ? (uid_t)amend->uid : 0, change, amend);

	return fault != FAULT_NONE ? fault : amend->fault;
}

static bool
log_change(struct call *call, const char *user, const char *detail)
{
	struct audit entry;

	call_audit_init(call, call->kind->logged, user, &entry);
	snprintf(entry.detail, sizeof(entry.detail), "%s", detail);
	return call_audit(call, &entry);
}

/* Puts in the code that was made, and says if it makes an earlier code void:
 * the person who has that one should be told. */
static bool
amend_fill(const struct amend *amend, struct reply *reply)
{
	if (amend->code[0] != '\0' &&
	    !answer_add(&reply->codes, "%s", amend->code))
		return false;
	return amend->voided == 0 ||
	    answer_add(&reply->notes,
		"the oldest of %d codes is void now: more are not kept",
		ADMIN_CODES);
}

/* Logs and answers what became of the change; done is said to the admin. */
static void
amend_finish(
    struct amend *amend, enum fault fault, const char *detail, const char *done)
{
	struct call *call = amend->call;
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};

	if (fault != FAULT_NONE)
		answer_deny(call, call_store_reason(call, fault), "");
	else if (!log_change(call, call->request.user, detail))
		answer_deny(call, REASON_NO_LOG, "");
	else if (!amend_fill(amend, &reply))
		answer_deny(call, REASON_STORE, "");
	else {
		snprintf(reply.message, sizeof(reply.message), "%s", done);
		reply.verdict = VERDICT_PASS;
		reply.reason = REASON_DONE;
		answer_send(call, &reply);
	}
	explicit_bzero(amend, sizeof(*amend));
}

/* Says what the next login will meet. */
static const char *
after_revoke(const struct call *call)
{
	if (call->request.use[0] != '\0')
		return "revoked; a new device needs this one-time code";
	if (call->request.block)
		return "revoked; no new device may be set up";
	if (call->policy.enrollment.self == SELF_CODE)
		return "revoked; the policy lets nobody enrol without a code: "
		       "tfa-admin code USER --enroll";
	return "revoked; the next login within 24 h sets up a new device";
}

/* A revoke may give a code to enrol with.  A code to log in with is a request
 * of its own, so that none is given by mistake. */
static bool
is_revoke(const struct request *request)
{
	return request->use[0] == '\0' ||
	    (strcmp(request->use, "enroll") == 0 && !request->block);
}

/* A damaged record is set aside, and a new one begun. */
void
keeper_revoke(struct call *call)
{
	const struct request *request = &call->request;
	const char *detail = request->block ? "blocked" : request->use;
	struct amend amend;
	enum fault fault;

	if (!is_revoke(request)) {
		answer_misunderstood(
		    call, "use", "must be enroll, and without block");
		return;
	}
	if (!amend_begin(&amend, call, request->use[0] != '\0'))
		return;
	fault = amend_update(&amend, on_revoke);
	if ((fault == FAULT_FORMAT || fault == FAULT_LIMIT) &&
	    store_set_aside(&call->store, request->user) == FAULT_NONE) {
		detail = "the record was damaged: kept as NAME.json.damaged";
		fault = amend_update(&amend, on_revoke);
	}
	amend_finish(&amend, fault, detail, after_revoke(call));
}

void
keeper_unlock(struct call *call)
{
	struct amend amend;

	if (amend_begin(&amend, call, false))
		amend_finish(&amend, amend_update(&amend, on_unlock), "", "");
}

void
keeper_code(struct call *call)
{
	struct amend amend;

	if (!amend_begin(&amend, call, true))
		return;
	if (amend.uid < 0)
		answer_deny(call, REASON_UNKNOWN_USER, call->request.user);
	else
		amend_finish(&amend, amend_update(&amend, on_code),
		    call->request.use, "");
}

/* Logs a change of the policy, which tfa-admin has made. */
void
keeper_note(struct call *call)
{
	char detail[DETAIL_TEXT];

	utf8_clean(call->request.detail, strlen(call->request.detail), detail,
	    sizeof(detail));
	if (log_change(call, "", detail))
		answer_done(call);
	else
		answer_deny(call, REASON_NO_LOG, "");
}
