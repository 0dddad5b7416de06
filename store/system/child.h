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

/* How a program ended. */
enum child_end {
	CHILD_NOT = 0,    /* no process could be started */
	CHILD_NO_PROGRAM, /* execve() refused the file */
	CHILD_RUNS,       /* it has not ended */
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
	 * The program is not trusted.  It gets no descriptor, no key and no
	 * error output of its caller's, and few resources; when it ends, all
	 * processes that it started are killed, also those that left its
	 * process group.
	 */
	bool stranger;
};

/* The first bytes of what a program writes. */
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

/* Starts a program.  False, with errno and CHILD_NOT: it could not. */
bool child_start(const struct child_options *options, struct child *ret);

/* Reads what the program writes, until it has ended or for limit_ms. */
void child_wait(struct child *child, int limit_ms);

/* Writes to the program's input, which options->input left open; on a terminal
 * that is typing.  False if it takes no more. */
bool child_type(struct child *child, const char *text);

/* Ends the program and all that it started.  Harmless for one that has ended,
 * or was never started, and for zeroed memory. */
void child_stop(struct child *child);

/* Runs a program to its end, or for options->limit_ms.  If it could not be
 * started, err says why. */
void child_run_as(const struct child_options *options, struct child *ret);

/* child_run_as() with these options alone. */
void child_run(const char *const *argv, int limit_ms, struct child *ret);

/* Gives up the caller's rights for those of pw; false: errno. */
bool child_become(const struct passwd *pw);

#endif
