#include <string.h>

#include "store/core/door.h"

const char *const state_names[] = {"none", "exempt", "locked", "enrolled",
    "hardware", "invited", "blocked", "gone", "overdue", "grace", "pending",
    NULL};

/* A time in the future was written by a clock that was wrong once. */
static int64_t
clamp(int64_t time_s, int64_t now_s)
{
	return time_s < now_s ? time_s : now_s;
}

bool
login_is_known(const struct record *record, const struct login *login)
{
	for (size_t i = 0; i < record->sources.count; i++) {
		const struct source *source = &record->sources.items[i];

		if (login->address[0] != '\0' &&
		    strcmp(source->key, login->key) == 0 &&
		    strcmp(source->address, login->address) == 0 &&
		    login->now_s - clamp(source->last_s, login->now_s) <
			SOURCE_KNOWN_S)
			return true;
	}
	return false;
}

void
login_forgive(struct counter *counter, int64_t now_s)
{
	int64_t since_s = clamp(counter->spent_since_s, now_s);
	int64_t forgiven = (now_s - since_s) / FORGIVE_S;

	if (forgiven >= counter->spent) {
		counter->spent = 0;
		counter->spent_since_s = 0;
	} else {
		counter->spent -= forgiven;
		counter->spent_since_s = since_s + forgiven * FORGIVE_S;
	}
}

/* The wait after wrong codes in a row. */
static int64_t
backoff(const struct attempts *attempts, const struct counter *counter,
    int64_t now_s)
{
	int64_t wait_s = attempts->backoff_s;
	int64_t over = counter->count - attempts->free;
	int64_t passed_s = now_s - clamp(counter->last_s, now_s);

	if (over <= 0)
		return 0;
	while (--over > 0 && wait_s < attempts->backoff_max_s)
		wait_s *= 2;
	if (wait_s > attempts->backoff_max_s)
		wait_s = attempts->backoff_max_s;
	return wait_s > passed_s ? wait_s - passed_s : 0;
}

/* The wait after wrong codes of the long term: until they are fewer than
 * stop. */
static int64_t
long_wait(const struct attempts *attempts, const struct counter *counter,
    int64_t now_s)
{
	struct counter left = *counter;

	login_forgive(&left, now_s);
	if (left.spent < attempts->stop)
		return 0;
	return left.spent_since_s +
	    (left.spent - attempts->stop + 1) * FORGIVE_S - now_s;
}

int64_t
login_wait(const struct attempts *attempts, const struct counter *counter,
    bool is_other, int64_t now_s)
{
	int64_t backoff_s = backoff(attempts, counter, now_s);
	int64_t long_s = long_wait(attempts, counter, now_s);

	if (is_other && counter->count >= attempts->stop)
		return -1;
	return backoff_s > long_s ? backoff_s : long_s;
}

static bool
is_same_key(const struct verified *v, const struct login *login)
{
	return strcmp(v->key, login->key) == 0;
}

/* True if a code was given on this connection.  No entry counts for longer than
 * the policy now says. */
static bool
is_connection_open(const struct policy *policy, const struct record *record,
    const struct login *login)
{
	for (size_t i = 0; i < record->verified.count; i++) {
		const struct verified *v = &record->verified.items[i];
		int64_t left_s = v->until_s - login->now_s;

		if (v->connection[0] != '\0' && left_s > 0 &&
		    left_s <= login_hold_s(policy, login) &&
		    strcmp(v->connection, login->connection) == 0 &&
		    is_same_key(v, login))
			return true;
	}
	return false;
}

/* True if a code was given lately with this key from this address. */
static bool
is_source_open(const struct policy *policy, const struct record *record,
    const struct login *login)
{
	for (size_t i = 0; i < record->verified.count; i++) {
		const struct verified *v = &record->verified.items[i];
		int64_t left_s = v->until_s - login->now_s;

		if (v->connection[0] == '\0' && left_s > 0 &&
		    left_s <= policy->remember.for_s && login->key[0] != '\0' &&
		    is_same_key(v, login) &&
		    strcmp(v->address, login->address) == 0)
			return true;
	}
	return false;
}

/* True if a user without a device may set one up now without asking an
 * administrator.  deadline_s as login_state() gives it. */
static bool
may_enroll_alone(const struct policy *policy, enum mode mode,
    const struct record *record, int64_t now_s, int64_t deadline_s)
{
	bool invited = record->invited_until_s > now_s &&
	    record->invited_until_s - now_s <= INVITED_S;

	switch ((enum self_enroll)policy->enrollment.self) {
	case SELF_ALWAYS:
		return !record->enrolled_once || record->invited_until_s > 0;
	case SELF_GRACE:
		return invited ||
		    (!record->enrolled_once &&
			(mode == MODE_OPTIONAL || now_s < deadline_s));
	case SELF_CODE:
		return false;
	}
	return false;
}

static void
set_outcome(struct outcome *ret, enum verdict verdict, enum reason reason)
{
	ret->verdict = verdict;
	ret->reason = reason;
}

/* For a user without a device, to whom required or optional applies. */
static enum first
first_device(const struct policy *policy, enum mode mode,
    const struct record *record, int64_t now_s, int64_t deadline_s)
{
	if (may_enroll_alone(policy, mode, record, now_s, deadline_s))
		return FIRST_SELF;
	return record_codes_left(record, CODE_ENROLL, now_s) > 0 ? FIRST_CODE
								 : FIRST_NO;
}

/* When an offer that was put off comes again: after a day, or sooner if the
 * deadline is near.  A time that has passed means at each login. */
static int64_t
next_offer(const struct record *record, const struct outcome *outcome)
{
	int64_t next_s = record->skipped_s + SKIPPED_S;

	if (outcome->insist_s > 0 && outcome->insist_s < next_s)
		return outcome->insist_s;
	return next_s;
}

/*
 * True if this login is offered to set up a device that is not needed yet.  A
 * command is spared that until the deadline is near; then even a user who never
 * has a shell must be asked.
 */
static bool
is_offered(const struct record *record, const struct login *login,
    const struct outcome *outcome)
{
	bool insists = outcome->insist_s > 0 &&
	    login->now_s >= outcome->insist_s;

	return outcome->first != FIRST_NO && login->terminal &&
	    (login->shell || insists) &&
	    login->now_s >= next_offer(record, outcome);
}

/*
 * The user has no device, and needs none yet: the offer, or a pass with a
 * reminder.  A user who needs an administrator's code to enrol, and has one,
 * can type it here.
 */
static void
decide_free(enum mode mode, const struct record *record,
    const struct login *login, struct outcome *ret)
{
	bool due = mode == MODE_REQUIRED;

	ret->may_skip = is_offered(record, login, ret);
	if (!ret->may_skip)
		set_outcome(
		    ret, VERDICT_PASS, due ? REASON_GRACE : REASON_OPTIONAL);
	else if (ret->first == FIRST_SELF)
		set_outcome(
		    ret, VERDICT_ENROLL, due ? REASON_OFFER_DUE : REASON_OFFER);
	else
		set_outcome(ret, VERDICT_CHALLENGE,
		    due ? REASON_OFFER_CODE_DUE : REASON_OFFER_CODE);
}

/* The user has no device, and may not come in without one. */
static void
decide_overdue(
    const struct record *record, const struct login *login, struct outcome *ret)
{
	bool may = ret->first == FIRST_SELF;

	if (may && login->terminal)
		set_outcome(ret, VERDICT_ENROLL, REASON_SETUP);
	else if (record_codes_left(record, CODE_ENROLL, login->now_s) > 0 ||
	    record_codes_left(record, CODE_PASS, login->now_s) > 0)
		set_outcome(ret, VERDICT_CHALLENGE, REASON_ASK_ONE_TIME);
	else if (may)
		set_outcome(ret, VERDICT_DENY, REASON_SETUP_TERMINAL);
	else
		set_outcome(ret, VERDICT_DENY, REASON_CLOSED);
}

/* When the last code to enrol with runs out; 0: there is none. */
static int64_t
code_ends(const struct record *record, int64_t now_s)
{
	int64_t until_s = 0;

	for (size_t i = 0; i < record->codes.count; i++) {
		const struct one_time *code = &record->codes.items[i];

		if (code->use == CODE_ENROLL && code->until_s > now_s &&
		    code->until_s > until_s)
			until_s = code->until_s;
	}
	return until_s;
}

/* Notes how a first device may be set up, and until when.  The end of grace is
 * not meant: deadline_s has that. */
static void
note_first(const struct policy *policy, enum mode mode,
    const struct record *record, int64_t now_s, struct outcome *ret)
{
	int64_t until_s = 0;

	ret->first = first_device(policy, mode, record, now_s, ret->deadline_s);
	if (ret->first == FIRST_CODE)
		until_s = code_ends(record, now_s);
	else if (ret->first == FIRST_SELF && record->enrolled_once &&
	    policy->enrollment.self == SELF_GRACE)
		until_s = record->invited_until_s;
	ret->open_s = until_s > now_s ? until_s - now_s : 0;
}

void
login_put_off(
    struct record *record, const struct login *login, struct outcome *ret)
{
	int64_t next_s;

	record->skipped_s = login->now_s;
	next_s = next_offer(record, ret);
	ret->again_s = next_s > login->now_s ? next_s - login->now_s : 0;
	ret->changed = true;
	set_outcome(ret, VERDICT_PASS, REASON_SKIPPED);
}

/* The user has a device: its code is asked for, unless one was given not long
 * ago. */
static void
decide_enrolled(const struct policy *policy, const struct record *record,
    const struct login *login, struct outcome *ret)
{
	bool is_other = !login_is_known(record, login);
	const struct counter *counter = is_other ? &record->failures.other
						 : &record->failures.known;
	int64_t wait_s = login_wait(
	    &policy->attempts, counter, is_other, login->now_s);

	if (is_connection_open(policy, record, login) ||
	    is_source_open(policy, record, login)) {
		set_outcome(ret, VERDICT_PASS, REASON_REMEMBERED);
		return;
	}
	ret->wait_s = wait_s > 0 ? wait_s : 0;
	set_outcome(ret, VERDICT_CHALLENGE,
	    wait_s == 0      ? REASON_ASK
		: wait_s > 0 ? REASON_ASK_LOCKED
			     : REASON_ASK_STOPPED);
}

/* When this decision makes a code required; 0: at no date.  For a user who
 * never came, grace would begin now. */
static int64_t
deadline(
    const struct decision *decision, const struct record *record, int64_t now_s)
{
	if (decision->mode != MODE_REQUIRED || decision->rule == NULL)
		return 0;
	return policy_deadline(decision->rule,
	    record->first_seen_s > 0 ? record->first_seen_s : now_s);
}

/*
 * From when on the offer comes at each login, even if it was put off; 0: never.
 * If it came once a day to the end, the deadline could come in between.
 */
static int64_t
insist(const struct decision *decision, const struct record *record,
    int64_t deadline_s)
{
	int64_t start_s, last_s;

	if (deadline_s == 0)
		return 0;
	start_s = record->first_seen_s > decision->rule->since_s
	    ? record->first_seen_s
	    : decision->rule->since_s;
	last_s = (deadline_s - start_s) / 10;
	if (last_s < LAST_S)
		last_s = LAST_S;
	if (last_s > LAST_MOST_S)
		last_s = LAST_MOST_S;
	return deadline_s > last_s ? deadline_s - last_s : 1;
}

enum first
login_first(const struct policy *policy, const struct decision *decision,
    const struct record *record, int64_t now_s)
{
	if (record->devices.count > 0 || decision->mode == MODE_NONE ||
	    decision->mode == MODE_EXEMPT)
		return FIRST_NO;
	return first_device(policy, decision->mode, record, now_s,
	    deadline(decision, record, now_s));
}

/* The policy denies.  If it only could not decide about this user, an
 * administrator may have decided, with a pass code. */
static void
decide_denied(const struct decision *decision, const struct record *record,
    const struct login *login, struct outcome *ret)
{
	bool has_pass = record_codes_left(record, CODE_PASS, login->now_s) > 0;

	set_outcome(ret,
	    has_pass && reason_is_undecided(decision->reason)
		? VERDICT_CHALLENGE
		: VERDICT_DENY,
	    decision->reason);
	memcpy(ret->name, decision->name, sizeof(ret->name));
}

/* The user has no device. */
static void
decide_first(const struct policy *policy, enum mode mode,
    const struct record *record, const struct login *login, struct outcome *ret)
{
	note_first(policy, mode, record, login->now_s, ret);
	if (!record->enrolled_once &&
	    (mode == MODE_OPTIONAL || login->now_s < ret->deadline_s))
		decide_free(mode, record, login, ret);
	else
		decide_overdue(record, login, ret);
}

/* True if a code was given on this connection with another key.  sshd names the
 * key in a file of the user's, so a session can have named another one
 * since. */
static bool
is_of_other_key(const struct record *record, const struct login *login)
{
	for (size_t i = 0; i < record->verified.count; i++) {
		const struct verified *v = &record->verified.items[i];

		if (v->connection[0] != '\0' &&
		    strcmp(v->connection, login->connection) == 0 &&
		    !is_same_key(v, login))
			return true;
	}
	return false;
}

bool
login_has_hardware(const struct policy *policy, const struct decision *decision,
    const struct record *record, const struct login *login)
{
	if (login_is_blocked(record) || is_of_other_key(record, login))
		return false;
	switch (policy_hardware(policy, decision)) {
	case HARDWARE_KEYS_ENOUGH:
		return login->hardware == HARDWARE_TOUCH ||
		    login->hardware == HARDWARE_PIN;
	case HARDWARE_KEYS_WITH_PIN:
		return login->hardware == HARDWARE_PIN;
	case HARDWARE_KEYS_UNSAID:
	case HARDWARE_KEYS_ASKED:
		break;
	}
	return false;
}

/* For a user about whom the policy decides. */
static void
decide_by_mode(const struct policy *policy, const struct decision *decision,
    struct record *record, const struct login *login, struct outcome *ret)
{
	enum mode mode = decision->mode;

	login_note_visit(decision, record, login, ret);
	ret->deadline_s = deadline(decision, record, login->now_s);
	ret->insist_s = insist(decision, record, ret->deadline_s);
	/* One code opens a connection of the door, and a pass code is one. */
	if (login->by_door && is_connection_open(policy, record, login))
		set_outcome(ret, VERDICT_PASS, REASON_REMEMBERED);
	else if (mode == MODE_EXEMPT &&
	    !door_asks_exempt(policy, decision, record, login))
		set_outcome(ret, VERDICT_PASS, REASON_EXEMPT);
	else if (login_has_hardware(policy, decision, record, login))
		set_outcome(ret, VERDICT_PASS, REASON_HARDWARE_KEY);
	else if (record->devices.count > 0)
		decide_enrolled(policy, record, login, ret);
	else
		decide_first(policy, mode, record, login, ret);
}

void
login_decide(const struct policy *policy, const struct decision *decision,
    struct record *record, const struct login *login, struct outcome *ret)
{
	*ret = (struct outcome){.recovery_left = -1};
	if (decision->mode == MODE_NONE)
		decide_denied(decision, record, login, ret);
	else
		decide_by_mode(policy, decision, record, login, ret);
	if (login->door)
		door_decide(policy, decision, record, login, ret);
	if (ret->verdict == VERDICT_PASS)
		login_note_entry(record, login, true, ret);
}

/* Nothing else leaves a record like this: a plain revocation keeps the end of
 * its invitation, and users who remove their last device begin as everybody
 * does. */
bool
login_is_blocked(const struct record *record)
{
	return record->devices.count == 0 && record->enrolled_once &&
	    record->invited_until_s == 0;
}

static enum state
state_of(const struct policy *policy, const struct decision *decision,
    const struct record *record, int64_t now_s, bool hardware,
    int64_t *ret_deadline_s)
{
	const struct failures *f = &record->failures;

	*ret_deadline_s = deadline(decision, record, now_s);
	if (decision->mode == MODE_EXEMPT)
		return STATE_EXEMPT;
	if (login_wait(&policy->attempts, &f->known, false, now_s) != 0 ||
	    login_wait(&policy->attempts, &f->other, true, now_s) != 0)
		return STATE_LOCKED;
	if (record->devices.count > 0)
		return STATE_ENROLLED;
	if (hardware && !login_is_blocked(record))
		return STATE_HARDWARE;
	if ((record->invited_until_s > now_s &&
		policy->enrollment.self != SELF_CODE) ||
	    record_codes_left(record, CODE_ENROLL, now_s) > 0)
		return STATE_INVITED;
	if (login_is_blocked(record))
		return STATE_BLOCKED;
	/* Nobody can say if a device is required. */
	if (decision->mode == MODE_NONE &&
	    (decision->reason == REASON_UNKNOWN_GROUP ||
		decision->reason == REASON_GROUP_ERROR))
		return STATE_PENDING;
	if (decision->mode == MODE_OPTIONAL && !record->enrolled_once)
		return STATE_PENDING;
	if (decision->mode == MODE_REQUIRED && !record->enrolled_once &&
	    now_s < *ret_deadline_s)
		return STATE_GRACE;
	if (decision->mode != MODE_NONE &&
	    may_enroll_alone(
		policy, decision->mode, record, now_s, *ret_deadline_s))
		return STATE_INVITED;
	return STATE_OVERDUE;
}

enum state
login_state(const struct policy *policy, const struct decision *decision,
    const struct record *record, int64_t now_s, int64_t *ret_deadline_s)
{
	bool hardware = policy_hardware(policy, decision) !=
	    HARDWARE_KEYS_ASKED;

	return state_of(
	    policy, decision, record, now_s, hardware, ret_deadline_s);
}

enum state
login_state_keyless(const struct policy *policy,
    const struct decision *decision, const struct record *record, int64_t now_s)
{
	int64_t deadline_s;

	return state_of(policy, decision, record, now_s, false, &deadline_s);
}
