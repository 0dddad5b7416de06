/*
 * Finds the ssh login that a process belongs to: its outermost ancestor that is
 * an sshd for one connection.  /proc says so; the environment does not, since
 * sudo cleans it.  Sessions that share a connection (ControlMaster) are one
 * login: the second one does not show that a new login works.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "admin/setup/setup.h"
#include "gate/sshd/started.h"
#include "gate/sshd/title.h"

#define ANCESTORS_MAX   64
#define ENVIRONMENT_MAX 131072

/* Reads a file of /proc/PID; a NUL follows the text. */
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

/* Also of sshd-session and sshd-auth, and of the door before 9.8. */
static bool
is_sshd(const char *name)
{
	return strncmp(name, "sshd", 4) == 0 || strcmp(name, DOOR_SERVICE) == 0;
}

/* True of an sshd for one connection, but not of the sshd that listens. */
static bool
is_connection(pid_t pid, const struct started *process)
{
	scoped_free char *title = NULL;
	struct listener listener;
	size_t len;

	return is_sshd(process->name) &&
	    read_proc(pid, "cmdline", 4096, &title, &len) &&
	    !title_listener(title, &listener);
}

/* Reads the client's address from the environment that sshd gave to pid. */
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
ssh_login_find(struct ssh_login *ret)
{
	struct started process;
	pid_t pid = getpid(), below = pid;
	bool found = false;

	*ret = (struct ssh_login){.pid = 0};
	for (int i = 0; i < ANCESTORS_MAX && pid > 1; i++) {
		if (!started_read(pid, &process))
			break;
		if (is_connection(pid, &process)) {
			if (!found)
				read_address(below, ret->address);
			found = true;
			ret->pid = pid;
			ret->began = process.ticks;
		}
		below = pid;
		pid = process.parent;
	}
	if (found)
		snprintf(ret->name, sizeof(ret->name), "%d:%lld", (int)ret->pid,
		    (long long)ret->began);
	return found;
}
