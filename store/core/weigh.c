#include <string.h>

#include "store/core/weigh.h"

#define ROW(kind, type, key, need, ...) \
	JSON_ROW_##kind(key, JSON_##need, struct type, __VA_ARGS__)

static const struct json_field loss_fields[] = {
    ROW(TEXT, loss, "user", MAYBE, user),
    ROW(FLAG, loss, "way_in", MAYBE, way_in),
    ROW(FLAG, loss, "keyless", MAYBE, keyless),
    ROW(FLAG, loss, "code", MAYBE, code),
    ROW(FLAG, loss, "grace", MAYBE, grace),
    ROW(TIME, loss, "until", MAYBE, until_s),
};
const struct json_shape loss_shape = JSON_SHAPE(loss_fields, NULL);

/* A user under one policy, at one address. */
struct standing {
	enum mode mode;
	enum state state;
	int64_t deadline_s;
	bool let_in;
	bool keyless; /* let in without a hardware key, too */
	bool asked;
};

static void
add_place(struct places *places, const struct address *address)
{
	if (places->count == WEIGH_PLACES)
		places->more = true;
	else
		places->at[places->count++] = *address;
}

static bool
has_network(const struct policy *policy, const struct prefix *network)
{
	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct rule *rule = &policy->rules.items[i];

		for (size_t k = 0; k < rule->from.count; k++)
			if (memcmp(&rule->from.items[k], network,
				sizeof(*network)) == 0)
				return true;
	}
	return false;
}

static bool
is_placed(const struct places *places, const struct address *address)
{
	for (size_t i = 0; i < places->count; i++)
		if (memcmp(&places->at[i], address, sizeof(*address)) == 0)
			return true;
	return false;
}

static struct address
last_of(const struct prefix *network)
{
	struct address last = network->address;

	for (size_t bit = network->bits; bit < 128; bit++)
		last.bytes[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
	return last;
}

/* Adds the ends of those networks of a policy that the other one has as well, or
 * of those that it has not. */
static void
add_places(const struct policy *policy, const struct policy *other,
    bool in_both, struct places *places)
{
	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct rule *rule = &policy->rules.items[i];

		for (size_t k = 0; k < rule->from.count; k++) {
			const struct prefix *network = &rule->from.items[k];
			struct address last = last_of(network);

			if (has_network(other, network) != in_both)
				continue;
			if (!is_placed(places, &network->address))
				add_place(places, &network->address);
			if (!is_placed(places, &last))
				add_place(places, &last);
		}
	}
}

void
weigh_places(
    const struct policy *old, const struct policy *new, struct places *ret)
{
	static const struct address nowhere;

	*ret = (struct places){.count = 0};
	add_place(ret, &nowhere);
	add_places(old, new, false, ret);
	add_places(new, old, false, ret);
	add_places(old, new, true, ret);
}

static bool
lets_in(enum state state)
{
	switch (state) {
	case STATE_EXEMPT:
	case STATE_ENROLLED:
	case STATE_HARDWARE:
	case STATE_INVITED:
	case STATE_GRACE:
	case STATE_PENDING:
		return true;
	case STATE_NONE:
	case STATE_LOCKED:
	case STATE_BLOCKED:
	case STATE_GONE:
	case STATE_OVERDUE:
		return false;
	}
	return false;
}

static void
stand(const struct policy *policy, const struct subject *subject,
    const struct record *record, struct standing *ret)
{
	bool device = record->devices.count > 0;
	struct decision decision;

	policy_decide(policy, subject, &decision);
	ret->mode = decision.mode;
	ret->state = login_state(
	    policy, &decision, record, subject->now_s, &ret->deadline_s);
	ret->asked = decision.mode == MODE_REQUIRED ||
	    (decision.mode == MODE_OPTIONAL && device);
	ret->let_in = decision.mode != MODE_NONE && lets_in(ret->state);
	ret->keyless = decision.mode != MODE_NONE &&
	    lets_in(
		login_state_keyless(policy, &decision, record, subject->now_s));
}

static void
compare(
    const struct standing *old, const struct standing *new, struct loss *ret)
{
	ret->way_in |= old->let_in && !new->let_in;
	ret->keyless |= old->keyless && new->let_in && !new->keyless;
	ret->code |= old->asked && new->let_in && !new->asked;
	if (old->state == STATE_GRACE && new->mode != MODE_EXEMPT &&
	    (!new->let_in ||
		(new->state ==
		    STATE_GRACE &&new->deadline_s < old->deadline_s))) {
		ret->grace = true;
		ret->until_s = old->deadline_s;
	}
}

bool
weigh(const struct policy *old, const struct policy *new,
    const struct places *places, const struct subject *subject,
    const struct record *record, struct loss *ret)
{
	struct loss loss = {.user = ""};
	struct subject there = *subject;
	/* A lock ends by itself; what it hides is what counts.  The copy shares
	 * the lists, which are only read. */
	struct record calm = *record;

	calm.failures = (struct failures){.known = {.count = 0}};
	for (size_t i = 0; i < places->count; i++) {
		struct standing before, after;

		there.address = &places->at[i];
		stand(old, &there, &calm, &before);
		stand(new, &there, &calm, &after);
		compare(&before, &after, &loss);
	}
	*ret = loss;
	explicit_bzero(&calm, sizeof(calm));
	return loss.way_in || loss.keyless || loss.code || loss.grace;
}
