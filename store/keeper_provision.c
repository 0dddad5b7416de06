/*
 * tfa-admin enroll and import: a device for a user who is not there.  Nothing
 * may be left half made: the answer is put together first, the audit is written
 * under the lock and before the record, so that a device that nobody was told
 * of, which would shut the user out, needs more than a full disk.
 */
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "enroll.h"
#include "keeper.h"

struct provision {
	struct call *call;
	uid_t uid;                   /* the user's, by passwd */
	const struct import *import; /* NULL: a new secret */
	uint8_t secret[ENROLL_SECRET_BYTES];
	struct recovery recovery;
	bool recovers; /* these became the recovery codes */
	char device[DEVICE_ID_TEXT];
	enum reason reason; /* DONE, or why not */
};

static bool
audit(const struct provision *p, enum verdict verdict, enum reason reason)
{
	struct audit entry;

	keeper_audit_init(
	    p->call, p->call->request.request, p->call->request.user, &entry);
	snprintf(
	    entry.verdict, sizeof(entry.verdict), "%s", verdict_name(verdict));
	snprintf(entry.reason, sizeof(entry.reason), "%s", reason_name(reason));
	memcpy(entry.device, p->device, sizeof(entry.device));
	snprintf(entry.detail, sizeof(entry.detail), "%s by an admin",
	    p->import != NULL ? "imported" : "set up");
	return keeper_audit(p->call, &entry);
}

static enum fault
add_device(struct provision *p, struct record *record)
{
	const struct call *call = p->call;

	if (p->import != NULL)
		return enroll_import(record, p->import, call->now_s, p->device);
	return enroll_provision(record, p->secret, "phone", call->now_s,
	    call->request.use[0] != '\0' ? &p->recovery : NULL, &p->recovers,
	    p->device);
}

/* REASON_DONE, or why the record stays as it is. */
static enum reason
provision(struct provision *p, struct record *record)
{
	const struct call *call = p->call;
	enum fault fault;

	if (record->uid != (int64_t)p->uid)
		return REASON_UID_CHANGED;
	if ((int64_t)record->devices.count >=
	    call->policy.enrollment.max_devices)
		return REASON_DEVICES_FULL;
	fault = add_device(p, record);
	if (fault == FAULT_STALE)
		return REASON_KNOWN_SECRET;
	if (fault == FAULT_LIMIT)
		return REASON_CODES_FULL;
	if (fault != FAULT_NONE)
		return REASON_STORE;
	return audit(p, VERDICT_PASS, REASON_ENROLLED) ? REASON_DONE
						       : REASON_NO_LOG;
}

static enum change
on_provision(struct record *record, void *arg)
{
	struct provision *p = arg;

	p->reason = provision(p, record);
	return p->reason == REASON_DONE ? CHANGE_WRITE : CHANGE_NONE;
}

static void
settle(struct provision *p)
{
	struct call *call = p->call;
	enum fault fault = store_update(
	    &call->store, call->request.user, p->uid, on_provision, p);

	if (fault == FAULT_NONE)
		return;
	/* What the log says was done was not. */
	if (p->reason == REASON_DONE)
		(void)audit(p, VERDICT_DENY, REASON_STORE);
	p->reason = keeper_store_reason(call, fault);
}

static void
add_words(const struct call *call, struct reply *reply)
{
	memcpy(reply->user, call->request.user, sizeof(reply->user));
	snprintf(reply->verdict, sizeof(reply->verdict), "%s",
	    verdict_name(VERDICT_PASS));
	snprintf(reply->reason, sizeof(reply->reason), "%s",
	    reason_name(REASON_DONE));
}

/* What a new secret needs: all of the answer but the device's id. */
static bool
prepare(struct provision *p, struct reply *reply)
{
	if (!keeper_draw(p->secret, sizeof(p->secret)) ||
	    !keeper_draw(&p->recovery, sizeof(p->recovery)) ||
	    !keeper_add_codes(&p->recovery, reply))
		return false;
	keeper_add_secret(p->call, p->secret, reply);
	return reply->secret[0] != '\0';
}

static void
answer(struct provision *p)
{
	scoped_reply struct reply reply = {.version = PROTOCOL_VERSION};

	if (p->import == NULL && !prepare(p, &reply))
		p->reason = REASON_STORE;
	else
		settle(p);
	if (p->reason != REASON_DONE) {
		keeper_deny(p->call, p->reason, p->call->request.user);
		return;
	}
	add_words(p->call, &reply);
	while (!p->recovers && reply.codes.count > 0)
		json_list_drop(&reply.codes, sizeof(struct note), 0);
	memcpy(reply.device, p->device, sizeof(reply.device));
	keeper_reply(p->call, &reply);
}

static void
serve(struct call *call, bool understood, const struct import *import)
{
	struct provision p = {
	    .call = call, .import = import, .reason = REASON_STORE};
	gid_t gid;

	if (!keeper_find_user(call->request.user, &p.uid, &gid))
		keeper_deny(call, REASON_UNKNOWN_USER, call->request.user);
	else if (!understood)
		keeper_misunderstand(call, import != NULL ? "import" : "use",
		    import != NULL ? "is no account that can be taken over"
				   : "must be recover");
	else
		answer(&p);
	explicit_bzero(&p, sizeof(p));
}

void
keeper_provision(struct call *call)
{
	const char *use = call->request.use;

	serve(call, use[0] == '\0' || strcmp(use, "recover") == 0, NULL);
}

void
keeper_import(struct call *call)
{
	const struct import *import = &call->request.import;

	serve(call, import->present && import_step_ok(import, call->now_s),
	    import);
}
