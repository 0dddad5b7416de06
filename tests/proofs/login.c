/*
 * login_decide(): who passes without a code?
 *
 * Abstract: login_wait() gives any answer (wait.c); renew_verified() changes
 * an order, after the decision; announce.c is proved in note.c.
 */
#include "tests/proofs/proof.h"

#include "store/core/decide.c"
#include "store/core/door.c"
#include "store/core/login.c"
#include "store/core/login_note.c"
#include "store/core/verdict.c"

static struct rule rule;
static struct decision decision;

/* A code was given with this key, on this connection or from this address, no
 * longer ago than the policy says now. */
static bool
was_given(bool on_connection)
{
	int64_t most_s = on_connection ? login_hold_s(&policy, &by)
				       : policy.remember.for_s;
	bool was_given = false;

	each(i, was.verified.count) {
		const struct verified *v = &verified[i];
		bool is = on_connection
		    ? v->connection[0] && !strcmp(v->connection, by.connection)
		    : !v->connection[0] && by.key[0] &&
			!strcmp(v->address, by.address);

		was_given |= is && !strcmp(v->key, by.key) &&
		    within(v->until_s - by.now_s, 1, most_s);
	}
	return was_given;
}

/* 2 logins, 1 rule, 2 codes.  cbmc: --unwind 3
 * --unwindset check_hashes.0:5,check_hashes.1:5 without login_wait
 * renew_verified announce_changes announce_told */
proof(login_decide)
{
	enum forwarding forwarding;
	enum mode mode = decision.mode;
	bool pass, free, given_here, remembered, device;

	decision.rule = nondet_bool() ? &rule : NULL;
	given(is_time(rule.since_s | rule.grace.until_s));
	given(within(rule.grace.for_s, 0, INT32_MAX));
	any_record();
	device = was.devices.count > 0;
	forwarding = policy_forwarding(&policy, &decision);
	given_here = was_given(true);
	remembered = given_here || (was_given(false) && device);
	login_decide(&policy, &decision, &record, &by, &out);
	pass = out.verdict == VERDICT_PASS;
	free = pass && out.reason != REASON_REMEMBERED;
	/* The policy's denial stays one; where it could not decide, a pass code
	 * may be asked for. */
	claim(1a, implies(pass, mode != MODE_NONE));
	claim(1b,
	    mode != MODE_NONE || out.verdict == VERDICT_DENY ||
		(out.verdict == VERDICT_CHALLENGE && !by.door &&
		    reason_is_undecided(out.reason) &&
		    record_codes_left(&was, CODE_PASS, by.now_s) > 0));
	/* A device's code is asked for, if none was given. */
	claim(2a, implies(pass && !free, remembered));
	claim(2b, implies(free && device, mode == MODE_EXEMPT));
	/* Without a device nobody passes who once had one, or after grace. */
	claim(3a,
	    implies(pass && !device && was.enrolled_once,
		mode == MODE_EXEMPT || (given_here && by.by_door)));
	claim(3b,
	    implies(free && mode == MODE_REQUIRED,
		decision.rule &&
		    by.now_s < policy_deadline(&rule, record.first_seen_s)));
	claim(4a,
	    implies(pass && out.reason == REASON_EXEMPT, mode == MODE_EXEMPT));
	/* The door opens where forwarding is open, or after a code. */
	claim(5a, implies(free && by.door, forwarding == FORWARDING_OPEN));
	claim(
	    5b, implies(pass && by.door, forwarding >= FORWARDING_AFTER_CODE));
	claim(5c,
	    implies(out.verdict == VERDICT_ENROLL,
		!device && !by.door && by.terminal));
	/* Nothing is counted, forgiven or enrolled. */
	claim(6a,
	    record.failures.known.count == was.failures.known.count &&
		record.failures.other.spent == was.failures.other.spent &&
		record.enrolled_once == was.enrolled_once);
	reach2(pass && !by.door && given_here, pass && !free && !given_here);
	reach2(pass && out.reason == REASON_GRACE, pass && by.door && device);
	reach(out.verdict == VERDICT_CHALLENGE && mode == MODE_NONE);
	reach(out.verdict == VERDICT_ENROLL);
}
