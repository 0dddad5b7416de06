#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin/doctor/dump.h"

const struct setting dump_channels[] = {
    {"DisableForwarding", "yes",
	"what no other line closes can be forwarded without a code"},
    {"AllowTcpForwarding", "no", "ports can be forwarded without a code"},
    {"AllowStreamLocalForwarding", "no",
	"Unix sockets can be forwarded without a code"},
    {"AllowAgentForwarding", "no", "an agent is forwarded before the code"},
    {"X11Forwarding", "no", "X11 is forwarded before the code"},
    {"PermitTunnel", "no", "a tunnel can be opened without a code"},
    {"PermitOpen", "none",
	"any port that other lines let through is reached without a code"},
    {"PermitListen", "none",
	"any port that other lines let through is opened without a code"},
    {"StreamLocalBindUnlink", "no",
	"a Unix socket that is forwarded can replace a file of the user's"},
    {"", "", ""},
};

const struct setting dump_environment[] = {
    {"PermitUserEnvironment", "no",
	"variables from the user's own files can run code before the gate"},
    {"PermitUserRC", "no", "~/.ssh/rc runs wherever the gate is not forced"},
    {"ExposeAuthInfo", "yes",
	"the gate is not told which key was used, and refuses everyone"},
    {"", "", ""},
};

/* Names that run code, or that the gate believes; one of each family. */
static const char *const dangerous[] = {"LD_PRELOAD", "LD_AUDIT",
    "LD_LIBRARY_PATH", "GCONV_PATH", "LOCPATH", "BASH_ENV", "BASH_FUNC_x%%",
    "SHELLOPTS", "BASHOPTS", "PS4", "SHLVL", "ENV", "XDG_CONFIG_HOME",
    "XDG_DATA_HOME", "XDG_DATA_DIRS", "fish_function_path", "ZDOTDIR", "HOME",
    "PATH", "SSH_USER_AUTH", "SSH_ORIGINAL_COMMAND", "SSH_TTY"};
static const char *const families[] = {"LD_", "BASH", "SSH_"};

/* Of DUMP_SETENV: each must be there as it stands.  Without fish's a user is
 * only told of a HOME that is not hers. */
static const char *const variables[] = {
    "LD_PRELOAD=", "LD_AUDIT=", "LD_LIBRARY_PATH=", "GCONV_PATH=", "LOCPATH=",
    "BASH_ENV=", "ENV=", "SHELLOPTS=", "PS4=", "SHLVL=2",
    "XDG_CONFIG_HOME=", "XDG_DATA_HOME=", "XDG_DATA_DIRS=", DUMP_FISH,
    "SSH_USER_AUTH=", "SSH_ORIGINAL_COMMAND=", "SSH_TTY=", "SSH_TUNNEL=",
    "ZDOTDIR=/nonexistent", "HOME=/nonexistent"};

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
dump_is_of_kind(const struct view *view, unsigned long long kind)
{
	for (size_t i = 0; i < view->kinds.count; i++)
		if (view->kinds.items[i] == kind)
			return true;
	return false;
}

bool
dump_pattern_is_open(const char *pattern)
{
	for (size_t i = 0; i < COUNT(dangerous); i++)
		if (config_pattern(pattern, dangerous[i]))
			return true;
	for (size_t i = 0; i < COUNT(families); i++)
		if (strncmp(pattern, families[i], strlen(families[i])) == 0)
			return true;
	return false;
}

bool
dump_guards(const char *keyword, const char **ret_value)
{
	static const struct setting *const tables[] = {
	    dump_channels, dump_environment};

	*ret_value = NULL;
	for (size_t t = 0; t < COUNT(tables); t++)
		for (const struct setting *s = tables[t]; *s->keyword; s++)
			if (strcasecmp(s->keyword, keyword) == 0) {
				*ret_value = s->value;
				return true;
			}
	return strcasecmp(keyword, "forcecommand") == 0 ||
	    strcasecmp(keyword, "setenv") == 0 ||
	    strcasecmp(keyword, "acceptenv") == 0;
}

/* Where to look: the line with the value, else our Match all, else the file
 * that sshd reads. */
static void
place(const struct config *config, const char *keyword, const char *value,
    char *ret, size_t size)
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
dump_who(const struct view *view, size_t more, char *ret, size_t size)
{
	size_t others = view->others + more;

	if (others > 0)
		snprintf(ret, size, "for %s and %zu more", view->who, others);
	else
		snprintf(ret, size, "for %s", view->who);
}

static void
judge_setting(const struct views *views, const struct config *config,
    const struct setting *setting, struct findings *findings)
{
	char value[CONFIG_WORD], first[CONFIG_WORD] = "";
	const struct view *worst = NULL;
	char where[400], who[256], fix[80];
	size_t more = 0;

	for (size_t i = 0; i < views->list.count; i++) {
		const struct view *view = &views->list.items[i];

		dump_value(view, setting->keyword, value);
		if (strcasecmp(value, setting->value) == 0)
			continue;
		if (worst != NULL) {
			more += 1 + view->others;
			continue;
		}
		worst = view;
		memcpy(first, value, sizeof(first));
	}
	if (worst == NULL)
		return;
	place(config, setting->keyword, first, where, sizeof(where));
	dump_who(worst, more, who, sizeof(who));
	snprintf(fix, sizeof(fix), "%s %s", setting->keyword, setting->value);
	findings_add(findings, FINDING_FAIL, fix, "%s, %s: %s", where, who,
	    setting->follows);
}

void
dump_judge_settings(const struct views *views, const struct config *config,
    const struct setting *settings, struct findings *findings)
{
	for (; *settings->keyword != '\0'; settings++)
		judge_setting(views, config, settings, findings);
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
judge_command(const struct view *view, const struct config *config,
    struct findings *findings)
{
	const struct config_line *gate = config_gate(config);
	char value[CONFIG_WORD], fix[CONFIG_WORD], where[400], who[256];

	dump_who(view, 0, who, sizeof(who));
	if (dump_value(view, "chrootdirectory", value) &&
	    strcasecmp(value, "none") != 0) {
		place(config, "ChrootDirectory", value, where, sizeof(where));
		findings_add(findings, FINDING_FAIL, "ChrootDirectory none",
		    "%s, %s: the gate is not in there, they are locked out",
		    where, who);
	}
	dump_value(view, "forcecommand", value);
	if (config_is_gate(value))
		return;
	snprintf(fix, sizeof(fix), "ForceCommand %.600s",
	    gate != NULL ? gate->value : "/usr/sbin/tfa-gate");
	place(config, "ForceCommand", value, where, sizeof(where));
	if (view->exempt)
		findings_add(findings, FINDING_WARN, NULL,
		    "%s, %s: exempt by sshd, for emergencies", where, who);
	else
		findings_add(findings, FINDING_FAIL, fix, "%s, %s: %s", where,
		    who, fault_of(value));
}

void
dump_judge_gate(const struct views *views, const struct config *config,
    struct findings *findings)
{
	for (size_t i = 0; i < views->list.count; i++)
		judge_command(&views->list.items[i], config, findings);
}

static bool
has_variable(const struct view *view, const char *wanted)
{
	char value[CONFIG_WORD];
	const char *at = view->dump;

	while (dump_next(&at, "setenv", value))
		if (strcmp(value, wanted) == 0)
			return true;
	return false;
}

/* The server's own SetEnv beats whatever a client or a user sets. */
static void
judge_setenv(const struct view *view, const struct config *config,
    struct findings *findings)
{
	char missing[sizeof(DUMP_SETENV)] = "", value[CONFIG_WORD], where[400],
	     who[256];
	const char *at = view->dump;
	size_t n = 0;

	for (size_t i = 0; i < COUNT(variables); i++)
		if (!has_variable(view, variables[i]) && n < sizeof(missing))
			n += (size_t)snprintf(missing + n, sizeof(missing) - n,
			    " %s", variables[i]);
	if (n == 0 || view->exempt)
		return;
	if (!dump_next(&at, "setenv", value))
		value[0] = '\0';
	place(config, "SetEnv", value, where, sizeof(where));
	dump_who(view, 0, who, sizeof(who));
	findings_add(findings, FINDING_FAIL, DUMP_SETENV,
	    "%s, %s: it lacks%s, so a user's own values stand, which run code "
	    "before the gate or name a key to it",
	    where, who, missing);
}

static void
judge_acceptenv(const struct view *view, const struct config *config,
    struct findings *findings)
{
	char value[CONFIG_WORD], where[400], who[256];
	const char *at = view->dump;
	bool code = false;

	dump_who(view, 0, who, sizeof(who));
	while (dump_next(&at, "acceptenv", value)) {
		code |= config_pattern(value, "TFA_CODE");
		if (!dump_pattern_is_open(value))
			continue;
		place(config, "AcceptEnv", value, where, sizeof(where));
		findings_add(findings, FINDING_FAIL, DUMP_ACCEPTENV,
		    "%s, %s: a client's variables run code before the gate",
		    where, who);
	}
	if (!code)
		findings_add(findings, FINDING_WARN, DUMP_ACCEPTENV,
		    "no AcceptEnv TFA_CODE, %s: scripts cannot give a code",
		    who);
}

void
dump_judge_variables(const struct views *views, const struct config *config,
    struct findings *findings)
{
	for (size_t i = 0; i < views->list.count; i++) {
		judge_setenv(&views->list.items[i], config, findings);
		judge_acceptenv(&views->list.items[i], config, findings);
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
