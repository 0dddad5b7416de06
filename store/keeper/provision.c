/*
 * Adds devices for a user who is not there: one by tfa-admin enroll, one or
 * several by import.  They count at once, so a device that nobody was told of
 * would shut the user out.  The answer is therefore put together first; if it
 * cannot be logged or sent, the devices are taken back.
 */
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "store/core/counted.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"
#include "store/keeper/undo.h"

struct provision {
	struct call *call;
	uid_t uid;                   /* the user's, by passwd */
	const struct import *import; /* NULL: a new secret */
	uint8_t secret[ENROLL_SECRET_BYTES];
	struct recovery recovery;
	bool recovers;         /* recovery became the recovery codes */
	struct imported added; /* or of enroll, the one */
	enum reason reason;    /* DONE, or why not */
	size_t has;            /* devices, before */
	size_t account;        /* the one that cannot be added, from 1 */
	struct undo undo;
};

/* device: its id, or "". */
static bool
audit_one(const struct provision *p, const char *device, enum verdict verdict,
    enum reason reason, const char *detail)
{
	struct audit entry;

	call_audit_init(
	    p->call, p->call->kind->logged, p->call->request.user, &entry);
	call_audit_say(&entry, verdict, reason);
	snprintf(entry.device, sizeof(entry.device), "%s", device);
	snprintf(entry.detail, sizeof(entry.detail), "%s", detail);
	return call_audit(p->call, &entry);
}

/* Each device has a line of its own.  False if one could not be written. */
static bool
provision_audit(const struct provision *p, enum verdict verdict,
    enum reason reason, const char *detail)
{
	bool ok = p->added.count > 0 ||
	    audit_one(p, "", verdict, reason, detail);

	for (size_t i = 0; i < p->added.count && ok; i++)
		ok = audit_one(p, p->added.devices[i], verdict, reason, detail);
	return ok;
}

static enum fault
provision_add(struct provision *p, struct record *record)
{
	const struct call *call = p->call;
	enum fault fault;

	if (p->import != NULL)
		return enroll_import(record, p->import, call->now_s, &p->added);
	fault = enroll_provision(record, p->secret,
	    call->request.hotp ? DEVICE_HOTP : DEVICE_TOTP,
	    call->request.hotp ? "token" : "phone", call->now_s,
	    call->request.use[0] != '\0' ? &p->recovery : NULL, &p->recovers,
	    p->added.devices[0]);
	p->added.count = fault == FAULT_NONE ? 1 : 0;
	return fault;
}

/* How many devices are to be added. */
static size_t
provision_count(const struct provision *p)
{
	return p->import != NULL ? import_count(p->import) : 1;
}

/* Returns REASON_DONE, or why the record stays as it is. */
static enum reason
provision(struct provision *p, struct record *record)
{
	const struct call *call = p->call;
	enum fault fault;
	bool full;

	if (!call_has_uid(call, record, p->uid))
		return REASON_UID_CHANGED;
	record_note_uid(
	    record, store_bastion(&call->store, record->user), p->uid);
	p->has = record->devices.count;
	full = (int64_t)(p->has + provision_count(p)) >
	    call->policy.enrollment.max_devices;
	if (!undo_before(&p->undo, record))
		return REASON_STORE;
	fault = provision_add(p, record);
	if (fault != FAULT_NONE) {
		p->account = p->added.count + 1;
		p->added.count = 0;
	}
	if (fault == FAULT_STALE)
		return REASON_KNOWN_SECRET;
	if (full)
		return REASON_DEVICES_FULL;
	if (fault == FAULT_LIMIT)
		return REASON_CODES_FULL;
	if (fault != FAULT_NONE || !undo_after(&p->undo, record))
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
	p->added.count = 0;
	p->reason = provision(p, record);
	return p->reason == REASON_DONE ? CHANGE_WRITE : CHANGE_NONE;
}

static enum change
on_undo(struct record *record, void *arg)
{
	const struct provision *p = arg;

	return undo_devices(&p->undo, record, p->call->now_s);
}

/* If this fails too, only an administrator can take the devices away. */
static void
provision_undo(struct provision *p)
{
	struct call *call = p->call;

	if (p->reason != REASON_DONE)
		return;
	if (store_update(&call->store, call->request.user, p->uid, on_undo,
		p) != FAULT_NONE)
		syslog(LOG_ERR,
		    "uid %lu may have %zu new device%s, from %s on, that "
		    "nobody was told of: tfa-admin revoke",
		    (unsigned long)p->uid, p->added.count,
		    p->added.count == 1 ? "" : "s", p->added.devices[0]);
}

/* To be called when the devices are in the record, or may be, and nobody will
 * be told of them. */
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

/* Makes room in the answer for the ids of several devices, which must not be
 * without room later. */
static bool
import_prepare(const struct provision *p, struct reply *reply)
{
	if (p->import->more.count == 0)
		return true;
	for (size_t i = 0; i < provision_count(p); i++)
		if (!answer_add(&reply->devices, "%s", ""))
			return false;
	return true;
}

/* Says which devices are there now.  A client that sent one account may not
 * know of a list. */
static void
say_devices(const struct provision *p, struct reply *reply)
{
	memcpy(reply->device, p->added.devices[0], sizeof(reply->device));
	for (size_t i = 0; i < reply->devices.count; i++)
		snprintf(reply->devices.items[i].text,
		    sizeof(reply->devices.items[i].text), "%s",
		    p->added.devices[i]);
}

/* Says how many devices are too many, or which of several accounts is not
 * new. */
static void
provision_deny(const struct provision *p)
{
	struct reply reply = {.version = PROTOCOL_VERSION};
	struct call *call = p->call;

	if (p->reason == REASON_DEVICES_FULL) {
		answer_deny_full(call, p->has, provision_count(p));
		return;
	}
	if (p->reason == REASON_KNOWN_SECRET && provision_count(p) > 1)
		reply.account = (int64_t)p->account;
	answer_deny_as(call, p->reason, call->request.user, &reply);
}

static void
provision_answer(struct provision *p)
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};
	bool ready = p->import != NULL ? import_prepare(p, &reply)
				       : provision_prepare(p, &reply);

	if (!ready)
		p->reason = REASON_STORE;
	else
		provision_settle(p);
	if (p->reason != REASON_DONE) {
		provision_deny(p);
		return;
	}
	memcpy(reply.user, p->call->request.user, sizeof(reply.user));
	if (!p->recovers)
		answer_drop_codes(&reply);
	say_devices(p, &reply);
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
	undo_done(&p.undo);
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
