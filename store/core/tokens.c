#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/core/tokens.h"

/* A row: kind and need without JSON_, the struct by its name. */
#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field token_item = JSON_ITEM_OBJECT(
    struct token, &token_shape);

static const struct json_field tokens_fields[] = {
    ROW(NUMBER, tokens, "version", REQUIRED, version, 1, 1),
    ROW(LIST, tokens, "tokens", REQUIRED, list, TOKENS_MAX, &token_item),
};

/* In this order no serial number can be there twice, and one is found fast. */
static const char *
check_order(const void *value, struct json_place *ret_place)
{
	const struct tokens *tokens = value;

	for (size_t i = 1; i < tokens->list.count; i++) {
		*ret_place = (struct json_place){"tokens", (int)i, "serial"};
		if (token_compare(tokens->list.items[i - 1].serial,
			tokens->list.items[i].serial) >= 0)
			return "must come after the one before it";
	}
	return NULL;
}

static const struct json_shape tokens_shape = JSON_SHAPE(
    tokens_fields, check_order);

void
tokens_init(struct tokens *ret)
{
	*ret = (struct tokens){.version = 1};
}

enum fault
tokens_parse(const char *text, size_t len, struct tokens *ret,
    struct json_error *ret_error)
{
	struct tokens tokens = {.version = 0};
	enum fault fault = json_read(
	    &tokens_shape, text, len, TOKENS_TEXT_MAX, &tokens, ret_error);

	if (fault == FAULT_NONE)
		*ret = tokens;
	else
		tokens_done(&tokens);
	return fault;
}

enum fault
tokens_format(const struct tokens *tokens, char **ret_text)
{
	return json_write(&tokens_shape, tokens, false, ret_text);
}

void
tokens_done(struct tokens *tokens)
{
	json_done(&tokens_shape, tokens);
}

void
clashes_done(struct clashes *clashes)
{
	free(clashes->list.items);
	*clashes = (struct clashes){.list = {NULL, 0}};
}

static int
in_order(const void *one, const void *other)
{
	const struct token *a = one, *b = other;

	return token_compare(a->serial, b->serial);
}

struct token *
tokens_find(const struct tokens *tokens, const char *serial)
{
	struct token key = {.type = 0};

	if (tokens->list.count == 0 || strlen(serial) >= sizeof(key.serial))
		return NULL;
	memcpy(key.serial, serial, strlen(serial) + 1);
	return bsearch(&key, tokens->list.items, tokens->list.count,
	    sizeof(key), in_order);
}

bool
tokens_hash(const struct otp_secret *secret, char ret[static HASH_TEXT])
{
	size_t len = secret->len;

	while (len > 0 && secret->bytes[len - 1] == 0)
		len--;
	return hash_hex(secret->bytes, len, ret);
}

/* A secret's hash, and its token. */
struct known {
	char hash[HASH_TEXT];
	const struct token *token;
};

static int
by_hash(const void *one, const void *other)
{
	const struct known *a = one, *b = other;

	return strcmp(a->hash, b->hash);
}

static bool
know(const struct token *token, struct known *ret)
{
	ret->token = token;
	if (token->secret.len > 0)
		return tokens_hash(&token->secret, ret->hash);
	memcpy(ret->hash, token->hash, sizeof(ret->hash));
	return true;
}

/* *ret: what is known of all of them, in the order of their hashes; the caller
 * frees it. */
static enum fault
know_all(const struct tokens *tokens, struct known **ret)
{
	size_t count = tokens->list.count;
	struct known *all = calloc(count + 1, sizeof(*all));
	bool done = all != NULL;

	for (size_t i = 0; done && i < count; i++)
		done = know(&tokens->list.items[i], &all[i]);
	if (!done) {
		free(all);
		return FAULT_MEMORY;
	}
	qsort(all, count, sizeof(*all), by_hash);
	*ret = all;
	return FAULT_NONE;
}

static bool
add_clash(struct clashes *clashes, const struct token *token,
    enum clash_why why, const struct token *other)
{
	struct clash *clash = list_add(&clashes->list, sizeof(*clash));

	if (clash == NULL)
		return false;
	clash->why = why;
	memcpy(clash->serial, token->serial, sizeof(clash->serial));
	memcpy(clash->other, other->serial, sizeof(clash->other));
	memcpy(clash->user, other->user, sizeof(clash->user));
	return true;
}

/* Finds out if a token may come whose serial number the list has, too. */
static bool
judge_listed(const struct token *token, const struct token *listed,
    struct clashes *clashes)
{
	if (token_state(listed) != TOKEN_FREE)
		return add_clash(clashes, token, CLASH_ASSIGNED, listed);
	return token_same_facts(token, listed) ||
	    add_clash(clashes, token, CLASH_FACTS, listed);
}

/* Finds out if a token may come by its secret: among the others, and in the
 * list. */
static bool
judge_secret(const struct known *known, const struct known *before,
    const struct known *listed, struct clashes *clashes)
{
	if (before != NULL && strcmp(before->hash, known->hash) == 0 &&
	    !add_clash(clashes, known->token, CLASH_SECRET, before->token))
		return false;
	return listed == NULL ||
	    token_compare(listed->token->serial, known->token->serial) == 0 ||
	    add_clash(clashes, known->token, CLASH_SECRET, listed->token);
}

static enum fault
judge_secrets(const struct tokens *tokens, const struct tokens *more,
    struct clashes *clashes)
{
	struct known *listed = NULL, *fresh = NULL;
	enum fault fault = know_all(tokens, &listed);

	if (fault == FAULT_NONE)
		fault = know_all(more, &fresh);
	for (size_t i = 0; fault == FAULT_NONE && i < more->list.count; i++)
		if (!judge_secret(&fresh[i], i > 0 ? &fresh[i - 1] : NULL,
			bsearch(&fresh[i], listed, tokens->list.count,
			    sizeof(*listed), by_hash),
			clashes))
			fault = FAULT_MEMORY;
	free(listed);
	free(fresh);
	return fault;
}

static enum fault
judge_serials(const struct tokens *tokens, const struct tokens *more,
    struct clashes *clashes, size_t *ret_added)
{
	size_t added = 0;

	for (size_t i = 0; i < more->list.count; i++) {
		const struct token *token = &more->list.items[i];
		const struct token *listed = tokens_find(tokens, token->serial);

		added += listed == NULL;
		if (i > 0 && in_order(token - 1, token) == 0 &&
		    !add_clash(clashes, token, CLASH_TWICE, token - 1))
			return FAULT_MEMORY;
		if (listed != NULL && !judge_listed(token, listed, clashes))
			return FAULT_MEMORY;
	}
	*ret_added = added;
	return FAULT_NONE;
}

/* Adds those that the list does not have. */
static enum fault
add_all(struct tokens *tokens, const struct tokens *more, int64_t now_s)
{
	size_t listed = tokens->list.count;

	for (size_t i = 0; i < more->list.count; i++) {
		const struct tokens before = {
		    .list = {tokens->list.items, listed}};
		struct token *added;

		if (tokens_find(&before, more->list.items[i].serial) != NULL)
			continue;
		added = list_add(&tokens->list, sizeof(*added));
		if (added == NULL)
			return FAULT_MEMORY;
		*added = more->list.items[i];
		added->imported_s = now_s;
	}
	if (tokens->list.count > 0)
		qsort(tokens->list.items, tokens->list.count,
		    sizeof(struct token), in_order);
	return FAULT_NONE;
}

enum fault
tokens_merge(struct tokens *tokens, struct tokens *more, int64_t now_s,
    struct clashes *ret_clashes, size_t *ret_added)
{
	enum fault fault;

	*ret_clashes = (struct clashes){.list = {NULL, 0}};
	if (more->list.count > 0)
		qsort(more->list.items, more->list.count, sizeof(struct token),
		    in_order);
	fault = judge_serials(tokens, more, ret_clashes, ret_added);
	if (fault == FAULT_NONE)
		fault = judge_secrets(tokens, more, ret_clashes);
	if (fault != FAULT_NONE || ret_clashes->list.count > 0)
		return fault;
	if (tokens->list.count + *ret_added > TOKENS_MAX)
		return FAULT_LIMIT;
	return add_all(tokens, more, now_s);
}

void
clash_say(const struct clash *clash, char ret[static CLASH_TEXT])
{
	switch (clash->why) {
	case CLASH_TWICE:
		snprintf(ret, CLASH_TEXT, "stands in the file twice");
		break;
	case CLASH_SECRET:
		snprintf(ret, CLASH_TEXT,
		    "has the secret of token %s: one of the two is wrong",
		    clash->other);
		break;
	case CLASH_FACTS:
		snprintf(ret, CLASH_TEXT,
		    "is in the list with another secret, type, counter or "
		    "form of code: if this file is right, take the one in the "
		    "list out with tfa-admin tokens --remove %s",
		    clash->serial);
		break;
	case CLASH_ASSIGNED:
		snprintf(ret, CLASH_TEXT,
		    "was assigned to %.256s: take it out of the file; to give "
		    "it to somebody else, see tfa-admin(8), assign",
		    clash->user);
		break;
	}
}

void
tokens_begin(struct token *token, const char *user)
{
	size_t len = strnlen(user, sizeof(token->user) - 1);

	memset(token->user, 0, sizeof(token->user));
	memcpy(token->user, user, len);
}

void
tokens_abandon(struct token *token)
{
	memset(token->user, 0, sizeof(token->user));
}

bool
tokens_end(struct token *token, int64_t now_s)
{
	if (!tokens_hash(&token->secret, token->hash)) {
		memset(token->hash, 0, sizeof(token->hash));
		return false;
	}
	OPENSSL_cleanse(&token->secret, sizeof(token->secret));
	token->assigned_s = now_s;
	return true;
}

enum fault
tokens_find_device(
    const struct token *token, const struct record *record, size_t *ret)
{
	struct known known, of_device;

	if (!know(token, &known))
		return FAULT_MEMORY;
	for (size_t i = 0; i < record->devices.count; i++) {
		if (!tokens_hash(
			&record->devices.items[i].secret, of_device.hash))
			return FAULT_MEMORY;
		if (strcmp(of_device.hash, known.hash) == 0) {
			*ret = i;
			return FAULT_NONE;
		}
	}
	return FAULT_ABSENT;
}

void
tokens_remove(struct tokens *tokens, struct token *token)
{
	list_drop(&tokens->list, sizeof(*token),
	    (size_t)(token - tokens->list.items));
}
