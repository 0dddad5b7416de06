#include "store/link/history.h"

#include <string.h>

static void
drop_first(struct history *history)
{
	history->count--;
	memmove(history->samples, history->samples + 1,
	    (size_t)history->count * sizeof(history->samples[0]));
}

void
history_note(
    struct history *history, int64_t revision, int64_t keep_ms, int64_t now_ms)
{
	int last = history->count - 1;

	if (last >= 0 && revision < history->samples[last].revision) {
		history->count = 0;
		history->compacted = 0;
	} else if (last >= 0 &&
	    now_ms - history->samples[last].at_ms < keep_ms / 32) {
		return;
	}
	if (history->count == HISTORY_SAMPLES)
		drop_first(history);
	history->samples[history->count].at_ms = now_ms;
	history->samples[history->count++].revision = revision;
}

void
history_found(struct history *history, int64_t revision)
{
	if (revision > history->found)
		history->found = revision;
}

void
history_polled(struct history *history, int64_t keep_ms, int64_t now_ms)
{
	if (history->found > 0)
		history_note(history, history->found, keep_ms, now_ms);
	history->found = 0;
}

static int64_t
gap(int64_t keep_ms, int random)
{
	return keep_ms / 3 * (800 + 4 * (int64_t)random / 10) / 1000;
}

int64_t
history_due(
    struct history *history, int64_t keep_ms, int random, int64_t now_ms)
{
	int64_t revision = 0;

	if (history->next_ms == 0)
		history->next_ms = now_ms + gap(keep_ms, random);
	if (now_ms < history->next_ms)
		return 0;
	history->next_ms = now_ms + gap(keep_ms, random);
	for (int i = 0; i < history->count &&
	     now_ms - history->samples[i].at_ms >= keep_ms;
	     i++)
		revision = history->samples[i].revision;
	if (revision <= history->compacted)
		return 0;
	history->compacted = revision;
	return revision;
}
