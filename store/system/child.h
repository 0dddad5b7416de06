/*
 * Programs that are run for a time: sshd to ask it, ssh to probe it, a user's
 * login shell to try it.  None outlives its caller by more than its time.
 *
 *	struct child child;
 *
 *	child_run(argv, 5000, &child);
 *	if (child.end == CHILD_EXITED && child.status == 0)
 *		... child.out.text ...
 *
 * One that is watched while it runs:
 *
 *	if (child_start(&options, &child)) {
 *		while (child.end == CHILD_RUNS && ...)
 *			child_wait(&child, 50);
 *		child_stop(&child);
 *	}
 */
#ifndef TFA_CHILD_H
#define TFA_CHILD_H

#include <pwd.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHILD_TEXT    65536
#define CHILD_RUNNING (-1)

/* How it ended. */
enum child_end {
	CHILD_NOT = 0,    /* it could not be started */
	CHILD_NO_PROGRAM, /* what should run is no program */
	CHILD_RUNS,       /* not yet */
	CHILD_EXITED,
	CHILD_KILLED, /* by a signal */
	CHILD_LATE,   /* stopped at the end of its time */
};

struct child_options {
	const char *const *argv;
	const char *program;            /* its path; NULL: argv[0] */
	const char *const *environment; /* NULL: only PATH and LC_ALL=C */
	const struct passwd *as;        /* NULL: as its caller */
	const char *input; /* then its end; NULL: nothing, and no end */
	int limit_ms;      /* of a stranger, and of child_run_as() */
	size_t most;       /* bytes kept of it, and a NUL; 0: CHILD_TEXT - 1 */
	bool terminal;     /* one of its own is its standard input and output */
	/*
	 * Whoever wrote the program is not trusted.  It gets no descriptor, no
	 * key and no error output of ours and few resources, and whatever it
	 * starts is killed when it ends, also what left its process group.
	 */
	bool stranger;
};

/* What it said first. */
struct child_text {
	char text[CHILD_TEXT]; /* NUL-terminated */
	size_t len;
	size_t most;
	int fd;
};

struct child {
	enum child_end end;
	/* As a shell has it: exit status, 128 + signal, 127 where it could not
	 * be started; CHILD_RUNNING, also for CHILD_LATE. */
	int status;
	int error; /* errno of CHILD_NOT and CHILD_NO_PROGRAM */
	struct child_text out, err;
	/* private */
	pid_t pid;
	int input, report;
	bool stranger;
};

/* Starts it.  False: CHILD_NOT, errno. */
bool child_start(const struct child_options *options, struct child *ret);

/* Reads what it says for limit_ms, or until it has ended. */
void child_wait(struct child *child, int limit_ms);

/* Ends it and all that it started.  Harmless where it was never started, in
 * memory that is zero, and after it has ended. */
void child_stop(struct child *child);

/* Runs it to its end, or for options->limit_ms; err has a line that says why it
 * could not be started. */
void child_run_as(const struct child_options *options, struct child *ret);

/* child_run_as() with those two options. */
void child_run(const char *const *argv, int limit_ms, struct child *ret);

/* Gives up the caller's rights for those of pw; false: errno. */
bool child_become(const struct passwd *pw);

/* Milliseconds of a clock that only goes forward. */
long long child_clock_ms(void);

#endif
