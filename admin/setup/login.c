/*
 * Which ssh login a process belongs to: its outermost ancestor that is an
 * sshd for one connection.  By /proc and not by the environment, which sudo
 * cleans.  Sessions that share a connection (ControlMaster) are one login:
 * the second of them proves nothing about a new one.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "admin/setup/setup.h"

#define ANCESTORS_MAX   64
#define ENVIRONMENT_MAX 131072

struct process {
	pid_t parent;
	int64_t began; /* ticks since boot */
	char name[32];
};

/* A file of /proc/PID, with a NUL after it. */
static bool
read_proc(
    pid_t pid, const char *file, size_t max, char **ret_text, size_t *ret_len)
{
	char path[64];
	scoped_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	return fd >= 0 && file_read(fd, max, ret_text, ret_len) == FAULT_NONE;
}

/* proc(5): PID (NAME) STATE PPID ... and the start as the 22nd field. */
static bool
read_process(pid_t pid, struct process *ret)
{
	scoped_free char *stat = NULL;
	char *name, *end;
	unsigned long long began;
	size_t len;
	int parent;

	if (!read_proc(pid, "stat", 4096, &stat, &len))
		return false;
	name = strchr(stat, '(');
	end = strrchr(stat, ')');
	if (name == NULL || end == NULL || end < name)
		return false;
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)(end - name - 1),
	    name + 1);
	if (sscanf(end + 1,
		" %*c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d "
		"%*d %*d %*d %*d %llu",
		&parent, &began) != 2)
		return false;
	ret->parent = parent;
	ret->began = (int64_t)began;
	return true;
}

/* sshd, sshd-session, sshd-auth; not the one that listens for all. */
static bool
is_connection(pid_t pid, const struct process *process)
{
	scoped_free char *title = NULL;
	size_t len;

	return strncmp(process->name, "sshd", 4) == 0 &&
	    read_proc(pid, "cmdline", 4096, &title, &len) &&
	    strstr(title, "[listener]") == NULL;
}

/* The client's address, from the environment that sshd gave to pid. */
static void
read_address(pid_t pid, char ret[static ADDRESS_TEXT])
{
	static const char name[] = "SSH_CONNECTION=";
	scoped_free char *environment = NULL;
	struct address address;
	char word[64];
	size_t len = 0;

	if (!read_proc(pid, "environ", ENVIRONMENT_MAX, &environment, &len))
		return;
	for (size_t i = 0; i < len; i += strlen(environment + i) + 1) {
		const char *line = environment + i;

		if (strncmp(line, name, sizeof(name) - 1) != 0)
			continue;
		line += sizeof(name) - 1;
		snprintf(
		    word, sizeof(word), "%.*s", (int)strcspn(line, " "), line);
		if (address_parse(word, &address))
			address_format(&address, ret);
		return;
	}
}

bool
login_find(struct ssh_login *ret)
{
	struct process process;
	pid_t pid = getpid(), below = pid;
	bool found = false;

	*ret = (struct ssh_login){.pid = 0};
	for (int i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		if (!read_process(pid, &process))
			break;
		if (is_connection(pid, &process)) {
			if (!found)
				read_address(below, ret->address);
			found = true;
			ret->pid = pid;
			ret->began = process.began;
		}
		below = pid;
		pid = process.parent;
	}
	return found;
}

int64_t
login_ticks_now(void)
{
	struct timespec now = {0, 0};
	int64_t rate = sysconf(_SC_CLK_TCK);

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * rate +
	    (int64_t)now.tv_nsec * rate / 1000000000;
}
