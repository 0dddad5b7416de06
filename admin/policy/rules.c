/*
 * enable, enforce, exempt, disable: one rule for each target.
 *
 * The first rule that matches decides, so a rule for one user goes to the
 * front, an exempt group behind those, and any other group to the end, before
 * a rule for everyone.
 */
#include <pwd.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "admin/admin.h"
#include "admin/policy/target.h"
#include "store/base/when.h"
#include "store/system/groups.h"

#define BEFORE (TARGET_NETWORKS + 80)

struct rule_change {
	struct admin *admin;
	enum mode mode; /* MODE_NONE for disable */
	int64_t now_s;
	struct grace grace;
	struct prefix from;
	int64_t until_s; /* exempt: the end; 0: none */
	int argc;
	char **argv;
	const char *command;
	char what[160];         /* what the command does to a target */
	bool *done;             /* for each target */
	char (*before)[BEFORE]; /* for each: what it was until now, or "" */
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

/* Adds words after those that are there. */
static void __attribute__((format(printf, 2, 3)))
say_more(char ret[static BEFORE], const char *format, ...)
{
	size_t len = strlen(ret);
	va_list ap;

	if (len > 0)
		len += (size_t)snprintf(ret + len, BEFORE - len, ", ");
	if (len >= BEFORE)
		return;
	va_start(ap, format);
	vsnprintf(ret + len, BEFORE - len, format, ap);
	va_end(ap);
}

static void
say_end(int64_t until_s, char ret[static BEFORE])
{
	char until[WHEN_SAID];

	when_say(until_s, until);
	say_more(ret, "until now only until %s", until);
}

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
	char networks[TARGET_NETWORKS], until[WHEN_SAID];

	when_say(rule->grace.until_s, until);
	if (requires && eases)
		say_more(ret, "%s", was_required);
	else if (requires && later &&
	    rule->grace.until_s != change->grace.until_s)
		say_more(ret, "until now from %s on", until);
	else if (rule->mode == MODE_EXEMPT && change->mode != MODE_EXEMPT)
		say_more(ret, "until now exempt");
	else if (rule->until_s > change->now_s &&
	    rule->until_s != change->until_s)
		say_end(rule->until_s, ret);
	target_exempt_from(policy, target, 0, at, networks);
	if (change->mode != MODE_EXEMPT && networks[0] != '\0')
		say_more(ret, "still exempt from %s", networks);
}

/* A new rule stands before the exemptions that its target had. */
static void
say_lifted(const struct policy *policy, const struct target *target,
    const struct rule_change *change, char ret[static BEFORE])
{
	char networks[TARGET_NETWORKS];

	target_exempt_from(policy, target, 0, policy->rules.count, networks);
	if (change->mode != MODE_EXEMPT && networks[0] != '\0')
		say_more(ret, "until now exempt from %s", networks);
}

/* Says that an exempt user forwards without a code. */
static void
say_door(const struct policy *policy, const struct rule *rule,
    char ret[static BEFORE])
{
	struct decision decision = {
	    .mode = (enum mode)rule->mode, .rule = rule};

	if (rule->mode == MODE_EXEMPT &&
	    policy_forwarding(policy, &decision) == FORWARDING_OPEN)
		say_more(ret, "forwards with the key alone");
}

/* A member of the one group that is meant, or of none. */
static enum membership
is_meant_group(void *ctx, const char *group)
{
	const struct target *target = ctx;

	return target->is_group && strcmp(group, target->name) == 0
	    ? GROUP_INSIDE
	    : GROUP_OUTSIDE;
}

/* Says that an exemption from a network restricts nothing: the target is
 * exempt from everywhere else, too. */
static void
say_everywhere(const struct policy *policy, struct target *target,
    const struct rule *rule, int64_t now_s, char ret[static BEFORE])
{
	static const struct address nowhere;
	bool everybody = target->is_group || strcmp(target->name, "*") == 0;
	const struct passwd *pw = everybody ? NULL : getpwnam(target->name);
	struct groups_user user = {
	    .name = target->name, .gid = pw != NULL ? pw->pw_gid : (gid_t)-1};
	const struct subject subject = {.user = everybody ? "" : target->name,
	    .address = &nowhere,
	    .now_s = now_s,
	    .last_rule = "",
	    .member = everybody ? is_meant_group : groups_member,
	    .ctx = everybody ? (void *)target : (void *)&user};
	struct decision decision;

	if (rule->mode != MODE_EXEMPT || rule->from.count == 0)
		return;
	policy_decide(policy, &subject, &decision);
	if (decision.mode != MODE_EXEMPT || decision.rule == rule)
		return;
	if (decision.rule == NULL)
		say_more(
		    ret, "but from elsewhere, too: \"otherwise\" is exempt");
	else
		say_more(ret, "but from elsewhere, too, by rule \"%.64s\"",
		    decision.rule->name);
}

/* Writes what the command says into the rule. */
static void
fill_rule(struct rule *rule, const struct rule_change *change)
{
	if (rule->mode != (int)change->mode || rule->since_s == 0 ||
	    rule->until_s != change->until_s ||
	    (rule->grace.present && !change->grace.present)) {
		rule->since_s = change->now_s;
		memset(rule->by, 0, sizeof(rule->by));
		snprintf(rule->by, sizeof(rule->by), "%s", admin_who());
	}
	rule->mode = (int)change->mode;
	rule->until_s = change->until_s;
	rule->grace = change->grace;
	/* An exempt rule asks for no code that a key could stand for. */
	if (change->mode == MODE_EXEMPT)
		rule->hardware_keys = HARDWARE_KEYS_UNSAID;
}

/*
 * An exemption with an end is a rule of its own before the target's other one,
 * which decides again afterwards.  Any later command takes it away.
 */
static bool
set_rule(struct policy *policy, struct target *target,
    struct rule_change *change, int number)
{
	char *before = change->before[number];
	enum kept kept = change->until_s > 0 ? KEPT_EXEMPTION : KEPT_RULE;
	int64_t ended_s = 0;
	struct rule *rule;
	int at;

	if (kept == KEPT_RULE)
		target_drop_temporary(policy, target, &change->from, &ended_s);
	at = target_find(policy, target, &change->from, kept);
	if (ended_s > change->now_s && change->mode != MODE_EXEMPT)
		say_more(before, "until now exempt");
	else if (ended_s > change->now_s)
		say_end(ended_s, before);
	else if (at >= 0)
		say_before(policy, target, change, (size_t)at, before);
	else
		say_lifted(policy, target, change, before);
	rule = at >= 0
	    ? target_move_rule(policy, target, change->mode, (size_t)at)
	    : target_add_rule(policy, target, change->mode);
	if (rule == NULL || !target_add_from(rule, &change->from))
		return out_of_memory(change, target);
	fill_rule(rule, change);
	say_door(policy, rule, before);
	say_everywhere(policy, target, rule, change->now_s, before);
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
	if (!found && (target->is_group || admin_is_user(target->name)))
		admin_say("%s: no rule is for this target alone: see tfa-admin "
			  "policy show",
		    target->text);
	return found;
}

static void
describe(struct rule_change *change)
{
	char until[WHEN_SAID], *ret = change->what;
	const char *from = change->admin->from;
	size_t size = sizeof(change->what);

	when_say(change->until_s > 0 ? change->until_s : change->grace.until_s,
	    until);
	switch (change->mode) {
	case MODE_NONE:
		snprintf(ret, size, "the rule is gone");
		return;
	case MODE_OPTIONAL:
		snprintf(ret, size,
		    "may set up a device, and is asked for a code once there is one");
		return;
	case MODE_EXEMPT:
		snprintf(ret, size, "never asked for a code%s%s%s%s",
		    from != NULL ? " from " : "", from != NULL ? from : "",
		    change->until_s > 0 ? ", until " : "",
		    change->until_s > 0 ? until : "");
		return;
	case MODE_REQUIRED:
		snprintf(ret, size, "a code is required from %s on%s",
		    change->grace.present ? until : "now",
		    change->grace.present ? "; until then a device is optional"
					  : "");
		return;
	}
}

/* True if only users are named, and no group or '*'. */
static bool
names_users(const struct rule_change *change)
{
	for (int i = 0; i < change->argc; i++)
		if (change->argv[i][0] == '@' ||
		    strcmp(change->argv[i], "*") == 0)
			return false;
	return true;
}

static int
apply(struct policy *policy, struct changes *changes, void *arg)
{
	struct rule_change *change = arg;
	int made = 0;

	if (names_users(change)) {
		changes->users = change->argv;
		changes->user_count = change->argc;
	}
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

/* Reads a duration that somebody typed; false after a message. */
static bool
read_duration(const char *text, int64_t *ret_s)
{
	char most[DURATION_TEXT];

	if (duration_parse(text, ret_s))
		return true;
	duration_format(DURATION_MAX, most);
	if (duration_is_too_long(text))
		admin_say(
		    "%s: too long: at most %s, which is ten years", text, most);
	else
		admin_say("%s: not a duration: write 14d, 8h or 15m", text);
	return false;
}

static bool
read_future(const char *text, int64_t now_s, int64_t *ret_s)
{
	if (!when_parse(text, ret_s) && !when_parse_local(text, ret_s)) {
		admin_say("%s: not a date: write 2026-12-31 or "
			  "\"2026-12-31 18:00\"",
		    text);
		return false;
	}
	if (*ret_s > now_s)
		return true;
	admin_say("%s is in the past", text);
	return false;
}

int
admin_exempt(struct admin *admin, int argc, char **argv)
{
	struct rule_change change = change_of(admin, MODE_EXEMPT, argc, argv);
	const char *until = admin->until;

	if (admin->from != NULL && !prefix_parse(admin->from, &change.from)) {
		admin_say("%s: not a network such as 10.2.0.0/16 or "
			  "2001:db8::/32, with all bits behind the prefix zero",
		    admin->from);
		return ADMIN_USAGE;
	}
	if (until != NULL && duration_parse(until, &change.until_s))
		change.until_s += change.now_s;
	else if (until != NULL &&
	    !read_future(until, change.now_s, &change.until_s))
		return ADMIN_USAGE;
	return rule(&change, "exempt");
}

/* Reads --grace or --until.  Returns an admin_exit. */
static int
read_grace(const struct admin *admin, struct rule_change *change)
{
	int64_t grace_s = 0;

	if (admin->grace != NULL && admin->until != NULL) {
		admin_say("--grace and --until exclude each other: give one");
		return ADMIN_MISUSED;
	}
	if (admin->grace != NULL) {
		if (!read_duration(admin->grace, &grace_s))
			return ADMIN_USAGE;
		change->grace.until_s = change->now_s + grace_s;
	} else if (admin->until != NULL) {
		if (duration_parse(admin->until, &grace_s)) {
			admin_say("--until takes a date; for a time from now "
				  "use --grace %s",
			    admin->until);
			return ADMIN_USAGE;
		}
		if (!read_future(
			admin->until, change->now_s, &change->grace.until_s))
			return ADMIN_USAGE;
	}
	change->grace.present = change->grace.until_s > 0;
	return ADMIN_DONE;
}

int
admin_enforce(struct admin *admin, int argc, char **argv)
{
	struct rule_change change = change_of(admin, MODE_REQUIRED, argc, argv);
	int status = read_grace(admin, &change);

	return status == ADMIN_DONE ? rule(&change, "enforce") : status;
}
