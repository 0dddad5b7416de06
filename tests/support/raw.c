#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "store/base/cleanup.h"
#include "tests/support/fail.h"
#include "tests/support/raw.h"

#define ARGS_MAX 40
#define PYTHON   "/usr/bin/python3"
#define CLIENT   "tests/hostile/client.py"
#define CROWD    "tests/hostile/crowd.py"

static const char *
key_of(const char *user)
{
	return text("%s/%s", getenv("TFA_KEYS"), user);
}

struct run *
raw_start(const struct bastion *b, const char *user, const char *const steps[])
{
	const char *argv[ARGS_MAX] = {
	    PYTHON, "-B", CLIENT, text("%d", b->door), user, key_of(user)};

	for (size_t n = 6; *steps != NULL && n < ARGS_MAX - 1;)
		argv[n++] = *steps++;
	return run_start(argv, NULL, 0);
}

struct run *
raw_run(const struct bastion *b, const char *user, const char *const steps[])
{
	struct run *r = raw_start(b, user, steps);

	run_finish(r);
	if (r->status != 0)
		fail("the client fails: %s", r->err);
	return r;
}

static bool
runs(const struct run *r)
{
	siginfo_t info = {.si_pid = 0};

	return waitid(P_PID, (id_t)r->pid, &info,
		   WEXITED | WNOHANG | WNOWAIT) == 0 &&
	    info.si_pid == 0;
}

/* Waits until all stand at the prompt. */
static struct run *
held(struct run *r, int count)
{
	char *path = text("/proc/self/fd/%d", r->out_fd);
	char *words = text("held %d\n", count);
	long long end = run_clock_ms() + RUN_LIMIT_MS;

	while (run_clock_ms() < end && runs(r)) {
		scoped_free char *out = read_text(path);

		if (out != NULL && strcmp(out, words) == 0)
			return r;
		if (out != NULL && *out != '\0')
			fail("not %d at the prompt, but: %s", count, out);
		run_sleep_ms(20);
	}
	raw_end(r);
	fail("the crowd fails: %s", r->err);
}

struct run *
raw_hold(const struct bastion *b, const char *user, int count)
{
	return held(
	    run_start(ARGV(PYTHON, "-B", CROWD, "hold", text("%d", count),
			  text("%d", b->door), user, key_of(user)),
		NULL, 0),
	    count);
}

struct run *
raw_guess(const struct bastion *b, const char *user, int count, int each,
    const char *codes)
{
	return held(run_start(ARGV(PYTHON, "-B", CROWD, "guess",
				  text("%d", count), text("%d", each), codes,
				  text("%d", b->door), user, key_of(user)),
			NULL, 0),
	    count);
}

void
raw_go(const struct run *r)
{
	if (kill(r->pid, SIGUSR1) != 0)
		fail("the crowd is gone");
}

void
raw_end(struct run *r)
{
	kill(r->pid, SIGKILL);
	run_finish(r);
}

long
raw_count(const char *out, const char *words)
{
	long count = 0;

	for (const char *line = out; *line != '\0';) {
		char *end;
		long times = strtol(line, &end, 10);
		size_t len = strcspn(line, "\n");

		if (strncmp(end, " x ", 3) == 0 &&
		    memmem(line, len, words, strlen(words)) != NULL)
			count += times;
		line += len + (line[len] == '\n');
	}
	return count;
}

static int
count_descendants(pid_t pid)
{
	const char *at = read_text(text("/proc/%d/task/%d/children", pid, pid));
	int count = 0;
	char *end;

	for (; at != NULL && *at != '\0'; at = end) {
		pid_t child = (pid_t)strtol(at, &end, 10);

		if (end == at)
			break;
		count += 1 + count_descendants(child);
	}
	return count;
}

int
raw_left(const struct bastion *b, int limit_ms)
{
	long long end = run_clock_ms() + limit_ms;
	int count;

	while ((count = count_descendants(b->door_sshd)) > 0 &&
	    run_clock_ms() < end)
		run_sleep_ms(50);
	return count;
}
