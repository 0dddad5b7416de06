/*
 * forward: to whom the door opens.
 *
 * It changes rules and makes none.  A rule says first whether a code is
 * required, which no word about forwarding may settle.
 */
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/policy/target.h"

#define UNTIL_NOW 64

struct forwarding_change {
	enum forwarding forwarding;
	int argc;
	char **argv;
	bool done[ADMIN_TARGETS];
	char before[ADMIN_TARGETS][UNTIL_NOW]; /* what held until now, or "" */
	bool bare;     /* it opens the door to an exempt user */
	size_t others; /* rules that say it themselves, beside '*' */
	char other[RULE_TEXT];
	int failed;
	bool broken;
};

static const char *
say_forwarding(enum forwarding forwarding)
{
	switch (forwarding) {
	case FORWARDING_AFTER_CODE:
		return "may forward after a code";
	case FORWARDING_OPEN:
		return "may forward whenever let in";
	case FORWARDING_UNSAID:
	case FORWARDING_CLOSED:
		break;
	}
	return "may not forward";
}

static enum forwarding
forwarding_of(const struct policy *policy, const struct rule *rule, int mode)
{
	struct decision decision = {.mode = (enum mode)mode, .rule = rule};

	return policy_forwarding(policy, &decision);
}

static void
say_until_now(struct forwarding_change *change, int number, enum forwarding was)
{
	if (was != change->forwarding)
		snprintf(change->before[number], UNTIL_NOW, " (until now %s)",
		    forwarding_names[was]);
}

/* The rules for this target alone: each network has one.  Returns how many
 * there are. */
static size_t
set_rules(struct policy *policy, const struct target *target,
    struct forwarding_change *change, int number)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->rules.count; i++) {
		struct rule *rule = &policy->rules.items[i];

		if (!target_is_alone(rule, target))
			continue;
		say_until_now(
		    change, number, forwarding_of(policy, rule, rule->mode));
		rule->forwarding = (int)change->forwarding;
		change->bare |= rule->mode == MODE_EXEMPT;
		count++;
	}
	return count;
}

/* A rule for '*' alone leaves it to the top, unless it was written there. */
static void
set_top(struct policy *policy, struct forwarding_change *change, int number)
{
	struct target everyone = target_of("*");

	say_until_now(
	    change, number, forwarding_of(policy, NULL, policy->otherwise));
	policy->forwarding = (int)change->forwarding;
	change->bare |= policy->otherwise == MODE_EXEMPT;
	for (size_t i = 0; i < policy->rules.count; i++) {
		struct rule *rule = &policy->rules.items[i];

		if (target_is_alone(rule, &everyone))
			rule->forwarding = FORWARDING_UNSAID;
		if (rule->forwarding == FORWARDING_UNSAID)
			change->bare |= rule->mode == MODE_EXEMPT;
		else if (change->others++ == 0)
			memcpy(change->other, rule->name, sizeof(rule->name));
	}
}

static bool
set_target(struct policy *policy, const struct target *target,
    struct forwarding_change *change, int number)
{
	if (strcmp(target->text, "*") == 0) {
		set_top(policy, change, number);
		return true;
	}
	if (set_rules(policy, target, change, number) > 0)
		return true;
	if (target_exists(target))
		admin_say("%s: no rule is for this target alone; make one "
			  "first, which says if a code is required: tfa-admin "
			  "enforce, enable or exempt",
		    target->text);
	else
		target_say_unknown(target);
	return false;
}

static int
apply_forwarding(struct policy *policy, struct changes *changes, void *arg)
{
	struct forwarding_change *change = arg;
	int made = 0;

	for (int i = 0; i < change->argc; i++) {
		struct target target = target_of(change->argv[i]);

		change->done[i] = set_target(policy, &target, change, i);
		if (change->done[i] &&
		    !changes_add(changes, "forward %s: %s", target.text,
			forwarding_names[change->forwarding])) {
			admin_say("%s: out of memory", target.text);
			change->broken = true;
		}
		made += change->done[i];
		change->failed += !change->done[i];
	}
	return change->broken ? -1 : made;
}

static void
print_forwarding(
    const struct admin *admin, const struct forwarding_change *change)
{
	char line[UNTIL_NOW + 64];

	for (int i = 0; i < change->argc; i++) {
		if (!change->done[i])
			continue;
		snprintf(line, sizeof(line), "%s%s",
		    say_forwarding(change->forwarding), change->before[i]);
		admin_done(admin, change->argv[i], line);
	}
	if (change->bare && change->forwarding == FORWARDING_OPEN)
		admin_say("exempt users forward with their key alone now");
	if (change->others == 1)
		admin_say("rule \"%s\" says it itself, and stays as it is",
		    change->other);
	else if (change->others > 1)
		admin_say("rule \"%s\" and %zu more say it themselves, and "
			  "stay as they are",
		    change->other, change->others - 1);
}

/* FORWARDING_UNSAID for any other word. */
static enum forwarding
read_forwarding(const char *text)
{
	for (int i = FORWARDING_CLOSED; i <= FORWARDING_OPEN; i++)
		if (strcmp(text, forwarding_names[i]) == 0)
			return (enum forwarding)i;
	return FORWARDING_UNSAID;
}

int
admin_forward(struct admin *admin, int argc, char **argv)
{
	static struct forwarding_change change;
	int status;

	if (argc < 2)
		return ADMIN_MISUSED;
	change.forwarding = read_forwarding(argv[argc - 1]);
	if (change.forwarding == FORWARDING_UNSAID) {
		admin_say("%s: the last word is closed, after-code or open",
		    argv[argc - 1]);
		return ADMIN_MISUSED;
	}
	change.argc = argc - 1;
	change.argv = argv;
	if (change.argc > ADMIN_TARGETS) {
		admin_say("at most %d targets at once", ADMIN_TARGETS);
		return ADMIN_USAGE;
	}
	status = admin_change(admin, apply_forwarding, &change);
	if (status != ADMIN_DONE)
		return status;
	print_forwarding(admin, &change);
	return change.failed > 0 ? ADMIN_NOT : ADMIN_DONE;
}
