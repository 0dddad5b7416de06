/*
 * A code that devices judge, from any record to the next: what is claimed of
 * steps holds for codes one after the other.
 *
 * Abstract: otp_code() is any function of its arguments, and fails at any
 * call; otp_step() is any step; the order of spent steps changes at will.
 */
#include "tests/proofs/proof.h"

static uint64_t step_now, steps[SPENT_STEPS_MAX], old[SPENT_STEPS_MAX];
static size_t length; /* of the code that was typed */
static char typed[1];
static bool failed, fails;
static struct device *d = devices;

char __CPROVER_uninterpreted_code(int, size_t, uint64_t, int64_t);
#define code_of __CPROVER_uninterpreted_code

#define otp_step(time_s, period) step_now
#define strlen(code)             length
#define otp_code(algorithm, secret, step, digits, ret)               \
	((ret)[0] = code_of(algorithm, (secret)->len, step, digits), \
	    failed |= (fails = nondet_bool()),                       \
	    fails ? FAULT_MEMORY : FAULT_NONE)
#include "store/core/spent.c"
#include "store/core/verify.c"

static bool
is_code(uint64_t step)
{
	return typed[0] ==
	    code_of(d->algorithm, d->secret.len, step, d->digits);
}

/* 1 device, 2 spent steps.  cbmc: --unwind 4 without move_to_end */
proof(judge_device)
{
	uint64_t now = step_now, last;
	enum reason reason;
	bool changed, pass, known, near;

	d = devices;
	record.devices.items = d;
	record.devices.count = 1;
	record.codes.count = record.spent.count = record.uids.count = 0;
	record.pending.present = no_memory = failed = false;
	any_list(d->spent_steps, steps);
	given(steps[0] == old[0] && steps[1] == old[1]);
	given(within(d->digits, OTP_DIGITS_MIN, OTP_DIGITS_MAX));
	given(now < UINT64_MAX / 2 && record_check(&record, &place) == NULL);
	last = d->last_step;
	known = (last > 0 && is_code(last)) || (now > 0 && is_code(now - 1)) ||
	    is_code(now) || is_code(now + 1);
	near = last > 0 && last + 3 >= now && is_code(last);
	each(i, d->spent_steps.count) {
		known |= is_code(old[i]);
		near |= old[i] + 3 >= now && is_code(old[i]);
	}
	reason = judge_device(d, typed, by.now_s, &changed);
	pass = reason == REASON_CODE;
	/* A pass spends its step, which is within one of now, and the latest. */
	claim(1a, pass == (d->last_step != last) && d->last_step >= last);
	claim(1b, implies(pass, is_code(d->last_step) && length == d->digits));
	claim(1c, implies(pass, within(d->last_step + 1, now, now + 2)));
	/* The step before is remembered; a code of such a near one is used. */
	claim(1d, implies(pass, !near));
	claim(1e,
	    implies(pass && last > 0 && !no_memory,
		steps[d->spent_steps.count - 1] == last));
	claim(1f, record_check(&record, &place) == NULL);
	/* Whatever else is not wrong has a reason. */
	claim(2a,
	    pass || reason == REASON_WRONG_CODE ||
		(reason == REASON_CODE_USED && known) ||
		(reason == REASON_STORE && failed) ||
		(reason == REASON_CLOCK_BACK && last > now + 1));
	reach2(pass, reason == REASON_CODE_USED && !is_code(last));
	reach2(reason == REASON_STORE, reason == REASON_WRONG_CODE && now == 0);
}

static enum reason answers[DEVICES_MAX];
static size_t judged;

enum reason
any_answer(struct device *device, const char *code, int64_t s, bool *changed)
{
	claim(1g, device == &devices[judged]);
	return answers[judged++];
}

/* 2 devices.  cbmc: --unwind 3 without judge_device:any_answer */
proof(judge_devices)
{
	bool says[REASON_COUNT] = {false};
	enum reason reason;

	judged = 0;
	any_list(record.devices, devices);
	each(i, record.devices.count) {
		given(within(answers[i], REASON_NONE, REASON_COUNT - 1));
		says[answers[i]] = true;
		devices[i].id[0] = (char)i;
	}
	reason = judge_devices(&record, typed, by.now_s, &out);
	/* All judge; one whose code it is lets it pass, and is named. */
	claim(1g, judged == record.devices.count);
	claim(1h, (reason == REASON_CODE) == says[REASON_CODE]);
	claim(1i,
	    implies(reason == REASON_CODE,
		answers[(size_t)out.device[0]] == REASON_CODE));
	/* A guess counts if any device can judge it. */
	claim(2b, says[reason] || (judged == 0 && reason == REASON_WRONG_CODE));
	claim(
	    2c, implies(reason == REASON_CLOCK_BACK, !says[REASON_WRONG_CODE]));
	reach(reason == REASON_CODE && out.device[0] == 1);
	reach2(reason == REASON_CLOCK_BACK && judged == 2, judged == 0);
}
