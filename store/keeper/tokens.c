/*
 * The list of tokens: shown, filled, and what was in it taken out.
 *
 * A list is longer than a packet, so it comes in several, on one connection.
 * Until the last is there nothing is judged; then all of it is taken, or
 * nothing.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "store/base/cleanup.h"
#include "store/base/when.h"
#include "store/keeper/answer.h"
#include "store/keeper/requests.h"
#include "store/keeper/tokens.h"

/* Logs what happened to the list, and returns the reason to deny with. */
static enum reason
list_reason(struct call *call, enum fault fault)
{
	enum reason reason = call_store_reason(call, fault);

	return reason == REASON_BAD_RECORD ? REASON_BAD_TOKENS : reason;
}

bool
token_list_open(struct call *call, struct token_list *ret)
{
	enum fault fault = tokens_file_hold(&call->store, &ret->lock);

	if (fault == FAULT_NONE)
		fault = tokens_file_read(&call->store, &ret->now);
	if (fault != FAULT_NONE)
		answer_deny(call, list_reason(call, fault), "");
	return fault == FAULT_NONE;
}

void
token_list_close(struct token_list *list)
{
	tokens_done(&list->now);
	cleanup_fd(&list->lock);
	list->lock = -1;
}

enum reason
token_list_write(struct call *call, const struct tokens *tokens)
{
	enum fault fault = tokens_file_write(&call->store, tokens);

	return fault == FAULT_NONE ? REASON_NONE : list_reason(call, fault);
}

struct token *
token_list_find(struct call *call, const struct token_list *list)
{
	struct token *token = tokens_find(&list->now, call->request.serial);

	if (token == NULL)
		answer_deny(call, REASON_TOKEN_UNKNOWN, call->request.serial);
	return token;
}

void
token_answer_user(
    struct call *call, enum reason reason, const struct token *token)
{
	char name[USER_TEXT + WHEN_MINUTE + 8], when[WHEN_MINUTE];

	when_say_minute(token->assigned_s, when);
	snprintf(name, sizeof(name), token->assigned_s != 0 ? "%s (%s)" : "%s",
	    token->user, when);
	answer_deny(call, reason, name);
}

void
keeper_tokens(struct call *call)
{
	scoped_tokens struct tokens tokens = {.version = 0};
	enum fault fault = tokens_file_read(&call->store, &tokens);
	struct token_row row;

	if (fault != FAULT_NONE) {
		answer_deny(call, list_reason(call, fault), "");
		return;
	}
	list_each(const struct token, token, tokens.list) {
		call_take_time(call);
		token_row_of(token, &row);
		if (packet_send_value(call->fd, &token_row_shape, &row) !=
		    FAULT_NONE) {
			call->broken = true;
			return;
		}
	}
	answer_end(call, "");
}

static bool
audit_list(struct call *call, enum verdict verdict, enum reason reason,
    const char *detail)
{
	struct audit entry;

	call_audit_init(call, call->kind->logged, "", &entry);
	call_audit_say(&entry, verdict, reason);
	snprintf(entry.detail, sizeof(entry.detail), "%s", detail);
	return call_audit(call, &entry);
}

/* Writes the list and logs that; what cannot be logged is taken back.
 * REASON_DONE, or why not. */
static enum reason
write_and_log(struct call *call, const struct tokens *now,
    const struct tokens *before, const char *detail)
{
	enum reason reason = REASON_NO_LOG;

	if (audit_check(&call->store) == FAULT_NONE)
		reason = token_list_write(call, now);
	if (reason != REASON_NONE) {
		(void)audit_list(call, VERDICT_DENY, reason, detail);
		return reason;
	}
	if (audit_list(call, VERDICT_PASS, REASON_DONE, detail))
		return REASON_DONE;
	if (token_list_write(call, before) != REASON_NONE)
		syslog(LOG_ERR, "this is done, and not in the log: %s", detail);
	return REASON_NO_LOG;
}

/* Says what does not fit, as far as a reply has room: SERIAL: WHY. */
static void
deny_clashes(struct call *call, const struct clashes *clashes)
{
	struct note notes[NOTES_MAX] = {{.text = ""}};
	size_t count = clashes->list.count, said = 0;
	char text[CLASH_TEXT], name[64];

	for (; said < NOTES_MAX && said < count; said++) {
		const struct clash *clash = &clashes->list.items[said];

		clash_say(clash, text);
		snprintf(notes[said].text, sizeof(notes[said].text),
		    "%s: %.460s", clash->serial, text);
	}
	snprintf(name, sizeof(name), "%zu token%s do%s", count,
	    count == 1 ? "" : "s", count == 1 ? "es" : "");
	answer_deny_with(call, REASON_TOKENS_CLASH, name, notes, said);
}

static void
answer_added(struct call *call, size_t added)
{
	const struct reply reply = {.version = PROTOCOL_VERSION,
	    .verdict = VERDICT_PASS,
	    .reason = REASON_DONE,
	    .added = (int64_t)added};

	answer_send(call, &reply);
}

/* The list is held, and all tokens have come. */
static void
put_all(struct call *call, struct token_list *list, struct clashes *clashes)
{
	scoped_tokens struct tokens before = {.version = 0};
	enum reason reason = REASON_DONE;
	size_t added = 0;
	char detail[DETAIL_TEXT];
	enum fault fault = tokens_file_read(&call->store, &before);

	if (fault == FAULT_NONE)
		fault = tokens_merge(
		    &list->now, &call->tokens, call->now_s, clashes, &added);
	if (fault == FAULT_LIMIT)
		answer_deny_most(call, REASON_TOKENS_FULL, TOKENS_MAX);
	else if (fault != FAULT_NONE)
		answer_deny(call, list_reason(call, fault), "");
	else if (clashes->list.count > 0)
		deny_clashes(call, clashes);
	else {
		snprintf(detail, sizeof(detail), "%zu token%s imported", added,
		    added == 1 ? "" : "s");
		if (added > 0)
			reason = write_and_log(
			    call, &list->now, &before, detail);
		if (reason == REASON_DONE)
			answer_added(call, added);
		else
			answer_deny(call, reason, "");
	}
}

static void
put_tokens(struct call *call)
{
	scoped_token_list struct token_list list = {.lock = -1};
	struct clashes clashes = {.list = {NULL, 0}};

	if (token_list_open(call, &list))
		put_all(call, &list, &clashes);
	clashes_done(&clashes);
}

/* Adds the packet's tokens to those that came before. */
static bool
gather(struct call *call)
{
	list_each(const struct token, token, call->request.tokens) {
		struct token *taken = list_add(
		    &call->tokens.list, sizeof(*taken));

		if (taken == NULL)
			return false;
		*taken = *token;
	}
	return true;
}

void
keeper_tokens_put(struct call *call)
{
	const struct request *request = &call->request;
	size_t before = call->tokens.list.count;

	/* Part of a list whose beginning another connection took with it. */
	if (request->offset != (int64_t)before)
		answer_deny(call, REASON_BUSY, "");
	else if (request->tokens.count == 0)
		answer_misunderstood(call, "tokens", "there are none");
	else if (before + request->tokens.count > TOKENS_MAX)
		answer_deny_most(call, REASON_TOKENS_FULL, TOKENS_MAX);
	else if (!gather(call))
		answer_deny(call, REASON_STORE, "");
	else if (request->last)
		put_tokens(call);
	else {
		call->follow = FOLLOW_TOKENS;
		answer_done(call);
	}
}

/* REASON_NONE if nobody's record has the token's secret.  ret_name: who has it,
 * and as which device. */
static enum reason
check_unused(
    struct call *call, const struct token *token, char *ret_name, size_t size)
{
	scoped_record struct record record = {.version = 0};
	enum fault fault;
	size_t i = 0;

	if (token_state(token) == TOKEN_FREE)
		return REASON_NONE;
	fault = store_read(&call->store, token->user, &record);
	if (fault == FAULT_ABSENT)
		return REASON_NONE;
	if (fault != FAULT_NONE)
		return call_store_reason(call, fault);
	fault = tokens_find_device(token, &record, &i);
	if (fault == FAULT_ABSENT)
		return REASON_NONE;
	if (fault != FAULT_NONE)
		return REASON_STORE;
	snprintf(ret_name, size, "%s's device %s", token->user,
	    record.devices.items[i].id);
	return REASON_TOKEN_HELD;
}

void
keeper_tokens_remove(struct call *call)
{
	scoped_token_list struct token_list list = {.lock = -1};
	scoped_tokens struct tokens before = {.version = 0};
	char detail[DETAIL_TEXT], name[USER_TEXT + 32] = "";
	enum reason reason;
	struct token *token;
	enum fault fault;

	if (!token_list_open(call, &list) ||
	    (token = token_list_find(call, &list)) == NULL)
		return;
	reason = check_unused(call, token, name, sizeof(name));
	snprintf(detail, sizeof(detail), "token %s taken out", token->serial);
	fault = tokens_file_read(&call->store, &before);
	if (reason == REASON_NONE && fault != FAULT_NONE)
		reason = list_reason(call, fault);
	if (reason == REASON_NONE) {
		tokens_remove(&list.now, token);
		reason = write_and_log(call, &list.now, &before, detail);
	}
	if (reason == REASON_DONE)
		answer_done(call);
	else
		answer_deny(call, reason, name);
}
