/*
 * enable, enforce, exempt, disable: one rule for each target.
 *
 * The first rule that matches decides, so a rule for one user goes to the
 * front, an exempt group behind those, and any other group to the end, before
 * a rule for everyone.
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/admin.h"
#include "admin/policy/target.h"
#include "store/base/when.h"

#define BEFORE (TARGET_NETWORKS + 80)

struct rule_change {
	struct admin *admin;
	enum mode mode; /* MODE_NONE for disable */
	int64_t now_s;
	struct grace grace;
	struct prefix from;
	int argc;
	char **argv;
	const char *command;
	char what[160];           /* what the command does to a target */
	bool *done;               /* for each target */
	char (*rules)[RULE_TEXT]; /* for each: the name of its rule, or "" */
	char (*before)[BEFORE];   /* for each: what it was until now, or "" */
	int failed;
	bool broken;
};

/* Marks the whole command as failed: half of it must not be written. */
static bool
out_of_memory(struct rule_change *change, const struct target *target)
{
	admin_say("%s: out of memory", target->text);
	change->broken = true;
	return false;
}

static const char was_required[] = "until now a code was required";

/* The rule of this target, at that index, as it is replaced by the command. */
static void
say_before(const struct policy *policy, const struct target *target,
    const struct rule_change *change, size_t at, char ret[static BEFORE])
{
	const struct rule *rule = &policy->rules.items[at];
	bool requires = rule->mode == MODE_REQUIRED,
	     later = rule->grace.present;
	bool eases = change->mode != MODE_REQUIRED ||
	    (!later && change->grace.present);
	char networks[TARGET_NETWORKS], until[WHEN_TEXT];
	size_t len;

	when_format(rule->grace.until_s, until);
	if (requires && eases)
		snprintf(ret, BEFORE, "%s", was_required);
	else if (requires && later &&
	    rule->grace.until_s != change->grace.until_s)
		snprintf(ret, BEFORE, "until now from %s on", until);
	else if (rule->mode == MODE_EXEMPT && change->mode == MODE_REQUIRED)
		snprintf(ret, BEFORE, "until now exempt");
	target_exempt_from(policy, target, 0, at, networks);
	len = strlen(ret);
	if (change->mode == MODE_REQUIRED && networks[0] != '\0')
		snprintf(ret + len, BEFORE - len, "%sstill exempt from %s",
		    len > 0 ? ", " : "", networks);
}

/* A new rule stands before the exemptions that its target had. */
static void
say_lifted(const struct policy *policy, const struct target *target,
    const struct rule_change *change, char ret[static BEFORE])
{
	char networks[TARGET_NETWORKS];

	target_exempt_from(policy, target, 0, policy->rules.count, networks);
	if (change->mode == MODE_REQUIRED && networks[0] != '\0')
		snprintf(ret, BEFORE, "until now exempt from %s", networks);
}

/* Says that an exempt user forwards without a code. */
static void
say_door(const struct policy *policy, const struct rule *rule,
    char ret[static BEFORE])
{
	struct decision decision = {
	    .mode = (enum mode)rule->mode, .rule = rule};
	size_t len = strlen(ret);

	if (rule->mode == MODE_EXEMPT &&
	    policy_forwarding(policy, &decision) == FORWARDING_OPEN)
		snprintf(ret + len, BEFORE - len,
		    "%sforwards with the key alone", len > 0 ? ", " : "");
}

static bool
set_rule(struct policy *policy, const struct target *target,
    struct rule_change *change, int number)
{
	int at = target_find(policy, target, &change->from);
	struct rule *rule;

	if (at >= 0)
		say_before(
		    policy, target, change, (size_t)at, change->before[number]);
	else
		say_lifted(policy, target, change, change->before[number]);
	rule = at >= 0
	    ? target_move_rule(policy, target, change->mode, (size_t)at)
	    : target_add_rule(policy, target, change->mode);
	if (rule == NULL || !target_add_from(rule, &change->from))
		return out_of_memory(change, target);
	memcpy(change->rules[number], rule->name, sizeof(rule->name));
	if (rule->mode != (int)change->mode || rule->since_s == 0 ||
	    (rule->grace.present && !change->grace.present))
		rule->since_s = change->now_s;
	rule->mode = (int)change->mode;
	rule->grace = change->grace;
	say_door(policy, rule, change->before[number]);
	return true;
}

static bool
remove_rules(struct policy *policy, const struct target *target,
    char ret_before[static BEFORE])
{
	bool found = false;

	for (size_t i = policy->rules.count; i-- > 0;) {
		if (!target_is_alone(&policy->rules.items[i], target))
			continue;
		if (policy->rules.items[i].mode == MODE_REQUIRED)
			snprintf(ret_before, BEFORE, "%s", was_required);
		policy_rule_done(&policy->rules.items[i]);
		list_drop(&policy->rules, sizeof(struct rule), i);
		found = true;
	}
	if (!found)
		admin_say("%s: no rule is for this target alone: see tfa-admin "
			  "policy show",
		    target->text);
	return found;
}

static void
describe(struct rule_change *change)
{
	char until[WHEN_TEXT], *ret = change->what;
	size_t size = sizeof(change->what);

	when_format(change->grace.until_s, until);
	switch (change->mode) {
	case MODE_NONE:
		snprintf(ret, size, "the rule is gone");
		return;
	case MODE_OPTIONAL:
		snprintf(ret, size,
		    "may set up a device, and is asked for a code once there is one");
		return;
	case MODE_EXEMPT:
		snprintf(ret, size, "never asked for a code%s%s",
		    change->admin->from != NULL ? " from " : "",
		    change->admin->from != NULL ? change->admin->from : "");
		return;
	case MODE_REQUIRED:
		snprintf(ret, size, "a code is required from %s on%s",
		    change->grace.present ? until : "now",
		    change->grace.present ? "; until then a device is optional"
					  : "");
		return;
	}
}

static int
apply(struct policy *policy, struct changes *changes, void *arg)
{
	struct rule_change *change = arg;
	int made = 0;

	for (int i = 0; i < change->argc; i++) {
		struct target target = target_of(change->argv[i]);

		if (change->mode == MODE_NONE)
			change->done[i] = remove_rules(
			    policy, &target, change->before[i]);
		else if (target_exists(&target))
			change->done[i] = set_rule(policy, &target, change, i);
		else
			target_say_unknown(&target);
		if (change->done[i] &&
		    !changes_add(changes, "%s %s: %s", change->command,
			target.text, change->what))
			change->done[i] = out_of_memory(change, &target);
		made += change->done[i];
		change->failed += !change->done[i];
	}
	return change->broken ? -1 : made;
}

static int
rule(struct rule_change *change, const char *command)
{
	static char rules[ADMIN_TARGETS][RULE_TEXT];
	static char before[ADMIN_TARGETS][BEFORE];
	bool done[ADMIN_TARGETS] = {false};
	char line[sizeof(change->what) + BEFORE + 4];
	int status;

	if (change->argc < 1)
		return ADMIN_MISUSED;
	if (change->argc > ADMIN_TARGETS) {
		admin_say("at most %d targets at once", ADMIN_TARGETS);
		return ADMIN_USAGE;
	}
	change->done = done;
	change->before = before;
	change->rules = rules;
	change->command = command;
	describe(change);
	status = admin_change(change->admin, apply, change);
	if (status != ADMIN_DONE)
		return status;
	for (int i = 0; i < change->argc; i++) {
		snprintf(line, sizeof(line), "%s%s%.*s%s", change->what,
		    before[i][0] != '\0' ? " (" : "", BEFORE - 1, before[i],
		    before[i][0] != '\0' ? ")" : "");
		if (done[i])
			admin_done(change->admin, change->argv[i], line);
	}
	if (change->mode == MODE_REQUIRED && !change->grace.present &&
	    change->failed < change->argc)
		admin_say_shut_out(
		    change->admin, rules, change->argv, change->argc);
	return change->failed > 0 ? ADMIN_NOT : ADMIN_DONE;
}

static struct rule_change
change_of(struct admin *admin, enum mode mode, int argc, char **argv)
{
	return (struct rule_change){.admin = admin,
	    .mode = mode,
	    .now_s = time(NULL),
	    .argc = argc,
	    .argv = argv};
}

int
admin_enable(struct admin *admin, int argc, char **argv)
{
	struct rule_change change = change_of(admin, MODE_OPTIONAL, argc, argv);

	return rule(&change, "enable");
}

int
admin_disable(struct admin *admin, int argc, char **argv)
{
	struct rule_change change = change_of(admin, MODE_NONE, argc, argv);

	return rule(&change, "disable");
}

int
admin_exempt(struct admin *admin, int argc, char **argv)
{
	struct rule_change change = change_of(admin, MODE_EXEMPT, argc, argv);

	if (admin->from != NULL && !prefix_parse(admin->from, &change.from)) {
		admin_say("%s: not a network such as 10.2.0.0/16 or "
			  "2001:db8::/32, with all bits behind the prefix zero",
		    admin->from);
		return ADMIN_USAGE;
	}
	return rule(&change, "exempt");
}

int
admin_enforce(struct admin *admin, int argc, char **argv)
{
	struct rule_change change = change_of(admin, MODE_REQUIRED, argc, argv);
	int64_t grace_s = 0;

	if (admin->grace != NULL && admin->until != NULL) {
		admin_say("--grace and --until exclude each other: give one");
		return ADMIN_MISUSED;
	}
	if (admin->grace != NULL) {
		if (!duration_parse(admin->grace, &grace_s)) {
			admin_say("%s: not a duration: write 14d, 8h or 15m",
			    admin->grace);
			return ADMIN_USAGE;
		}
		change.grace.until_s = change.now_s + grace_s;
	} else if (admin->until != NULL) {
		if (duration_parse(admin->until, &grace_s)) {
			admin_say("--until takes a date; for a time from now "
				  "use --grace %s",
			    admin->until);
			return ADMIN_USAGE;
		}
		if (!admin_time(
			admin->until, change.now_s, &change.grace.until_s))
			return ADMIN_USAGE;
		if (change.grace.until_s <= change.now_s) {
			admin_say("%s is in the past", admin->until);
			return ADMIN_USAGE;
		}
	}
	change.grace.present = change.grace.until_s > 0;
	return rule(&change, "enforce");
}
