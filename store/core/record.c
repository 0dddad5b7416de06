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

static const struct json_field step_item = JSON_ITEM_FORM(
    uint64_t, &json_form_counter);

static const struct json_field device_fields[] = {
    JSON_ROW_TEXT("id", JSON_REQUIRED, struct device, id),
    JSON_ROW_TEXT("name", JSON_MAYBE, struct device, name),
    JSON_ROW_CHOICE("type", JSON_REQUIRED, struct device, type, type_names),
    JSON_ROW_CHOICE("algorithm", JSON_REQUIRED, struct device, algorithm,
	record_algorithm_names),
    JSON_ROW_NUMBER("digits", JSON_REQUIRED, struct device, digits, 6, 8),
    JSON_ROW_NUMBER("period", JSON_REQUIRED, struct device, period_s, 15, 300),
    JSON_ROW_FORM(
	"secret", JSON_REQUIRED, struct device, secret, &record_form_secret),
    JSON_ROW_FORM("last_step", JSON_REQUIRED, struct device, last_step,
	&json_form_counter),
    JSON_ROW_TIME("added", JSON_MAYBE, struct device, added_s),
    JSON_ROW_TEXT("added_from", JSON_MAYBE, struct device, added_from),
    JSON_ROW_TEXT("added_key", JSON_MAYBE, struct device, added_key),
    JSON_ROW_TIME("last_used", JSON_MAYBE, struct device, last_used_s),
    JSON_ROW_TIME("told", JSON_MAYBE, struct device, told_s),
    JSON_ROW_LIST("spent_steps", JSON_MAYBE, struct device, spent_steps,
	SPENT_STEPS_MAX, &step_item),
};
static const struct json_shape device_shape = JSON_SHAPE(device_fields, NULL);
static const struct json_field device_item = JSON_ITEM_OBJECT(
    struct device, &device_shape);

static const struct json_field pending_fields[] = {
    JSON_ROW_TEXT("id", JSON_MAYBE, struct pending, id),
    JSON_ROW_FORM(
	"secret", JSON_REQUIRED, struct pending, secret, &record_form_secret),
    JSON_ROW_TEXT("name", JSON_MAYBE, struct pending, name),
    JSON_ROW_TIME("until", JSON_REQUIRED, struct pending, until_s),
};
static const struct json_shape pending_shape = JSON_SHAPE(pending_fields, NULL);

static const struct json_field earlier_item = JSON_ITEM_OBJECT(
    struct pending, &pending_shape);

static const struct json_field code_fields[] = {
    JSON_ROW_CHOICE("use", JSON_REQUIRED, struct one_time, use, use_names),
    JSON_ROW_FORM("hash", JSON_REQUIRED, struct one_time, hash, &form_hash),
    JSON_ROW_TIME("until", JSON_MAYBE, struct one_time, until_s),
};
static const struct json_shape code_shape = JSON_SHAPE(code_fields, NULL);
static const struct json_field code_item = JSON_ITEM_OBJECT(
    struct one_time, &code_shape);

static const struct json_field spent_fields[] = {
    JSON_ROW_CHOICE("why", JSON_REQUIRED, struct spent_code, why, why_names),
    JSON_ROW_FORM("hash", JSON_REQUIRED, struct spent_code, hash, &form_hash),
    JSON_ROW_TIME("at", JSON_REQUIRED, struct spent_code, at_s),
};
static const struct json_shape spent_shape = JSON_SHAPE(spent_fields, NULL);
static const struct json_field spent_item = JSON_ITEM_OBJECT(
    struct spent_code, &spent_shape);

static const struct json_field made_fields[] = {
    JSON_ROW_TIME("at", JSON_REQUIRED, struct made, at_s),
    JSON_ROW_TEXT("from", JSON_MAYBE, struct made, from),
    JSON_ROW_TEXT("key", JSON_MAYBE, struct made, key),
};
static const struct json_shape made_shape = JSON_SHAPE(made_fields, NULL);

static const struct json_field counter_fields[] = {
    JSON_ROW_NUMBER(
	"count", JSON_REQUIRED, struct counter, count, 0, COUNT_MAX),
    JSON_ROW_NUMBER(
	"told", JSON_MAYBE, struct counter, told, -COUNT_MAX, COUNT_MAX),
    JSON_ROW_TIME("last", JSON_MAYBE, struct counter, last_s),
    JSON_ROW_TEXT("from", JSON_MAYBE, struct counter, from),
    JSON_ROW_NUMBER("spent", JSON_MAYBE, struct counter, spent, 0, SPENT_MAX),
    JSON_ROW_TIME("spent_since", JSON_MAYBE, struct counter, spent_since_s),
    JSON_ROW_TEXT("connection", JSON_MAYBE, struct counter, connection),
    JSON_ROW_NUMBER("tried", JSON_MAYBE, struct counter, tried, 0, SPENT_MAX),
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

static const struct json_shape counter_shape = JSON_SHAPE(
    counter_fields, counter_check);

static const struct json_field failures_fields[] = {
    JSON_ROW_OBJECT(
	"known", JSON_REQUIRED, struct failures, known, &counter_shape),
    JSON_ROW_OBJECT(
	"other", JSON_REQUIRED, struct failures, other, &counter_shape),
};
static const struct json_shape failures_shape = JSON_SHAPE(
    failures_fields, NULL);

static const struct json_field source_fields[] = {
    JSON_ROW_TEXT("key", JSON_MAYBE, struct source, key),
    JSON_ROW_TEXT("address", JSON_REQUIRED, struct source, address),
    JSON_ROW_TIME("last", JSON_REQUIRED, struct source, last_s),
};
static const struct json_shape source_shape = JSON_SHAPE(source_fields, NULL);
static const struct json_field source_item = JSON_ITEM_OBJECT(
    struct source, &source_shape);

static const struct json_field verified_fields[] = {
    JSON_ROW_TEXT("connection", JSON_MAYBE, struct verified, connection),
    JSON_ROW_TEXT("key", JSON_MAYBE, struct verified, key),
    JSON_ROW_TEXT("address", JSON_MAYBE, struct verified, address),
    JSON_ROW_TIME("until", JSON_REQUIRED, struct verified, until_s),
    JSON_ROW_FORM("code", JSON_MAYBE, struct verified, code, &form_hash),
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

static const struct json_shape verified_shape = JSON_SHAPE(
    verified_fields, verified_check);
static const struct json_field verified_item = JSON_ITEM_OBJECT(
    struct verified, &verified_shape);

static const struct json_field last_login_fields[] = {
    JSON_ROW_TIME("at", JSON_REQUIRED, struct last_login, at_s),
    JSON_ROW_TEXT("from", JSON_MAYBE, struct last_login, from),
};
static const struct json_shape last_login_shape = JSON_SHAPE(
    last_login_fields, NULL);

static const struct json_field record_fields[] = {
    JSON_ROW_NUMBER("version", JSON_REQUIRED, struct record, version, 1, 1),
    JSON_ROW_TEXT("user", JSON_REQUIRED, struct record, user),
    JSON_ROW_NUMBER("uid", JSON_REQUIRED, struct record, uid, 0, 4294967294),
    JSON_ROW_LIST("devices", JSON_MAYBE, struct record, devices, DEVICES_MAX,
	&device_item),
    JSON_ROW_OBJECT(
	"pending", JSON_MAYBE, struct record, pending, &pending_shape),
    JSON_ROW_LIST("pending_earlier", JSON_MAYBE, struct record, earlier,
	EARLIER_MAX, &earlier_item),
    JSON_ROW_LIST(
	"codes", JSON_MAYBE, struct record, codes, CODES_MAX, &code_item),
    JSON_ROW_LIST("spent", JSON_MAYBE, struct record, spent, SPENT_CODES_MAX,
	&spent_item),
    JSON_ROW_OBJECT("made", JSON_MAYBE, struct record, made, &made_shape),
    JSON_ROW_TIME("first_seen", JSON_MAYBE, struct record, first_seen_s),
    JSON_ROW_TIME("grace_started", JSON_MAYBE, struct record, grace_started_s),
    JSON_ROW_FLAG("enrolled_once", JSON_REQUIRED, struct record, enrolled_once),
    JSON_ROW_TIME("invited_until", JSON_MAYBE, struct record, invited_until_s),
    JSON_ROW_TEXT("last_rule", JSON_MAYBE, struct record, last_rule),
    JSON_ROW_TIME("skipped", JSON_MAYBE, struct record, skipped_s),
    JSON_ROW_OBJECT(
	"failures", JSON_REQUIRED, struct record, failures, &failures_shape),
    JSON_ROW_LIST("sources", JSON_MAYBE, struct record, sources, SOURCES_MAX,
	&source_item),
    JSON_ROW_LIST("verified", JSON_MAYBE, struct record, verified, VERIFIED_MAX,
	&verified_item),
    JSON_ROW_OBJECT(
	"last_login", JSON_MAYBE, struct record, last_login, &last_login_shape),
};

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
			list_drop(&record->codes, sizeof(struct one_time), i);
	if (use == CODE_RECOVER)
		record->made = (struct made){.present = false};
}
