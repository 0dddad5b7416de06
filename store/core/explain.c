/* Explains what a login would meet, and why. */
#include <stdio.h>
#include <string.h>

#include "store/core/report.h"
#include "store/base/when.h"

#define UNTIL_TEXT 64 /* bytes that say_until() writes at most */

struct explaining {
	const struct policy *policy;
	const struct subject *subject;
	const struct record *record;
	const struct login *login;
	struct explanation *explanation;
	enum fault fault;
};

static enum membership
ask_member(void *ctx, const char *group)
{
	const struct explaining *e = ctx;

	return e->subject->member(e->subject->ctx, group);
}

static void
add_skipped(
    void *ctx, const struct rule *rule, enum mismatch why, const char *name)
{
	struct explaining *e = ctx;
	struct skipped_row *row = list_add(
	    &e->explanation->skipped, sizeof(*row));
	char until[WHEN_SAID];

	if (row == NULL) {
		e->fault = FAULT_MEMORY;
		return;
	}
	memcpy(row->rule, rule->name, sizeof(row->rule));
	switch (why) {
	case MISMATCH_EXCLUDED:
		snprintf(row->reason, sizeof(row->reason), "excluded by \"%s\"",
		    name);
		break;
	case MISMATCH_WHO:
		snprintf(row->reason, sizeof(row->reason),
		    "names neither the user nor a group of theirs");
		break;
	case MISMATCH_FROM:
		snprintf(row->reason, sizeof(row->reason),
		    "the address is not in its \"from\"");
		break;
	case MISMATCH_ENDED:
		when_say(rule->until_s, until);
		snprintf(row->reason, sizeof(row->reason),
		    "it is for logins before %s", until);
		break;
	}
}

/* Writes when a shut counter opens again, or how. */
static void
say_until(int64_t wait_s, int64_t now_s, char ret[static UNTIL_TEXT])
{
	char until[WHEN_SAID];

	when_say(now_s + wait_s, until);
	snprintf(ret, UNTIL_TEXT, "%s%stfa-admin unlock",
	    wait_s > 0 ? until : "", wait_s > 0 ? " or " : "");
}

/*
 * For a user with a device: says which of the two counters are shut.  It names
 * both, because the administrator who asks does not say which key the login
 * would use.
 */
static void
explain_asked(const struct policy *policy, const struct record *record,
    int64_t now_s, char *ret, size_t size)
{
	const struct failures *f = &record->failures;
	int64_t known_s = login_wait(
	    &policy->attempts, &f->known, false, now_s);
	int64_t other_s = login_wait(&policy->attempts, &f->other, true, now_s);
	char known[UNTIL_TEXT], other[UNTIL_TEXT];

	say_until(known_s, now_s, known);
	say_until(other_s, now_s, other);
	if (known_s == 0 && other_s == 0)
		snprintf(ret, size, "a device is enrolled: asked for a code");
	else if (other_s == 0)
		snprintf(ret, size,
		    "a device is enrolled: asked for a code; where one was "
		    "right in the last 30 days, too many were wrong, and only "
		    "a one-time code passes until %s",
		    known);
	else
		snprintf(ret, size,
		    "a device is enrolled, but too many codes were wrong: only "
		    "a one-time code passes until %s; where a code was right "
		    "in the last 30 days, %s%s",
		    other, known_s != 0 ? "until " : "",
		    known_s != 0 ? known : "it is asked for");
}

/* Writes an outcome in a few words, for somebody who did not see the prompt. */
static void
say_outcome(const struct policy *policy, const struct record *record,
    const struct outcome *outcome, int64_t now_s, char *ret, size_t size)
{
	static const char *const words[REASON_COUNT] = {
	    [REASON_EXEMPT] = "exempt: never asked",
	    [REASON_REMEMBERED] = "a code was given not long ago",
	    [REASON_HARDWARE_KEY] = "a hardware key is enough: not asked for "
				    "a code",
	    [REASON_OPTIONAL] = "no device, and none is required",
	    [REASON_GRACE] = "no device yet, and the grace period lasts",
	    [REASON_ASK_ONE_TIME] = "no device: asked for a one-time code",
	    [REASON_OFFER_DUE] = "no device yet, and the grace period lasts: "
				 "offered to set one up, may skip",
	    [REASON_OFFER] = "no device: offered to set one up, may skip",
	    [REASON_OFFER_CODE_DUE] =
		"no device yet, and the grace period lasts: offered to set "
		"one up with a one-time code, may skip",
	    [REASON_OFFER_CODE] = "no device: offered to set one up with a "
				  "one-time code, may skip",
	    [REASON_SETUP] = "no device: must set one up now",
	    [REASON_CLOSED] = "no device, and enrolment is closed: revoke or "
			      "code --enroll opens it",
	    [REASON_FORWARDING_CLOSED] =
		"forwarding is closed: tfa-admin forward changes that",
	    [REASON_CODE_FIRST] = "no device, and the door opens after a code: "
				  "one is set up on the ordinary port",
	};
	struct reason_facts facts = {.name = outcome->name,
	    .wait_s = outcome->wait_s,
	    .left_s = outcome->deadline_s - now_s};
	enum reason reason = outcome->reason;

	if (reason == REASON_ASK || reason == REASON_ASK_LOCKED ||
	    reason == REASON_ASK_STOPPED)
		explain_asked(policy, record, now_s, ret, size);
	else if (reason == REASON_CLOSED && login_is_blocked(record))
		snprintf(ret, size,
		    "no device, and blocked from setting one up (revoke "
		    "--block): revoke or code --enroll opens it");
	else if (reason == REASON_CODE_FIRST && outcome->first == FIRST_NO)
		snprintf(ret, size,
		    "no device, and the door opens after a code: code --pass "
		    "opens it once");
	else if (words[reason] != NULL)
		snprintf(ret, size, "%s", words[reason]);
	else
		reason_say(reason, &facts, ret, size);
}

/* Writes why the policy denies; a user with a pass code is asked for it all
 * the same. */
static void
say_denied(const struct decision *decision, const struct outcome *outcome,
    char *ret, size_t size)
{
	size_t len;

	report_denial(decision, ret, size);
	len = strlen(ret);
	if (outcome->verdict == VERDICT_CHALLENGE)
		snprintf(ret + len, size - len,
		    "; this user has a pass code, and is asked for it");
}

/* Writes the prefixes of a rule; "..." stands for those that do not fit. */
static void
say_from(const struct rule *rule, char ret[static FROM_TEXT])
{
	size_t len = 0;

	for (size_t i = 0; i < rule->from.count; i++) {
		char prefix[PREFIX_TEXT];

		prefix_format(&rule->from.items[i], prefix);
		if (len + strlen(prefix) + sizeof(", , ...") > FROM_TEXT) {
			snprintf(ret + len, FROM_TEXT - len, ", ...");
			return;
		}
		len += (size_t)snprintf(ret + len, FROM_TEXT - len, "%s%s",
		    i > 0 ? ", " : "", prefix);
	}
}

/*
 * Explains by the function that decides logins, on a copy of the record, so
 * that nothing one login notes is seen by the next one.  The copy shares the
 * record's lists, which login_decide() never makes longer.
 */
static void
explain_one(const struct explaining *e, const struct decision *decision,
    struct explained *ret)
{
	struct record record = *e->record;
	struct outcome outcome;

	login_decide(e->policy, decision, &record, e->login, &outcome);
	snprintf(ret->verdict, sizeof(ret->verdict), "%s",
	    verdict_name(outcome.verdict));
	if (decision->rule != NULL)
		memcpy(ret->rule, decision->rule->name, sizeof(ret->rule));
	ret->mode = (int)decision->mode;
	ret->deadline_s = outcome.deadline_s;
	if (decision->rule != NULL && decision->mode == MODE_EXEMPT)
		ret->until_s = decision->rule->until_s;
	if (decision->mode == MODE_REQUIRED || decision->mode == MODE_OPTIONAL)
		ret->hardware_keys = (int)policy_hardware(e->policy, decision);
	if (decision->mode == MODE_NONE)
		say_denied(
		    decision, &outcome, ret->reason, sizeof(ret->reason));
	else
		say_outcome(e->policy, &record, &outcome, e->login->now_s,
		    ret->reason, sizeof(ret->reason));
	explicit_bzero(&record, sizeof(record));
}

static void
explain_address(struct explaining *e, const struct decision *decision,
    const struct rule *inside)
{
	struct explained *row = list_add(
	    &e->explanation->by_address, sizeof(*row));

	if (row == NULL) {
		e->fault = FAULT_MEMORY;
		return;
	}
	if (inside != NULL)
		say_from(inside, row->from);
	explain_one(e, decision, row);
	if (decision->reason == REASON_NO_ADDRESS)
		row->verdict[0] = '\0';
}

/*
 * Explains a user whose address is not known and decides: first as if the
 * address were in the "from" of the rule that asks for it, then as if it were
 * not; that may lead to the next such rule.  On return *subject and *decision
 * are those of an address in none of them.
 */
static void
explain_addresses(
    struct explaining *e, struct subject *subject, struct decision *decision)
{
	for (int i = 1; i < BY_ADDRESS_MAX &&
	     decision->reason == REASON_NO_ADDRESS && e->fault == FAULT_NONE;
	     i++) {
		const struct rule *rule = decision->rule;

		subject->inside = rule;
		policy_decide(e->policy, subject, decision);
		explain_address(e, decision, rule);
		subject->inside = NULL;
		subject->outside = rule;
		policy_decide(e->policy, subject, decision);
	}
	explain_address(e, decision, NULL);
}

static bool
copy_names(void *ret, const void *list)
{
	struct list names;

	memcpy(&names, list, sizeof(names));
	for (size_t i = 0; i < names.count; i++) {
		struct name *name = list_add(ret, sizeof(*name));

		if (name == NULL)
			return false;
		*name = ((const struct name *)names.items)[i];
	}
	return true;
}

/* Names the files of hardware keys where one is enough. */
static void
explain_hardware(struct explaining *e)
{
	const struct keys *keys = &e->policy->keys;
	struct explanation *explanation = e->explanation;
	bool enough = explanation->login.hardware_keys > HARDWARE_KEYS_ASKED;

	list_each(const struct explained, one, explanation->by_address)
		enough |= one->hardware_keys > HARDWARE_KEYS_ASKED;
	if (enough &&
	    !(copy_names(&explanation->hardware_files, &keys->hardware_files) &&
		copy_names(&explanation->hardware_authorities,
		    &keys->hardware_authorities)))
		e->fault = FAULT_MEMORY;
}

enum fault
report_explain(const struct policy *policy, const struct subject *subject,
    const struct record *record, const struct login *login,
    struct explanation *ret)
{
	struct explanation explanation = {.user = ""};
	struct explaining e = {.policy = policy,
	    .subject = subject,
	    .record = record,
	    .login = login,
	    .explanation = &explanation};
	struct subject traced = *subject;
	struct decision decision;

	policy_decide(policy, &traced, &decision);
	explain_one(&e, &decision, &explanation.login);
	if (decision.reason == REASON_NO_ADDRESS)
		explain_addresses(&e, &traced, &decision);
	explain_hardware(&e);
	traced.member = ask_member;
	traced.skipped = add_skipped;
	traced.ctx = &e;
	policy_decide(policy, &traced, &decision);
	snprintf(
	    explanation.user, sizeof(explanation.user), "%s", subject->user);
	if (e.fault != FAULT_NONE) {
		explanation_done(&explanation);
		return e.fault;
	}
	*ret = explanation;
	return FAULT_NONE;
}
