/*
 * The rule of a target in a policy: found, added, moved.
 *
 * A target is a user, a @group, or '*' for everyone.  "enforce" and its like
 * keep one rule for each target alone, and one for each network that the target
 * is exempt from:
 *
 *	struct target target = target_of("@staff");
 *	at = target_find(policy, &target, &from, KEPT_RULE);
 *	rule = at >= 0 ? target_move_rule(policy, &target, mode, at)
 *		       : target_add_rule(policy, &target, mode);
 *	target_add_from(rule, &from);
 */
#ifndef TFA_TARGET_H
#define TFA_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "store/core/policy.h"

struct target {
	const char *text; /* as given: "alice", "@staff" */
	const char *name; /* without the @ */
	bool is_group;
};

struct target target_of(const char *text);

/*
 * True if passwd or group has the target.  A rule for an unknown group would
 * refuse everyone who reaches it.
 */
bool target_exists(const struct target *target);
void target_say_unknown(const struct target *target);

/* True if the rule is for this target and for nobody else. */
bool target_is_alone(const struct rule *rule, const struct target *target);

enum kept { KEPT_RULE = 0, KEPT_EXEMPTION };

/*
 * The index of the rule for this target alone and this network, or -1.  A zero
 * from stands for a rule without networks.  KEPT_EXEMPTION: only an exempt rule
 * will do; else one without an end.
 */
int target_find(const struct policy *policy, const struct target *target,
    const struct prefix *from, enum kept kept);

/*
 * Removes the exemptions of this target alone, from this network, that have an
 * end.  *ret_until_s: the latest end, 0 if there was none.
 */
void target_drop_temporary(struct policy *policy, const struct target *target,
    const struct prefix *from, int64_t *ret_until_s);

/* Inserts a rule where it belongs.  NULL without memory. */
struct rule *target_add_rule(
    struct policy *policy, const struct target *target, enum mode mode);

/*
 * Moves the rule at that index forward if it has networks: behind a rule for
 * all networks it would never decide, and the last command is to count.
 * Returns the rule.
 */
struct rule *target_move_rule(struct policy *policy,
    const struct target *target, enum mode mode, size_t at);

#define TARGET_NETWORKS 128

/*
 * ret: the networks from which rules for this target alone, with an index from
 * first to before end, exempt it: "10.2.0.0/16, 10.3.0.0/16", or "".
 */
void
target_exempt_from(const struct policy *policy, const struct target *target,
    size_t first, size_t end, char ret[static TARGET_NETWORKS]);

/* Limits a rule to a network; a zero from changes nothing.  False without
 * memory. */
bool target_add_from(struct rule *rule, const struct prefix *from);

#endif
