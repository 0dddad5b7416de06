#include <openssl/crypto.h>
#include <string.h>

#include "store/core/counted.h"
#include "store/core/onetime.h"
#include "store/core/renew.h"
#include "store/core/spent.h"
#include "store/core/typed.h"
#include "store/core/verify.h"

bool
verify_digits(
    const char *typed, size_t len, char ret[static OTP_DIGITS_MAX + 1])
{
	char plain[OTP_DIGITS_MAX + 1] = "";
	size_t n;

	typed_plain(typed, len, plain, sizeof(plain));
	n = strlen(plain);
	if (n < OTP_DIGITS_MIN || strspn(plain, "0123456789") != n)
		plain[0] = '\0';
	memcpy(ret, plain, sizeof(plain));
	OPENSSL_cleanse(plain, sizeof(plain));
	return ret[0] != '\0';
}

enum fault
verify_step(const struct device *device, const char *code, int64_t now_s,
    uint64_t window, uint64_t *ret_step)
{
	size_t digits = (size_t)device->digits;
	enum fault found = FAULT_ABSENT;
	uint64_t now, first;

	if (device->type != DEVICE_TOTP || strlen(code) != digits)
		return FAULT_ABSENT;
	now = otp_step(now_s, device->period_s);
	first = now > window ? now - window : 0;
	for (uint64_t step = first; step <= now + window; step++) {
		char right[OTP_DIGITS_MAX + 1] = "";
		enum fault fault = otp_code(
		    (enum otp_algorithm)device->algorithm, &device->secret,
		    step, (int)digits, right);
		bool same = fault == FAULT_NONE &&
		    CRYPTO_memcmp(right, code, digits) == 0;

		OPENSSL_cleanse(right, sizeof(right));
		if (fault != FAULT_NONE)
			return fault;
		if (!same || found == FAULT_NONE)
			continue;
		found = step > device->last_step ? FAULT_NONE : FAULT_STALE;
		*ret_step = step;
	}
	return found;
}

/*
 * Judges a code by one device, and spends its step if it is right.  A last step
 * later than the clock can reach now means that the clock went back: every code
 * of this device would count as an old one.
 *
 * Two steps so near that one window holds both may have one code.  It passes
 * once, whichever of them it was spent for.
 */
static enum reason
judge_step(
    struct device *device, const char *code, int64_t now_s, bool *ret_changed)
{
	uint64_t now = otp_step(now_s, device->period_s);
	uint64_t oldest = now > 3 * WINDOW_STEPS ? now - 3 * WINDOW_STEPS : 0;
	uint64_t step = 0;
	enum fault fault, spent;

	if (device->last_step > now + WINDOW_STEPS)
		return REASON_CLOCK_BACK;
	fault = verify_step(device, code, now_s, WINDOW_STEPS, &step);
	spent = fault == FAULT_NONE ? spent_since(device, oldest, code)
				    : FAULT_ABSENT;
	if (spent != FAULT_ABSENT)
		return spent == FAULT_NONE ? REASON_CODE_USED : REASON_STORE;
	if (fault == FAULT_NONE) {
		spent_step(device, step);
		device->last_used_s = now_s;
		return REASON_CODE;
	}
	if (fault != FAULT_STALE && fault != FAULT_ABSENT)
		return REASON_STORE;
	return fault == FAULT_STALE || spent_is_step(device, code, ret_changed)
	    ? REASON_CODE_USED
	    : REASON_WRONG_CODE;
}

static enum reason
judge_device(
    struct device *device, const char *code, int64_t now_s, bool *ret_changed)
{
	return device->type == DEVICE_HOTP
	    ? counted_judge(device, code, now_s, ret_changed)
	    : judge_step(device, code, now_s, ret_changed);
}

/* For the log: by how many seconds a phone's clock would be off if this code
 * were right; 0 if no clock within DRIFT_S explains it. */
static int64_t
clock_drift(const struct record *record, const char *code, int64_t now_s)
{
	for (size_t i = 0; i < record->devices.count; i++) {
		const struct device *device = &record->devices.items[i];
		uint64_t window, step = 0;

		if (device->type != DEVICE_TOTP)
			continue;
		window = (uint64_t)(DRIFT_S / device->period_s);
		if (verify_step(device, code, now_s, window, &step) ==
		    FAULT_NONE)
			return (int64_t)(step -
				   otp_step(now_s, device->period_s)) *
			    device->period_s;
	}
	return 0;
}

/*
 * Judges a code by all devices.  The result is CODE if it is right for one of
 * them, else CODE_USED, else what the first device says that can judge; so a
 * guess is counted if any device could judge it.  A code that happens to be
 * right for two devices is spent for both: it works once for the person.
 */
static enum reason
judge_devices(
    struct record *record, const char *code, int64_t now_s, struct outcome *ret)
{
	enum reason all = record->devices.count > 0 ? REASON_CLOCK_BACK
						    : REASON_WRONG_CODE;

	for (size_t i = 0; i < record->devices.count; i++) {
		struct device *device = &record->devices.items[i];
		enum reason reason = judge_device(
		    device, code, now_s, &ret->changed);

		if (reason == REASON_CODE && all != REASON_CODE)
			memcpy(ret->device, device->id, sizeof(ret->device));
		if (reason == REASON_CODE ||
		    (reason == REASON_CODE_USED && all != REASON_CODE) ||
		    all == REASON_CLOCK_BACK)
			all = reason;
	}
	return all;
}

static struct counter *
counter_of(struct record *record, const struct login *login)
{
	return login_is_known(record, login) ? &record->failures.known
					     : &record->failures.other;
}

static bool
is_same_connection(const struct counter *counter, const struct login *login)
{
	return login->connection[0] != '\0' &&
	    strcmp(counter->connection, login->connection) == 0;
}

static void
count_failure(struct counter *counter, const struct login *login)
{
	int64_t tried = is_same_connection(counter, login) ? counter->tried : 0;

	login_forgive(counter, login->now_s);
	if (counter->spent == 0)
		counter->spent_since_s = login->now_s;
	counter->spent++; /* the counter is open: below attempts.stop, which
			   * is at most SPENT_MAX */
	counter->tried = tried < SPENT_MAX ? tried + 1 : tried;
	memcpy(counter->connection, login->connection,
	    sizeof(counter->connection));
	if (counter->count < COUNT_MAX)
		counter->count++;
	counter->last_s = login->now_s;
	memcpy(counter->from, login->address, sizeof(counter->from));
}

/*
 * Resets a counter after a right code.  The wrong codes of the long term stay,
 * because a thief who guesses between the owner's logins must not start from
 * zero after each of them.  Those typed on the connection of the right code are
 * forgiven: sshd names the connection, and no client can choose that name.  The
 * number that the user has not been told of is kept, as a number below 0.
 */
static void
reset_counter(struct counter *counter, const struct login *login)
{
	int64_t own = is_same_connection(counter, login) ? counter->tried : 0;
	int64_t left = counter->spent > own ? counter->spent - own : 0;
	int64_t untold = counter->count - counter->told;
	struct counter cleared = {.spent = left,
	    .spent_since_s = left > 0 ? counter->spent_since_s : 0};

	if (untold > 0) {
		cleared.told = untold < COUNT_MAX ? -untold : -COUNT_MAX;
		cleared.last_s = counter->last_s;
		memcpy(cleared.from, counter->from, sizeof(cleared.from));
	}
	*counter = cleared;
}

/* Spends an unspent one-time code; enroll.h spends an enrolment code later. */
static void
spend_one_time(struct record *record, const struct login *login, size_t i,
    struct outcome *ret)
{
	enum code_use use = (enum code_use)record->codes.items[i].use;

	if (use == CODE_ENROLL) {
		ret->verdict = VERDICT_ENROLL;
		ret->reason = REASON_SETUP;
		return;
	}
	spent_take(record, i, SPENT_USED, login->now_s);
	ret->verdict = VERDICT_PASS;
	ret->reason = REASON_ONE_TIME_CODE;
	ret->changed = true;
	if (use != CODE_PASS)
		ret->recovery_left = (long)record_recovery_left(
		    record, login->now_s);
}

/*
 * Returns true for a code that is spent, and says in *ret why.  It is neither
 * right nor a guess.  An expired code may still stand among the unspent ones.
 */
static bool
is_spent(const struct record *record, const char *hash, struct outcome *ret)
{
	static const enum reason reasons[] = {
	    [SPENT_USED] = REASON_ONE_TIME_USED,
	    [SPENT_REPLACED] = REASON_ONE_TIME_REPLACED,
	    [SPENT_VOID] = REASON_ONE_TIME_VOID,
	    [SPENT_EXPIRED] = REASON_ONE_TIME_EXPIRED};
	const struct spent_code *spent = spent_find(record, hash);

	if (spent != NULL) {
		ret->reason = reasons[spent->why];
		ret->spent_s = spent->at_s;
		return true;
	}
	for (size_t i = 0; i < record->codes.count; i++) {
		const struct one_time *code = &record->codes.items[i];

		if (strcmp(code->hash, hash) != 0)
			continue;
		ret->reason = REASON_ONE_TIME_EXPIRED;
		ret->spent_s = code->until_s;
		return true;
	}
	return false;
}

/* Returns true if the counter is shut; *ret then says for how long. */
static bool
is_shut(const struct policy *policy, struct record *record,
    const struct login *login, struct outcome *ret)
{
	const struct counter *counter = counter_of(record, login);
	int64_t wait_s = login_wait(&policy->attempts, counter,
	    counter == &record->failures.other, login->now_s);

	if (wait_s == 0)
		return false;
	ret->reason = wait_s < 0 ? REASON_STOPPED : REASON_LOCKED;
	ret->wait_s = wait_s < 0 ? 0 : wait_s;
	return true;
}

static void
count_wrong(
    struct record *record, const struct login *login, struct outcome *ret)
{
	count_failure(counter_of(record, login), login);
	ret->reason = REASON_WRONG_CODE;
	ret->changed = true;
}

/* Judges a code of sixteen characters.  It cannot be guessed, so it is
 * judged even while the counter is shut. */
static void
judge_one_time(const struct policy *policy, struct record *record,
    const struct login *login, const char *code, struct outcome *ret)
{
	char hash[HASH_TEXT] = "";
	int found = -1;

	if (onetime_hash(code, hash) == FAULT_NONE)
		found = onetime_find(record, hash, login->now_s);
	if (found >= 0)
		spend_one_time(record, login, (size_t)found, ret);
	else if (!is_spent(record, hash, ret) &&
	    !is_shut(policy, record, login, ret))
		count_wrong(record, login, ret);
}

/*
 * Judges digits, if the counter is open: as a scratch code, as a spent code,
 * and then by the devices.  If the clock went back no device can judge, but
 * eight digits are still counted as a guess at a scratch code.
 */
static void
judge_digits(const struct policy *policy, struct record *record,
    const struct login *login, const char *code, struct outcome *ret)
{
	bool scratch = strlen(code) == SCRATCH_CHARS &&
	    record_codes_left(record, CODE_SCRATCH, login->now_s) > 0;
	char hash[HASH_TEXT] = "";
	int found = -1;

	if (is_shut(policy, record, login, ret))
		return;
	if (onetime_hash(code, hash) == FAULT_NONE && scratch)
		found = onetime_find(record, hash, login->now_s);
	if (found >= 0)
		spend_one_time(record, login, (size_t)found, ret);
	if (found >= 0 || is_spent(record, hash, ret))
		return;
	ret->reason = judge_devices(record, code, login->now_s, ret);
	if (ret->reason == REASON_CODE) {
		ret->verdict = VERDICT_PASS;
		ret->changed = true;
	} else if (ret->reason == REASON_WRONG_CODE ||
	    (scratch && ret->reason == REASON_CLOCK_BACK)) {
		count_wrong(record, login, ret);
		ret->drift_s = clock_drift(record, code, login->now_s);
	}
}

/*
 * Returns true for a code that this connection has given before.  It is not
 * judged again: a client that shares one connection sends its TFA_CODE with
 * each session.  The devices remember the code for as long as it is sent.
 */
static bool
is_sent_again(struct record *record, const struct login *login,
    const char *code, struct outcome *ret)
{
	if (!spent_is_connection(record, login, code, &ret->changed))
		return false;
	list_each(struct device, device, record->devices) {
		(void)spent_is_step(device, code, &ret->changed);
		(void)spent_is_counter(device, code, &ret->changed);
	}
	return true;
}

void
verify_code(const struct policy *policy, struct record *record,
    const struct login *login, const char *typed, size_t len,
    struct outcome *ret)
{
	char digits[OTP_DIGITS_MAX + 1] = "";
	char one_time[ONETIME_CHARS + 1] = "";
	bool is_one_time = onetime_read(typed, len, one_time);
	bool is_code = is_one_time || verify_digits(typed, len, digits);
	const char *code = is_one_time ? one_time : digits;
	/* A pass makes the source a known one. */
	struct counter *counter = counter_of(record, login);

	*ret = (struct outcome){.verdict = VERDICT_DENY,
	    .reason = REASON_NOT_A_CODE,
	    .counts = counted_has(record),
	    .recovery_left = -1};
	if (is_code && is_sent_again(record, login, code, ret))
		ret->reason = REASON_CODE_USED;
	else if (is_one_time)
		judge_one_time(policy, record, login, code, ret);
	else if (is_code)
		judge_digits(policy, record, login, code, ret);
	if (is_code)
		counted_settle(record, is_one_time, ret);
	if (ret->verdict == VERDICT_PASS && !login->proof) {
		login_note_pass(policy, record, login, ret);
		spent_connection(record, login, code);
		if (ret->recovery_left >= 0)
			ret->may_renew = renew_allow(
			    policy, record, login, code);
	}
	if (ret->reason == REASON_CODE && !login->proof)
		reset_counter(counter, login);
	OPENSSL_cleanse(digits, sizeof(digits));
	OPENSSL_cleanse(one_time, sizeof(one_time));
}

void
verify_pass(const struct policy *policy, struct record *record,
    const struct login *login, const char *typed, size_t len,
    struct outcome *ret)
{
	char code[ONETIME_CHARS + 1] = "", hash[HASH_TEXT] = "";
	int found = -1;

	*ret = (struct outcome){.verdict = VERDICT_DENY, .recovery_left = -1};
	if (!onetime_read(typed, len, code))
		return;
	if (onetime_hash(code, hash) == FAULT_NONE)
		found = onetime_find(record, hash, login->now_s);
	if (found < 0 || record->codes.items[found].use == CODE_PASS) {
		judge_one_time(policy, record, login, code, ret);
		counted_settle(record, true, ret);
	}
	if (ret->verdict == VERDICT_PASS) {
		login_note_pass(policy, record, login, ret);
		spent_connection(record, login, code);
	}
	OPENSSL_cleanse(code, sizeof(code));
}
