/*
 * Adds a device for a user who is not there: tfa-admin enroll and import.  The
 * device counts at once, so a device that nobody was told of would shut the
 * user out.  The answer is therefore put together first; if it cannot be logged
 * or sent, the device is taken back.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "store/core/counted.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"

struct provision {
	struct call *call;
	uid_t uid;                   /* the user's, by passwd */
	const struct import *import; /* NULL: a new secret */
	uint8_t secret[ENROLL_SECRET_BYTES];
	struct recovery recovery;
	bool recovers; /* recovery became the recovery codes */
	char device[DEVICE_ID_TEXT];
	enum reason reason; /* DONE, or why not */
	char *before;       /* the record as text, without the device */
	char *after;        /* and with it */
};

static bool
provision_audit(const struct provision *p, enum verdict verdict,
    enum reason reason, const char *detail)
{
	struct audit entry;

	call_audit_init(
	    p->call, p->call->kind->logged, p->call->request.user, &entry);
	call_audit_say(&entry, verdict, reason);
	memcpy(entry.device, p->device, sizeof(entry.device));
	snprintf(entry.detail, sizeof(entry.detail), "%s", detail);
	return call_audit(p->call, &entry);
}

static enum fault
provision_add(struct provision *p, struct record *record)
{
	const struct call *call = p->call;

	if (p->import != NULL)
		return enroll_import(record, p->import, call->now_s, p->device);
	return enroll_provision(record, p->secret,
	    call->request.hotp ? DEVICE_HOTP : DEVICE_TOTP,
	    call->request.hotp ? "token" : "phone", call->now_s,
	    call->request.use[0] != '\0' ? &p->recovery : NULL, &p->recovers,
	    p->device);
}

static bool
provision_keep(const struct record *record, char **text)
{
	json_text_free(text);
	return record_format(record, text) == FAULT_NONE;
}

/* Returns REASON_DONE, or why the record stays as it is. */
static enum reason
provision(struct provision *p, struct record *record)
{
	const struct call *call = p->call;
	enum fault fault;

	if (!call_has_uid(call, record, p->uid))
		return REASON_UID_CHANGED;
	record_note_uid(
	    record, store_bastion(&call->store, record->user), p->uid);
	if ((int64_t)record->devices.count >=
	    call->policy.enrollment.max_devices)
		return REASON_DEVICES_FULL;
	if (!provision_keep(record, &p->before))
		return REASON_STORE;
	fault = provision_add(p, record);
	if (fault == FAULT_STALE)
		return REASON_KNOWN_SECRET;
	if (fault == FAULT_LIMIT)
		return REASON_CODES_FULL;
	if (fault != FAULT_NONE || !provision_keep(record, &p->after))
		return REASON_STORE;
	if (counted_has(record) &&
	    !store_takes_hotp(&call->store, record->user))
		return REASON_FLEET_LEVEL;
	return REASON_DONE;
}

static enum change
on_provision(struct record *record, void *arg)
{
	struct provision *p = arg;

	p->recovers = false;
	p->device[0] = '\0';
	p->reason = provision(p, record);
	return p->reason == REASON_DONE ? CHANGE_WRITE : CHANGE_NONE;
}

/* Returns the index of the device that was added, or -1 if it is not there:
 * then another device may have its id. */
static int
find_added(const struct provision *p, const struct record *record)
{
	struct otp_secret secret = {.len = sizeof(p->secret)};
	int found = -1;

	memcpy(secret.bytes, p->secret, sizeof(p->secret));
	if (p->import != NULL)
		secret = p->import->secret;
	for (size_t i = 0; i < record->devices.count; i++) {
		const struct device *device = &record->devices.items[i];

		if (strcmp(device->id, p->device) == 0 &&
		    record_same_secret(&device->secret, &secret))
			found = (int)i;
	}
	explicit_bzero(&secret, sizeof(secret));
	return found;
}

/*
 * Makes the record what it was before.  If somebody has changed it since, only
 * the device goes.  What the device had ended, an invitation for instance,
 * stays ended, and a user who was blocked stays blocked.
 */
static enum change
on_undo(struct record *record, void *arg)
{
	struct provision *p = arg;
	int added = find_added(p, record);
	scoped_json_text char *text = NULL;
	struct record before = {.enrolled_once = true};
	struct json_error error;
	enum fault fault;

	if (added < 0)
		return CHANGE_NONE;
	fault = record_parse(p->before, strlen(p->before), &before, &error);
	if (fault == FAULT_NONE && provision_keep(record, &text) &&
	    strcmp(text, p->after) == 0) {
		record_done(record);
		*record = before;
		explicit_bzero(&before, sizeof(before));
		return CHANGE_WRITE;
	}
	enroll_remove(record, (size_t)added, p->call->now_s);
	record->enrolled_once |= before.enrolled_once;
	record_done(&before);
	return CHANGE_WRITE;
}

/* If this fails too, only an administrator can take the device away. */
static void
provision_undo(struct provision *p)
{
	struct call *call = p->call;

	if (p->reason != REASON_DONE)
		return;
	if (store_update(&call->store, call->request.user, p->uid, on_undo,
		p) != FAULT_NONE)
		syslog(LOG_ERR,
		    "uid %lu may have a device, %s, that nobody was told of: "
		    "tfa-admin revoke",
		    (unsigned long)p->uid, p->device);
}

/* To be called when the device is in the record, or may be, and nobody will be
 * told of it. */
static void
take_back(struct provision *p, enum reason reason)
{
	provision_undo(p);
	p->reason = reason;
	(void)provision_audit(p, VERDICT_DENY, reason, "taken back");
}

/* Before anything is changed, the log is checked: it may be missing, or not
 * ours. */
static void
provision_settle(struct provision *p)
{
	struct call *call = p->call;
	enum fault fault;

	if (audit_check(&call->store) != FAULT_NONE) {
		p->reason = REASON_NO_LOG;
		(void)provision_audit(p, VERDICT_DENY, p->reason, "");
		return;
	}
	fault = store_update(
	    &call->store, call->request.user, p->uid, on_provision, p);
	/* The record may be written, if only its folder was not synced. */
	if (fault != FAULT_NONE)
		take_back(p, call_store_reason(call, fault));
	else if (p->reason == REASON_DONE &&
	    !provision_audit(p, VERDICT_PASS, REASON_ENROLLED,
		p->import != NULL ? "imported by an admin"
				  : "set up by an admin"))
		take_back(p, REASON_NO_LOG);
}

/* Draws a new secret, and puts all that belongs to it into the answer, but the
 * device's id. */
static bool
provision_prepare(struct provision *p, struct reply *reply)
{
	if (!call_draw(p->secret, sizeof(p->secret)) ||
	    !call_draw(&p->recovery, sizeof(p->recovery)) ||
	    !answer_add_codes(&p->recovery, reply))
		return false;
	answer_add_secret(p->call, p->secret, reply);
	return reply->secret[0] != '\0';
}

static void
provision_answer(struct provision *p)
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};

	if (p->import == NULL && !provision_prepare(p, &reply))
		p->reason = REASON_STORE;
	else
		provision_settle(p);
	if (p->reason != REASON_DONE) {
		answer_deny(p->call, p->reason, p->call->request.user);
		return;
	}
	memcpy(reply.user, p->call->request.user, sizeof(reply.user));
	if (!p->recovers)
		answer_drop_codes(&reply);
	memcpy(reply.device, p->device, sizeof(reply.device));
	reply.verdict = VERDICT_PASS;
	reply.reason = REASON_DONE;
	if (!answer_send(p->call, &reply))
		take_back(p, REASON_STORE);
}

static void
provision_serve(struct call *call, bool understood, const struct import *import)
{
	struct provision p = {
	    .call = call, .import = import, .reason = REASON_STORE};
	gid_t gid;
	enum fault fault = call_find_user(call->request.user, &p.uid, &gid);

	if (fault != FAULT_NONE)
		answer_deny_user(call, fault, call->request.user);
	else if (!understood)
		answer_misunderstood(call, import != NULL ? "import" : "use",
		    import != NULL ? "is no account that can be taken over"
				   : "must be recover");
	else
		provision_answer(&p);
	json_text_free(&p.before);
	json_text_free(&p.after);
	explicit_bzero(&p, sizeof(p));
}

void
keeper_provision(struct call *call)
{
	const char *use = call->request.use;

	provision_serve(
	    call, use[0] == '\0' || strcmp(use, "recover") == 0, NULL);
}

void
keeper_import(struct call *call)
{
	const struct import *import = &call->request.import;

	provision_serve(call,
	    import->present && import_step_ok(import, call->now_s), import);
}
