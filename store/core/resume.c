#include <openssl/crypto.h>

#include "store/core/onetime.h"
#include "store/core/resume.h"
#include "store/core/spent.h"

/* *ret: true if the code of that counter is remembered as used. */
static enum fault
was_used(const struct record *record, const struct device *device,
    uint64_t counter, bool *ret)
{
	char code[OTP_DIGITS_MAX + 1] = "", hash[HASH_TEXT] = "";
	const struct spent_code *spent;
	enum fault fault = otp_code((enum otp_algorithm)device->algorithm,
	    &device->secret, counter, (int)device->digits, code);

	if (fault == FAULT_NONE)
		fault = onetime_hash(code, hash);
	OPENSSL_cleanse(code, sizeof(code));
	if (fault != FAULT_NONE)
		return FAULT_MEMORY;
	spent = spent_find(record, hash);
	*ret = spent != NULL && spent->why == SPENT_USED;
	return FAULT_NONE;
}

enum fault
resume_counter(const struct record *record, struct device *device)
{
	uint64_t from = device->counter;

	if (record->spent.count == 0)
		return FAULT_NONE;
	for (uint64_t ahead = 0; ahead < RESUME_AHEAD; ahead++) {
		bool used = false;
		enum fault fault = was_used(
		    record, device, from + ahead, &used);

		if (fault != FAULT_NONE)
			return fault;
		if (used)
			device->counter = from + ahead + 1;
	}
	return FAULT_NONE;
}
