#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/base32.h"
#include "store/core/record.h"

#define UID_MOST 4294967294

const char *const record_type_names[] = {"totp", "hotp", NULL};
const char *const record_algorithm_names[] = {"SHA1", "SHA256", "SHA512", NULL};
const char *const record_use_names[] = {
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

/* A row: kind and need without JSON_, the struct by its name. */
#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field resync_fields[] = {
    ROW(FORM, resync, "counter", REQUIRED, counter, &json_form_counter),
    ROW(TIME, resync, "at", REQUIRED, at_s),
};
static const struct json_shape resync_shape = JSON_SHAPE(resync_fields, NULL);

static const struct json_field device_fields[] = {
    ROW(TEXT, device, "id", REQUIRED, id),
    ROW(TEXT, device, "name", MAYBE, name),
    ROW(CHOICE, device, "type", REQUIRED, type, record_type_names),
    ROW(CHOICE, device, "algorithm", REQUIRED, algorithm,
	record_algorithm_names),
    ROW(NUMBER, device, "digits", REQUIRED, digits, 6, 8),
    ROW(NUMBER, device, "period", REQUIRED, period_s, 15, 300),
    ROW(FORM, device, "secret", REQUIRED, secret, &record_form_secret),
    ROW(FORM, device, "last_step", REQUIRED, last_step, &json_form_counter),
    ROW(FORM, device, "counter", REQUIRED, counter, &json_form_counter),
    ROW(FLAG, device, "unsure", MAYBE, unsure),
    ROW(OBJECT, device, "resync", MAYBE, resync, &resync_shape),
    ROW(TIME, device, "added", MAYBE, added_s),
    ROW(TEXT, device, "added_from", MAYBE, added_from),
    ROW(TEXT, device, "added_key", MAYBE, added_key),
    ROW(TIME, device, "last_used", MAYBE, last_used_s),
    ROW(TIME, device, "told", MAYBE, told_s),
    ROW(LIST, device, "spent_steps", MAYBE, spent_steps, SPENT_STEPS_MAX,
	&step_item),
    ROW(LIST, device, "spent_counters", MAYBE, spent_counters, SPENT_STEPS_MAX,
	&step_item),
};

/* A device has the keys of its type and no other's: a counter that is missing
 * would begin at 0, and all codes would pass again. */
static const char *
device_lacks(const void *value, const struct json_field *field)
{
	bool counts = ((const struct device *)value)->type == DEVICE_HOTP;

	switch (field->offset) {
	case offsetof(struct device, period_s):
	case offsetof(struct device, last_step):
	case offsetof(struct device, spent_steps):
		return counts ? "is for a device of type totp" : NULL;
	case offsetof(struct device, counter):
	case offsetof(struct device, unsure):
	case offsetof(struct device, resync):
	case offsetof(struct device, spent_counters):
		return counts ? NULL : "is for a device of type hotp";
	default:
		return NULL;
	}
}

static const struct json_shape device_shape = JSON_SHAPE(
    device_fields, NULL, device_lacks);
static const struct json_field device_item = JSON_ITEM_OBJECT(
    struct device, &device_shape);

static const struct json_field pending_fields[] = {
    ROW(TEXT, pending, "id", MAYBE, id),
    ROW(FORM, pending, "secret", REQUIRED, secret, &record_form_secret),
    ROW(TEXT, pending, "name", MAYBE, name),
    ROW(TIME, pending, "until", REQUIRED, until_s),
};
static const struct json_shape pending_shape = JSON_SHAPE(pending_fields, NULL);

static const struct json_field earlier_item = JSON_ITEM_OBJECT(
    struct pending, &pending_shape);

static const struct json_field code_fields[] = {
    ROW(CHOICE, one_time, "use", REQUIRED, use, record_use_names),
    ROW(FORM, one_time, "hash", REQUIRED, hash, &form_hash),
    ROW(TIME, one_time, "until", MAYBE, until_s),
};
static const struct json_shape code_shape = JSON_SHAPE(code_fields, NULL);
static const struct json_field code_item = JSON_ITEM_OBJECT(
    struct one_time, &code_shape);

static const struct json_field spent_fields[] = {
    ROW(CHOICE, spent_code, "why", REQUIRED, why, why_names),
    ROW(FORM, spent_code, "hash", REQUIRED, hash, &form_hash),
    ROW(TIME, spent_code, "at", REQUIRED, at_s),
};
static const struct json_shape spent_shape = JSON_SHAPE(spent_fields, NULL);
static const struct json_field spent_item = JSON_ITEM_OBJECT(
    struct spent_code, &spent_shape);

static const struct json_field made_fields[] = {
    ROW(TIME, made, "at", REQUIRED, at_s),
    ROW(TEXT, made, "from", MAYBE, from),
    ROW(TEXT, made, "key", MAYBE, key),
};
static const struct json_shape made_shape = JSON_SHAPE(made_fields, NULL);

static const struct json_field renewal_fields[] = {
    ROW(FORM, renewal, "code", REQUIRED, code, &form_hash),
    ROW(TIME, renewal, "until", REQUIRED, until_s),
};
static const struct json_shape renewal_shape = JSON_SHAPE(renewal_fields, NULL);

static const struct json_field counter_fields[] = {
    ROW(NUMBER, counter, "count", REQUIRED, count, 0, COUNT_MAX),
    ROW(NUMBER, counter, "told", MAYBE, told, -COUNT_MAX, COUNT_MAX),
    ROW(TIME, counter, "last", MAYBE, last_s),
    ROW(TEXT, counter, "from", MAYBE, from),
    ROW(NUMBER, counter, "spent", MAYBE, spent, 0, SPENT_MAX),
    ROW(TIME, counter, "spent_since", MAYBE, spent_since_s),
    ROW(TEXT, counter, "connection", MAYBE, connection),
    ROW(NUMBER, counter, "tried", MAYBE, tried, 0, SPENT_MAX),
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
    ROW(OBJECT, failures, "known", REQUIRED, known, &counter_shape),
    ROW(OBJECT, failures, "other", REQUIRED, other, &counter_shape),
};
static const struct json_shape failures_shape = JSON_SHAPE(
    failures_fields, NULL);

static const struct json_field source_fields[] = {
    ROW(TEXT, source, "key", MAYBE, key),
    ROW(TEXT, source, "address", REQUIRED, address),
    ROW(TIME, source, "last", REQUIRED, last_s),
};
static const struct json_shape source_shape = JSON_SHAPE(source_fields, NULL);
static const struct json_field source_item = JSON_ITEM_OBJECT(
    struct source, &source_shape);

static const struct json_field verified_fields[] = {
    ROW(TEXT, verified, "connection", MAYBE, connection),
    ROW(TEXT, verified, "key", MAYBE, key),
    ROW(TEXT, verified, "address", MAYBE, address),
    ROW(TIME, verified, "until", REQUIRED, until_s),
    ROW(FORM, verified, "code", MAYBE, code, &form_hash),
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

static const struct json_field uid_fields[] = {
    ROW(TEXT, uid_at, "bastion", REQUIRED, bastion),
    ROW(NUMBER, uid_at, "uid", REQUIRED, uid, 0, UID_MOST),
};
static const struct json_shape uid_shape = JSON_SHAPE(uid_fields, NULL);
static const struct json_field uid_item = JSON_ITEM_OBJECT(
    struct uid_at, &uid_shape);

static const struct json_field last_login_fields[] = {
    ROW(TIME, last_login, "at", REQUIRED, at_s),
    ROW(TEXT, last_login, "from", MAYBE, from),
    ROW(TIME, last_login, "before", MAYBE, before_s),
    ROW(TEXT, last_login, "before_from", MAYBE, before_from),
};
static const struct json_shape last_login_shape = JSON_SHAPE(
    last_login_fields, NULL);

static const struct json_field record_fields[] = {
    ROW(NUMBER, record, "version", REQUIRED, version, 1, 1),
    ROW(TEXT, record, "user", REQUIRED, user),
    ROW(NUMBER, record, "uid", REQUIRED, uid, 0, UID_MOST),
    ROW(LIST, record, "uids", MAYBE, uids, UIDS_MAX, &uid_item),
    ROW(LIST, record, "devices", MAYBE, devices, DEVICES_MAX, &device_item),
    ROW(NUMBER, record, "last_device", MAYBE, last_device, 0, DEVICE_LAST),
    ROW(OBJECT, record, "pending", MAYBE, pending, &pending_shape),
    ROW(LIST, record, "pending_earlier", MAYBE, earlier, EARLIER_MAX,
	&earlier_item),
    ROW(LIST, record, "codes", MAYBE, codes, CODES_MAX, &code_item),
    ROW(LIST, record, "spent", MAYBE, spent, SPENT_CODES_MAX, &spent_item),
    ROW(OBJECT, record, "made", MAYBE, made, &made_shape),
    ROW(OBJECT, record, "renewal", MAYBE, renewal, &renewal_shape),
    ROW(TIME, record, "first_seen", MAYBE, first_seen_s),
    ROW(TIME, record, "grace_started", MAYBE, grace_started_s),
    ROW(FLAG, record, "enrolled_once", REQUIRED, enrolled_once),
    ROW(TIME, record, "invited_until", MAYBE, invited_until_s),
    ROW(TEXT, record, "last_rule", MAYBE, last_rule),
    ROW(TIME, record, "skipped", MAYBE, skipped_s),
    ROW(OBJECT, record, "failures", REQUIRED, failures, &failures_shape),
    ROW(LIST, record, "sources", MAYBE, sources, SOURCES_MAX, &source_item),
    ROW(LIST, record, "verified", MAYBE, verified, VERIFIED_MAX,
	&verified_item),
    ROW(OBJECT, record, "last_login", MAYBE, last_login, &last_login_shape),
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

static const struct uid_at *
find_uid(const struct record *record, const char *bastion)
{
	list_each(const struct uid_at, at, record->uids)
		if (strcmp(at->bastion, bastion) == 0)
			return at;
	return NULL;
}

int64_t
record_uid(const struct record *record, const char *bastion)
{
	const struct uid_at *at = find_uid(record, bastion);

	if (bastion[0] == '\0')
		return record->uid;
	if (at != NULL)
		return at->uid;
	return record->uids.count < UIDS_MAX ? -1 : record->uid;
}

bool
record_has_uid(const struct record *record, const char *bastion, int64_t uid)
{
	int64_t theirs = record_uid(record, bastion);

	return theirs == uid || theirs == -1;
}

bool
record_note_uid(struct record *record, const char *bastion, int64_t uid)
{
	struct uid_at *at;

	if (record_uid(record, bastion) != -1)
		return false;
	at = list_add(&record->uids, sizeof(*at));
	if (at == NULL)
		return false;
	snprintf(at->bastion, sizeof(at->bastion), "%s", bastion);
	at->uid = uid;
	return true;
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

/* Returns the number of an id that record_new_device_id() made, or 0. */
static int64_t
number_of_id(const char *id)
{
	size_t digits = strlen(id) - 1;

	if (id[0] != 'd' || digits == 0 ||
	    strspn(id + 1, "0123456789") != digits)
		return 0;
	return strtol(id + 1, NULL, 10);
}

int64_t
record_last_device(const struct record *record)
{
	int64_t last = record->last_device;

	for (size_t i = 0; i < record->devices.count; i++) {
		int64_t number = number_of_id(record->devices.items[i].id);

		last = number > last ? number : last;
	}
	return last;
}

enum fault
record_new_device_id(struct record *record, char ret[static DEVICE_ID_TEXT])
{
	int64_t last = record_last_device(record);

	if (last >= DEVICE_LAST)
		return FAULT_LIMIT;
	record->last_device = last + 1;
	snprintf(ret, DEVICE_ID_TEXT, "d%d", (int)record->last_device);
	return FAULT_NONE;
}

enum fault
record_find_device(const struct record *record, const char *text, size_t *ret)
{
	size_t named = 0, found = 0;

	for (size_t i = 0; i < record->devices.count; i++) {
		const struct device *device = &record->devices.items[i];

		if (strcmp(device->id, text) == 0) {
			*ret = i;
			return FAULT_NONE;
		}
		if (device->name[0] != '\0' &&
		    strcmp(device->name, text) == 0) {
			named++;
			found = i;
		}
	}
	if (named != 1)
		return named == 0 ? FAULT_ABSENT : FAULT_LIMIT;
	*ret = found;
	return FAULT_NONE;
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
