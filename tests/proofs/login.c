/*
 * login_decide(): who passes without a code?
 *
 * Up to: 2 remembered logins, 1 known source, 2 one-time codes, 1 rule.  Texts
 * that are compared have at most 2 characters.  Any time from 1970 to 9999, any
 * policy that policy_parse() reads, any record that record_parse() reads.
 *
 * What is not the product's own code:
 *	login_wait()      gives any answer.
 *	renew_verified()  does nothing: it changes the order of the remembered
 *	                  logins, after the decision.
 *	devices           only their number counts here, and no device is read.
 */
#include "tests/proofs/proof.h"

#define login_wait login_wait_real
#include "store/core/login.c"
#undef login_wait
#include "store/core/decide.c"
#include "store/core/door.c"
#include "store/core/login_note.c"
#include "store/core/record.c"

int64_t
login_wait(const struct attempts *attempts, const struct counter *counter,
    bool is_other, int64_t now_s)
{
	(void)attempts, (void)counter, (void)is_other, (void)now_s;
	return any_within(-1, INT32_MAX);
}

bool
reason_is_undecided(enum reason reason)
{
	return reason == REASON_UNKNOWN_GROUP || reason == REASON_GROUP_ERROR ||
	    reason == REASON_NO_ADDRESS || reason == REASON_RULE_LOST;
}

static struct policy policy;
static struct rule rule;
static struct decision decision;
static struct record record;
static struct verified verified[2];
static struct source sources[1];
static struct one_time codes[2];
static struct login login;
static struct outcome out;

static void
set_counter(struct counter *counter)
{
	counter->count = any_within(0, COUNT_MAX);
	counter->told = any_within(-COUNT_MAX, COUNT_MAX);
	counter->last_s = any_time();
	counter->spent = any_within(0, SPENT_MAX);
	counter->spent_since_s = any_time();
	any_text(counter->from);
}

static void
set_policy(void)
{
	policy.otherwise = (int)any_within(MODE_OPTIONAL, MODE_EXEMPT);
	policy.forwarding = (int)any_within(FORWARDING_UNSAID, FORWARDING_OPEN);
	policy.enrollment.self = (int)any_within(SELF_GRACE, SELF_CODE);
	policy.remember.connection_s = any_within(0, INT32_MAX);
	policy.remember.for_s = any_within(0, INT32_MAX);
	rule.mode = (int)any_within(MODE_OPTIONAL, MODE_EXEMPT);
	rule.forwarding = (int)any_within(FORWARDING_UNSAID, FORWARDING_OPEN);
	rule.since_s = any_time();
	rule.grace.present = rule.mode == MODE_REQUIRED && nondet_bool();
	rule.grace.for_s = rule.grace.present ? any_within(0, INT32_MAX) : 0;
	rule.grace.until_s = rule.grace.present ? any_time() : 0;
	any_text(rule.name);
	decision.rule = nondet_bool() ? &rule : NULL;
	decision.mode = nondet_bool() ? MODE_NONE
	    : decision.rule != NULL   ? (enum mode)rule.mode
				      : (enum mode)policy.otherwise;
	decision.reason = (enum reason)any_within(0, REASON_COUNT - 1);
}

static void
set_record(void)
{
	record.devices.count = nondet_size();
	given(record.devices.count <= DEVICES_MAX);
	record.enrolled_once = nondet_bool();
	record.first_seen_s = any_time();
	record.grace_started_s = any_time();
	record.invited_until_s = any_time();
	record.skipped_s = any_time();
	any_text(record.last_rule);
	set_counter(&record.failures.known);
	set_counter(&record.failures.other);
	record.last_login.present = nondet_bool();
	record.last_login.at_s = any_time();
	record.last_login.before_s = any_time();
	any_text(record.last_login.from);
	record.verified.items = verified;
	record.verified.count = nondet_size();
	record.sources.items = sources;
	record.sources.count = nondet_size();
	record.codes.items = codes;
	record.codes.count = nondet_size();
	given(record.verified.count <= 2 && record.sources.count <= 1 &&
	    record.codes.count <= 2);
	for (int i = 0; i < 2; i++) {
		any_text(verified[i].connection);
		any_text(verified[i].key);
		any_text(verified[i].address);
		verified[i].until_s = any_time();
		given(verified[i].connection[0] != '\0' ||
		    (verified[i].key[0] != '\0' &&
			verified[i].address[0] != '\0'));
		codes[i].use = (int)any_within(CODE_RECOVER, CODE_SCRATCH);
		codes[i].until_s = any_time();
	}
	any_text(sources[0].key);
	any_text(sources[0].address);
	sources[0].last_s = any_time();
}

static void
set_login(void)
{
	any_text(login.address);
	any_text(login.key);
	any_text(login.connection);
	login.terminal = nondet_bool();
	login.shell = nondet_bool();
	login.door = nondet_bool();
	login.by_door = nondet_bool();
	login.now_s = any_time();
	given(login.now_s > 0);
}

/* As the policy's remember says: for a connection, or for a key and address. */
static bool
is_remembered(size_t i, bool by_connection)
{
	const struct verified *v = &verified[i];
	int64_t left_s = v->until_s - login.now_s;
	int64_t most_s = policy.remember.connection_s;

	if (i >= record.verified.count || left_s <= 0 ||
	    !is_same_text(v->key, login.key))
		return false;
	if (by_connection)
		return v->connection[0] != '\0' &&
		    is_same_text(v->connection, login.connection) &&
		    left_s <= (login.door && most_s < 60 ? 60 : most_s);
	return v->connection[0] == '\0' && login.key[0] != '\0' &&
	    is_same_text(v->address, login.address) &&
	    left_s <= policy.remember.for_s;
}

static bool
pass_code_is_there(void)
{
	for (size_t i = 0; i < record.codes.count; i++)
		if (codes[i].use == CODE_PASS &&
		    (codes[i].until_s == 0 || codes[i].until_s > login.now_s))
			return true;
	return false;
}

static void
claim_passes(bool by_connection, bool by_source, enum forwarding forwarding)
{
	bool remembered = out.reason == REASON_REMEMBERED;
	bool device = record.devices.count > 0;

	claim(decision.mode != MODE_NONE,
	    "1a: whom the policy denies, never passes");
	claim(!remembered || by_connection || (by_source && device),
	    "2a: remembered: a code was given, with this key, on this connection "
	    "or from this address, and no longer ago than the policy says now");
	claim(!device || remembered || decision.mode == MODE_EXEMPT,
	    "2b: with a device nobody passes unremembered, but who is exempt");
	claim(device || decision.mode == MODE_EXEMPT ||
		(remembered && login.by_door && by_connection) ||
		!record.enrolled_once,
	    "3a: who once had a device, never passes without one");
	claim(device || remembered || decision.mode == MODE_EXEMPT ||
		decision.mode == MODE_OPTIONAL ||
		(decision.rule != NULL &&
		    login.now_s < policy_deadline(&rule, record.first_seen_s)),
	    "3b: who never had a device, passes only while it is optional or "
	    "grace lasts");
	claim(out.reason != REASON_EXEMPT || decision.mode == MODE_EXEMPT,
	    "4: exempt is who the policy exempts");
	claim(!login.door || forwarding == FORWARDING_OPEN ||
		(forwarding == FORWARDING_AFTER_CODE && remembered),
	    "5a: the door opens where forwarding is open, or after a code");
	if (remembered && by_connection)
		reach("remembered, by connection");
	if (remembered && by_source)
		reach("remembered, by key and address");
	if (!device && decision.mode == MODE_REQUIRED && !remembered)
		reach("grace");
	if (login.door && remembered)
		reach("the door, after a code");
}

/* 2 remembered, 2 codes, 1 rule.  cbmc: --unwind 4 without renew_verified */
void
prove_login_decide(void)
{
	bool by_connection, by_source;
	struct counter known, other;
	size_t devices;
	bool once;

	set_policy();
	set_record();
	set_login();
	by_connection = is_remembered(0, true) || is_remembered(1, true);
	by_source = is_remembered(0, false) || is_remembered(1, false);
	devices = record.devices.count;
	once = record.enrolled_once;
	known = record.failures.known;
	other = record.failures.other;
	login_decide(&policy, &decision, &record, &login, &out);
	if (out.verdict == VERDICT_PASS)
		claim_passes(by_connection, by_source,
		    policy_forwarding(&policy, &decision));
	claim(out.verdict == VERDICT_PASS || out.verdict == VERDICT_DENY ||
		out.verdict == VERDICT_CHALLENGE ||
		out.verdict == VERDICT_ENROLL,
	    "6: there is always one of the four verdicts");
	claim(out.verdict != VERDICT_ENROLL ||
		(devices == 0 && !login.door && login.terminal),
	    "5b: a device is offered only to who has none, at a terminal, and "
	    "never at the door");
	claim(decision.mode != MODE_NONE || out.verdict == VERDICT_DENY ||
		(out.verdict == VERDICT_CHALLENGE && pass_code_is_there() &&
		    !login.door && reason_is_undecided(out.reason)),
	    "1b: whom the policy denies, is asked only where it could not decide, "
	    "and an administrator's pass code is there");
	claim(record.devices.count == devices && record.enrolled_once == once &&
		record.failures.known.count == known.count &&
		record.failures.known.spent == known.spent &&
		record.failures.other.count == other.count &&
		record.failures.other.spent == other.spent,
	    "7: nothing is counted, forgiven or enrolled");
	if (out.verdict == VERDICT_CHALLENGE && decision.mode == MODE_NONE)
		reach("asked though the policy could not decide");
	if (out.verdict == VERDICT_ENROLL)
		reach("offered a device");
}
