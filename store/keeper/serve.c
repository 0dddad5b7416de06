#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/keeper/keeper.h"
#include "store/system/passwd.h"
#include "store/system/people.h"
#include "store/folder/policy_file.h"
#include "store/base/utf8.h"

enum who {
	WHO_NOBODY = 0,
	WHO_SELF,     /* any user, for that user */
	WHO_LOGIN,    /* likewise; nothing of it is left afterwards */
	WHO_READER,   /* root, or a delegate */
	WHO_HELPER,   /* root, or a delegate who gives a current code */
	WHO_ROOT,     /* root, or the owner of an embedded store */
	WHO_REPAIRER, /* likewise, and whatever the policy is like */
};

#define TAKES(field) (UINT64_C(1) << FIELD_##field)
#define EACH         (TAKES(VERSION) | TAKES(REQUEST))
#define CLAIMS                                                              \
	(TAKES(ADDRESS) | TAKES(AUTH) | TAKES(AUTH_PATH) | TAKES(COMMAND) | \
	    TAKES(TERMINAL) | TAKES(SHELL))
#define OWN   (EACH | CLAIMS)
#define ADMIN (EACH | TAKES(USER))
#define HELP  (ADMIN | TAKES(CODE))

/* What a request may carry is in its row.  A key of another request is refused
 * before anything is done, or a handler that looks at it would do that other
 * one's work with this one's rights. */
static const struct kind {
	const char *name;
	enum who who;
	uint64_t takes;
	void (*serve)(struct call *call);
} requests[] = {
    {"login", WHO_LOGIN, OWN, keeper_login},
    {"verify", WHO_LOGIN, OWN | TAKES(CODE), keeper_verify},
    {"skip", WHO_LOGIN, OWN, keeper_skip},
    {"refuse", WHO_LOGIN, OWN | TAKES(REASON), keeper_refuse},
    {"enroll_begin", WHO_SELF, OWN | TAKES(ENROLL_CODE), keeper_enroll_begin},
    {"enroll_confirm", WHO_SELF,
	OWN | TAKES(CODE) | TAKES(ENROLL_CODE) | TAKES(DEVICE),
	keeper_enroll_confirm},
    {"status", WHO_SELF, OWN, keeper_status},
    {"device_begin", WHO_SELF,
	OWN | TAKES(CODE) | TAKES(ENROLL_CODE) | TAKES(DEVICE),
	keeper_device_begin},
    {"device_confirm", WHO_SELF,
	OWN | TAKES(CODE) | TAKES(ENROLL_CODE) | TAKES(DEVICE),
	keeper_device_confirm},
    {"device_remove", WHO_SELF, OWN | TAKES(CODE) | TAKES(DEVICE),
	keeper_device_remove},
    {"recovery", WHO_SELF, OWN | TAKES(CODE), keeper_recovery},
    {"users", WHO_READER, ADMIN, keeper_users},
    {"explain", WHO_READER, ADMIN | TAKES(ADDRESS) | TAKES(AT), keeper_explain},
    {"revoke", WHO_HELPER, HELP | TAKES(BLOCK) | TAKES(USE), keeper_revoke},
    {"unlock", WHO_HELPER, HELP, keeper_unlock},
    {"code", WHO_HELPER, HELP | TAKES(USE), keeper_code},
    {"enroll", WHO_ROOT, ADMIN | TAKES(USE), keeper_provision},
    {"import", WHO_ROOT, ADMIN | TAKES(IMPORT), keeper_import},
    {"log", WHO_READER, ADMIN | TAKES(SINCE), keeper_log},
    {"note", WHO_REPAIRER, EACH | TAKES(DETAIL), keeper_note},
};

#define REQUESTS (sizeof(requests) / sizeof(requests[0]))

const char *
keeper_request(size_t i)
{
	return i < REQUESTS ? requests[i].name : NULL;
}

void
keeper_open_log(void)
{
	closelog();
	openlog("tfa-keeper", LOG_PID, LOG_AUTHPRIV);
}

/* Once a second is enough, and a system call less for most rows. */
void
keeper_take_time(struct call *call)
{
	int64_t now_s = time(NULL);

	if (now_s == call->alarm_s)
		return;
	alarm(SERVE_S);
	call->alarm_s = now_s;
}

bool
keeper_reply(struct call *call, const struct reply *reply)
{
	if (packet_send_value(call->fd, &reply_shape, reply) == FAULT_NONE)
		return true;
	call->broken = true;
	if (!call->conduct.quiet)
		syslog(LOG_WARNING, "uid %lu did not take its answer",
		    (unsigned long)call->uid);
	return false;
}

void
keeper_deny(struct call *call, enum reason reason, const char *name)
{
	struct reply reply = {.version = PROTOCOL_VERSION};
	struct reason_facts facts = {.name = name};

	call->broken = true;
	reply.verdict = VERDICT_DENY;
	reply.reason = reason;
	reason_say(reason, &facts, reply.message, sizeof(reply.message));
	keeper_reply(call, &reply);
}

static void
answer_done(struct call *call, bool end)
{
	scoped_reply struct reply reply = {
	    .version = PROTOCOL_VERSION, .end = end};

	reply.verdict = VERDICT_PASS;
	reply.reason = REASON_DONE;
	keeper_reply(call, &reply);
}

void
keeper_done(struct call *call)
{
	answer_done(call, false);
}

void
keeper_end(struct call *call)
{
	answer_done(call, true);
}

enum reason
keeper_store_reason(struct call *call, enum fault fault)
{
	int error = errno;

	call->broken = true;
	if (!call->conduct.quiet)
		syslog(LOG_ERR, "store: %s (%s)", call->store.why,
		    fault_name(fault));
	switch (fault) {
	case FAULT_FORMAT:
	case FAULT_LIMIT:
	case FAULT_ACCESS:
		return REASON_BAD_RECORD;
	case FAULT_IO:
		if (error == ENOSPC || error == EROFS || error == EDQUOT)
			return REASON_DISK_FULL;
		break;
	case FAULT_NONE:
	case FAULT_ABSENT:
	case FAULT_STALE:
	case FAULT_MEMORY:
		break;
	}
	return REASON_STORE;
}

enum fault
keeper_find_user(const char *user, uid_t *ret_uid, gid_t *ret_gid)
{
	static const struct people unlisted;

	return people_look_up(&unlisted, user, ret_uid, ret_gid);
}

void
keeper_deny_user(struct call *call, enum fault fault, const char *user)
{
	if (fault == FAULT_ABSENT) {
		keeper_deny(call, REASON_UNKNOWN_USER, user);
		return;
	}
	syslog(LOG_ERR, "a user cannot be looked up (%s)", fault_name(fault));
	keeper_deny(call, REASON_STORE, "");
}

/* The user who logged in and became root, by the kernel's audit. */
static void
find_actor(const struct call *call, char *ret, size_t size)
{
	char path[64], text[16] = "";
	const struct passwd *pw;
	unsigned long uid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/loginuid", (long)call->pid);
	file = fopen(path, "re");
	if (file != NULL) {
		if (fgets(text, sizeof(text), file) == NULL)
			text[0] = '\0';
		fclose(file);
	}
	uid = strtoul(text, NULL, 10);
	if (text[0] == '\0' || uid >= 0xffffffffUL)
		uid = call->uid;
	pw = getpwuid((uid_t)uid);
	if (pw != NULL)
		utf8_clean(pw->pw_name, strlen(pw->pw_name), ret, size);
	else
		snprintf(ret, size, "uid %lu", uid);
}

void
keeper_audit_init(
    struct call *call, const char *event, const char *user, struct audit *ret)
{
	*ret = (struct audit){
	    .time_s = call->now_s, .suppressed = call->conduct.suppressed};
	snprintf(ret->event, sizeof(ret->event), "%s", event);
	utf8_clean(user, strlen(user), ret->user, sizeof(ret->user));
	if (strcmp(user, call->user) != 0 || call->uid == 0)
		find_actor(call, ret->actor, sizeof(ret->actor));
}

bool
keeper_audit(struct call *call, const struct audit *entry)
{
	bool refusal = strcmp(entry->verdict, verdict_name(VERDICT_DENY)) == 0;

	if (refusal && call->conduct.quiet) {
		call->told |= TOLD_LEFT_OUT;
		return true;
	}
	if (audit_write(&call->store, entry) != FAULT_NONE) {
		call->broken = true;
		syslog(LOG_ERR, "cannot write %s: %s", AUDIT_FILE,
		    strerror(errno));
		return false;
	}
	call->told |= TOLD_LINE | (refusal ? TOLD_REFUSAL : 0);
	return true;
}

/* The kernel says who asks.  An unknown uid, the overflow uid and a peer in
 * another pid namespace are nobody. */
static bool
find_peer(struct call *call)
{
	const struct passwd *pw;

	if (!packet_peer(call->fd, &call->uid, &call->pid))
		return false;
	pw = getpwuid(call->uid);
	if (pw == NULL)
		call->told |= TOLD_STRANGER;
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
 * The request is taken though nobody looks at it: where one is left unread, the
 * kernel tells the peer of a line that is closed, and not the answer.
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
		keeper_deny(call, REASON_LONG_NAME, name);
		return;
	}
	snprintf(name, sizeof(name), "uid %lu", (unsigned long)call->uid);
	keeper_deny(call, REASON_UNKNOWN_USER, name);
}

/* The peer chose these words: they are cleaned, and not too many. */
static void
complain(const struct call *call, const struct json_error *error)
{
	char why[JSON_PATH_TEXT + JSON_ERROR_TEXT], clean[sizeof(why)];

	if (call->conduct.quiet)
		return;
	json_error_say(error, "request", why, sizeof(why));
	utf8_clean(why, strlen(why), clean, sizeof(clean));
	syslog(LOG_NOTICE, "uid %lu: %s", (unsigned long)call->uid, clean);
}

void
keeper_misunderstand(struct call *call, const char *key, const char *why)
{
	struct json_error error = {.line = 0};

	snprintf(error.path, sizeof(error.path), "%s.%s", call->request.request,
	    key);
	snprintf(error.text, sizeof(error.text), "%s", why);
	complain(call, &error);
	keeper_deny(call, REASON_BAD_REQUEST, "");
}

/* FAULT_ABSENT, FAULT_IO: nothing came.  Others: what came is no request. */
static enum fault
receive(struct call *call, int timeout_ms)
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
		complain(call, &error);
	return fault;
}

static bool
is_root(const struct call *call)
{
	return call->uid == 0 ||
	    (call->keeper->embedded && call->uid == geteuid());
}

/* REASON_NONE, or why not.  Store and, but for WHO_REPAIRER, policy are open: a
 * delegate is who the policy says. */
static enum reason
may(struct call *call, enum who who)
{
	bool allowed = is_root(call);

	switch (who) {
	case WHO_SELF:
	case WHO_LOGIN:
		return REASON_NONE;
	case WHO_READER:
		allowed |= keeper_is_delegate(call);
		break;
	case WHO_HELPER:
		return allowed ? REASON_NONE : keeper_may_help(call);
	case WHO_ROOT:
	case WHO_REPAIRER:
		break;
	case WHO_NOBODY:
		allowed = false;
		break;
	}
	return allowed ? REASON_NONE : REASON_NOT_ALLOWED;
}

/* An embedded store may do without a policy; a bastion may not. */
static enum fault
load_policy(struct call *call)
{
	const struct keeper *keeper = call->keeper;
	char why[POLICY_WHY_TEXT];
	enum fault fault = policy_file_load(keeper->policy,
	    keeper->embedded ? geteuid() : 0, &call->policy, why);

	if (fault == FAULT_ABSENT && keeper->embedded)
		return policy_builtin(&call->policy);
	if (fault != FAULT_NONE)
		syslog(LOG_ERR, "%s", why);
	return fault;
}

static void
serve(struct call *call, enum who who, void (*handle)(struct call *call))
{
	enum fault fault = store_open(
	    call->keeper->store, call->keeper->embedded, &call->store);
	enum reason reason;

	if (fault != FAULT_NONE) {
		reason = keeper_store_reason(call, fault);
		keeper_deny(call,
		    reason == REASON_DISK_FULL ? reason : REASON_STORE, "");
		return;
	}
	reason = may(call, who);
	if (reason == REASON_NONE)
		handle(call);
	else
		keeper_deny(call, reason, "");
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

/* The first key that the request has and its kind does not take, or NULL. */
static const char *
find_foreign(const struct call *call, const struct kind *kind)
{
	uint64_t foreign = call->carried & ~kind->takes;

	for (size_t i = 0; i < request_shape.count; i++)
		if ((foreign >> i & 1) != 0)
			return request_shape.fields[i].key;
	return NULL;
}

static void
dispatch(struct call *call)
{
	const struct kind *kind = find_kind(call->request.request);
	const char *foreign = kind != NULL ? find_foreign(call, kind) : NULL;

	if (kind == NULL)
		keeper_misunderstand(call, "request", "there is none such");
	else if (foreign != NULL)
		keeper_misunderstand(
		    call, foreign, "this request takes no such key");
	else if (kind->who != WHO_REPAIRER && load_policy(call) != FAULT_NONE)
		keeper_deny(call, REASON_BAD_POLICY, "");
	else {
		if (kind->who == WHO_LOGIN)
			call->told |= TOLD_CLEAN;
		serve(call, kind->who, kind->serve);
		policy_done(&call->policy);
	}
}

/*
 * A gate that holds a code already has its login judged by one process.  Who
 * the peer is cannot have changed; all else is found out again.  Whoever has
 * nothing more to say needs no answer.
 */
static void
follow(struct call *call)
{
	enum fault fault;

	call->may_follow = false;
	request_done(&call->request);
	call->request = (struct request){.version = 0};
	fault = receive(call, FOLLOW_MS);
	if (fault == FAULT_ABSENT || fault == FAULT_IO)
		return;
	call->told = (call->told | TOLD_FOLLOWED) & ~TOLD_CLEAN;
	call->now_s = time(NULL);
	keeper_take_time(call);
	if (fault == FAULT_NONE && strcmp(call->request.request, "verify") == 0)
		dispatch(call);
	else
		keeper_deny(call, REASON_BAD_REQUEST, "");
}

int
keeper_serve(const struct keeper *keeper, int fd, const struct conduct *conduct)
{
	struct call call = {.keeper = keeper,
	    .conduct = *conduct,
	    .told = TOLD,
	    .fd = fd,
	    .now_s = time(NULL)};

	keeper_take_time(&call);
	if (!find_peer(&call))
		refuse_stranger(&call);
	else if (receive(&call, RECEIVE_MS) != FAULT_NONE)
		keeper_deny(&call, REASON_BAD_REQUEST, "");
	else
		dispatch(&call);
	if (call.may_follow)
		follow(&call);
	request_done(&call.request);
	free(call.home);
	free(call.shell);
	alarm(0);
	return call.broken ? call.told & ~TOLD_CLEAN : call.told;
}
