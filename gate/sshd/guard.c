#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gate/sshd/config.h"
#include "gate/sshd/guard.h"
#include "store/base/endpoint.h"

const struct guard_setting guard_settings[] = {
    {"PermitUserEnvironment", "no", GUARD_ENVIRONMENT, true,
	"variables from the user's own files can run code before the gate"},
    {"DisableForwarding", "yes", GUARD_CHANNELS, false,
	"what no other line closes can be forwarded without a code"},
    {"AllowTcpForwarding", "no", GUARD_CHANNELS, false,
	"ports can be forwarded without a code"},
    {"AllowStreamLocalForwarding", "no", GUARD_CHANNELS, false,
	"Unix sockets can be forwarded without a code"},
    {"AllowAgentForwarding", "no", GUARD_CHANNELS, false,
	"an agent is forwarded before the code"},
    {"X11Forwarding", "no", GUARD_CHANNELS, false,
	"X11 is forwarded before the code"},
    {"PermitTunnel", "no", GUARD_CHANNELS, false,
	"a tunnel can be opened without a code"},
    {"PermitOpen", "none", GUARD_CHANNELS, false,
	"any port that other lines let through is reached without a code"},
    {"PermitListen", "none", GUARD_CHANNELS, false,
	"any port that other lines let through is opened without a code"},
    {"StreamLocalBindUnlink", "no", GUARD_CHANNELS, false,
	"a Unix socket that is forwarded can replace a file of the user's"},
    {"PermitUserRC", "no", GUARD_ENVIRONMENT, false,
	"~/.ssh/rc runs wherever the gate is not forced"},
    {"ExposeAuthInfo", "yes", GUARD_ENVIRONMENT, false,
	"the gate is not told which key was used, and refuses everyone"},
    {"", "", GUARD_END, false, ""},
};

/* A setting that keeps somebody out stands here again, as in "Match all":
 * the door's block comes before all others.  -R stays closed by two lines. */
const struct guard_setting guard_door_settings[] = {
    {"PermitUserEnvironment", "no", GUARD_ENVIRONMENT, true,
	"variables from the user's own files can run code before the gate"},
    {"AuthenticationMethods", "publickey,keyboard-interactive:pam", GUARD_ASKS,
	false, "somebody may pass the door without a code"},
    {"KbdInteractiveAuthentication", "yes", GUARD_ASKS, false,
	"nobody can be asked for a code, so nobody passes the door"},
    {"DisableForwarding", "no", GUARD_OPENS, false,
	"the door opens nothing, not even after a code"},
    {"AllowTcpForwarding", "local", GUARD_OPENS, false,
	"-J, -L and -D may stay closed after a code"},
    {"AllowAgentForwarding", "yes", GUARD_OPENS, false,
	"the agent stays closed after a code"},
    {"PermitOpen", "any", GUARD_OPENS, false,
	"only some targets can be reached after a code"},
    {"AllowStreamLocalForwarding", "no", GUARD_CHANNELS, false,
	"Unix sockets of this machine are reached from outside"},
    {"X11Forwarding", "no", GUARD_CHANNELS, false,
	"this machine can reach the screen of whoever logs in"},
    {"PermitTunnel", "no", GUARD_CHANNELS, false,
	"a tunnel joins this machine's network to another one"},
    {"PermitListen", "none", GUARD_CHANNELS, false,
	"ports of this machine lead to whoever logged in"},
    {"StreamLocalBindUnlink", "no", GUARD_CHANNELS, false,
	"a Unix socket that is forwarded can replace a file of the user's"},
    {"PermitUserRC", "no", GUARD_ENVIRONMENT, false,
	"~/.ssh/rc runs wherever the gate is not forced"},
    {"ExposeAuthInfo", "yes", GUARD_ENVIRONMENT, false,
	"the gate is not told which key was used, and refuses everyone"},
    {"", "", GUARD_END, false, ""},
};

/* Where fish finds its own functions, and no user can write. */
#define FISH_FUNCTIONS                                                       \
	"/etc/fish/functions:/usr/share/fish/vendor_functions.d:/usr/share/" \
	"fish/functions"

const struct guard_variable guard_variables[] = {
    /* The loader and libc, in each program that is not static. */
    {"LD_PRELOAD", "", GUARD_RUNS, GUARD_REMOVES},
    {"LD_AUDIT", "", GUARD_RUNS, GUARD_REMOVES},
    {"LD_LIBRARY_PATH", "", GUARD_RUNS, GUARD_REMOVES},
    {"GCONV_PATH", "", GUARD_RUNS, GUARD_REMOVES},
    {"LOCPATH", "", GUARD_RUNS, GUARD_REMOVES},
    /* sh and bash.  bash takes a shell of level 0 or 1 for one that sshd
     * started, and reads ~/.bashrc. */
    {"BASH_ENV", "", GUARD_RUNS, GUARD_REMOVES},
    {"ENV", "", GUARD_RUNS, GUARD_REMOVES},
    {"SHELLOPTS", "", GUARD_RUNS, GUARD_REMOVES},
    {"PS4", "", GUARD_RUNS, GUARD_REMOVES},
    {"SHLVL", "2", GUARD_RUNS, GUARD_REMOVES},
    /* fish. */
    {"XDG_CONFIG_HOME", "", GUARD_RUNS, GUARD_REMOVES},
    {"XDG_DATA_HOME", "", GUARD_RUNS, GUARD_REMOVES},
    {"XDG_DATA_DIRS", "", GUARD_RUNS, GUARD_REMOVES},
    {"_FISH_WARNED_cache", "1", GUARD_QUIET, GUARD_REMOVES},
    {"_FISH_WARNED_config", "1", GUARD_QUIET, GUARD_REMOVES},
    {"_FISH_WARNED_data", "1", GUARD_QUIET, GUARD_REMOVES},
    {"fish_function_path", FISH_FUNCTIONS, GUARD_RUNS, GUARD_REMOVES},
    /* sshd sets these only where it has something to say. */
    {"SSH_USER_AUTH", "", GUARD_MISLEADS, GUARD_REMOVES_EMPTY},
    {"SSH_ORIGINAL_COMMAND", "", GUARD_MISLEADS, GUARD_REMOVES_EMPTY},
    {"SSH_TTY", "", GUARD_MISLEADS, GUARD_REMOVES_EMPTY},
    {"SSH_TUNNEL", "", GUARD_MISLEADS, GUARD_REMOVES_EMPTY},
    /* zsh, and what every shell reads below HOME.  The session gets the HOME
     * of passwd. */
    {"ZDOTDIR", "/nonexistent", GUARD_RUNS, GUARD_REMOVES},
    {"HOME", "/nonexistent", GUARD_RUNS, GUARD_KEEPS},

    /* An AcceptEnv that lets these in is too wide. */
    {"BASH_FUNC_x%%", "", GUARD_UNSET, GUARD_KEEPS},
    {"BASHOPTS", "", GUARD_UNSET, GUARD_KEEPS},
    {"PATH", "", GUARD_UNSET, GUARD_KEEPS},
    /* The door's module sets it.  SetEnv would beat the module. */
    {"TFA_CONNECTION", "", GUARD_UNSET, GUARD_REMOVES},
    {"TFA_CODE", "", GUARD_CODE, GUARD_REMOVES},
    {"", "", GUARD_LAST, GUARD_KEEPS},
};

bool
guard_is_set(const struct guard_variable *variable)
{
	return variable->why == GUARD_RUNS || variable->why == GUARD_MISLEADS ||
	    variable->why == GUARD_QUIET;
}

/* The table's row for "NAME=VALUE", or NULL.  Most rows differ in their first
 * character. */
static const struct guard_variable *
find_variable(const char *word)
{
	const struct guard_variable *v = guard_variables;

	for (; v->why != GUARD_LAST; v++) {
		size_t n;

		if (word[0] != v->name[0])
			continue;
		n = strlen(v->name);
		if (strncmp(word, v->name, n) == 0 && word[n] == '=')
			return v;
	}
	return NULL;
}

bool
guard_removes(const char *word)
{
	const struct guard_variable *variable = find_variable(word);

	if (variable == NULL)
		return false;
	switch (variable->session) {
	case GUARD_KEEPS:
		return false;
	case GUARD_REMOVES_EMPTY:
		return word[strlen(variable->name) + 1] == '\0';
	case GUARD_REMOVES:
		break;
	}
	return true;
}

bool
guard_pattern_is_open(const char *pattern)
{
	static const char families[][8] = {"LD_", "BASH", "SSH_"};
	const struct guard_variable *v = guard_variables;

	for (; v->why != GUARD_LAST; v++)
		if (v->why != GUARD_CODE && config_pattern(pattern, v->name))
			return true;
	for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
		if (strncmp(pattern, families[i], strlen(families[i])) == 0)
			return true;
	return false;
}

bool
guard_has_keyword(const char *keyword, const char **ret_value)
{
	const struct guard_setting *s = guard_settings;

	for (; s->group != GUARD_END; s++)
		if (strcasecmp(s->keyword, keyword) == 0) {
			*ret_value = s->value;
			return true;
		}
	*ret_value = NULL;
	return strcasecmp(keyword, "ForceCommand") == 0 ||
	    strcasecmp(keyword, "SetEnv") == 0 ||
	    strcasecmp(keyword, "AcceptEnv") == 0;
}

void
guard_word(const struct guard_variable *variable, char ret[static GUARD_WORD])
{
	snprintf(ret, GUARD_WORD, "%s=%s", variable->name, variable->value);
}

const char *
guard_setenv(void)
{
	static char line[GUARD_LINE] = "SetEnv";
	const struct guard_variable *v = guard_variables;
	size_t n = strlen("SetEnv");

	for (; v->why != GUARD_LAST; v++)
		if (guard_is_set(v) && n < sizeof(line))
			n += (size_t)snprintf(line + n, sizeof(line) - n,
			    " %s=%s", v->name, v->value);
	return line;
}

#define GROUP_MATCH "Match Group "
#define USER_MATCH  "Match User "

static void
write_settings(FILE *out, const struct guard_setting *table, bool global)
{
	for (const struct guard_setting *s = table; s->group != GUARD_END; s++)
		if (s->global == global)
			fprintf(out, "%s%s %s\n", global ? "" : "    ",
			    s->keyword, s->value);
}

bool
guard_may_name(const char *name)
{
	size_t len = strlen(name);

	return len > 0 && len < GUARD_LIST && name[0] != ' ' &&
	    name[len - 1] != ' ' && strpbrk(name, "*?!,\"'\\#=") == NULL &&
	    strcspn(name, "\t\r\n\v\f\x1b\x7f") == len;
}

/* A blank in a name parts no words inside of quotes. */
static void
write_match_block(
    FILE *out, const char *match, const char *list, const char *gate)
{
	const char *quote = strchr(list, ' ') != NULL ? "\"" : "";

	fprintf(out, "%s%s%s%s\n    ForceCommand %s\n", match, quote, list,
	    quote, gate);
	write_settings(out, guard_settings, false);
	fprintf(out,
	    "    " GUARD_ACCEPTENV "\n"
	    "    # The login shell, which starts the gate, must read nothing "
	    "of the user's: the\n"
	    "    # gate then sets the right HOME and takes the rest away.\n"
	    "    %s\n",
	    guard_setenv());
}

static void
write_blocks(FILE *out, const struct guard_only *only, const char *gate)
{
	if (only == NULL) {
		write_match_block(out, GUARD_MATCH, "", gate);
		return;
	}
	fputs(GUARD_ONLY_MARK "\n", out);
	if (only->groups[0] != '\0')
		write_match_block(out, GROUP_MATCH, only->groups, gate);
	if (only->users[0] != '\0')
		write_match_block(out, USER_MATCH, only->users, gate);
}

char *
guard_drop_in(const char *gate, int door_port, const struct guard_only *only)
{
	static const char head[] =
	    "# tfa: every session passes the gate, and no channel goes round "
	    "it.\n"
	    "# Install as " CONFIG_DROP_IN ", root's and 0644; then\n"
	    "# \"sshd -t\" and reload sshd; \"tfa-admin setup\" does all of "
	    "it, and puts a block\n"
	    "# for emergency access above \"" GUARD_MATCH
	    "\" with --break-glass.\n";
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	fputs(head, out);
	write_settings(out, guard_settings, true);
	if (door_port != 0) {
		fprintf(out,
		    GUARD_DOOR_MATCH
		    "%d\n"
		    "    # The door: tfa-sshd alone listens here, and asks for "
		    "the code first.\n",
		    door_port);
		write_settings(out, guard_door_settings, false);
	}
	write_blocks(out, only, gate);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* The port that a line of the drop-in gives the door, spelled as we write it,
 * or 0. */
static int
port_of(const char *line)
{
	char port[ENDPOINT_PORT];
	size_t n;

	if (strncmp(line, GUARD_DOOR_MATCH, strlen(GUARD_DOOR_MATCH)) != 0)
		return 0;
	line += strlen(GUARD_DOOR_MATCH);
	n = strcspn(line, "\n");
	if (n >= sizeof(port))
		return 0;
	memcpy(port, line, n);
	port[n] = '\0';
	return endpoint_port(port);
}

static const char *
next_line(const char *line)
{
	const char *end = strchr(line, '\n');

	return end != NULL ? end + 1 : line + strlen(line);
}

const char *
guard_door_block(const char *drop_in, size_t *ret_len)
{
	const char *found = NULL, *end;

	for (const char *line = drop_in; *line != '\0'; line = next_line(line))
		if (port_of(line) != 0) {
			if (found != NULL)
				return NULL;
			found = line;
		}
	if (found == NULL)
		return NULL;
	end = next_line(found);
	while (*end == ' ' || *end == '\t')
		end = next_line(end);
	*ret_len = (size_t)(end - found);
	return found;
}

int
guard_door_port(const char *drop_in)
{
	size_t len;
	const char *block = guard_door_block(drop_in, &len);

	return block != NULL ? port_of(block) : 0;
}

/* *ret: the list of a line that begins with match, without its quotes. */
static bool
list_of(const char *line, const char *match, char ret[static GUARD_LIST])
{
	size_t n = strlen(match), len;

	if (strncmp(line, match, n) != 0)
		return false;
	line += n;
	line += *line == '"';
	len = strcspn(line, "\"\n");
	if (len >= GUARD_LIST)
		return false;
	memcpy(ret, line, len);
	ret[len] = '\0';
	return true;
}

bool
guard_only_read(const char *drop_in, struct guard_only *ret)
{
	const char *line = strstr(drop_in, "\n" GUARD_ONLY_MARK "\n");

	*ret = (struct guard_only){.groups = ""};
	for (; line != NULL && *line != '\0'; line = next_line(line))
		if (!list_of(line, GROUP_MATCH, ret->groups))
			list_of(line, USER_MATCH, ret->users);
	return ret->groups[0] != '\0' || ret->users[0] != '\0';
}
