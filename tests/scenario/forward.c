/* tfa-admin forward and explain --door, as an administrator types them. */
#include "tests/scenario/scenario.h"

Scenarios(forward);

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A bastion with a rule for this user alone, made by that command. */
static struct bastion *
bastion_with_rule(const char *command)
{
	struct bastion *b = bastion_open(.rules = "");

	assert_status(bastion_admin(b, ARGV("--yes", command, b->me)), 0);
	return b;
}

static const char *
policy_of(const struct bastion *b)
{
	struct run *r = bastion_admin(b, ARGV("--json", "policy", "show"));

	assert_status(r, 0);
	return r->out;
}

Test(forward, sets_the_rules_of_a_target_or_the_top)
{
	static const struct {
		const char *target; /* NULL: the user */
		const char *word, *says, *own, *top;
	} steps[] = {
	    {NULL, "after-code",
		": may forward after a code (until now closed)", "after-code",
		"closed"},
	    {NULL, "open",
		": may forward whenever let in (until now after-code)", "open",
		"closed"},
	    {"*", "after-code",
		"*: may forward after a code (until now closed)\n", "open",
		"after-code"},
	    {"*", "after-code", "*: may forward after a code\n", "open",
		"after-code"},
	    {NULL, "closed", ": may not forward (until now open)", "closed",
		"after-code"},
	    {"*", "closed", "*: may not forward (until now after-code)",
		"closed", "closed"},
	};
	struct bastion *b = bastion_with_rule("enforce");

	for (size_t i = 0; i < COUNT(steps); i++) {
		const char *target = steps[i].target != NULL ? steps[i].target
							     : b->me;
		struct run *r = bastion_admin(
		    b, ARGV("forward", target, steps[i].word));

		assert_status(r, 0);
		assert_says(r->out, steps[i].says);
		assert_says(policy_of(b),
		    text("\"forwarding\":\"%s\"}],\"otherwise\":\"optional\","
			 "\"forwarding\":\"%s\"",
			steps[i].own, steps[i].top));
		assert_says(fixture_audit(b),
		    text("\"detail\":\"forward %s: %s\"", target,
			steps[i].word));
	}
}

/* A rule says first if a code is required. */
Test(forward, makes_no_rule)
{
	static const char *const none[] = {"root2", "@no-such-group", "", "@"};
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *before = policy_of(b);
	struct run *r;

	r = bastion_admin(b, ARGV("forward", b->me, "after-code"));
	assert_status(r, 1);
	assert_says(r->err,
	    text(
		"%s: no rule is for this target alone; make one first", b->me));
	for (size_t i = 0; i < COUNT(none); i++) {
		r = bastion_admin(b, ARGV("forward", none[i], "open"));
		assert_status(r, 1);
		assert_says(r->err, "there is no such ");
	}
	cr_assert_str_eq(policy_of(b), before);
	cr_assert_null(strstr(read_text(b->policy), "forwarding"));
	/* The targets that have a rule are done. */
	r = bastion_admin(b, ARGV("forward", b->me, "*", "after-code"));
	assert_status(r, 1);
	assert_says(r->out, "*: may forward after a code");
	assert_says(policy_of(b), "\"forwarding\":\"after-code\"");
}

Test(forward, takes_no_other_word)
{
	struct bastion *b = bastion_with_rule("enforce");
	char *before = read_text(b->policy);
	struct run *runs[] = {bastion_admin(b, ARGV("forward")),
	    bastion_admin(b, ARGV("forward", b->me)),
	    bastion_admin(b, ARGV("forward", "open")),
	    bastion_admin(b, ARGV("forward", b->me, "yes")),
	    bastion_admin(b, ARGV("forward", b->me, "")),
	    bastion_admin(b, ARGV("forward", "open", b->me)),
	    bastion_admin(b, ARGV("forward", b->me, "after_code")),
	    bastion_admin(b, ARGV("forward", b->me, "open", "--summary"))};

	for (size_t i = 0; i < COUNT(runs); i++) {
		assert_status(runs[i], 2);
		assert_says(runs[i]->err,
		    "usage: tfa-admin forward TARGET... closed | after-code | "
		    "open\n");
	}
	cr_assert_str_eq(read_text(b->policy), before);
}

/* "open" means for an exempt user that the key alone forwards. */
Test(forward, says_where_a_key_alone_forwards)
{
	static const char alone[] = "exempt users forward with their key alone";
	struct bastion *b = bastion_with_rule("enforce");
	struct run *r;

	r = bastion_admin(b, ARGV("forward", b->me, "open"));
	assert_status(r, 0);
	assert_never_says(r->err, alone);
	r = bastion_admin(b, ARGV("--yes", "exempt", b->me));
	assert_status(r, 0);
	assert_says(r->out, "forwards with the key alone)");
	r = bastion_admin(b, ARGV("forward", b->me, "open"));
	assert_says(r->err, alone);
	r = bastion_admin(b, ARGV("forward", b->me, "after-code"));
	assert_never_says(r->err, alone);
	r = bastion_admin(b, ARGV("--yes", "exempt", b->me));
	assert_never_says(r->out, "the key alone");
	/* A rule that leaves it to the top is warned of. */
	r = bastion_admin(b, ARGV("forward", "*", "open"));
	assert_status(r, 0);
	assert_never_says(r->err, alone);
	assert_says(r->err,
	    text("rule \"%s\" says it itself, and stays as it is", b->me));
	r = bastion_admin(b, ARGV("policy", "check"));
	assert_status(r, 0);
	assert_never_says(r->err, "warning");
	assert_status(bastion_admin(b, ARGV("--yes", "disable", b->me)), 0);
	assert_status(bastion_admin(b, ARGV("--yes", "exempt", b->me)), 0);
	r = bastion_admin(b, ARGV("policy", "check"));
	assert_status(r, 0);
	assert_says(r->err, "is exempt and does not say \"forwarding\"");
	r = bastion_admin(b, ARGV("forward", "*", "open"));
	assert_says(r->err, alone);
}

/* A login at the door, in the words of explain. */
static void
expect_door(const struct bastion *b, const char *verdict, const char *because)
{
	struct run *r = bastion_admin(b, ARGV("explain", b->me, "--door"));

	assert_status(r, 0);
	assert_says(r->out, text("%s: %s\n", b->me, verdict));
	assert_says(r->out, text("  because   %s", because));
}

Test(forward, is_explained)
{
	struct bastion *b = bastion_with_rule("enable");
	struct run *r;

	expect_door(b, "deny", "forwarding is closed");
	assert_status(
	    bastion_admin(b, ARGV("forward", b->me, "after-code")), 0);
	expect_door(b, "deny",
	    "no device, and the door opens after a code: one is set up");
	r = bastion_admin(b, ARGV("explain", b->me));
	assert_says(r->out, text("%s: enroll\n", b->me));
	assert_status(bastion_admin(b, ARGV("forward", b->me, "open")), 0);
	expect_door(b, "pass", "no device, and none is required");
	assert_status(bastion_admin(b, ARGV("code", b->me, "--pass")), 0);
	assert_status(
	    bastion_admin(b, ARGV("forward", b->me, "after-code")), 0);
	expect_door(b, "challenge", "no device: asked for a one-time code");
	assert_status(bastion_admin(b, ARGV("--yes", "revoke", b->me)), 0);
	assert_status(bastion_admin(b, ARGV("--yes", "exempt", b->me)), 0);
	expect_door(b, "deny",
	    "no device, and the door opens after a code: code --pass");
	assert_status(bastion_admin(b, ARGV("--yes", "enable", b->me)), 0);
	fixture_enrol(b, b->me);
	expect_door(b, "challenge", "a device is enrolled: asked for a code");
	assert_status(bastion_admin(b, ARGV("--yes", "exempt", b->me)), 0);
	expect_door(b, "challenge", "a device is enrolled: asked for a code");
	assert_status(bastion_admin(b, ARGV("forward", b->me, "open")), 0);
	expect_door(b, "pass", "exempt: never asked");
	r = bastion_admin(b,
	    ARGV("--json", "explain", b->me, "--door", "--from", "10.2.0.1"));
	assert_status(r, 0);
	assert_says(
	    r->out, text("\"verdict\":\"pass\",\"rule\":\"%s\"", b->me));
}
