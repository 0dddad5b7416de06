#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/policy/target.h"
#include "store/base/utf8.h"

struct target
target_of(const char *text)
{
	return (struct target){.text = text,
	    .name = text + (text[0] == '@'),
	    .is_group = text[0] == '@'};
}

bool
target_exists(const struct target *target)
{
	if (target->name[0] == '\0' || target->name[0] == '!' ||
	    strlen(target->name) >= USER_TEXT)
		return false;
	if (target->is_group)
		return getgrnam(target->name) != NULL;
	return strcmp(target->name, "*") == 0 || getpwnam(target->name) != NULL;
}

void
target_say_unknown(const struct target *target)
{
	bool is_group = !target->is_group && getgrnam(target->name) != NULL;

	admin_say("%s: there is no such %s%s%s",
	    target->text[0] != '\0' ? target->text : "\"\"",
	    target->is_group ? "group" : "user",
	    is_group ? "; for the group: @" : "", is_group ? target->name : "");
}

bool
target_is_alone(const struct rule *rule, const struct target *target)
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

int
target_find(const struct policy *policy, const struct target *target,
    const struct prefix *from, enum kept kept)
{
	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct rule *rule = &policy->rules.items[i];
		bool fits = kept == KEPT_EXEMPTION ? rule->mode == MODE_EXEMPT
						   : rule->until_s == 0;

		if (fits && target_is_alone(rule, target) &&
		    has_same_from(rule, from))
			return (int)i;
	}
	return -1;
}

void
target_drop_temporary(struct policy *policy, const struct target *target,
    const struct prefix *from, int64_t *ret_until_s)
{
	*ret_until_s = 0;
	for (size_t i = policy->rules.count; i-- > 0;) {
		struct rule *rule = &policy->rules.items[i];

		if (rule->until_s == 0 || !target_is_alone(rule, target) ||
		    !has_same_from(rule, from))
			continue;
		if (rule->until_s > *ret_until_s)
			*ret_until_s = rule->until_s;
		policy_rule_done(rule);
		list_drop(&policy->rules, sizeof(*rule), i);
	}
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

/* The index at which a rule of that mode belongs. */
static size_t
index_for(
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

/* Makes a name that no other rule has. */
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

struct rule *
target_add_rule(
    struct policy *policy, const struct target *target, enum mode mode)
{
	size_t at = index_for(policy, target, mode);
	struct rule rule = {.mode = (int)mode};
	struct name *name = list_add(
	    target->is_group ? (void *)&rule.groups : (void *)&rule.users,
	    sizeof(*name));

	if (name == NULL)
		return NULL;
	snprintf(name->text, sizeof(name->text), "%s", target->name);
	name_rule(policy, target->text, rule.name);
	if (list_add(&policy->rules, sizeof(rule)) == NULL)
		return NULL;
	memmove(&policy->rules.items[at + 1], &policy->rules.items[at],
	    (policy->rules.count - 1 - at) * sizeof(rule));
	policy->rules.items[at] = rule;
	return &policy->rules.items[at];
}

bool
target_add_from(struct rule *rule, const struct prefix *from)
{
	struct prefix *added;

	if (has_same_from(rule, from))
		return true;
	added = list_add(&rule->from, sizeof(*added));
	if (added != NULL)
		*added = *from;
	return added != NULL;
}

struct rule *
target_move_rule(struct policy *policy, const struct target *target,
    enum mode mode, size_t at)
{
	struct rule *rules = policy->rules.items, rule = rules[at];
	size_t first = index_for(policy, target, mode);

	if (rule.from.count == 0 || at <= first)
		return &rules[at];
	memmove(&rules[first + 1], &rules[first], (at - first) * sizeof(rule));
	rules[first] = rule;
	return &rules[first];
}

/* Adds the networks of a rule; "..." for those that have no room. */
static void
add_networks(const struct rule *rule, char ret[static TARGET_NETWORKS])
{
	size_t len = strlen(ret);

	for (size_t i = 0; i < rule->from.count; i++) {
		char network[PREFIX_TEXT];

		prefix_format(&rule->from.items[i], network);
		if (len + strlen(network) + sizeof(", , ...") >
		    TARGET_NETWORKS) {
			if (len < 3 || strcmp(ret + len - 3, "...") != 0)
				snprintf(
				    ret + len, TARGET_NETWORKS - len, ", ...");
			return;
		}
		len += (size_t)snprintf(ret + len, TARGET_NETWORKS - len,
		    "%s%s", len > 0 ? ", " : "", network);
	}
}

void
target_exempt_from(const struct policy *policy, const struct target *target,
    size_t first, size_t end, char ret[static TARGET_NETWORKS])
{
	ret[0] = '\0';
	for (size_t i = first; i < end; i++)
		if (policy->rules.items[i].mode == MODE_EXEMPT &&
		    policy->rules.items[i].from.count > 0 &&
		    target_is_alone(&policy->rules.items[i], target))
			add_networks(&policy->rules.items[i], ret);
}
