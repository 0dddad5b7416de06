#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/system/child.h"
#include "admin/setup/setup.h"

/* The caller holds the lock of setup meanwhile, and may be the watcher that puts
 * everything back in time. */
#define COMMAND_S 30

static const char *const folders[] = {
    "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin"};

/* Finds the whole path of a program: sshd insists on being called by it. */
static bool
find_program(const char *name, char ret[static PATH_MAX])
{
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(ret, PATH_MAX, "%s/%s", folders[i], name);
		if (access(ret, X_OK) == 0)
			return true;
	}
	return false;
}

bool
command_exists(const char *name)
{
	char path[PATH_MAX];

	return find_program(name, path);
}

bool
command_works(const char *const argv[])
{
	return command_run(argv, NULL) == 0;
}

int
command_run(const char *const argv[], char **ret_out)
{
	const char *args[24] = {NULL};
	struct child child;
	char path[PATH_MAX];

	if (ret_out != NULL)
		*ret_out = NULL;
	if (!find_program(argv[0], path))
		return -1;
	args[0] = path;
	for (size_t i = 1; i < 23 && argv[i] != NULL; i++)
		args[i] = argv[i];
	child_run(args, COMMAND_S * 1000, &child);
	if (ret_out == NULL)
		fputs(child.out.text, stderr);
	fputs(child.err.text, stderr);
	if (child.end == CHILD_LATE) {
		admin_say("%s %s did not end within %d seconds, and was "
			  "stopped",
		    argv[0], argv[1] != NULL ? argv[1] : "", COMMAND_S);
		return -1;
	}
	if (ret_out != NULL)
		*ret_out = strdup(child.out.text);
	return child.end == CHILD_EXITED ? child.status : -1;
}
