/* Finds the first rule that matches, and decides by it or denies. */
#include <stdio.h>
#include <string.h>

#include "store/core/policy.h"

/* The result of comparing one rule with a subject. */
enum match {
	MATCH_DENY = 0, /* cannot be evaluated; the decision says why */
	MATCH_NO,
	MATCH_NAMED,    /* the user, or a group of theirs, is listed */
	MATCH_EVERYONE, /* only "*" matches the user */
};

struct matching {
	const struct subject *subject;
	const struct rule *rule;
	struct decision *decision;
	enum mismatch why;
	const char *name; /* the "!x" that applied, or "" */
};

static enum match
decide_deny(struct matching *m, enum reason reason, const char *name)
{
	m->decision->mode = MODE_NONE;
	m->decision->reason = reason;
	m->decision->rule = m->rule;
	snprintf(m->decision->name, sizeof(m->decision->name), "%s", name);
	return MATCH_DENY;
}

static enum match
no_match(struct matching *m, enum mismatch why, const char *name)
{
	m->why = why;
	m->name = name;
	return MATCH_NO;
}

/* Returns MATCH_NAMED for a member, MATCH_NO for others, and MATCH_DENY if
 * the look-up fails. */
static enum match
in_group(struct matching *m, const char *group)
{
	switch (m->subject->member(m->subject->ctx, group)) {
	case GROUP_INSIDE:
		return MATCH_NAMED;
	case GROUP_OUTSIDE:
		return MATCH_NO;
	case GROUP_UNKNOWN:
		return decide_deny(m, REASON_UNKNOWN_GROUP, group);
	case GROUP_ERROR:
		break;
	}
	return decide_deny(m, REASON_GROUP_ERROR, group);
}

static enum match
match_excluded(struct matching *m)
{
	const struct rule *rule = m->rule;

	for (size_t i = 0; i < rule->users.count; i++) {
		const char *name = rule->users.items[i].text;

		if (name[0] == '!' && strcmp(name + 1, m->subject->user) == 0)
			return no_match(m, MISMATCH_EXCLUDED, name);
	}
	for (size_t i = 0; i < rule->groups.count; i++) {
		const char *name = rule->groups.items[i].text;

		if (name[0] != '!')
			continue;
		switch (in_group(m, name + 1)) {
		case MATCH_DENY:
			return MATCH_DENY;
		case MATCH_NAMED:
		case MATCH_EVERYONE:
			return no_match(m, MISMATCH_EXCLUDED, name);
		case MATCH_NO:
			break;
		}
	}
	return MATCH_NAMED;
}

static enum match
match_named(struct matching *m)
{
	const struct rule *rule = m->rule;
	enum match match, everyone = MATCH_NO;

	for (size_t i = 0; i < rule->users.count; i++) {
		const char *name = rule->users.items[i].text;

		if (strcmp(name, m->subject->user) == 0)
			return MATCH_NAMED;
		if (strcmp(name, "*") == 0)
			everyone = MATCH_EVERYONE;
	}
	for (size_t i = 0; i < rule->groups.count; i++) {
		const char *name = rule->groups.items[i].text;

		if (name[0] == '!')
			continue;
		match = in_group(m, name);
		if (match != MATCH_NO)
			return match;
	}
	return everyone != MATCH_NO ? everyone : no_match(m, MISMATCH_WHO, "");
}

/* Compares only the rule's users and groups, not the address. */
static enum match
match_who(struct matching *m)
{
	enum match match = match_excluded(m);

	return match == MATCH_NAMED ? match_named(m) : match;
}

static bool
from_holds(const struct rule *rule, const struct address *address)
{
	for (size_t i = 0; i < rule->from.count; i++)
		if (prefix_holds(&rule->from.items[i], address))
			return true;
	return false;
}

enum origin { ORIGIN_UNKNOWN = 0, ORIGIN_INSIDE, ORIGIN_OUTSIDE };

/* Compares the subject's address with the rule's "from". */
static enum origin
origin_of(const struct matching *m)
{
	const struct subject *subject = m->subject;

	if (m->rule->from.count == 0 || m->rule == subject->inside)
		return ORIGIN_INSIDE;
	if (subject->address != NULL)
		return from_holds(m->rule, subject->address) ? ORIGIN_INSIDE
							     : ORIGIN_OUTSIDE;
	return subject->outside != NULL && m->rule <= subject->outside
	    ? ORIGIN_OUTSIDE
	    : ORIGIN_UNKNOWN;
}

bool
policy_rule_ended(const struct rule *rule, int64_t now_s)
{
	return rule->until_s > 0 && (now_s <= 0 || now_s >= rule->until_s);
}

/* The address is compared first, since that needs no look-up of a group. */
static enum match
match_rule(struct matching *m)
{
	enum origin origin = origin_of(m);
	enum match match;

	if (policy_rule_ended(m->rule, m->subject->now_s))
		return no_match(m, MISMATCH_ENDED, "");
	if (origin == ORIGIN_OUTSIDE)
		return no_match(m, MISMATCH_FROM, "");
	match = match_who(m);
	if (match != MATCH_DENY && match != MATCH_NO &&
	    origin == ORIGIN_UNKNOWN)
		return decide_deny(m, REASON_NO_ADDRESS, m->rule->name);
	return match;
}

/* Reports a rule that did not match.  Its users and groups are reported
 * before its address: from another address the rule would not match either. */
static void
report_skipped(const struct matching *skipped)
{
	const struct subject *subject = skipped->subject;
	struct decision ignored;
	struct matching m = {
	    .subject = subject, .rule = skipped->rule, .decision = &ignored};

	if (skipped->why != MISMATCH_FROM || match_who(&m) != MATCH_NO)
		m = *skipped;
	subject->skipped(subject->ctx, m.rule, m.why, m.name);
}

/*
 * Returns true, with the denial in *ret, if the user has dropped out of the
 * required rule that decided last time.  Either the user left the group, or the
 * directory is down and the group looks empty: only an administrator can tell.
 * Called if only "*" or "otherwise" would decide now.
 */
static bool
rule_lost(const struct policy *policy, const struct subject *subject,
    struct decision *ret)
{
	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct rule *rule = &policy->rules.items[i];
		struct matching m = {
		    .subject = subject, .rule = rule, .decision = ret};

		if (rule->mode != MODE_REQUIRED ||
		    strcmp(rule->name, subject->last_rule) != 0)
			continue;
		switch (match_who(&m)) {
		case MATCH_NO:
			/* An administrator wrote that exclusion. */
			if (m.why == MISMATCH_EXCLUDED)
				return false;
			decide_deny(&m, REASON_RULE_LOST, rule->name);
			return true;
		case MATCH_DENY:
			return true;
		case MATCH_NAMED:
		case MATCH_EVERYONE:
			return false;
		}
	}
	return false;
}

void
policy_decide(const struct policy *policy, const struct subject *subject,
    struct decision *ret)
{
	struct decision decision = {.mode = MODE_NONE};
	enum match match = MATCH_NO;

	*ret = decision;
	for (size_t i = 0; i < policy->rules.count && match == MATCH_NO; i++) {
		struct matching m = {.subject = subject,
		    .rule = &policy->rules.items[i],
		    .decision = &decision};

		match = match_rule(&m);
		if (match == MATCH_NO && subject->skipped != NULL)
			report_skipped(&m);
		decision.rule = m.rule;
	}
	if (match == MATCH_NO)
		decision.rule = NULL;
	if (match != MATCH_DENY &&
	    (match == MATCH_NAMED || !rule_lost(policy, subject, &decision)))
		decision.mode = decision.rule != NULL
		    ? (enum mode)decision.rule->mode
		    : (enum mode)policy->otherwise;
	*ret = decision;
}

bool
policy_may_require(const struct policy *policy, const struct subject *subject)
{
	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct rule *rule = &policy->rules.items[i];
		struct decision decision;
		struct matching m = {
		    .subject = subject, .rule = rule, .decision = &decision};

		if (rule->mode == MODE_REQUIRED &&
		    (strcmp(rule->name, subject->last_rule) == 0 ||
			match_who(&m) != MATCH_NO))
			return true;
	}
	return policy->otherwise == MODE_REQUIRED;
}

enum forwarding
policy_forwarding(const struct policy *policy, const struct decision *decision)
{
	const struct rule *rule = decision->rule;
	int said = rule != NULL && rule->forwarding != FORWARDING_UNSAID
	    ? rule->forwarding
	    : policy->forwarding;

	if (decision->mode == MODE_NONE)
		return FORWARDING_CLOSED;
	switch ((enum forwarding)said) {
	case FORWARDING_AFTER_CODE:
	case FORWARDING_OPEN:
		return (enum forwarding)said;
	case FORWARDING_UNSAID:
	case FORWARDING_CLOSED:
		break;
	}
	return FORWARDING_CLOSED;
}

static bool
opens(int forwarding)
{
	return forwarding == FORWARDING_AFTER_CODE ||
	    forwarding == FORWARDING_OPEN;
}

bool
policy_names_hardware(const struct keys *keys)
{
	return keys->hardware_files.count > 0 ||
	    keys->hardware_authorities.count > 0;
}

enum hardware_keys
policy_hardware(const struct policy *policy, const struct decision *decision)
{
	if (decision->rule == NULL || !policy_names_hardware(&policy->keys))
		return HARDWARE_KEYS_ASKED;
	if (decision->mode != MODE_REQUIRED && decision->mode != MODE_OPTIONAL)
		return HARDWARE_KEYS_ASKED;
	switch ((enum hardware_keys)decision->rule->hardware_keys) {
	case HARDWARE_KEYS_ENOUGH:
	case HARDWARE_KEYS_WITH_PIN:
		return (enum hardware_keys)decision->rule->hardware_keys;
	case HARDWARE_KEYS_UNSAID:
	case HARDWARE_KEYS_ASKED:
		break;
	}
	return HARDWARE_KEYS_ASKED;
}

bool
policy_may_forward(const struct policy *policy)
{
	list_each(const struct rule, rule, policy->rules)
		if (opens(rule->forwarding))
			return true;
	return opens(policy->forwarding);
}

enum membership
policy_admin(const struct policy *policy, const struct subject *subject)
{
	struct rule rule = {.name = "admins"};
	struct decision decision;
	struct matching m = {
	    .subject = subject, .rule = &rule, .decision = &decision};

	rule.users.items = policy->admins.users.items;
	rule.users.count = policy->admins.users.count;
	rule.groups.items = policy->admins.groups.items;
	rule.groups.count = policy->admins.groups.count;
	switch (match_who(&m)) {
	case MATCH_NAMED:
	case MATCH_EVERYONE:
		return GROUP_INSIDE;
	case MATCH_NO:
		return GROUP_OUTSIDE;
	case MATCH_DENY:
		break;
	}
	return GROUP_ERROR;
}

int64_t
policy_deadline(const struct rule *rule, int64_t first_seen_s)
{
	const struct grace *grace = &rule->grace;
	int64_t start = first_seen_s > rule->since_s ? first_seen_s
						     : rule->since_s;
	int64_t deadline = grace->present ? grace->until_s : 0;

	if (grace->for_s > 0 && start + grace->for_s < deadline)
		deadline = start + grace->for_s;
	return deadline > rule->since_s ? deadline : rule->since_s;
}
