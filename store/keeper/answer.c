#include "store/keeper/answer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <syslog.h>

#include "store/base/base32.h"
#include "store/base/utf8.h"

bool
answer_send(struct call *call, const struct reply *reply)
{
	if (packet_send_value(call->fd, &reply_shape, reply) == FAULT_NONE)
		return true;
	call->broken = true;
	if (!call->conduct.quiet)
		syslog(LOG_WARNING, "uid %lu did not take its answer",
		    (unsigned long)call->uid);
	return false;
}

/* A reply that it is done. */
#define ANSWER_DONE                                                   \
	{                                                             \
		.version = PROTOCOL_VERSION, .verdict = VERDICT_PASS, \
		.reason = REASON_DONE                                 \
	}

void
answer_done(struct call *call)
{
	struct reply reply = ANSWER_DONE;

	answer_send(call, &reply);
}

void
answer_end(struct call *call, const char *message)
{
	struct reply reply = ANSWER_DONE;

	reply.end = true;
	snprintf(reply.message, sizeof(reply.message), "%s", message);
	answer_send(call, &reply);
}

/* True if this is an administrator's request. */
static bool
is_for_admin(const struct call *call)
{
	return call->kind != NULL && call->kind->who >= WHO_READER;
}

void
answer_deny(struct call *call, enum reason reason, const char *name)
{
	answer_deny_with(call, reason, name, NULL, 0);
}

void
answer_deny_most(struct call *call, enum reason reason, size_t most)
{
	char name[24];

	snprintf(name, sizeof(name), "%zu", most);
	answer_deny(call, reason, name);
}

void
answer_deny_with(struct call *call, enum reason reason, const char *name,
    struct note *notes, size_t count)
{
	struct reply reply = {.notes = {notes, count}};

	answer_deny_as(call, reason, name, &reply);
}

void
answer_deny_as(struct call *call, enum reason reason, const char *name,
    struct reply *reply)
{
	struct reason_facts facts = {.name = name};

	reply->version = PROTOCOL_VERSION;
	reply->verdict = VERDICT_DENY;
	reply->reason = reason;
	call->broken = true;
	(is_for_admin(call) ? reason_say_admin : reason_say)(
	    reason, &facts, reply->message, sizeof(reply->message));
	answer_send(call, reply);
}

void
answer_deny_full(struct call *call, size_t has, size_t more)
{
	char count[96];

	snprintf(count, sizeof(count),
	    "%zu device%s and would get %zu more, where the policy allows %lld",
	    has, has == 1 ? "" : "s", more,
	    (long long)call->policy.enrollment.max_devices);
	answer_deny(call, REASON_DEVICES_FULL, count);
}

void
answer_deny_user(struct call *call, enum fault fault, const char *user)
{
	if (fault == FAULT_ABSENT) {
		answer_deny(call, REASON_UNKNOWN_USER, user);
		return;
	}
	syslog(LOG_ERR, "a user cannot be looked up (%s)", fault_name(fault));
	answer_deny(call, REASON_STORE, "");
}

void
answer_complain(const struct call *call, const struct json_error *error)
{
	char why[JSON_PATH_TEXT + JSON_ERROR_TEXT], clean[sizeof(why)];

	if (call->conduct.quiet)
		return;
	json_error_say(error, "request", why, sizeof(why));
	utf8_clean(why, strlen(why), clean, sizeof(clean));
	syslog(LOG_NOTICE, "uid %lu: %s", (unsigned long)call->uid, clean);
}

void
answer_misunderstood(struct call *call, const char *key, const char *why)
{
	struct json_error error = {.line = 0};

	snprintf(error.path, sizeof(error.path), "%s.%s", call->request.request,
	    key);
	snprintf(error.text, sizeof(error.text), "%s", why);
	answer_complain(call, &error);
	answer_deny(call, REASON_BAD_REQUEST, "");
}

bool
answer_add(void *list, const char *format, ...)
{
	struct note *line = list_add(list, sizeof(*line));
	va_list args;

	if (line == NULL)
		return false;
	va_start(args, format);
	vsnprintf(line->text, sizeof(line->text), format, args);
	va_end(args);
	return true;
}

void
answer_add_secret(struct call *call,
    const uint8_t secret[static ENROLL_SECRET_BYTES], struct reply *reply)
{
	reply->timeout_s = ENROLL_S;
	snprintf(reply->user, sizeof(reply->user), "%s", call->user);
	snprintf(
	    reply->issuer, sizeof(reply->issuer), "%s", call->policy.issuer);
	if (base32_encode(secret, ENROLL_SECRET_BYTES, reply->secret,
		sizeof(reply->secret)) != FAULT_NONE)
		reply->secret[0] = '\0';
}

bool
answer_add_codes(const struct recovery *recovery, struct reply *reply)
{
	for (size_t i = 0; i < RECOVERY_CODES; i++) {
		char code[ONETIME_TEXT];
		bool added;

		onetime_format(recovery->codes[i], code);
		added = answer_add(&reply->codes, "%s", code);
		explicit_bzero(code, sizeof(code));
		if (!added)
			return false;
	}
	return true;
}

void
answer_drop_codes(struct reply *reply)
{
	while (reply->codes.count > 0)
		list_drop(&reply->codes, sizeof(struct note), 0);
}
