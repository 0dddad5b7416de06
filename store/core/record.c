#include <string.h>

#include "store/base/base32.h"
#include "store/core/record.h"

static const char *const type_names[] = {"totp", NULL};
const char *const record_algorithm_names[] = {"SHA1", "SHA256", "SHA512", NULL};
static const char *const use_names[] = {
    "recover", "enroll", "pass", "scratch", NULL};
static const char *const why_names[] = {
    "used", "replaced", "void", "expired", NULL};

static bool
secret_read(const char *text, void *ret)
{
	struct otp_secret *secret = ret;

	return text[0] != '\0' &&
	    base32_decode(text, strlen(text), secret->bytes,
		sizeof(secret->bytes), &secret->len) == FAULT_NONE;
}

static void
secret_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	const struct otp_secret *secret = value;

	if (base32_encode(secret->bytes, secret->len, ret, JSON_FORM_TEXT) !=
	    FAULT_NONE)
		ret[0] = '\0';
}

const struct json_form record_form_secret = {
    "a secret in base32, upper case, without padding", secret_read,
    secret_write};

static bool
hash_read(const char *text, void *ret)
{
	if (strlen(text) != HASH_TEXT - 1 ||
	    strspn(text, "0123456789abcdef") != HASH_TEXT - 1)
		return false;
	memcpy(ret, text, HASH_TEXT);
	return true;
}

static void
hash_write(const void *value, char ret[static JSON_FORM_TEXT])
{
	memcpy(ret, value, HASH_TEXT);
}

static const struct json_form form_hash = {
    "a SHA-256 in lower-case hex", hash_read, hash_write};

/* clang-format off */
#define TEXT(type, member, word, n) \
	{.key = word, .kind = JSON_TEXT, .need = n, JSON_AT(type, member)}
#define TIME(type, member, word, n) \
	{.key = word, .kind = JSON_FORM, .need = n, JSON_AT(type, member), \
	    .form = &json_form_time}
#define FORM(type, member, word, n, f) \
	{.key = word, .kind = JSON_FORM, .need = n, JSON_AT(type, member), \
	    .form = (f)}
#define NUMBER(type, member, word, n, least, most) \
	{.key = word, .kind = JSON_NUMBER, .need = n, JSON_AT(type, member), \
	    .min = (least), .max = (most)}
#define CHOICE(type, member, word, n) \
	{.key = word, .kind = JSON_CHOICE, .need = JSON_REQUIRED, \
	    JSON_AT(type, member), .names = (n)}
#define OBJECT(type, member, word, n, s) \
	{.key = word, .kind = JSON_OBJECT, .need = n, JSON_AT(type, member), \
	    .shape = (s)}
#define LIST(type, member, word, most, i) \
	{.key = word, .kind = JSON_LIST, .need = JSON_MAYBE, \
	    JSON_AT(type, member), .max = (most), .item = (i)}
#define ITEM(type, s) \
	{.kind = JSON_OBJECT, .need = JSON_REQUIRED, .size = sizeof(type), \
	    .shape = (s)}

static const struct json_field step_item = {
	.kind = JSON_FORM, .need = JSON_REQUIRED, .size = sizeof(uint64_t),
	.form = &json_form_counter};

static const struct json_field device_fields[] = {
	TEXT(struct device, id, "id", JSON_REQUIRED),
	TEXT(struct device, name, "name", JSON_MAYBE),
	CHOICE(struct device, type, "type", type_names),
	CHOICE(struct device, algorithm, "algorithm",
	    record_algorithm_names),
	NUMBER(struct device, digits, "digits", JSON_REQUIRED, 6, 8),
	NUMBER(struct device, period_s, "period", JSON_REQUIRED, 15, 300),
	FORM(struct device, secret, "secret", JSON_REQUIRED, &record_form_secret),
	FORM(struct device, last_step, "last_step", JSON_REQUIRED,
	    &json_form_counter),
	TIME(struct device, added_s, "added", JSON_MAYBE),
	TEXT(struct device, added_from, "added_from", JSON_MAYBE),
	TEXT(struct device, added_key, "added_key", JSON_MAYBE),
	TIME(struct device, last_used_s, "last_used", JSON_MAYBE),
	TIME(struct device, told_s, "told", JSON_MAYBE),
	LIST(struct device, spent_steps, "spent_steps", SPENT_STEPS_MAX,
	    &step_item),
};
static const struct json_shape device_shape = JSON_SHAPE(device_fields, NULL);
static const struct json_field device_item
    = ITEM(struct device, &device_shape);

static const struct json_field pending_fields[] = {
	TEXT(struct pending, id, "id", JSON_MAYBE),
	FORM(struct pending, secret, "secret", JSON_REQUIRED, &record_form_secret),
	TEXT(struct pending, name, "name", JSON_MAYBE),
	TIME(struct pending, until_s, "until", JSON_REQUIRED),
};
static const struct json_shape pending_shape
    = JSON_SHAPE(pending_fields, NULL);

static const struct json_field earlier_item
    = ITEM(struct pending, &pending_shape);

static const struct json_field code_fields[] = {
	CHOICE(struct one_time, use, "use", use_names),
	FORM(struct one_time, hash, "hash", JSON_REQUIRED, &form_hash),
	TIME(struct one_time, until_s, "until", JSON_MAYBE),
};
static const struct json_shape code_shape = JSON_SHAPE(code_fields, NULL);
static const struct json_field code_item = ITEM(struct one_time, &code_shape);

static const struct json_field spent_fields[] = {
	CHOICE(struct spent_code, why, "why", why_names),
	FORM(struct spent_code, hash, "hash", JSON_REQUIRED, &form_hash),
	TIME(struct spent_code, at_s, "at", JSON_REQUIRED),
};
static const struct json_shape spent_shape = JSON_SHAPE(spent_fields, NULL);
static const struct json_field spent_item
    = ITEM(struct spent_code, &spent_shape);

static const struct json_field made_fields[] = {
	TIME(struct made, at_s, "at", JSON_REQUIRED),
	TEXT(struct made, from, "from", JSON_MAYBE),
	TEXT(struct made, key, "key", JSON_MAYBE),
};
static const struct json_shape made_shape = JSON_SHAPE(made_fields, NULL);

static const struct json_field counter_fields[] = {
	NUMBER(struct counter, count, "count", JSON_REQUIRED, 0, COUNT_MAX),
	NUMBER(struct counter, told, "told", JSON_MAYBE, -COUNT_MAX, COUNT_MAX),
	TIME(struct counter, last_s, "last", JSON_MAYBE),
	TEXT(struct counter, from, "from", JSON_MAYBE),
	NUMBER(struct counter, spent, "spent", JSON_MAYBE, 0, SPENT_MAX),
	TIME(struct counter, spent_since_s, "spent_since", JSON_MAYBE),
	TEXT(struct counter, connection, "connection", JSON_MAYBE),
	NUMBER(struct counter, tried, "tried", JSON_MAYBE, 0, SPENT_MAX),
};

/* Without that time all of them would be forgiven at once. */
static const char *
counter_check(const void *value, struct json_place *ret_place)
{
	const struct counter *c = value;

	ret_place->key = "spent";
	if (c->spent > 0 && c->spent_since_s == 0)
		return "needs spent_since";
	return NULL;
}

static const struct json_shape counter_shape
    = JSON_SHAPE(counter_fields, counter_check);

static const struct json_field failures_fields[] = {
	OBJECT(struct failures, known, "known", JSON_REQUIRED, &counter_shape),
	OBJECT(struct failures, other, "other", JSON_REQUIRED, &counter_shape),
};
static const struct json_shape failures_shape
    = JSON_SHAPE(failures_fields, NULL);

static const struct json_field source_fields[] = {
	TEXT(struct source, key, "key", JSON_MAYBE),
	TEXT(struct source, address, "address", JSON_REQUIRED),
	TIME(struct source, last_s, "last", JSON_REQUIRED),
};
static const struct json_shape source_shape = JSON_SHAPE(source_fields, NULL);
static const struct json_field source_item
    = ITEM(struct source, &source_shape);

static const struct json_field verified_fields[] = {
	TEXT(struct verified, connection, "connection", JSON_MAYBE),
	TEXT(struct verified, key, "key", JSON_MAYBE),
	TEXT(struct verified, address, "address", JSON_MAYBE),
	TIME(struct verified, until_s, "until", JSON_REQUIRED),
	FORM(struct verified, code, "code", JSON_MAYBE, &form_hash),
};

/* An entry without names would match every connection that has no name. */
static const char *
verified_check(const void *value, struct json_place *ret_place)
{
	const struct verified *v = value;

	ret_place->key = NULL;
	if (v->connection[0] == '\0' &&
	    (v->key[0] == '\0' || v->address[0] == '\0'))
		return "needs a connection, or a key and an address";
	return NULL;
}

static const struct json_shape verified_shape
    = JSON_SHAPE(verified_fields, verified_check);
static const struct json_field verified_item
    = ITEM(struct verified, &verified_shape);

static const struct json_field last_login_fields[] = {
	TIME(struct last_login, at_s, "at", JSON_REQUIRED),
	TEXT(struct last_login, from, "from", JSON_MAYBE),
};
static const struct json_shape last_login_shape
    = JSON_SHAPE(last_login_fields, NULL);

static const struct json_field record_fields[] = {
	NUMBER(struct record, version, "version", JSON_REQUIRED, 1, 1),
	TEXT(struct record, user, "user", JSON_REQUIRED),
	NUMBER(struct record, uid, "uid", JSON_REQUIRED, 0, 4294967294),
	LIST(struct record, devices, "devices", DEVICES_MAX, &device_item),
	OBJECT(struct record, pending, "pending", JSON_MAYBE, &pending_shape),
	LIST(struct record, earlier, "pending_earlier", EARLIER_MAX,
	    &earlier_item),
	LIST(struct record, codes, "codes", CODES_MAX, &code_item),
	LIST(struct record, spent, "spent", SPENT_CODES_MAX, &spent_item),
	OBJECT(struct record, made, "made", JSON_MAYBE, &made_shape),
	TIME(struct record, first_seen_s, "first_seen", JSON_MAYBE),
	TIME(struct record, grace_started_s, "grace_started", JSON_MAYBE),
	{.key = "enrolled_once", .kind = JSON_FLAG, .need = JSON_REQUIRED,
	    JSON_AT(struct record, enrolled_once)},
	TIME(struct record, invited_until_s, "invited_until", JSON_MAYBE),
	TEXT(struct record, last_rule, "last_rule", JSON_MAYBE),
	TIME(struct record, skipped_s, "skipped", JSON_MAYBE),
	OBJECT(struct record, failures, "failures", JSON_REQUIRED,
	    &failures_shape),
	LIST(struct record, sources, "sources", SOURCES_MAX, &source_item),
	LIST(struct record, verified, "verified", VERIFIED_MAX,
	    &verified_item),
	OBJECT(struct record, last_login, "last_login", JSON_MAYBE,
	    &last_login_shape),
};
/* clang-format on */

static const struct json_shape record_shape = JSON_SHAPE(
    record_fields, record_check);

void
record_init(struct record *ret, const char *user, uid_t uid)
{
	size_t n = strnlen(user, USER_TEXT - 1);

	*ret = (struct record){.version = 1, .uid = uid};
	memcpy(ret->user, user, n);
}

enum fault
record_parse(const char *text, size_t len, struct record *ret,
    struct json_error *ret_error)
{
	struct record record = {.version = 0};
	enum fault fault = json_read(
	    &record_shape, text, len, RECORD_MAX, &record, ret_error);

	if (fault != FAULT_NONE) {
		record_done(&record);
		return fault;
	}
	*ret = record;
	explicit_bzero(&record, sizeof(record));
	return FAULT_NONE;
}

enum fault
record_format(const struct record *record, char **ret_text)
{
	return json_write(&record_shape, record, true, ret_text);
}

void
record_done(struct record *record)
{
	json_done(&record_shape, record);
}

size_t
record_codes_left(const struct record *record, enum code_use use, int64_t now_s)
{
	size_t left = 0;

	for (size_t i = 0; i < record->codes.count; i++) {
		const struct one_time *code = &record->codes.items[i];

		left += code->use == (int)use &&
		    (code->until_s == 0 || code->until_s > now_s);
	}
	return left;
}

size_t
record_recovery_left(const struct record *record, int64_t now_s)
{
	return record_codes_left(record, CODE_RECOVER, now_s) +
	    record_codes_left(record, CODE_SCRATCH, now_s);
}

void
record_codes_drop(struct record *record, enum code_use use)
{
	for (size_t i = record->codes.count; i-- > 0;)
		if (record->codes.items[i].use == (int)use)
			json_list_drop(
			    &record->codes, sizeof(struct one_time), i);
	if (use == CODE_RECOVER)
		record->made = (struct made){.present = false};
}
