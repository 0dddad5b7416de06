#include <stdio.h>
#include <string.h>

#include "gate/sshd/config_words.h"

static const char blanks[] = " \t\r\n";

/* *ret_length: of the whole word; if it is CONFIG_WORD or more, ret is cut. */
static bool
take_word(const char **rest, char ret[static CONFIG_WORD], size_t *ret_length)
{
	const char *p = *rest + strspn(*rest, blanks);
	bool quoted = false;
	size_t n = 0;

	if (*p == '\0')
		return false;
	for (; *p != '\0' && (quoted || strchr(blanks, *p) == NULL); p++) {
		if (*p == '"')
			quoted = !quoted;
		else if (n++ < CONFIG_WORD - 1)
			ret[n - 1] = *p;
	}
	ret[n < CONFIG_WORD ? n : CONFIG_WORD - 1] = '\0';
	*rest = p;
	*ret_length = n;
	return true;
}

bool
config_word(const char **rest, char ret[static CONFIG_WORD])
{
	size_t length;

	return take_word(rest, ret, &length);
}

bool
config_words_fit(const char *value)
{
	char word[CONFIG_WORD];
	size_t length;

	while (take_word(&value, word, &length))
		if (length >= CONFIG_WORD)
			return false;
	return true;
}

bool
config_pattern(const char *pattern, const char *text)
{
	const char *star = NULL, *from = NULL;

	while (*text != '\0') {
		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star != NULL) {
			pattern = star;
			text = ++from;
		} else {
			return false;
		}
	}
	return pattern[strspn(pattern, "*")] == '\0';
}

/* Cuts a comment and blanks off the end. */
static void
trim(char *line)
{
	bool quoted = false;
	size_t n = 0;

	for (; line[n] != '\0'; n++) {
		quoted ^= line[n] == '"';
		if (line[n] == '#' && !quoted &&
		    (n == 0 || strchr(blanks, line[n - 1]) != NULL))
			break;
	}
	while (n > 0 && strchr(blanks, line[n - 1]) != NULL)
		n--;
	line[n] = '\0';
}

/*
 * The next word, as sshd's strdelim() cuts it: up to a blank or one "=".  A
 * quoted part belongs to it, and ends it.  NULL where a quote has no end.
 */
static char *
next_word(char **at)
{
	char *word = *at, *end = word + strcspn(word, " \t\r\n\"=");
	bool equals = *end == '=';
	char *close;

	if (*end == '"') {
		close = strchr(end + 1, '"');
		if (close == NULL)
			return NULL;
		memmove(end, end + 1, (size_t)(close - end - 1));
		close[-1] = '\0';
		*at = close + 1 + strspn(close + 1, blanks);
		return word;
	}
	if (*end != '\0') {
		*end++ = '\0';
		end += strspn(end, blanks);
		if (*end == '=' && !equals)
			end += 1 + strspn(end + 1, blanks);
	}
	*at = end;
	return word;
}

bool
config_split(char *line, const char **ret_keyword, const char **ret_value)
{
	const char *keyword;

	trim(line);
	keyword = next_word(&line);
	if (keyword != NULL && *keyword == '\0')
		keyword = next_word(&line);
	if (keyword == NULL || *keyword == '\0' || *keyword == '#')
		return false;
	*ret_keyword = keyword;
	*ret_value = line;
	return true;
}

/* As argv_split() of OpenSSH 8.7 and later cuts them: either quote holds a word
 * together; a backslash stands before a quote, a backslash or, outside quotes,
 * a blank.  A cut path would be another file's: then *rest stays. */
static bool
next_pattern(const char **rest, char ret[static CONFIG_WORD])
{
	const char *p = *rest + strspn(*rest, blanks);
	char quote = '\0';
	size_t n = 0;

	if (*p == '\0')
		return false;
	for (; *p != '\0' && (quote || strchr(blanks, *p) == NULL); p++) {
		if (quote ? *p == quote : *p == '"' || *p == '\'') {
			quote = quote ? '\0' : *p;
			continue;
		}
		if (p[0] == '\\' && p[1] != '\0' &&
		    strchr(quote ? "\"'\\" : "\"'\\ ", p[1]) != NULL)
			p++;
		if (n + 1 == CONFIG_WORD)
			return false;
		ret[n++] = *p;
	}
	ret[n] = '\0';
	*rest = p;
	return true;
}

bool
config_has_pattern(const char *rest)
{
	return rest[strspn(rest, blanks)] != '\0';
}

bool
config_pattern_of(const char **rest, char ret[static CONFIG_PATTERN])
{
	char word[CONFIG_WORD];

	if (!next_pattern(rest, word))
		return false;
	snprintf(ret, CONFIG_PATTERN, "%s%s",
	    word[0] == '/' ? "" : CONFIG_FOLDER "/", word);
	return true;
}
