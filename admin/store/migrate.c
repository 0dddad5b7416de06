#include <string.h>

#include "admin/store/commands.h"
#include "admin/store/move.h"

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
	status = site_begin(admin, SITE_FLEET, &site);
	return status == ADMIN_DONE ? move(&site) : status;
}
