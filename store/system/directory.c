#include <stdio.h>
#include <string.h>

#include "store/system/directory.h"

#define BLANKS " \t\r"

/* True for a service that lists everybody. */
static bool
lists_everybody(const char *service, size_t len)
{
	static const char *const whole[] = {
	    "files", "compat", "db", "extrausers", "altfiles", "systemd"};

	for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++)
		if (strlen(whole[i]) == len &&
		    memcmp(service, whole[i], len) == 0)
			return true;
	return false;
}

/*
 * Finds such a service in the text behind "passwd:", up to end. Actions stand
 * in brackets.
 */
static bool
directory_find(const char *at, const char *end, char *ret, size_t size)
{
	while (at < end && *at != '#') {
		size_t len = strcspn(at, *at == '[' ? "]\n" : BLANKS "[#\n");

		if (len > 0 && *at != '[' && !lists_everybody(at, len)) {
			snprintf(ret, size, "%.*s", (int)len, at);
			return true;
		}
		at += len > 0 && *at != '[' ? len : len + 1;
	}
	return false;
}

bool
directory_service(
    const char *text, const char *database, char *ret, size_t size)
{
	size_t len = strlen(database);

	while (*text != '\0') {
		const char *end = text + strcspn(text, "\n");

		text += strspn(text, BLANKS);
		if (strncmp(text, database, len) == 0) {
			const char *at = text + len +
			    strspn(text + len, BLANKS);

			if (*at == ':')
				return directory_find(at + 1, end, ret, size);
		}
		text = *end == '\n' ? end + 1 : end;
	}
	return false;
}
