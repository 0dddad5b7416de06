#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/wire/sibling.h"

static void
find_sibling(const char *name, char *ret, size_t size)
{
	char self[PATH_MAX - 16] = "";
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	const char *slash = n > 0 ? strrchr(self, '/') : NULL;

	if (slash != NULL) {
		snprintf(ret, size, "%.*s/%s", (int)(slash - self), self, name);
		if (access(ret, X_OK) == 0)
			return;
	}
	snprintf(ret, size, "%s/%s", TFA_SBINDIR, name);
}

/* No environment, because OPENSSL_CONF and the like run code. */
_Noreturn static void
become_sibling(int fd, bool silent, const char *path, char *const args[])
{
	char *env[] = {NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	setsid();
	if (null < 0 || dup2(fd, STDIN_FILENO) < 0 ||
	    dup2(null, STDOUT_FILENO) < 0 ||
	    (silent && dup2(null, STDERR_FILENO) < 0))
		_exit(127);
	execve(path, args, env);
	_exit(127);
}

enum fault
sibling_start(char *const args[], bool silent, struct sibling *ret,
    char *ret_what, size_t size)
{
	char path[PATH_MAX] = "";
	int pair[2];

	*ret = (struct sibling){.fd = -1};
	find_sibling(args[0], path, sizeof(path));
	snprintf(ret_what, size, "%s", path);
	if (access(path, X_OK) < 0)
		return FAULT_ABSENT;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return FAULT_IO;
	ret->pid = fork();
	if (ret->pid == 0)
		become_sibling(pair[1], silent, path, args);
	close(pair[1]);
	ret->fd = pair[0];
	if (ret->pid > 0)
		return FAULT_NONE;
	ret->pid = 0;
	return FAULT_IO;
}

void
sibling_end(struct sibling *sibling)
{
	if (sibling->fd >= 0)
		close(sibling->fd);
	sibling->fd = -1;
	if (sibling->pid > 0)
		while (waitpid(sibling->pid, NULL, 0) < 0 && errno == EINTR)
			;
	sibling->pid = 0;
}

void
sibling_kill(struct sibling *sibling)
{
	if (sibling->pid > 0)
		kill(sibling->pid, SIGKILL);
	sibling_end(sibling);
}
