#include <stdlib.h>

#include "admin/doctor/library.h"
#include "admin/log/history.h"
#include "admin/metrics/metrics.h"

static bool
count_line(void *ctx, const struct audit *entry, const char *line)
{
	(void)line;
	counting_line(ctx, entry);
	return true;
}

static int64_t
count_unreadable(const struct history_end *end)
{
	int64_t count = 0;

	list_each(const struct history_file, file, end->files)
		count += file->unreadable;
	return count;
}

/* A file that cannot be read now may be there again: its lines would then be
 * counted twice, so nothing is counted meanwhile. */
bool
metrics_count(const struct admin *admin, int64_t now_s, struct kept *kept)
{
	struct history_ask ask = {.since_s = 0};
	struct history_end end = {.begins_s = 0};
	struct counting counting;
	bool whole;

	counting_begin(&counting, &kept->counts, now_s);
	ask.since_s = counting_since(&counting);
	whole = history_read(admin, &ask, count_line, &counting, &end) ==
		ADMIN_DONE &&
	    count_unreadable(&end) == 0;
	if (whole) {
		counting_end(&counting, &kept->counts);
		if (end.damaged > kept->audit.damaged)
			kept->audit.damaged = end.damaged;
	}
	history_end_done(&end);
	return whole;
}

static bool
count_entry(void *ctx, const struct audit *entry, const char *line)
{
	(void)line;
	counts_add(ctx, entry);
	return true;
}

bool
metrics_read_all(const struct admin *admin, int64_t now_s, struct kept *kept)
{
	static const struct history_ask all;
	struct history_end end = {.begins_s = 0};
	struct counts counts = {.since_s = 0};
	bool read = history_read(admin, &all, count_entry, &counts, &end) ==
	    ADMIN_DONE;

	if (read) {
		kept->counts = counts;
		kept->audit = (struct kept_audit){.at_s = now_s,
		    .begins_s = end.begins_s,
		    .damaged = end.damaged,
		    .unreadable = count_unreadable(&end)};
		list_each(const struct history_file, file, end.files)
			kept->audit.bytes += file->bytes;
		(void)history_say_faults(&end);
	}
	history_end_done(&end);
	return read;
}

void
metrics_ask_doctor(const struct admin *admin, int64_t now_s, struct kept *kept)
{
	struct findings found = {.check = NULL};

	if (doctor_findings(admin, &found))
		kept->doctor = (struct kept_doctor){.at_s = now_s,
		    .fail = (int64_t)findings_count(&found, FINDING_FAIL),
		    .warn = (int64_t)findings_count(&found, FINDING_WARN),
		    .ok = (int64_t)findings_count(&found, FINDING_OK)};
	else
		admin_say("doctor: out of memory");
	findings_done(&found);
}
