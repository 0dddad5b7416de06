/*
 * policy_decide(): which rule is a user's?  Each rule has at most 1 user, 1
 * group, 1 "from"; any answer for a group, and for a "from".
 *
 * Abstract: a name has one character, and "!" before it or not.
 */
#include "tests/proofs/proof.h"

static struct rule rules[3];
static struct name users[3], groups[3];
static struct prefix from[3];
static enum membership answers[3];
static struct subject subject;
static struct address address;
static struct decision decision;
static char user[1], last_rule[1];
static bool holds[3], failed;

#define prefix_holds(p, a) holds[(p)-from]
#include "store/core/decide.c"

enum membership
answer(void *ctx, const char *group)
{
	size_t i = 0;

	while (i < 2 && group != groups[i].text && group != groups[i].text + 1)
		i++;
	failed |= answers[i] == GROUP_ERROR || answers[i] == GROUP_UNKNOWN;
	return answers[i];
}

/* Rule number i has a user, a group, one that the user is in, a "!". */
#define has_user(i, name) (rules[i].users.count && users[i].text[0] == (name))
#define has_group(i)      (rules[i].groups.count && answers[i] != GROUP_OUTSIDE)
#define is_in_group(i)    (has_group(i) && answers[i] == GROUP_INSIDE)
#define excludes(i)                                           \
	((has_user(i, '!') && users[i].text[1] == user[0]) || \
	    (is_in_group(i) && groups[i].text[0] == '!'))
/* It names the user, or may do so; and for now, from here. */
#define names(i)         \
	(!excludes(i) && \
	    (has_user(i, user[0]) || has_user(i, '*') || has_group(i)))
#define is_about(i)                                                  \
	(names(i) && !policy_rule_ended(&rules[i], subject.now_s) && \
	    (!rules[i].from.count || !subject.address || holds[i]))
#define was_last(i)                                                  \
	(i < policy.rules.count && rules[i].mode == MODE_REQUIRED && \
	    strcmp(rules[i].name, last_rule) == 0)

/* 3 rules.  cbmc: --unwind 4 without report_skipped */
proof(policy_decide)
{
	bool denied, named;
	size_t k;

	failed = false;
	any_list(policy.rules, rules);
	each(i, 3) {
		rules[i].users.items = &users[i];
		rules[i].groups.items = &groups[i];
		rules[i].from.items = &from[i];
		given(rules[i].users.count <= 1 && rules[i].groups.count <= 1);
		given(rules[i].from.count <= 1);
		given(within(rules[i].mode, MODE_OPTIONAL, MODE_EXEMPT));
		given(within(answers[i], GROUP_ERROR, GROUP_INSIDE));
	}
	given(within(policy.otherwise, MODE_OPTIONAL, MODE_EXEMPT));
	given(user[0] != '!' && user[0] != '*' && user[0] != '\0');
	subject.user = user;
	subject.last_rule = last_rule;
	subject.address = nondet_bool() ? &address : NULL;
	subject.inside = subject.outside = NULL;
	subject.member = answer;
	subject.skipped = NULL;
	policy_decide(&policy, &subject, &decision);
	denied = decision.mode == MODE_NONE;
	k = decision.rule ? (size_t)(decision.rule - rules) : 3;
	/* A mode, of the rule or otherwise, or a reason. */
	claim(1a, denied == (decision.reason != REASON_NONE));
	claim(1b,
	    denied ||
		decision.mode ==
		    (enum mode)(k < 3 ? rules[k].mode : policy.otherwise));
	/* The first rule that may be about the user decides, or denies. */
	claim(2a, denied || !failed);
	each(i, policy.rules.count)
		claim(2b, denied || i >= k || !is_about(i));
	claim(2c, denied || k == 3 || is_about(k));
	claim(2d, denied || k == 3 || subject.address || !rules[k].from.count);
	/* A user who dropped out of the rule that decided last is denied. */
	named = k < 3 && (is_in_group(k) || has_user(k, user[0]));
	claim(3a, denied || named || !was_last(0) || names(0) || excludes(0));
	claim(3b,
	    denied || named || was_last(0) || !was_last(1) || names(1) ||
		excludes(1));
	reach(k == 2 && decision.mode == MODE_EXEMPT);
	reach(k == 3 && decision.mode == MODE_OPTIONAL);
	reach(decision.reason == REASON_RULE_LOST);
	reach(decision.reason == REASON_NO_ADDRESS);
	reach(decision.reason == REASON_GROUP_ERROR);
}
