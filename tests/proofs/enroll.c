/*
 * Devices and codes that come and go: enroll_begin(), confirm, provision,
 * import, add_code and remove, a case each, from any record to the next.  An
 * import has one account; each further one is such a step again.
 *
 * Abstract: random secrets and codes are all new, no secret is empty;
 * otp_code() gives any code, verify_step() any answer, record_new_device_id()
 * any new id, choose_name() any name; login_note_pass() changes nothing that is
 * claimed here (verify.c).  Of 2 codes 1 is kept for administrators, and 1 is
 * made for recovery, as in truth 8 and 10 of 32.
 */
#include "tests/proofs/proof.h"
#include "store/core/verify.h"

#define ADMIN_CODES    1
#define RECOVERY_CODES 1
static struct pending earlier[2];
static struct scratch scratch[2];
static struct import import;
static uint8_t secret[ENROLL_SECRET_BYTES];
static bool is_right;
static char id[1], new_id, new_code;

#define free(at)
#define strlen(text)                      ((size_t)((text)[0] != '\0'))
#define hash_hex(data, len, ret)          ((ret)[0] = (char)nondet_any(), true)
#define onetime_format(random, ret)       ((ret)[0] = '1')
#define onetime_read(text, len, ret)      ((ret)[0] = ++new_code, true)
#define onetime_hash(code, ret)           ((ret)[0] = (code)[0], FAULT_NONE)
#define otp_code(kind, key, step, n, ret) ((ret)[0] = (char)nondet_any(), 0)
#define verify_digits(text, len, ret)     ((ret)[0] = '1', nondet_any())
#define verify_step(d, code, s, window, ret) \
	(*(ret) = step_now,                  \
	    window == WINDOW_STEPS && is_right ? FAULT_NONE : FAULT_ABSENT)
#define login_note_pass(p, r, l, ret) ((ret)->changed = true)
#define record_new_device_id(r, ret) \
	((ret)[0] = new_id, nondet_any() ? FAULT_LIMIT : FAULT_NONE)
#define import_count(of) 1
#define import_at(of, i) (&(of)->first)
#include "store/core/announce.c"
#include "store/core/renew.c"
#include "store/core/spent.c"
#include "store/core/enroll.c"

#define lasts(i) (record.codes.count > (i) && codes[i].until_s == 0)
#define is_few() (lasts(0) + lasts(1) <= CODES_MAX - ADMIN_CODES)

/* 2 devices, 2 codes.  cbmc: -DCASES=6 --unwind 3 without choose_name
 * utf8_clean record_last_device resume_counter */
proof(enroll)
{
	enum device_type type;
	enum fault fault;
	struct recovery new;
	struct imported added;
	bool more, ok, few, recovers;
	size_t voided;

	any_record();
	any_list(record.earlier, earlier), any_list(import.scratch, scratch);
	given(is_time(record.pending.until_s) && record.pending.secret.len > 0);
	few = is_few(), given(new_code == -100 && import.first.secret.len > 0);
	each(i, 2) {
		given(is_time(earlier[i].until_s));
		given(devices[i].secret.bytes[0] != secret[0]);
		given(devices[i].secret.len > 0 && earlier[i].secret.len > 0);
		given(devices[i].id[0] != new_id && scratch[i].code[0] > 0);
		given(codes[i].hash[0] > 0 && spent[i].hash[0] > 0);
		few &= !lasts(i) || codes[i].use == CODE_RECOVER ||
		    codes[i].use == CODE_SCRATCH;
	}
	given(CASE < 5 || record.devices.count > 0);
	fault = CASE == 0 ? enroll_begin(&record, secret, "", by.now_s)
	    : CASE == 1
	    ? enroll_confirm(&policy, &record, &by, id, "", 0, &new, &out)
	    : CASE == 2 ? enroll_provision(&record, secret, type, "", by.now_s,
			      &new, &recovers, added.devices[0])
	    : CASE == 3 ? enroll_import(&record, &import, by.now_s, &added)
	    : CASE == 4 ? enroll_add_code(&record, CODE_PASS, new.codes[0],
			      by.now_s, added.devices[0], &voided)
			: (enroll_remove(&record, 0, by.now_s), FAULT_NONE);
	ok = fault == FAULT_NONE;
	more = record.devices.count > was.devices.count;
	/* No secret, id or code is there twice, and no list is too long. */
	claim(1a, ok, is_sound(record));
	claim(1b, ok, record.devices.count <= DEVICES_MAX);
	claim(1c, ok, record.codes.count <= CODES_MAX);
	claim(1d, ok, record.earlier.count <= EARLIER_MAX);
	claim(1e, ok && few, is_few());
#if CASE == 0
	reach(ok && was.pending.present && was.earlier.count == EARLIER_MAX);
#elif CASE == 1
	/* A device is confirmed by a code of its own, which is spent. */
	claim(2a, ok, more == (out.verdict == VERDICT_PASS));
	claim(2b, ok && more, is_right);
	claim(2c, ok && more, devices[was.devices.count].last_step == step_now);
#elif CASE == 4
	/* An administrator can always give a code. */
	claim(4a, few, fault != FAULT_LIMIT);
	reach(ok && voided > 0);
#elif CASE == 5
	reach(record.devices.count == 0 && was.codes.count > 0);
#endif
#if CASE >= 1 && CASE <= 3
	/* Then nothing that was begun sets up another one. */
	claim(3a, ok && more, !record.pending.present);
	claim(3b, ok && more,
	    record.earlier.count == 0 && !record.renewal.present);
	reach(ok && more && was.devices.count > 0 && was.earlier.count > 0);
#endif
}
