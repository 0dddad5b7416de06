#include "store/core/restored.h"

#include <openssl/crypto.h>

#include "store/core/renew.h"
#include "store/core/spent.h"

static void
close_steps(struct record *record, int64_t now_s)
{
	list_each(struct device, device, record->devices) {
		uint64_t step;

		if (device->type == DEVICE_HOTP) {
			device->unsure = true;
			device->resync = (struct resync){.present = false};
			continue;
		}
		step = otp_step(now_s, device->period_s) + 1;
		if (step > device->last_step)
			spent_step(device, step);
	}
}

static void
close_pending(struct record *record)
{
	OPENSSL_cleanse(&record->pending, sizeof(record->pending));
	while (record->earlier.count > 0)
		list_drop(&record->earlier, sizeof(struct pending), 0);
	renew_end(record);
	record->invited_until_s = 0;
}

void
restored_close(struct record *record, int64_t now_s)
{
	close_steps(record, now_s);
	for (int use = CODE_RECOVER; use <= CODE_SCRATCH; use++)
		spent_retire(record, (enum code_use)use, SPENT_VOID, now_s);
	close_pending(record);
	while (record->verified.count > 0)
		list_drop(&record->verified, sizeof(struct verified), 0);
}
