/*
 * What tfa-admin changes: a user's record.
 */
#include <stdio.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/core/enroll.h"
#include "store/keeper/keeper.h"
#include "store/base/utf8.h"

struct amend {
	struct call *call;
	int64_t uid; /* the user's now, or -1 */
	/* of a code to be made, where one is asked for */
	enum code_use use;
	uint8_t random[ONETIME_BYTES];
	enum fault fault;
	char code[ONETIME_TEXT];
	size_t voided;    /* earlier codes that it pushed out */
	const char *done; /* what to tell the admin */
};

static enum change
add_code(struct record *record, struct amend *amend)
{
	amend->fault = enroll_add_code(record, amend->use, amend->random,
	    amend->call->now_s, amend->code, &amend->voided);
	return amend->fault == FAULT_NONE ? CHANGE_WRITE : CHANGE_NONE;
}

static enum change
on_revoke(struct record *record, void *arg)
{
	struct amend *amend = arg;
	const struct request *request = &amend->call->request;

	if (amend->uid >= 0)
		record->uid = amend->uid;
	enroll_revoke(record, request->block || request->use[0] != '\0',
	    amend->call->now_s);
	return request->use[0] != '\0' ? add_code(record, amend) : CHANGE_WRITE;
}

static enum change
on_code(struct record *record, void *arg)
{
	return add_code(record, arg);
}

/* Nowhere: no rule's "from" holds it but ::/0. */
static const struct address nowhere;

/* Whether the rule that decided last has lost this user: an admin who
 * unlocks says that this is right. */
static enum fault
find_lost_rule(struct call *call, const struct record *record, bool *ret)
{
	struct groups_user user = {.name = record->user};
	struct subject subject = {.user = record->user,
	    .address = &nowhere,
	    .last_rule = record->last_rule,
	    .member = groups_member,
	    .ctx = &user};
	struct decision decision;
	uid_t uid;
	enum fault fault = keeper_find_user(record->user, &uid, &user.gid);

	*ret = false;
	if (fault != FAULT_NONE)
		return fault == FAULT_ABSENT ? FAULT_NONE : fault;
	policy_decide(&call->policy, &subject, &decision);
	*ret = decision.reason == REASON_RULE_LOST;
	return FAULT_NONE;
}

static enum change
on_unlock(struct record *record, void *arg)
{
	struct amend *amend = arg;
	bool lost;

	amend->fault = find_lost_rule(amend->call, record, &lost);
	if (amend->fault != FAULT_NONE)
		return CHANGE_NONE;
	record->failures = (struct failures){.known = {.count = 0}};
	if (lost)
		memset(record->last_rule, 0, sizeof(record->last_rule));
	return CHANGE_WRITE;
}

static bool
audit_change(struct call *call, const char *event, const char *detail)
{
	struct audit entry;

	keeper_audit_init(call, event, call->request.user, &entry);
	snprintf(entry.detail, sizeof(entry.detail), "%s", detail);
	return keeper_audit(call, &entry);
}

/* Whoever was given the code that is void now should be told. */
static bool
add_voided(const struct amend *amend, struct reply *reply)
{
	struct note *note;

	if (amend->voided == 0)
		return true;
	note = list_add(&reply->notes, sizeof(*note));
	if (note == NULL)
		return false;
	snprintf(note->text, sizeof(note->text),
	    "the oldest of %d codes is void now: more are not kept",
	    ADMIN_CODES);
	return true;
}

/* The answer to a change: done, with the code that was made, if one was. */
static void
reply_amended(struct call *call, const struct amend *amend)
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};
	struct note *code;

	reply.verdict = VERDICT_PASS;
	reply.reason = REASON_DONE;
	snprintf(reply.message, sizeof(reply.message), "%s", amend->done);
	if (amend->code[0] != '\0') {
		code = list_add(&reply.codes, sizeof(*code));
		if (code == NULL) {
			keeper_deny(call, REASON_STORE, "");
			return;
		}
		memcpy(code->text, amend->code, sizeof(amend->code));
	}
	if (!add_voided(amend, &reply)) {
		keeper_deny(call, REASON_STORE, "");
		return;
	}
	keeper_reply(call, &reply);
}

/* The use that the request names, and random bytes for the code. */
static bool
prepare_code(struct call *call, struct amend *amend)
{
	const char *use = call->request.use;

	if (strcmp(use, "enroll") != 0 && strcmp(use, "pass") != 0) {
		keeper_misunderstand(call, "use", "must be enroll or pass");
		return false;
	}
	amend->use = use[0] == 'e' ? CODE_ENROLL : CODE_PASS;
	if (keeper_draw(amend->random, sizeof(amend->random)))
		return true;
	keeper_deny(call, REASON_STORE, "");
	return false;
}

/* The user whom the admin means: in passwd, or at least in the store. */
static bool
prepare(struct call *call, struct amend *amend)
{
	const char *user = call->request.user;
	uid_t uid = 0;
	gid_t gid;
	enum fault fault = keeper_find_user(user, &uid, &gid);

	*amend = (struct amend){.call = call, .uid = -1, .done = ""};
	if (fault == FAULT_NONE)
		amend->uid = uid;
	else if (fault != FAULT_ABSENT || user[0] == '\0' ||
	    !keeper_has_record(call, user)) {
		keeper_deny_user(call, fault, user);
		return false;
	}
	return call->request.use[0] == '\0' || prepare_code(call, amend);
}

static enum fault
update(struct call *call, struct amend *amend,
    enum change (*change)(struct record *, void *))
{
	enum fault fault = store_update(&call->store, call->request.user,
	    amend->uid >= 0 ? (uid_t)amend->uid : 0, change, amend);

	return fault != FAULT_NONE ? fault : amend->fault;
}

static void
settle(struct call *call, const char *event, const char *detail,
    const struct amend *amend, enum fault fault)
{
	if (fault != FAULT_NONE)
		keeper_deny(call, keeper_store_reason(call, fault), "");
	else if (!audit_change(call, event, detail))
		keeper_deny(call, REASON_NO_LOG, "");
	else
		reply_amended(call, amend);
}

/* What the next login will meet. */
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

/* A revoke may give a code to enrol with.  One to log in with is a request of
 * its own, so that none is given by mistake. */
static bool
is_revoke(const struct request *request)
{
	return request->use[0] == '\0' ||
	    (strcmp(request->use, "enroll") == 0 && !request->block);
}

/* A damaged record is kept, beside the new one. */
void
keeper_revoke(struct call *call)
{
	const char *detail = call->request.block ? "blocked"
						 : call->request.use;
	struct amend amend;
	enum fault fault;

	if (!is_revoke(&call->request)) {
		keeper_misunderstand(
		    call, "use", "must be enroll, and without block");
		return;
	}
	if (!prepare(call, &amend))
		return;
	amend.done = after_revoke(call);
	fault = update(call, &amend, on_revoke);
	if ((fault == FAULT_FORMAT || fault == FAULT_LIMIT) &&
	    store_set_aside(&call->store, call->request.user) == FAULT_NONE) {
		detail = "the record was damaged: kept as NAME.json.damaged";
		fault = update(call, &amend, on_revoke);
	}
	settle(call, "revoke", detail, &amend, fault);
	explicit_bzero(&amend, sizeof(amend));
}

void
keeper_unlock(struct call *call)
{
	struct amend amend;

	if (prepare(call, &amend))
		settle(call, "unlock", "", &amend,
		    update(call, &amend, on_unlock));
}

void
keeper_code(struct call *call)
{
	struct amend amend;

	if (!prepare(call, &amend))
		return;
	if (call->request.use[0] == '\0')
		keeper_misunderstand(call, "use", "must be enroll or pass");
	else if (amend.uid < 0)
		keeper_deny(call, REASON_UNKNOWN_USER, call->request.user);
	else
		settle(call, "code", call->request.use, &amend,
		    update(call, &amend, on_code));
	explicit_bzero(&amend, sizeof(amend));
}

/* A change that was made elsewhere, to the policy: for the log. */
void
keeper_note(struct call *call)
{
	char detail[DETAIL_TEXT];

	utf8_clean(call->request.detail, strlen(call->request.detail), detail,
	    sizeof(detail));
	if (audit_change(call, "policy", detail))
		keeper_done(call);
	else
		keeper_deny(call, REASON_NO_LOG, "");
}
