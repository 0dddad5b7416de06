/*
 * A code that devices judge: the promises of verify.h on steps, by their
 * numbers.  It is one step from any record to the next, so what is claimed of
 * steps holds for any number of codes, one after the other.
 *
 * Bounds: 3 devices with 2 spent steps each, any 6 to 8 digits, any time, any
 * steps that record_parse() reads, so record_check() holds.
 *
 * What is not the product's own code:
 *	otp_code()     gives, for each step of each device, any 6 to 8 characters;
 *	               it may fail at any call.
 *	otp_step()     any step, for each period one: no division of 64 bits.
 *	move_to_end()  does nothing: it changes an order only (parts.c).
 *	list_add_newest()  adds to one of these lists, or fails for want of memory;
 *	               the lists do not become full.
 */
#include "tests/proofs/proof.h"

#include "store/core/spent.c"
#include "store/core/verify.c"

#define DEVICES 3
#define STEPS   2
#define SHOWN   (3 + 1 + STEPS)

static struct record record;
static struct device device, before;
static uint64_t steps[STEPS + 1];
static char typed[OTP_DIGITS_MAX + 1];
static bool hmac_failed;
static struct outcome out;

uint64_t __CPROVER_uninterpreted_step(int64_t, int64_t);

uint64_t
otp_step(int64_t time_s, int64_t period_s)
{
	uint64_t step = __CPROVER_uninterpreted_step(time_s, period_s);

	given(step <= LAST_S_OF_TIME / 15);
	return step;
}

/* The steps of a device that matter: its window, its last one, its spent ones;
 * and their codes.  A step that is there twice has one code. */
static struct {
	uint64_t step;
	char code[OTP_DIGITS_MAX]; /* zero behind the device's digits */
} shown[SHOWN];

static void
set_shown(uint64_t now)
{
	for (size_t k = 0; k < SHOWN; k++) {
		shown[k].step = k < 3 ? now + k - 1
		    : k == 3          ? device.last_step
				      : steps[k - 4];
		for (size_t at = 0; at < OTP_DIGITS_MAX; at++)
			shown[k].code[at] = at < (size_t)before.digits
			    ? nondet_char()
			    : '\0';
	}
	for (size_t k = 1; k < SHOWN; k++)
		for (size_t m = 0; m < k; m++)
			for (size_t at = 0; at < OTP_DIGITS_MAX; at++)
				given(shown[k].step != shown[m].step ||
				    shown[k].code[at] == shown[m].code[at]);
}

/* The place of a step in that list; there must be one. */
static size_t
place_of(uint64_t step)
{
	for (size_t k = 0; k < SHOWN; k++)
		if (shown[k].step == step)
			return k;
	claim(false, "0: only codes of these steps are computed");
	return 0;
}

/* True if the typed digits are the code at that place. */
static bool
is_code_at(size_t place)
{
	bool same = true;

	for (size_t at = 0; at < OTP_DIGITS_MAX; at++)
		same &= typed[at] == shown[place].code[at];
	return same;
}

enum fault
otp_code(enum otp_algorithm algorithm, const struct otp_secret *secret,
    uint64_t step, int digits, char ret[static OTP_DIGITS_MAX + 1])
{
	size_t place;

	claim(secret == &device.secret &&
		algorithm == (enum otp_algorithm)before.algorithm &&
		digits == before.digits,
	    "0: as the device's record says");
	ret[0] = '\0';
	if (nondet_bool()) {
		hmac_failed = true;
		return FAULT_MEMORY;
	}
	place = place_of(step);
	for (size_t at = 0; at < OTP_DIGITS_MAX; at++)
		ret[at] = shown[place].code[at];
	ret[OTP_DIGITS_MAX] = '\0';
	return FAULT_NONE;
}

int
CRYPTO_memcmp(const void *a, const void *b, size_t len)
{
	const char *x = a, *y = b;
	int differs = 0;

	for (size_t i = 0; i < OTP_DIGITS_MAX; i++)
		differs |= i < len && x[i] != y[i];
	return differs;
}

void
OPENSSL_cleanse(void *at, size_t len)
{
	(void)at, (void)len;
}

void *
list_add_newest(void *list, size_t size, size_t most)
{
	(void)size, (void)most;
	claim(list == (void *)&device.spent_steps, "0: no other list grows");
	return nondet_bool() ? &steps[device.spent_steps.count++] : NULL;
}

static void
set_device(int64_t now_s)
{
	struct device *d = &device;

	d->algorithm = (int)any_within(OTP_SHA1, OTP_SHA512);
	d->digits = any_within(OTP_DIGITS_MIN, OTP_DIGITS_MAX);
	d->period_s = any_within(15, 300);
	d->secret.len = nondet_size();
	d->last_step = nondet_step();
	d->spent_steps.items = steps;
	d->spent_steps.count = nondet_size();
	given(d->secret.len <= OTP_SECRET_MAX && d->spent_steps.count <= STEPS);
	for (size_t k = 0; k < STEPS; k++) {
		steps[k] = nondet_step();
		given(k >= d->spent_steps.count || steps[k] < d->last_step);
	}
	before = *d;
	set_shown(otp_step(now_s, d->period_s));
}

static void
set_typed(void)
{
	size_t n = nondet_size();

	given(n >= OTP_DIGITS_MIN && n <= OTP_DIGITS_MAX);
	for (size_t i = 0; i < OTP_DIGITS_MAX; i++) {
		typed[i] = nondet_char();
		given(i < n ? typed[i] >= '0' && typed[i] <= '9'
			    : typed[i] == '\0');
	}
}

static void
claim_steps(bool pass, uint64_t now)
{
	const struct device *a = &before, *d = &device;
	bool moves = d->last_step != a->last_step;

	claim(moves == pass, "1a: a pass spends a step, and only a pass does");
	claim(!pass || is_code_at(place_of(d->last_step)),
	    "1b: the code that passed is that step's");
	claim(!moves || (d->last_step <= now + 1 && d->last_step + 1 >= now),
	    "1c: that step is within one of now");
	claim(d->last_step >= a->last_step,
	    "1d: no older code passes: no last step ever goes back");
	for (size_t k = now > 0 ? 0 : 1; pass && k < 3; k++)
		claim(hmac_failed || !is_code_at(k) ||
			d->last_step >= shown[k].step,
		    "1e: a code that passed does not pass again");
	for (size_t k = 0; k < d->spent_steps.count; k++)
		claim(d->spent_steps.items[k] < d->last_step,
		    "1f: spent steps stay before the last one");
}

/* True if the typed digits are a code, now or spent, of that device. */
static bool
knows_digits(uint64_t now)
{
	bool knows = false;

	for (size_t k = 0; k < SHOWN; k++)
		knows |= is_code_at(k) &&
		    (k == 0          ? now > 0
			    : k < 3  ? true
			    : k == 3 ? before.last_step > 0
				     : k - 4 < before.spent_steps.count);
	return knows;
}

/* 1 device, 2 spent steps.  cbmc: --unwind 10
 * --unwindset verify_step.0:4,spent_is_step.0:3 without move_to_end */
void
prove_judge_device(void)
{
	int64_t now_s = any_time();
	uint64_t now;
	bool changed = false;
	enum reason reason;

	set_device(now_s);
	set_typed();
	now = otp_step(now_s, device.period_s);
	reason = judge_device(&device, typed, now_s, &changed);
	claim_steps(reason == REASON_CODE, now);
	claim(reason != REASON_CODE_USED || knows_digits(now),
	    "2a: used is only a code that the device shows or has spent");
	claim((reason == REASON_CLOCK_BACK) == (before.last_step > now + 1),
	    "2b: the clock went back where no later step can be reached");
	claim(reason != REASON_STORE || hmac_failed,
	    "2c: the store failed only where HMAC did");
	claim(reason == REASON_CODE || reason == REASON_CODE_USED ||
		reason == REASON_CLOCK_BACK || reason == REASON_STORE ||
		reason == REASON_WRONG_CODE,
	    "2d: else it is a wrong code, which is counted");
	if (reason == REASON_CODE)
		reach("a device's code");
	if (reason == REASON_CODE_USED && !is_code_at(3))
		reach("an old spent code");
	if (reason == REASON_STORE)
		reach("a failure of HMAC");
	if (reason == REASON_WRONG_CODE && now == 0)
		reach("a wrong code in 1970");
}

static enum reason answers[DEVICES];
static struct device devices[DEVICES];
static bool judged[DEVICES];

/* judge_device() as proved above: only CODE spends a step. */
enum reason
any_answer(struct device *d, const char *code, int64_t now_s, bool *ret_changed)
{
	size_t i = (size_t)d->secret.bytes[0];

	(void)now_s, (void)ret_changed;
	claim(code == typed && d == &devices[i] && !judged[i],
	    "1g: each device judges the code, once");
	judged[i] = true;
	return answers[i];
}

static bool
is_answer(enum reason reason, bool of_all)
{
	bool any = false, all = true;

	for (size_t i = 0; i < record.devices.count; i++) {
		any |= answers[i] == reason;
		all &= answers[i] == reason;
	}
	return of_all ? all : any;
}

/* 3 devices.  cbmc: --unwind 10 without judge_device:any_answer */
void
prove_judge_devices(void)
{
	enum reason reason;

	set_typed();
	record.devices.items = devices;
	record.devices.count = nondet_size();
	given(record.devices.count <= DEVICES);
	for (size_t i = 0; i < DEVICES; i++) {
		devices[i].secret.bytes[0] = (uint8_t)i;
		devices[i].id[0] = (char)('1' + i);
		answers[i] = (enum reason)nondet_int();
		given(answers[i] == REASON_CODE ||
		    answers[i] == REASON_CODE_USED ||
		    answers[i] == REASON_CLOCK_BACK ||
		    answers[i] == REASON_STORE ||
		    answers[i] == REASON_WRONG_CODE);
	}
	reason = judge_devices(&record, typed, any_time(), &out);
	for (size_t i = 0; i < record.devices.count; i++)
		claim(judged[i], "1h: no device is left out");
	claim((reason == REASON_CODE) == is_answer(REASON_CODE, false),
	    "1i: a code passes if it is a device's");
	claim(reason != REASON_CODE ||
		answers[out.device[0] - '1'] == REASON_CODE,
	    "1j: and the device that is named is one of those");
	claim(reason != REASON_CODE_USED || is_answer(REASON_CODE_USED, false),
	    "2e: used only if a device says so");
	claim(reason != REASON_CLOCK_BACK ||
		(record.devices.count > 0 &&
		    is_answer(REASON_CLOCK_BACK, true)),
	    "2f: the clock went back only for all devices");
	claim(reason != REASON_STORE || is_answer(REASON_STORE, false),
	    "2g: the store failed only where a device says so");
	claim(is_answer(REASON_CODE, false) ||
		is_answer(REASON_CODE_USED, false) ||
		is_answer(REASON_STORE, false) ||
		!is_answer(REASON_WRONG_CODE, false) ||
		reason == REASON_WRONG_CODE,
	    "2h: a guess counts if any device can judge it");
	if (reason == REASON_CODE && answers[1] == REASON_CODE &&
	    answers[0] != REASON_CODE)
		reach("the second device's code");
	if (reason == REASON_CLOCK_BACK)
		reach("a clock that went back for all");
	if (reason == REASON_WRONG_CODE && record.devices.count == 0)
		reach("no device");
}
