/* A policy's text, checked for a person: what is wrong with it, and where. */
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/policy/caret.h"
#include "store/folder/policy_file.h"
#include "store/system/groups.h"
#include "store/system/people.h"

static bool
is_unknown_group(const char *group)
{
	struct groups_user nobody = {.name = "", .gid = (gid_t)-1};

	return groups_member(&nobody, group) == GROUP_UNKNOWN;
}

/* A directory that is away makes no user unknown: only "there is none" does. */
static bool
is_unknown_user(const char *user)
{
	static const struct people unlisted;
	uid_t uid;
	gid_t gid;

	return people_look_up(&unlisted, user, &uid, &gid) == FAULT_ABSENT;
}

static size_t
warn_groups(const char *file, const struct rule *rule)
{
	size_t count = 0;

	for (size_t i = 0; i < rule->groups.count; i++) {
		const char *text = rule->groups.items[i].text;

		if (!is_unknown_group(text + (text[0] == '!')))
			continue;
		admin_say("warning: %s: rule \"%s\" names group \"%s\", which "
			  "does not exist here: every login that reaches it "
			  "is refused",
		    file, rule->name, text);
		count++;
	}
	return count;
}

/* Names of nobody.  Behind "!" whoever was meant is not excluded. */
static size_t
warn_users(const char *file, const char *rule, const struct name *users,
    size_t users_count)
{
	size_t count = 0;

	for (size_t i = 0; i < users_count; i++) {
		const char *text = users[i].text;
		bool no = text[0] == '!';

		if (strcmp(text, "*") == 0 || !is_unknown_user(text + no))
			continue;
		if (no)
			admin_say(
			    "warning: %s: %s excludes \"%s\", and there is "
			    "no such user here: it excludes nobody",
			    file, rule, text);
		else
			admin_say(
			    "warning: %s: %s names \"%s\", and there is no "
			    "such user here",
			    file, rule, text);
		count += no;
	}
	return count;
}

static size_t
warn_names(const char *file, const struct policy *policy)
{
	size_t count = 0;

	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct rule *rule = &policy->rules.items[i];
		char name[RULE_TEXT + 16];

		snprintf(name, sizeof(name), "rule \"%s\"", rule->name);
		count += warn_users(
		    file, name, rule->users.items, rule->users.count);
		count += warn_groups(file, rule);
	}
	return count +
	    warn_users(file, "\"admins\"", policy->admins.users.items,
		policy->admins.users.count);
}

/* An exempt rule that leaves it to an open top may not be meant so. */
static void
warn_open(const char *file, const struct policy *policy)
{
	for (size_t i = 0; i < policy->rules.count; i++) {
		const struct rule *rule = &policy->rules.items[i];

		if (policy->forwarding == FORWARDING_OPEN &&
		    rule->forwarding == FORWARDING_UNSAID &&
		    rule->mode == MODE_EXEMPT)
			admin_say(
			    "warning: %s: rule \"%s\" is exempt and does "
			    "not say \"forwarding\", which is open at the "
			    "top: its users forward with a key alone",
			    file, rule->name);
	}
}

/* Without a file that root manages, no key is ever enough. */
static void
warn_hardware(const char *file, const struct policy *policy)
{
	if (policy_names_hardware(&policy->keys))
		return;
	list_each(const struct rule, rule, policy->rules)
		if (rule->hardware_keys > HARDWARE_KEYS_ASKED)
			admin_say(
			    "warning: %s: rule \"%s\" says hardware_keys %s, "
			    "and \"keys\" names no \"hardware_files\" and no "
			    "\"hardware_authorities\": no key is enough",
			    file, rule->name,
			    hardware_keys_names[rule->hardware_keys]);
}

bool
admin_check_text(
    const char *file, const char *text, size_t len, size_t *ret_unknown)
{
	struct json_error error = {.line = 0};
	char why[POLICY_WHY_TEXT], caret[CARET_TEXT];
	struct policy policy;

	*ret_unknown = 0;
	if (policy_parse(text, len, &policy, &error) == FAULT_NONE) {
		*ret_unknown = warn_names(file, &policy);
		warn_open(file, &policy);
		warn_hardware(file, &policy);
		policy_done(&policy);
		return true;
	}
	json_error_say(&error, file, why, sizeof(why));
	admin_say("%s", why);
	caret_format(text, len, &error, caret);
	fputs(caret, stderr);
	return false;
}
