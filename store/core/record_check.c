#include <string.h>

#include "store/core/record.h"

/* Without libcrypto: the gate, which is not linked with it, reads records by
 * these tables too. */
bool
record_same_secret(const struct otp_secret *a, const struct otp_secret *b)
{
	unsigned differs = 0;

	for (size_t i = 0; i < OTP_SECRET_MAX; i++)
		differs |= (i < a->len ? a->bytes[i] : 0U) ^
		    (i < b->len ? b->bytes[i] : 0U);
	return differs == 0;
}

static const char *
check_secrets(const struct record *record, struct json_place *ret_place)
{
	for (size_t i = 0; i < record->devices.count; i++) {
		const struct device *device = &record->devices.items[i];

		*ret_place = (struct json_place){"devices", (int)i, "secret"};
		for (size_t k = 0; k < i; k++)
			if (record_same_secret(&device->secret,
				&record->devices.items[k].secret))
				return "is another device's secret as well: "
				       "one code would pass twice";
		*ret_place = (struct json_place){"pending", -1, "secret"};
		if (record->pending.present &&
		    record_same_secret(
			&device->secret, &record->pending.secret))
			return "is a device's secret as well: one code "
			       "would pass twice";
	}
	return NULL;
}

/* The first code of the two that bring a counter back is beyond it. */
static const char *
check_counters(
    const struct record *record, size_t i, struct json_place *ret_place)
{
	const struct device *device = &record->devices.items[i];

	*ret_place = (struct json_place){"devices", (int)i, "spent_counters"};
	for (size_t k = 0; k < device->spent_counters.count; k++)
		if (device->spent_counters.items[k] >= device->counter)
			return "must be before counter: a spent code would "
			       "pass again";
	ret_place->inner = "resync";
	if (device->resync.present && device->resync.counter < device->counter)
		return "must not be before counter: a spent code would pass "
		       "again";
	return NULL;
}

static const char *
check_devices(const struct record *record, struct json_place *ret_place)
{
	for (size_t i = 0; i < record->devices.count; i++) {
		const struct device *device = &record->devices.items[i];
		const char *wrong;

		*ret_place = (struct json_place){"devices", (int)i, "id"};
		for (size_t k = 0; k < i; k++)
			if (strcmp(device->id, record->devices.items[k].id) ==
			    0)
				return "is another device's id as well";
		ret_place->inner = "spent_steps";
		for (size_t k = 0; k < device->spent_steps.count; k++)
			if (device->spent_steps.items[k] >= device->last_step)
				return "must be before last_step: a spent "
				       "code would pass again";
		wrong = check_counters(record, i, ret_place);
		if (wrong != NULL)
			return wrong;
	}
	return NULL;
}

/* Returns hash number i, counting the unspent codes first, then the spent
 * ones. */
static const char *
hash_at(const struct record *record, size_t i)
{
	return i < record->codes.count
	    ? record->codes.items[i].hash
	    : record->spent.items[i - record->codes.count].hash;
}

static const char *
check_hashes(const struct record *record, struct json_place *ret_place)
{
	size_t unspent = record->codes.count;

	for (size_t i = 0; i < unspent + record->spent.count; i++)
		for (size_t k = 0; k < i; k++) {
			if (strcmp(hash_at(record, i), hash_at(record, k)) != 0)
				continue;
			*ret_place = i < unspent
			    ? (struct json_place){"codes", (int)i, "hash"}
			    : (struct json_place){
				  "spent", (int)(i - unspent), "hash"};
			return k < unspent && i >= unspent
			    ? "is also in codes: the code would pass again"
			    : "is in the list twice: one code would pass twice";
		}
	return NULL;
}

/* The first of two would be believed. */
static const char *
check_uids(const struct record *record, struct json_place *ret_place)
{
	for (size_t i = 0; i < record->uids.count; i++)
		for (size_t k = 0; k < i; k++) {
			*ret_place = (struct json_place){
			    "uids", (int)i, "bastion"};
			if (strcmp(record->uids.items[i].bastion,
				record->uids.items[k].bastion) == 0)
				return "is in the list twice";
		}
	return NULL;
}

const char *
record_check(const void *value, struct json_place *ret_place)
{
	const struct record *record = value;
	const char *wrong = check_secrets(record, ret_place);

	if (wrong == NULL)
		wrong = check_devices(record, ret_place);
	if (wrong == NULL)
		wrong = check_uids(record, ret_place);
	return wrong != NULL ? wrong : check_hashes(record, ret_place);
}
