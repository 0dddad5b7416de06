#include <openssl/crypto.h>
#include <stdio.h>
#include <string.h>

#include "store/core/enroll.h"
#include "store/base/hash.h"
#include "store/core/renew.h"
#include "store/core/resume.h"
#include "store/core/spent.h"
#include "store/base/utf8.h"
#include "store/core/verify.h"

/* Sets the id to the start of the secret's hash, which reveals nothing of
 * the secret. */
static bool
set_pending_id(struct pending *pending)
{
	char hash[HASH_TEXT];

	if (!hash_hex(pending->secret.bytes, pending->secret.len, hash))
		return false;
	snprintf(pending->id, sizeof(pending->id), "p%.7s", hash);
	return true;
}

/* Moves the pending enrolment to the earlier ones, and drops the oldest of
 * those if there are too many. */
static enum fault
move_to_earlier(struct record *record)
{
	struct pending *kept;

	if (!record->pending.present)
		return FAULT_NONE;
	while (record->earlier.count >= EARLIER_MAX)
		list_drop(&record->earlier, sizeof(*kept), 0);
	kept = list_add(&record->earlier, sizeof(*kept));
	if (kept == NULL)
		return FAULT_MEMORY;
	*kept = record->pending;
	return FAULT_NONE;
}

enum fault
enroll_begin(struct record *record,
    const uint8_t secret[static ENROLL_SECRET_BYTES], const char *name,
    int64_t now_s)
{
	struct pending *pending = &record->pending;

	if (move_to_earlier(record) != FAULT_NONE)
		return FAULT_MEMORY;
	*pending = (struct pending){
	    .present = true,
	    .until_s = now_s + ENROLL_S,
	    .secret.len = ENROLL_SECRET_BYTES,
	};
	memcpy(pending->secret.bytes, secret, ENROLL_SECRET_BYTES);
	utf8_clean(name, strlen(name), pending->name, sizeof(pending->name));
	return set_pending_id(pending) ? FAULT_NONE : FAULT_MEMORY;
}

/* Returns NULL if no enrolment has that id. */
static const struct pending *
find_pending(const struct record *record, const char *id)
{
	if (record->pending.present &&
	    (id[0] == '\0' || strcmp(record->pending.id, id) == 0))
		return &record->pending;
	for (size_t i = 0; id[0] != '\0' && i < record->earlier.count; i++)
		if (strcmp(record->earlier.items[i].id, id) == 0)
			return &record->earlier.items[i];
	return NULL;
}

bool
enroll_is_pending(const struct record *record, const char *id)
{
	return find_pending(record, id) != NULL;
}

/* Ends all pending enrolments. */
static void
drop_pending(struct record *record)
{
	OPENSSL_cleanse(&record->pending, sizeof(record->pending));
	while (record->earlier.count > 0)
		list_drop(&record->earlier, sizeof(struct pending), 0);
}

/* Device ids are d1, d2, ...: a name like one would make "d2" mean two
 * devices. */
static bool
is_like_id(const char *name)
{
	return name[0] == 'd' && name[1] != '\0' &&
	    strspn(name + 1, "0123456789") == strlen(name + 1);
}

/* True if another device than this one, which may be NULL, has that name. */
static bool
is_name_taken(
    const struct record *record, const char *name, const struct device *except)
{
	for (size_t i = 0; i < record->devices.count; i++)
		if (&record->devices.items[i] != except &&
		    strcmp(record->devices.items[i].name, name) == 0)
			return true;
	return false;
}

bool
enroll_is_name_free(const struct record *record, const char *name)
{
	char clean[NAME_TEXT];

	utf8_clean(name, strlen(name), clean, sizeof(clean));
	return !is_like_id(clean) && !is_name_taken(record, clean, NULL);
}

/* A name that another device has gets a number: "phone", "phone-2". */
static void
choose_name(const struct record *record, struct device *device)
{
	char numbered[NAME_TEXT + 16];
	char end[8];

	snprintf(numbered, sizeof(numbered), "%s", device->name);
	for (unsigned char n = 2;
	     n < DEVICES_MAX + 2 && is_name_taken(record, numbered, device);
	     n++) {
		snprintf(end, sizeof(end), "-%d", n);
		utf8_clean(device->name, strlen(device->name), numbered,
		    sizeof(device->name) - strlen(end));
		memcpy(numbered + strlen(numbered), end, strlen(end) + 1);
	}
	memcpy(device->name, numbered, strlen(numbered) + 1);
}

/* *ret: the device that the pending secret becomes. */
static void
device_of_pending(const struct pending *pending, const struct login *login,
    struct device *ret)
{
	*ret = (struct device){
	    .algorithm = OTP_SHA1,
	    .digits = 6,
	    .period_s = 30,
	    .secret = pending->secret,
	    .added_s = login->now_s,
	    .last_used_s = login->now_s,
	};
	memcpy(ret->name, pending->name, sizeof(ret->name));
	memcpy(ret->added_from, login->address, sizeof(ret->added_from));
	memcpy(ret->added_key, login->key, sizeof(ret->added_key));
}

static enum fault
append_code(struct record *record, enum code_use use, int64_t until_s,
    const uint8_t random[static ONETIME_BYTES], char ret[static ONETIME_TEXT])
{
	char code[ONETIME_CHARS + 1] = "";
	struct one_time *one = list_add(&record->codes, sizeof(*one));

	if (one == NULL)
		return FAULT_MEMORY;
	onetime_format(random, ret);
	one->use = (int)use;
	one->until_s = until_s;
	if (!onetime_read(ret, strlen(ret), code))
		return FAULT_FORMAT;
	if (onetime_hash(code, one->hash) != FAULT_NONE)
		return FAULT_MEMORY;
	OPENSSL_cleanse(code, sizeof(code));
	return FAULT_NONE;
}

enum fault
enroll_recovery(struct record *record, const struct login *login,
    const struct recovery *recovery)
{
	char text[ONETIME_TEXT];
	enum fault fault = FAULT_NONE;

	renew_end(record);
	(void)announce_begin(record, login->now_s);
	spent_retire(record, CODE_SCRATCH, SPENT_REPLACED, login->now_s);
	spent_retire(record, CODE_RECOVER, SPENT_REPLACED, login->now_s);
	record->made = (struct made){.present = true, .at_s = login->now_s};
	memcpy(record->made.from, login->address, sizeof(record->made.from));
	memcpy(record->made.key, login->key, sizeof(record->made.key));
	while (record->codes.count > CODES_MAX - RECOVERY_CODES)
		spent_take(record, 0, SPENT_REPLACED, login->now_s);
	for (size_t i = 0; i < RECOVERY_CODES && fault == FAULT_NONE; i++)
		fault = append_code(
		    record, CODE_RECOVER, 0, recovery->codes[i], text);
	OPENSSL_cleanse(text, sizeof(text));
	return fault;
}

/* Removes administrators' codes that expired, and the oldest until there is
 * room for one more.  Returns how many of the removed ones were still valid. */
static size_t
drop_old_codes(struct record *record, int64_t now_s)
{
	size_t kept = 0, voided = 0;

	for (size_t i = record->codes.count; i-- > 0;) {
		int64_t until_s = record->codes.items[i].until_s;

		if (until_s == 0)
			continue;
		if (until_s > now_s && ++kept < ADMIN_CODES)
			continue;
		voided += until_s > now_s;
		spent_take(record, i, SPENT_REPLACED, now_s);
	}
	return voided;
}

enum fault
enroll_add_code(struct record *record, enum code_use use,
    const uint8_t random[static ONETIME_BYTES], int64_t now_s,
    char ret[static ONETIME_TEXT], size_t *ret_voided)
{
	*ret_voided = drop_old_codes(record, now_s);
	if (record->codes.count >= CODES_MAX)
		return FAULT_LIMIT;
	if (use == CODE_ENROLL)
		record->skipped_s = 0;
	return append_code(record, use, now_s + INVITED_S, random, ret);
}

/* Compares the secret of every device. */
static bool
has_secret(const struct record *record, const struct otp_secret *secret)
{
	bool found = false;

	for (size_t i = 0; i < record->devices.count; i++)
		found |= record_same_secret(
		    &record->devices.items[i].secret, secret);
	return found;
}

/* Adds the device to the record, under an id of its own, and ends what was
 * pending. */
static enum fault
admit_device(struct record *record, const struct device *device,
    char ret_id[static DEVICE_ID_TEXT])
{
	int64_t told_s = announce_begin(record, device->added_s);
	struct device *added;

	if (has_secret(record, &device->secret))
		return FAULT_STALE;
	if (record->devices.count >= DEVICES_MAX ||
	    record_new_device_id(record, ret_id) != FAULT_NONE)
		return FAULT_LIMIT;
	added = list_add(&record->devices, sizeof(*added));
	if (added == NULL)
		return FAULT_MEMORY;
	*added = *device;
	memcpy(added->id, ret_id, sizeof(added->id));
	added->told_s = told_s;
	choose_name(record, added);
	drop_pending(record);
	renew_end(record);
	spent_retire(record, CODE_ENROLL, SPENT_VOID, device->added_s);
	record->enrolled_once = true;
	record->invited_until_s = 0;
	record->skipped_s = 0;
	return FAULT_NONE;
}

/* Returns true if code is one of the new device's; its step is then spent.
 * If not, ret->drift_s says which clock would explain the code. */
static bool
is_first_code(
    struct device *device, const char *code, int64_t now_s, struct outcome *ret)
{
	uint64_t now = otp_step(now_s, device->period_s);
	uint64_t step = 0;

	if (verify_step(device, code, now_s, WINDOW_STEPS, &step) ==
	    FAULT_NONE) {
		device->last_step = step;
		return true;
	}
	if (verify_step(device, code, now_s, DRIFT_S / 30, &step) == FAULT_NONE)
		ret->drift_s = (int64_t)(step - now) * device->period_s;
	return false;
}

enum fault
enroll_confirm(const struct policy *policy, struct record *record,
    const struct login *login, const char *id, const char *typed, size_t len,
    const struct recovery *recovery, struct outcome *ret)
{
	const struct pending *pending = find_pending(record, id);
	char code[OTP_DIGITS_MAX + 1] = "";
	struct device device;
	bool with_codes;
	enum fault fault;

	*ret = (struct outcome){.verdict = VERDICT_DENY,
	    .reason = REASON_NO_PENDING,
	    .recovery_left = -1};
	if (pending == NULL || pending->until_s > login->now_s + ENROLL_S)
		return FAULT_NONE;
	ret->reason = REASON_PENDING_LATE;
	if (pending->until_s <= login->now_s)
		return FAULT_NONE;
	if (!verify_digits(typed, len, code)) {
		ret->reason = REASON_NOT_DIGITS;
		return FAULT_NONE;
	}
	ret->reason = REASON_WRONG_CODE;
	device_of_pending(pending, login, &device);
	if (!is_first_code(&device, code, login->now_s, ret)) {
		OPENSSL_cleanse(&device, sizeof(device));
		return FAULT_NONE;
	}
	with_codes = !login->proof || record->devices.count == 0;
	fault = admit_device(record, &device, ret->device);
	OPENSSL_cleanse(&device, sizeof(device));
	if (fault == FAULT_NONE && with_codes)
		fault = enroll_recovery(record, login, recovery);
	if (fault != FAULT_NONE)
		return fault;
	ret->verdict = VERDICT_PASS;
	ret->reason = REASON_ENROLLED;
	ret->changed = true;
	if (!login->proof)
		login_note_pass(policy, record, login, ret);
	return FAULT_NONE;
}

enum fault
enroll_provision(struct record *record,
    const uint8_t secret[static ENROLL_SECRET_BYTES], enum device_type type,
    const char *name, int64_t now_s, const struct recovery *recovery,
    bool *ret_recovers, char ret_device[static DEVICE_ID_TEXT])
{
	struct login login = {.now_s = now_s, .address = ENROLL_ADMIN};
	struct device device;
	enum fault fault;

	*ret_recovers = recovery != NULL &&
	    record_codes_left(record, CODE_RECOVER, now_s) == 0;
	if (enroll_begin(record, secret, name, now_s) != FAULT_NONE)
		return FAULT_MEMORY;
	device_of_pending(&record->pending, &login, &device);
	device.last_used_s = 0;
	if (type == DEVICE_HOTP) {
		device.type = DEVICE_HOTP;
		device.period_s = 0;
	}
	fault = admit_device(record, &device, ret_device);
	OPENSSL_cleanse(&device, sizeof(device));
	if (fault == FAULT_NONE && *ret_recovers)
		fault = enroll_recovery(record, &login, recovery);
	return fault;
}

/* Returns true if the codes fit: a record with more than CODES_MAX could not
 * be read again. */
static bool
has_room(const struct record *record, size_t more)
{
	size_t lasting = 0;

	for (size_t i = 0; i < record->codes.count; i++)
		lasting += record->codes.items[i].until_s == 0;
	return lasting + more <= CODES_MAX - ADMIN_CODES &&
	    record->codes.count + more <= CODES_MAX;
}

static bool
has_code(const struct record *record, const char *hash)
{
	for (size_t i = 0; i < record->codes.count; i++)
		if (strcmp(record->codes.items[i].hash, hash) == 0)
			return true;
	return false;
}

/* Makes room for a code that a device imported again brings back, if it was
 * removed unused.  Returns false if it was used. */
static bool
forget_unused(struct record *record, const char *hash)
{
	for (size_t i = 0; i < record->spent.count; i++) {
		if (strcmp(record->spent.items[i].hash, hash) != 0)
			continue;
		if (record->spent.items[i].why == SPENT_USED)
			return false;
		list_drop(&record->spent, sizeof(struct spent_code), i);
		break;
	}
	return true;
}

/* Adds the scratch codes.  A code that is already there from an earlier file
 * still works once; a used one does not work again. */
static enum fault
add_scratch(struct record *record, const struct import *import)
{
	if (!has_room(record, import->scratch.count))
		return FAULT_LIMIT;
	for (size_t i = 0; i < import->scratch.count; i++) {
		char hash[HASH_TEXT];
		struct one_time *one;

		if (onetime_hash(import->scratch.items[i].code, hash) !=
		    FAULT_NONE)
			return FAULT_MEMORY;
		if (has_code(record, hash) || !forget_unused(record, hash))
			continue;
		one = list_add(&record->codes, sizeof(*one));
		if (one == NULL)
			return FAULT_MEMORY;
		one->use = CODE_SCRATCH;
		memcpy(one->hash, hash, sizeof(one->hash));
	}
	return FAULT_NONE;
}

static enum fault
add_account(struct record *record, const struct import_account *account,
    int64_t now_s, char ret_device[static DEVICE_ID_TEXT])
{
	struct device device = {
	    .name = "imported",
	    .type = account->type,
	    .algorithm = account->algorithm,
	    .digits = account->digits,
	    .period_s = account->period_s,
	    .secret = account->secret,
	    .last_step = account->last_step,
	    .counter = account->counter,
	    .added_s = now_s,
	    .added_from = ENROLL_ADMIN,
	};
	enum fault fault = device.type == DEVICE_HOTP
	    ? resume_counter(record, &device)
	    : FAULT_NONE;

	if (fault == FAULT_NONE)
		fault = admit_device(record, &device, ret_device);
	OPENSSL_cleanse(&device, sizeof(device));
	return fault;
}

enum fault
enroll_import(struct record *record, const struct import *import, int64_t now_s,
    struct imported *ret)
{
	*ret = (struct imported){.count = 0};
	for (size_t i = 0; i < import_count(import); i++) {
		enum fault fault = add_account(
		    record, import_at(import, i), now_s, ret->devices[i]);

		if (fault != FAULT_NONE)
			return fault;
		ret->count++;
	}
	return add_scratch(record, import);
}

/* The end of a serial number tells tokens of one delivery apart. */
static void
name_token(const char *serial, char ret[static NAME_TEXT])
{
	static const char word[] = "token ";
	size_t room = NAME_TEXT - sizeof(word), len = strlen(serial);

	snprintf(ret, NAME_TEXT, "%s%s", word,
	    serial + (len > room ? len - room : 0));
}

enum fault
enroll_assign(struct record *record, const struct token *token, int64_t now_s,
    char ret_device[static DEVICE_ID_TEXT])
{
	struct device device = {
	    .type = token->type,
	    .algorithm = token->algorithm,
	    .digits = token->digits,
	    .period_s = token->period_s,
	    .counter = token->counter,
	    .secret = token->secret,
	    .added_s = now_s,
	    .added_from = ENROLL_ADMIN,
	};
	enum fault fault;

	name_token(token->serial, device.name);
	fault = admit_device(record, &device, ret_device);
	OPENSSL_cleanse(&device, sizeof(device));
	return fault;
}

/* Spends every device and code, so that whoever types one later is told that
 * it is void. */
static void
retire_all(struct record *record, int64_t now_s)
{
	while (record->devices.count > 0)
		spent_device(record, 0, now_s);
	for (int use = CODE_RECOVER; use <= CODE_SCRATCH; use++)
		spent_retire(record, (enum code_use)use, SPENT_VOID, now_s);
}

/* The code of the device may have begun to set up another one. */
static void
lose_device(struct record *record, size_t i, int64_t now_s)
{
	spent_device(record, i, now_s);
	drop_pending(record);
	renew_end(record);
}

void
enroll_remove(struct record *record, size_t i, int64_t now_s)
{
	lose_device(record, i, now_s);
	if (record->devices.count > 0)
		return;
	spent_retire(record, CODE_RECOVER, SPENT_VOID, now_s);
	spent_retire(record, CODE_SCRATCH, SPENT_VOID, now_s);
	record->enrolled_once = false;
}

void
enroll_revoke_device(struct record *record, size_t i, int64_t now_s)
{
	lose_device(record, i, now_s);
	while (record->verified.count > 0)
		list_drop(&record->verified, sizeof(struct verified), 0);
}

void
enroll_revoke(struct record *record, bool block, int64_t now_s)
{
	struct record kept;

	retire_all(record, now_s);
	record_init(&kept, record->user, (uid_t)record->uid);
	kept.spent.items = record->spent.items;
	kept.spent.count = record->spent.count;
	record->spent.items = NULL;
	record->spent.count = 0;
	kept.last_device = record->last_device;
	kept.first_seen_s = record->first_seen_s;
	kept.grace_started_s = record->grace_started_s;
	kept.enrolled_once = record->enrolled_once || block;
	kept.last_login = record->last_login;
	kept.invited_until_s = block ? 0 : now_s + INVITED_S;
	record_done(record);
	*record = kept;
}
