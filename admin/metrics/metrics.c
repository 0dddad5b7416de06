/*
 * The command metrics.  It prints what it knows, also where the keeper is away:
 * that is what it is asked.
 */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "admin/metrics/metrics.h"
#include "admin/metrics/output.h"
#include "store/base/cleanup.h"

/* Without a file nothing is kept: the counters are those of the audit. */
static int
print_once(const struct admin *admin, struct metrics *metrics)
{
	metrics->audit_read = metrics_read_all(
	    admin, metrics->now_s, &metrics->kept);
	if (admin->full)
		metrics_ask_doctor(admin, metrics->now_s, &metrics->kept);
	metrics_print(stdout, metrics);
	return ADMIN_DONE;
}

static int
write_file(const struct output *output, const struct metrics *metrics)
{
	scoped_free char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out != NULL)
		metrics_print(out, metrics);
	if (out == NULL || fclose(out) != 0) {
		admin_say("out of memory");
		return ADMIN_NOT;
	}
	return output_write(output, text, len);
}

/* The counters are kept before they are shown: a line that was shown is never
 * counted again. */
static int
replace_metrics(const struct admin *admin, const struct output *output,
    const struct kept *found, struct metrics *metrics)
{
	struct kept *kept = &metrics->kept;
	int status = output_read_kept(output, kept);

	if (status != ADMIN_DONE)
		return status;
	if (found->audit.at_s > 0)
		kept->audit = found->audit;
	if (found->doctor.at_s > 0)
		kept->doctor = found->doctor;
	metrics->audit_read = metrics_count(admin, metrics->now_s, kept);
	status = output_write_kept(output, kept);
	return status == ADMIN_DONE ? write_file(output, metrics) : status;
}

/* --full takes long: another run waits only for what comes after it. */
static int
print_file(const struct admin *admin, struct metrics *metrics)
{
	struct kept found = {.doctor = {.at_s = 0}};
	struct output output;
	int status;

	if (admin->full) {
		(void)metrics_read_all(admin, metrics->now_s, &found);
		metrics_ask_doctor(admin, metrics->now_s, &found);
	}
	status = output_open(admin->prom, &output);
	if (status == ADMIN_DONE)
		status = replace_metrics(admin, &output, &found, metrics);
	output_close(&output);
	return status;
}

int
admin_metrics(struct admin *admin, int argc, char **argv)
{
	struct metrics metrics = {.now_s = time(NULL)};
	int status;

	(void)argv;
	if (argc != 0)
		return ADMIN_MISUSED;
	metrics_gather(admin, metrics.now_s, &metrics);
	status = admin->prom != NULL ? print_file(admin, &metrics)
				     : print_once(admin, &metrics);
	metrics_done(&metrics);
	return status;
}
