#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/base/clock.h"
#include "store/system/child.h"
#include "store/system/stranger.h"

#define LOOK_MS  5 /* between two looks whether it has ended */
#define STOP_MS  500
#define REAP_MS  1000          /* for all that a stranger leaves */
#define LATER_MS (2 * REAP_MS) /* until whoever supervises it has ended */

/* Both ends of the child's pipes, or of its terminal. */
struct ends {
	int in[2], out[2], err[2], report[2];
};

/* From the child, or from its supervisor. */
struct report {
	enum child_end end;
	int status; /* exit status, signal, errno */
};

static void
shut(int *fd)
{
	cleanup_fd(fd);
	*fd = -1;
}

bool
child_become(const struct passwd *pw)
{
	if (geteuid() != 0) {
		errno = EPERM;
		return geteuid() == pw->pw_uid;
	}
	return initgroups(pw->pw_name, pw->pw_gid) == 0 &&
	    setresgid(pw->pw_gid, pw->pw_gid, pw->pw_gid) == 0 &&
	    setresuid(pw->pw_uid, pw->pw_uid, pw->pw_uid) == 0;
}

/* In the child. */
_Noreturn static void
report_failure(int report, enum child_end end)
{
	const struct report said = {end, errno};

	(void)!write(report, &said, sizeof(said));
	_exit(127);
}

/* Makes its ends 0, 1 and 2.  The terminal belongs to the user, as sshd does
 * it. */
static bool
take_ends(const struct child_options *options, const struct ends *ends)
{
	if (options->terminal || options->stranger ? setsid() < 0
						   : setpgid(0, 0) < 0)
		return false;
	if (options->terminal && ioctl(ends->in[0], TIOCSCTTY, 0) < 0)
		return false;
	if (options->terminal && options->as != NULL && geteuid() == 0 &&
	    fchown(ends->in[0], options->as->pw_uid, (gid_t)-1) < 0)
		return false;
	return dup2(ends->in[0], 0) >= 0 && dup2(ends->out[1], 1) >= 0 &&
	    dup2(ends->err[1], 2) >= 0;
}

_Noreturn static void
become_program(const struct child_options *options, const struct ends *ends)
{
	static const char *const plain[] = {
	    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};
	const char *const *environment = options->environment;
	int report = ends->report[1];

	if (!take_ends(options, ends) ||
	    (options->stranger && !stranger_strip(&report)) ||
	    (options->as != NULL && !child_become(options->as)))
		report_failure(report, CHILD_NOT);
	/* A change of uid resets this, so it comes after. */
	if (!options->stranger)
		prctl(
		    PR_SET_PDEATHSIG, options->as != NULL ? SIGKILL : SIGTERM);
	signal(SIGPIPE, SIG_DFL);
	if (environment == NULL)
		environment = plain;
	execve(options->program != NULL ? options->program : options->argv[0],
	    (char *const *)(const void *)options->argv,
	    (char *const *)(const void *)environment);
	report_failure(report, CHILD_NO_PROGRAM);
}

/* Kills all children, also those of the stranger: they become ours when it
 * ends. */
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

/* Kills until no child is left, but not for ever: one may hang in the kernel. */
static void
end_all(void)
{
	long long end = clock_ms() + REAP_MS;
	pid_t pid;

	while (clock_ms() < end && (pid = waitpid(-1, NULL, WNOHANG)) >= 0)
		if (pid == 0) {
			kill_children();
			poll(NULL, 0, 1);
		}
}

static struct report
decode_status(int status)
{
	if (WIFEXITED(status))
		return (struct report){CHILD_EXITED, WEXITSTATUS(status)};
	return (struct report){CHILD_KILLED, WTERMSIG(status)};
}

static volatile sig_atomic_t is_told_to_stop;

static void
take_signal(int signal)
{
	(void)signal;
	is_told_to_stop = true;
}

static struct report
wait_for_stranger(pid_t pid, int limit_ms)
{
	long long end = clock_ms() + limit_ms;
	int status;

	while (clock_ms() < end && !is_told_to_stop) {
		if (waitpid(pid, &status, WNOHANG) == pid)
			return decode_status(status);
		poll(NULL, 0, 1);
	}
	kill(-pid, SIGKILL);
	return (struct report){CHILD_LATE, 0};
}

/* The supervisor stands between us and a stranger: it starts the stranger, and
 * outlives all that the stranger starts. */
_Noreturn static void
supervise(const struct child_options *options, const struct ends *ends)
{
	struct report said = {CHILD_NOT, 0};
	pid_t pid;

	signal(SIGPIPE, SIG_DFL);
	signal(SIGCHLD, SIG_DFL);
	signal(SIGTERM, take_signal);
	prctl(PR_SET_CHILD_SUBREAPER, 1);
	setpgid(0, 0);
	pid = fork();
	if (pid == 0)
		become_program(options, ends);
	if (pid > 0)
		said = wait_for_stranger(pid, options->limit_ms);
	else
		said.status = errno;
	end_all();
	(void)!write(ends->report[1], &said, sizeof(said));
	_exit(0);
}

/* Opens a raw terminal, which changes and repeats no byte. */
static bool
open_terminal(struct ends *ret)
{
	struct termios raw;
	char name[64];
	int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	ret->out[0] = fd;
	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0 ||
	    ptsname_r(fd, name, sizeof(name)) != 0)
		return false;
	ret->in[0] = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (ret->in[0] < 0 || tcgetattr(ret->in[0], &raw) < 0)
		return false;
	raw.c_oflag &= ~(tcflag_t)OPOST;
	raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL);
	ret->out[1] = fcntl(ret->in[0], F_DUPFD_CLOEXEC, 3);
	ret->in[1] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	return ret->out[1] >= 0 && ret->in[1] >= 0 &&
	    tcsetattr(ret->in[0], TCSANOW, &raw) == 0;
}

static bool
open_ends(const struct child_options *options, struct ends *ret)
{
	size_t len = options->input != NULL ? strlen(options->input) : 0;

	if (pipe2(ret->report, O_CLOEXEC) < 0)
		return false;
	if (options->terminal ? !open_terminal(ret)
			      : pipe2(ret->in, O_CLOEXEC) < 0 ||
		    pipe2(ret->out, O_CLOEXEC) < 0)
		return false;
	if (options->stranger)
		ret->err[1] = open("/dev/null", O_WRONLY | O_CLOEXEC);
	else if (pipe2(ret->err, O_CLOEXEC) < 0)
		return false;
	if (ret->err[1] < 0 ||
	    (len > 0 && write(ret->in[1], options->input, len) != (ssize_t)len))
		return false;
	/* The input ends only when no process has this end: not after fork(). */
	if (options->input != NULL && !options->terminal)
		shut(&ret->in[1]);
	return true;
}

static void
begin_text(struct child_text *text, size_t most)
{
	text->most = most > 0 ? most : CHILD_TEXT - 1;
	text->len = 0;
	text->text[0] = '\0';
	text->fd = -1;
}

/* Closes the child's ends, and keeps ours in *child. */
static void
keep_ends(struct ends *ends, struct child *child)
{
	shut(&ends->in[0]);
	shut(&ends->out[1]);
	shut(&ends->err[1]);
	shut(&ends->report[1]);
	child->input = ends->in[1];
	child->out.fd = ends->out[0];
	child->err.fd = ends->err[0];
	child->report = ends->report[0];
}

static void
close_ends(struct child *child)
{
	shut(&child->input);
	shut(&child->out.fd);
	shut(&child->err.fd);
	shut(&child->report);
}

bool
child_start(const struct child_options *options, struct child *ret)
{
	struct ends ends = {{-1, -1}, {-1, -1}, {-1, -1}, {-1, -1}};
	bool ok = open_ends(options, &ends);

	ret->stranger = options->stranger;
	begin_text(&ret->out, options->most);
	begin_text(&ret->err, options->most);
	ret->pid = ok ? fork() : -1;
	ret->error = errno;
	if (ret->pid == 0 && options->stranger)
		supervise(options, &ends);
	if (ret->pid == 0)
		become_program(options, &ends);
	keep_ends(&ends, ret);
	ret->end = ret->pid > 0 ? CHILD_RUNS : CHILD_NOT;
	ret->status = ret->pid > 0 ? CHILD_RUNNING : 127;
	if (ret->pid > 0 && !options->terminal)
		setpgid(ret->pid, ret->pid);
	if (ret->pid > 0)
		return true;
	close_ends(ret);
	errno = ret->error;
	return false;
}

/* The child's own report counts more than the status from the kernel. */
static void
take_status(struct child *child)
{
	struct report said;
	int status;

	if (child->end != CHILD_RUNS ||
	    waitpid(child->pid, &status, WNOHANG) != child->pid)
		return;
	if (read(child->report, &said, sizeof(said)) != sizeof(said))
		said = decode_status(status);
	child->end = said.end;
	if (said.end == CHILD_EXITED)
		child->status = said.status;
	else if (said.end == CHILD_KILLED)
		child->status = 128 + said.status;
	else if (said.end != CHILD_LATE) {
		child->status = 127;
		child->error = said.status;
	}
}

/* Reads what is ready, and drops what is over the limit. */
static void
take_text(struct child_text *text)
{
	char more[4096];
	ssize_t n = read(text->fd, more, sizeof(more));
	size_t room = text->most - text->len, len;

	if (n < 0 && (errno == EINTR || errno == EIO))
		return; /* EIO: nobody has the terminal open now */
	if (n <= 0) {
		shut(&text->fd);
		return;
	}
	len = (size_t)n < room ? (size_t)n : room;
	memcpy(text->text + text->len, more, len);
	text->len += len;
	text->text[text->len] = '\0';
}

void
child_wait(struct child *child, int limit_ms)
{
	long long end = clock_ms() + limit_ms, left;

	while ((left = end - clock_ms()) > 0) {
		struct pollfd ready[] = {
		    {.fd = child->out.fd, .events = POLLIN},
		    {.fd = child->err.fd, .events = POLLIN}};

		take_status(child);
		poll(ready, 2,
		    child->end != CHILD_RUNS ? 0
			: left < LOOK_MS     ? (int)left
					     : LOOK_MS);
		if (ready[0].revents != 0)
			take_text(&child->out);
		if (ready[1].revents != 0)
			take_text(&child->err);
		/* It has ended, though a child of its own may hold the pipes. */
		if (child->end != CHILD_RUNS &&
		    ((ready[0].revents | ready[1].revents) & POLLIN) == 0)
			return;
		if (((ready[0].revents | ready[1].revents) & POLLIN) == 0)
			poll(NULL, 0, 1);
	}
}

bool
child_type(struct child *child, const char *text)
{
	size_t len = strlen(text);
	struct pollfd ready = {.fd = child->input, .events = POLLOUT};

	return child->input >= 0 && poll(&ready, 1, 0) == 1 &&
	    (ready.revents & POLLOUT) != 0 &&
	    write(child->input, text, len) == (ssize_t)len;
}

void
child_stop(struct child *child)
{
	if (child->pid <= 0)
		return;
	shut(&child->input);
	if (child->end == CHILD_RUNS) {
		kill(-child->pid, SIGTERM);
		child_wait(child, child->stranger ? LATER_MS : STOP_MS);
		kill(-child->pid, SIGKILL);
		/* One that hangs in the kernel is left to it. */
		child_wait(child, STOP_MS);
	}
	close_ends(child);
}

/* Says why the program did not start, if it said nothing itself. */
static void
say_error(struct child *child)
{
	if ((child->end == CHILD_NOT || child->end == CHILD_NO_PROGRAM) &&
	    child->err.len == 0)
		snprintf(child->err.text, sizeof(child->err.text), "%s",
		    strerror(child->error));
}

void
child_run_as(const struct child_options *options, struct child *ret)
{
	int limit_ms = options->limit_ms + (options->stranger ? LATER_MS : 0);
	bool is_late = false;

	if (child_start(options, ret)) {
		child_wait(ret, limit_ms);
		is_late = ret->end == CHILD_RUNS;
		child_stop(ret);
	}
	if (is_late) {
		ret->end = CHILD_LATE;
		ret->status = CHILD_RUNNING;
	}
	say_error(ret);
}

void
child_run(const char *const *argv, int limit_ms, struct child *ret)
{
	child_run_as(
	    &(const struct child_options){.argv = argv, .limit_ms = limit_ms},
	    ret);
}
