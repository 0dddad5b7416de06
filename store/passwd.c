#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "passwd.h"

static const struct passwd *
find(uid_t uid, const char *name)
{
	FILE *file = fopen("/etc/passwd", "re");
	const struct passwd *pw = NULL;
	bool found = false;

	if (file == NULL)
		return NULL;
	while (!found && (pw = fgetpwent(file)) != NULL)
		found = name != NULL ? strcmp(pw->pw_name, name) == 0
				     : pw->pw_uid == uid;
	fclose(file);
	return pw;
}

const struct passwd *
passwd_of(uid_t uid)
{
	return find(uid, NULL);
}

const struct passwd *
passwd_named(const char *name)
{
	return find((uid_t)-1, name);
}
