/*
 * One connection: who asks, may they, and which request answers.
 */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/fleet/fleet.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"
#include "store/system/passwd.h"
#include "store/system/people.h"

#define EACH (TAKES(VERSION) | TAKES(REQUEST))
#define OWN                                                       \
	(EACH | TAKES(ADDRESS) | TAKES(AUTH) | TAKES(AUTH_PATH) | \
	    TAKES(COMMAND) | TAKES(TERMINAL) | TAKES(SHELL))
#define SETUP (OWN | TAKES(CODE) | TAKES(ENROLL_CODE) | TAKES(DEVICE))
#define ADMIN (EACH | TAKES(USER))
#define HELP  (ADMIN | TAKES(CODE))

/*
 * Every request: who may make it, what it may carry, under which event it is
 * logged, what answers it; of a deed (deed.h) also the change.  PROTOCOL.md
 * has the same rows, for authors of clients.
 *
 * A key of another request is refused before anything is done, or a handler
 * that looks at it would do that other one's work with this one's rights.
 */
/* clang-format off */
static const struct kind requests[] = {
	{"login", WHO_LOGIN,
	    OWN | TAKES(DOOR) | TAKES(KEYS) | TAKES(REASON) | TAKES(JUDGED) |
		TAKES(HARDWARE),
	    AUDIT_LOGIN, keeper_login, on_login},
	{"verify", WHO_LOGIN, OWN | TAKES(DOOR) | TAKES(CODE) | TAKES(LAST),
	    AUDIT_CODE, deed_serve, on_verify},
	{"skip", WHO_LOGIN, OWN, "skip", deed_serve, on_skip},
	{"refuse", WHO_LOGIN, OWN | TAKES(REASON), AUDIT_LOGIN, keeper_refuse,
	    NULL},
	{"enroll_begin", WHO_SELF, OWN | TAKES(ENROLL_CODE), "enroll_begin",
	    deed_serve, on_enroll_begin},
	{"enroll_confirm", WHO_SELF, SETUP | TAKES(LAST), "enroll",
	    deed_serve, on_enroll_confirm},
	{"status", WHO_OWN, OWN, NULL, keeper_status, NULL},
	{"device_begin", WHO_OWN, SETUP, "device_begin", deed_serve,
	    on_device_begin},
	{"device_confirm", WHO_OWN, SETUP, "device_confirm", deed_serve,
	    on_device_confirm},
	{"device_remove", WHO_OWN, OWN | TAKES(CODE) | TAKES(DEVICE),
	    "device_remove", deed_serve, on_device_remove},
	{"recovery", WHO_OWN, OWN | TAKES(CODE), "recovery", deed_serve,
	    on_recovery},
	{"connect", WHO_LOGIN, OWN | TAKES(TARGET) | TAKES(REASON), "connect",
	    keeper_connect, NULL},
	{"users", WHO_READER,
	    ADMIN | TAKES(STATES) | TAKES(GROUP) | TAKES(UNUSED) |
		TAKES(NO_DEVICE) | TAKES(BATCH),
	    NULL, keeper_users, NULL},
	{"weigh", WHO_ROOT, ADMIN, NULL, keeper_weigh, NULL},
	{"explain", WHO_READER,
	    ADMIN | TAKES(ADDRESS) | TAKES(AT) | TAKES(DOOR) | TAKES(HARDWARE),
	    NULL, keeper_explain, NULL},
	{"revoke", WHO_HELPER,
	    HELP | TAKES(BLOCK) | TAKES(USE) | TAKES(DEVICE), "revoke",
	    keeper_revoke, NULL},
	{"forget", WHO_ROOT, ADMIN, "forget", keeper_forget, NULL},
	{"ended", WHO_ROOT, ADMIN | TAKES(DETAIL), "end_sessions",
	    keeper_ended, NULL},
	{"unlock", WHO_HELPER, HELP, "unlock", keeper_unlock, NULL},
	{"code", WHO_HELPER, HELP | TAKES(USE), "code", keeper_code, NULL},
	{"enroll", WHO_ROOT, ADMIN | TAKES(USE) | TAKES(HOTP), "enroll",
	    keeper_provision, NULL},
	{"import", WHO_ROOT, ADMIN | TAKES(IMPORT), "import", keeper_import,
	    NULL},
	{"tokens", WHO_ROOT, EACH, NULL, keeper_tokens, NULL},
	{"tokens_put", WHO_ROOT,
	    EACH | TAKES(OFFSET) | TAKES(TOKENS) | TAKES(LAST), "tokens",
	    keeper_tokens_put, NULL},
	{"tokens_remove", WHO_ROOT, EACH | TAKES(SERIAL), "tokens",
	    keeper_tokens_remove, NULL},
	{"assign", WHO_ROOT, ADMIN | TAKES(SERIAL), "assign", keeper_assign,
	    NULL},
	{"log", WHO_READER,
	    EACH | TAKES(SINCE) | TAKES(USE) | TAKES(FILE) | TAKES(OFFSET),
	    NULL, keeper_log, NULL},
	{"note", WHO_REPAIRER, EACH | TAKES(DETAIL), "policy", keeper_note,
	    NULL},
	{"policy_get", WHO_REPAIRER, EACH | TAKES(USE), NULL,
	    keeper_policy_get, NULL},
	{"policy_put", WHO_REPAIRER, EACH | TAKES(MARK) | TAKES(DETAIL), NULL,
	    keeper_policy_put, NULL},
};
/* clang-format on */

#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

const struct kind *
keeper_kind(size_t i)
{
	return i < REQUESTS ? &requests[i] : NULL;
}

/* The kernel says who asks.  A uid that no user has, the overflow uid and a
 * peer in another pid namespace are nobody. */
static bool
find_peer(struct call *call)
{
	const struct passwd *pw;

	if (!packet_peer(call->fd, &call->uid, &call->pid))
		return false;
	pw = getpwuid(call->uid);
	if (pw == NULL)
		call->report |= REPORTED_STRANGER;
	if (call->pid <= 0 || call->uid == UID_NOBODY || pw == NULL)
		return false;
	if (strlen(pw->pw_name) >= USER_TEXT) {
		call->name_len = strlen(pw->pw_name);
		return false;
	}
	snprintf(call->user, sizeof(call->user), "%s", pw->pw_name);
	call->gid = pw->pw_gid;
	call->home = strdup(pw->pw_dir);
	call->shell = strdup(passwd_shell(pw));
	return call->home != NULL && call->shell != NULL;
}

/*
 * The request is read though nobody looks at it: if it stayed unread, the
 * kernel would tell the peer of a closed connection and drop the answer.
 */
static void
refuse_stranger(struct call *call)
{
	scoped_json_text char *text = NULL;
	char name[32];
	size_t len = 0;

	if (packet_receive(call->fd, RECEIVE_MS, &text, &len) == FAULT_ABSENT)
		return;
	if (call->name_len > 0) {
		snprintf(name, sizeof(name), "%zu", call->name_len);
		answer_deny(call, REASON_LONG_NAME, name);
		return;
	}
	snprintf(name, sizeof(name), "uid %lu", (unsigned long)call->uid);
	answer_deny(call, REASON_UNKNOWN_USER, name);
}

/* FAULT_ABSENT, FAULT_IO: nothing came.  Other faults: it is no request. */
static enum fault
receive_request(struct call *call, int timeout_ms)
{
	scoped_json_text char *text = NULL;
	struct json_error error;
	size_t len = 0;
	enum fault fault = packet_receive(call->fd, timeout_ms, &text, &len);

	if (fault != FAULT_NONE)
		return fault;
	fault = json_read_carried(&request_shape, text, len, PACKET_MAX,
	    &call->request, &call->carried, &error);
	if (fault != FAULT_NONE)
		answer_complain(call, &error);
	return fault;
}

/*
 * REASON_NONE, or why the peer may not make a request for which it takes who.
 * The store is open and, but for WHO_REPAIRER, the policy, which says who is a
 * delegate.
 */
static enum reason
check_who(struct call *call, enum who who)
{
	bool allowed = call->uid == 0 ||
	    (call->keeper->embedded && call->uid == geteuid());

	switch (who) {
	case WHO_SELF:
	case WHO_LOGIN:
	case WHO_OWN:
		return REASON_NONE;
	case WHO_READER:
		allowed = allowed || delegate_is(call);
		break;
	case WHO_HELPER:
		return allowed ? REASON_NONE : delegate_may_help(call);
	case WHO_ROOT:
	case WHO_REPAIRER:
		break;
	case WHO_NOBODY:
		allowed = false;
		break;
	}
	return allowed ? REASON_NONE : REASON_NOT_ALLOWED;
}

/* REASON_NONE, or why there are no records: those of the folder, or the
 * fleet's. */
static enum reason
open_store(struct call *call)
{
	const struct keeper *keeper = call->keeper;
	enum reason reason = REASON_NONE;
	enum fault fault;

	if (keeper->unjoined[0] != '\0') {
		syslog(LOG_ERR, "%s", keeper->unjoined);
		return REASON_STORE;
	}
	fault = store_open(keeper->store, keeper->embedded, &call->store);
	if (fault != FAULT_NONE)
		reason = call_store_reason(call, fault);
	else if (keeper->fleet != NULL)
		fleet_attach(keeper->fleet, &call->store);
	return reason == REASON_NONE || reason == REASON_DISK_FULL
	    ? reason
	    : REASON_STORE;
}

/* Denies a request that was not even judged, since there is no policy, or no
 * clock.  Where that ends a login, it is in the audit, as any login's end. */
static void
deny_unjudged(struct call *call, enum reason reason, const char *name)
{
	const struct kind *kind = call->kind;
	bool is_login = kind->logged != NULL &&
	    strcmp(kind->logged, AUDIT_LOGIN) == 0;
	struct deed deed;

	if (kind->change != NULL || is_login) {
		deed_begin(&deed, call);
		deed_deny(&deed, reason);
		(void)deed_audit(&deed);
		deed_done(&deed);
	}
	answer_deny(call, reason, name);
}

/* Serves a request whose store is open. */
static void
serve_open(struct call *call)
{
	enum who who = call->kind->who;
	enum reason reason = REASON_NONE;
	char off[32] = "";

	if (who != WHO_REPAIRER)
		reason = call_load_policy(call, false);
	if (reason == REASON_NONE)
		reason = call_judge_clock(call, off, sizeof(off));
	if (reason == REASON_NONE)
		reason = check_who(call, who);
	if (reason == REASON_NONE)
		call->kind->serve(call);
	else
		deny_unjudged(call, reason, off);
	policy_done(&call->policy);
}

static void
serve_kind(struct call *call)
{
	enum reason reason = open_store(call);

	if (reason != REASON_NONE) {
		answer_deny(call, reason, "");
		return;
	}
	serve_open(call);
	store_close(&call->store);
}

static const struct kind *
find_kind(const char *name)
{
	for (size_t i = 0; i < REQUESTS; i++)
		if (strcmp(requests[i].name, name) == 0)
			return &requests[i];
	return NULL;
}

/* The first key of the request that its kind does not take, or NULL. */
static const char *
find_foreign(const struct call *call)
{
	uint64_t foreign = call->carried & ~call->kind->takes;

	for (size_t i = 0; i < request_shape.count; i++)
		if ((foreign >> i & 1) != 0)
			return request_shape.fields[i].key;
	return NULL;
}

static void
dispatch(struct call *call)
{
	const struct kind *kind = find_kind(call->request.request);
	const char *foreign;

	call->kind = kind;
	foreign = kind != NULL ? find_foreign(call) : NULL;
	if (kind == NULL)
		answer_misunderstood(call, "request", "there is none such");
	else if (foreign != NULL)
		answer_misunderstood(
		    call, foreign, "this request takes no such key");
	else {
		if (kind->who == WHO_LOGIN)
			call->report |= REPORTED_CLEAN;
		serve_kind(call);
	}
}

static const char *const awaited[] = {
    [FOLLOW_NOTHING] = "",
    [FOLLOW_VERIFY] = "verify",
    [FOLLOW_LOGIN] = "login",
    [FOLLOW_TOKENS] = "tokens_put",
};

/*
 * A gate that holds a code already, or must look in other files of keys, has
 * its login judged by one process.  Who the peer is cannot have changed;
 * everything else is found out again.  A peer that has nothing more to say
 * needs no answer.  That the gate looked elsewhere counts as no connection: it
 * comes once, and the policy wants it.
 */
static void
serve_follow(struct call *call)
{
	enum follow follow = call->follow;
	bool verify = follow == FOLLOW_VERIFY;
	enum fault fault;

	call->follow = FOLLOW_NOTHING;
	request_done(&call->request);
	call->request = (struct request){.version = 0};
	fault = receive_request(
	    call, follow == FOLLOW_TOKENS ? RECEIVE_MS : FOLLOW_MS);
	if (fault == FAULT_ABSENT || fault == FAULT_IO)
		return;
	call->report = (call->report | (verify ? REPORTED_FOLLOWED : 0)) &
	    ~REPORTED_CLEAN;
	call->now_s = time(NULL);
	call_take_time(call);
	if (fault == FAULT_NONE &&
	    strcmp(call->request.request, awaited[follow]) == 0)
		dispatch(call);
	else
		answer_deny(call, REASON_BAD_REQUEST, "");
}

int
keeper_serve(const struct keeper *keeper, int fd, const struct conduct *conduct)
{
	struct call call = {.keeper = keeper,
	    .conduct = *conduct,
	    .report = REPORTED,
	    .fd = fd,
	    .now_s = time(NULL)};

	call_take_time(&call);
	if (!find_peer(&call))
		refuse_stranger(&call);
	else if (receive_request(&call, RECEIVE_MS) != FAULT_NONE)
		answer_deny(&call, REASON_BAD_REQUEST, "");
	else
		dispatch(&call);
	while (call.follow != FOLLOW_NOTHING)
		serve_follow(&call);
	request_done(&call.request);
	tokens_done(&call.tokens);
	free(call.home);
	free(call.shell);
	alarm(0);
	return call.broken ? call.report & ~REPORTED_CLEAN : call.report;
}
