#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin/store/commands.h"
#include "admin/store/move.h"

/* True if a way back into the folder was killed near its end. */
static bool
is_left(const struct admin *admin)
{
	const char *path = admin->fleet != NULL ? admin->fleet : FLEET_CONFIG;
	char left[PATH_MAX];

	snprintf(left, sizeof(left), "%s.left", path);
	return access(path, F_OK) != 0 && access(left, F_OK) == 0;
}

int
store_migrate(struct admin *admin)
{
	scoped_site struct site site;
	int (*move)(struct site * site) = NULL;
	int status;

	if (admin->to != NULL && strcmp(admin->to, "fleet") == 0)
		move = move_to_fleet;
	if (admin->to != NULL && strcmp(admin->to, "folder") == 0)
		move = move_to_folder;
	if (move == NULL) {
		admin_say("migrate needs --to fleet or --to folder");
		return ADMIN_MISUSED;
	}
	if (move == move_to_folder && is_left(admin)) {
		status = site_begin(admin, SITE_OWNER, &site);
		return status == ADMIN_DONE ? move_finish(&site) : status;
	}
	status = site_begin(admin, SITE_FLEET, &site);
	return status == ADMIN_DONE ? move(&site) : status;
}
