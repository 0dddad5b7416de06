#include <string.h>

#include "tests/fuzz/fuzz.h"
#include "store/core/spent.h"
#include "store/core/verify.h"

#define NOW_S 1800000000

/* A code that is not in the record never passes, and each guess is counted. */
static void
guess(struct record *record)
{
	struct policy policy;
	struct login login = {
	    .address = "203.0.113.7", .key = "SHA256:thief", .now_s = NOW_S};
	struct outcome outcome;

	must(policy_builtin(&policy) == FAULT_NONE);
	verify_code(&policy, record, &login, "abcdef", 6, &outcome);
	must(outcome.verdict == VERDICT_DENY);
	must(!outcome.changed);
	policy_done(&policy);
}

/*
 * Whatever code is judged, no counter goes back, none passes without moving,
 * and the record can be read again.
 */
static void
count_on(const char *text, size_t len)
{
	static const char *const codes[] = {"000000", "755224", "31337000"};
	struct login login = {.address = "203.0.113.7", .now_s = NOW_S};
	uint64_t counters[DEVICES_MAX];
	struct json_place place;
	struct json_error error;
	struct outcome outcome;
	struct policy policy;
	struct record record;

	must(record_parse(text, len, &record, &error) == FAULT_NONE);
	must(policy_builtin(&policy) == FAULT_NONE);
	for (size_t i = 0; i < record.devices.count; i++)
		counters[i] = record.devices.items[i].counter;
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		verify_code(&policy, &record, &login, codes[i],
		    strlen(codes[i]), &outcome);
	for (size_t i = 0; i < record.devices.count; i++) {
		const struct device *device = &record.devices.items[i];

		must(device->counter >= counters[i]);
		must(device->type == DEVICE_HOTP || device->counter == 0);
		must(device->type == DEVICE_HOTP ? device->period_s == 0
						 : device->period_s > 0);
	}
	must(record_check(&record, &place) == NULL);
	policy_done(&policy);
	record_done(&record);
}

/* No secret, id or hash is in an accepted record twice. */
static void
must_open_once(const struct record *record)
{
	for (size_t i = 0; i < record->devices.count; i++)
		for (size_t k = 0; k < i; k++) {
			const struct device *a = &record->devices.items[i];
			const struct device *b = &record->devices.items[k];

			must(strcmp(a->id, b->id) != 0);
			must(!record_same_secret(&a->secret, &b->secret));
		}
	for (size_t i = 0; i < record->codes.count; i++) {
		const char *hash = record->codes.items[i].hash;

		must(spent_find(record, hash) == NULL);
		for (size_t k = 0; k < i; k++)
			must(strcmp(hash, record->codes.items[k].hash) != 0);
	}
}

static char *
rewrite(void *ctx, const char *text, size_t len)
{
	struct json_error error;
	struct record record;
	char *again = NULL;

	(void)ctx;
	if (record_parse(text, len, &record, &error) != FAULT_NONE)
		return NULL;
	must(strlen(record.user) < sizeof(record.user));
	must(record.devices.count <= DEVICES_MAX);
	must(record.codes.count <= CODES_MAX);
	must(record.spent.count <= SPENT_CODES_MAX);
	for (size_t i = 0; i < record.devices.count; i++)
		must(record.devices.items[i].spent_steps.count <=
			SPENT_STEPS_MAX &&
		    record.devices.items[i].spent_counters.count <=
			SPENT_STEPS_MAX);
	must_open_once(&record);
	must(record.sources.count <= SOURCES_MAX);
	must(record.verified.count <= VERIFIED_MAX);
	guess(&record);
	count_on(text, len);
	must(record_format(&record, &again) == FAULT_NONE);
	record_done(&record);
	return again;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_rewrite(data, size, rewrite, NULL);
	return 0;
}
