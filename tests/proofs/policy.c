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
static char user[1], last_rule[1];
static bool holds[3], failed;

#define prefix_holds(p, a) holds[(p)-from]
#include "store/core/decide.c"

enum membership
answer(void *ctx, const char *group)
{
	size_t i = (size_t)(group - groups[0].text) / sizeof(groups[0]);

	failed |= answers[i] == GROUP_ERROR || answers[i] == GROUP_UNKNOWN;
	return answers[i];
}

/* 3 rules.  cbmc: --unwind 4 without report_skipped */
proof(policy_decide)
{
	struct address address;
	struct decision decision;
	struct subject subject = {user, .last_rule = last_rule};
	struct rule *first = NULL, *last = NULL;
	bool denied, named = false, lost = false;

	failed = false;
	subject.member = answer;
	subject.now_s = by.now_s;
	subject.address = nondet_any() ? &address : NULL;
	policy.rules.items = rules;
	given(policy.rules.count <= 3);
	given(within(policy.otherwise, MODE_OPTIONAL, MODE_EXEMPT));
	given(user[0] != '!' && user[0] != '*' && user[0] != '\0');
	each(i, 3) {
		struct rule *r = &rules[i];
		const char *u = r->users.count ? users[i].text : "";
		bool is_in = r->groups.count && answers[i] == GROUP_INSIDE;
		bool is = is_in || u[0] == user[0];
		bool may_be = is || u[0] == '*' ||
		    (r->groups.count && answers[i] != GROUP_OUTSIDE);
		bool is_not = (is_in && groups[i].text[0] == '!') ||
		    (u[0] == '!' && u[1] == user[0]);

		r->users.items = &users[i];
		r->groups.items = &groups[i];
		r->from.items = &from[i];
		given(r->users.count <= 1 && r->groups.count <= 1);
		given(r->from.count <= 1);
		given(within(r->mode, MODE_OPTIONAL, MODE_EXEMPT));
		given(within(answers[i], GROUP_ERROR, GROUP_INSIDE));
		if (!last && i < policy.rules.count &&
		    r->mode == MODE_REQUIRED && !strcmp(r->name, last_rule))
			last = r, lost = !may_be && !is_not;
		if (!first && i < policy.rules.count && may_be && !is_not &&
		    !policy_rule_ended(r, subject.now_s) &&
		    (!r->from.count || !subject.address || holds[i]))
			first = r, named = is;
	}
	policy_decide(&policy, &subject, &decision);
	denied = decision.mode == MODE_NONE;
	/* A mode, of the rule or otherwise, or a reason. */
	claim(1a, true, denied == (decision.reason != REASON_NONE));
	claim(1b, !denied,
	    decision.mode == (first ? first->mode : policy.otherwise));
	/* The first rule that may be about the user decides, or denies. */
	claim(2a, !denied, !failed);
	claim(2b, !denied, decision.rule == first);
	claim(2c, !denied && first && !subject.address, !first->from.count);
	/* A user who dropped out of the rule that decided last is denied. */
	claim(3a, lost && !named, denied);
	reach2(!denied && first == &rules[2], !denied && !first);
	reach2(lost && last == &rules[2], decision.reason == REASON_NO_ADDRESS);
}
