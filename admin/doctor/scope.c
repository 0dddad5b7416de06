#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "admin/doctor/person.h"
#include "admin/doctor/scope.h"
#include "store/core/policy.h"

bool
scope_has(const struct config *config, const struct passwd *pw)
{
	const struct config_line *gate = config_gate(config);
	const char *match;

	if (!config_is_partial(gate))
		return gate != NULL;
	for (size_t i = 0; (match = config_gate_match(config, gate, i)) != NULL;
	     i++)
		if (match_fits(match, pw, false))
			return true;
	return false;
}

bool
scope_has_name(const struct config *config, const char *user)
{
	struct name name;
	struct passwd nobody = {.pw_name = name.text, .pw_gid = (gid_t)-1};
	const struct passwd *pw = getpwnam(user);

	snprintf(name.text, sizeof(name.text), "%s", user);
	return scope_has(config, pw != NULL ? pw : &nobody);
}

bool
scope_is_partial(const struct config *config)
{
	return config_is_partial(config_gate(config));
}

void
scope_add(char *list, size_t size, const char *separator, const char *before,
    const char *text)
{
	size_t used = strlen(list);

	snprintf(list + used, size - used, "%s%s%.200s",
	    used > 0 ? separator : "", before, text);
}

void
scope_say(const struct config *config, char *ret, size_t size)
{
	const struct config_line *gate = config_gate(config);
	const char *match;
	char kind[CONFIG_WORD], list[CONFIG_WORD];

	ret[0] = '\0';
	for (size_t i = 0; config_is_partial(gate) &&
	     (match = config_gate_match(config, gate, i)) != NULL;
	     i++)
		if (config_word(&match, kind) && config_word(&match, list))
			scope_add(ret, size, " and ",
			    strcasecmp(kind, "user") == 0   ? ""
				: strchr(list, ',') != NULL ? "the groups "
							    : "the group ",
			    list);
}

void
scope_count(const struct config *config, struct scope_count *ret)
{
	const struct passwd *pw;

	*ret = (struct scope_count){.names = ""};
	setpwent();
	while ((pw = getpwent()) != NULL) {
		if (shell_kind(pw->pw_shell) == SHELL_NO_LOGIN)
			continue;
		if (scope_has(config, pw))
			ret->inside++;
		else if (ret->outside++ < SCOPE_NAMED)
			scope_add(ret->names, sizeof(ret->names), ", ", "",
			    pw->pw_name);
	}
	endpwent();
}
