#include "store/keeper/call.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "store/base/utf8.h"
#include "store/fleet/fleet.h"
#include "store/system/loginuid.h"
#include "store/system/people.h"

const struct address call_nowhere;

/* Once a second is enough, and spares most rows a system call. */
void
call_take_time(struct call *call)
{
	int64_t now_s = time(NULL);

	if (now_s == call->alarm_s)
		return;
	alarm(SERVE_S);
	call->alarm_s = now_s;
}

static enum reason
reason_of(enum fault fault, int error)
{
	switch (fault) {
	case FAULT_FORMAT:
	case FAULT_LIMIT:
	case FAULT_ACCESS:
		return REASON_BAD_RECORD;
	case FAULT_IO:
		return error == ENOSPC || error == EROFS || error == EDQUOT
		    ? REASON_DISK_FULL
		    : REASON_STORE;
	case FAULT_FULL:
		return REASON_STORE_FULL;
	case FAULT_STALE:
		return REASON_BUSY;
	case FAULT_AWAY:
		return REASON_STORE_AWAY;
	case FAULT_UNSURE:
		return REASON_STORE_UNSURE;
	case FAULT_BACK:
		return REASON_STORE_BACK;
	case FAULT_CLOSED:
		return REASON_STORE_MAINTENANCE;
	case FAULT_NONE:
	case FAULT_ABSENT:
	case FAULT_MEMORY:
	case FAULT_REFUSED:
		break;
	}
	return REASON_STORE;
}

bool
call_is_overtaken(const struct call *call, enum fault fault)
{
	return fault == FAULT_AWAY && call->store.fleet != NULL &&
	    call->store.fleet->replaced;
}

enum reason
call_store_reason(struct call *call, enum fault fault)
{
	int error = errno;

	call->broken = true;
	if (!call->conduct.quiet)
		syslog(LOG_ERR, "store: %s (%s)", call->store.why,
		    fault_name(fault));
	return call_is_overtaken(call, fault) ? REASON_BUSY
					      : reason_of(fault, error);
}

enum reason
call_fleet_reason(struct call *call, enum fault fault)
{
	enum reason reason;

	snprintf(call->store.why, sizeof(call->store.why), "%s",
	    call->store.fleet->line.why);
	reason = call_store_reason(call, fault);
	return reason == REASON_BAD_RECORD ? REASON_BAD_POLICY : reason;
}

bool
call_draw(void *bytes, size_t len)
{
	return getrandom(bytes, len, 0) == (ssize_t)len;
}

enum fault
call_find_user(const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	static const struct people unlisted;

	return people_look_up(&unlisted, user, ret_uid, ret_gid);
}

enum fault
call_read(struct call *call, const char *user, uid_t uid, struct record *ret)
{
	enum fault fault = store_read(&call->store, user, ret);

	if (fault != FAULT_ABSENT)
		return fault;
	record_init(ret, user, uid);
	return FAULT_NONE;
}

bool
call_has_uid(const struct call *call, const struct record *record, int64_t uid)
{
	return record_has_uid(
	    record, store_bastion(&call->store, record->user), uid);
}

bool
call_has_record(struct call *call, const char *user)
{
	struct record record = {.version = 0};
	enum fault fault = store_read(&call->store, user, &record);

	if (fault == FAULT_NONE)
		record_done(&record);
	return fault != FAULT_ABSENT && fault != FAULT_LIMIT;
}

void
somebody_init(struct somebody *ret, const char *name, gid_t gid)
{
	*ret = (struct somebody){.user = {.name = name, .gid = gid},
	    .subject = {.user = name,
		.last_rule = "",
		.member = groups_member,
		.ctx = &ret->user}};
}

void
call_decide(struct call *call, const struct record *record,
    const struct login *login, struct decision *ret)
{
	struct address address;
	struct somebody them;

	somebody_init(&them, call->user, call->gid);
	them.subject.last_rule = record->last_rule;
	them.subject.now_s = login->now_s;
	if (address_parse(login->address, &address))
		them.subject.address = &address;
	policy_decide(&call->policy, &them.subject, ret);
}

void
call_audit_init(
    struct call *call, const char *event, const char *user, struct audit *ret)
{
	*ret = (struct audit){
	    .time_s = call->now_s, .suppressed = call->conduct.suppressed};
	snprintf(ret->event, sizeof(ret->event), "%s", event);
	memcpy(ret->host, call->keeper->host, sizeof(ret->host));
	utf8_clean(user, strlen(user), ret->user, sizeof(ret->user));
	if (strcmp(user, call->user) != 0 || call->uid == 0)
		loginuid_name(
		    call->pid, call->uid, ret->actor, sizeof(ret->actor));
}

void
call_audit_say(struct audit *entry, enum verdict verdict, enum reason reason)
{
	snprintf(entry->verdict, sizeof(entry->verdict), "%s",
	    verdict_name(verdict));
	snprintf(
	    entry->reason, sizeof(entry->reason), "%s", reason_name(reason));
}

bool
call_audit(struct call *call, const struct audit *entry)
{
	bool refusal = strcmp(entry->verdict, verdict_name(VERDICT_DENY)) == 0;

	if (refusal && call->conduct.quiet) {
		call->report |= REPORTED_LEFT_OUT;
		return true;
	}
	if (audit_write(&call->store, entry) != FAULT_NONE) {
		call->broken = true;
		syslog(LOG_ERR, "cannot write %s: %s", AUDIT_FILE,
		    strerror(errno));
		return false;
	}
	call->report |= REPORTED_LINE | (refusal ? REPORTED_REFUSAL : 0);
	return true;
}
