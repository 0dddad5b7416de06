#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "gate/sshd/config.h"
#include "gate/sshd/guard.h"
#include "gate/sshd/title.h"

#define TITLE_MAX 4096
#define CHAR_TEXT 5 /* of strnvis(3), with a NUL */

/* sshd's own reader skips these before a keyword. */
static const char *
skip_to_keyword(const char *option)
{
	return option + strspn(option, "= \t");
}

/* True if an option overrides what the gate or doctor reads in the files.  A
 * backslash stands for a character that is shown as something else, such as a
 * tab, which sshd skips: then any keyword may be behind it. */
static bool
is_decisive(const char *keyword)
{
	static const char others[][8] = {"include", "match"};
	static const char families[][12] = {"authorized", "trusted"};
	const char *wanted;

	if (strchr(keyword, '\\') != NULL)
		return true;
	for (size_t i = 0; i < 2; i++)
		if (strcasecmp(keyword, others[i]) == 0 ||
		    strncasecmp(keyword, families[i], strlen(families[i])) == 0)
			return true;
	return guard_has_keyword(keyword, &wanted);
}

/* Keeps the value of an option that has a place in *listener. */
static void
keep_value(struct listener *listener, const char *keyword, const char *value)
{
	const struct {
		const char *name;
		char *ret;
		size_t size;
	} kept[] = {
	    {"PAMServiceName", listener->pam_service, LISTENER_WORD},
	    {"UsePAM", listener->use_pam, LISTENER_WORD},
	    {"PidFile", listener->pid_file, sizeof(listener->pid_file)},
	};

	for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++)
		if (strcasecmp(kept[i].name, keyword) == 0 &&
		    kept[i].ret[0] == '\0')
			snprintf(kept[i].ret, kept[i].size, "%s", value);
}

static void
take_sshd_option(struct listener *listener, const char *option)
{
	size_t used = strlen(listener->options);
	char keyword[CONFIG_WORD];

	option = skip_to_keyword(option);
	snprintf(keyword, sizeof(keyword), "%.*s", (int)strcspn(option, "= \t"),
	    option);
	keep_value(listener, keyword,
	    skip_to_keyword(option + strcspn(option, "= \t")));
	if (is_decisive(keyword))
		snprintf(listener->options + used,
		    sizeof(listener->options) - used, "%s-o %.200s",
		    used > 0 ? " " : "", option);
}

/* A word of flags: the argument of the last one follows in the word, or is the
 * next word.  False where there is none, or a path was cut. */
static bool
take_flags(struct listener *listener, const char *word, const char **rest)
{
	const char *flag = word + 1 + strcspn(word + 1, "bCcEfghkopu");
	char next[CONFIG_WORD];

	if (*flag == '\0')
		return true;
	if (flag[1] != '\0')
		snprintf(next, sizeof(next), "%s", flag + 1);
	else if (!config_word(rest, next))
		return false;
	if (*flag == 'o')
		take_sshd_option(listener, next);
	if (*flag != 'f')
		return true;
	snprintf(listener->config, sizeof(listener->config), "%s", next);
	return strlen(word) < CONFIG_WORD - 1 && strlen(next) < CONFIG_WORD - 1;
}

/* " [listener] 0 of 10-100 startups" */
static const char *
find_mark(const char *title, int *ret_startups)
{
	static const char mark[] = " [listener] ", of[] = " of ";
	const char *at = strstr(title, mark), *behind;
	size_t digits;
	long long startups;

	if (at == NULL)
		return NULL;
	behind = at + sizeof(mark) - 1;
	digits = strspn(behind, "0123456789");
	if (digits == 0 || strncmp(behind + digits, of, sizeof(of) - 1) != 0)
		return NULL;
	startups = strtoll(behind + digits + sizeof(of) - 1, NULL, 10);
	*ret_startups = startups < 0 || startups > INT_MAX ? 0 : (int)startups;
	return at;
}

bool
title_command(const char *words, struct listener *ret)
{
	struct listener listener = {.config = CONFIG_DEFAULT};
	char word[CONFIG_WORD];

	if (!config_word(&words, word))
		return false;
	snprintf(listener.program, sizeof(listener.program), "%s", word);
	while (config_word(&words, word))
		if (word[0] == '-' && !take_flags(&listener, word, &words))
			return false;
	*ret = listener;
	return true;
}

bool
title_listener(const char *title, struct listener *ret)
{
	int startups;
	const char *end = find_mark(title, &startups);
	const char *colon = strstr(title, ": ");
	char words[TITLE_MAX];

	if (end == NULL || colon == NULL || colon >= end ||
	    end - colon >= TITLE_MAX ||
	    memchr(title, ' ', (size_t)(colon - title)) != NULL)
		return false;
	snprintf(
	    words, sizeof(words), "%.*s", (int)(end - colon - 2), colon + 2);
	if (!title_command(words, ret))
		return false;
	ret->startups = startups;
	return true;
}

const char *
title_name(const struct listener *listener)
{
	const char *slash = strrchr(listener->program, '/');

	return slash != NULL ? slash + 1 : listener->program;
}

/* One character as sshd writes it in a title, by strnvis(3): a backslash is
 * doubled, what is no ASCII is octal. */
static size_t
write_char(char c, char ret[static CHAR_TEXT])
{
	if (c == '\\')
		return (size_t)snprintf(ret, CHAR_TEXT, "\\\\");
	if (c >= ' ' && c <= '~')
		return (size_t)snprintf(ret, CHAR_TEXT, "%c", c);
	return (size_t)snprintf(
	    ret, CHAR_TEXT, "\\%03o", (unsigned)(unsigned char)c);
}

/* Behind the name of the user whom root's process of a connection has let in. */
static bool
is_monitor(const char *mark)
{
	static const char marks[][12] = {
	    " [priv]", " [postauth]", /* since 10.5 */
	};

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		if (strcmp(mark, marks[i]) == 0)
			return true;
	return false;
}

bool
title_names(const char *title, const char *user)
{
	const char *at = strstr(title, ": "), *name = user;
	char shown[CHAR_TEXT];

	if (at == NULL)
		return false;
	for (at += 2; *name != '\0'; name++) {
		size_t n = write_char(*name, shown);

		if (strncmp(at, shown, n) != 0)
			return false;
		at += n;
	}
	return is_monitor(at) || (strcmp(user, "root") == 0 && *at == '@');
}
