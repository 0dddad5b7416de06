#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/support/fail.h"
#include "tests/support/run.h"

long long
run_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void
run_sleep_ms(int ms)
{
	struct timespec pause = {ms / 1000, (ms % 1000) * 1000000L};

	while (nanosleep(&pause, &pause) != 0 && errno == EINTR)
		continue;
}

int
run_wait(pid_t pid, int limit_ms)
{
	long long end = run_clock_ms() + limit_ms;
	int status;

	for (;;) {
		pid_t got = waitpid(pid, &status, WNOHANG);

		if (got == pid)
			break;
		if (got < 0 && errno != EINTR)
			fail("waitpid: %s", strerror(errno));
		if (run_clock_ms() >= end)
			return -1;
		run_sleep_ms(4);
	}
	if (WIFSIGNALED(status))
		return 128 + WTERMSIG(status);
	return WEXITSTATUS(status);
}

_Noreturn void
run_child_fails(const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	vdprintf(2, format, ap);
	va_end(ap);
	dprintf(2, "\n");
	_exit(1);
}

/* A file in memory that holds len bytes and is read from its start. */
static int
memory_file(const void *bytes, size_t len)
{
	int fd = memfd_create("run", MFD_CLOEXEC);

	if (fd < 0 || (len > 0 && write(fd, bytes, len) != (ssize_t)len) ||
	    lseek(fd, 0, SEEK_SET) != 0)
		fail("memfd: %s", strerror(errno));
	return fd;
}

/* Runs in the child. */
_Noreturn static void
become(const char *const argv[], int in, int out, int err)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setsid(); /* no terminal, even where the tests were started on one */
	/* A shell that starts the tests in the background has them ignored. */
	signal(SIGINT, SIG_DFL);
	signal(SIGQUIT, SIG_DFL);
	if (dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(err, 2) < 0)
		_exit(127);
	execvp(argv[0], (char *const *)(const void *)argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

struct run *
run_start(const char *const argv[], const void *input, size_t len)
{
	scoped_fd int in = memory_file(input, len);
	struct run *r = calloc(1, sizeof(*r));

	if (r == NULL)
		fail("out of memory");
	r->out_fd = memory_file("", 0);
	r->err_fd = memory_file("", 0);
	r->pid = fork();
	if (r->pid < 0)
		fail("fork: %s", strerror(errno));
	if (r->pid == 0)
		become(argv, in, r->out_fd, r->err_fd);
	return r;
}

/* Reads a whole file. Files of /proc do not know their size. */
static char *
whole(int fd, size_t *ret_len)
{
	size_t len = 0, size = 4096;
	char *bytes = malloc(size + 1);
	ssize_t got;

	while (bytes != NULL &&
	    (got = pread(fd, bytes + len, size - len, (off_t)len)) > 0) {
		len += (size_t)got;
		if (len == size)
			bytes = realloc(bytes, (size *= 2) + 1);
	}
	if (bytes == NULL)
		fail("out of memory");
	bytes[len] = '\0';
	*ret_len = len;
	return bytes;
}

void
run_finish(struct run *r)
{
	size_t ignored;

	r->status = run_wait(r->pid, RUN_LIMIT_MS);
	r->out = whole(r->out_fd, &r->out_len);
	r->err = whole(r->err_fd, &ignored);
	close(r->out_fd);
	close(r->err_fd);
	if (r->status < 0) {
		kill(r->pid, SIGKILL);
		run_wait(r->pid, 1000);
		fail("not ended after %d s; standard error: %s",
		    RUN_LIMIT_MS / 1000, r->err);
	}
}

struct run *
run(const char *const argv[], const void *input, size_t len)
{
	struct run *r = run_start(argv, input, len);

	run_finish(r);
	return r;
}

char *
text(const char *format, ...)
{
	va_list ap;
	char *line = NULL;

	va_start(ap, format);
	if (vasprintf(&line, format, ap) < 0)
		fail("out of memory");
	va_end(ap);
	return line;
}

char *
read_text(const char *path)
{
	scoped_fd int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len;

	return fd < 0 ? NULL : whole(fd, &len);
}

void
write_text(const char *path, const char *content)
{
	scoped_fd int fd = open(
	    path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	size_t len = strlen(content);

	if (fd < 0 || write(fd, content, len) != (ssize_t)len)
		fail("%s: %s", path, strerror(errno));
}
