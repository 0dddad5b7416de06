/*
 * When a process started, when a connection began, and when an sshd that
 * listens read its configuration: sshd runs with what it has read, and not with
 * what stands there now.  The gate, the door's module, doctor and setup ask
 * here.
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

/* The title of a process, which anybody can give to one of theirs, and whose
 * the process is.  False where it cannot be seen. */
#define STARTED_TITLE 4096 /* bytes of one that we need */
MUST_USE bool
started_title(pid_t pid, char ret[static STARTED_TITLE], uid_t *ret_owner);

/*
 * *ret: when the connection began that this process serves, or that one above
 * it does: root's process of sshd with a title that names the user.  It was
 * started before anybody was authenticated.  False where that cannot be seen.
 */
MUST_USE bool
started_connection(pid_t pid, const char *user, struct timespec *ret);

/* True if a is later than b by more than one tick.  In the first tick of a
 * connection nobody is authenticated yet, and in its own no sshd has read its
 * files. */
bool started_is_later(const struct timespec *a, const struct timespec *b);

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
