/*
 * --only: the groups and users before whom alone the gate is to stand.  sshd
 * knows a group by the name that getgrgid(3) has for its number, and a user by
 * the name that the client sends, letter for letter.
 */
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/setup/setup.h"
#include "gate/sshd/guard.h"
#include "store/base/cleanup.h"

/* The name that sshd has for the group; NULL after a message. */
static const char *
group_name(const char *name)
{
	const struct group *group = getgrnam(name);

	if (group == NULL) {
		admin_say("there is no group %s", name);
		return NULL;
	}
	group = getgrgid(group->gr_gid);
	if (group == NULL) {
		admin_say("the group %s has no name by its number", name);
		return NULL;
	}
	if (strcmp(group->gr_name, name) != 0)
		admin_say(
		    "sshd knows the group %s as %s", name, group->gr_name);
	return group->gr_name;
}

/* True if /etc/passwd itself has the user: no other spelling is theirs. */
static bool
has_one_spelling(const char *name)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *pw;
	bool found = false;

	while (file != NULL && !found && (pw = fgetpwent(file)) != NULL)
		found = strcmp(pw->pw_name, name) == 0;
	if (file != NULL)
		fclose(file);
	return found;
}

static const char *
user_name(const char *name)
{
	if (getpwnam(name) == NULL) {
		admin_say("%s: there is no such user%s%s", name,
		    getgrnam(name) != NULL ? "; for the group: @" : "",
		    getgrnam(name) != NULL ? name : "");
		return NULL;
	}
	if (has_one_spelling(name))
		return name;
	admin_say("%s is not in /etc/passwd: a directory may let them in by "
		  "another spelling, such as capital letters, which sshd's "
		  "Match User does not know, and then nobody asks for a code; "
		  "put them into a group and give --only @GROUP",
	    name);
	return NULL;
}

/* Adds the name to a list with commas, once. */
static bool
list_name(char list[static GUARD_LIST], const char *name)
{
	size_t used = strlen(list), len = strlen(name);

	for (const char *at = list; *at != '\0';) {
		size_t n = strcspn(at, ",");

		if (n == len && strncmp(at, name, n) == 0)
			return true;
		at += n + (at[n] == ',');
	}
	if (used + len + 2 > GUARD_LIST) {
		admin_say("--only takes no more names than fit into %d bytes: "
			  "make a group of them",
		    GUARD_LIST);
		return false;
	}
	snprintf(
	    list + used, GUARD_LIST - used, "%s%s", used > 0 ? "," : "", name);
	return true;
}

static bool
add_target(struct guard_only *only, const char *target)
{
	bool group = target[0] == '@';
	const char *name = target + group;

	if (!group && name[0] != '\0' && !admin_is_user(name))
		return false;
	if (!guard_may_name(name)) {
		admin_say("\"%s\": sshd's Match would take that for a pattern "
			  "or for more than one name; --only takes @GROUP and "
			  "USER, parted by commas",
		    target);
		return false;
	}
	name = group ? group_name(name) : user_name(name);
	return name != NULL &&
	    list_name(group ? only->groups : only->users, name);
}

bool
only_parse(const char *targets, struct guard_only *ret)
{
	scoped_free char *copy = strdup(targets);
	char *rest = copy;
	const char *target;

	*ret = (struct guard_only){.groups = ""};
	while ((target = strsep(&rest, ",")) != NULL)
		if (!add_target(ret, target))
			return false;
	return copy != NULL;
}

bool
only_settle(struct setup *setup)
{
	const struct admin *admin = setup->admin;
	scoped_free char *present = NULL;

	if (admin->only != NULL) {
		setup->partial = only_parse(admin->only, &setup->only);
		return setup->partial;
	}
	if (admin->door == NULL && !admin->no_door &&
	    admin->break_glass == NULL)
		return true;
	if (!plan_read_file(CONFIG_DROP_IN, &present))
		return false;
	setup->partial = present != NULL &&
	    guard_only_read(present, &setup->only);
	return true;
}
