#include "admin/store/crew.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/progress.h"
#include "store/base/cleanup.h"

#define HANDS 8  /* processes */
#define FEW   32 /* jobs that are not worth a second one */

struct report {
	size_t i;
	int code;
};

struct crew {
	struct site *site;
	size_t count;
	crew_job *job;
	crew_told *told;
	void *ctx;
	struct progress progress;
	size_t done; /* jobs that went well */
};

static void
take_report(struct crew *crew, const struct report *report)
{
	crew->done += report->code != 0;
	progress_step(&crew->progress, 1);
	if (crew->told != NULL && report->code != 0)
		crew->told(crew->ctx, report->i, report->code);
}

/* A packet is smaller than PIPE_BUF: those of several processes do not mix. */
_Noreturn static void
work(struct crew *crew, size_t hand, int fd)
{
	struct remote *remote = &crew->site->remote;
	struct report report = {.code = 1};

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (size_t i = hand; report.code != 0 && i < crew->count; i += HANDS) {
		report = (struct report){i, crew->job(crew->ctx, remote, i)};
		if (write(fd, &report, sizeof(report)) !=
		    (ssize_t)sizeof(report))
			break;
	}
	_exit(0);
}

/* The number of processes that work; each has the pipe's end for writing. */
static size_t
hire(struct crew *crew, int fd, pid_t pids[static HANDS])
{
	size_t hands = 0;

	/* Each process opens a line of its own. */
	line_close(&crew->site->remote.line);
	fflush(NULL);
	for (; hands < HANDS; hands++) {
		pids[hands] = fork();
		if (pids[hands] == 0)
			work(crew, hands, fd);
		if (pids[hands] < 0) {
			admin_say(
			    "cannot start a process: %s", strerror(errno));
			break;
		}
	}
	return hands;
}

/* A job that failed ends its own process; the others are ended here. */
static void
watch(struct crew *crew, int fd, const pid_t *pids, size_t hands)
{
	struct report report;
	ssize_t n;

	while ((n = read(fd, &report, sizeof(report))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(report) || report.i >= crew->count)
			break;
		take_report(crew, &report);
		if (report.code == 0)
			break;
	}
	for (size_t i = 0; i < hands; i++) {
		if (crew->done < crew->count)
			kill(pids[i], SIGTERM);
		while (waitpid(pids[i], NULL, 0) < 0 && errno == EINTR)
			continue;
	}
}

static void
run_many(struct crew *crew)
{
	pid_t pids[HANDS];
	int ends[2];
	size_t hands;

	if (pipe(ends) < 0) {
		admin_say("no pipe: %s", strerror(errno));
		return;
	}
	hands = hire(crew, ends[1], pids);
	close(ends[1]);
	watch(crew, ends[0], pids, hands);
	close(ends[0]);
}

static void
run_few(struct crew *crew)
{
	struct report report = {.code = 1};

	for (size_t i = 0; report.code != 0 && i < crew->count; i++) {
		report = (struct report){
		    i, crew->job(crew->ctx, &crew->site->remote, i)};
		take_report(crew, &report);
	}
}

bool
crew_run(struct site *site, const char *what, size_t count, crew_job *job,
    crew_told *told, void *ctx)
{
	struct crew crew = {
	    .site = site, .count = count, .job = job, .told = told, .ctx = ctx};

	progress_begin(&crew.progress, what, (int64_t)count);
	if (count <= FEW)
		run_few(&crew);
	else
		run_many(&crew);
	progress_end(&crew.progress);
	return crew.done == count;
}
