/* Tests a login at the door: each state of a user by each value of
 * "forwarding". */
#include "store/core/door.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/core/verify.h"
#include "tests/unit/fixture.h"

#define PASS_CODE   "PASS-0000-0000-0000"
#define ENROLL_CODE "ENR0-0000-0000-0000"
#define REMEMBER    ", 'remember': {'connection': '12h', 'for': '1h'}"

/* Facts about a user, as bits. */
enum has {
	DEVICE = 1,
	PASS = 2,         /* a valid code to pass with */
	ENROLL = 4,       /* a valid code to enrol with */
	ONCE = 8,         /* had a device before */
	INVITED = 16,     /* by a revocation */
	GRACE = 32,       /* the rule's grace lasts */
	LOCKED = 64,      /* too many wrong codes */
	STOPPED = 128,    /* so many that only an administrator helps */
	CODE_HERE = 256,  /* gave a code on this connection */
	CODE_LATELY = 512 /* and one with this key from this address */
};

struct answer {
	enum verdict verdict;
	enum reason reason;
};

#define DENY(reason)                          \
	{                                     \
		VERDICT_DENY, REASON_##reason \
	}
#define PASSES(reason)                        \
	{                                     \
		VERDICT_PASS, REASON_##reason \
	}
#define ASKS(reason)                               \
	{                                          \
		VERDICT_CHALLENGE, REASON_##reason \
	}

static const struct row {
	enum mode mode;
	int self; /* enum self_enroll */
	unsigned has;
	struct answer after_code, open;
} rows[] = {
    /* A code opens it, and nothing else does where one is asked for. */
    {MODE_REQUIRED, SELF_GRACE, DEVICE, ASKS(ASK), ASKS(ASK)},
    {MODE_REQUIRED, SELF_GRACE, DEVICE | GRACE, ASKS(ASK), ASKS(ASK)},
    {MODE_OPTIONAL, SELF_GRACE, DEVICE, ASKS(ASK), ASKS(ASK)},
    {MODE_REQUIRED, SELF_GRACE, DEVICE | LOCKED, ASKS(ASK_LOCKED),
	ASKS(ASK_LOCKED)},
    {MODE_REQUIRED, SELF_GRACE, DEVICE | STOPPED, ASKS(ASK_STOPPED),
	ASKS(ASK_STOPPED)},
    {MODE_REQUIRED, SELF_GRACE, DEVICE | PASS | ENROLL, ASKS(ASK), ASKS(ASK)},
    {MODE_REQUIRED, SELF_GRACE, DEVICE | CODE_HERE, PASSES(REMEMBERED),
	PASSES(REMEMBERED)},
    {MODE_OPTIONAL, SELF_GRACE, DEVICE | CODE_HERE, PASSES(REMEMBERED),
	PASSES(REMEMBERED)},
    {MODE_REQUIRED, SELF_GRACE, DEVICE | CODE_LATELY, PASSES(REMEMBERED),
	PASSES(REMEMBERED)},
    {MODE_REQUIRED, SELF_GRACE, DEVICE | CODE_HERE | LOCKED, PASSES(REMEMBERED),
	PASSES(REMEMBERED)},
    /* Exempt: only who has a device can give a code. */
    {MODE_EXEMPT, SELF_GRACE, 0, DENY(CODE_FIRST), PASSES(EXEMPT)},
    {MODE_EXEMPT, SELF_GRACE, ONCE, DENY(CODE_FIRST), PASSES(EXEMPT)},
    {MODE_EXEMPT, SELF_GRACE, DEVICE, ASKS(ASK), PASSES(EXEMPT)},
    {MODE_EXEMPT, SELF_GRACE, DEVICE | LOCKED, ASKS(ASK_LOCKED),
	PASSES(EXEMPT)},
    {MODE_EXEMPT, SELF_GRACE, PASS, ASKS(ASK_ONE_TIME), PASSES(EXEMPT)},
    {MODE_EXEMPT, SELF_GRACE, ENROLL, DENY(CODE_FIRST), PASSES(EXEMPT)},
    {MODE_EXEMPT, SELF_GRACE, CODE_HERE, PASSES(REMEMBERED),
	PASSES(REMEMBERED)},
    {MODE_EXEMPT, SELF_GRACE, CODE_LATELY, DENY(CODE_FIRST), PASSES(EXEMPT)},
    /* No device, and none needed yet. */
    {MODE_OPTIONAL, SELF_GRACE, 0, DENY(CODE_FIRST), PASSES(OPTIONAL)},
    {MODE_OPTIONAL, SELF_ALWAYS, 0, DENY(CODE_FIRST), PASSES(OPTIONAL)},
    {MODE_OPTIONAL, SELF_CODE, 0, DENY(CODE_FIRST), PASSES(OPTIONAL)},
    {MODE_OPTIONAL, SELF_CODE, ENROLL, DENY(CODE_FIRST), PASSES(OPTIONAL)},
    {MODE_OPTIONAL, SELF_GRACE, PASS, ASKS(ASK_ONE_TIME), PASSES(OPTIONAL)},
    {MODE_OPTIONAL, SELF_GRACE, CODE_HERE, PASSES(REMEMBERED),
	PASSES(REMEMBERED)},
    {MODE_OPTIONAL, SELF_GRACE, CODE_LATELY, DENY(CODE_FIRST),
	PASSES(OPTIONAL)},
    {MODE_REQUIRED, SELF_GRACE, GRACE, DENY(CODE_FIRST), PASSES(GRACE)},
    {MODE_REQUIRED, SELF_ALWAYS, GRACE, DENY(CODE_FIRST), PASSES(GRACE)},
    {MODE_REQUIRED, SELF_CODE, GRACE, DENY(CODE_FIRST), PASSES(GRACE)},
    {MODE_REQUIRED, SELF_CODE, GRACE | ENROLL, DENY(CODE_FIRST), PASSES(GRACE)},
    {MODE_REQUIRED, SELF_GRACE, GRACE | PASS, ASKS(ASK_ONE_TIME),
	PASSES(GRACE)},
    {MODE_REQUIRED, SELF_GRACE, GRACE | CODE_HERE, PASSES(REMEMBERED),
	PASSES(REMEMBERED)},
    /* No device, and one is needed. */
    {MODE_REQUIRED, SELF_ALWAYS, 0, DENY(CODE_FIRST), DENY(CODE_FIRST)},
    {MODE_REQUIRED, SELF_ALWAYS, PASS, ASKS(ASK_ONE_TIME), ASKS(ASK_ONE_TIME)},
    {MODE_REQUIRED, SELF_GRACE, 0, DENY(CLOSED), DENY(CLOSED)},
    {MODE_REQUIRED, SELF_CODE, 0, DENY(CLOSED), DENY(CLOSED)},
    {MODE_REQUIRED, SELF_CODE, ENROLL, DENY(CODE_FIRST), DENY(CODE_FIRST)},
    {MODE_REQUIRED, SELF_CODE, PASS, ASKS(ASK_ONE_TIME), ASKS(ASK_ONE_TIME)},
    {MODE_REQUIRED, SELF_CODE, PASS | ENROLL, ASKS(ASK_ONE_TIME),
	ASKS(ASK_ONE_TIME)},
    {MODE_REQUIRED, SELF_GRACE, ONCE, DENY(CLOSED), DENY(CLOSED)},
    {MODE_REQUIRED, SELF_GRACE, ONCE | GRACE, DENY(CLOSED), DENY(CLOSED)},
    {MODE_OPTIONAL, SELF_GRACE, ONCE, DENY(CLOSED), DENY(CLOSED)},
    {MODE_REQUIRED, SELF_GRACE, ONCE | INVITED, DENY(CODE_FIRST),
	DENY(CODE_FIRST)},
    {MODE_REQUIRED, SELF_GRACE, ONCE | INVITED | PASS, ASKS(ASK_ONE_TIME),
	ASKS(ASK_ONE_TIME)},
    {MODE_REQUIRED, SELF_GRACE, ONCE | CODE_HERE, PASSES(REMEMBERED),
	PASSES(REMEMBERED)},
    {MODE_REQUIRED, SELF_GRACE, ONCE | CODE_LATELY, DENY(CLOSED), DENY(CLOSED)},
};

static void
add_verified(struct record *record, bool is_connection)
{
	struct login login = fixture_login(NOW_S);
	struct verified *v = list_add(&record->verified, sizeof(*v));

	cr_assert_not_null(v);
	memcpy(v->key, login.key, sizeof(v->key));
	if (is_connection)
		memcpy(v->connection, login.connection, sizeof(v->connection));
	else
		memcpy(v->address, login.address, sizeof(v->address));
	v->until_s = NOW_S + 60;
}

static void
make_record(unsigned has, struct record *ret)
{
	fixture_record(ret);
	if ((has & DEVICE) != 0)
		fixture_device(ret);
	if ((has & PASS) != 0)
		fixture_one_time(ret, CODE_PASS, PASS_CODE, NOW_S + 1);
	if ((has & ENROLL) != 0)
		fixture_one_time(ret, CODE_ENROLL, ENROLL_CODE, NOW_S + 1);
	ret->enrolled_once = (has & (DEVICE | ONCE)) != 0;
	ret->invited_until_s = (has & INVITED) != 0 ? NOW_S + 60 : 0;
	if ((has & (LOCKED | STOPPED)) != 0) {
		ret->failures.other.count = (has & STOPPED) != 0 ? 100 : 9;
		ret->failures.other.last_s = NOW_S;
	}
	if ((has & CODE_HERE) != 0)
		add_verified(ret, true);
	if ((has & CODE_LATELY) != 0)
		add_verified(ret, false);
}

/* The policy, with a rule for alice alone, and its decision. */
static void
make_policy(const struct row *row, enum forwarding forwarding,
    struct policy *ret, struct decision *ret_decision)
{
	char rule[256];

	snprintf(rule, sizeof(rule),
	    "{'name': 'all', 'users': ['alice'], 'mode': '%s'%s%s%s%s}",
	    mode_names[row->mode],
	    (row->has & GRACE) != 0
		? ", 'grace': {'until': '2030-01-01T00:00:00Z'}"
		: "",
	    forwarding != FORWARDING_UNSAID ? ", 'forwarding': '" : "",
	    forwarding_names[forwarding],
	    forwarding != FORWARDING_UNSAID ? "'" : "");
	fixture_policy(rule, REMEMBER, ret);
	ret->enrollment.self = row->self;
	*ret_decision = (struct decision){
	    .mode = row->mode, .rule = &ret->rules.items[0]};
}

static struct login
login_at_door(bool terminal, bool shell)
{
	struct login login = fixture_login(NOW_S);

	login.door = true;
	login.by_door = true;
	login.terminal = terminal;
	login.shell = shell;
	return login;
}

static struct outcome
decide_row(const struct row *row, enum forwarding forwarding,
    const struct login *login)
{
	struct policy policy;
	struct decision decision;
	struct record record;
	struct outcome outcome;

	make_policy(row, forwarding, &policy, &decision);
	make_record(row->has, &record);
	login_decide(&policy, &decision, &record, login, &outcome);
	record_done(&record);
	policy_done(&policy);
	return outcome;
}

static void
expect_answer(const struct row *row, enum forwarding forwarding,
    const struct answer *expected)
{
	size_t i = (size_t)(row - rows);

	for (unsigned bits = 0; bits < 4; bits++) {
		struct login login = login_at_door(
		    (bits & 1) != 0, (bits & 2) != 0);
		struct outcome o = decide_row(row, forwarding, &login);

		cr_expect_eq(o.verdict, expected->verdict, "row %zu, %s: %s", i,
		    forwarding_names[forwarding], verdict_name(o.verdict));
		cr_expect_eq(o.reason, expected->reason, "row %zu, %s: %s", i,
		    forwarding_names[forwarding], reason_name(o.reason));
		cr_expect_not(o.may_skip, "row %zu", i);
	}
}

Test(door, opens_by_the_state_of_the_user_and_the_policy)
{
	static const struct answer closed = DENY(FORWARDING_CLOSED);

	for (size_t i = 0; i < COUNT(rows); i++) {
		expect_answer(&rows[i], FORWARDING_UNSAID, &closed);
		expect_answer(&rows[i], FORWARDING_CLOSED, &closed);
		expect_answer(
		    &rows[i], FORWARDING_AFTER_CODE, &rows[i].after_code);
		expect_answer(&rows[i], FORWARDING_OPEN, &rows[i].open);
	}
}

/* A login that passes the door would pass the gate on the same connection, and
 * nobody is denied at the gate and asked at the door. */
Test(door, is_never_milder_than_the_gate)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		for (int f = FORWARDING_UNSAID; f <= FORWARDING_OPEN; f++) {
			struct login login = login_at_door(false, false);
			struct outcome door = decide_row(
			    &rows[i], (enum forwarding)f, &login);
			struct outcome gate;

			login.door = false;
			gate = decide_row(&rows[i], (enum forwarding)f, &login);
			if (door.verdict == VERDICT_PASS)
				cr_expect_eq(
				    gate.verdict, VERDICT_PASS, "row %zu", i);
			if (gate.verdict == VERDICT_DENY)
				cr_expect_eq(
				    door.verdict, VERDICT_DENY, "row %zu", i);
		}
}

static bool
is_same(const struct outcome *a, const struct outcome *b)
{
	return a->verdict == b->verdict && a->reason == b->reason &&
	    a->may_skip == b->may_skip && a->changed == b->changed &&
	    a->first == b->first && a->deadline_s == b->deadline_s &&
	    a->wait_s == b->wait_s;
}

/* On the ordinary port no value of "forwarding" changes anything. */
Test(door, changes_nothing_at_the_gate)
{
	for (size_t i = 0; i < COUNT(rows); i++)
		for (unsigned bits = 0; bits < 4; bits++) {
			struct login login = fixture_login(NOW_S);
			struct outcome first, o;

			login.terminal = (bits & 1) != 0;
			login.shell = (bits & 2) != 0;
			first = decide_row(&rows[i], FORWARDING_UNSAID, &login);
			for (int f = FORWARDING_CLOSED; f <= FORWARDING_OPEN;
			     f++) {
				o = decide_row(
				    &rows[i], (enum forwarding)f, &login);
				cr_expect(is_same(&o, &first), "row %zu", i);
			}
			cr_expect(rows[i].mode != MODE_EXEMPT ||
				first.reason == REASON_EXEMPT,
			    "row %zu", i);
		}
}

/* A thief who holds a key could otherwise begin the user's grace, or put an
 * offer off. */
Test(door, leaves_nothing_in_the_record_of_whom_it_denies)
{
	static const char *const values[] = {"closed", "after-code", "open"};

	for (size_t i = 0; i < COUNT(rows); i++)
		for (size_t k = 0; k < COUNT(values); k++) {
			struct login login = login_at_door(true, true);
			struct outcome o = decide_row(
			    &rows[i], (enum forwarding)(k + 1), &login);

			if (o.reason == REASON_FORWARDING_CLOSED ||
			    o.reason == REASON_CODE_FIRST)
				cr_expect_not(
				    o.changed, "row %zu, %s", i, values[k]);
		}
}

/* The policy denies, or cannot decide: a pass code opens a session then. */
Test(door, hands_on_the_denial_of_the_policy)
{
	for (int reason = 0; reason < REASON_COUNT; reason++)
		for (unsigned has = 0; has < 16; has++) {
			struct policy policy;
			struct decision decision = {
			    .reason = (enum reason)reason, .name = "staff"};
			struct login login = login_at_door(true, true);
			struct record record;
			struct outcome o;

			fixture_policy("", ", 'forwarding': 'open'", &policy);
			make_record(has, &record);
			login_decide(&policy, &decision, &record, &login, &o);
			cr_expect_eq(o.verdict, VERDICT_DENY, "%d", reason);
			cr_expect_eq(o.reason, reason);
			cr_expect_str_eq(o.name, "staff");
			cr_expect_not(o.changed);
			record_done(&record);
			policy_done(&policy);
		}
}

/* A code, typed at the door by a user in that state. */
static struct outcome
type_code(const struct row *row, const char *code, const struct login *login,
    struct record *record, struct policy *policy)
{
	struct decision decision;
	struct outcome outcome;

	make_policy(row, FORWARDING_AFTER_CODE, policy, &decision);
	make_record(row->has, record);
	login_decide(policy, &decision, record, login, &outcome);
	if (outcome.verdict != VERDICT_CHALLENGE)
		return outcome;
	verify_code(policy, record, login, code, strlen(code), &outcome);
	door_judge(&outcome);
	return outcome;
}

/* The states of one who can give a pass code: it opens the whole connection,
 * at the door and at the gate, and no other connection. */
Test(door, takes_a_pass_code_for_the_whole_connection)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct login login = login_at_door(false, false);
		struct policy policy;
		struct record record;
		struct decision decision;
		struct outcome o;

		if ((rows[i].has & PASS) == 0)
			continue;
		o = type_code(&rows[i], PASS_CODE, &login, &record, &policy);
		cr_expect_eq(o.reason, REASON_ONE_TIME_CODE, "row %zu: %s", i,
		    reason_name(o.reason));
		cr_expect_eq(o.verdict, VERDICT_PASS);
		decision = (struct decision){
		    .mode = rows[i].mode, .rule = &policy.rules.items[0]};
		for (int door = 1; door >= 0; door--) {
			login.door = door == 1;
			login_decide(&policy, &decision, &record, &login, &o);
			cr_expect_eq(o.reason, REASON_REMEMBERED, "row %zu: %s",
			    i, reason_name(o.reason));
		}
		login.door = true;
		policy.remember.for_s = 0;
		snprintf(login.connection, sizeof(login.connection), "other");
		login_decide(&policy, &decision, &record, &login, &o);
		cr_expect_neq(o.verdict, VERDICT_PASS, "row %zu", i);
		record_done(&record);
		policy_done(&policy);
	}
}

/* It stays good for the ordinary port. */
Test(door, takes_no_code_to_enrol_with)
{
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct login login = login_at_door(true, true);
		struct policy policy;
		struct record record;
		struct outcome o;

		if ((rows[i].has & ENROLL) == 0)
			continue;
		o = type_code(&rows[i], ENROLL_CODE, &login, &record, &policy);
		cr_expect_eq(o.verdict, VERDICT_DENY, "row %zu", i);
		cr_expect_eq(o.reason, REASON_CODE_FIRST, "row %zu", i);
		cr_expect_eq(record_codes_left(&record, CODE_ENROLL, NOW_S), 1);
		record_done(&record);
		policy_done(&policy);
	}
}

/* On other connections all is as it was: a pass code is good for one
 * session. */
Test(door, opens_its_own_connections_alone_to_whom_has_no_device)
{
	static const struct row row = {
	    .mode = MODE_REQUIRED, .self = SELF_GRACE, .has = ONCE | CODE_HERE};
	struct login login = login_at_door(false, false);

	login.door = false;
	cr_expect_eq(decide_row(&row, FORWARDING_OPEN, &login).reason,
	    REASON_REMEMBERED);
	login.by_door = false;
	cr_expect_eq(
	    decide_row(&row, FORWARDING_OPEN, &login).reason, REASON_CLOSED);
	login.by_door = true;
	login.key[0] ^= 1;
	cr_expect_eq(
	    decide_row(&row, FORWARDING_OPEN, &login).reason, REASON_CLOSED);
}

/* sshd asks twice: for the code, and whether the account may log in.  That
 * must work where no connection is remembered, and for no longer. */
Test(door, holds_a_code_until_sshd_has_asked_for_the_account)
{
	static const int64_t remembered_s[] = {0, 5, 12 * 3600};
	struct row row = {
	    .mode = MODE_REQUIRED, .self = SELF_GRACE, .has = DEVICE};

	for (size_t i = 0; i < COUNT(remembered_s); i++) {
		struct login login = login_at_door(false, false);
		int64_t hold_s = remembered_s[i] > HOLD_S ? remembered_s[i]
							  : HOLD_S;
		struct decision decision;
		struct policy policy;
		struct record record;
		struct outcome o;
		char code[OTP_DIGITS_MAX + 1];

		make_policy(&row, FORWARDING_AFTER_CODE, &policy, &decision);
		policy.remember.connection_s = remembered_s[i];
		policy.remember.for_s = 0;
		make_record(row.has, &record);
		fixture_code(&record.devices.items[0], NOW_S, 0, code);
		verify_code(&policy, &record, &login, code, strlen(code), &o);
		cr_assert_eq(o.verdict, VERDICT_PASS);
		login.now_s = NOW_S + hold_s - 1;
		login_decide(&policy, &decision, &record, &login, &o);
		cr_expect_eq(o.reason, REASON_REMEMBERED, "%zu", i);
		login.now_s = NOW_S + hold_s;
		login_decide(&policy, &decision, &record, &login, &o);
		cr_expect_eq(o.reason, REASON_ASK, "%zu", i);
		/* The gate asks anew where the policy wants a code for each
		 * session. */
		login.door = false;
		login.now_s = NOW_S + 1;
		login_decide(&policy, &decision, &record, &login, &o);
		cr_expect_eq(o.reason,
		    remembered_s[i] > HOLD_S ? REASON_REMEMBERED : REASON_ASK,
		    "%zu", i);
		record_done(&record);
		policy_done(&policy);
	}
}

/* The message says what to do, in few bytes: the module takes 240. */
Test(door, says_the_way_out)
{
	static const struct {
		enum reason reason;
		bool may_add;
		const char *words;
	} cases[] = {
	    {REASON_FORWARDING_CLOSED, false, "tfa-admin forward"},
	    {REASON_FORWARDING_CLOSED, true, "ordinary ssh port"},
	    {REASON_CODE_FIRST, true, "ordinary ssh port to set one up."},
	    {REASON_CODE_FIRST, false, "(tfa-admin code USER --pass)."},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct reason_facts facts = {.may_add = cases[i].may_add};
		char text[512];

		reason_say(cases[i].reason, &facts, text, sizeof(text));
		cr_expect_not_null(strstr(text, cases[i].words), "%s", text);
		cr_expect_leq(strlen(text), 240, "%s", text);
	}
}
