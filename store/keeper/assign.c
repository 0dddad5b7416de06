/*
 * Gives a token to a user, in the three steps of core/tokens.h.  The list is
 * locked all the while: nobody else gives the same token meanwhile.  A change
 * of the record that may or may not be written leaves the token begun, and the
 * same request again ends it.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "store/core/counted.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"
#include "store/keeper/tokens.h"
#include "store/keeper/undo.h"

struct assign {
	struct call *call;
	uid_t uid; /* the user's, by passwd */
	struct token_list list;
	struct token *token;
	struct undo undo;
	bool begun;  /* earlier: the record may have had the secret before */
	bool there;  /* the record had the secret already */
	bool absent; /* the record did not have the secret */
	size_t has;  /* so many devices the user has */
	char device[DEVICE_ID_TEXT];
	enum reason reason; /* DONE, or why not */
};

static enum reason
add_device(struct assign *a, struct record *record)
{
	const struct call *call = a->call;
	enum fault fault;

	record_note_uid(
	    record, store_bastion(&call->store, record->user), a->uid);
	a->has = record->devices.count;
	if ((int64_t)a->has >= call->policy.enrollment.max_devices)
		return REASON_DEVICES_FULL;
	if (!undo_before(&a->undo, record))
		return REASON_STORE;
	fault = enroll_assign(record, a->token, call->now_s, a->device);
	if (fault == FAULT_LIMIT)
		return REASON_DEVICES_FULL;
	if (fault != FAULT_NONE || !undo_after(&a->undo, record))
		return REASON_STORE;
	return counted_has(record) &&
		!store_takes_hotp(&call->store, record->user)
	    ? REASON_FLEET_LEVEL
	    : REASON_DONE;
}

/* Returns REASON_DONE, or why the record stays as it is. */
static enum reason
assign_to(struct assign *a, struct record *record)
{
	size_t i = 0;
	enum fault fault = tokens_find_device(a->token, record, &i);

	if (fault != FAULT_NONE && fault != FAULT_ABSENT)
		return REASON_STORE;
	a->absent = fault == FAULT_ABSENT;
	if (!call_has_uid(a->call, record, a->uid))
		return REASON_UID_CHANGED;
	if (a->absent)
		return add_device(a, record);
	a->there = true;
	memcpy(a->device, record->devices.items[i].id, sizeof(a->device));
	return REASON_DONE;
}

static enum change
on_assign(struct record *record, void *arg)
{
	struct assign *a = arg;

	a->there = a->absent = false;
	a->device[0] = '\0';
	a->reason = assign_to(a, record);
	return a->reason == REASON_DONE && !a->there ? CHANGE_WRITE
						     : CHANGE_NONE;
}

static enum change
on_take_back(struct record *record, void *arg)
{
	struct assign *a = arg;
	enum change change = undo_devices(&a->undo, record, a->call->now_s);
	size_t i = 0;

	a->absent = tokens_find_device(a->token, record, &i) == FAULT_ABSENT;
	return change;
}

static bool
assign_audit(const struct assign *a, enum verdict verdict, enum reason reason,
    const char *how)
{
	struct audit entry;

	call_audit_init(
	    a->call, a->call->kind->logged, a->call->request.user, &entry);
	call_audit_say(&entry, verdict, reason);
	memcpy(entry.device, a->device, sizeof(entry.device));
	snprintf(entry.detail, sizeof(entry.detail), "token %s%s",
	    a->token->serial, how);
	return call_audit(a->call, &entry);
}

/* Somebody else may get the token. */
static void
abandon(struct assign *a)
{
	tokens_abandon(a->token);
	(void)token_list_write(a->call, &a->list.now);
}

/* The device is in the record, and cannot be logged. */
static void
unassign(struct assign *a)
{
	struct call *call = a->call;

	a->reason = REASON_NO_LOG;
	if (a->there)
		return;
	if (store_update(&call->store, call->request.user, a->uid, on_take_back,
		a) == FAULT_NONE &&
	    a->absent)
		abandon(a);
	else
		syslog(LOG_ERR,
		    "token %s is begun for uid %lu, who may have it already: "
		    "tfa-admin assign again",
		    a->token->serial, (unsigned long)a->uid);
	(void)assign_audit(a, VERDICT_DENY, a->reason, ", taken back");
}

/* True if the record may have been written in spite of that fault. */
static bool
is_unsure(enum fault fault)
{
	return fault == FAULT_IO || fault == FAULT_UNSURE;
}

/* True if the record cannot have the secret from this request or from one
 * before. */
static bool
is_untouched(const struct assign *a, enum fault fault)
{
	return a->reason != REASON_DONE && !is_unsure(fault) &&
	    (a->absent || !a->begun);
}

/* The token is begun.  Gives the record its secret, and logs that. */
static void
change_record(struct assign *a)
{
	struct call *call = a->call;
	enum fault fault = store_update(
	    &call->store, call->request.user, a->uid, on_assign, a);

	if (fault != FAULT_NONE) {
		a->reason = call_store_reason(call, fault);
		(void)assign_audit(a, VERDICT_DENY, a->reason,
		    is_unsure(fault) ? ", begun" : "");
	}
	if (is_untouched(a, fault))
		abandon(a);
	if (a->reason == REASON_DONE &&
	    !assign_audit(a, VERDICT_PASS, REASON_ENROLLED, ""))
		unassign(a);
}

/* The record has the secret: the list forgets it. */
static void
finish(struct assign *a)
{
	enum reason reason = REASON_STORE;

	if (tokens_end(a->token, a->call->now_s))
		reason = token_list_write(a->call, &a->list.now);
	if (reason != REASON_NONE)
		a->reason = reason;
}

static void
give(struct assign *a)
{
	struct call *call = a->call;
	enum reason reason = REASON_NO_LOG;

	a->begun = token_state(a->token) == TOKEN_BEGUN;
	tokens_begin(a->token, call->request.user);
	if (audit_check(&call->store) == FAULT_NONE)
		reason = a->begun ? REASON_NONE
				  : token_list_write(call, &a->list.now);
	if (reason != REASON_NONE) {
		a->reason = reason;
		(void)assign_audit(a, VERDICT_DENY, reason, "");
		return;
	}
	change_record(a);
	if (a->reason == REASON_DONE)
		finish(a);
}

/* A token that the user has already: the same request once more. */
static void
look_again(struct assign *a)
{
	scoped_record struct record record = {.version = 0};
	struct call *call = a->call;
	enum fault fault = store_read(&call->store, a->token->user, &record);
	size_t i = 0;

	a->reason = REASON_TOKEN_TAKEN;
	if (fault == FAULT_ABSENT)
		return;
	if (fault != FAULT_NONE) {
		a->reason = call_store_reason(call, fault);
		return;
	}
	fault = tokens_find_device(a->token, &record, &i);
	if (fault == FAULT_NONE) {
		a->reason = REASON_DONE;
		memcpy(
		    a->device, record.devices.items[i].id, sizeof(a->device));
	} else if (fault != FAULT_ABSENT)
		a->reason = REASON_STORE;
}

static void
answer_assigned(const struct assign *a)
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION,
	    .verdict = VERDICT_PASS,
	    .reason = REASON_DONE};

	memcpy(reply.user, a->call->request.user, sizeof(reply.user));
	memcpy(reply.device, a->device, sizeof(reply.device));
	answer_send(a->call, &reply);
}

static void
assign(struct assign *a)
{
	const char *user = a->call->request.user;
	enum token_state state;

	a->token = token_list_find(a->call, &a->list);
	if (a->token == NULL)
		return;
	state = token_state(a->token);
	if (state != TOKEN_FREE && strcmp(a->token->user, user) != 0)
		a->reason = state == TOKEN_BEGUN ? REASON_TOKEN_BEGUN
						 : REASON_TOKEN_TAKEN;
	else if (state == TOKEN_ASSIGNED)
		look_again(a);
	else
		give(a);
	if (a->reason == REASON_DONE)
		answer_assigned(a);
	else if (a->reason == REASON_TOKEN_BEGUN ||
	    a->reason == REASON_TOKEN_TAKEN)
		token_answer_user(a->call, a->reason, a->token);
	else if (a->reason == REASON_DEVICES_FULL)
		answer_deny_full(a->call, a->has, 1);
	else
		answer_deny(a->call, a->reason, user);
}

void
keeper_assign(struct call *call)
{
	struct assign a = {
	    .call = call, .list.lock = -1, .reason = REASON_STORE};
	gid_t gid;
	enum fault fault = call_find_user(call->request.user, &a.uid, &gid);

	if (fault != FAULT_NONE)
		answer_deny_user(call, fault, call->request.user);
	else if (token_list_open(call, &a.list))
		assign(&a);
	token_list_close(&a.list);
	undo_done(&a.undo);
}
