/*
 * The policy of a fleet, for tfa-admin: it is shown with those before it, and
 * replaced.
 *
 * tfa-admin has written the text to be beside the policy's file, where only root
 * can write.  The request names no file: what is read is not for a peer to
 * choose.
 */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/when.h"
#include "store/fleet/kept.h"
#include "store/folder/policy_file.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"
#include "store/system/loginuid.h"

#define TAKE_MS 5000 /* for a peer to take a packet */

/* True, or the request is answered. */
static bool
is_in_fleet(struct call *call)
{
	if (call->store.fleet == NULL)
		answer_deny(call, REASON_NO_FLEET, "");
	return call->store.fleet != NULL;
}

/* Answers that the engine did not do it. */
static void
answer_fault(struct call *call, enum fault fault)
{
	answer_deny(call, call_fleet_reason(call, fault), "");
}

/* Sends a version: its row, and its text. */
static bool
send_version(struct call *call, const struct version *version, const char *mark)
{
	struct version_row row;

	call_take_time(call);
	version_row_of(version, mark, &row);
	if (packet_send_value(call->fd, &version_row_shape, &row) != FAULT_NONE)
		return false;
	for (size_t at = 0; at < version->len;) {
		size_t len = version->len - at;

		if (len > PACKET_MAX - 1)
			len = PACKET_MAX - 1;
		if (packet_send_bytes(call->fd, TAKE_MS, version->text + at,
			len) != FAULT_NONE)
			return false;
		at += len;
	}
	return true;
}

/* Sends those before it that are kept, oldest first. */
static enum fault
send_earlier(struct call *call, const struct kept *kept, bool *ret_sent)
{
	int64_t number = kept->version.number - VERSIONS_KEPT;

	*ret_sent = true;
	for (; *ret_sent && number < kept->version.number; number++) {
		scoped_version struct version version = {.number = 0};
		enum fault fault = number < 1
		    ? FAULT_ABSENT
		    : kept_earlier(call->store.fleet, number, &version);

		if (fault == FAULT_NONE)
			*ret_sent = send_version(call, &version, "0");
		else if (fault != FAULT_ABSENT)
			return fault;
	}
	return FAULT_NONE;
}

void
keeper_policy_get(struct call *call)
{
	struct kept kept;
	bool sent = true;
	enum fault fault;

	if (!is_in_fleet(call))
		return;
	fault = kept_fetch(
	    call->store.fleet, call->store.dir, call->now_s, &kept);
	if (fault != FAULT_NONE) {
		answer_fault(call, fault);
		return;
	}
	if (strcmp(call->request.use, "all") == 0)
		fault = send_earlier(call, &kept, &sent);
	if (fault == FAULT_NONE && sent && kept.version.number > 0)
		sent = send_version(call, &kept.version, kept.policy_mark);
	if (fault != FAULT_NONE)
		answer_fault(call, fault);
	else if (sent)
		answer_end(call, "");
	else
		call->broken = true;
	kept_done(&kept);
}

/* *ret: the text that is to be the policy, if it can be one. */
static bool
read_next(const struct call *call, char **ret, size_t *ret_len)
{
	char path[PATH_MAX], why[POLICY_WHY_TEXT];
	struct json_error error;
	struct policy policy;
	enum fault fault;

	policy_file_beside(
	    call->keeper->policy, POLICY_NEXT, path, sizeof(path));
	fault = policy_file_read(path, 0, ret, ret_len, why);
	if (fault == FAULT_NONE) {
		fault = policy_parse(*ret, *ret_len, &policy, &error);
		if (fault != FAULT_NONE)
			json_error_say(&error, path, why, sizeof(why));
	}
	if (fault == FAULT_NONE)
		policy_done(&policy);
	else
		syslog(LOG_ERR, "%s", why);
	return fault == FAULT_NONE;
}

static void
answer_changed(struct call *call, const struct version *theirs)
{
	char when[WHEN_MINUTE], name[VERSION_BY + WHEN_MINUTE + 4];

	when_say_minute(theirs->at_s, when);
	snprintf(name, sizeof(name), "%s (%s)",
	    theirs->by[0] != '\0' ? theirs->by : "somebody", when);
	answer_deny(call, REASON_POLICY_CHANGED, name);
}

static void
put_next_policy(struct call *call, const char *text, size_t len)
{
	scoped_version struct version theirs = {.number = 0};
	char actor[ACTOR_TEXT], by[VERSION_BY];
	const struct kept_next next = {.mark = call->request.mark,
	    .text = text,
	    .len = len,
	    .by = by,
	    .what = call->request.detail,
	    .now_s = call->now_s};
	enum fault fault;

	loginuid_name(call->pid, call->uid, actor, sizeof(actor));
	snprintf(by, sizeof(by), "%s at %s", actor, call->keeper->host);
	fault = kept_put(call->store.fleet, call->store.dir, &next, &theirs);
	if (fault == FAULT_NONE)
		answer_done(call);
	else if (fault == FAULT_STALE)
		answer_changed(call, &theirs);
	else if (fault == FAULT_LIMIT)
		answer_deny_most(call, REASON_POLICY_LONG, KEPT_TEXT);
	else if (fault == FAULT_ACCESS)
		answer_deny(call, REASON_POLICY_LEVEL, "");
	else
		answer_fault(call, fault);
}

void
keeper_policy_put(struct call *call)
{
	scoped_free char *text = NULL;
	uint64_t number;
	size_t len = 0;

	if (!is_in_fleet(call))
		return;
	if (!talk_number(call->request.mark, &number))
		answer_misunderstood(call, "mark", "is none");
	else if (!read_next(call, &text, &len))
		answer_deny(call, REASON_BAD_POLICY, "");
	else
		put_next_policy(call, text, len);
}
