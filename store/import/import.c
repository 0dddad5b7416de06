#include <string.h>

#include "store/import/import.h"

static const struct json_field scratch_item = JSON_ITEM_TEXT(struct scratch);

/* A row: kind and need without JSON_, the struct by its name. */
#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

/* The rows of an account, in a struct whose members for it begin with at. */
#define ACCOUNT_ROWS(in, at)                                                   \
	ROW(CHOICE, in, "type", MAYBE, at type, record_type_names),            \
	    ROW(CHOICE, in, "algorithm", REQUIRED, at algorithm,               \
		record_algorithm_names),                                       \
	    ROW(NUMBER, in, "digits", REQUIRED, at digits, OTP_DIGITS_MIN,     \
		OTP_DIGITS_MAX),                                               \
	    ROW(NUMBER, in, "period", REQUIRED, at period_s,                   \
		IMPORT_PERIOD_MIN, IMPORT_PERIOD_MAX),                         \
	    ROW(FORM, in, "secret", REQUIRED, at secret, &record_form_secret), \
	    ROW(FORM, in, "last_step", REQUIRED, at last_step,                 \
		&json_form_counter),                                           \
	    ROW(FORM, in, "counter", REQUIRED, at counter, &json_form_counter)

static const struct json_field account_fields[] = {
    ACCOUNT_ROWS(import_account, )};

/* As in a record, an account has the keys of its type and no other's. */
static const char *
account_lacks(const void *value, const struct json_field *field)
{
	bool counts = ((const struct import_account *)value)->type ==
	    DEVICE_HOTP;

	if (strcmp(field->key, "counter") == 0)
		return counts ? NULL : "is for hotp";
	if (strcmp(field->key, "period") == 0 ||
	    strcmp(field->key, "last_step") == 0)
		return counts ? "is for totp" : NULL;
	return NULL;
}

static const char *
account_check(const void *value, struct json_place *ret_place)
{
	const struct import_account *account = value;

	*ret_place = (struct json_place){.key = "secret", .index = -1};
	if (account->secret.len < IMPORT_SECRET_MIN)
		return "must have at least 80 bits";
	ret_place->key = "counter";
	if (account->counter > IMPORT_COUNTER_MAX)
		return "must have at most 18 digits";
	return NULL;
}

static const struct json_shape account_shape = JSON_SHAPE(
    account_fields, account_check, account_lacks);
static const struct json_field account_item = JSON_ITEM_OBJECT(
    struct import_account, &account_shape);

static const struct json_field import_fields[] = {
    ACCOUNT_ROWS(import, first.),
    ROW(LIST, import, "scratch", MAYBE, scratch, IMPORT_SCRATCH_MAX,
	&scratch_item),
    ROW(LIST, import, "more", MAYBE, more, IMPORT_MAX - 1, &account_item),
};

size_t
import_count(const struct import *import)
{
	return 1 + import->more.count;
}

const struct import_account *
import_at(const struct import *import, size_t i)
{
	return i == 0 ? &import->first : &import->more.items[i - 1];
}

bool
import_is_scratch(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9')
			return false;
	return len == SCRATCH_CHARS;
}

bool
import_has_scratch(const struct import *import, const char *code, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (memcmp(import->scratch.items[i].code, code,
			SCRATCH_CHARS) == 0)
			return true;
	return false;
}

static const char *
import_check(const void *value, struct json_place *ret_place)
{
	const struct import *import = value;
	const char *wrong = account_check(&import->first, ret_place);

	if (wrong != NULL)
		return wrong;
	ret_place->key = "scratch";
	for (size_t i = 0; i < import->scratch.count; i++) {
		const char *code = import->scratch.items[i].code;

		ret_place->index = (int)i;
		if (!import_is_scratch(code, strlen(code)))
			return "must be eight digits";
		if (import_has_scratch(import, code, i))
			return "must not appear twice";
	}
	return NULL;
}

static const char *
import_lacks(const void *value, const struct json_field *field)
{
	return account_lacks(&((const struct import *)value)->first, field);
}

const struct json_shape import_shape = JSON_SHAPE(
    import_fields, import_check, import_lacks);

void
import_done(struct import *import)
{
	json_done(&import_shape, import);
	import->present = false;
}
