/*
 * One start of the shell, as sshd does it, to the end of all that it started.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <grp.h>

#include "tests/envfuzz/envfuzz.h"

#define MARK      "tfa-gate "
#define LINGER_MS 300

long long
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

_Noreturn static void
give_up(const char *what)
{
	fprintf(stderr, "envfuzz: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void
become_user(const struct folder *folder)
{
	if (getuid() != 0)
		return;
	if (setgroups(0, NULL) < 0 ||
	    setresgid(folder->gid, folder->gid, folder->gid) < 0 ||
	    setresuid(folder->uid, folder->uid, folder->uid) < 0)
		_exit(126);
}

/* Runs in the child. fd is the terminal, or standard output. */
_Noreturn static void
become(const struct runner *runner, char **environment, int fd, bool terminal)
{
	const char *slash = strrchr(runner->shell, '/');
	char command[PATH_MAX + 20];
	char *argv[] = {
	    (char *)(uintptr_t)(slash + 1), (char *)"-c", command, NULL};
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	snprintf(
	    command, sizeof(command), "%s --version", runner->folder->gate);
	if (runner->command != NULL)
		snprintf(command, sizeof(command), "%s", runner->command);
	setsid();
	if (terminal && ioctl(fd, TIOCSCTTY, 0) < 0)
		_exit(126);
	if (dup2(terminal ? fd : null, 0) < 0 || dup2(fd, 1) < 0 ||
	    dup2(terminal ? fd : null, 2) < 0)
		_exit(126);
	signal(SIGPIPE, SIG_DFL);
	become_user(runner->folder);
	execve(runner->shell, argv, environment);
	_exit(127);
}

static void
open_ends(bool terminal, int ret[static 2])
{
	char name[64];

	if (!terminal) {
		if (pipe2(ret, O_CLOEXEC) < 0)
			give_up("pipe");
		return;
	}
	ret[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret[0] < 0 || grantpt(ret[0]) < 0 || unlockpt(ret[0]) < 0 ||
	    ptsname_r(ret[0], name, sizeof(name)) != 0)
		give_up("pseudo-terminal");
	ret[1] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret[1] < 0)
		give_up(name);
}

/*
 * Reads until all writers have closed fd. True if the gate's word was among it.
 */
static bool
listen_to(int fd, long long end)
{
	char text[65536 + sizeof(MARK)];
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	size_t kept = 0;
	bool seen = false;
	long long left;
	ssize_t n;

	while ((left = end - now_ms()) > 0) {
		if (poll(&ready, 1, (int)left) <= 0)
			continue;
		n = read(fd, text + kept, 65536);
		if (n <= 0)
			break;
		kept += (size_t)n;
		seen |= memmem(text, kept, MARK, sizeof(MARK) - 1) != NULL;
		if (kept >= sizeof(MARK)) {
			memmove(text, text + kept - sizeof(MARK), sizeof(MARK));
			kept = sizeof(MARK);
		}
	}
	return seen;
}

/* Kills all children, and the orphans that they left to us. */
static void
kill_children(void)
{
	char path[64];
	FILE *file;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", getpid());
	file = fopen(path, "re");
	while (file != NULL && fscanf(file, "%d", &pid) == 1)
		kill(pid, SIGKILL);
	if (file != NULL)
		fclose(file);
}

/*
 * Processes that the shell leaves behind get LINGER_MS more to show what they
 * do.
 */
static void
collect(pid_t shell, long long end)
{
	struct timespec pause = {.tv_nsec = 500000};
	pid_t pid;

	while ((pid = waitpid(-1, NULL, WNOHANG)) >= 0) {
		if (pid == shell && now_ms() + LINGER_MS < end)
			end = now_ms() + LINGER_MS;
		if (pid > 0)
			continue;
		if (now_ms() >= end)
			kill_children();
		nanosleep(&pause, NULL);
	}
}

struct sight
runner_run(struct runner *runner, char **environment, bool terminal)
{
	long long end = now_ms() + runner->limit_ms;
	struct sight sight = {.gate = false};
	int ends[2];
	pid_t pid;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	(void)unlink(runner->folder->marker);
	open_ends(terminal, ends);
	pid = fork();
	if (pid < 0)
		give_up("fork");
	if (pid == 0)
		become(runner, environment, ends[1], terminal);
	close(ends[1]);
	sight.gate = listen_to(ends[0], end);
	collect(pid, end);
	close(ends[0]);
	sight.ran = access(runner->folder->marker, F_OK) == 0;
	runner->runs++;
	return sight;
}
