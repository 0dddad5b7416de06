/*
 * The file that "tfa-admin metrics --output" writes, and the one beside it that
 * keeps the counters: .NAME.state.  Each is replaced as a whole.  Runs at one
 * time take turns.
 *
 *	struct output output;
 *	int status = output_open("/var/lib/tfa-metrics/tfa.prom", &output);
 *
 *	if (status == ADMIN_DONE)
 *		... output_read_kept(), output_write_kept(), output_write() ...
 *	output_close(&output);		in any case
 *
 * Each says on stderr what went wrong, and returns an admin_exit.
 */
#ifndef TFA_METRICS_OUTPUT_H
#define TFA_METRICS_OUTPUT_H

#include <limits.h>

#include "admin/metrics/kept.h"

#define OUTPUT_WAIT_S 30 /* for another run */

struct output {
	const char *path; /* must outlive this */
	const char *name; /* its last part */
	char folder_name[PATH_MAX];
	int folder, lock;
};

/*
 * Opens the folder and waits for other runs.  ADMIN_USAGE for a name that does
 * not end in .prom: node_exporter would not read it.  ADMIN_NOT for a folder
 * that others can write: they could have root write somewhere else.
 */
int output_open(const char *path, struct output *ret);

/* *ret is zero where nothing was kept, or, after a message, where it cannot be
 * read: then the counters begin anew.  ADMIN_NOT if there may be something, and
 * the system does not let us read it. */
int output_read_kept(const struct output *output, struct kept *ret);

int output_write_kept(const struct output *output, const struct kept *kept);

/* Replaces the output, for everybody to read. */
int output_write(const struct output *output, const char *text, size_t len);

void output_close(struct output *output);

#endif
