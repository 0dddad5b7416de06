/*
 * The criteria of a Match, for one user.
 */
#include <stdio.h>
#include <string.h>

#include "admin/doctor/questions.h"
#include "admin/doctor/scope.h"

/* True if a list fits, as in sshd: fits is asked for each pattern, and one with
 * '!' that fits ends the list. */
static bool
list_fits(const char *list, bool (*fits)(const struct passwd *, const char *),
    const struct passwd *pw)
{
	char pattern[CONFIG_WORD];
	bool found = false;

	while (*list != '\0') {
		size_t len = strcspn(list, ",");
		bool is_not = *list == '!';

		snprintf(pattern, sizeof(pattern), "%.*s", (int)len - is_not,
		    list + is_not);
		if (fits(pw, pattern)) {
			if (is_not)
				return false;
			found = true;
		}
		list += len + (list[len] == ',');
	}
	return found;
}

static bool
name_fits(const struct passwd *pw, const char *pattern)
{
	return config_pattern(pattern, pw->pw_name);
}

bool
match_fits(const char *match, const struct passwd *pw, bool any_connection)
{
	char name[CONFIG_WORD], list[CONFIG_WORD];
	char *equals;

	while (config_word(&match, name)) {
		if (strcasecmp(name, "all") == 0)
			continue;
		equals = strchr(name, '=');
		if (equals != NULL)
			*equals = '\0';
		if (equals != NULL)
			snprintf(list, sizeof(list), "%s", equals + 1);
		else if (!config_word(&match, list))
			return false;
		if (strcasecmp(name, "user") != 0 &&
		    strcasecmp(name, "group") != 0) {
			if (!any_connection)
				return false;
			continue;
		}
		if (!list_fits(list,
			strcasecmp(name, "user") == 0 ? name_fits : user_is_in,
			pw))
			return false;
	}
	return true;
}
