/*
 * measure AT_ONCE <JOBS
 *
 * Runs a job for each line of standard input, in order, at most AT_ONCE at the
 * same time.  A line has fields with a tab between them:
 *
 *	UID GID INPUT [NAME=VALUE...] -- PROGRAM [ARGUMENT...]
 *
 * INPUT is what the job reads on standard input, with a newline; "-" for
 * nothing.  The job's output goes nowhere.  For each job, in the order of the
 * lines, and then for all of them:
 *
 *	STATUS WALL_NS CPU_NS FAULTS LANDED
 *	total WALL_NS
 *
 * LANDED is 1 where the program ended in an exec of "landing": the figures
 * are then from exec to exec.  Else they are of the whole process, up to the
 * end.
 */
#include <err.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/bench/point.h"

#define FIELDS 64

struct job {
	pid_t pid;
	int points; /* the end that is read */
	int64_t start_ns;
	int status;
	bool landed;
	struct point used;
};

static bool
become(uid_t uid, gid_t gid)
{
	return setgroups(0, NULL) == 0 && setresgid(gid, gid, gid) == 0 &&
	    setresuid(uid, uid, uid) == 0 && chdir("/") == 0;
}

/*
 * If points is POINT_FD already, dup2() changes nothing and exec would close
 * it.
 */
static bool
plug(int input, int points)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	return null >= 0 && dup2(input >= 0 ? input : null, 0) >= 0 &&
	    dup2(null, 1) >= 0 && dup2(null, 2) >= 0 &&
	    dup2(points, POINT_FD) >= 0 && fcntl(POINT_FD, F_SETFD, 0) >= 0;
}

/* A pipe that holds what the job reads. */
static int
input_of(const char *text)
{
	int fds[2];

	if (strcmp(text, "-") == 0)
		return -1;
	if (pipe2(fds, O_CLOEXEC) < 0 || dprintf(fds[1], "%s\n", text) < 0)
		err(1, "pipe");
	close(fds[1]);
	return fds[0];
}

static void
begin(struct job *job, char *fields[static FIELDS])
{
	char **argv = fields + 3, **env = fields + 3;
	int input = input_of(fields[2]);
	int fds[2];

	while (*argv != NULL && strcmp(*argv, "--") != 0)
		argv++;
	if (*argv == NULL || argv[1] == NULL)
		errx(1, "a line without a program");
	*argv++ = NULL;
	if (pipe2(fds, O_CLOEXEC) < 0)
		err(1, "pipe");
	job->start_ns = point_clock(CLOCK_MONOTONIC);
	/*
	 * fork() would copy this process, and that time would be measured too.
	 */
	job->pid = vfork();
	if (job->pid < 0)
		err(1, "vfork");
	if (job->pid == 0) {
		if (plug(input, fds[1]) &&
		    become((uid_t)atol(fields[0]), (gid_t)atol(fields[1]))) {
			point_write();
			execve(argv[0], argv, env);
		}
		_exit(125);
	}
	close(fds[1]);
	if (input >= 0)
		close(input);
	job->points = fds[0];
}

static void
end(struct job *job, int status, const struct rusage *used)
{
	int64_t now_ns = point_clock(CLOCK_MONOTONIC);
	struct point from, to;

	job->pid = 0;
	job->status = WIFEXITED(status) ? WEXITSTATUS(status) : 255;
	job->used.wall_ns = now_ns - job->start_ns;
	job->used.cpu_ns = ((int64_t)used->ru_utime.tv_sec +
			       used->ru_stime.tv_sec) *
		1000000000 +
	    ((int64_t)used->ru_utime.tv_usec + used->ru_stime.tv_usec) * 1000;
	job->used.faults = used->ru_minflt + used->ru_majflt;
	if (read(job->points, &from, sizeof(from)) == sizeof(from) &&
	    read(job->points, &to, sizeof(to)) == sizeof(to)) {
		job->landed = true;
		job->used = (struct point){.wall_ns = to.wall_ns - from.wall_ns,
		    .cpu_ns = to.cpu_ns - from.cpu_ns,
		    .faults = to.faults - from.faults};
	}
	close(job->points);
}

/* Waits for one job to end. */
static void
reap(struct job *jobs, size_t count)
{
	struct rusage used;
	int status;
	pid_t pid = wait4(-1, &status, 0, &used);

	if (pid < 0)
		err(1, "wait4");
	for (size_t i = 0; i < count; i++)
		if (jobs[i].pid == pid)
			end(&jobs[i], status, &used);
}

static void
split(char *line, char *ret[static FIELDS])
{
	size_t count = 0;

	line[strcspn(line, "\n")] = '\0';
	for (char *word; (word = strsep(&line, "\t")) != NULL;)
		if (count < FIELDS - 1)
			ret[count++] = word;
	ret[count] = NULL;
	if (count < 5)
		errx(1, "a line with too few fields");
}

int
main(int argc, char **argv)
{
	static struct job jobs[65536];
	size_t at_once = argc == 2 ? strtoul(argv[1], NULL, 10) : 0;
	size_t count = 0, running = 0, size = 0;
	int64_t start_ns = point_clock(CLOCK_MONOTONIC);
	char *line = NULL;

	if (at_once == 0)
		errx(2, "usage: measure AT_ONCE <JOBS");
	while (count < 65536 && getline(&line, &size, stdin) > 0) {
		char *fields[FIELDS];

		split(line, fields);
		if (running == at_once) {
			reap(jobs, count);
			running--;
		}
		begin(&jobs[count++], fields);
		running++;
	}
	for (; running > 0; running--)
		reap(jobs, count);
	for (size_t i = 0; i < count; i++)
		printf("%d %lld %lld %lld %d\n", jobs[i].status,
		    (long long)jobs[i].used.wall_ns,
		    (long long)jobs[i].used.cpu_ns,
		    (long long)jobs[i].used.faults, jobs[i].landed);
	printf("total %lld\n",
	    (long long)(point_clock(CLOCK_MONOTONIC) - start_ns));
	free(line);
	return 0;
}
