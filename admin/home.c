#include "admin/home.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/admin.h"
#include "store/folder/policy_file.h"

_Static_assert(HOME_WHY >= POLICY_WHY_TEXT && HOME_WHY >= FLEET_WHY_TEXT,
    "a line about each fault fits");

/* Reads the fleet's configuration; a store of one's own is in no fleet. */
static enum home
find_config(const struct admin *admin, struct fleet_config *ret,
    char ret_why[static HOME_WHY])
{
	enum fault fault = FAULT_ABSENT;

	if (admin->keeper.store == NULL)
		fault = fleet_config_read(
		    admin->fleet != NULL ? admin->fleet : FLEET_CONFIG, ret,
		    ret_why);
	if (fault == FAULT_NONE)
		return HOME_FLEET;
	return fault == FAULT_ABSENT ? HOME_FILE : HOME_UNKNOWN;
}

enum home
home_find(const struct admin *admin, char ret_why[static HOME_WHY])
{
	struct fleet_config config;
	enum home home = find_config(admin, &config, ret_why);

	if (home == HOME_FLEET)
		fleet_config_done(&config);
	return home;
}

void
home_name(const struct admin *admin, char ret[static HOME_NAME])
{
	struct fleet_config config;
	char why[HOME_WHY];

	if (find_config(admin, &config, why) == HOME_FLEET) {
		snprintf(ret, HOME_NAME, "the policy of %s", config.name);
		fleet_config_done(&config);
	} else {
		snprintf(ret, HOME_NAME, "%s", admin->policy);
	}
}

static enum fault
read_shared(const struct admin *admin, char **ret_text, size_t *ret_len,
    char ret_why[static HOME_WHY])
{
	struct shared shared = {.mark = ""};
	enum fault fault = shared_fetch(
	    &admin->keeper, SHARED_IN_FORCE, &shared, ret_why);

	if (fault == FAULT_NONE && shared.versions.count == 0) {
		snprintf(ret_why, HOME_WHY, "%s", HOME_NO_POLICY);
		fault = FAULT_ABSENT;
	} else if (fault == FAULT_NONE) {
		struct version *version =
		    &shared.versions.items[shared.versions.count - 1];

		*ret_text = version->text;
		*ret_len = version->len;
		version->text = NULL;
	}
	shared_done(&shared);
	return fault;
}

enum fault
home_read(const struct admin *admin, char **ret_text, size_t *ret_len,
    char ret_why[static HOME_WHY])
{
	switch (home_find(admin, ret_why)) {
	case HOME_FILE:
		return policy_file_read(
		    admin->policy, geteuid(), ret_text, ret_len, ret_why);
	case HOME_FLEET:
		return read_shared(admin, ret_text, ret_len, ret_why);
	case HOME_UNKNOWN:
		break;
	}
	return FAULT_FORMAT;
}

enum fault
home_load(const struct admin *admin, struct policy *ret,
    char ret_why[static HOME_WHY])
{
	struct json_error error = {.line = 0};
	char *text = NULL, name[HOME_NAME];
	size_t len = 0;
	enum fault fault = home_read(admin, &text, &len, ret_why);

	if (fault != FAULT_NONE)
		return fault;
	fault = policy_parse(text, len, ret, &error);
	home_name(admin, name);
	if (fault != FAULT_NONE)
		json_error_say(&error, name, ret_why, HOME_WHY);
	free(text);
	return fault;
}
