/*
 * The order of sshd's lines.  A line in a Match block beats a global one and
 * the first Match wins: what stands before our Match all beats it, and what
 * stands below is lost.
 */
#include <stdio.h>
#include <string.h>

#include "admin/doctor/dump.h"

bool
config_names_users(const char *match)
{
	char word[CONFIG_WORD];
	bool named = false;

	while (config_word(&match, word)) {
		if (strncasecmp(word, "user=", 5) == 0)
			memmove(word, word + 5, strlen(word + 5) + 1);
		else if (strcasecmp(word, "user") != 0 ||
		    !config_word(&match, word))
			return false;
		if (strpbrk(word, "*?!") != NULL)
			return false;
		named = true;
	}
	return named;
}

bool
config_is_meant(const struct config_line *line, const struct config_line *gate)
{
	const char *slash = strrchr(line->file, '/');
	size_t folder = slash != NULL ? (size_t)(slash - line->file) + 1 : 0;

	return strcmp(line->file, gate->file) == 0 ||
	    (strcmp(line->file + folder, CONFIG_SITE) == 0 &&
		strncmp(line->file, gate->file, folder) == 0 &&
		strchr(gate->file + folder, '/') == NULL);
}

/* True for a command that sshd serves itself, or none. */
static bool
is_sshds_own(const char *command)
{
	char word[CONFIG_WORD];

	return strcasecmp(command, "none") == 0 ||
	    (config_word(&command, word) && strcmp(word, "internal-sftp") == 0);
}

/* True for "ForceCommand none" of users by name: emergency access, or an
 * account whose keys only sshd can hold to their commands; and for
 * internal-sftp, which starts no shell. */
static bool
is_exemption(const struct config_line *line, const struct config_line *gate)
{
	return gate != NULL && line < gate &&
	    config_has_keyword(line, "forcecommand") && line->match != NULL &&
	    config_is_meant(line, gate) && is_sshds_own(line->value) &&
	    config_names_users(line->match);
}

struct search {
	const char *user;
	bool found;
};

static void
compare_user(void *ctx, const char *word)
{
	struct search *search = ctx;

	search->found |= strcmp(word, search->user) == 0;
}

bool
config_exempts(const struct config *config, const char *user)
{
	const struct config_line *gate = config_gate(config);
	struct search search = {.user = user};

	list_each(const struct config_line, line, config->lines) {
		struct config_line match = *line;
		struct config one = {.lines = {&match, 1}};

		if (!is_exemption(line, gate))
			continue;
		match.keyword = "match";
		match.value = line->match;
		config_criteria(&one, "user", compare_user, &search);
	}
	return search.found;
}

/* True for a line of a block for the door's port alone, of a setting for which
 * the door has a value of its own: sshd's answers for that port say if it is
 * that. */
static bool
is_of_door(const struct config_line *line, const struct config_line *gate,
    int door_port)
{
	const struct guard_setting *s = guard_door_settings;

	if (door_port == 0 || !config_is_meant(line, gate) ||
	    line->match == NULL || config_match_port(line->match) != door_port)
		return false;
	while (s->group != GUARD_END && !config_has_keyword(line, s->keyword))
		s++;
	return s->group != GUARD_END;
}

/* The people of the block do not meet the gate. */
static bool
block_exempts(const struct config *config, const struct config_line *line,
    const struct config_line *gate)
{
	for (const struct config_line *other = config->lines.items;
	     other < gate; other++)
		if (other->block == line->block && is_exemption(other, gate))
			return true;
	return false;
}

/* A Match before ours that sets what ours sets, to something else. */
static void
judge_before(const struct config *config, const struct config_line *line,
    const struct config_line *gate, int door_port, struct findings *findings)
{
	const char *wanted;

	if (line->match == NULL || line->block == gate->block ||
	    is_of_door(line, gate, door_port))
		return;
	if (config_has_keyword(line, "chrootdirectory") &&
	    strcasecmp(line->value, "none") != 0 &&
	    !block_exempts(config, line, gate))
		findings_fail(findings, "ChrootDirectory none",
		    "%.160s:%d: ChrootDirectory %.100s: the gate is not in "
		    "there, and those users are locked out",
		    line->file, line->number, line->value);
	if (!guard_has_keyword(line->keyword, &wanted) ||
	    (wanted != NULL && strcasecmp(line->value, wanted) == 0) ||
	    (config_has_keyword(line, "forcecommand") &&
		config_is_gate(line->value)) ||
	    config_has_keyword(line, "setenv") ||
	    config_has_keyword(line, "acceptenv"))
		return;
	if (is_exemption(line, gate))
		findings_note(findings,
		    "%.160s:%d: Match %.160s is exempt by sshd: no code, and "
		    "no line in tfa's log",
		    line->file, line->number, line->match);
	else
		findings_fail(findings, "",
		    "%.160s:%d: %.60s %.100s in \"Match %.100s\" stands "
		    "before our Match all (%.160s) and beats it: take it out",
		    line->file, line->number, line->keyword, line->value,
		    line->match, gate->file);
}

static void
judge_patterns(const struct config_line *line, struct findings *findings)
{
	const char *rest = line->value;
	char word[CONFIG_WORD];

	while (
	    config_has_keyword(line, "acceptenv") && config_word(&rest, word))
		if (guard_pattern_is_open(word))
			findings_fail(findings, GUARD_ACCEPTENV,
			    "%.160s:%d: AcceptEnv %.100s lets a client's "
			    "variables run code before the gate",
			    line->file, line->number, word);
}

/* Says why no Match all has the gate: there is none, or it is under a
 * condition. */
static void
judge_conditional(const struct config *config, struct findings *findings)
{
	char include_first[FINDING_TEXT];

	list_each(const struct config_line, line, config->lines) {
		const struct config_line *at = line;

		if (!config_has_keyword(line, "forcecommand") ||
		    !config_is_gate(line->value))
			continue;
		while (at > config->lines.items &&
		    !(config_has_keyword(at, "include") &&
			strcmp(at->file, line->file) != 0))
			at--;
		snprintf(include_first, sizeof(include_first),
		    "Include %.200s as the first line of %.200s", at->value,
		    at->file);
		if (line->outer != NULL)
			findings_fail(findings, include_first,
			    "%.160s:%d: this Include stands below \"Match "
			    "%.100s\", so %.160s holds only there",
			    at->file, at->number, line->outer, line->file);
		else
			findings_fail(findings, "Match all",
			    "%.160s:%d: the gate is only for \"Match %.100s\"",
			    line->file, line->number,
			    line->match != NULL ? line->match : "");
		return;
	}
	findings_fail(findings,
	    "Include " CONFIG_FOLDER "/sshd_config.d/*.conf as the first line "
	    "of the file, and " CONFIG_DROP_IN " from tfa-admin setup",
	    "no file that sshd reads has \"Match all\" with ForceCommand "
	    "/usr/sbin/tfa-gate");
}

/* A block for users by name in our own file or the site's, above our Match all.
 * Other judges say if it exempts them, and what sshd makes of it. */
static bool
is_for_users(const struct config_line *line, const struct config_line *gate)
{
	return line < gate && line->match != NULL &&
	    config_is_meant(line, gate) && config_names_users(line->match);
}

/* True if the value has all that our SetEnv has. */
static bool
sets_all_of_ours(const char *value)
{
	const char *ours = guard_setenv() + strlen("SetEnv ");
	char wanted[CONFIG_WORD], word[CONFIG_WORD];

	while (config_word(&ours, wanted)) {
		const char *rest = value;
		bool found = false;

		while (!found && config_word(&rest, word))
			found = strcmp(word, wanted) == 0;
		if (!found)
			return false;
	}
	return true;
}

/* The first SetEnv counts, so one before ours needs all that ours has. */
static void
judge_first_setenv(const struct config_line *line,
    const struct config_line *gate, struct findings *findings)
{
	if (!config_has_keyword(line, "setenv") || line->match == NULL ||
	    line->block == gate->block || is_for_users(line, gate) ||
	    sets_all_of_ours(line->value))
		return;
	findings_fail(findings, guard_setenv(),
	    "%.160s:%d: SetEnv %.60s stands before ours, and only the first "
	    "SetEnv counts: it needs what ours has",
	    line->file, line->number, line->value);
}

void
config_judge(
    const struct config *config, int door_port, struct findings *findings)
{
	const struct config_line *gate = config_gate(config);

	if (config->failed)
		findings_warn(findings, NULL,
		    "not every file of sshd's configuration could be read");
	for (size_t i = 0; i < config->lines.count; i++)
		judge_patterns(&config->lines.items[i], findings);
	if (gate == NULL) {
		judge_conditional(config, findings);
		return;
	}
	for (const struct config_line *line = config->lines.items; line < gate;
	     line++) {
		judge_before(config, line, gate, door_port, findings);
		judge_first_setenv(line, gate, findings);
	}
	config_judge_displaced(config, gate, door_port, findings);
}
