#include <string.h>

#include "store/core/counted.h"
#include "store/core/spent.h"

/*
 * Finds the counter of this code, among those that are from to before end ahead
 * of the next one.  *ret: how far ahead the first of them is.  FAULT_ABSENT:
 * there is none; other faults as otp_code().  All are computed, so that the
 * time taken does not depend on which one matches.
 */
static enum fault
find_ahead(const struct device *device, const char *code, uint64_t from,
    uint64_t end, uint64_t *ret)
{
	uint64_t last = UINT64_MAX - device->counter;
	enum fault all = FAULT_ABSENT;

	for (uint64_t ahead = from; ahead < end && ahead < last; ahead++) {
		enum fault fault = spent_compare(
		    device, device->counter + ahead, code);

		if (fault != FAULT_NONE && fault != FAULT_ABSENT)
			return fault;
		if (fault == FAULT_ABSENT || all == FAULT_NONE)
			continue;
		all = FAULT_NONE;
		*ret = ahead;
	}
	return all;
}

/* Returns how far ahead the code is that may follow the one that was noted; 0
 * if none may. */
static uint64_t
next_ahead(const struct device *device, int64_t now_s)
{
	const struct resync *seen = &device->resync;
	uint64_t ahead = seen->counter - device->counter;

	/* A counter that is spent by now makes ahead a huge number. */
	if (!seen->present || ahead >= HOTP_RESYNC || seen->at_s > now_s ||
	    now_s - seen->at_s > HOTP_RESYNC_S)
		return 0;
	return ahead + 1;
}

/*
 * FAULT_NONE: the code may pass, and *ret is how far ahead it is; FAULT_STALE:
 * it is further ahead than may pass; FAULT_ABSENT: it is neither; other faults
 * as otp_code().  After a restore nothing passes that is not the second code of
 * two.
 */
static enum fault
find_counter(
    const struct device *device, const char *code, int64_t now_s, uint64_t *ret)
{
	uint64_t most = device->unsure ? 0 : HOTP_AHEAD;
	uint64_t next = next_ahead(device, now_s);
	enum fault fault = find_ahead(device, code, 0, most, ret);

	if (fault == FAULT_ABSENT && next > 0)
		fault = find_ahead(device, code, next, next + 1, ret);
	if (fault != FAULT_ABSENT)
		return fault;
	fault = find_ahead(device, code, most, HOTP_RESYNC, ret);
	return fault == FAULT_NONE ? FAULT_STALE : fault;
}

enum reason
counted_judge(
    struct device *device, const char *code, int64_t now_s, bool *ret_changed)
{
	enum fault spent = spent_is_counter(device, code, ret_changed);
	uint64_t ahead = 0;
	enum fault fault = find_counter(device, code, now_s, &ahead);

	if (spent != FAULT_ABSENT)
		return spent == FAULT_NONE ? REASON_CODE_USED : REASON_STORE;
	if (fault == FAULT_NONE) {
		spent_counter(device, device->counter + ahead);
		device->unsure = false;
		device->last_used_s = now_s;
		return REASON_CODE;
	}
	device->resync = (struct resync){.present = fault == FAULT_STALE,
	    .counter = device->counter + ahead,
	    .at_s = now_s};
	return fault == FAULT_STALE || fault == FAULT_ABSENT ? REASON_WRONG_CODE
							     : REASON_STORE;
}

/* While the login is locked or stopped no code is judged: what was noted stays
 * until HOTP_RESYNC_S have passed. */
void
counted_settle(struct record *record, bool is_one_time, struct outcome *ret)
{
	if (ret->reason == REASON_LOCKED || ret->reason == REASON_STOPPED ||
	    (ret->reason == REASON_WRONG_CODE && !is_one_time))
		return;
	list_each(struct device, device, record->devices) {
		ret->changed |= device->resync.present;
		device->resync = (struct resync){.present = false};
	}
}

bool
counted_has(const struct record *record)
{
	list_each(const struct device, device, record->devices)
		if (device->type == DEVICE_HOTP)
			return true;
	return false;
}
