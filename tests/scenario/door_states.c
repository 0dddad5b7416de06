/*
 * The door by the policy: each state in which a user can be, with each value of
 * "forwarding". The probe is -W, with the answers that the user has.
 */
#include <unistd.h>

#include "tests/scenario/probes.h"
#include "tests/scenario/site.h"

Scenarios(door_states);

#define USER      "user52"
#define NOT_OPEN  "This port is for forwarding, which is not open to you"
#define FIRST     "you have no device: log in on the ordinary ssh port"
#define ASK_ADMIN "you have no device: ask an administrator for a code"
#define CLOSED_TO "you have no device, and may not set one up now"
#define LOCKED    "Too many wrong codes"
#define REFUSED   "Permission denied"

enum { CLOSED, AFTER_CODE, OPEN, VALUES };

static const char *const values[VALUES] = {"closed", "after-code", "open"};

struct state {
	const char *rules, *more; /* more: NULL: no further keys */
	/* Makes the user so, and returns the answers at the door. */
	const char *(*prepare)(const struct bastion *b);
	const char *says[VALUES]; /* by whom it is refused; NULL: it opens */
	bool asks[VALUES];        /* true: there is a question */
};

/* Nobody is remembered from one value to the next. */
static void
forget_user(const struct bastion *b)
{
	unlink(text("%s/users/" USER ".json", b->store));
}

/* Returns standard error, or NULL if the connection was forwarded. */
static const char *
refusal(const struct visit *v)
{
	struct run *r = visit_run(
	    v, ARGV("-W", text("127.0.0.1:%d", v->beyond->port)), NULL);

	if (r->status == 0) {
		assert_says(r->out, "SSH-2.0");
		return NULL;
	}
	assert_refused(r, 255);
	return r->err;
}

static void
assert_value(const struct bastion *b, const struct state *state, int i)
{
	struct visit v = visit_of(b, "door", USER, NULL);
	size_t before;
	const char *said;

	fixture_write_policy(b,
	    fixture_policy(state->rules,
		text("'forwarding':'%s'%s%s", values[i],
		    state->more != NULL ? "," : "",
		    state->more != NULL ? state->more : "")));
	forget_user(b);
	v.answers = state->prepare(b);
	before = door_questions(b);
	said = refusal(&v);
	cr_assert((said == NULL) == (state->says[i] == NULL), "%s: %s",
	    values[i], said == NULL ? "it opens" : said);
	if (said != NULL)
		assert_says(said, state->says[i]);
	cr_assert_eq(door_questions(b) - before, state->asks[i] ? 1 : 0,
	    "%s: %zu questions", values[i], door_questions(b) - before);
}

static void
assert_state(const struct state *state)
{
	struct bastion *b = bastion_open(.rules = state->rules, .door = true);

	for (int i = 0; i < VALUES; i++)
		assert_value(b, state, i);
}

static const char *
has_nothing(const struct bastion *b)
{
	(void)b;
	return NULL;
}

static const char *
has_code(const struct bastion *b)
{
	return visit_new_code(b, USER);
}

static const char *
has_device_alone(const struct bastion *b)
{
	fixture_enrol(b, USER);
	return NULL;
}

static const char *
has_wrong_code(const struct bastion *b)
{
	return code_wrong(fixture_enrol(b, USER));
}

Test(door_states, code)
{
	needs_door();
	assert_state(&(struct state){.rules = REQUIRED,
	    .prepare = has_code,
	    .says = {NOT_OPEN, NULL, NULL},
	    .asks = {false, true, true}});
}

Test(door_states, wrong_code)
{
	needs_door();
	assert_state(&(struct state){.rules = REQUIRED,
	    .prepare = has_wrong_code,
	    .says = {NOT_OPEN, "Wrong code.", "Wrong code."},
	    .asks = {false, true, true}});
}

Test(door_states, device_and_no_answer)
{
	needs_door();
	assert_state(&(struct state){.rules = REQUIRED,
	    .prepare = has_device_alone,
	    .says = {NOT_OPEN, REFUSED, REFUSED},
	    .asks = {false, true, true}});
}

Test(door_states, required_and_may_enrol)
{
	needs_door();
	assert_state(&(struct state){.rules = REQUIRED,
	    .more = "'enrollment':{'self':'always'}",
	    .prepare = has_nothing,
	    .says = {NOT_OPEN, FIRST, FIRST}});
}

Test(door_states, required_and_may_not_enrol)
{
	needs_door();
	assert_state(&(struct state){.rules = REQUIRED,
	    .more = "'enrollment':{'self':'code'}",
	    .prepare = has_nothing,
	    .says = {NOT_OPEN, CLOSED_TO, CLOSED_TO}});
}

Test(door_states, grace)
{
	char *rules;

	needs_door();
	rules = text(GRACE, hours_from_now(-24), hours_from_now(50));
	assert_state(&(struct state){.rules = rules,
	    .prepare = has_nothing,
	    .says = {NOT_OPEN, FIRST, NULL}});
}

Test(door_states, grace_is_over)
{
	char *rules;

	needs_door();
	rules = text(GRACE, hours_from_now(-24), hours_from_now(-1));
	assert_state(&(struct state){.rules = rules,
	    .more = "'enrollment':{'self':'always'}",
	    .prepare = has_nothing,
	    .says = {NOT_OPEN, FIRST, FIRST}});
}

Test(door_states, optional)
{
	needs_door();
	assert_state(&(struct state){.rules = RULE("optional"),
	    .prepare = has_nothing,
	    .says = {NOT_OPEN, FIRST, NULL}});
}

Test(door_states, optional_with_a_code)
{
	needs_door();
	assert_state(&(struct state){.rules = RULE("optional"),
	    .prepare = has_code,
	    .says = {NOT_OPEN, NULL, NULL},
	    .asks = {false, true, true}});
}

Test(door_states, optional_with_a_device_and_no_answer)
{
	needs_door();
	assert_state(&(struct state){.rules = RULE("optional"),
	    .prepare = has_device_alone,
	    .says = {NOT_OPEN, REFUSED, REFUSED},
	    .asks = {false, true, true}});
}

Test(door_states, exempt)
{
	needs_door();
	assert_state(&(struct state){.rules = RULE("exempt"),
	    .prepare = has_nothing,
	    .says = {NOT_OPEN, ASK_ADMIN, NULL}});
}

/* A user who is never asked on port 22 is asked here: a code opens more. */
Test(door_states, exempt_with_a_code)
{
	needs_door();
	assert_state(&(struct state){.rules = RULE("exempt"),
	    .prepare = has_code,
	    .says = {NOT_OPEN, NULL, NULL},
	    .asks = {false, true, false}});
}

Test(door_states, no_rule_and_otherwise_required)
{
	needs_door();
	assert_state(&(struct state){
	    .rules = "{'name':'others','users':['alice'],'mode':'exempt'}",
	    .prepare = has_code,
	    .says = {NOT_OPEN, NULL, NULL},
	    .asks = {false, true, true}});
}

/* A policy that cannot decide opens nothing, whatever it says of forwarding. */
Test(door_states, unknown_group)
{
	needs_door();
	assert_state(&(struct state){
	    .rules = "{'name':'lost','groups':['no-such-group'],"
		     "'mode':'required','forwarding':'open'}," REQUIRED,
	    .prepare = has_code,
	    .says = {REFUSED, REFUSED, REFUSED}});
}

/* Locked, and then the right code. */
static const char *
is_locked(const struct bastion *b)
{
	const char *secret = fixture_enrol(b, USER);
	const char *wrong = code_wrong(secret);

	for (int i = 0; ssh_with_code(b, USER, wrong, "true")->status == 77;
	     i++)
		cr_assert_lt(i, 20, "it is never locked");
	return code_at(secret, step_now());
}

Test(door_states, locked)
{
	needs_door();
	assert_state(&(struct state){.rules = REQUIRED,
	    .prepare = is_locked,
	    .says = {NOT_OPEN, LOCKED, LOCKED},
	    .asks = {false, true, true}});
}

/* An administrator's code for one login. */
static const char *
has_pass_code(const struct bastion *b)
{
	struct run *r = bastion_admin(b, ARGV("code", USER, "--pass"));
	const char *code = r->out + strlen(USER ": ");

	assert_status(r, 0);
	return text("%.*s", (int)strcspn(code, "\n"), code);
}

Test(door_states, pass_code)
{
	needs_door();
	assert_state(&(struct state){.rules = REQUIRED,
	    .prepare = has_pass_code,
	    .says = {NOT_OPEN, NULL, NULL},
	    .asks = {false, true, true}});
}

/* Logged in on port 22 with a code, from the same address with the same key. */
static const char *
is_remembered(const struct bastion *b)
{
	assert_status(
	    ssh_with_code(b, USER, visit_new_code(b, USER), "true"), 0);
	return NULL;
}

Test(door_states, remembered)
{
	needs_door();
	assert_state(&(struct state){.rules = REQUIRED,
	    .more = "'remember':{'for':'1h'}",
	    .prepare = is_remembered,
	    .says = {NOT_OPEN, NULL, NULL}});
}

/* The code of the other connection is not remembered for this one. */
Test(door_states, remembered_for_a_connection_only)
{
	needs_door();
	assert_state(&(struct state){.rules = REQUIRED,
	    .more = "'remember':{'connection':'1h'}",
	    .prepare = is_remembered,
	    .says = {NOT_OPEN, REFUSED, REFUSED},
	    .asks = {false, true, true}});
}

/* A policy that cannot be read refuses everybody; the next one counts at once. */
Test(door_states, broken_policy)
{
	struct bastion *b;
	struct visit v;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .more = "'forwarding':'open'",
	    .door = true);
	v = visit_of(b, "door", USER, NULL);
	v.answers = visit_new_code(b, USER);
	fixture_write_policy(b, "{'version':1,'forwarding':'wide-open'}");
	cr_assert_not_null(refusal(&v));
	cr_assert_not(probe_session(&v));
	fixture_write_policy(
	    b, fixture_policy(REQUIRED, "'forwarding':'after-code'"));
	cr_assert_null(refusal(&v));
}

/* Without the key nobody forwards; a rule's own value beats the one on top. */
Test(door_states, rule_beats_the_top)
{
	struct bastion *b;
	struct visit v;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .door = true);
	v = visit_of(b, "door", USER, visit_new_code(b, USER));
	assert_says(refusal(&v), NOT_OPEN);
	fixture_write_policy(b,
	    fixture_policy("{'name':'one','users':['" USER "'],"
			   "'mode':'required','forwarding':'after-code'}",
		"'forwarding':'closed'"));
	cr_assert_null(refusal(&v));
	fixture_write_policy(b,
	    fixture_policy("{'name':'one','users':['" USER "'],"
			   "'mode':'required','forwarding':'closed'}",
		"'forwarding':'open'"));
	v.answers = visit_new_code(b, USER);
	assert_says(refusal(&v), NOT_OPEN);
}
