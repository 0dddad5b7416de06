#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "groups.h"

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
		if (error != ERANGE && error != EINTR)
			return GROUP_ERROR;
	}
	return GROUP_ERROR;
}

enum membership
groups_member(void *ctx, const char *name)
{
	const struct groups_user *user = ctx;
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
