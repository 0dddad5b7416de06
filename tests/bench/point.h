/*
 * Where a process stands: the time, what it has used so far.  "measure" takes
 * a point right before exec, and "landing", which the measured program execs,
 * a second one: what lies between is the program, from exec to exec.  Both
 * write it to POINT_FD.
 */
#ifndef TFA_BENCH_POINT_H
#define TFA_BENCH_POINT_H

#include <stdint.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define POINT_FD 9

struct point {
	int64_t wall_ns;
	int64_t cpu_ns; /* user and system */
	int64_t faults; /* page faults, minor and major */
};

static inline int64_t
point_clock(clockid_t clock)
{
	struct timespec ts = {0, 0};

	clock_gettime(clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static inline void
point_write(void)
{
	struct rusage used = {.ru_minflt = 0};
	struct point point;

	getrusage(RUSAGE_SELF, &used);
	point.faults = used.ru_minflt + used.ru_majflt;
	point.cpu_ns = point_clock(CLOCK_PROCESS_CPUTIME_ID);
	point.wall_ns = point_clock(CLOCK_MONOTONIC);
	if (write(POINT_FD, &point, sizeof(point)) != sizeof(point))
		_exit(125);
}

#endif
