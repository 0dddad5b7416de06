#include "tests/fuzz/fuzz.h"
#include "store/core/policy.h"

static enum membership
nowhere(void *ctx, const char *group)
{
	(void)ctx;
	return group[0] == 'g' ? GROUP_OUTSIDE : GROUP_UNKNOWN;
}

/* Decides about a user, whatever the policy says. */
static void
decide(const struct policy *policy)
{
	struct address address = {.bytes = {0}};
	struct subject subject = {.user = "alice",
	    .last_rule = "engineers",
	    .member = nowhere,
	    .address = &address};
	struct decision decision;

	for (int i = 0; i < 2; i++) {
		policy_decide(policy, &subject, &decision);
		must((decision.mode == MODE_NONE) ==
		    (decision.reason != REASON_NONE));
		if (decision.mode != MODE_NONE && decision.rule != NULL)
			must(decision.rule->mode == (int)decision.mode);
		else if (decision.mode != MODE_NONE)
			must(policy->otherwise == (int)decision.mode);
		subject.address = NULL;
	}
}

static char *
rewrite(void *ctx, const char *text, size_t len)
{
	struct json_error error;
	struct policy policy;
	char *again = NULL;

	(void)ctx;
	if (policy_parse(text, len, &policy, &error) != FAULT_NONE)
		return NULL;
	decide(&policy);
	must(policy.attempts.stop >= policy.attempts.free);
	must(policy.attempts.backoff_s <= policy.attempts.backoff_max_s);
	must(policy.enrollment.max_devices <= 8);
	must(policy_format(&policy, true, &again) == FAULT_NONE);
	policy_done(&policy);
	return again;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_rewrite(data, size, rewrite, NULL);
	return 0;
}
