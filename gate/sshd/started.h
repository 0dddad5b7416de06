/*
 * When a process started, and when an sshd that listens read its configuration.
 * The gate and doctor both ask: sshd runs with what it has read, and not with
 * what stands there now.
 */
#ifndef TFA_STARTED_H
#define TFA_STARTED_H

#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

#include "store/base/fault.h"

#define STARTED_TICK_NS \
	10000000LL /* times in /proc are rounded down to these */

/* The parent of a process, and when the process started, by the clock of now.
 * False where either is not known. */
MUST_USE bool
started_process(pid_t pid, pid_t *ret_parent, struct timespec *ret);

/*
 * When this sshd was reloaded, or started: it reads its configuration again on
 * a HUP, which keeps its process and start time, and then writes the file of
 * PidFile anew.  False where pid_file is not a file of root's that names pid.
 */
MUST_USE bool
started_reload(const char *pid_file, pid_t pid, struct timespec *ret);

#endif
