/* What the processes of sshd say of themselves, in their titles. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "gate/sshd/config.h"
#include "gate/sshd.h"

#define TITLE_MAX  4096
#define TITLE_CHAR 5 /* of strnvis(3), with a NUL */

bool
sshd_title_file(const char *title, char *ret, size_t size)
{
	static const char name[] = "sshd: /", mark[] = " [listener] ";
	const char *end = strstr(title, mark), *at = title;
	char args[TITLE_MAX], word[CONFIG_WORD];
	const char *file = CONFIG_DEFAULT;

	if (strncmp(title, name, sizeof(name) - 1) != 0 || end == NULL ||
	    end - title >= TITLE_MAX)
		return false;
	snprintf(args, sizeof(args), "%.*s", (int)(end - title), title);
	if (strcasestr(args, "authorized") != NULL ||
	    strcasestr(args, "trusted") != NULL ||
	    strcasestr(args, "include") != NULL ||
	    strcasestr(args, "exposeauth") != NULL)
		return false;
	snprintf(ret, size, "%s", file);
	for (at = args; config_word(&at, word);) {
		if (strcmp(word, "-f") == 0) {
			if (!config_word(&at, word))
				return false;
			snprintf(ret, size, "%s", word);
		} else if (word[0] == '-' && strchr(word, 'f') != NULL) {
			if (word[1] != 'f')
				return false;
			snprintf(ret, size, "%s", word + 2);
		}
	}
	return ret[0] == '/' && strlen(ret) + 1 < size;
}

/* One character as sshd writes it in a title, by strnvis(3): a backslash is
 * doubled, what is no ASCII is octal. */
static size_t
title_char(char c, char ret[static TITLE_CHAR])
{
	if (c == '\\')
		return (size_t)snprintf(ret, TITLE_CHAR, "\\\\");
	if (c >= ' ' && c <= '~')
		return (size_t)snprintf(ret, TITLE_CHAR, "%c", c);
	return (size_t)snprintf(
	    ret, TITLE_CHAR, "\\%03o", (unsigned)(unsigned char)c);
}

bool
sshd_title_names(const char *title, const char *user)
{
	const char *at = strstr(title, ": "), *name = user;
	char shown[TITLE_CHAR];

	if (at == NULL)
		return false;
	for (at += 2; *name != '\0'; name++) {
		size_t n = title_char(*name, shown);

		if (strncmp(at, shown, n) != 0)
			return false;
		at += n;
	}
	return strcmp(at, " [priv]") == 0 ||
	    (strcmp(user, "root") == 0 && *at == '@');
}
