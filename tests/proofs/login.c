/*
 * login_decide(): who passes without a code?  login_wait(), login_forgive():
 * how long does a counter stay shut?
 *
 * Abstract: in login_decide(), login_wait() gives any answer, an order by last
 * use stays, and counters of devices are any.  A week has 2^20 seconds, as that
 * is quick to divide by.
 */
#include "tests/proofs/proof.h"

#define FORGIVE_S (1 << 20)
#include "store/core/decide.c"
#include "store/core/door.c"
#include "store/core/login.c"
#include "store/core/login_note.c"
#include "store/core/verdict.c"

/* 2 logins, 1 rule, 2 codes.  cbmc: --unwind 3 without login_wait
 * renew_verified check_counters */
proof(login_decide)
{
	struct rule rule;
	struct decision decision;
	enum mode mode = decision.mode;
	enum forwarding door;
	enum hardware_keys worth;
	bool pass, remembered, device, free, touched, here = false;
	bool near = false, other = false;

	decision.rule = nondet_any() ? &rule : NULL;
	given(is_time(rule.since_s | rule.grace.until_s | rule.grace.for_s));
	any_record();
	device = was.devices.count > 0;
	door = policy_forwarding(&policy, &decision);
	worth = policy_hardware(&policy, &decision);
	/* A code was given on this connection, or near: from this address; with
	 * this key, no longer ago than the policy says now. */
	each(i, was.verified.count) {
		const struct verified *v = &verified[i];
		int64_t left_s = v->until_s - by.now_s;

		other |= v->connection[0] && strcmp(v->key, by.key) &&
		    v->connection[0] == by.connection[0];
		if (strcmp(v->key, by.key) || left_s <= 0)
			continue;
		here |= v->connection[0] == by.connection[0] &&
		    v->connection[0] && left_s <= login_hold_s(&policy, &by);
		near |= !v->connection[0] && by.key[0] &&
		    !strcmp(v->address, by.address) &&
		    left_s <= policy.remember.for_s;
	}
	login_decide(&policy, &decision, &record, &by, &out);
	pass = out.verdict == VERDICT_PASS;
	remembered = out.reason == REASON_REMEMBERED;
	/* The policy's denial stays one; where it could not decide, a pass code
	 * may be asked for. */
	claim(1a, mode == MODE_NONE && out.verdict != VERDICT_DENY,
	    out.verdict == VERDICT_CHALLENGE && !by.door &&
		reason_is_undecided(out.reason) &&
		record_codes_left(&was, CODE_PASS, by.now_s) > 0);
	/* A user who is neither exempt nor gave a code never had a device,
	 * and needs none yet. */
	free = !device && !was.enrolled_once &&
	    (mode == MODE_OPTIONAL ||
		(decision.rule &&
		    by.now_s < policy_deadline(&rule, record.first_seen_s)));
	/* A touch is enough, or a PIN where the rule wants that, but of nobody
	 * whom an administrator keeps out, and on no connection of a code that
	 * was given with another key. */
	touched = (by.hardware == HARDWARE_PIN ||
		      (by.hardware == HARDWARE_TOUCH &&
			  worth == HARDWARE_KEYS_ENOUGH)) &&
	    worth >= HARDWARE_KEYS_ENOUGH &&
	    (device || !was.enrolled_once || was.invited_until_s) && !other;
	claim(2a, pass && remembered, here || (near && device));
	claim(2b, pass && remembered, device || by.by_door);
	claim(2c, pass && !remembered,
	    out.reason == REASON_EXEMPT             ? mode == MODE_EXEMPT
		: out.reason == REASON_HARDWARE_KEY ? touched
						    : free);
	/* The door opens where forwarding is open, or after a code. */
	claim(3a, pass && by.door,
	    door == FORWARDING_OPEN ||
		((remembered || out.reason == REASON_HARDWARE_KEY) &&
		    door == FORWARDING_AFTER_CODE));
	claim(3b, out.verdict == VERDICT_ENROLL,
	    !device && !by.door && by.terminal);
	/* Nothing is counted, forgiven, enrolled or remembered. */
	claim(4a, true,
	    record.failures.known.count == was.failures.known.count &&
		record.failures.other.spent == was.failures.other.spent &&
		record.enrolled_once == was.enrolled_once &&
		record.sources.count == was.sources.count &&
		record.verified.count == was.verified.count);
	reach2(pass && !by.door && here, pass && remembered && !here);
	reach2(pass && out.reason == REASON_GRACE, pass && by.door && device);
	reach2(touched && by.door && pass && !remembered, touched && !pass);
}

/* All counters, attempts, times.  cbmc: --unwind 22 */
proof(backoff)
{
	struct attempts a;
	struct counter c;
	int64_t now_s, whole_s, left_s, passed_s;

	given(is_counter(c) && is_time(now_s));
	given(within(a.free, 1, 20) && within(a.backoff_s, 1, INT32_MAX));
	given(within(a.backoff_max_s, 900, 7 * DAY_S));
	whole_s = backoff(&a, &c, c.last_s);
	left_s = backoff(&a, &c, now_s);
	passed_s = now_s > c.last_s ? now_s - c.last_s : 0;
	/* It opens after exactly that wait, which none of the free ones has. */
	claim(
	    5a, true, left_s == (whole_s > passed_s ? whole_s - passed_s : 0));
	claim(5b, c.count <= a.free, whole_s == 0);
	claim(5c, c.count > a.free, whole_s > 0);
	claim(5d, true, whole_s <= a.backoff_max_s);
	reach(whole_s == 7 * DAY_S && left_s && left_s < whole_s);
}

static int64_t backoff_s;

int64_t
any_wait(const struct attempts *a, const struct counter *c, int64_t now_s)
{
	return backoff_s;
}

/* All counters and times.  cbmc: --unwind 2 without backoff:any_wait */
proof(login_wait)
{
	struct attempts a;
	struct counter c, left = c;
	int64_t now_s, since_s = clamp(c.spent_since_s, now_s), wait_s;
	bool is_other;

	given(is_counter(c) && is_time(now_s));
	given(within(a.stop, 1, SPENT_MAX) && backoff_s >= 0);
	/* Each week forgives one, until there are fewer than attempts.stop.
	 * Unknown sources stay out. */
	wait_s = since_s + (c.spent - a.stop + 1) * FORGIVE_S - now_s;
	if (c.spent < a.stop || wait_s < backoff_s)
		wait_s = backoff_s;
	claim(6a, true,
	    login_wait(&a, &c, is_other, now_s) ==
		(is_other && c.count >= a.stop ? -1 : wait_s));
	login_forgive(&left, now_s);
	claim(6b, true, left.count == c.count && left.last_s == c.last_s);
	claim(6c, true, within(left.spent, 0, c.spent));
	reach(left.spent && left.spent < c.spent && wait_s > backoff_s);
}
