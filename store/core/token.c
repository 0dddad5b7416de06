#include <string.h>

#include "store/core/token.h"

const char *const token_state_names[] = {"free", "begun", "assigned", NULL};

/* A row: kind and need without JSON_, the struct by its name. */
#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

/* The keys that a maker's file fills.  A counter that is missing would begin at
 * 0, and old codes would pass. */
#define FACTS(of)                                                           \
	ROW(TEXT, of, "serial", REQUIRED, serial),                          \
	    ROW(CHOICE, of, "type", REQUIRED, type, record_type_names),     \
	    ROW(CHOICE, of, "algorithm", REQUIRED, algorithm,               \
		record_algorithm_names),                                    \
	    ROW(NUMBER, of, "digits", REQUIRED, digits, OTP_DIGITS_MIN,     \
		OTP_DIGITS_MAX),                                            \
	    ROW(NUMBER, of, "period", REQUIRED, period_s, TOKEN_PERIOD_MIN, \
		TOKEN_PERIOD_MAX),                                          \
	    ROW(FORM, of, "counter", REQUIRED, counter, &json_form_counter)

static const struct json_field facts_fields[] = {
    FACTS(token),
    ROW(FORM, token, "secret", REQUIRED, secret, &record_form_secret),
};

static const struct json_field token_fields[] = {
    FACTS(token),
    ROW(FORM, token, "secret", REQUIRED, secret, &record_form_secret),
    ROW(TEXT, token, "hash", REQUIRED, hash),
    ROW(TIME, token, "imported", REQUIRED, imported_s),
    ROW(TEXT, token, "user", MAYBE, user),
    ROW(TIME, token, "assigned", MAYBE, assigned_s),
};

static const struct json_field row_fields[] = {
    FACTS(token_row),
    ROW(CHOICE, token_row, "state", REQUIRED, state, token_state_names),
    ROW(TEXT, token_row, "user", MAYBE, user),
    ROW(TIME, token_row, "imported", REQUIRED, imported_s),
    ROW(TIME, token_row, "assigned", MAYBE, assigned_s),
};

bool
token_is_serial(const char *text)
{
	static const char most[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				   "abcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t len = strlen(text);

	/* The last three stand within: none begins like an option. */
	return len > 0 && len < TOKEN_SERIAL && strspn(text, most) == len &&
	    strchr("._-", text[0]) == NULL;
}

/* By hand, since strcasecmp(3) knows other letters in some languages. */
static int
fold(char c)
{
	return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c;
}

int
token_compare(const char *one, const char *other)
{
	while (*one != '\0' && fold(*one) == fold(*other)) {
		one++;
		other++;
	}
	return fold(*one) - fold(*other);
}

enum token_state
token_state(const struct token *token)
{
	if (token->user[0] == '\0')
		return TOKEN_FREE;
	return token->assigned_s == 0 ? TOKEN_BEGUN : TOKEN_ASSIGNED;
}

static const char *
lacks_of_type(int type, size_t offset, size_t period, size_t counter)
{
	if (type == DEVICE_HOTP && offset == period)
		return "is for a token of type totp";
	if (type != DEVICE_HOTP && offset == counter)
		return "is for a token of type hotp";
	return NULL;
}

static const char *
facts_lack(const void *value, const struct json_field *field)
{
	const struct token *token = value;

	return lacks_of_type(token->type, field->offset,
	    offsetof(struct token, period_s), offsetof(struct token, counter));
}

/* A token that somebody has must not be there to be assigned once more. */
static const char *
token_lacks(const void *value, const struct json_field *field)
{
	bool assigned = token_state(value) == TOKEN_ASSIGNED;

	if (field->offset == offsetof(struct token, secret))
		return assigned ? "is that of a token which a user has" : NULL;
	if (field->offset == offsetof(struct token, hash))
		return assigned ? NULL : "is for a token which a user has";
	return facts_lack(value, field);
}

static const char *
row_lacks(const void *value, const struct json_field *field)
{
	const struct token_row *row = value;

	return lacks_of_type(row->type, field->offset,
	    offsetof(struct token_row, period_s),
	    offsetof(struct token_row, counter));
}

static const char *
facts_check(const void *value, struct json_place *ret_place)
{
	const struct token *token = value;

	*ret_place = (struct json_place){.key = "serial", .index = -1};
	if (!token_is_serial(token->serial))
		return "must be letters, digits and . _ - within";
	ret_place->key = "secret";
	if (token->secret.len > 0 && token->secret.len < TOKEN_SECRET_MIN)
		return "must have at least 80 bits";
	return NULL;
}

static const char *
token_check(const void *value, struct json_place *ret_place)
{
	const struct token *token = value;
	const char *wrong = facts_check(token, ret_place);

	if (wrong != NULL)
		return wrong;
	ret_place->key = "assigned";
	if (token->assigned_s != 0 && token->user[0] == '\0')
		return "needs a user";
	ret_place->key = "hash";
	if (token_state(token) == TOKEN_ASSIGNED &&
	    strspn(token->hash, "0123456789abcdef") != HASH_TEXT - 1)
		return "must be a SHA-256 in lower-case hex";
	return NULL;
}

const struct json_shape token_facts_shape = JSON_SHAPE(
    facts_fields, facts_check, facts_lack);
const struct json_shape token_shape = JSON_SHAPE(
    token_fields, token_check, token_lacks);
const struct json_shape token_row_shape = JSON_SHAPE(
    row_fields, NULL, row_lacks);

bool
token_same_facts(const struct token *one, const struct token *other)
{
	return token_compare(one->serial, other->serial) == 0 &&
	    one->type == other->type && one->algorithm == other->algorithm &&
	    one->digits == other->digits && one->period_s == other->period_s &&
	    one->counter == other->counter &&
	    record_same_secret(&one->secret, &other->secret);
}

void
token_row_of(const struct token *token, struct token_row *ret)
{
	*ret = (struct token_row){.type = token->type,
	    .algorithm = token->algorithm,
	    .digits = token->digits,
	    .period_s = token->period_s,
	    .counter = token->counter,
	    .state = (int)token_state(token),
	    .imported_s = token->imported_s,
	    .assigned_s = token->assigned_s};
	memcpy(ret->serial, token->serial, sizeof(ret->serial));
	memcpy(ret->user, token->user, sizeof(ret->user));
}
