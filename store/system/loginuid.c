#include "store/system/loginuid.h"

#include <pwd.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/base/utf8.h"

bool
loginuid_of(pid_t pid, uid_t *ret)
{
	char path[64], text[16] = "";
	unsigned long uid;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%ld/loginuid", (long)pid);
	file = fopen(path, "re");
	if (file == NULL)
		return false;
	if (fgets(text, sizeof(text), file) == NULL)
		text[0] = '\0';
	fclose(file);
	uid = strtoul(text, NULL, 10);
	*ret = (uid_t)uid;
	return text[0] != '\0' && uid < UINT32_MAX;
}

void
loginuid_name(pid_t pid, uid_t otherwise, char *ret, size_t size)
{
	uid_t uid = otherwise;
	const struct passwd *pw;

	if (!loginuid_of(pid, &uid))
		uid = otherwise;
	pw = getpwuid(uid);
	if (pw != NULL)
		utf8_clean(pw->pw_name, strlen(pw->pw_name), ret, size);
	else
		snprintf(ret, size, "uid %lu", (unsigned long)uid);
}
