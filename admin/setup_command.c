#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cleanup.h"
#include "file.h"
#include "setup.h"

#define OUTPUT_MAX (1024UL * 1024)

static const char *const folders[] = {
    "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin"};

/* The program's whole path: sshd insists on being called by it. */
static bool
find(const char *name, char ret[static PATH_MAX])
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

	return find(name, path);
}

/* In the child: no way back. */
_Noreturn static void
become(const char *path, const char *const argv[], int out)
{
	static const char *const environment[] = {
	    "PATH=/usr/sbin:/usr/bin:/sbin:/bin:/usr/local/sbin", "LC_ALL=C",
	    NULL};
	int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char *args[24] = {NULL};

	args[0] = (char *)(uintptr_t)path;
	for (size_t i = 1; i < 23 && argv[i] != NULL; i++)
		args[i] = (char *)(uintptr_t)argv[i];
	if (dup2(null, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0)
		_exit(127);
	execve(path, args, (char *const *)(uintptr_t)environment);
	_exit(127);
}

int
command_run(const char *const argv[], char **ret_out)
{
	scoped_fd int read_end = -1, write_end = -1;
	int ends[2], status = -1;
	char path[PATH_MAX];
	size_t len = 0;
	pid_t pid;

	if (ret_out != NULL)
		*ret_out = NULL;
	if (!find(argv[0], path) || pipe2(ends, O_CLOEXEC) < 0)
		return -1;
	read_end = ends[0];
	write_end = ends[1];
	fflush(NULL);
	pid = fork();
	if (pid == 0)
		become(path, argv, ret_out != NULL ? write_end : STDERR_FILENO);
	close(take_fd(&write_end));
	if (pid > 0 && ret_out != NULL &&
	    file_read(read_end, OUTPUT_MAX, ret_out, &len) != FAULT_NONE)
		*ret_out = NULL;
	while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return pid > 0 && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
