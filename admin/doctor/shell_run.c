#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "admin/doctor/shell_run.h"
#include "gate/sshd/guard.h"
#include "store/base/cleanup.h"
#include "store/system/child.h"

#define REAP_MS   1000
#define VARIABLES 64

/* A shell that reads commands runs this.  It has two quotes, so that an echo of
 * the words is not taken for SHELL_ANSWER. */
#define TYPED "echo not''tfa\nexit 3\n"

/* The environment that sshd would give, with the drop-in's words last. */
static void
fill_environment(
    const struct shell_run *run, char *text, size_t size, char **ret)
{
	static char setenv_words[GUARD_LINE];
	char *rest = NULL, *word;
	size_t n = 0;

	snprintf(setenv_words, sizeof(setenv_words), "%s", guard_setenv());
	snprintf(text, size, "SHELL=%s", run->program);
	ret[n++] = text;
	ret[n++] = (char *)"PATH=/usr/local/bin:/usr/bin:/bin:/usr/games";
	ret[n++] = (char *)"SSH_CLIENT=192.0.2.1 1 22";
	ret[n++] = (char *)"SSH_CONNECTION=192.0.2.1 1 192.0.2.2 22";
	if (run->terminal)
		ret[n++] = (char *)"TERM=dumb";
	strtok_r(setenv_words, " ", &rest); /* the keyword */
	while (n < VARIABLES - 3 && (word = strtok_r(NULL, " ", &rest)) != NULL)
		ret[n++] = word;
	ret[n] = NULL;
}

static void
add_person(const struct passwd *pw, char text[2][300], char **environment)
{
	size_t n = 0;

	while (environment[n] != NULL)
		n++;
	snprintf(text[0], 300, "USER=%.256s", pw->pw_name);
	snprintf(text[1], 300, "LOGNAME=%.256s", pw->pw_name);
	environment[n++] = text[0];
	environment[n++] = text[1];
	environment[n] = NULL;
}

/* The limits of a runaway shell. */
static void
set_limits(void)
{
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	setrlimit(RLIMIT_CPU, &(struct rlimit){5, 5});
	setrlimit(RLIMIT_FSIZE, &(struct rlimit){1 << 20, 1 << 20});
}

static bool
become_user(const struct passwd *pw)
{
	if (geteuid() != 0)
		return geteuid() == pw->pw_uid;
	return initgroups(pw->pw_name, pw->pw_gid) == 0 &&
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == 0 &&
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == 0;
}

/* Root's keys stay with root: a process with the session's keyring may read
 * them, whatever its uid.  If the call is not allowed here, no key can
 * be read. */
static bool
drop_keys(void)
{
	return syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) >= 0 ||
	    errno == ENOSYS || errno == EPERM;
}

/* Closes all but 0, 1 and 2: a descriptor without O_CLOEXEC is not ours. */
static void
close_others(void)
{
	long most = sysconf(_SC_OPEN_MAX);

	for (int fd = 3; fd < (most > 0 && most < 4096 ? most : 4096); fd++)
		close(fd);
}

/* Runs in the shell's process; 126 if the shell cannot be started. */
_Noreturn static void
become_shell(const struct shell_run *run, int in, int out)
{
	const char *slash = strrchr(run->program, '/');
	char *argv[] = {
	    (char *)(uintptr_t)(slash != NULL ? slash + 1 : run->program),
	    (char *)"-c", (char *)(uintptr_t)run->command, NULL};
	char *environment[VARIABLES], shell[PATH_MAX + 8], person[2][300];
	int null = open("/dev/null", O_WRONLY | O_CLOEXEC);

	fill_environment(run, shell, sizeof(shell), environment);
	add_person(run->pw, person, environment);
	if (run->command[0] == '\0')
		argv[1] = (char *)"--version";
	if (setsid() < 0 || (run->terminal && ioctl(in, TIOCSCTTY, 0) < 0) ||
	    dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(126);
	close_others();
	set_limits();
	umask(022);
	if (chdir("/") < 0 || !drop_keys() || !become_user(run->pw))
		_exit(126);
	execve(run->program, argv, environment);
	_exit(126);
}

/* Ends all children, also those of the shell: they come to us when it ends. */
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

/* The shell's status; TIMED_OUT if it had to be killed. */
static int
wait_for_shell(pid_t shell)
{
	long long end = child_clock_ms() + SHELL_MS;
	int status;

	while (child_clock_ms() < end) {
		if (waitpid(shell, &status, WNOHANG) == shell)
			return WIFEXITED(status) ? WEXITSTATUS(status)
						 : 128 + WTERMSIG(status);
		poll(NULL, 0, 1);
	}
	kill(-shell, SIGKILL);
	return TIMED_OUT;
}

/* Until none is left, but not for ever: one may hang in the kernel. */
static void
end_all(void)
{
	long long end = child_clock_ms() + REAP_MS;
	pid_t pid;

	while (
	    child_clock_ms() < end && (pid = waitpid(-1, NULL, WNOHANG)) >= 0)
		if (pid == 0) {
			kill_children();
			poll(NULL, 0, 1);
		}
}

/* The supervisor stands between us and the shell: it starts the shell, and
 * outlives all that the shell starts. */
_Noreturn static void
supervise(const struct shell_run *run, int in, int out)
{
	struct sigaction standard = {.sa_handler = SIG_DFL};
	pid_t shell;
	int status;

	sigaction(SIGPIPE, &standard, NULL);
	sigaction(SIGCHLD, &standard, NULL);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setpgid(0, 0);
	shell = fork();
	if (shell == 0)
		become_shell(run, in, out);
	status = shell > 0 ? wait_for_shell(shell) : 126;
	end_all();
	if (status == TIMED_OUT)
		raise(SIGKILL);
	_exit(status);
}

static void
take_said(struct shell_run *run, int fd)
{
	char more[4096];
	ssize_t n = read(fd, more, sizeof(more));
	size_t room = sizeof(run->said) - 1 - run->len;

	if (n <= 0)
		return;
	if ((size_t)n < room)
		room = (size_t)n;
	memcpy(run->said + run->len, more, room);
	run->len += room;
}

/* Reads what the shell says until the supervisor has ended, and then the
 * rest. */
static void
watch_supervisor(struct shell_run *run, pid_t supervisor, int fd)
{
	long long end = child_clock_ms() + SHELL_MS + 2 * REAP_MS;
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	bool ended = false;
	int status = 0;

	while (!ended && child_clock_ms() < end) {
		ended = waitpid(supervisor, &status, WNOHANG) == supervisor;
		while (poll(&ready, 1, ended ? 0 : 2) > 0 &&
		    (ready.revents & POLLIN) != 0 && child_clock_ms() < end)
			take_said(run, fd);
		if (!ended && ready.revents != 0)
			poll(NULL, 0, 1);
	}
	if (!ended) {
		kill(supervisor, SIGKILL);
		waitpid(supervisor, &status, 0);
	}
	run->said[run->len] = '\0';
	run->status = ended && WIFEXITED(status) ? WEXITSTATUS(status)
						 : TIMED_OUT;
}

/* ret[0]: what we read and type; ret[1]: the shell's side; raw, so that no
 * byte is changed or shown again. */
static bool
open_terminal(int ret[static 2])
{
	struct termios raw;
	char name[64];

	ret[0] = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret[0] < 0 || grantpt(ret[0]) < 0 || unlockpt(ret[0]) < 0 ||
	    ptsname_r(ret[0], name, sizeof(name)) != 0)
		return false;
	ret[1] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret[1] < 0 || tcgetattr(ret[1], &raw) < 0)
		return false;
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	return tcsetattr(ret[1], TCSANOW, &raw) == 0;
}

/* sshd gives the terminal to the user. */
static void
give_terminal(const struct shell_run *run, int fd)
{
	if (geteuid() == 0 && fchown(fd, run->pw->pw_uid, (gid_t)-1) < 0)
		return;
}

static bool
start_supervisor(struct shell_run *run, int in, int out, int out_end)
{
	pid_t pid = fork();

	if (pid == 0)
		supervise(run, in, out);
	if (pid > 0)
		watch_supervisor(run, pid, out_end);
	return pid > 0;
}

static bool
run_piped(struct shell_run *run)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	bool ok = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
	    write(in[1], TYPED, sizeof(TYPED) - 1) > 0;

	cleanup_fd(&in[1]);
	ok = ok && start_supervisor(run, in[0], out[1], out[0]);
	cleanup_fd(&in[0]);
	cleanup_fd(&out[0]);
	cleanup_fd(&out[1]);
	return ok;
}

bool
shell_run(struct shell_run *run)
{
	int ends[2] = {-1, -1};
	bool ok;

	run->len = 0;
	if (!run->terminal)
		return run_piped(run);
	ok = open_terminal(ends) &&
	    write(ends[0], TYPED, sizeof(TYPED) - 1) > 0;
	if (ok) {
		give_terminal(run, ends[1]);
		ok = start_supervisor(run, ends[1], ends[1], ends[0]);
	}
	cleanup_fd(&ends[0]);
	cleanup_fd(&ends[1]);
	return ok;
}
