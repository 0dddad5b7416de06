/*
 * enable, enforce, exempt, disable: one rule for each target.
 *
 * The first rule that matches decides, so a rule for one user goes to the
 * front, an exempt group behind those, and any other group to the end, before
 * a rule for everyone.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/admin.h"
#include "store/base/utf8.h"
#include "store/base/when.h"

struct target {
	const char *text; /* as given: "alice", "@staff" */
	const char *name; /* without the @ */
	bool is_group;
};

struct ruling {
	struct admin *admin;
	enum mode mode; /* MODE_NONE: disable */
	int64_t now_s;
	struct grace grace;
	struct prefix from;
	int argc;
	char **argv;
	const char *command;
	char what[160];           /* it does to a target */
	bool *done;               /* for each target */
	char (*rules)[RULE_TEXT]; /* likewise: the name of its rule, or "" */
	bool *eased; /* likewise: a rule of its own required a code */
	int failed;
	bool broken;
};

static struct target
target_of(const char *text)
{
	return (struct target){.text = text,
	    .name = text + (text[0] == '@'),
	    .is_group = text[0] == '@'};
}

/* An unknown group would shut out everyone who comes to its rule. */
static bool
is_known(const struct target *target)
{
	if (target->name[0] == '\0' || target->name[0] == '!' ||
	    strlen(target->name) >= USER_TEXT)
		return false;
	if (target->is_group)
		return getgrnam(target->name) != NULL;
	return strcmp(target->name, "*") == 0 || getpwnam(target->name) != NULL;
}

static void
say_unknown(const struct target *target)
{
	bool is_group = !target->is_group && getgrnam(target->name) != NULL;

	admin_say("%s: there is no such %s%s%s", target->text,
	    target->is_group ? "group" : "user",
	    is_group ? "; for the group: @" : "", is_group ? target->name : "");
}

static bool
names_only(const struct rule *rule, const struct target *target)
{
	size_t users = target->is_group ? 0 : 1;

	if (rule->users.count != users || rule->groups.count != 1 - users)
		return false;
	return strcmp(users ? rule->users.items[0].text
			    : rule->groups.items[0].text,
		   target->name) == 0;
}

static bool
has_same_from(const struct rule *rule, const struct prefix *from)
{
	static const struct prefix none;

	if (memcmp(from, &none, sizeof(none)) == 0)
		return rule->from.count == 0;
	return rule->from.count == 1 &&
	    memcmp(&rule->from.items[0], from, sizeof(*from)) == 0;
}

/* The rule for this target alone, or -1. */
static int
find(const struct policy *policy, const struct target *target,
    const struct prefix *from)
{
	for (size_t i = 0; i < policy->rules.count; i++)
		if (names_only(&policy->rules.items[i], target) &&
		    has_same_from(&policy->rules.items[i], from))
			return (int)i;
	return -1;
}

static bool
is_for_one_user(const struct rule *rule)
{
	return rule->groups.count == 0 && rule->users.count == 1 &&
	    strcmp(rule->users.items[0].text, "*") != 0;
}

static bool
is_for_everyone(const struct rule *rule)
{
	for (size_t i = 0; i < rule->users.count; i++)
		if (strcmp(rule->users.items[i].text, "*") == 0)
			return true;
	return false;
}

static size_t
place_for(
    const struct policy *policy, const struct target *target, enum mode mode)
{
	bool everyone = !target->is_group && strcmp(target->name, "*") == 0;
	size_t i = 0;

	if (!target->is_group && !everyone)
		return 0;
	while (i < policy->rules.count &&
	    (mode == MODE_EXEMPT
		    ? is_for_one_user(&policy->rules.items[i])
		    : everyone || !is_for_everyone(&policy->rules.items[i])))
		i++;
	return i;
}

/* A name that no other rule has. */
static void
name_rule(
    const struct policy *policy, const char *wanted, char ret[static RULE_TEXT])
{
	char start[RULE_TEXT - 12];
	bool taken = true;

	utf8_clean(wanted, strlen(wanted), start, sizeof(start));
	snprintf(ret, RULE_TEXT, "%s", wanted);
	for (int n = 2; taken; n++) {
		taken = false;
		for (size_t i = 0; i < policy->rules.count; i++)
			taken |= strcmp(policy->rules.items[i].name, ret) == 0;
		if (taken)
			snprintf(ret, RULE_TEXT, "%s-%d", start, n);
	}
}

/* A new rule for the target, at its place; NULL without memory. */
static struct rule *
add(struct policy *policy, const struct target *target,
    const struct ruling *ruling)
{
	size_t at = place_for(policy, target, ruling->mode);
	struct rule rule = {.mode = (int)ruling->mode};
	struct name *name = json_list_add(
	    target->is_group ? (void *)&rule.groups : (void *)&rule.users,
	    sizeof(*name));

	if (name == NULL)
		return NULL;
	snprintf(name->text, sizeof(name->text), "%s", target->name);
	name_rule(policy, target->text, rule.name);
	if (json_list_add(&policy->rules, sizeof(rule)) == NULL)
		return NULL;
	memmove(&policy->rules.items[at + 1], &policy->rules.items[at],
	    (policy->rules.count - 1 - at) * sizeof(rule));
	policy->rules.items[at] = rule;
	return &policy->rules.items[at];
}

static bool
add_from(struct rule *rule, const struct prefix *from)
{
	struct prefix *added;

	if (has_same_from(rule, from))
		return true;
	added = json_list_add(&rule->from, sizeof(*added));
	if (added != NULL)
		*added = *from;
	return added != NULL;
}

/* Half of what was asked for must not be written. */
static bool
out_of_memory(struct ruling *ruling, const struct target *target)
{
	admin_say("%s: out of memory", target->text);
	ruling->broken = true;
	return false;
}

/* A rule for an address that stands behind one for all of them never decides:
 * what is asked for last, counts. */
static struct rule *
bring_forward(struct policy *policy, size_t at, size_t place)
{
	struct rule *rules = policy->rules.items, rule = rules[at];

	if (rule.from.count == 0 || at <= place)
		return &rules[at];
	memmove(&rules[place + 1], &rules[place], (at - place) * sizeof(rule));
	rules[place] = rule;
	return &rules[place];
}

static bool
put(struct policy *policy, const struct target *target, struct ruling *ruling,
    int number)
{
	int at = find(policy, target, &ruling->from);
	struct rule *rule = at >= 0
	    ? bring_forward(
		  policy, (size_t)at, place_for(policy, target, ruling->mode))
	    : add(policy, target, ruling);

	if (rule == NULL || !add_from(rule, &ruling->from))
		return out_of_memory(ruling, target);
	memcpy(ruling->rules[number], rule->name, sizeof(rule->name));
	ruling->eased[number] = rule->mode == MODE_REQUIRED &&
	    ruling->mode != MODE_REQUIRED;
	if (rule->mode != (int)ruling->mode || rule->since_s == 0 ||
	    (rule->grace.present && !ruling->grace.present))
		rule->since_s = ruling->now_s;
	rule->mode = (int)ruling->mode;
	rule->grace = ruling->grace;
	return true;
}

static bool
take_away(struct policy *policy, const struct target *target, bool *ret_eased)
{
	bool found = false;

	for (size_t i = policy->rules.count; i-- > 0;) {
		if (!names_only(&policy->rules.items[i], target))
			continue;
		*ret_eased |= policy->rules.items[i].mode == MODE_REQUIRED;
		policy_rule_done(&policy->rules.items[i]);
		json_list_drop(&policy->rules, sizeof(struct rule), i);
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
			ruling->done[i] = take_away(
			    policy, &target, &ruling->eased[i]);
		else if (is_known(&target))
			ruling->done[i] = put(policy, &target, ruling, i);
		else
			say_unknown(&target);
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
	bool done[ADMIN_TARGETS] = {false}, eased[ADMIN_TARGETS] = {false};
	char line[sizeof(ruling->what) + 48];
	int status;

	if (ruling->argc < 1)
		return ADMIN_MISUSED;
	if (ruling->argc > ADMIN_TARGETS) {
		admin_say("at most %d targets at once", ADMIN_TARGETS);
		return ADMIN_USAGE;
	}
	ruling->done = done;
	ruling->eased = eased;
	ruling->rules = rules;
	ruling->command = command;
	describe(ruling);
	status = admin_change(ruling->admin, apply, ruling);
	if (status != ADMIN_DONE)
		return status;
	for (int i = 0; i < ruling->argc; i++) {
		snprintf(line, sizeof(line), "%s%s", ruling->what,
		    eased[i] ? " (until now a code was required)" : "");
		if (done[i])
			admin_done(ruling->admin, ruling->argv[i], line);
	}
	if (ruling->mode == MODE_REQUIRED && !ruling->grace.present &&
	    ruling->failed < ruling->argc)
		admin_say_shut_out(
		    ruling->admin, rules, ruling->argv, ruling->argc);
	return ruling->failed > 0 ? ADMIN_NOT : ADMIN_DONE;
}

int
admin_enable(struct admin *admin, int argc, char **argv)
{
	struct ruling ruling = {.admin = admin,
	    .mode = MODE_OPTIONAL,
	    .now_s = time(NULL),
	    .argc = argc,
	    .argv = argv};

	return rule(&ruling, "enable");
}

int
admin_disable(struct admin *admin, int argc, char **argv)
{
	struct ruling ruling = {.admin = admin,
	    .mode = MODE_NONE,
	    .now_s = time(NULL),
	    .argc = argc,
	    .argv = argv};

	return rule(&ruling, "disable");
}

int
admin_exempt(struct admin *admin, int argc, char **argv)
{
	struct ruling ruling = {.admin = admin,
	    .mode = MODE_EXEMPT,
	    .now_s = time(NULL),
	    .argc = argc,
	    .argv = argv};

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
	struct ruling ruling = {.admin = admin,
	    .mode = MODE_REQUIRED,
	    .now_s = time(NULL),
	    .argc = argc,
	    .argv = argv};
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
