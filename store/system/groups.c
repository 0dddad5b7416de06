#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/cleanup.h"
#include "store/system/groups.h"

#define GROUP_MAX (4UL << 20) /* bytes of one group's entry */

/* The group's entry in *buf, which the caller frees. */
static enum membership
look_up(const char *name, struct group *ret, char **buf)
{
	for (size_t size = 4096; size <= GROUP_MAX; size *= 4) {
		struct group *found = NULL;
		int error;

		free(*buf);
		*buf = malloc(size);
		if (*buf == NULL)
			return GROUP_ERROR;
		error = getgrnam_r(name, ret, *buf, size, &found);
		if (found != NULL)
			return GROUP_INSIDE;
		if (error == 0 || error == ENOENT)
			return GROUP_UNKNOWN;
		if (error != ERANGE && error != EINTR) {
			errno = error;
			return GROUP_ERROR;
		}
	}
	return GROUP_ERROR;
}

static enum membership
ask_database(const struct groups_user *user, const char *name)
{
	scoped_free char *buf = NULL;
	struct group group;
	enum membership found = look_up(name, &group, &buf);

	if (found != GROUP_INSIDE)
		return found;
	if (group.gr_gid == user->gid)
		return GROUP_INSIDE;
	for (char **member = group.gr_mem; *member != NULL; member++)
		if (strcmp(*member, user->name) == 0)
			return GROUP_INSIDE;
	return GROUP_OUTSIDE;
}

static int
compare_members(const void *a, const void *b)
{
	return strcmp(
	    ((const struct name *)a)->text, ((const struct name *)b)->text);
}

/* Leaves out names that are too long: nobody asks about them. */
static bool
add_members(struct groups_known *known, char **members)
{
	for (; *members != NULL; members++) {
		size_t len = strlen(*members);
		struct name *name;

		if (len >= USER_TEXT)
			continue;
		name = list_add(&known->members, sizeof(*name));
		if (name == NULL)
			return false;
		memcpy(name->text, *members, len);
	}
	if (known->members.count > 0)
		qsort(known->members.items, known->members.count,
		    sizeof(struct name), compare_members);
	return true;
}

/* Looks the group up and keeps what it found; NULL: it cannot be kept. */
static const struct groups_known *
learn(struct groups *groups, const char *name)
{
	scoped_free char *buf = NULL;
	struct groups_known known = {.exists = false}, *kept;
	struct group group;
	enum membership found = look_up(name, &group, &buf);
	size_t len = strlen(name);

	if (found == GROUP_ERROR || len >= sizeof(known.name.text))
		return NULL;
	memcpy(known.name.text, name, len);
	known.exists = found == GROUP_INSIDE;
	if (known.exists) {
		known.gid = group.gr_gid;
		if (!add_members(&known, group.gr_mem)) {
			free(known.members.items);
			return NULL;
		}
	}
	kept = list_add(&groups->known, sizeof(*kept));
	if (kept == NULL)
		free(known.members.items);
	else
		*kept = known;
	return kept;
}

static const struct groups_known *
find_known(struct groups *groups, const char *name)
{
	list_each(const struct groups_known, known, groups->known)
		if (strcmp(known->name.text, name) == 0)
			return known;
	return learn(groups, name);
}

static bool
lists(const struct groups_known *known, const char *user)
{
	struct name name = {{0}};
	size_t len = strlen(user);

	if (known->members.count == 0 || len >= sizeof(name.text))
		return false;
	memcpy(name.text, user, len);
	return bsearch(&name, known->members.items, known->members.count,
		   sizeof(name), compare_members) != NULL;
}

enum membership
groups_member(void *ctx, const char *name)
{
	const struct groups_user *user = ctx;
	const struct groups_known *known = user->groups != NULL
	    ? find_known(user->groups, name)
	    : NULL;

	if (known == NULL)
		return ask_database(user, name);
	if (!known->exists)
		return GROUP_UNKNOWN;
	return known->gid == user->gid || lists(known, user->name)
	    ? GROUP_INSIDE
	    : GROUP_OUTSIDE;
}

void
groups_done(struct groups *groups)
{
	for (size_t i = 0; i < groups->known.count; i++)
		free(groups->known.items[i].members.items);
	free(groups->known.items);
	*groups = (struct groups){{NULL, 0}};
}

bool
groups_each(
    const char *name, void (*each)(void *ctx, const char *user), void *ctx)
{
	scoped_free char *buf = NULL;
	struct group group;

	if (look_up(name, &group, &buf) != GROUP_INSIDE)
		return false;
	for (char **member = group.gr_mem; *member != NULL; member++)
		each(ctx, *member);
	return true;
}
