/* A policy's text, checked for a person: what is wrong with it, and where. */
#include <stdio.h>
#include <string.h>

#include "admin/admin.h"
#include "admin/policy/caret.h"
#include "store/folder/policy_file.h"
#include "store/system/groups.h"

static bool
is_unknown(const struct name *name)
{
	struct groups_user nobody = {.name = "", .gid = (gid_t)-1};
	const char *group = name->text + (name->text[0] == '!');

	return strcmp(group, "*") != 0 &&
	    groups_member(&nobody, group) == GROUP_UNKNOWN;
}

static size_t
warn_rule(const char *file, const struct rule *rule)
{
	size_t count = 0;

	for (size_t i = 0; i < rule->groups.count; i++) {
		if (!is_unknown(&rule->groups.items[i]))
			continue;
		admin_say("warning: %s: rule \"%s\" names group \"%s\", which "
			  "does not exist here: every login that reaches it "
			  "is refused",
		    file, rule->name, rule->groups.items[i].text);
		count++;
	}
	return count;
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

bool
admin_check_text(
    const char *file, const char *text, size_t len, size_t *ret_unknown)
{
	struct json_error error = {.line = 0};
	char why[POLICY_WHY_TEXT], caret[CARET_TEXT];
	struct policy policy;

	*ret_unknown = 0;
	if (policy_parse(text, len, &policy, &error) == FAULT_NONE) {
		for (size_t i = 0; i < policy.rules.count; i++)
			*ret_unknown += warn_rule(file, &policy.rules.items[i]);
		warn_open(file, &policy);
		policy_done(&policy);
		return true;
	}
	json_error_say(&error, file, why, sizeof(why));
	admin_say("%s", why);
	caret_format(text, len, &error, caret);
	fputs(caret, stderr);
	return false;
}
