#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/file.h"
#include "gate/sshd/started.h"
#include "gate/sshd/title.h"

#define ANCESTORS_MAX 32
#define NS_PER_S      1000000000LL
#define STAT_MAX      1024 /* bytes of /proc/PID/stat that we need */

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

static int64_t
nanoseconds(clockid_t clock)
{
	struct timespec now;

	return clock_gettime(clock, &now) == 0
	    ? now.tv_sec * NS_PER_S + now.tv_nsec
	    : 0;
}

/* Fields 2, 4 and 22 (proc(5)).  The second may hold anything up to its ")". */
bool
started_read(pid_t pid, struct started *ret)
{
	char path[64], text[STAT_MAX], *name, *at;
	long long fields[23] = {0};
	scoped_fd int fd = -1;

	snprintf(path, sizeof(path), "/proc/%ld/stat", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (!read_start(fd, text, sizeof(text)) ||
	    (name = strchr(text, '(')) == NULL ||
	    (at = strrchr(text, ')')) == NULL || at < name || strlen(at) < 4)
		return false;
	*at = '\0';
	at += 3; /* behind the state */
	for (int i = 4; i <= 22; i++) {
		char *end = at;

		fields[i] = strtoll(at, &end, 10);
		if (end == at)
			return false;
		at = end;
	}
	*ret = (struct started){
	    .parent = (pid_t)fields[4], .ticks = fields[22]};
	snprintf(ret->name, sizeof(ret->name), "%s", name + 1);
	return true;
}

int64_t
started_ticks_now(void)
{
	return nanoseconds(CLOCK_BOOTTIME) / STARTED_TICK_NS;
}

bool
started_process(pid_t pid, pid_t *ret_parent, struct timespec *ret)
{
	/* A pause in between makes the start earlier, so that more counts as
	 * changed since. */
	int64_t now = nanoseconds(CLOCK_REALTIME);
	int64_t boot = nanoseconds(CLOCK_BOOTTIME), start;
	struct started process;

	if (boot == 0 || now == 0 || !started_read(pid, &process))
		return false;
	start = now - boot + process.ticks * STARTED_TICK_NS;
	*ret_parent = process.parent;
	ret->tv_sec = start / NS_PER_S;
	ret->tv_nsec = (long)(start % NS_PER_S);
	return process.ticks >= 0 && start > 0;
}

bool
started_title(pid_t pid, char ret[static STARTED_TITLE], uid_t *ret_owner)
{
	scoped_free char *text = NULL;
	char path[64];
	scoped_fd int fd = -1;
	struct stat st;
	size_t len = 0;

	snprintf(path, sizeof(path), "/proc/%ld/cmdline", (long)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    file_read(fd, STARTED_TITLE - 1, &text, &len) != FAULT_NONE)
		return false;
	memcpy(ret, text, len + 1);
	*ret_owner = st.st_uid;
	return true;
}

bool
started_connection(pid_t pid, const char *user, struct timespec *ret)
{
	char title[STARTED_TITLE];
	struct timespec since;
	uid_t owner;

	for (int i = 0; i < ANCESTORS_MAX && pid > 0; i++) {
		if (!started_title(pid, title, &owner) ||
		    !started_process(pid, &pid, &since))
			return false;
		/* The door's sshd has another name. */
		if (owner == 0 && title_names(title, user)) {
			*ret = since;
			return true;
		}
	}
	return false;
}

bool
started_is_later(const struct timespec *a, const struct timespec *b)
{
	return (a->tv_sec - b->tv_sec) * NS_PER_S + a->tv_nsec - b->tv_nsec >
	    STARTED_TICK_NS;
}

/* sshd takes the first line. */
void
started_pid_file(const struct config *config, char ret[static CONFIG_WORD])
{
	snprintf(ret, CONFIG_WORD, "%s", STARTED_PID_FILE);
	list_each(const struct config_line, line, config->lines) {
		const char *rest = line->value;

		if (config_has_keyword(line, "PidFile")) {
			if (!config_word(&rest, ret))
				ret[0] = '\0';
			return;
		}
	}
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
