#include <stdlib.h>
#include <string.h>

#include "admin/metrics/metrics.h"
#include "store/base/when.h"

/* As if nobody had logged in yet: the end is then the rule's own. */
#define MUCH_LATER_S (WHEN_LAST_S / 2)

bool
metrics_is_next(const struct metrics *metrics, int64_t one_s, int64_t so_far_s)
{
	return one_s > metrics->now_s && (so_far_s == 0 || one_s < so_far_s);
}

/* NULL without memory. */
static struct metrics_end *
end_of(struct metrics *metrics, const char *target)
{
	struct metrics_end *end;

	for (size_t i = 0; i < metrics->ends.count; i++)
		if (strcmp(metrics->ends.items[i].target, target) == 0)
			return &metrics->ends.items[i];
	end = list_add(&metrics->ends, sizeof(*end));
	if (end != NULL)
		snprintf(end->target, sizeof(end->target), "%s", target);
	return end;
}

/* The rule's first group, or everyone, or "users": no user is named. */
static void
say_target(const struct rule *rule, char ret[static RULE_TEXT])
{
	snprintf(ret, RULE_TEXT, "users");
	list_each(const struct name, user, rule->users)
		if (strcmp(user->text, "*") == 0)
			snprintf(ret, RULE_TEXT, "*");
	if (rule->groups.count > 0 && rule->groups.items[0].text[0] != '!')
		snprintf(ret, RULE_TEXT, "@%.*s", USER_TEXT - 1,
		    rule->groups.items[0].text);
}

static int64_t
grace_end(const struct rule *rule)
{
	return rule->mode == MODE_REQUIRED ? policy_deadline(rule, MUCH_LATER_S)
					   : 0;
}

bool
metrics_add_ends(struct metrics *metrics, const struct policy *policy)
{
	char target[RULE_TEXT];

	list_each(const struct rule, rule, policy->rules) {
		int64_t grace_s = grace_end(rule), exempt_s = rule->until_s;
		struct metrics_end *end;

		if (grace_s <= metrics->now_s && exempt_s <= metrics->now_s)
			continue;
		say_target(rule, target);
		end = end_of(metrics, target);
		if (end == NULL)
			return false;
		if (metrics_is_next(metrics, grace_s, end->grace_s))
			end->grace_s = grace_s;
		if (metrics_is_next(metrics, exempt_s, end->exemption_s))
			end->exemption_s = exempt_s;
	}
	return true;
}

void
metrics_done(struct metrics *metrics)
{
	free(metrics->groups.items);
	free(metrics->ends.items);
	*metrics = (struct metrics){.now_s = 0};
}
