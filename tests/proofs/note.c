/*
 * login_note_pass(), announce_told() and spent_connection(): what a login
 * leaves in the record is nothing that verify_code() judges by.
 *
 * Abstract: announce_changes() writes texts, and nothing in the record.
 */
#include "tests/proofs/proof.h"

#define hash_hex(data, len, ret) (((ret)[0] = nondet_char()) != '\0')
#include "store/core/announce.c"
#include "store/core/login_note.c"
#include "store/core/spent.c"

/* 2 devices, 2 codes.  cbmc: --unwind 4
 * --unwindset check_hashes.0:5,check_hashes.1:5 without announce_changes
 * renew_verified move_to_end */
proof(login_note_pass)
{
	any_record();
	out = (struct outcome){.verdict = VERDICT_PASS};
	login_note_pass(&policy, &record, &by, &out);
	spent_connection(&record, &by, "");
	claim(1a, record.devices.count == was.devices.count);
	claim(1b,
	    record.codes.count == was.codes.count &&
		record.spent.count == was.spent.count);
	each(i, DEVICES_MAX) {
		struct device *d = &devices[i], *old = &old_devices[i];

		claim(1c,
		    d->last_step == old->last_step &&
			d->digits == old->digits &&
			d->secret.bytes[0] == old->secret.bytes[0]);
		claim(1d,
		    codes[i].hash[0] == old_codes[i].hash[0] &&
			spent[i].hash[0] == old_spent[i].hash[0]);
	}
	claim(2a, is_untouched(&record.failures.known, &was.failures.known));
	claim(2b, is_untouched(&record.failures.other, &was.failures.other));
	claim(3a, out.changed && record.enrolled_once == was.enrolled_once);
	reach(record.verified.count == 2 && was.verified.count == 0);
}
