/*
 * The order of sshd's lines.  Match beats global and the first Match wins, so
 * what stands before our Match all beats it, and what stands below is lost.
 */
#include <stdio.h>
#include <string.h>

#include "admin/doctor/dump.h"

static bool
is(const struct config_line *line, const char *keyword)
{
	return strcasecmp(line->keyword, keyword) == 0;
}

/* The users of "User a,b" and nothing else; false for patterns. */
static bool
names_users_only(const char *match)
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

/* Emergency access, or an account whose keys only sshd can hold to their
 * commands: "Match User x", "ForceCommand none". */
static bool
is_exemption(const struct config_line *line, const struct config_line *gate)
{
	return gate != NULL && line < gate && is(line, "forcecommand") &&
	    line->match != NULL && config_is_meant(line, gate) &&
	    strcasecmp(line->value, "none") == 0 &&
	    names_users_only(line->match);
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

	for (size_t i = 0; i < config->lines.count; i++) {
		struct config_line *line = &config->lines.items[i];
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

/* A Match before ours that sets what ours sets, to something else. */
static void
judge_before(const struct config_line *line, const struct config_line *gate,
    struct findings *findings)
{
	const char *wanted;

	if (line->match == NULL || line->block == gate->block ||
	    !guard_has_keyword(line->keyword, &wanted) ||
	    (wanted != NULL && strcasecmp(line->value, wanted) == 0) ||
	    (is(line, "forcecommand") && config_is_gate(line->value)) ||
	    is(line, "setenv"))
		return;
	if (is_exemption(line, gate))
		findings_add(findings, FINDING_WARN, NULL,
		    "%.160s:%d: Match %.160s is exempt by sshd: no code, and no "
		    "line in tfa's log",
		    line->file, line->number, line->match);
	else
		findings_add(findings, FINDING_FAIL, "",
		    "%.160s:%d: %.60s %.100s in \"Match %.100s\" stands before "
		    "our Match all (%.160s) and beats it: take it out",
		    line->file, line->number, line->keyword, line->value,
		    line->match, gate->file);
}

/* One that differs, by --command say, is lost where ours comes first. */
static bool
is_same_gate(const struct config_line *line, const struct config_line *gate)
{
	return config_is_gate(line->value) &&
	    (line <= gate || strcmp(line->value, gate->value) == 0);
}

/* ForceCommand and ChrootDirectory of the site's own. */
static void
judge_displaced(const struct config_line *line, const struct config_line *gate,
    struct findings *findings)
{
	char fix[FINDING_TEXT];

	if (strcasecmp(line->value, "none") == 0)
		return;
	if (is(line, "chrootdirectory"))
		findings_add(findings, FINDING_FAIL, "ChrootDirectory none",
		    "%.160s:%d: ChrootDirectory %.100s: the gate is not in "
		    "there, and those users are locked out",
		    line->file, line->number, line->value);
	if (!is(line, "forcecommand") || is_same_gate(line, gate) ||
	    (line < gate && line->match != NULL))
		return;
	snprintf(fix, sizeof(fix),
	    config_is_gate(line->value)
		? "above \"Match all\" in %.160s: Match %.160s / ForceCommand "
		  "%.160s"
		: "above \"Match all\" in %.160s: Match %.160s / ForceCommand "
		  "/usr/sbin/tfa-gate --command \"%.160s\"",
	    gate->file, line->match != NULL ? line->match : "User ...",
	    line->value);
	findings_add(findings, FINDING_FAIL, fix,
	    "%.160s:%d: ForceCommand %.100s is displaced by our Match all: "
	    "those users gain a shell",
	    line->file, line->number, line->value);
}

static void
judge_patterns(const struct config_line *line, struct findings *findings)
{
	const char *rest = line->value;
	char word[CONFIG_WORD];

	while (is(line, "acceptenv") && config_word(&rest, word))
		if (guard_pattern_is_open(word))
			findings_add(findings, FINDING_FAIL, GUARD_ACCEPTENV,
			    "%.160s:%d: AcceptEnv %.100s lets a client's "
			    "variables run code before the gate",
			    line->file, line->number, word);
}

/* The drop-in is there, but under a condition. */
static void
judge_conditional(const struct config *config, struct findings *findings)
{
	for (size_t i = 0; i < config->lines.count; i++) {
		const struct config_line *line = &config->lines.items[i];
		const struct config_line *at = line;

		if (!is(line, "forcecommand") || !config_is_gate(line->value))
			continue;
		while (at > config->lines.items &&
		    !(is(at, "include") && strcmp(at->file, line->file) != 0))
			at--;
		if (line->outer != NULL)
			findings_add(findings, FINDING_FAIL,
			    "the Include line as the first of its file",
			    "%.160s:%d: this Include stands below \"Match "
			    "%.100s\", so %.160s holds only there",
			    at->file, at->number, line->outer, line->file);
		else
			findings_add(findings, FINDING_FAIL, "Match all",
			    "%.160s:%d: the gate is only for \"Match %.100s\"",
			    line->file, line->number,
			    line->match != NULL ? line->match : "");
		return;
	}
	findings_add(findings, FINDING_FAIL,
	    "cp /usr/share/doc/tfa/sshd-tfa.conf " CONFIG_DROP_IN,
	    "no file that sshd reads has \"Match all\" with ForceCommand "
	    "/usr/sbin/tfa-gate");
}

/* A block for certain users in our own file or the site's, above our Match all:
 * whether it exempts them is judged elsewhere, and so is what sshd makes of
 * it. */
static bool
is_for_users(const struct config_line *line, const struct config_line *gate)
{
	return line < gate && line->match != NULL &&
	    config_is_meant(line, gate) && names_users_only(line->match);
}

/* The first SetEnv counts, so ours has to be it. */
static void
judge_setenv(const struct config_line *line, const struct config_line *gate,
    const struct config_line **first, struct findings *findings)
{
	if (!is(line, "setenv") || is_for_users(line, gate))
		return;
	if (line->block == gate->block && *first == NULL)
		*first = line;
	else if (*first == NULL)
		findings_add(findings, FINDING_FAIL, guard_setenv(),
		    "%.160s:%d: SetEnv %.60s stands before ours, and only the "
		    "first SetEnv counts: move it below our Match all",
		    line->file, line->number, line->value);
}

void
config_judge(const struct config *config, struct findings *findings)
{
	const struct config_line *gate = config_gate(config);
	const struct config_line *setenv_line = NULL;

	if (config->failed)
		findings_add(findings, FINDING_WARN, NULL,
		    "not every file of sshd's configuration could be read");
	for (size_t i = 0; i < config->lines.count; i++)
		judge_patterns(&config->lines.items[i], findings);
	if (gate == NULL) {
		judge_conditional(config, findings);
		return;
	}
	for (size_t i = 0; i < config->lines.count; i++) {
		const struct config_line *line = &config->lines.items[i];

		if (line < gate)
			judge_before(line, gate, findings);
		judge_displaced(line, gate, findings);
		judge_setenv(line, gate, &setenv_line, findings);
	}
}
