/*
 * Accounts that sshd itself serves, by internal-sftp: with a shell that opens no
 * session, or in a ChrootDirectory.
 */
#include <pwd.h>
#include <string.h>
#include <strings.h>

#include "admin/doctor/person.h"
#include "admin/doctor/scope.h"
#include "store/system/passwd.h"

static const char internal[] = "internal-sftp";

/* A Match block beats a global line. */
const char *
served_value(
    const struct config *config, const struct passwd *pw, const char *keyword)
{
	const struct config_line *gate = config_gate(config);
	const char *global = NULL;

	list_each(const struct config_line, line, config->lines) {
		if (!config_has_keyword(line, keyword) ||
		    (gate != NULL && config_is_of_gate(config, gate, line)))
			continue;
		if (line->match == NULL && global == NULL)
			global = line->value;
		else if (line->match != NULL &&
		    match_fits(line->match, pw, true) &&
		    (line->outer == NULL || match_fits(line->outer, pw, true)))
			return line->value;
	}
	return global;
}

static bool
is_none(const char *value)
{
	return value == NULL || strcasecmp(value, "none") == 0;
}

static bool
is_internal(const char *command)
{
	char word[CONFIG_WORD];

	return command != NULL && config_word(&command, word) &&
	    strcmp(word, internal) == 0;
}

/* The command of "Subsystem sftp". */
static const char *
subsystem(const struct config *config)
{
	list_each(const struct config_line, line, config->lines) {
		const char *rest = line->value;
		char word[CONFIG_WORD];

		if (config_has_keyword(line, "Subsystem") &&
		    config_word(&rest, word) && strcmp(word, "sftp") == 0)
			return rest + strspn(rest, " \t");
	}
	return NULL;
}

bool
served_by_sshd(const struct config *config, const struct passwd *pw,
    const char **ret_command, bool *ret_named)
{
	const char *command = served_value(config, pw, "ForceCommand");

	*ret_named = is_internal(command);
	*ret_command = command;
	if (*ret_named)
		return true;
	*ret_command = internal;
	return is_none(command) && is_internal(subsystem(config));
}

static bool
has_shell(const struct passwd *pw)
{
	return shell_kind(passwd_shell(pw)) != SHELL_NO_LOGIN;
}

static bool
meets_gate(const struct config *config, const struct passwd *pw)
{
	return scope_has(config, pw) && !config_exempts(config, pw->pw_name);
}

bool
sftp_is_cut_off(const struct config *config, const struct passwd *pw)
{
	const char *command;
	bool named;

	return !has_shell(pw) && served_by_sshd(config, pw, &command, &named) &&
	    meets_gate(config, pw);
}

bool
sftp_is_confined(const struct config *config, const struct passwd *pw)
{
	const char *command;
	bool named;

	return has_shell(pw) && served_by_sshd(config, pw, &command, &named) &&
	    !is_none(served_value(config, pw, "ChrootDirectory")) &&
	    meets_gate(config, pw);
}
