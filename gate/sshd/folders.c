#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "gate/sshd/config.h"
#include "gate/sshd/folders.h"

static bool
is_plain(const char *path)
{
	return strpbrk(path, "*?[\\") == NULL;
}

void
folders_of(const char *pattern,
    void (*each)(void *ctx, const char *folder, const struct stat *st),
    void *ctx)
{
	char folders[CONFIG_PATTERN];
	bool whole = is_plain(pattern) && access(pattern, F_OK) == 0;
	struct stat st;
	char *slash;

	snprintf(folders, sizeof(folders), "%s", pattern);
	while (!whole && (slash = strrchr(folders, '/')) != NULL &&
	    slash != folders) {
		glob_t found = {.gl_pathc = 0};

		*slash = '\0';
		if (glob(folders, 0, NULL, &found) == 0)
			whole = is_plain(folders);
		for (size_t i = 0; i < found.gl_pathc; i++)
			if (stat(found.gl_pathv[i], &st) == 0)
				each(ctx, found.gl_pathv[i], &st);
		globfree(&found);
	}
}
