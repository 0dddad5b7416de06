#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gate/sshd/config.h"
#include "admin/doctor/daemon.h"
#include "admin/doctor/dump.h"

/* An -o that sets what we set, or brings other lines in. */
static void
take_option(struct listener *listener, const char *option)
{
	char keyword[CONFIG_WORD];
	size_t used = strlen(listener->options);
	const char *wanted;

	snprintf(keyword, sizeof(keyword), "%.*s", (int)strcspn(option, "= \t"),
	    option);
	if (guard_has_keyword(keyword, &wanted) ||
	    strcasecmp(keyword, "include") == 0 ||
	    strcasecmp(keyword, "match") == 0)
		snprintf(listener->options + used,
		    sizeof(listener->options) - used, "%s-o %.200s",
		    used > 0 ? " " : "", option);
}

/* One word of flags: their argument follows, here or in the next word. */
static void
take_flags(struct listener *listener, const char *word, const char **rest)
{
	char next[CONFIG_WORD];
	const char *flag = word + 1;

	while (*flag != '\0' && strchr("bCcEfghkopu", *flag) == NULL)
		flag++;
	if (*flag == '\0')
		return;
	if (flag[1] != '\0')
		snprintf(next, sizeof(next), "%s", flag + 1);
	else if (!config_word(rest, next))
		return;
	if (*flag == 'f')
		snprintf(
		    listener->config, sizeof(listener->config), "%s", next);
	else if (*flag == 'o')
		take_option(listener, next);
}

/* " [listener] 0 of 10-100 startups" */
static const char *
find_listener(const char *title)
{
	static const char mark[] = " [listener] ";
	const char *at = strstr(title, mark);
	size_t digits;

	if (at == NULL)
		return NULL;
	digits = strspn(at + sizeof(mark) - 1, "0123456789");
	return digits > 0 &&
		strncmp(at + sizeof(mark) - 1 + digits, " of ", 4) == 0
	    ? at
	    : NULL;
}

bool
listener_parse(const char *title, struct listener *ret)
{
	const char *end = find_listener(title), *colon = strstr(title, ": ");
	const char *rest;
	char word[CONFIG_WORD];

	*ret = (struct listener){.config = ""};
	if (end == NULL || colon == NULL || colon >= end ||
	    memchr(title, ' ', (size_t)(colon - title)) != NULL)
		return false;
	rest = colon + 2;
	if (!config_word(&rest, word))
		return false;
	while (config_word(&rest, word) && word[0] == '-')
		take_flags(ret, word, &rest);
	return true;
}

enum cve
version_cve_2025_32728(const char *version)
{
	const char *number = strchr(version, '_');
	const char *debian = strstr(version, "Debian-2+deb12u");
	char *end;
	long major, minor = 0;

	if (number == NULL || !isdigit((unsigned char)number[1]))
		return CVE_UNKNOWN;
	major = strtol(number + 1, &end, 10);
	if (*end == '.')
		minor = strtol(end + 1, &end, 10);
	if (major >= 10 || major < 7 || (major == 7 && minor < 4))
		return CVE_NO;
	if (debian != NULL && major == 9 && minor == 2)
		return strtol(debian + 15, NULL, 10) >= 6 ? CVE_NO : CVE_YES;
	return strchr(version, ' ') != NULL ? CVE_UNKNOWN : CVE_YES;
}

bool
version_find(const char *bytes, size_t len, char *ret, size_t size)
{
	static const char name[] = "OpenSSH_";
	const char *end = bytes + len, *at = bytes;
	size_t best = 0;

	while ((at = memmem(at, (size_t)(end - at), name, 8)) != NULL) {
		size_t n = 8;

		while (at + n < end && isprint((unsigned char)at[n]))
			n++;
		if (n > best && n < size && at + 8 < end &&
		    isdigit((unsigned char)at[8]) &&
		    memchr(at, '*', n) == NULL) {
			memcpy(ret, at, n);
			ret[n] = '\0';
			best = n;
		}
		at += 8;
	}
	return best > 0;
}
