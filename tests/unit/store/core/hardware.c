/* A hardware key in place of a code: what the policy and the record say. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "store/core/door.h"
#include "tests/unit/fixture.h"

#define FILES ", 'keys': {'hardware_files': ['/etc/ssh/hardware/%u']}"

/* Facts about a user, as bits. */
enum has {
	DEVICE = 1,
	ONCE = 2,    /* had a device before */
	INVITED = 4, /* by a revocation */
	LOCKED = 8,  /* too many wrong codes */
	GRACE = 16,  /* the rule's grace lasts */
};

/* A login, and the rule that decides it. */
struct setting {
	enum mode mode;
	enum hardware_keys says;
	enum forwarding forwarding;
	enum hardware proof;
	unsigned has;
	bool door;
	const char *rest; /* of the policy */
};

static void
make_policy(const struct setting *s, struct policy *ret)
{
	char rule[256];

	snprintf(rule, sizeof(rule),
	    "{'name': 'all', 'users': ['alice'], 'mode': '%s'%s}",
	    mode_names[s->mode],
	    (s->has & GRACE) != 0
		? ", 'grace': {'until': '2030-01-01T00:00:00Z'}"
		: "");
	fixture_policy(rule, s->rest != NULL ? s->rest : FILES, ret);
	ret->rules.items[0].hardware_keys = (int)s->says;
	ret->rules.items[0].forwarding = (int)s->forwarding;
}

static void
make_record(const struct setting *s, struct record *ret)
{
	fixture_record(ret);
	if ((s->has & DEVICE) != 0)
		fixture_device(ret);
	ret->enrolled_once = (s->has & (DEVICE | ONCE)) != 0;
	ret->invited_until_s = (s->has & INVITED) != 0 ? NOW_S + 60 : 0;
	if ((s->has & LOCKED) != 0) {
		ret->failures.other.count = 9;
		ret->failures.other.spent = 9;
		ret->failures.other.spent_since_s = NOW_S;
		ret->failures.other.last_s = NOW_S;
	}
}

static struct login
make_login(const struct setting *s)
{
	struct login login = fixture_login(NOW_S);

	login.hardware = s->proof;
	login.door = login.by_door = s->door;
	login.terminal = login.shell = !s->door;
	return login;
}

/* The outcome of that login; *record, unless NULL: what it leaves. */
static struct outcome
decide(const struct setting *s, struct record *record)
{
	struct record own = {.version = 0};
	struct record *kept = record != NULL ? record : &own;
	struct login login = make_login(s);
	struct decision decision;
	struct outcome outcome;
	struct policy policy;

	make_policy(s, &policy);
	make_record(s, kept);
	decision = (struct decision){
	    .mode = s->mode, .rule = &policy.rules.items[0]};
	login_decide(&policy, &decision, kept, &login, &outcome);
	if (record == NULL)
		record_done(&own);
	policy_done(&policy);
	return outcome;
}

#define R       MODE_REQUIRED
#define O       MODE_OPTIONAL
#define ENOUGH  HARDWARE_KEYS_ENOUGH
#define PIN     HARDWARE_KEYS_WITH_PIN
#define PASS    VERDICT_PASS, REASON_HARDWARE_KEY
#define ASK     VERDICT_CHALLENGE, REASON_ASK
#define TOUCHED .proof = HARDWARE_TOUCH

Test(login, hardware_key_passes_where_the_rule_says_so)
{
	static const struct {
		struct setting s;
		enum verdict verdict;
		enum reason reason;
	} cases[] = {
	    {{R, ENOUGH, TOUCHED}, PASS},
	    {{R, ENOUGH, TOUCHED, .has = DEVICE}, PASS},
	    {{R, ENOUGH, TOUCHED, .has = DEVICE | LOCKED}, PASS},
	    {{O, ENOUGH, TOUCHED}, PASS},
	    {{O, ENOUGH, TOUCHED, .has = DEVICE}, PASS},
	    {{R, ENOUGH, TOUCHED, .has = GRACE}, PASS},
	    {{R, ENOUGH, .proof = HARDWARE_PIN}, PASS},
	    {{R, PIN, .proof = HARDWARE_PIN}, PASS},
	    {{R, PIN, .proof = HARDWARE_PIN, .has = DEVICE}, PASS},
	    {{R, ENOUGH, TOUCHED, .has = ONCE | INVITED}, PASS},
	    {{R, ENOUGH, TOUCHED,
		 .rest = ", 'keys': {'hardware_authorities': ['/etc/ssh/ca']}"},
		PASS},
	    /* The rule wants more, or nothing of it. */
	    {{R, PIN, TOUCHED, .has = DEVICE}, ASK},
	    {{R, PIN, TOUCHED}, VERDICT_DENY, REASON_CLOSED},
	    {{R, HARDWARE_KEYS_ASKED, .proof = HARDWARE_PIN, .has = DEVICE},
		ASK},
	    {{R, HARDWARE_KEYS_UNSAID, .proof = HARDWARE_PIN, .has = DEVICE},
		ASK},
	    /* No proof. */
	    {{R, ENOUGH, .proof = HARDWARE_NONE, .has = DEVICE}, ASK},
	    {{R, ENOUGH, .proof = HARDWARE_UNSAID, .has = DEVICE}, ASK},
	    {{R, ENOUGH, .proof = (enum hardware)9, .has = DEVICE}, ASK},
	    {{R, PIN, .proof = (enum hardware)9, .has = DEVICE}, ASK},
	    /* No file that root manages. */
	    {{R, ENOUGH, TOUCHED, .has = DEVICE, .rest = ""}, ASK},
	    {{R, ENOUGH, TOUCHED, .has = DEVICE,
		 .rest = ", 'keys': {'files': ['/etc/ssh/keys/%u']}"},
		ASK},
	    /* Blocked by an administrator. */
	    {{R, ENOUGH, TOUCHED, .has = ONCE}, VERDICT_DENY, REASON_CLOSED},
	    {{O, ENOUGH, TOUCHED, .has = ONCE}, VERDICT_DENY, REASON_CLOSED},
	    {{R, ENOUGH, TOUCHED, .has = ONCE | GRACE}, VERDICT_DENY,
		REASON_CLOSED},
	    /* Exempt users are let in as such. */
	    {{MODE_EXEMPT, ENOUGH, TOUCHED}, VERDICT_PASS, REASON_EXEMPT},
	};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct outcome o = decide(&cases[i].s, NULL);

		cr_expect_eq(o.verdict, cases[i].verdict, "%zu: %s", i,
		    verdict_name(o.verdict));
		cr_expect_eq(o.reason, cases[i].reason, "%zu: %s", i,
		    reason_name(o.reason));
		cr_expect_not(o.may_skip, "%zu", i);
	}
}

/* "otherwise" says nothing of hardware keys, and a denial stays one. */
Test(login, hardware_key_passes_by_a_rule_alone)
{
	const struct setting s = {R, ENOUGH, TOUCHED, .has = DEVICE};
	struct login login = make_login(&s);
	struct policy policy;

	make_policy(&s, &policy);
	for (int reason = REASON_NONE; reason < REASON_COUNT; reason++) {
		struct decision decisions[] = {{.mode = MODE_REQUIRED},
		    {.reason = (enum reason)reason},
		    {.reason = (enum reason)reason,
			.rule = &policy.rules.items[0]}};

		for (size_t i = 0; i < COUNT(decisions); i++) {
			struct outcome o;
			struct record record;

			make_record(&s, &record);
			login_decide(
			    &policy, &decisions[i], &record, &login, &o);
			cr_expect_neq(o.verdict, VERDICT_PASS, "%d", reason);
			record_done(&record);
		}
	}
	policy_done(&policy);
}

/* A lie about the key must gain nothing for the next login. */
Test(login, hardware_key_leaves_nothing_that_a_code_leaves)
{
	struct setting s = {R, ENOUGH, TOUCHED, .has = DEVICE | LOCKED,
	    .rest = FILES ", 'remember': {'connection': '12h', 'for': '8h'}"};
	struct outcome o;
	struct record record;

	for (int door = 0; door < 2; door++) {
		s.door = door != 0;
		s.forwarding = FORWARDING_OPEN;
		s.proof = HARDWARE_TOUCH;
		o = decide(&s, &record);
		cr_expect_eq(o.verdict, VERDICT_PASS);
		cr_expect_eq(record.sources.count, 0);
		cr_expect_eq(record.verified.count, 0);
		cr_expect_eq(record.failures.other.count, 9);
		cr_expect_eq(record.failures.other.spent, 9);
		cr_expect_eq(record.failures.known.count, 0);
		/* The visit is noted, as that of an exempt user. */
		cr_expect_eq(record.last_login.at_s, NOW_S);
		cr_expect_neq(record.first_seen_s, 0);
		cr_expect_str_eq(record.last_rule, "all");
		record_done(&record);
	}
}

/* It is not known of the next login on the same connection. */
Test(login, each_login_with_a_hardware_key_is_judged_anew)
{
	struct setting s = {R, ENOUGH, TOUCHED, .has = DEVICE};
	struct decision decision;
	struct login login;
	struct outcome o;
	struct record record;
	struct policy policy;

	o = decide(&s, &record);
	cr_expect_eq(o.verdict, VERDICT_PASS);
	s.proof = HARDWARE_NONE;
	make_policy(&s, &policy);
	login = make_login(&s);
	decision = (struct decision){
	    .mode = s.mode, .rule = &policy.rules.items[0]};
	login_decide(&policy, &decision, &record, &login, &o);
	cr_expect_eq(o.verdict, VERDICT_CHALLENGE);
	login.door = login.by_door = true;
	login_decide(&policy, &decision, &record, &login, &o);
	cr_expect_neq(o.verdict, VERDICT_PASS);
	record_done(&record);
	policy_done(&policy);
}

/* sshd names the key in a file of the user's.  A session that was let in by
 * another key and a code can name a hardware key to the sessions behind it. */
Test(login, hardware_key_passes_on_no_connection_of_another_key)
{
	static const struct {
		const char *connection, *key;
		enum verdict verdict;
	} cases[] = {{"c1", "SHA256:software", VERDICT_CHALLENGE},
	    {"c2", "SHA256:software", VERDICT_PASS},
	    {"", "SHA256:software", VERDICT_PASS},
	    {"c1", "SHA256:hardware", VERDICT_PASS}};
	const struct setting s = {R, ENOUGH, TOUCHED, .has = DEVICE};

	for (size_t i = 0; i < COUNT(cases); i++) {
		struct login login = make_login(&s);
		struct decision decision;
		struct verified *v;
		struct outcome o;
		struct record record;
		struct policy policy;

		make_policy(&s, &policy);
		make_record(&s, &record);
		v = login_add_verified(&record, NOW_S);
		cr_assert_not_null(v);
		snprintf(v->connection, sizeof(v->connection), "%s",
		    cases[i].connection);
		snprintf(v->key, sizeof(v->key), "%s", cases[i].key);
		v->until_s = NOW_S;
		snprintf(login.connection, sizeof(login.connection), "%s",
		    i == 2 ? "" : "c1");
		snprintf(login.key, sizeof(login.key), "SHA256:hardware");
		decision = (struct decision){
		    .mode = s.mode, .rule = &policy.rules.items[0]};
		login_decide(&policy, &decision, &record, &login, &o);
		cr_expect_eq(o.verdict, cases[i].verdict, "%zu: %s", i,
		    verdict_name(o.verdict));
		record_done(&record);
		policy_done(&policy);
	}
}

Test(door, opens_for_a_hardware_key_as_after_a_code)
{
	static const struct {
		struct setting s;
		enum verdict verdict;
		enum reason reason;
	} cases[] = {
	    {{R, ENOUGH, .forwarding = FORWARDING_AFTER_CODE,
		 .proof = HARDWARE_TOUCH},
		PASS},
	    {{R, ENOUGH, .forwarding = FORWARDING_AFTER_CODE,
		 .proof = HARDWARE_TOUCH, .has = DEVICE},
		PASS},
	    {{R, ENOUGH, .forwarding = FORWARDING_OPEN,
		 .proof = HARDWARE_TOUCH},
		PASS},
	    {{O, PIN, .forwarding = FORWARDING_AFTER_CODE,
		 .proof = HARDWARE_PIN},
		PASS},
	    {{R, ENOUGH, .forwarding = FORWARDING_CLOSED,
		 .proof = HARDWARE_TOUCH},
		VERDICT_DENY, REASON_FORWARDING_CLOSED},
	    {{R, ENOUGH, .forwarding = FORWARDING_UNSAID,
		 .proof = HARDWARE_PIN},
		VERDICT_DENY, REASON_FORWARDING_CLOSED},
	    {{R, PIN, .forwarding = FORWARDING_AFTER_CODE,
		 .proof = HARDWARE_TOUCH, .has = DEVICE},
		ASK},
	    {{O, PIN, .forwarding = FORWARDING_AFTER_CODE,
		 .proof = HARDWARE_TOUCH},
		VERDICT_DENY, REASON_CODE_FIRST},
	    {{O, ENOUGH, .forwarding = FORWARDING_AFTER_CODE,
		 .proof = HARDWARE_NONE},
		VERDICT_DENY, REASON_CODE_FIRST},
	};

	/* An exempt user who has a device is asked here, and no key stands for
	 * that: policy_parse() knows no such rule. */
	const struct setting exempt = {MODE_EXEMPT, ENOUGH, TOUCHED,
	    .forwarding = FORWARDING_AFTER_CODE, .has = DEVICE, .door = true};

	cr_expect_eq(decide(&exempt, NULL).verdict, VERDICT_CHALLENGE);
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct setting s = cases[i].s;
		struct outcome o;

		s.door = true;
		o = decide(&s, NULL);
		cr_expect_eq(o.verdict, cases[i].verdict, "%zu: %s", i,
		    verdict_name(o.verdict));
		cr_expect_eq(o.reason, cases[i].reason, "%zu: %s", i,
		    reason_name(o.reason));
	}
}
