#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "store/system/child.h"

static const char *const plain[] = {
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL};

long long
child_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

_Noreturn static void
become(const char *const *argv, const char *const *environment, int in, int out,
    int err)
{
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	setpgid(0, 0);
	signal(SIGPIPE, SIG_DFL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	execve(argv[0], (char *const *)(const void *)argv,
	    (char *const *)(const void *)environment);
	_exit(127);
}

bool
child_start(
    const char *const *argv, const char *const *environment, struct child *ret)
{
	int in[2] = {-1, -1}, out[2] = {-1, -1}, err[2] = {-1, -1};
	bool ok = pipe2(in, O_CLOEXEC) == 0 && pipe2(out, O_CLOEXEC) == 0 &&
	    pipe2(err, O_CLOEXEC) == 0;

	ret->pid = ok ? fork() : -1;
	if (ret->pid == 0)
		become(argv, environment, in[0], out[1], err[1]);
	cleanup_fd(&in[0]);
	cleanup_fd(&out[1]);
	cleanup_fd(&err[1]);
	if (ret->pid < 0) {
		cleanup_fd(&in[1]);
		cleanup_fd(&out[0]);
		cleanup_fd(&err[0]);
		return false;
	}
	setpgid(ret->pid, ret->pid);
	ret->input = in[1];
	ret->out.fd = out[0];
	ret->err.fd = err[0];
	ret->out.len = ret->err.len = 0;
	ret->out.text[0] = ret->err.text[0] = '\0';
	ret->status = CHILD_RUNNING;
	return true;
}

static void
take_status(struct child *child, int options)
{
	int status;

	if (child->status != CHILD_RUNNING ||
	    waitpid(child->pid, &status, options) != child->pid)
		return;
	child->status = WIFEXITED(status) ? WEXITSTATUS(status)
					  : 128 + WTERMSIG(status);
}

/* What is ready; what is over the limit is dropped. */
static void
take_text(struct child_text *text)
{
	char more[4096];
	ssize_t n = read(text->fd, more, sizeof(more));
	size_t room = sizeof(text->text) - 1 - text->len, len;

	if (n <= 0) {
		if (n < 0 && errno == EINTR)
			return;
		close(text->fd);
		text->fd = -1;
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
	long long end = child_clock_ms() + limit_ms, left;

	while ((left = end - child_clock_ms()) > 0) {
		struct pollfd ready[] = {
		    {.fd = child->out.fd, .events = POLLIN},
		    {.fd = child->err.fd, .events = POLLIN}};

		take_status(child, WNOHANG);
		if (child->status != CHILD_RUNNING && child->out.fd < 0 &&
		    child->err.fd < 0)
			return;
		poll(ready, 2, left < 20 ? (int)left : 20);
		if (ready[0].revents != 0)
			take_text(&child->out);
		if (ready[1].revents != 0)
			take_text(&child->err);
		/* It has ended; a child of its own may hold the pipes. */
		if (child->status != CHILD_RUNNING && ready[0].revents == 0 &&
		    ready[1].revents == 0)
			return;
	}
}

void
child_stop(struct child *child)
{
	cleanup_fd(&child->input);
	child->input = -1;
	if (child->status == CHILD_RUNNING) {
		kill(-child->pid, SIGTERM);
		child_wait(child, 500);
		kill(-child->pid, SIGKILL);
		take_status(child, 0);
	}
	cleanup_fd(&child->out.fd);
	cleanup_fd(&child->err.fd);
	child->out.fd = child->err.fd = -1;
}

void
child_run(const char *const *argv, int limit_ms, struct child *ret)
{
	int status;

	if (!child_start(argv, plain, ret)) {
		snprintf(ret->err.text, sizeof(ret->err.text), "%s",
		    strerror(errno));
		ret->out.text[0] = '\0';
		ret->status = 127;
		return;
	}
	child_wait(ret, limit_ms);
	status = ret->status;
	child_stop(ret);
	ret->status = status;
}
