/*
 * Makes the changes that tfa-admin asks for in a user's record.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/utf8.h"
#include "store/base/when.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"
#include "store/system/people.h"

struct amend {
	struct call *call;
	int64_t uid; /* the user's now, or -1: not in passwd any more */
	gid_t gid;
	bool gone; /* uid is -1, and every service says that they are gone */
	enum reason denied; /* why not, or REASON_NONE */
	/* These four are for revoke with a device. */
	char device[DEVICE_ID_TEXT];
	char name[NAME_TEXT];
	bool last;                  /* they had no other */
	LIST_OF(struct note) there; /* the devices, where none is meant */
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
	enum fault fault = enroll_add_code(record, amend->use, amend->random,
	    amend->call->now_s, amend->code, &amend->voided);

	amend->denied = fault == FAULT_LIMIT ? REASON_CODES_FULL : REASON_NONE;
	amend->fault = fault == FAULT_LIMIT ? FAULT_NONE : fault;
	return fault == FAULT_NONE ? CHANGE_WRITE : CHANGE_NONE;
}

static enum change
on_revoke(struct record *record, void *arg)
{
	struct amend *amend = arg;
	const struct request *request = &amend->call->request;
	bool with_code = request->use[0] != '\0';

	if (amend->uid >= 0)
		record->uid = amend->uid;
	/* An account that gets this name later is another person's. */
	enroll_revoke(record, request->block || with_code || amend->gone,
	    amend->call->now_s);
	if (amend->uid >= 0)
		record_note_uid(record,
		    store_bastion(&amend->call->store, record->user),
		    amend->uid);
	return with_code ? on_code(record, amend) : CHANGE_WRITE;
}

/* For an administrator who means none of them. */
static void
list_devices(const struct record *record, struct amend *amend)
{
	free(amend->there.items);
	amend->there.items = NULL;
	amend->there.count = 0;
	list_each(const struct device, device, record->devices)
		answer_add(&amend->there,
		    device->name[0] != '\0' ? "%s \"%s\"" : "%s", device->id,
		    device->name);
	if (record->devices.count == 0)
		answer_add(&amend->there, "no device");
}

static enum change
on_revoke_device(struct record *record, void *arg)
{
	struct amend *amend = arg;
	size_t i = 0;
	enum fault fault = record_find_device(
	    record, amend->call->request.device, &i);

	amend->device[0] = '\0';
	amend->denied = fault == FAULT_NONE ? REASON_NONE
	    : fault == FAULT_ABSENT         ? REASON_NOT_THEIRS
					    : REASON_NAMED_TWICE;
	if (amend->denied != REASON_NONE) {
		list_devices(record, amend);
		return CHANGE_NONE;
	}
	memcpy(
	    amend->device, record->devices.items[i].id, sizeof(amend->device));
	memcpy(amend->name, record->devices.items[i].name, sizeof(amend->name));
	amend->last = record->devices.count == 1;
	if (amend->last)
		return on_revoke(record, amend);
	enroll_revoke_device(record, i, amend->call->now_s);
	return CHANGE_WRITE;
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
	static const struct people nobody;
	struct call *call = amend->call;
	const char *user = call->request.user;
	uid_t uid = 0;
	enum fault fault = call_find_user(user, &uid, &amend->gid);

	amend->uid = fault == FAULT_NONE ? (int64_t)uid : -1;
	amend->gone = fault == FAULT_ABSENT &&
	    people_exists(&nobody, user) == FAULT_ABSENT;
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
log_change(
    struct call *call, const char *user, const char *device, const char *detail)
{
	struct audit entry;

	call_audit_init(call, call->kind->logged, user, &entry);
	snprintf(entry.device, sizeof(entry.device), "%s", device);
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

static void
say_done(struct call *call, struct reply *reply, const char *done)
{
	snprintf(reply->message, sizeof(reply->message), "%s", done);
	reply->verdict = VERDICT_PASS;
	reply->reason = REASON_DONE;
	answer_send(call, reply);
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
	else if (amend->denied != REASON_NONE)
		answer_deny_with(call, amend->denied, call->request.user,
		    amend->there.items, amend->there.count);
	else if (!log_change(call, call->request.user, amend->device, detail))
		answer_deny(call, REASON_NO_LOG, "");
	else if (!amend_fill(amend, &reply))
		answer_deny(call, REASON_STORE, "");
	else
		say_done(call, &reply, done);
	free(amend->there.items);
	explicit_bzero(amend, sizeof(*amend));
}

/* Says what the next login will meet. */
static const char *
after_revoke(const struct amend *amend)
{
	const struct call *call = amend->call;

	if (amend->device[0] != '\0' && !amend->last)
		return "the others and the recovery codes stay";
	if (amend->gone)
		return "the account is gone, so nobody logs in: "
		       "tfa-admin forget removes what is kept of it";
	if (call->request.use[0] != '\0')
		return "a new device needs this one-time code";
	if (call->request.block)
		return "no new device may be set up";
	if (call->policy.enrollment.self == SELF_CODE)
		return "the policy lets nobody enrol without a code: "
		       "tfa-admin code USER --enroll";
	return "the next login within 24 h sets up a new device";
}

/* Says what is revoked: a device by its id and name, or all that they have. */
static void
say_revoked(const struct amend *amend, char ret[static MESSAGE_TEXT])
{
	char device[DEVICE_ID_TEXT + NAME_TEXT + 8] = "";

	if (amend->device[0] != '\0')
		snprintf(device, sizeof(device), "%s \"%s\" is ", amend->device,
		    amend->name);
	snprintf(
	    ret, MESSAGE_TEXT, "%srevoked; %s", device, after_revoke(amend));
}

/* A revoke may give a code to enrol with.  A code to log in with is a request
 * of its own, so that none is given by mistake. */
static bool
is_revoke(const struct request *request)
{
	if (request->device[0] != '\0')
		return request->use[0] == '\0' && !request->block;
	return request->use[0] == '\0' ||
	    (strcmp(request->use, "enroll") == 0 && !request->block);
}

static void
revoke_device(struct amend *amend)
{
	enum fault fault = amend_update(amend, on_revoke_device);
	char detail[NAME_TEXT + 32], done[MESSAGE_TEXT];

	snprintf(detail, sizeof(detail), "%s%s",
	    amend->last ? "the last device: " : "", amend->name);
	say_revoked(amend, done);
	amend_finish(amend, fault, detail, done);
}

/* A damaged record is set aside, and a new one begun. */
void
keeper_revoke(struct call *call)
{
	const struct request *request = &call->request;
	char done[MESSAGE_TEXT];
	const char *detail;
	struct amend amend;
	enum fault fault;

	if (!is_revoke(request)) {
		answer_misunderstood(
		    call, "use", "must be enroll, and without block or device");
		return;
	}
	if (!amend_begin(&amend, call, request->use[0] != '\0'))
		return;
	if (amend.gone && request->use[0] != '\0') {
		answer_deny(call, REASON_UNKNOWN_USER, request->user);
		return;
	}
	if (request->device[0] != '\0') {
		revoke_device(&amend);
		return;
	}
	detail = request->block || amend.gone ? "blocked" : request->use;
	fault = amend_update(&amend, on_revoke);
	if ((fault == FAULT_FORMAT || fault == FAULT_LIMIT) &&
	    store_set_aside(&call->store, request->user) == FAULT_NONE) {
		detail = "the record was damaged: kept as NAME.json.damaged";
		fault = amend_update(&amend, on_revoke);
	}
	say_revoked(&amend, done);
	amend_finish(&amend, fault, detail, done);
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
	if (log_change(call, "", "", detail))
		answer_done(call);
	else
		answer_deny(call, REASON_NO_LOG, "");
}

/* Says which record is about to go: for the log, with the time in UTC, and for
 * the administrator.  FAULT_AWAY, FAULT_REFUSED, FAULT_BACK: nothing can go
 * now. */
static enum fault
say_kept(struct call *call, char ret_log[static DETAIL_TEXT],
    char ret_said[static DETAIL_TEXT])
{
	scoped_record struct record record = {.version = 0};
	char utc[WHEN_TEXT] = "never", local[WHEN_SAID] = "never";
	enum fault fault = store_read(
	    &call->store, call->request.user, &record);
	int len;

	if (fault == FAULT_AWAY || fault == FAULT_REFUSED ||
	    fault == FAULT_BACK)
		return fault;
	if (fault != FAULT_NONE) {
		snprintf(ret_log, DETAIL_TEXT, "a record that cannot be read");
		memcpy(ret_said, ret_log, DETAIL_TEXT);
		return FAULT_NONE;
	}
	if (record.last_login.present) {
		when_format(record.last_login.at_s, utc);
		when_say(record.last_login.at_s, local);
	}
	len = snprintf(ret_log, DETAIL_TEXT,
	    "uid %lld, %zu device%s, last login ", (long long)record.uid,
	    record.devices.count, record.devices.count == 1 ? "" : "s");
	snprintf(ret_said, DETAIL_TEXT, "%.200s%s", ret_log, local);
	snprintf(ret_log + len, DETAIL_TEXT - (size_t)len, "%s", utc);
	return FAULT_NONE;
}

/* The line is in the log first: what is removed cannot be looked at any more. */
static void
forget(struct call *call, const char *user)
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};
	char logged[DETAIL_TEXT], kept[DETAIL_TEXT], done[MESSAGE_TEXT];
	enum fault fault = say_kept(call, logged, kept);

	if (fault != FAULT_NONE) {
		answer_deny(call, call_store_reason(call, fault), "");
		return;
	}
	if (!log_change(call, user, "", logged)) {
		answer_deny(call, REASON_NO_LOG, "");
		return;
	}
	fault = store_forget(&call->store, user);
	snprintf(done, sizeof(done), "forgotten: %s", kept);
	if (fault == FAULT_NONE)
		say_done(call, &reply, done);
	else
		answer_deny(call, call_store_reason(call, fault), "");
}

/* Removes all that the store has of somebody whose account is gone. */
void
keeper_forget(struct call *call)
{
	static const struct people nobody;
	const char *user = call->request.user;
	enum fault fault = people_exists(&nobody, user);

	if (fault == FAULT_NONE)
		answer_deny(call, REASON_ACCOUNT, user);
	else if (fault != FAULT_ABSENT || !call_has_record(call, user))
		answer_deny_user(call, fault, user);
	else
		forget(call, user);
}

/* Logs that tfa-admin ended a user's sessions: the keeper may not signal
 * anybody. */
void
keeper_ended(struct call *call)
{
	char detail[DETAIL_TEXT];

	utf8_clean(call->request.detail, strlen(call->request.detail), detail,
	    sizeof(detail));
	if (log_change(call, call->request.user, "", detail))
		answer_done(call);
	else
		answer_deny(call, REASON_NO_LOG, "");
}
