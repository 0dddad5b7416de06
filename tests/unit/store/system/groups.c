#include "store/system/groups.h"

#include <criterion/criterion.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>

#include "tests/unit/fixture.h"

#define NO_GID ((gid_t)-2)

/* The name of group 0, whatever this system calls it. */
static void
first_group(char ret[static USER_TEXT])
{
	const struct group *group = getgrgid(0);

	cr_assert_not_null(group);
	snprintf(ret, USER_TEXT, "%s", group->gr_name);
}

Test(groups, knows_the_primary_group)
{
	struct groups_user root = {.name = "no-such-user", .gid = 0};
	struct groups_user other = {.name = "no-such-user", .gid = NO_GID};
	char group[USER_TEXT];

	first_group(group);
	cr_expect_eq(groups_member(&root, group), GROUP_INSIDE);
	cr_expect_eq(groups_member(&other, group), GROUP_OUTSIDE);
}

Test(groups, says_that_a_group_is_unknown)
{
	static const char *const names[] = {
	    "no-such-group", "", "*", "!root", "root ", "no/such"};
	struct groups_user root = {.name = "root", .gid = 0};

	for (size_t i = 0; i < COUNT(names); i++)
		cr_expect_eq(groups_member(&root, names[i]), GROUP_UNKNOWN,
		    "%s", names[i]);
}

static void
count_name(void *ctx, const char *user)
{
	(void)user;
	++*(int *)ctx;
}

static void
expect_inside(void *ctx, const char *user)
{
	struct groups_user member = {.name = user, .gid = NO_GID};

	cr_expect_eq(groups_member(&member, ctx), GROUP_INSIDE, "%s", user);
}

/* Compares all members of all groups in the database. */
Test(groups, knows_the_members_of_a_group)
{
	const struct group *group;
	int left = 20;

	setgrent();
	while (left-- > 0 && (group = getgrent()) != NULL) {
		struct groups_user stranger = {
		    .name = "no-such-user", .gid = NO_GID};
		char name[USER_TEXT];
		int members = 0, counted = 0;

		snprintf(name, sizeof(name), "%s", group->gr_name);
		while (group->gr_mem[members] != NULL)
			members++;
		cr_expect(groups_each(name, count_name, &counted));
		cr_expect_eq(counted, members, "%s", name);
		cr_expect(groups_each(name, expect_inside, name));
		cr_expect_eq(groups_member(&stranger, name), GROUP_OUTSIDE);
	}
	endgrent();
}

/* A remembered answer equals a new look-up. */
Test(groups, remembers_what_it_looked_up)
{
	struct groups groups = {{NULL, 0}};
	const struct group *group;
	int left = 20;

	setgrent();
	while (left-- > 0 && (group = getgrent()) != NULL) {
		const char *first = group->gr_mem[0];
		struct groups_user users[] = {
		    {.name = "no-such-user", .gid = group->gr_gid},
		    {.name = "no-such-user", .gid = NO_GID},
		    {.name = first != NULL ? first : "", .gid = NO_GID},
		};
		char name[USER_TEXT];

		snprintf(name, sizeof(name), "%s", group->gr_name);
		for (size_t i = 0; i < 2 * COUNT(users); i++) {
			struct groups_user again = users[i % COUNT(users)];

			again.groups = &groups;
			cr_expect_eq(groups_member(&again, name),
			    groups_member(&users[i % COUNT(users)], name),
			    "%s in %s", again.name, name);
		}
	}
	endgrent();
	cr_expect_gt(groups.known.count, 0);
	groups_done(&groups);
	cr_expect_eq(groups.known.count, 0);
}

Test(groups, remembers_that_a_group_is_unknown)
{
	struct groups groups = {{NULL, 0}};
	struct groups_user root = {.name = "root", .groups = &groups};

	for (int i = 0; i < 2; i++)
		cr_expect_eq(
		    groups_member(&root, "no-such-group"), GROUP_UNKNOWN);
	cr_expect_eq(groups.known.count, 1);
	groups_done(&groups);
}

Test(groups, lists_nothing_of_a_group_that_is_unknown)
{
	int counted = 0;

	cr_expect_not(groups_each("no-such-group", count_name, &counted));
	cr_expect_eq(counted, 0);
}
