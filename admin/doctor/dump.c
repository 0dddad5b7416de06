#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/door.h"
#include "admin/doctor/dump.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

bool
dump_next(const char **at, const char *keyword, char ret[static CONFIG_WORD])
{
	size_t len = strlen(keyword);

	while (**at != '\0') {
		const char *line = *at;
		size_t n = strcspn(line, "\n");

		*at = line + n + (line[n] == '\n');
		if (n <= len || strncasecmp(line, keyword, len) != 0 ||
		    line[len] != ' ')
			continue;
		snprintf(ret, CONFIG_WORD, "%.*s", (int)(n - len - 1),
		    line + len + 1);
		return true;
	}
	return false;
}

bool
dump_value(
    const struct view *view, const char *keyword, char ret[static CONFIG_WORD])
{
	const char *at = view->dump;

	ret[0] = '\0';
	return dump_next(&at, keyword, ret);
}

bool
dump_is_gated(const struct view *view)
{
	char value[CONFIG_WORD];

	return dump_value(view, "forcecommand", value) && config_is_gate(value);
}

bool
dump_takes_keys(const struct view *view)
{
	char value[CONFIG_WORD];

	return dump_is_gated(view) &&
	    (!dump_value(view, "pubkeyauthentication", value) ||
		strcasecmp(value, "no") != 0);
}

bool
dump_is_of_kind(const struct view *view, unsigned long long kind)
{
	for (size_t i = 0; i < view->kinds.count; i++)
		if (view->kinds.items[i] == kind)
			return true;
	return false;
}

/* *ret: the line to look at: the one with the value, else our Match all, else
 * none. */
static void
locate_setting(const struct config *config, const char *keyword,
    const char *value, char *ret, size_t size)
{
	const struct config_line *line = config_find(config, keyword, value);
	const struct config_line *gate = config_gate(config);

	if (line != NULL)
		snprintf(ret, size, "%.160s:%d: %s %.80s", line->file,
		    line->number, keyword, value);
	else if (gate != NULL)
		snprintf(ret, size,
		    "%.160s:%d: no %s line below it, and sshd takes %.80s",
		    gate->file, gate->number, keyword,
		    value[0] != '\0' ? value : "its default");
	else
		snprintf(ret, size, "no %s line, and sshd takes %.80s", keyword,
		    value[0] != '\0' ? value : "its default");
}

void
dump_who(const char *who, size_t others, char *ret, size_t size)
{
	if (others > 0)
		snprintf(ret, size, "for %s and %zu more connection%s", who,
		    others, findings_s(others));
	else
		snprintf(ret, size, "for %s", who);
}

/* True if a value that differs at the door only leaves something closed. */
static bool
opens_less(const struct guard_setting *setting, const char *value)
{
	if (setting->group != GUARD_OPENS)
		return false;
	return strcasecmp(setting->value, "any") == 0 ||
	    strcasecmp(setting->value, "no") == 0 ||
	    strcasecmp(value, "no") == 0;
}

/* Sites may ask for a certificate or a host's key in another alternative. */
static bool
is_as_wanted(const struct guard_setting *setting, const char *value)
{
	return strcasecmp(setting->keyword, "AuthenticationMethods") == 0
	    ? door_asks(value)
	    : strcasecmp(setting->value, value) == 0;
}

/* A site may close the door to an account that only jumps to certain hosts: a
 * line that opens it must not be advised. */
static void
say_setting(const struct config *config, const struct guard_setting *setting,
    const char *value, const char *who, struct findings *findings)
{
	char where[400], fix[80];
	bool less = opens_less(setting, value);

	locate_setting(config, setting->keyword, value, where, sizeof(where));
	snprintf(fix, sizeof(fix), "%s %s", setting->keyword, setting->value);
	findings_add(findings, less ? FINDING_WARN : FINDING_FAIL,
	    less ? NULL : fix, "%s, %s: %s%s", where, who,
	    setting->group == GUARD_OPENS && !less
		? "more is open than the door needs"
		: setting->follows,
	    less ? "; leave it if you mean it" : "");
}

static void
judge_setting(const struct views *views, const struct config *config,
    const struct guard_setting *setting, bool door, struct findings *findings)
{
	char value[CONFIG_WORD], first[CONFIG_WORD] = "", who[256];
	const struct view *worst = NULL;
	size_t more = 0;

	list_each(const struct view, view, views->list) {
		dump_value(view, setting->keyword, value);
		if (view->door != door || (view->outside && !door) ||
		    is_as_wanted(setting, value))
			continue;
		if (worst != NULL &&
		    (opens_less(setting, value) ||
			!opens_less(setting, first))) {
			more += 1 + view->others;
			continue;
		}
		if (worst != NULL)
			more += 1 + worst->others;
		worst = view;
		memcpy(first, value, sizeof(first));
	}
	if (worst == NULL)
		return;
	dump_who(worst->who, worst->others + more, who, sizeof(who));
	say_setting(config, setting, first, who, findings);
}

void
dump_judge_settings(const struct views *views, const struct config *config,
    enum guard_group group, bool door, struct findings *findings)
{
	const struct guard_setting *setting = door ? guard_door_settings
						   : guard_settings;

	for (; setting->group != GUARD_END; setting++)
		if (setting->group == group)
			judge_setting(views, config, setting, door, findings);
}

bool
dump_has(const struct views *views, bool door)
{
	list_each(const struct view, view, views->list)
		if (view->door == door)
			return true;
	return false;
}

static const char *
fault_of(const char *command)
{
	if (strcasecmp(command, "none") == 0 || command[0] == '\0')
		return "no gate asks for a code";
	if (strncmp(command, "tfa-gate", 8) == 0)
		return "a relative path, which PATH can lead elsewhere";
	return "that is not the gate, and asks for no code";
}

static void
judge_view_command(const struct view *view, const struct config *config,
    struct findings *findings)
{
	const struct config_line *gate = config_gate(config);
	char value[CONFIG_WORD], fix[CONFIG_WORD], where[400], who[256];

	dump_who(view->who, view->others, who, sizeof(who));
	if (!view->exempt && dump_value(view, "chrootdirectory", value) &&
	    strcasecmp(value, "none") != 0) {
		locate_setting(
		    config, "ChrootDirectory", value, where, sizeof(where));
		findings_fail(findings, "ChrootDirectory none",
		    "%s, %s: the gate is not in there, they are locked out",
		    where, who);
	}
	dump_value(view, "forcecommand", value);
	if (config_is_gate(value) || view->exempt)
		return;
	snprintf(fix, sizeof(fix), "ForceCommand %.600s",
	    gate != NULL ? gate->value : "/usr/sbin/tfa-gate");
	locate_setting(config, "ForceCommand", value, where, sizeof(where));
	findings_fail(findings, fix, "%s, %s: %s", where, who, fault_of(value));
}

void
dump_judge_gate(const struct views *views, const struct config *config,
    struct findings *findings)
{
	list_each(const struct view, view, views->list)
		if (!view->outside)
			judge_view_command(view, config, findings);
}

static bool
has_variable(const struct view *view, const struct guard_variable *variable)
{
	char value[CONFIG_WORD], wanted[GUARD_WORD];
	const char *at = view->dump;

	guard_word(variable, wanted);
	while (dump_next(&at, "setenv", value))
		if (strcmp(value, wanted) == 0)
			return true;
	return false;
}

/* *ret: " NAME=VALUE" for each that SetEnv must set and does not. */
static void
list_missing(const struct view *view, char ret[static GUARD_LINE])
{
	const struct guard_variable *v = guard_variables;
	char word[GUARD_WORD];
	size_t n = 0;

	for (ret[0] = '\0'; v->why != GUARD_LAST; v++)
		if (guard_is_set(v) && v->why != GUARD_QUIET &&
		    !has_variable(view, v) && n < GUARD_LINE) {
			guard_word(v, word);
			n += (size_t)snprintf(
			    ret + n, GUARD_LINE - n, " %s", word);
		}
}

/* The drop-in's SetEnv beats what a client or a user sets. */
static void
judge_view_setenv(const struct view *view, const struct config *config,
    struct findings *findings)
{
	char missing[GUARD_LINE], value[CONFIG_WORD], where[400], who[256];
	const char *at = view->dump;

	list_missing(view, missing);
	if (missing[0] == '\0' || view->exempt)
		return;
	if (!dump_next(&at, "setenv", value))
		value[0] = '\0';
	locate_setting(config, "SetEnv", value, where, sizeof(where));
	dump_who(view->who, view->others, who, sizeof(who));
	findings_fail(findings, guard_setenv(),
	    "%s, %s: it lacks%s, so a user's own values stand, which run code "
	    "before the gate or name a key to it",
	    where, who, missing);
}

static void
judge_view_acceptenv(const struct view *view, const struct config *config,
    struct findings *findings)
{
	char value[CONFIG_WORD], where[400], who[256];
	const char *at = view->dump;
	bool code = false;

	dump_who(view->who, view->others, who, sizeof(who));
	while (dump_next(&at, "acceptenv", value)) {
		code |= config_pattern(value, "TFA_CODE");
		if (!guard_pattern_is_open(value))
			continue;
		locate_setting(
		    config, "AcceptEnv", value, where, sizeof(where));
		findings_fail(findings, GUARD_ACCEPTENV,
		    "%s, %s: a client's variables run code before the gate",
		    where, who);
	}
	if (!code)
		findings_warn(findings, GUARD_ACCEPTENV,
		    "no AcceptEnv TFA_CODE, %s: scripts cannot give a code",
		    who);
}

void
dump_judge_variables(const struct views *views, const struct config *config,
    struct findings *findings)
{
	list_each(const struct view, view, views->list) {
		if (view->outside)
			continue;
		judge_view_setenv(view, config, findings);
		judge_view_acceptenv(view, config, findings);
	}
}

void
views_done(struct views *views)
{
	for (size_t i = 0; i < views->list.count; i++) {
		free(views->list.items[i].dump);
		free(views->list.items[i].kinds.items);
	}
	free(views->list.items);
	*views = (struct views){{NULL, 0}};
}
