/*
 * When a process started, and when an sshd that listens read its configuration:
 * sshd runs with what it has read, and not with what stands there now.  The
 * gate, doctor and setup ask here.
 */
#ifndef TFA_STARTED_H
#define TFA_STARTED_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include <time.h>

#include "gate/sshd/config.h"
#include "store/base/fault.h"

#define STARTED_TICK_NS \
	10000000LL /* times in /proc are rounded down to these */

/* A process, as /proc/PID/stat has it. */
struct started {
	char name[32]; /* of its program */
	pid_t parent;
	int64_t ticks; /* from boot to its start, of STARTED_TICK_NS each */
};

/* False where it cannot be seen. */
MUST_USE bool started_read(pid_t pid, struct started *ret);

/* The ticks from boot until now. */
int64_t started_ticks_now(void);

/* The parent of a process, and when the process started, by the clock of now.
 * False where either is not known. */
MUST_USE bool
started_process(pid_t pid, pid_t *ret_parent, struct timespec *ret);

/* The file in which sshd writes its number.  *ret: "" where the line of the
 * configuration has none. */
#define STARTED_PID_FILE "/run/sshd.pid" /* by default */
void
started_pid_file(const struct config *config, char ret[static CONFIG_WORD]);

/*
 * When this sshd was reloaded, or started: it reads its configuration again on
 * a HUP, which keeps its process and start time, and then writes the file of
 * PidFile anew.  False where pid_file is not a file of root's that names pid.
 */
MUST_USE bool
started_reload(const char *pid_file, pid_t pid, struct timespec *ret);

#endif
