#include <string.h>

#include "admin/metrics/counts.h"

/* The table's place of a reason's word; 0 for one that it does not have. */
static enum reason
counted_reason(const char *word)
{
	enum reason reason = REASON_NONE;

	(void)reason_form.parse(word, &reason);
	return reason;
}

void
counts_add(struct counts *counts, const struct audit *entry)
{
	enum verdict verdict = verdict_from_name(entry->verdict);
	enum reason reason = counted_reason(entry->reason);

	counts->unlogged += entry->suppressed;
	counts->wrong_codes += reason == REASON_WRONG_CODE;
	if (strcmp(entry->event, AUDIT_LOGIN) != 0)
		return;
	if (verdict == VERDICT_PASS) {
		counts->logins[COUNT_PASS][reason]++;
		if (entry->time_s > counts->last_pass_s)
			counts->last_pass_s = entry->time_s;
	} else if (strcmp(entry->verdict, verdict_name(VERDICT_DENY)) == 0) {
		counts->logins[COUNT_DENY][reason]++;
	}
}

static int64_t
earlier(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

void
counting_begin(
    struct counting *counting, const struct counts *counts, int64_t now_s)
{
	*counting = (struct counting){.begun = *counts,
	    .in_order = *counts,
	    .by_time = *counts,
	    .again_s = now_s - COUNTS_AGAIN_S,
	    .first = counts->since_s == 0};
	if (counting->first)
		counting->begun.since_s = counting->again_s;
}

int64_t
counting_since(const struct counting *counting)
{
	return earlier(counting->begun.since_s, counting->again_s);
}

static void
take_counted(struct counts *counts, const struct audit *entry, bool first)
{
	if (first && strcmp(entry->event, AUDIT_LOGIN) == 0 &&
	    verdict_from_name(entry->verdict) == VERDICT_PASS &&
	    entry->time_s > counts->last_pass_s)
		counts->last_pass_s = entry->time_s;
	if (!first)
		counts_add(counts, entry);
	if (entry->time_s > counts->last_s)
		counts->last_s = entry->time_s;
}

/* A line from before the place is new if it comes behind those that were
 * counted: then the clock went back. */
void
counting_line(struct counting *counting, const struct audit *entry)
{
	const struct counts *begun = &counting->begun;
	bool since = entry->time_s >= begun->since_s;

	if (counting->seen >= begun->skip && (since || counting->seen > 0))
		take_counted(&counting->in_order, entry, counting->first);
	if (entry->time_s > begun->last_s)
		take_counted(&counting->by_time, entry, counting->first);
	counting->seen += since;
	counting->skip += entry->time_s >= counting->again_s;
}

void
counting_end(const struct counting *counting, struct counts *ret)
{
	int64_t lost = counting->begun.skip - counting->seen;

	*ret = lost > 0 ? counting->by_time : counting->in_order;
	ret->missing += lost > 0 ? lost : 0;
	ret->since_s = counting->again_s;
	ret->skip = counting->skip;
}
