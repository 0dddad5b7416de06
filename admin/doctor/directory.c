/*
 * Groups of a directory that /etc/group does not have.  While the directory is
 * away, a rule by such a group cannot be evaluated, and denies everybody that
 * it is asked about, root too.  policy_decide() says who that is, as it would
 * at a login.
 */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/base/cleanup.h"
#include "store/system/directory.h"
#include "admin/doctor/doctor.h"
#include "admin/home.h"
#include "admin/doctor/person.h"
#include "store/system/groups.h"

#define NAMED 5 /* of the people who would be denied */

/* The groups of /etc/group, and what nsswitch.conf asks beside it. */
struct local {
	LIST_OF(struct name) groups;
	char service[40]; /* "sss"; "" where nothing else is asked */
	char why[200];    /* why this is not known; "" */
};

static void
list_local(struct local *local)
{
	FILE *file = fopen("/etc/group", "re");
	scoped_free char *text = read_whole("/etc/nsswitch.conf");
	const struct group *group;
	struct name *name;

	if (text == NULL && errno != ENOENT)
		snprintf(local->why, sizeof(local->why),
		    "/etc/nsswitch.conf: %s", strerror(errno));
	else if (text != NULL)
		(void)directory_service(
		    text, "group", local->service, sizeof(local->service));
	if (file == NULL) {
		snprintf(local->why, sizeof(local->why), "/etc/group: %s",
		    strerror(errno));
		return;
	}
	while ((group = fgetgrent(file)) != NULL) {
		name = list_add(&local->groups, sizeof(*name));
		if (name == NULL) {
			snprintf(local->why, sizeof(local->why), "%s",
			    strerror(ENOMEM));
			break;
		}
		snprintf(name->text, sizeof(name->text), "%s", group->gr_name);
	}
	fclose(file);
}

static bool
is_local(const struct local *local, const char *group)
{
	/* Without a directory the group is unknown to all, which
	 * doctor_policy() says. */
	if (local->service[0] == '\0')
		return true;
	for (size_t i = 0; i < local->groups.count; i++)
		if (strcmp(local->groups.items[i].text, group) == 0)
			return true;
	return false;
}

/* A user of /etc/passwd, who can log in while the directory is away. */
struct somebody {
	const struct local *local;
	struct groups_user user;
	bool away; /* the directory cannot be asked */
};

static enum membership
member(void *ctx, const char *group)
{
	struct somebody *who = ctx;

	if (who->away && !is_local(who->local, group))
		return GROUP_ERROR;
	return groups_member(&who->user, group);
}

/*
 * True if the directory's absence denies the user, from some address at least;
 * *ret_rule: by which rule.  A rule with "from" may not fit the address: it is
 * left out, one after the other, to see what follows it.
 */
static bool
is_denied(const struct policy *policy, struct somebody *who,
    const struct rule **ret_rule)
{
	struct subject subject = {.user = who->user.name,
	    .now_s = time(NULL),
	    .last_rule = "",
	    .member = member,
	    .ctx = who};
	struct decision decision;

	for (size_t i = 0; i <= policy->rules.count; i++) {
		policy_decide(policy, &subject, &decision);
		*ret_rule = decision.rule;
		if (decision.mode == MODE_NONE &&
		    decision.reason == REASON_GROUP_ERROR)
			return true;
		if (decision.mode != MODE_NONE ||
		    decision.reason != REASON_NO_ADDRESS)
			return false;
		subject.outside = decision.rule;
	}
	return false;
}

/* The users that would be denied, counted. */
struct toll {
	const struct policy *policy;
	const char *service;
	const struct rule *roots; /* the rule that denies root; or NULL */
	size_t people, denied, admins, denied_admins;
	char names[NAMED * USER_TEXT + 8];
};

static void
count_somebody(struct toll *toll, struct somebody *who)
{
	struct subject subject = {.user = who->user.name,
	    .last_rule = "",
	    .member = member,
	    .ctx = who};
	const struct rule *rule = NULL;
	size_t used = strlen(toll->names);
	bool admin, denied;

	who->away = false;
	admin = policy_admin(toll->policy, &subject) == GROUP_INSIDE;
	who->away = true;
	denied = is_denied(toll->policy, who, &rule);
	toll->people++;
	toll->denied += denied;
	toll->admins += admin;
	toll->denied_admins += admin && denied;
	if (denied && strcmp(who->user.name, "root") == 0)
		toll->roots = rule;
	if (denied && toll->denied <= NAMED)
		snprintf(toll->names + used, sizeof(toll->names) - used,
		    "%s%.80s", used > 0 ? ", " : "", who->user.name);
	else if (denied && toll->denied == NAMED + 1)
		snprintf(
		    toll->names + used, sizeof(toll->names) - used, ", ...");
}

/* False (errno) where /etc/passwd could not be read. */
static bool
count_people(struct toll *toll, const struct local *local)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *pw;
	struct groups groups = {{NULL, 0}};

	if (file == NULL)
		return false;
	while ((pw = fgetpwent(file)) != NULL) {
		struct somebody who = {.local = local,
		    .user = {.name = pw->pw_name,
			.gid = pw->pw_gid,
			.groups = &groups}};

		if (shell_kind(pw->pw_shell) != SHELL_NO_LOGIN)
			count_somebody(toll, &who);
	}
	groups_done(&groups);
	fclose(file);
	return true;
}

/* Adds a name to the list "a, b" unless it is there. */
static void
add_theirs(char *list, size_t size, const char *name)
{
	char all[512], one[USER_TEXT + 4];
	size_t used = strlen(list);

	snprintf(all, sizeof(all), ", %.400s,", list);
	snprintf(one, sizeof(one), ", %s,", name);
	if (strstr(all, one) == NULL)
		snprintf(list + used, size - used, "%s%s", used > 0 ? ", " : "",
		    name);
}

/* The groups of the rules that a directory has; "" for none. */
static void
list_theirs(const struct policy *policy, const struct local *local, char *ret,
    size_t size)
{
	ret[0] = '\0';
	list_each(const struct rule, rule, policy->rules)
		list_each(const struct name, group, rule->groups) {
			const char *name = group->text;

			name += name[0] == '!';
			if (strcmp(name, "*") != 0 && !is_local(local, name))
				add_theirs(ret, size, name);
		}
}

static void
say_toll(struct doctor *doctor, const struct toll *toll, const char *theirs)
{
	char policy[HOME_NAME];

	if (toll->roots != NULL)
		doctor_warn(doctor,
		    "a rule above it for root alone: \"users\":[\"root\"]",
		    "rule %s: while %s is away, which has the group %.200s, "
		    "root is refused, but for a pass code",
		    toll->roots->name, toll->service, theirs);
	if (toll->admins > 0 && toll->denied_admins == toll->admins)
		doctor_warn(doctor,
		    "a rule for admins by name, above the rules by group",
		    "no admin in /etc/passwd gets in while %s is away, which "
		    "has the group %.200s: %zu of %zu are refused",
		    toll->service, theirs, toll->denied_admins, toll->admins);
	if (toll->roots == NULL && toll->denied > 0)
		doctor_warn(doctor,
		    "a rule above those by group for who must get in",
		    "while %s is away, which has the group %.150s, %zu of %zu "
		    "accounts of /etc/passwd are refused (%.200s)",
		    toll->service, theirs, toll->denied, toll->people,
		    toll->names);
	home_name(doctor->admin, policy);
	if (theirs[0] == '\0')
		doctor_ok(doctor,
		    "%.200s is valid: %zu rule%s, and no directory is asked "
		    "for a group",
		    policy, toll->policy->rules.count,
		    findings_s(toll->policy->rules.count));
	else
		doctor_ok(doctor,
		    "%.200s is valid: %zu rule%s; %s has the group %.150s, "
		    "and while %s is away nobody in /etc/passwd is refused",
		    policy, toll->policy->rules.count,
		    findings_s(toll->policy->rules.count), toll->service,
		    theirs, toll->service);
}

void
doctor_directories(struct doctor *doctor, const struct policy *policy)
{
	struct toll toll = {.policy = policy};
	struct local local = {.why = ""};
	char theirs[400];

	list_local(&local);
	toll.service = local.service;
	list_theirs(policy, &local, theirs, sizeof(theirs));
	if (local.why[0] != '\0' || !count_people(&toll, &local))
		doctor_warn(doctor, NULL,
		    "whom a directory that is away would keep out is not "
		    "known: %s",
		    local.why[0] != '\0' ? local.why : strerror(errno));
	else
		say_toll(doctor, &toll, theirs);
	free(local.groups.items);
}
