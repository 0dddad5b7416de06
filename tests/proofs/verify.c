/*
 * verify_code() and verify_pass(), from any record to the next, so that what is
 * claimed holds for codes one after the other: verify.h has the numbers.
 *
 * Abstract: otp_code() is any function of its arguments, and fails at any call;
 * otp_step() is any step; of a device that counts 2 codes pass and it comes
 * back from 4 ahead; hashes do not collide, and may fail.  In the last one
 * what was typed is 16 characters, digits, or neither; each device judges as it
 * likes, login_wait() gives any answer, and login_forgive() does as login.c
 * proves.  Orders by last use stay; announce_changes() writes texts.
 */
#define DEVICES 3
#include "tests/proofs/proof.h"

static bool is_long, by_pass, failed, fails;
static size_t length, digits, asked; /* of what was typed */
/* Hashes: of what was typed, of it with the connection, and of some code. */
static char typed[1], hash_of_code, hash_of_both, some;
static enum reason answers[DEVICES], reason;
static int64_t shut_s, forgiven, since_s;

char __CPROVER_uninterpreted_code(int, char, uint64_t, int64_t);
#define right(algorithm, secret, step, digits) \
	__CPROVER_uninterpreted_code(          \
	    algorithm, (secret)->bytes[0], step, digits)
#define hash_hex(data, len, ret) (((ret)[0] = hash_of_##data) != '\0')
#define strlen(text)             length
#define otp_code(algorithm, secret, step, digits, ret)      \
	((ret)[0] = right(algorithm, secret, step, digits), \
	    failed |= (fails = nondet_any()),               \
	    fails ? FAULT_MEMORY : FAULT_NONE)
#include "store/core/announce.c"
#include "store/core/login_note.c"
#include "store/core/onetime.c"
#include "store/core/renew.c"
#include "store/core/spent.c"
#include "store/core/counted.h"
#undef HOTP_AHEAD
#undef HOTP_RESYNC
#define HOTP_AHEAD  2
#define HOTP_RESYNC 4
#include "store/core/counted.c"
#define strspn(text, set)                 digits
#define typed_plain(text, len, ret, size) ((ret)[0] = '1')
#define onetime_read(text, len, ret)      ((ret)[0] = '1', is_long)
#define login_is_known(record, by)        true
#define login_wait(a, c, is_other, now_s) shut_s
#define login_forgive(c, now_s)  \
	((c)->spent -= forgiven, \
	    (c)->spent_since_s = (c)->spent > 0 ? since_s : 0)
#include "store/core/verify.c"

#define is_code(step) \
	(typed[0] == right(d->algorithm, &d->secret, step, d->digits))

/* 2 spent steps.  cbmc: --unwind 4 without move_to_end */
proof(judge_step)
{
	struct device *d = devices;
	uint64_t now = step_now, last = d->last_step;
	bool is_last = last > 0 && is_code(last);
	bool near = is_last && last + 3 >= now, changed, pass;
	bool known = is_last || is_code(now) || is_code(now + 1) ||
	    is_code(now - (now > 0));

	any_record();
	failed = false;
	given(record.devices.count > 0 && now < UINT64_MAX / 2);
	given(d->type == DEVICE_TOTP);
	given(within(d->digits, OTP_DIGITS_MIN, OTP_DIGITS_MAX));
	each(i, d->spent_steps.count) {
		known |= is_code(steps[0][i]);
		near |= is_code(steps[0][i]) && steps[0][i] + 3 >= now;
	}
	reason = judge_step(d, typed, by.now_s, &changed);
	pass = reason == REASON_CODE;
	/* A pass spends its step: within one of now, and the latest. */
	claim(1a, true, pass == (d->last_step != last) && d->last_step >= last);
	claim(1b, pass, is_code(d->last_step) && length == d->digits);
	claim(1c, pass, within(d->last_step + 1, now, now + 2));
	/* The step before is remembered; a code of such a near one is used. */
	claim(1d, pass, !near);
	claim(1e, pass && last > 0 && !no_memory,
	    steps[0][d->spent_steps.count - 1] == last);
	claim(1f, true, is_sound(record));
	/* Whatever else is not wrong has a reason. */
	claim(2a, !pass && reason != REASON_WRONG_CODE,
	    (reason == REASON_CODE_USED && known) ||
		(reason == REASON_STORE && failed) ||
		(reason == REASON_CLOCK_BACK && last > now + 1));
	reach2(pass, reason == REASON_CODE_USED && !is_code(last));
	reach(reason == REASON_STORE);
}

/* 2 spent counters.  cbmc: --unwind 6 without move_to_end */
proof(counted_judge)
{
	struct device *d = devices;
	const struct resync seen = d->resync;
	uint64_t counter = d->counter, ahead;
	bool unsure = d->unsure, was_spent = false, second, changed, pass;

	any_record();
	failed = false;
	given(record.devices.count > 0);
	given(within(d->digits, OTP_DIGITS_MIN, OTP_DIGITS_MAX));
	each(i, d->spent_counters.count)
		was_spent |= is_code(counters[0][i]);
	reason = counted_judge(d, typed, by.now_s, &changed);
	pass = reason == REASON_CODE;
	ahead = d->counter - 1 - counter;
	second = seen.present && ahead == seen.counter + 1 - counter &&
	    within(by.now_s - seen.at_s, 0, HOTP_RESYNC_S);
	/* A pass spends its counter and all before it, which never comes
	 * back. */
	claim(
	    9a, true, pass == (d->counter != counter) && d->counter >= counter);
	claim(9b, pass, is_code(d->counter - 1) && length == d->digits);
	claim(9c, pass && !no_memory,
	    counters[0][d->spent_counters.count - 1] == d->counter - 1);
	/* It is near, or the second of two in a row. */
	claim(9d, pass,
	    (ahead < HOTP_AHEAD && !unsure) ||
		(second && ahead <= HOTP_RESYNC));
	claim(9e, d->resync.present && !pass && reason == REASON_WRONG_CODE,
	    is_code(d->resync.counter) && d->resync.at_s == by.now_s &&
		d->resync.counter - counter < HOTP_RESYNC);
	claim(9f, pass, !was_spent);
	claim(9g, true, is_sound(record));
	/* Whatever else is not wrong has a reason. */
	claim(9h, !pass && reason != REASON_WRONG_CODE,
	    (reason == REASON_CODE_USED && was_spent) ||
		(reason == REASON_STORE && failed));
	reach2(pass && second && unsure, pass && ahead == HOTP_RESYNC);
	reach2(reason == REASON_STORE, d->counter == UINT64_MAX && pass);
}

enum reason
any_answer(struct device *device, const char *code, int64_t s, bool *changed)
{
	asked++;
	return answers[device->id[0]];
}

#define has(list, code)                                             \
	(((list).count > 0 && (list).items[0].hash[0] == (code)) || \
	    ((list).count > 1 && (list).items[1].hash[0] == (code)))
#define is_same(a, b)                                            \
	((a)->count == (b)->count && (a)->spent == (b)->spent && \
	    (a)->last_s == (b)->last_s &&                        \
	    (a)->spent_since_s == (b)->spent_since_s)

/* 3 devices, 2 codes, 2 logins.  cbmc: --unwind 4 without clock_drift
 * move_to_end spent_is_step announce_changes renew_verified
 * judge_device:any_answer */
proof(verify_code)
{
	struct counter *c = &record.failures.known, *old = &was.failures.known;
	bool pass, wrong, enrolls, by_device, by_one_time, is_digits, scratch;
	bool says[REASON_COUNT] = {false}, had, was_spent, known, sent = false;
	int use = -1; /* of the code that was typed; -1: it is not there */

	any_record();
	asked = 0;
	given(length <= OTP_DIGITS_MAX && within(shut_s, -1, INT32_MAX));
	given(within(forgiven, 0, c->spent) && is_time(since_s));
	given(shut_s != 0 || c->spent - forgiven < SPENT_MAX);
	is_digits = !is_long && length >= OTP_DIGITS_MIN && digits == length;
	scratch = length == SCRATCH_CHARS &&
	    record_codes_left(&record, CODE_SCRATCH, by.now_s) > 0;
	had = has(record.codes, some);
	was_spent = has(record.spent, some);
	known = has(record.codes, hash_of_code) ||
	    has(record.spent, hash_of_code);
	each(i, 2) {
		bool is = i < was.codes.count &&
		    codes[i].hash[0] == hash_of_code;

		given(!is || is_long == (codes[i].use != CODE_SCRATCH));
		if (is && (!codes[i].until_s || codes[i].until_s > by.now_s))
			use = codes[i].use;
		sent |= i < was.verified.count && by.connection[0] &&
		    hash_of_both && verified[i].code[0] == hash_of_both;
	}
	each(i, DEVICES) {
		given(devices[i].id[0] == (char)i);
		given(within(answers[i], REASON_NONE, REASON_COUNT - 1));
		says[answers[i]] |= i < was.devices.count;
	}
	by_pass ? verify_pass(&policy, &record, &by, "", 0, &out)
		: verify_code(&policy, &record, &by, "", 0, &out);
	reason = out.reason;
	pass = out.verdict == VERDICT_PASS;
	wrong = !pass && reason == REASON_WRONG_CODE;
	enrolls = out.verdict == VERDICT_ENROLL;
	by_device = pass && reason == REASON_CODE;
	by_one_time = pass && !by_device;

	/* A device's code passes if it is one's that is named; all judge it. */
	claim(1g, asked > 0, asked == was.devices.count);
	claim(1h, true, by_device == (asked > 0 && says[REASON_CODE]));
	claim(1i, by_device, answers[out.device[0]] == REASON_CODE);
	/* A one-time code passes if it is there, and is spent; others stay. */
	claim(1j, by_one_time, use >= 0 && use != CODE_ENROLL);
	claim(1k, enrolls, use == CODE_ENROLL);
	had &= !by_one_time || some != hash_of_code;
	claim(1l, true, has(record.codes, some) == had);
	claim(1m, !by_one_time, has(record.spent, some) == was_spent);
	claim(1n, true, is_sound(record));
	/* No device comes, goes or changes but by its steps. */
	claim(1o, true,
	    record.devices.count == was.devices.count &&
		record.enrolled_once == was.enrolled_once);
	each(i, DEVICES)
		claim(1p, true,
		    devices[i].last_step == old_devices[i].last_step &&
			devices[i].counter == old_devices[i].counter &&
			devices[i].digits == old_devices[i].digits &&
			record_same_secret(
			    &devices[i].secret, &old_devices[i].secret));
	known &= within(reason, REASON_ONE_TIME_USED, REASON_ONE_TIME_EXPIRED);
	/* A wrong code counts; nothing else does, and it has a reason. */
	claim(2b, wrong,
	    c->count == old->count + (old->count < COUNT_MAX) &&
		c->spent == old->spent - forgiven + 1 &&
		c->last_s == by.now_s && out.changed);
	claim(2c, !wrong && !by_device, is_same(c, old));
	claim(2d, true, is_same(&record.failures.other, &was.failures.other));
	claim(2e, !pass && !wrong && !enrolls && !sent && !known,
	    (reason == REASON_NOT_A_CODE && !is_long && !is_digits) ||
		(reason == REASON_NONE && by_pass) ||
		(reason == REASON_STOPPED && shut_s < 0) ||
		(reason == REASON_LOCKED && shut_s > 0) ||
		(asked > 0 && says[reason] &&
		    (reason != REASON_CLOCK_BACK ||
			(!scratch && !says[REASON_WRONG_CODE]))));
	/* A device that counts notes a code for the next one alone. */
	each(i, was.devices.count)
		claim(
		    9i, pass || (wrong && is_long), !devices[i].resync.present);
	claim(3a, shut_s != 0, asked == 0 && (is_long || !by_one_time));
	claim(5a, sent && (is_long || is_digits) && !by_pass,
	    !pass && reason == REASON_CODE_USED);
	claim(5b, !by_one_time, out.recovery_left == -1);
	claim(6a, pass, out.changed);
	/* Only a recovery code lets one set up a device, at a terminal. */
	claim(7a, out.may_renew, by_one_time && use != CODE_PASS);
	claim(7b, out.may_renew, by.terminal && !by.door && !by.proof);
	/* Where the policy cannot decide, only a pass code passes. */
	claim(8a, by_pass, asked == 0 && !enrolls);
	claim(8b, by_pass && pass, use == CODE_PASS);
	reach2(by_device && out.device[0] == 2, reason == REASON_CLOCK_BACK);
	reach2(by_one_time && is_long && shut_s, by_one_time && !is_long);
	reach2(wrong && asked == 0, reason == REASON_ONE_TIME_EXPIRED);
}
