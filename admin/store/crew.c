#include "admin/store/crew.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "admin/progress.h"
#include "store/base/cleanup.h"

#define HANDS 8 /* processes */

/* How a batch ended. */
struct report {
	size_t first, count;
	int codes[CREW_BATCH];
};
_Static_assert(sizeof(struct report) <= PIPE_BUF, "a report is written whole");

struct crew {
	struct site *site;
	size_t count;
	crew_job *job; /* NULL: batch_job */
	crew_batch_job *batch_job;
	crew_told *told;
	void *ctx;
	struct progress progress;
	size_t done; /* jobs that went well */
};

static void
take_report(struct crew *crew, const struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		int code = report->codes[i];

		crew->done += code != 0;
		if (crew->told != NULL && code != 0)
			crew->told(crew->ctx, report->first + i, code);
	}
	progress_step(&crew->progress, (int64_t)report->count);
}

static void
do_each(struct crew *crew, struct report *report)
{
	for (size_t i = 0; i < report->count; i++) {
		report->codes[i] = crew->job(
		    crew->ctx, &crew->site->remote, report->first + i);
		if (report->codes[i] == 0)
			return;
	}
}

/* Does the batch from first on.  True if all of it went well. */
static bool
do_batch(struct crew *crew, size_t first, struct report *ret)
{
	size_t left = crew->count - first;

	*ret = (struct report){
	    .first = first, .count = left < CREW_BATCH ? left : CREW_BATCH};
	if (crew->job != NULL)
		do_each(crew, ret);
	else
		crew->batch_job(crew->ctx, &crew->site->remote, ret->first,
		    ret->count, ret->codes);
	for (size_t i = 0; i < ret->count; i++)
		if (ret->codes[i] == 0)
			return false;
	return true;
}

_Noreturn static void
work(struct crew *crew, size_t hand, int fd)
{
	size_t first = hand * CREW_BATCH;
	bool well = true;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (; well && first < crew->count; first += HANDS * CREW_BATCH) {
		struct report report;

		well = do_batch(crew, first, &report);
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
	size_t before;
	ssize_t n;

	while ((n = read(fd, &report, sizeof(report))) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n != (ssize_t)sizeof(report) ||
		    report.first + report.count > crew->count)
			break;
		before = crew->done;
		take_report(crew, &report);
		if (crew->done < before + report.count)
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
	struct report report;

	(void)do_batch(crew, 0, &report);
	take_report(crew, &report);
}

static bool
run(struct crew *crew, const char *what)
{
	progress_begin(&crew->progress, what, (int64_t)crew->count);
	if (crew->count > CREW_BATCH)
		run_many(crew);
	else if (crew->count > 0)
		run_few(crew);
	progress_end(&crew->progress);
	return crew->done == crew->count;
}

bool
crew_run(struct site *site, const char *what, size_t count, crew_job *job,
    crew_told *told, void *ctx)
{
	struct crew crew = {
	    .site = site, .count = count, .job = job, .told = told, .ctx = ctx};

	return run(&crew, what);
}

bool
crew_run_batches(struct site *site, const char *what, size_t count,
    crew_batch_job *job, crew_told *told, void *ctx)
{
	struct crew crew = {.site = site,
	    .count = count,
	    .batch_job = job,
	    .told = told,
	    .ctx = ctx};

	return run(&crew, what);
}
