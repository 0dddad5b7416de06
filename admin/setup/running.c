/*
 * Finds an sshd by its file of PidFile.
 */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin/setup/setup.h"
#include "store/base/cleanup.h"
#include "store/base/file.h"

pid_t
sshd_running(const char *pid_file)
{
	scoped_fd int fd = open(pid_file, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	scoped_free char *text = NULL;
	char link[64], program[PATH_MAX] = "";
	size_t len = 0;
	long pid;

	if (fd < 0 || file_read(fd, 32, &text, &len) != FAULT_NONE)
		return 0;
	pid = strtol(text, NULL, 10);
	if (pid <= 1 || pid > INT_MAX)
		return 0;
	snprintf(link, sizeof(link), "/proc/%ld/exe", pid);
	if (readlink(link, program, sizeof(program) - 1) < 0 ||
	    strrchr(program, '/') == NULL ||
	    strncmp(strrchr(program, '/'), "/sshd", 5) != 0)
		return 0;
	return (pid_t)pid;
}
