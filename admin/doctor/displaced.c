/*
 * The site's own lines that our Match all displaces.  A ForceCommand, a
 * ChrootDirectory, a SetEnv or an AcceptEnv of the site's has no effect beside
 * ours, unless a block before ours repeats it for the same people; at the door,
 * neither has a line that closes forwarding to some.  The fix is that block.
 */
#include <stdio.h>
#include <string.h>

#include "admin/doctor/dump.h"
#include "store/base/endpoint.h"

struct displaced {
	const struct config *config;
	const struct config_line *gate; /* our ForceCommand */
	const struct config_line *door; /* the door's first line, or NULL */
	int door_port;
	struct findings *findings;
};

#define PEOPLE (2 * CONFIG_WORD)

/* A global line and one under "Match all" are for the same people. */
static const char *
people_of(const struct config_line *line)
{
	return line->match != NULL ? line->match : "all";
}

/*
 * *ret: the people of the line who meet the gate by its block number i, as
 * criteria of a Match, where "all" stands alone.  False after the last.
 */
static bool
gated_people(const struct displaced *displaced, const struct config_line *line,
    size_t i, char ret[static PEOPLE])
{
	const char *people = people_of(line);
	const char *gate = config_gate_match(
	    displaced->config, displaced->gate, i);

	if (gate == NULL)
		return false;
	if (strcasecmp(gate, "all") == 0)
		snprintf(ret, PEOPLE, "%s", people);
	else if (strcasecmp(people, "all") == 0)
		snprintf(ret, PEOPLE, "%s", gate);
	else
		snprintf(ret, PEOPLE, "%s %s", people, gate);
	return true;
}

/* True if a block before ours has the keyword for these people; unless word is
 * NULL, with that word in its value. */
static bool
is_repeated_for(const struct displaced *displaced,
    const struct config_line *line, const char *people, const char *word)
{
	for (const struct config_line *other = displaced->config->lines.items;
	     other < displaced->gate; other++) {
		const char *rest = other->value;
		char found[CONFIG_WORD];

		if (other->match == NULL ||
		    !config_has_keyword(other, line->keyword) ||
		    (strcasecmp(other->match, people) != 0 &&
			strcasecmp(other->match, people_of(line)) != 0))
			continue;
		if (word == NULL)
			return true;
		while (config_word(&rest, found))
			if (strcmp(word, found) == 0)
				return true;
	}
	return false;
}

/* True if blocks before ours repeat it for all whom the gate asks. */
static bool
is_repeated(const struct displaced *displaced, const struct config_line *line,
    const char *word)
{
	char people[PEOPLE];

	for (size_t i = 0; gated_people(displaced, line, i, people); i++)
		if (!is_repeated_for(displaced, line, people, word))
			return false;
	return true;
}

/* True if our own AcceptEnv lets in what the pattern does. */
static bool
is_accepted(const char *pattern)
{
	const char *rest = &GUARD_ACCEPTENV[strlen("AcceptEnv ")];
	char ours[CONFIG_WORD];

	while (config_word(&rest, ours))
		if (config_pattern(ours, pattern))
			return true;
	return false;
}

/* The fix is blocks that repeat a line, in the site's file. */
static void
add_blocks(struct displaced *displaced, const char *blocks,
    const struct config_line *line, const char *follows)
{
	const char *file = displaced->gate->file;
	const char *slash = strrchr(file, '/');
	int folder = slash != NULL ? (int)(slash - file) + 1 : 0;
	char fix[FINDING_FIX];

	snprintf(fix, sizeof(fix), "in %.*s" CONFIG_SITE ":%s", folder, file,
	    blocks);
	findings_add_block(displaced->findings, FINDING_FAIL, fix,
	    "%.160s:%d: %.60s %.100s%s", line->file, line->number,
	    line->keyword, line->value, follows);
}

/* Adds a block for these people with this setting. */
static void
write_block(
    char blocks[static FINDING_FIX], const char *people, const char *setting)
{
	size_t n = strlen(blocks);

	snprintf(blocks + n, FINDING_FIX - n, "\n    Match %s\n        %s",
	    people, setting);
}

static void
add_block(struct displaced *displaced, const struct config_line *line,
    const char *setting, const char *follows)
{
	char people[PEOPLE], blocks[FINDING_FIX] = "";

	for (size_t i = 0; gated_people(displaced, line, i, people); i++)
		if (config_has_keyword(line, "acceptenv") ||
		    !is_repeated_for(displaced, line, people, NULL))
			write_block(blocks, people, setting);
	add_blocks(displaced, blocks, line, follows);
}

/* In single quotes, where a shell would see more than one plain word. */
static void
quote(const char *command, char *ret, size_t size)
{
	size_t n = 0;

	if (command[strcspn(command, " \t\"'\\$`&|;<>()*?[]#~!")] == '\0') {
		snprintf(ret, size, "%s", command);
		return;
	}
	ret[n++] = '\'';
	for (; *command != '\0' && n + 6 < size; command++) {
		if (*command == '\'')
			n += (size_t)snprintf(ret + n, size - n, "'\\''");
		else
			ret[n++] = *command;
	}
	snprintf(ret + n, size - n, "'");
}

static void
displaced_command(struct displaced *displaced, const struct config_line *line)
{
	char setting[2 * CONFIG_WORD + 64], command[CONFIG_WORD];
	const char *gate = displaced->gate->value;

	if (strcmp(line->value, gate) == 0)
		return;
	quote(line->value, command, sizeof(command));
	/* tfa connect has its own list of targets; the door has none. */
	if (config_is_gate(line->value))
		snprintf(setting, sizeof(setting), "ForceCommand %.1000s%s",
		    line->value,
		    strstr(line->value, "/tfa connect") != NULL
			? "\n        DisableForwarding yes"
			: "");
	else
		snprintf(setting, sizeof(setting),
		    "ForceCommand %.*s --command %s", (int)strcspn(gate, " \t"),
		    gate, command);
	add_block(displaced, line, setting,
	    " is displaced by our Match all: those users gain "
	    "a shell");
}

static void
displaced_chroot(struct displaced *displaced, const struct config_line *line)
{
	add_block(displaced, line, "ChrootDirectory none",
	    ": the gate is not in there, and those users are locked out");
}

/* Only the first SetEnv of a session counts, so the block has ours, too. */
static void
displaced_setenv(struct displaced *displaced, const struct config_line *line)
{
	char setting[FINDING_FIX];

	snprintf(setting, sizeof(setting), "SetEnv %s %s", line->value,
	    guard_setenv() + strlen("SetEnv "));
	add_block(displaced, line, setting,
	    " is displaced by our Match all: only the first SetEnv counts");
}

/* The lists of several blocks add up; a global one is lost beside them.  What
 * runs code is judged elsewhere, and is not repeated. */
static void
displaced_acceptenv(struct displaced *displaced, const struct config_line *line)
{
	char setting[FINDING_FIX] = "AcceptEnv", word[CONFIG_WORD];
	const char *rest = line->value;
	size_t n = strlen(setting);

	while (config_word(&rest, word))
		if (!is_accepted(word) && !guard_pattern_is_open(word) &&
		    !is_repeated(displaced, line, word) && n < sizeof(setting))
			n += (size_t)snprintf(
			    setting + n, sizeof(setting) - n, " %s", word);
	if (strcmp(setting, "AcceptEnv") != 0)
		add_block(displaced, line, setting,
		    " is displaced by our Match all: those variables are lost");
}

static void
displaced_line(struct displaced *displaced, const struct config_line *line)
{
	bool is_none = strcasecmp(line->value, "none") == 0;

	if (config_has_keyword(line, "acceptenv") && line->match == NULL)
		displaced_acceptenv(displaced, line);
	if (is_none || is_repeated(displaced, line, NULL))
		return;
	if (config_has_keyword(line, "forcecommand"))
		displaced_command(displaced, line);
	else if (config_has_keyword(line, "chrootdirectory"))
		displaced_chroot(displaced, line);
	else if (config_has_keyword(line, "setenv"))
		displaced_setenv(displaced, line);
}

/* True if the line closes for some people what the door's block opens.  For a
 * value "local" of that block, these two open it and more. */
static bool
closes(const struct config_line *line)
{
	const struct guard_setting *s = guard_door_settings;

	while (s->group != GUARD_END &&
	    (s->group != GUARD_OPENS || !config_has_keyword(line, s->keyword)))
		s++;
	if (s->group == GUARD_END || strcasecmp(line->value, s->value) == 0)
		return false;
	return strcmp(s->value, "local") != 0 ||
	    (strcasecmp(line->value, "yes") != 0 &&
		strcasecmp(line->value, "all") != 0);
}

int
config_match_port(const char *match)
{
	char word[CONFIG_WORD];
	int port;

	while (config_word(&match, word)) {
		if (strcasecmp(word, "localport") != 0)
			continue;
		if (!config_word(&match, word))
			return -1;
		port = endpoint_port(word);
		return port != 0 ? port : -1;
	}
	return 0;
}

/* True if a block before the door's, perhaps the line's own, closes it for the
 * same people, whatever the port, or at the door. */
static bool
is_closed_before(const struct displaced *displaced,
    const struct config_line *line, const char *at_door)
{
	for (const struct config_line *other = displaced->config->lines.items;
	     other < displaced->door; other++)
		if (other->match != NULL &&
		    config_has_keyword(other, line->keyword) &&
		    (strcasecmp(other->match, people_of(line)) == 0 ||
			strcasecmp(other->match, at_door) == 0))
			return true;
	return false;
}

/* A global line that closes all is for the ordinary port; who opens a door means
 * to forward.  A global list of targets is one for the door, too. */
static bool
is_lost_at_door(
    const struct displaced *displaced, const struct config_line *line)
{
	if (line->match == NULL)
		return config_has_keyword(line, "permitopen") &&
		    strcasecmp(line->value, "none") != 0 && closes(line);
	return !config_is_of_gate(displaced->config, displaced->gate, line) &&
	    line->block != displaced->door->block && closes(line);
}

static void
displaced_at_door(struct displaced *displaced, const struct config_line *line)
{
	char setting[CONFIG_WORD + 64], at_door[CONFIG_WORD + 64];
	char blocks[FINDING_FIX] = "";
	int port = line->match != NULL ? config_match_port(line->match) : 0;
	bool has_port = port > 0 && port == displaced->door_port;

	if (displaced->door == NULL || !is_lost_at_door(displaced, line) ||
	    (port > 0 && !has_port))
		return;
	snprintf(at_door, sizeof(at_door), "%.1000s%sLocalPort %d",
	    line->match != NULL ? line->match : "",
	    line->match != NULL ? " " : "", displaced->door_port);
	if (has_port)
		snprintf(at_door, sizeof(at_door), "%.1000s", line->match);
	if (is_closed_before(displaced, line, at_door))
		return;
	snprintf(
	    setting, sizeof(setting), "%s %.1000s", line->keyword, line->value);
	write_block(blocks, at_door, setting);
	add_blocks(displaced, blocks, line,
	    " is displaced at the door: those users forward there");
}

static const struct config_line *
find_door(
    const struct config *config, const struct config_line *gate, int door_port)
{
	for (const struct config_line *line = config->lines.items;
	     door_port != 0 && line < gate; line++)
		if (line->match != NULL &&
		    strcmp(line->file, gate->file) == 0 &&
		    config_match_port(line->match) == door_port)
			return line;
	return NULL;
}

void
config_judge_displaced(const struct config *config,
    const struct config_line *gate, int door_port, struct findings *findings)
{
	struct displaced displaced = {.config = config,
	    .gate = gate,
	    .door = find_door(config, gate, door_port),
	    .door_port = door_port,
	    .findings = findings};

	list_each(const struct config_line, line, config->lines) {
		displaced_at_door(&displaced, line);
		if (!config_is_of_gate(config, gate, line) &&
		    (line->match == NULL || line > gate))
			displaced_line(&displaced, line);
	}
}
