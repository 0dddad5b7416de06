/*
 * Does a job for each of many records, in several processes at once: each waits
 * for the fleet's store most of the time.
 *
 *	static int job(void *ctx, struct remote *remote, size_t i);
 *
 *	if (crew_run(site, "sealing anew", count, job, told, &ctx))
 *		each was done
 */
#ifndef TFA_ADMIN_CREW_H
#define TFA_ADMIN_CREW_H

#include <stddef.h>

#include "admin/store/site.h"

#define CREW_CODES 8
#define CREW_BATCH 32

/*
 * Does number i, and returns how it ended, from 1 to CREW_CODES - 1; 0 after a
 * message: nothing more is done.  What it changes in ctx is lost, since it may
 * run in a process of its own, with a line to the link of its own.
 */
typedef int crew_job(void *ctx, struct remote *remote, size_t i);

/* Does count numbers from first on, at most CREW_BATCH.  ret_codes: how each
 * ended; they are 0 before. */
typedef void crew_batch_job(void *ctx, struct remote *remote, size_t first,
    size_t count, int ret_codes[static CREW_BATCH]);

/* Is told how each ended, in no order; may be NULL. */
typedef void crew_told(void *ctx, size_t i, int code);

/* False if a job failed, or a process was killed: those before may be done.
 * what is shown to a person who waits: "moving records". */
bool crew_run(struct site *site, const char *what, size_t count, crew_job *job,
    crew_told *told, void *ctx);
bool crew_run_batches(struct site *site, const char *what, size_t count,
    crew_batch_job *job, crew_told *told, void *ctx);

#endif
