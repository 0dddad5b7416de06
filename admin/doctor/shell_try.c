#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
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

#include "store/base/cleanup.h"
#include "store/system/child.h"
#include "admin/doctor/dump.h"
#include "store/system/passwd.h"
#include "admin/doctor/shell_try.h"

#define SAID_MAX  4096 /* the rest is read and dropped */
#define REAP_MS   1000
#define VARIABLES 64
#define TIMED_OUT (-1)

/* A shell that reads commands would run this.  It has two quotes, so that an
 * echo of the words is not taken for their effect. */
#define TYPED   "echo not''tfa\nexit 3\n"
#define ANSWER  "nottfa"
#define VERSION "tfa-gate " TFA_VERSION "\n"

struct trial_run {
	const struct passwd *pw;
	char command[PATH_MAX + 16]; /* "": the program itself is the gate */
	const char *program;
	bool terminal;
	/* of the run: */
	char said[SAID_MAX];
	size_t len;
	int status; /* exit status, 128 + signal, TIMED_OUT */
};

/* The environment that sshd would give, with the drop-in's words last. */
static void
fill_environment(
    const struct trial_run *run, char *text, size_t size, char **ret)
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
become_shell(const struct trial_run *run, int in, int out)
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
	long long end = child_clock_ms() + TRIAL_MS;
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
supervise(const struct trial_run *run, int in, int out)
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
take_said(struct trial_run *run, int fd)
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
watch_trial(struct trial_run *run, pid_t supervisor, int fd)
{
	long long end = child_clock_ms() + TRIAL_MS + 2 * REAP_MS;
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
give_terminal(const struct trial_run *run, int fd)
{
	if (geteuid() == 0 && fchown(fd, run->pw->pw_uid, (gid_t)-1) < 0)
		return;
}

static bool
start_trial(struct trial_run *run, int in, int out, int out_end)
{
	pid_t pid = fork();

	if (pid == 0)
		supervise(run, in, out);
	if (pid > 0)
		watch_trial(run, pid, out_end);
	return pid > 0;
}

static bool
try_piped(struct trial_run *run)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1};
	bool ok = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
	    write(in[1], TYPED, sizeof(TYPED) - 1) > 0;

	cleanup_fd(&in[1]);
	ok = ok && start_trial(run, in[0], out[1], out[0]);
	cleanup_fd(&in[0]);
	cleanup_fd(&out[0]);
	cleanup_fd(&out[1]);
	return ok;
}

static bool
try_once(struct trial_run *run)
{
	int ends[2] = {-1, -1};
	bool ok;

	run->len = 0;
	if (!run->terminal)
		return try_piped(run);
	ok = open_terminal(ends) &&
	    write(ends[0], TYPED, sizeof(TYPED) - 1) > 0;
	if (ok) {
		give_terminal(run, ends[1]);
		ok = start_trial(run, ends[1], ends[1], ends[0]);
	}
	cleanup_fd(&ends[0]);
	cleanup_fd(&ends[1]);
	return ok;
}

/* *ret: the first line that it said, for people to read. */
static void
take_said_line(const struct trial_run *run, char ret[static TRIAL_TEXT])
{
	snprintf(ret, TRIAL_TEXT, "%.*s",
	    (int)strcspn(run->said + strspn(run->said, "\r\n"), "\r\n"),
	    run->said + strspn(run->said, "\r\n"));
}

/*
 * Judges one start; wanted: what the gate says.  Some shells (elvish) lose the
 * status of a gate that refuses; a gate that does not refuse ends with 0.
 */
static enum trial
judge_trial(const struct trial_run *run, const char *wanted)
{
	size_t len = strlen(wanted);

	if (run->status == TIMED_OUT || strstr(run->said, ANSWER) != NULL)
		return TRIAL_OTHER;
	if (len > 0 && run->status != 0)
		return run->len > 0 ? TRIAL_OTHER : TRIAL_NOTHING;
	if (run->len == len && memcmp(run->said, wanted, len) == 0)
		return TRIAL_RUNS;
	if (run->len > len &&
	    memcmp(run->said + run->len - len, wanted, len) == 0)
		return TRIAL_TALKS;
	return run->len > 0 ? TRIAL_OTHER : TRIAL_NOTHING;
}

/* The worse of two: a shell that runs something in place of the gate is the
 * worst. */
static enum trial
worse(enum trial a, enum trial b)
{
	static const int rank[] = {[TRIAL_UNKNOWN] = 4,
	    [TRIAL_RUNS] = 0,
	    [TRIAL_TALKS] = 1,
	    [TRIAL_NOTHING] = 2,
	    [TRIAL_OTHER] = 3};

	return rank[a] >= rank[b] ? a : b;
}

static enum trial
try_command(
    struct trial_run *run, const char *wanted, char ret_said[static TRIAL_TEXT])
{
	enum trial trial;

	if (!try_once(run)) {
		snprintf(ret_said, TRIAL_TEXT, "%s", strerror(errno));
		return TRIAL_UNKNOWN;
	}
	trial = judge_trial(run, wanted);
	if (trial != TRIAL_RUNS)
		take_said_line(run, ret_said);
	return trial;
}

static enum trial
try_all(
    struct trial_run *run, const char *gate, char ret_said[static TRIAL_TEXT])
{
	static const struct {
		const char *option, *wanted;
	} asked[] = {{"--version", VERSION}, {"--refuse", ""}};
	enum trial trial = TRIAL_RUNS;

	for (size_t i = 0; i < 4 && trial < TRIAL_OTHER; i++) {
		snprintf(run->command, sizeof(run->command), "%s %s", gate,
		    asked[i / 2].option);
		run->terminal = i % 2 == 1;
		trial = worse(
		    trial, try_command(run, asked[i / 2].wanted, ret_said));
	}
	return trial;
}

/* True if sshd's allowed_user() takes the shell: a plain file with an x for
 * somebody. */
static bool
sshd_lets_in(const char *shell, char ret_said[static TRIAL_TEXT])
{
	struct stat st;

	if (stat(shell, &st) < 0) {
		snprintf(ret_said, TRIAL_TEXT, "%s", strerror(errno));
		return false;
	}
	snprintf(ret_said, TRIAL_TEXT, "it is no program");
	return S_ISREG(st.st_mode) && (st.st_mode & 0111) != 0;
}

bool
shell_gate_runs(const char *gate, char ret_said[static TRIAL_TEXT])
{
	struct passwd nobody = {
	    .pw_name = (char *)"nobody", .pw_uid = 65534, .pw_gid = 65534};
	struct trial_run run = {.pw = &nobody, .program = gate};

	if (geteuid() != 0)
		nobody.pw_uid = geteuid();
	if (try_once(&run) && run.status == 0 && strcmp(run.said, VERSION) == 0)
		return true;
	snprintf(ret_said, TRIAL_TEXT, "%.100s is no gate of version %s", gate,
	    TFA_VERSION);
	return false;
}

enum trial
shell_try(
    const struct passwd *pw, const char *gate, char ret_said[static TRIAL_TEXT])
{
	struct trial_run run = {.pw = pw, .program = passwd_shell(pw)};

	ret_said[0] = '\0';
	if (!sshd_lets_in(run.program, ret_said))
		return TRIAL_ABSENT;
	ret_said[0] = '\0';
	if (shell_is_open_to(pw, run.program))
		return TRIAL_THEIRS;
	if (geteuid() != 0 && geteuid() != pw->pw_uid) {
		snprintf(ret_said, TRIAL_TEXT, "only root can try it");
		return TRIAL_UNKNOWN;
	}
	return try_all(&run, gate, ret_said);
}
