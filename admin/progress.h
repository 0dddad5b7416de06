/*
 * How far a command has come, for a person who waits: one line on stderr, from
 * the second second on, rewritten at most five times a second and removed at
 * the end.  Nothing where stderr is no terminal, and nothing where stdout is
 * one and rows go there already: use it where a command prints at the end, or
 * call progress_hide() before each row.
 *
 *	struct progress progress;
 *
 *	progress_begin(&progress, "reading the log", total);
 *	...	progress_step(&progress, 1);
 *	progress_end(&progress);
 */
#ifndef TFA_PROGRESS_H
#define TFA_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
	const char *what; /* must live as long: "reading the log" */
	int64_t done, total;
	int64_t begun_ms, shown_ms; /* monotonic */
	bool is_on;                 /* stderr is a terminal */
	bool is_shown;              /* a line is there now */
};

/* total, or 0 where it is not known: then a count is shown, no percentage. */
void progress_begin(struct progress *progress, const char *what, int64_t total);

/* Adds n to what is done.  Cheap: the clock is asked once in a while. */
void progress_step(struct progress *progress, int64_t n);

/* Removes the line until the next step that shows it: before other output. */
void progress_hide(struct progress *progress);

/* Removes the line.  May be called twice. */
void progress_end(struct progress *progress);

#endif
