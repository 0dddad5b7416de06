/*
 * Clients at the door that say what no client says, after the key and before
 * the code.  Each ends refused: no session and no channel, nothing in the
 * record that was not judged, and the next login is as any other.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/flood.h"
#include "tests/support/raw.h"
#include "tests/scenario/scenario.h"

Scenarios(door_hostile);

#define GONE_MS 20000
#define TIMES   9

struct visitor {
	struct bastion *b;
	const char *secret;
};

/* alice has a device, and wrong codes of hers lock nothing at once. */
static struct visitor
begin(const char *before)
{
	struct visitor v = {
	    .b = bastion_open(.rules = REQUIRED, .door = true, .before = before,
		.more = "'forwarding':'after-code',"
			"'attempts':{'free':20}")};

	v.secret = fixture_enrol(v.b, "alice");
	step_fresh(20);
	return v;
}

static const char *
right(const struct visitor *v)
{
	return code_at(v->secret, step_now());
}

/* Steps may have "CODE", for a right one, and "WRONG". */
static const char *
filled(const struct visitor *v, const char *step)
{
	static const char *const words[] = {"CODE", "WRONG"};
	const char *codes[] = {right(v), code_wrong(v->secret)};
	const char *found;

	for (int i = 0; i < 2; i++)
		while ((found = strstr(step, words[i])) != NULL)
			step = text("%.*s%s%s", (int)(found - step), step,
			    codes[i], found + strlen(words[i]));
	return step;
}

#define STEPS_MAX 8

static const char *
says(const struct visitor *v, const char *const steps[])
{
	const char *all[STEPS_MAX + 1] = {NULL};

	for (size_t i = 0; i < STEPS_MAX && steps[i] != NULL; i++)
		all[i] = filled(v, steps[i]);
	return raw_run(v->b, "alice", all)->out;
}

static void
assert_refused(const char *out)
{
	assert_never_says(out, "success");
	assert_never_says(out, "opened");
}

/* Nothing crashed or stayed, and a right code is still good at both ports. */
static void
assert_usable(const struct visitor *v)
{
	static const char *const crashes[] = {"signal 11", "signal 6",
	    "stack smashing", "buffer overflow", "corrupted size", "free()",
	    "Sanitizer"};
	struct run *r;

	cr_expect_eq(raw_left(v->b, GONE_MS), 0, "%d processes of the door",
	    raw_left(v->b, 0));
	for (size_t i = 0; i < sizeof(crashes) / sizeof(crashes[0]); i++)
		assert_never_says(read_text(v->b->door_log), crashes[i]);
	r = door_ssh(v->b, "alice", right(v), NULL, "echo inside");
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "inside\n");
	r = ssh_with_code(
	    v->b, "alice", code_at(v->secret, step_now() + 1), "echo inside");
	assert_status(r, 0);
	cr_expect_eq(flood_counted(v->b, "alice"), 0);
}

struct oddity {
	const char *steps[STEPS_MAX];
	const char *ends; /* the last words that the server says */
	int counted;      /* wrong codes, in the record */
};

/* Each on a connection of its own. */
static void
assert_all_refused(const struct visitor *v, const struct oddity *oddities)
{
	int counted = 0;

	for (const struct oddity *o = oddities; o->ends != NULL; o++) {
		const char *out = says(v, o->steps);
		const char *tail = out + strlen(out) - strlen(o->ends) - 1;

		assert_refused(out);
		cr_expect(
		    tail >= out && strncmp(tail, o->ends, strlen(o->ends)) == 0,
		    "oddity %td, \"%s\", ends not with \"%s\" but: %s",
		    o - oddities, o->steps[0], o->ends, out);
		counted += o->counted;
		cr_expect_eq(flood_counted(v->b, "alice"), counted,
		    "oddity %td: %ld and not %d are counted", o - oddities,
		    flood_counted(v->b, "alice"), counted);
	}
	assert_usable(v);
}

#define ASKED   "publickey", "kbdint"
#define NOT_NOW "unimplemented" /* sshd goes on as if it were not there */
#define AGAIN   "failure keyboard-interactive"

Test(door_hostile, answers_of_odd_size)
{
	static const struct oddity oddities[] = {
	    {{ASKED, "size=4095"}, AGAIN, 0},
	    {{ASKED, "size=200000"}, AGAIN, 0},
	    {{ASKED, "size=300000"}, "closed", 0}, /* no packet is so long */
	    {{ASKED, "stream=20000000"}, "closed", 0},
	    {{ASKED, "length=20000000"}, "closed", 0},
	    {{ASKED, "answer="}, AGAIN, 0},
	    {{NULL}, NULL, 0},
	};
	struct visitor v;

	needs_door();
	v = begin(NULL);
	assert_all_refused(&v, oddities);
}

Test(door_hostile, answers_of_odd_number)
{
	static const struct oddity oddities[] = {
	    {{ASKED, "answers=CODE,CODE"}, "closed", 0},
	    {{ASKED, "answers=WRONG,CODE"}, "closed", 0},
	    {{ASKED, "claim=0"}, "closed", 0},
	    {{ASKED, "claim=1"}, "closed", 0},
	    {{ASKED, "claim=101"}, "closed", 0},
	    {{ASKED, "claim=4294967295"}, "closed", 0},
	    {{NULL}, NULL, 0},
	};
	struct visitor v;

	needs_door();
	v = begin(NULL);
	assert_all_refused(&v, oddities);
}

/* A code counts where digits are left of it, as at the ordinary port. */
Test(door_hostile, answers_of_odd_characters)
{
	static const struct oddity oddities[] = {
	    {{ASKED, "answer=\\x00"}, AGAIN, 0},
	    {{ASKED, "answer=CODE\\x00CODE"}, "closed", 0},
	    {{ASKED, "answer=\\x00CODE"}, "closed", 0},
	    {{ASKED, "answer=\\xff\\xfe\\x80"}, AGAIN, 0},
	    {{ASKED, "answer=\\x1b[2J\\x1b]0;x\\x07CODE"}, AGAIN, 0},
	    {{ASKED, "answer=\\x1b[200~WRONG\\x1b[201~"}, AGAIN, 1},
	    {{ASKED, "answer=CODE\\nCODE"}, AGAIN, 0},
	    {{ASKED, "answer=CODE\\\\u202eCODE"}, AGAIN, 0},
	    {{ASKED, "answer=%s%n%s%n"}, AGAIN, 0},
	    {{ASKED, "answer=\",\"door\":false,\"code\":\"CODE"}, AGAIN, 0},
	    {{NULL}, NULL, 0},
	};
	struct visitor v;

	needs_door();
	v = begin(NULL);
	assert_all_refused(&v, oddities);
	assert_never_says(fixture_audit(v.b), "\033");
	assert_never_says(read_text(v.b->door_log), "\033");
}

/* Sent by a client that does not wait for its turn. */
Test(door_hostile, messages_out_of_order)
{
	static const struct oddity oddities[] = {
	    {{"kbdint"}, "failure publickey", 0},
	    {{"kbdint=pam"}, "failure publickey", 0},
	    {{"none"}, "failure publickey", 0},
	    {{"password=CODE"}, "failure publickey", 0},
	    {{"publickey", "password=CODE"}, AGAIN, 0},
	    {{"publickey", "publickey"}, AGAIN, 0},
	    {{"publickey", "kbdint=skey"}, AGAIN, 0},
	    /* a code where nobody asked: type 61, one answer */
	    {{"raw=61,0000000100000006303030303030"}, NOT_NOW, 0},
	    {{"publickey", "raw=61,0000000100000006303030303030"}, "closed", 0},
	    {{ASKED, "publickey", "answer=CODE"}, "closed", 0},
	    {{ASKED, "none", "answer=CODE"}, "closed", 0},
	    /* a channel, a port of the server's, or "you are in" */
	    {{"publickey", "open=22"}, NOT_NOW, 0},
	    {{ASKED, "open=22"}, NOT_NOW, 0},
	    {{ASKED, "answer=WRONG", "open=22"}, NOT_NOW, 1},
	    {{ASKED, "raw=80,0000000d7463706970"}, NOT_NOW, 0},
	    {{ASKED, "raw=52,"}, NOT_NOW, 0},
	    {{NULL}, NULL, 0},
	};
	struct visitor v;

	needs_door();
	v = begin(NULL);
	assert_all_refused(&v, oddities);
}

/* Bob has no device, and may not be asked in alice's place. */
Test(door_hostile, names_that_change)
{
	static const struct oddity oddities[] = {
	    {{"publickey", "user=bob", "kbdint"},
		"disconnect Change of username or service not allowed: "
		"(alice,ssh-connection) -> (bob,ssh-connection)",
		0},
	    {{ASKED, "user=bob", "publickey"},
		"disconnect Change of username or service not allowed: "
		"(alice,ssh-connection) -> (bob,ssh-connection)",
		0},
	    {{"user=alice\\x00bob", ASKED}, "closed", 0},
	    {{"user=alice:pam", "kbdint"}, "failure publickey", 0},
	    {{"user=nobody-here", "publickey"}, "failure publickey", 0},
	    {{"user=nobody-here", "kbdint"}, "failure publickey", 0},
	    {{"service=ssh-userauth", "publickey"}, "failure publickey", 0},
	    {{NULL}, NULL, 0},
	};
	struct visitor v;

	needs_door();
	v = begin(NULL);
	assert_all_refused(&v, oddities);
	cr_expect_null(fixture_record(v.b, "bob"));
}

/* The name with a style is alice's, who is asked, too. */
Test(door_hostile, a_prompt_that_was_left_is_none)
{
	struct visitor v;
	const char *out;

	needs_door();
	v = begin(NULL);
	out = says(&v,
	    (const char *const[]){
		"user=alice:pam", ASKED, "kbdint", "answer=WRONG", NULL});
	assert_refused(out);
	assert_says(out, "info Wrong code.");
	cr_expect_eq(flood_counted(v.b, "alice"), 1);
	out = says(&v,
	    (const char *const[]){"none", ASKED, "kbdint", "answer=CODE",
		text("open=%d", v.b->port), NULL});
	assert_says(out, "success\nopened\n");
}

/* sshd ends both, and what PAM began for them. */
Test(door_hostile, silence_ends_with_the_grace_time)
{
	struct visitor v;
	const char *out;

	needs_door();
	v = begin("LoginGraceTime 3\n");
	out = says(&v, (const char *const[]){ASKED, "wait=30", NULL});
	assert_says(out, "prompt Verification code:\nclosed\n");
	out = says(
	    &v, (const char *const[]){ASKED, "ignore=300", "wait=30", NULL});
	assert_says(out, "prompt Verification code:\nclosed\n");
	cr_expect_eq(raw_left(v.b, GONE_MS), 0);
	cr_expect_eq(flood_counted(v.b, "alice"), 0);
	assert_usable(&v);
}

/* sshd counts the tries of a connection, the keeper those of a user. */
Test(door_hostile, tries_end_with_the_connection)
{
	struct visitor v;
	struct run *crowd;

	needs_door();
	v = begin(NULL);
	crowd = raw_guess(v.b, "alice", 1, 20, code_wrong(v.secret));
	raw_go(crowd);
	run_finish(crowd);
	cr_expect_eq(raw_count(crowd->out, "info Wrong code."), 6, "%s%s",
	    crowd->out, crowd->err);
	cr_expect_eq(raw_count(crowd->out, "success"), 0);
	cr_expect_eq(flood_counted(v.b, "alice"), 6);
	assert_usable(&v);
}

static bool
is_spent(const struct visitor *v, uint64_t step)
{
	return strstr(fixture_record(v->b, "alice"),
		   text("\"last_step\": \"%llu\"", (unsigned long long)step)) !=
	    NULL;
}

enum hang_up { SOON, BEFORE_THE_KEEPER_BEGINS, BEFORE_THE_ANSWER, HANG_UPS };

static void
hang_up(const struct visitor *v, const char *code, enum hang_up when)
{
	struct run *r = raw_guess(v->b, "alice", 1, 1, code);
	bool late = when == BEFORE_THE_KEEPER_BEGINS;

	if (late)
		kill(v->b->keeper, SIGSTOP);
	if (when != BEFORE_THE_ANSWER)
		raw_go(r);
	run_sleep_ms(late ? 300 : (int)(run_clock_ms() % 60));
	raw_end(r);
	if (late)
		kill(v->b->keeper, SIGCONT);
	cr_assert_eq(raw_left(v->b, GONE_MS), 0);
}

/*
 * Answers and is gone, while the keeper judges.  A code is spent or it is not:
 * the record says which, and the next login is told so.
 */
Test(door_hostile, hanging_up_in_a_verify_spends_the_code_or_not)
{
	struct visitor v;
	int spent = 0;

	needs_door();
	v = begin(NULL);
	for (int i = 0; i < TIMES; i++) {
		uint64_t step = step_fresh(10);
		const char *code = code_at(v.secret, step), *out;
		bool was_spent;

		fixture_put_record(v.b, "alice", fixture_device(v.secret, 0));
		hang_up(&v, code, (enum hang_up)(i % HANG_UPS));
		was_spent = is_spent(&v, step);
		spent += was_spent;
		out = says(&v,
		    (const char *const[]){
			ASKED, text("answer=%s", code), NULL});
		assert_says(out, was_spent ? "already used" : "success");
	}
	cr_expect_eq(fixture_audit_count(v.b, "\"reason\":\"code\""), TIMES);
	cr_expect_leq(spent, TIMES - TIMES / HANG_UPS);
	printf("hostile: %d of %d codes were spent by who hung up\n", spent,
	    TIMES);
}

/* At either port, after either. */
Test(door_hostile, replayed_codes)
{
	struct visitor v;
	const char *code;

	needs_door();
	v = begin(NULL);
	code = right(&v);
	assert_status(door_ssh(v.b, "alice", code, NULL, "true"), 0);
	assert_refused(says(
	    &v, (const char *const[]){ASKED, text("answer=%s", code), NULL}));
	assert_status(ssh_with_code(v.b, "alice", code, "true"), 77);
	v.secret = fixture_enrol(v.b, "alice");
	code = right(&v);
	assert_status(ssh_with_code(v.b, "alice", code, "true"), 0);
	assert_says(
	    says(&v,
		(const char *const[]){ASKED, text("answer=%s", code), NULL}),
	    "already used");
	cr_expect_eq(fixture_audit_count(v.b, "code_used"), 3);
	cr_expect_eq(flood_counted(v.b, "alice"), 0);
}
