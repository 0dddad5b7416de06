/*
 * What the site's own sshd configuration would lose by our "Match all".
 * ForceCommand, ChrootDirectory, SetEnv and AcceptEnv of its own are in the
 * way unless a block before ours says them again; the report says which
 * block that would be.  On texts: the files are fetched by setup_config.c.
 */
#include <stdio.h>
#include <string.h>

#include "gate/sshd/config.h"
#include "admin/doctor/dump.h"
#include "admin/setup/site.h"

struct judge {
	const struct config *config;
	size_t ours; /* the index of our ForceCommand */
	FILE *report;
	struct setup *setup;
};

static bool
is(const struct config_line *line, const char *keyword)
{
	return strcasecmp(line->keyword, keyword) == 0;
}

static bool
is_none(const struct config_line *line)
{
	return strcasecmp(line->value, "none") == 0;
}

/* A global line and one under "Match all" are for the same people. */
static bool
same_match(const char *a, const char *b)
{
	return strcasecmp(a != NULL ? a : "all", b != NULL ? b : "all") == 0;
}

bool
site_find_ours(const struct config *config, size_t *ret)
{
	for (size_t i = 0; i < config->lines.count; i++) {
		const struct config_line *line = &config->lines.items[i];

		if (strcmp(line->file, SETUP_DROPIN) == 0 &&
		    is(line, "ForceCommand") && line->match != NULL &&
		    same_match(line->match, NULL) &&
		    same_match(line->outer, NULL)) {
			*ret = i;
			return true;
		}
	}
	return false;
}

/* Whether a block before ours says this keyword for the same people. */
static bool
is_kept(
    const struct judge *judge, const struct config_line *line, const char *word)
{
	for (size_t i = 0; i < judge->ours; i++) {
		const struct config_line *other =
		    &judge->config->lines.items[i];
		const char *rest = other->value;
		char other_word[CONFIG_WORD];

		if (other->match == NULL || !is(other, line->keyword) ||
		    !same_match(other->match, line->match))
			continue;
		if (word == NULL)
			return true;
		while (config_word(&rest, other_word))
			if (strcmp(word, other_word) == 0)
				return true;
	}
	return false;
}

/* Whether ours lets this variable in as well. */
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

/* The first variable of a global AcceptEnv that would be lost. */
static bool
loses_variable(const struct judge *judge, const struct config_line *line,
    char ret[static CONFIG_WORD])
{
	const char *rest = line->value;

	while (config_word(&rest, ret))
		if (!is_accepted(ret) && !is_kept(judge, line, ret))
			return true;
	return false;
}

static bool
is_displaced(const struct judge *judge, size_t i)
{
	const struct config_line *line = &judge->config->lines.items[i];
	char word[CONFIG_WORD];

	if (strcmp(line->file, SETUP_DROPIN) == 0 ||
	    (line->match != NULL && i < judge->ours))
		return false;
	if (is(line, "AcceptEnv")) /* those of later blocks add up */
		return line->match == NULL && loses_variable(judge, line, word);
	if (is(line, "ForceCommand") || is(line, "ChrootDirectory"))
		return !is_none(line) && !is_kept(judge, line, NULL);
	return is(line, "SetEnv") && !is_kept(judge, line, NULL);
}

/* In single quotes, where the shell would see more than one plain word. */
static void
print_quoted(FILE *report, const char *command)
{
	if (command[strcspn(command, " \t\"'\\$`&|;<>()*?[]#~!")] == '\0') {
		fputs(command, report);
		return;
	}
	putc('\'', report);
	for (; *command != '\0'; command++)
		if (*command == '\'')
			fputs("'\\''", report);
		else
			putc(*command, report);
	putc('\'', report);
}

static void
print_variables(const struct judge *judge, const struct config_line *line)
{
	const char *rest = line->value;
	char word[CONFIG_WORD];

	while (config_word(&rest, word)) {
		if (is_accepted(word) || is_kept(judge, line, word))
			continue;
		if (guard_pattern_is_open(word))
			fprintf(judge->report,
			    "        # not %s: it lets code run before the "
			    "gate, take it out of %s:%d\n",
			    word, line->file, line->number);
		else
			fprintf(judge->report, "        AcceptEnv %s\n", word);
	}
}

/* The line of the block that is to stand before ours. */
static void
print_line(const struct judge *judge, const struct config_line *line)
{
	FILE *report = judge->report;

	if (is(line, "AcceptEnv")) {
		print_variables(judge, line);
	} else if (is(line, "SetEnv")) {
		fprintf(report, "        SetEnv %s %s\n", line->value,
		    guard_setenv() + strlen("SetEnv "));
	} else if (is(line, "ForceCommand")) {
		fputs("        ForceCommand " SETUP_GATE " --command ", report);
		print_quoted(report, line->value);
		putc('\n', report);
	} else {
		fputs("        # The gate is not in there: no chroot with a "
		      "code, or, without one,\n        # the ",
		    report);
		fprintf(report,
		    "ChrootDirectory and ForceCommand of %s:%d as they "
		    "are.\n        ChrootDirectory none\n",
		    line->file, line->number);
	}
}

/* Whether an earlier displaced line has the same people. */
static bool
is_printed(const struct judge *judge, size_t i)
{
	const struct config_line *lines = judge->config->lines.items;

	for (size_t j = 0; j < i; j++)
		if (is_displaced(judge, j) &&
		    same_match(lines[j].match, lines[i].match))
			return true;
	return false;
}

static void
print_block(const struct judge *judge, size_t i)
{
	const struct config_line *lines = judge->config->lines.items;
	const char *match = lines[i].match != NULL ? lines[i].match : "all";

	if (is_printed(judge, i))
		return;
	fprintf(judge->report, "    Match %s\n", match);
	for (size_t j = i; j < judge->config->lines.count; j++)
		if (is_displaced(judge, j) &&
		    same_match(lines[j].match, lines[i].match))
			print_line(judge, &lines[j]);
}

static void
report_displaced(const struct judge *judge)
{
	const struct config_line *lines = judge->config->lines.items;

	for (size_t i = 0; i < judge->config->lines.count; i++) {
		if (!is_displaced(judge, i))
			continue;
		judge->setup->site_blocks_us = true;
		fprintf(judge->report, "%s:%d: \"%s %s\"%s%s would be %s\n",
		    lines[i].file, lines[i].number, lines[i].keyword,
		    lines[i].value, lines[i].match != NULL ? " of Match " : "",
		    lines[i].match != NULL ? lines[i].match : "",
		    is(&lines[i], "ChrootDirectory")
			? "a place without the gate"
			: "displaced");
	}
	if (!judge->setup->site_blocks_us)
		return;
	fputs("Write what is to hold beside tfa into " SITE_FILE
	      ", which comes before ours:\n",
	    judge->report);
	for (size_t i = 0; i < judge->config->lines.count; i++)
		if (is_displaced(judge, i))
			print_block(judge, i);
}

/* The block that --break-glass writes, for this user. */
static bool
is_for_user(const struct config_line *line, const char *user)
{
	return user != NULL && strncasecmp(line->match, "user ", 5) == 0 &&
	    strcmp(line->match + 5, user) == 0;
}

/* What comes before ours is the site's word, not ours; but it is said. */
static void
report_earlier(const struct judge *judge)
{
	for (size_t i = 0; i < judge->ours; i++) {
		const struct config_line *line = &judge->config->lines.items[i];

		if (line->match == NULL || !is(line, "ForceCommand"))
			continue;
		judge->setup->site_first |= strcmp(line->file, SETUP_DROPIN) !=
			0 ||
		    is_for_user(line, judge->setup->caller);
		if (!config_is_gate(line->value) &&
		    !is_for_user(line, judge->setup->break_glass))
			fprintf(judge->report,
			    "%s:%d: whoever fits \"Match %s\" is not asked "
			    "for a code\n",
			    line->file, line->number, line->match);
	}
}

void
site_judge(struct setup *setup, const struct config *config, FILE *report)
{
	struct judge judge = {
	    .config = config, .report = report, .setup = setup};

	if (!site_find_ours(config, &judge.ours)) {
		setup->site_blocks_us = true;
		fputs(
		    "sshd would not read " SETUP_DROPIN
		    " for everyone: this must be the first line of " SETUP_SSHD
		    ":\n    Include " SETUP_DROPINS "/*.conf\n",
		    report);
		return;
	}
	report_earlier(&judge);
	report_displaced(&judge);
}
