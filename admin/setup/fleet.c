/* The fleet that a bastion is in, whose keys lie in a folder that --remove
 * takes away: on the last bastion no copy of them would be left. */
#include <errno.h>
#include <sys/stat.h>

#include "admin/setup/setup.h"

#define KEYS "/etc/tfa/fleet.key"

/* False where that cannot be seen, too. */
static bool
has_no_keys(void)
{
	struct stat st;

	return lstat(KEYS, &st) < 0 && errno == ENOENT;
}

bool
fleet_lets_remove(const struct admin *admin)
{
	const struct admin here = SETUP_ADMIN;
	char why[HOME_WHY];

	if (admin->keep || has_no_keys() || home_find(&here, why) == HOME_FILE)
		return true;
	admin_say(
	    "nothing is removed: this bastion is in a fleet, and without " KEYS
	    " nobody can open the fleet's records. First tfa-admin "
	    "store leave or, on the last bastion, tfa-admin store migrate "
	    "--to folder. If the fleet is gone for good, move " KEYS
	    " to a safe place. --keep leaves /etc/tfa as it is");
	return false;
}
