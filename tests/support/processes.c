#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"
#include "tests/support/processes.h"
#include "tests/support/run.h"

#define NOBODY ((uid_t)-1)

struct process {
	uid_t owner;
	pid_t parent;
};

static bool
number_after(const char *status, const char *word, unsigned *ret)
{
	const char *found = strstr(status, word);

	if (found != NULL)
		*ret = (unsigned)strtoul(found + strlen(word), NULL, 10);
	return found != NULL;
}

/* False for a process that is gone, or a zombie. */
static bool
look_up(pid_t pid, struct process *ret)
{
	scoped_free char *status = read_text(text("/proc/%d/status", pid));
	unsigned owner, parent;

	if (status == NULL || strstr(status, "\nState:\tZ") != NULL ||
	    !number_after(status, "\nUid:\t", &owner) ||
	    !number_after(status, "\nPPid:\t", &parent))
		return false;
	*ret = (struct process){.owner = (uid_t)owner, .parent = (pid_t)parent};
	return true;
}

/* A server or client of this bastion has its folder on the command line. */
static bool
names_folder(const struct bastion *b, pid_t pid)
{
	scoped_fd int fd = open(text("/proc/%d/cmdline", pid), O_RDONLY);
	char command[4096];
	ssize_t len = fd < 0 ? -1 : read(fd, command, sizeof(command));

	return len > 0 &&
	    memmem(command, (size_t)len, b->dir, strlen(b->dir)) != NULL;
}

/* The keeper's workers are left out: they stay for the next login. */
static bool
belongs(const struct bastion *b, pid_t pid, uid_t user)
{
	struct process p;

	if (pid == b->sshd || pid == b->keeper || !look_up(pid, &p) ||
	    (b->keeper > 0 && p.parent == b->keeper))
		return false;
	return (bastion_has_people() && p.owner == user) ||
	    names_folder(b, pid);
}

/* The next process of /proc; 0 at the end. */
static pid_t
next_process(DIR *proc)
{
	struct dirent *entry;

	while ((entry = readdir(proc)) != NULL) {
		if (isdigit((unsigned char)entry->d_name[0]))
			return (pid_t)strtol(entry->d_name, NULL, 10);
	}
	return 0;
}

static DIR *
open_proc(void)
{
	DIR *proc = opendir("/proc");

	if (proc == NULL)
		fail("/proc: %s", strerror(errno));
	return proc;
}

static int
count_processes(const struct bastion *b, uid_t uid)
{
	DIR *proc = open_proc();
	int count = 0;
	pid_t pid;

	while ((pid = next_process(proc)) != 0)
		count += belongs(b, pid, uid);
	closedir(proc);
	return count;
}

int
processes_left(const struct bastion *b, const char *user, int limit_ms)
{
	long long end = run_clock_ms() + limit_ms;
	uid_t uid = user != NULL ? fixture_person(user)->pw_uid : NOBODY;
	int count;

	while ((count = count_processes(b, uid)) > 0 && run_clock_ms() < end)
		run_sleep_ms(50);
	return count;
}

int
processes_signal(const char *user, const char *name, int signal)
{
	uid_t uid = fixture_person(user)->pw_uid;
	DIR *proc = open_proc();
	struct process p;
	int count = 0;
	pid_t pid;

	while ((pid = next_process(proc)) != 0) {
		scoped_free char *comm = read_text(text("/proc/%d/comm", pid));

		if (comm == NULL || strncmp(comm, name, strlen(name)) != 0 ||
		    !look_up(pid, &p) || p.owner != uid)
			continue;
		count += kill(pid, signal) == 0;
	}
	closedir(proc);
	return count;
}
