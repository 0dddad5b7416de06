/*
 * Programs that doctor and setup run: sshd to ask it, ssh to probe it,
 * systemctl.  Each has a time limit, and none outlives its caller.  Of what a
 * program says the first CHILD_TEXT - 1 bytes are kept.
 *
 *	struct child child;
 *	if (child_start(argv, environment, &child)) {
 *		child_wait(&child, 5000);
 *		... child.status, child.out.text ...
 *		child_stop(&child);
 *	}
 */
#ifndef TFA_DOCTOR_CHILD_H
#define TFA_DOCTOR_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHILD_TEXT    65536
#define CHILD_RUNNING (-1)

struct child_text {
	char text[CHILD_TEXT]; /* what it said first; NUL-terminated */
	size_t len;
	int fd;
};

struct child {
	pid_t pid;
	int input; /* its standard input, empty and open until it is stopped */
	struct child_text out, err;
	int status; /* exit status, 128 + signal, or CHILD_RUNNING */
};

/* Starts argv[0], a path.  False where that cannot be: errno says why. */
bool child_start(
    const char *const *argv, const char *const *environment, struct child *ret);

/* Reads what it says for limit_ms, or until it has ended. */
void child_wait(struct child *child, int limit_ms);

/* Ends it and all that it started. */
void child_stop(struct child *child);

/* Runs it to its end, at most limit_ms; status is CHILD_RUNNING if it had to
 * be stopped, 127 if it could not be started. */
void child_run(const char *const *argv, int limit_ms, struct child *ret);

/* Milliseconds of a clock that only goes forward. */
long long child_clock_ms(void);

#endif
