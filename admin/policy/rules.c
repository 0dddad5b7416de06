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

struct ruling {
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
out_of_memory(struct ruling *ruling, const struct target *target)
{
	admin_say("%s: out of memory", target->text);
	ruling->broken = true;
	return false;
}

static const char was_required[] = "until now a code was required";

/* The rule of this target, at that index, as it is replaced by the command. */
static void
say_before(const struct policy *policy, const struct target *target,
    const struct ruling *ruling, size_t at, char ret[static BEFORE])
{
	const struct rule *rule = &policy->rules.items[at];
	bool requires = rule->mode == MODE_REQUIRED,
	     later = rule->grace.present;
	bool eases = ruling->mode != MODE_REQUIRED ||
	    (!later && ruling->grace.present);
	char networks[TARGET_NETWORKS], until[WHEN_TEXT];
	size_t len;

	when_format(rule->grace.until_s, until);
	if (requires && eases)
		snprintf(ret, BEFORE, "%s", was_required);
	else if (requires && later &&
	    rule->grace.until_s != ruling->grace.until_s)
		snprintf(ret, BEFORE, "until now from %s on", until);
	else if (rule->mode == MODE_EXEMPT && ruling->mode == MODE_REQUIRED)
		snprintf(ret, BEFORE, "until now exempt");
	target_exempt_from(policy, target, 0, at, networks);
	len = strlen(ret);
	if (ruling->mode == MODE_REQUIRED && networks[0] != '\0')
		snprintf(ret + len, BEFORE - len, "%sstill exempt from %s",
		    len > 0 ? ", " : "", networks);
}

/* A new rule stands before the exemptions that its target had. */
static void
say_lifted(const struct policy *policy, const struct target *target,
    const struct ruling *ruling, char ret[static BEFORE])
{
	char networks[TARGET_NETWORKS];

	target_exempt_from(policy, target, 0, policy->rules.count, networks);
	if (ruling->mode == MODE_REQUIRED && networks[0] != '\0')
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
    struct ruling *ruling, int number)
{
	int at = target_find(policy, target, &ruling->from);
	struct rule *rule;

	if (at >= 0)
		say_before(
		    policy, target, ruling, (size_t)at, ruling->before[number]);
	else
		say_lifted(policy, target, ruling, ruling->before[number]);
	rule = at >= 0
	    ? target_move_rule(policy, target, ruling->mode, (size_t)at)
	    : target_add_rule(policy, target, ruling->mode);
	if (rule == NULL || !target_add_from(rule, &ruling->from))
		return out_of_memory(ruling, target);
	memcpy(ruling->rules[number], rule->name, sizeof(rule->name));
	if (rule->mode != (int)ruling->mode || rule->since_s == 0 ||
	    (rule->grace.present && !ruling->grace.present))
		rule->since_s = ruling->now_s;
	rule->mode = (int)ruling->mode;
	rule->grace = ruling->grace;
	say_door(policy, rule, ruling->before[number]);
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
describe(struct ruling *ruling)
{
	char until[WHEN_TEXT], *ret = ruling->what;
	size_t size = sizeof(ruling->what);

	when_format(ruling->grace.until_s, until);
	switch (ruling->mode) {
	case MODE_NONE:
		snprintf(ret, size, "the rule is gone");
		return;
	case MODE_OPTIONAL:
		snprintf(ret, size,
		    "may set up a device, and is asked for a code once there is one");
		return;
	case MODE_EXEMPT:
		snprintf(ret, size, "never asked for a code%s%s",
		    ruling->admin->from != NULL ? " from " : "",
		    ruling->admin->from != NULL ? ruling->admin->from : "");
		return;
	case MODE_REQUIRED:
		snprintf(ret, size, "a code is required from %s on%s",
		    ruling->grace.present ? until : "now",
		    ruling->grace.present ? "; until then a device is optional"
					  : "");
		return;
	}
}

static int
apply(struct policy *policy, struct changes *changes, void *arg)
{
	struct ruling *ruling = arg;
	int made = 0;

	for (int i = 0; i < ruling->argc; i++) {
		struct target target = target_of(ruling->argv[i]);

		if (ruling->mode == MODE_NONE)
			ruling->done[i] = remove_rules(
			    policy, &target, ruling->before[i]);
		else if (target_exists(&target))
			ruling->done[i] = set_rule(policy, &target, ruling, i);
		else
			target_say_unknown(&target);
		if (ruling->done[i] &&
		    !changes_add(changes, "%s %s: %s", ruling->command,
			target.text, ruling->what))
			ruling->done[i] = out_of_memory(ruling, &target);
		made += ruling->done[i];
		ruling->failed += !ruling->done[i];
	}
	return ruling->broken ? -1 : made;
}

static int
rule(struct ruling *ruling, const char *command)
{
	static char rules[ADMIN_TARGETS][RULE_TEXT];
	static char before[ADMIN_TARGETS][BEFORE];
	bool done[ADMIN_TARGETS] = {false};
	char line[sizeof(ruling->what) + BEFORE + 4];
	int status;

	if (ruling->argc < 1)
		return ADMIN_MISUSED;
	if (ruling->argc > ADMIN_TARGETS) {
		admin_say("at most %d targets at once", ADMIN_TARGETS);
		return ADMIN_USAGE;
	}
	ruling->done = done;
	ruling->before = before;
	ruling->rules = rules;
	ruling->command = command;
	describe(ruling);
	status = admin_change(ruling->admin, apply, ruling);
	if (status != ADMIN_DONE)
		return status;
	for (int i = 0; i < ruling->argc; i++) {
		snprintf(line, sizeof(line), "%s%s%.*s%s", ruling->what,
		    before[i][0] != '\0' ? " (" : "", BEFORE - 1, before[i],
		    before[i][0] != '\0' ? ")" : "");
		if (done[i])
			admin_done(ruling->admin, ruling->argv[i], line);
	}
	if (ruling->mode == MODE_REQUIRED && !ruling->grace.present &&
	    ruling->failed < ruling->argc)
		admin_say_shut_out(
		    ruling->admin, rules, ruling->argv, ruling->argc);
	return ruling->failed > 0 ? ADMIN_NOT : ADMIN_DONE;
}

static struct ruling
ruling_of(struct admin *admin, enum mode mode, int argc, char **argv)
{
	return (struct ruling){.admin = admin,
	    .mode = mode,
	    .now_s = time(NULL),
	    .argc = argc,
	    .argv = argv};
}

int
admin_enable(struct admin *admin, int argc, char **argv)
{
	struct ruling ruling = ruling_of(admin, MODE_OPTIONAL, argc, argv);

	return rule(&ruling, "enable");
}

int
admin_disable(struct admin *admin, int argc, char **argv)
{
	struct ruling ruling = ruling_of(admin, MODE_NONE, argc, argv);

	return rule(&ruling, "disable");
}

int
admin_exempt(struct admin *admin, int argc, char **argv)
{
	struct ruling ruling = ruling_of(admin, MODE_EXEMPT, argc, argv);

	if (admin->from != NULL && !prefix_parse(admin->from, &ruling.from)) {
		admin_say("%s: not a network such as 10.2.0.0/16 or "
			  "2001:db8::/32, with all bits behind the prefix zero",
		    admin->from);
		return ADMIN_USAGE;
	}
	return rule(&ruling, "exempt");
}

int
admin_enforce(struct admin *admin, int argc, char **argv)
{
	struct ruling ruling = ruling_of(admin, MODE_REQUIRED, argc, argv);
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
		ruling.grace.until_s = ruling.now_s + grace_s;
	} else if (admin->until != NULL) {
		if (duration_parse(admin->until, &grace_s)) {
			admin_say("--until takes a date; for a time from now "
				  "use --grace %s",
			    admin->until);
			return ADMIN_USAGE;
		}
		if (!admin_time(
			admin->until, ruling.now_s, &ruling.grace.until_s))
			return ADMIN_USAGE;
		if (ruling.grace.until_s <= ruling.now_s) {
			admin_say("%s is in the past", admin->until);
			return ADMIN_USAGE;
		}
	}
	ruling.grace.present = ruling.grace.until_s > 0;
	return rule(&ruling, "enforce");
}
