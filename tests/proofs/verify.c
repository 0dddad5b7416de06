/*
 * verify_code() and verify_pass(), from any record to the next: verify.h
 * numbers what must never happen.
 *
 * Abstract: what was typed is 16 characters, digits, or neither; hashes do not
 * collide, and may fail; devices judge as they like (devices.c), login_wait()
 * gives any answer, login_forgive() does as wait.c proves; login_note_pass()
 * and spent_connection() touch nothing that is claimed here (note.c).
 */
#include "tests/proofs/proof.h"

static bool is_long, judged, by_pass;
static size_t length, digits;           /* of what was typed */
static char hash_of_code, hash_of_both; /* both: with the connection */
static enum reason judgement;
static int64_t shut_s, forgiven, since_s;

#define hash_hex(data, len, ret) (((ret)[0] = hash_of_##data) != '\0')
#include "store/core/onetime.c"
#include "store/core/renew.c"
#include "store/core/spent.c"
#define strlen(text)                      length
#define strspn(text, set)                 digits
#define typed_plain(text, len, ret, size) ((ret)[0] = '1')
#define onetime_read(text, len, ret)      ((ret)[0] = '1', is_long)
#define login_is_known(record, by)        true
#define login_wait(a, c, is_other, now_s) shut_s
#define login_note_pass(p, r, l, ret)     ((ret)->changed = true)
#define spent_connection(r, l, code)      ((void)(r))
#define login_forgive(c, now_s)  \
	((c)->spent -= forgiven, \
	    (c)->spent_since_s = (c)->spent > 0 ? since_s : 0)
#include "store/core/verify.c"

enum reason
any_judgement(
    struct record *r, const char *code, int64_t s, struct outcome *ret)
{
	judged = true;
	ret->device[0] = judgement == REASON_CODE;
	return judgement;
}

/* 2 codes, 2 logins.  cbmc: --unwind 3
 * --unwindset check_hashes.0:5,check_hashes.1:5 without clock_drift
 * move_to_end spent_is_step judge_devices:any_judgement */
proof(verify_code)
{
	const struct counter *c = &record.failures.known;
	const struct counter *old = &was.failures.known;
	bool pass, wrong, by_device, by_one_time, is_digits, scratch, excused;
	bool spent_or_there = false, is_sent = false;
	int use = -1; /* of the code that was typed; -1: it is not there */

	any_record();
	judged = false;
	given(length <= OTP_DIGITS_MAX && is_time(since_s));
	given(within(forgiven, 0, c->spent) && within(shut_s, -1, INT32_MAX));
	given(implies(shut_s == 0, c->spent - forgiven < SPENT_MAX));
	given(judgement == REASON_CODE || judgement == REASON_CODE_USED ||
	    judgement == REASON_CLOCK_BACK || judgement == REASON_STORE ||
	    judgement == REASON_WRONG_CODE);
	is_digits = !is_long && length >= OTP_DIGITS_MIN && digits == length;
	scratch = length == SCRATCH_CHARS &&
	    record_codes_left(&record, CODE_SCRATCH, by.now_s) > 0;
	each(i, 2) {
		bool is = i < was.codes.count &&
		    codes[i].hash[0] == hash_of_code;

		given(implies(is, is_long == (codes[i].use != CODE_SCRATCH)));
		spent_or_there |= is ||
		    (i < was.spent.count && spent[i].hash[0] == hash_of_code);
		is_sent |= i < was.verified.count && by.connection[0] != '\0' &&
		    hash_of_both && verified[i].code[0] == hash_of_both;
		if (is && (!codes[i].until_s || codes[i].until_s > by.now_s))
			use = codes[i].use;
	}
	if (by_pass)
		verify_pass(&policy, &record, &by, "", 0, &out);
	else
		verify_code(&policy, &record, &by, "", 0, &out);
	pass = out.verdict == VERDICT_PASS;
	wrong = !pass && out.reason == REASON_WRONG_CODE;
	by_device = pass && out.reason == REASON_CODE;
	by_one_time = pass && !by_device;

	/* A code that passes was right, is spent, and is not there twice. */
	claim(1a, by_device == (judged && judgement == REASON_CODE));
	claim(1b, implies(by_one_time, use >= 0 && use != CODE_ENROLL));
	claim(1c, record.codes.count == was.codes.count - by_one_time);
	each(i, record.codes.count)
		claim(
		    1d, implies(by_one_time, codes[i].hash[0] != hash_of_code));
	claim(1e, record_check(&record, &place) == NULL);
	claim(1f, implies(out.verdict == VERDICT_ENROLL, use == CODE_ENROLL));
	/* A wrong code counts, and nothing else does. */
	claim(2a,
	    implies(wrong,
		c->count == old->count + (old->count < COUNT_MAX) &&
		    c->spent == old->spent - forgiven + 1 &&
		    c->last_s == by.now_s && out.changed));
	claim(2b, wrong || by_device || is_untouched(c, old));
	claim(2c, is_untouched(&record.failures.other, &was.failures.other));
	excused = out.reason == REASON_NOT_A_CODE ? !is_long && !is_digits
	    : out.reason == REASON_NONE           ? by_pass
	    : out.reason == REASON_STOPPED        ? shut_s < 0
	    : out.reason == REASON_LOCKED         ? shut_s > 0
	    : out.reason == REASON_CLOCK_BACK     ? judged && !scratch
	    : within(out.reason, REASON_ONE_TIME_USED, REASON_ONE_TIME_EXPIRED)
	    ? spent_or_there
	    : is_sent || (judged && judgement == out.reason);
	claim(2d, pass || wrong || out.verdict == VERDICT_ENROLL || excused);
	/* While the counter is shut no digits are judged, and none pass. */
	claim(3a, implies(by_device, shut_s == 0));
	claim(4a, implies(shut_s != 0 && !is_long, !judged && !by_one_time));
	/* A code that is sent again does not pass, and tells nothing. */
	claim(5a,
	    implies(is_sent && (is_long || is_digits) && !by_pass,
		!pass && out.reason == REASON_CODE_USED));
	claim(5b, by_one_time || out.recovery_left == -1);
	/* Each pass asks to be written. */
	claim(6a, implies(pass, out.changed));
	/* Only a recovery code lets its owner set up a device, at a terminal. */
	claim(7a, implies(out.may_renew, by_one_time && use != CODE_PASS));
	claim(7b, implies(out.may_renew, by.terminal && !by.door && !by.proof));
	/* Where the policy cannot decide, only a pass code passes. */
	claim(8a, implies(by_pass && pass, use == CODE_PASS));
	claim(8b, implies(by_pass, !judged && out.verdict != VERDICT_ENROLL));
	reach2(by_device, by_one_time && is_long && shut_s != 0);
	reach2(by_one_time && !is_long, out.verdict == VERDICT_ENROLL);
	reach3(wrong && is_digits, wrong && is_long, is_sent && !pass);
	reach2(out.reason == REASON_ONE_TIME_EXPIRED, out.may_renew);
	reach(by_pass && pass);
}
