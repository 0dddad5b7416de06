#include "store/core/door.h"

/* The facts that its message mentions stay. */
static void
refuse(enum reason reason, struct outcome *ret)
{
	*ret = (struct outcome){.verdict = VERDICT_DENY,
	    .reason = reason,
	    .first = ret->first,
	    .recovery_left = -1};
}

static bool
has_pass_code(const struct record *record, const struct login *login)
{
	return record_codes_left(record, CODE_PASS, login->now_s) > 0;
}

/* Only an administrator's pass code opens the door to somebody without a
 * device. */
static void
want_code(
    const struct record *record, const struct login *login, struct outcome *ret)
{
	if (!has_pass_code(record, login)) {
		refuse(REASON_CODE_FIRST, ret);
		return;
	}
	ret->verdict = VERDICT_CHALLENGE;
	ret->reason = REASON_ASK_ONE_TIME;
	ret->may_skip = false;
}

/* True if login_decide() asked a user to set a device up, or refused one who
 * could do that elsewhere. */
static bool
is_for_setup(const struct outcome *outcome)
{
	switch (outcome->verdict) {
	case VERDICT_ENROLL:
		return true;
	case VERDICT_CHALLENGE:
		return outcome->reason != REASON_ASK &&
		    outcome->reason != REASON_ASK_LOCKED &&
		    outcome->reason != REASON_ASK_STOPPED;
	case VERDICT_DENY:
		return outcome->reason == REASON_SETUP_TERMINAL;
	case VERDICT_PASS:
		break;
	}
	return false;
}

static void
put_off(const struct decision *decision, struct outcome *ret)
{
	ret->verdict = VERDICT_PASS;
	ret->reason = decision->mode == MODE_REQUIRED ? REASON_GRACE
						      : REASON_OPTIONAL;
	ret->may_skip = false;
}

void
door_decide(const struct policy *policy, const struct decision *decision,
    const struct record *record, const struct login *login, struct outcome *ret)
{
	if (decision->mode == MODE_NONE) {
		ret->verdict = VERDICT_DENY;
		return;
	}
	switch (policy_forwarding(policy, decision)) {
	case FORWARDING_OPEN:
		if (ret->may_skip)
			put_off(decision, ret);
		else if (is_for_setup(ret))
			want_code(record, login, ret);
		return;
	case FORWARDING_AFTER_CODE:
		if ((ret->verdict == VERDICT_PASS &&
			ret->reason != REASON_REMEMBERED &&
			ret->reason != REASON_HARDWARE_KEY) ||
		    is_for_setup(ret))
			want_code(record, login, ret);
		return;
	case FORWARDING_UNSAID:
	case FORWARDING_CLOSED:
		break;
	}
	refuse(REASON_FORWARDING_CLOSED, ret);
}

void
door_judge(struct outcome *ret)
{
	bool changed = ret->changed;

	if (ret->verdict != VERDICT_ENROLL)
		return;
	refuse(REASON_CODE_FIRST, ret);
	ret->changed = changed;
}

bool
door_asks_exempt(const struct policy *policy, const struct decision *decision,
    const struct record *record, const struct login *login)
{
	return login->door && record->devices.count > 0 &&
	    policy_forwarding(policy, decision) == FORWARDING_AFTER_CODE;
}
