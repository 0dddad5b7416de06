#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/core/onetime.h"
#include "store/core/spent.h"

/* Moves item i to the end of the list.  Returns false if it was there
 * already. */
static bool
move_to_end(void *items, size_t count, size_t size, size_t i)
{
	unsigned char *at = (unsigned char *)items + i * size;
	unsigned char kept[sizeof(struct verified)];

	if (i + 1 >= count || size > sizeof(kept))
		return false;
	memcpy(kept, at, size);
	memmove(at, at + size, (count - 1 - i) * size);
	memcpy((unsigned char *)items + (count - 1) * size, kept, size);
	return true;
}

void
spent_step(struct device *device, uint64_t step)
{
	uint64_t *before;

	if (device->last_step > 0 &&
	    (before = list_add_newest(&device->spent_steps, sizeof(*before),
		 SPENT_STEPS_MAX)) != NULL)
		*before = device->last_step;
	device->last_step = step;
}

enum fault
spent_compare(const struct device *device, uint64_t step, const char *code)
{
	size_t digits = (size_t)device->digits;
	char right[OTP_DIGITS_MAX + 1] = "";
	enum fault fault;

	if (strlen(code) != digits)
		return FAULT_ABSENT;
	fault = otp_code((enum otp_algorithm)device->algorithm, &device->secret,
	    step, (int)digits, right);
	if (fault == FAULT_NONE && CRYPTO_memcmp(right, code, digits) != 0)
		fault = FAULT_ABSENT;
	OPENSSL_cleanse(right, sizeof(right));
	return fault;
}

bool
spent_is_step(struct device *device, const char *code, bool *ret_changed)
{
	size_t count = device->spent_steps.count, found = count;
	const uint64_t *steps = device->spent_steps.items;
	bool is_last;

	if (device->last_step == 0 || strlen(code) != (size_t)device->digits)
		return false;
	is_last = spent_compare(device, device->last_step, code) == FAULT_NONE;
	for (size_t i = 0; i < count; i++)
		if (spent_compare(device, steps[i], code) == FAULT_NONE)
			found = i;
	if (found < count)
		*ret_changed |= move_to_end(
		    device->spent_steps.items, count, sizeof(uint64_t), found);
	return is_last || found < count;
}

enum fault
spent_since(const struct device *device, uint64_t from, const char *code)
{
	enum fault all = FAULT_ABSENT;

	if (device->last_step >= from && device->last_step > 0)
		all = spent_compare(device, device->last_step, code);
	list_each(const uint64_t, step, device->spent_steps) {
		enum fault fault = *step >= from
		    ? spent_compare(device, *step, code)
		    : FAULT_ABSENT;

		if (all == FAULT_ABSENT)
			all = fault;
	}
	return all;
}

/* A full list drops the counter that was seen longest ago. */
static void
remember_counter(struct device *device, uint64_t counter)
{
	uint64_t *spent = list_add_newest(
	    &device->spent_counters, sizeof(*spent), SPENT_STEPS_MAX);

	if (spent != NULL)
		*spent = counter;
}

void
spent_counter(struct device *device, uint64_t counter)
{
	const struct resync *seen = &device->resync;

	if (seen->present && seen->counter < counter)
		remember_counter(device, seen->counter);
	device->resync = (struct resync){.present = false};
	remember_counter(device, counter);
	device->counter = counter + 1;
}

enum fault
spent_is_counter(struct device *device, const char *code, bool *ret_changed)
{
	size_t count = device->spent_counters.count, found = count;
	const uint64_t *counters = device->spent_counters.items;
	enum fault all = FAULT_ABSENT;

	for (size_t i = 0; i < count; i++) {
		enum fault fault = spent_compare(device, counters[i], code);

		if (fault != FAULT_NONE && fault != FAULT_ABSENT)
			return fault;
		if (fault == FAULT_ABSENT)
			continue;
		all = FAULT_NONE;
		found = i;
	}
	if (found < count)
		*ret_changed |= move_to_end(device->spent_counters.items, count,
		    sizeof(uint64_t), found);
	return all;
}

const struct spent_code *
spent_find(const struct record *record, const char hash[static HASH_TEXT])
{
	for (size_t i = 0; i < record->spent.count; i++)
		if (strcmp(record->spent.items[i].hash, hash) == 0)
			return &record->spent.items[i];
	return NULL;
}

void
spent_add(struct record *record, const char hash[static HASH_TEXT],
    enum spent_why why, int64_t at_s)
{
	struct spent_code *spent;

	for (size_t i = record->codes.count; i-- > 0;)
		if (strcmp(record->codes.items[i].hash, hash) == 0)
			list_drop(&record->codes, sizeof(struct one_time), i);
	for (size_t i = record->spent.count; i-- > 0;)
		if (strcmp(record->spent.items[i].hash, hash) == 0)
			list_drop(&record->spent, sizeof(*spent), i);
	spent = list_add_newest(
	    &record->spent, sizeof(*spent), SPENT_CODES_MAX);
	if (spent == NULL)
		return;
	spent->why = (int)why;
	memcpy(spent->hash, hash, HASH_TEXT);
	spent->at_s = at_s;
}

void
spent_take(struct record *record, size_t i, enum spent_why why, int64_t now_s)
{
	struct one_time code = record->codes.items[i];

	list_drop(&record->codes, sizeof(code), i);
	if (code.until_s > 0 && code.until_s <= now_s)
		spent_add(record, code.hash, SPENT_EXPIRED, code.until_s);
	else
		spent_add(record, code.hash, why, now_s);
}

void
spent_retire(
    struct record *record, enum code_use use, enum spent_why why, int64_t now_s)
{
	for (size_t i = record->codes.count; i-- > 0;)
		if (record->codes.items[i].use == (int)use)
			spent_take(record, i, why, now_s);
	if (use == CODE_RECOVER)
		record->made = (struct made){.present = false};
}

/* The one behind the last step or counter that was spent; 0: none was.  The
 * last in spent_counters may be an older one, which somebody typed again.  A
 * counter that came with the device says nothing: it may be wrong. */
static uint64_t
first_unspent(const struct device *device)
{
	if (device->type == DEVICE_HOTP)
		return device->spent_counters.count > 0 ? device->counter : 0;
	return device->last_step > 0 ? device->last_step + 1 : 0;
}

void
spent_device(struct record *record, size_t i, int64_t now_s)
{
	struct device *device = &record->devices.items[i];
	char code[OTP_DIGITS_MAX + 1] = "", hash[HASH_TEXT] = "";
	uint64_t next = first_unspent(device);

	if (next > 0 &&
	    otp_code((enum otp_algorithm)device->algorithm, &device->secret,
		next - 1, (int)device->digits, code) == FAULT_NONE &&
	    onetime_hash(code, hash) == FAULT_NONE)
		spent_add(record, hash, SPENT_USED,
		    device->last_used_s > 0 ? device->last_used_s : now_s);
	OPENSSL_cleanse(code, sizeof(code));
	record->last_device = record_last_device(record);
	free(device->spent_steps.items);
	free(device->spent_counters.items);
	list_drop(&record->devices, sizeof(*device), i);
}

bool
spent_hash(
    const struct login *login, const char *code, char ret[static HASH_TEXT])
{
	char both[CONNECTION_TEXT + ONETIME_CHARS + 2];
	int n = snprintf(both, sizeof(both), "%s %s", login->connection, code);
	bool ok = login->connection[0] != '\0' && n > 0 &&
	    (size_t)n < sizeof(both) && hash_hex(both, (size_t)n, ret);

	OPENSSL_cleanse(both, sizeof(both));
	return ok;
}

static int
find_connection(const struct record *record, const char *hash)
{
	for (size_t i = 0; i < record->verified.count; i++)
		if (strcmp(record->verified.items[i].code, hash) == 0)
			return (int)i;
	return -1;
}

/*
 * Returns the entry that login_note_pass() has just made for this connection.
 * If it made none, because codes are not remembered, adds an entry that is over
 * already and lets nobody in.
 */
static struct verified *
entry_for(struct record *record, const struct login *login)
{
	struct verified *v;

	for (size_t i = record->verified.count; i-- > 0;) {
		v = &record->verified.items[i];
		if (strcmp(v->connection, login->connection) == 0 &&
		    v->code[0] == '\0')
			return v;
	}
	v = login_add_verified(record, login->now_s);
	if (v == NULL)
		return NULL;
	memcpy(v->connection, login->connection, sizeof(v->connection));
	memcpy(v->key, login->key, sizeof(v->key));
	v->until_s = login->now_s;
	return v;
}

void
spent_connection(
    struct record *record, const struct login *login, const char *code)
{
	char hash[HASH_TEXT] = "";
	struct verified *v;

	if (!spent_hash(login, code, hash) ||
	    (v = entry_for(record, login)) == NULL)
		return;
	memcpy(v->code, hash, sizeof(v->code));
}

bool
spent_is_connection(struct record *record, const struct login *login,
    const char *code, bool *ret_changed)
{
	char hash[HASH_TEXT] = "";
	int i;

	if (!spent_hash(login, code, hash))
		return false;
	i = find_connection(record, hash);
	if (i < 0)
		return false;
	*ret_changed |= move_to_end(record->verified.items,
	    record->verified.count, sizeof(struct verified), (size_t)i);
	return true;
}
