#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "gate/sshd/started.h"

#define NS_PER_S 1000000000LL
#define STAT_MAX 1024 /* bytes of /proc/PID/stat that we need */

/* A file of /proc has no size. */
static bool
read_start(int fd, char *ret, size_t size)
{
	ssize_t n = fd >= 0 ? read(fd, ret, size - 1) : -1;

	if (n < 0)
		return false;
	ret[n] = '\0';
	return true;
}

static bool
time_of_ticks(long long ticks, struct timespec *ret)
{
	struct timespec boot, now;
	long long ns;

	if (clock_gettime(CLOCK_BOOTTIME, &boot) < 0 ||
	    clock_gettime(CLOCK_REALTIME, &now) < 0)
		return false;
	ns = now.tv_sec * NS_PER_S + now.tv_nsec;
	ns -= boot.tv_sec * NS_PER_S + boot.tv_nsec - ticks * STARTED_TICK_NS;
	ret->tv_sec = ns / NS_PER_S;
	ret->tv_nsec = (long)(ns % NS_PER_S);
	return ticks >= 0 && ns > 0;
}

/* Fields 4 and 22 (proc(5)), of which the second may hold anything up to its
 * ")". */
bool
started_process(pid_t pid, pid_t *ret_parent, struct timespec *ret)
{
	char path[64], text[STAT_MAX], *at;
	long long fields[23] = {0};
	scoped_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!read_start(fd, text, sizeof(text)) ||
	    (at = strrchr(text, ')')) == NULL || strlen(at) < 4)
		return false;
	at += 3; /* behind the state */
	for (int i = 4; i <= 22; i++) {
		char *end = at;

		fields[i] = strtoll(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	*ret_parent = (pid_t)fields[4];
	return time_of_ticks(fields[22], ret);
}

bool
started_reload(const char *pid_file, pid_t pid, struct timespec *ret)
{
	scoped_fd int fd = -1;
	char text[32];
	struct stat st;

	if (pid_file[0] != '/')
		return false;
	fd = open(pid_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) ||
	    st.st_uid != 0 || (st.st_mode & (S_IWGRP | S_IWOTH)) != 0 ||
	    !read_start(fd, text, sizeof(text)) ||
	    strtol(text, NULL, 10) != pid)
		return false;
	*ret = st.st_mtim;
	return true;
}
