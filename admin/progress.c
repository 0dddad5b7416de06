#include "admin/progress.h"
#include "store/base/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BEGIN_MS 2000
#define AGAIN_MS 200

void
progress_begin(struct progress *progress, const char *what, int64_t total)
{
	*progress = (struct progress){.what = what,
	    .total = total,
	    .begun_ms = clock_ms(),
	    .is_on = isatty(STDERR_FILENO) == 1};
}

/* The line ends without a newline, so that the next one overwrites it; it is
 * written at once, so that nobody sees half of it. */
static void
draw_progress(struct progress *progress)
{
	char count[32];

	if (progress->total <= 0)
		snprintf(count, sizeof(count), "%" PRId64, progress->done);
	else
		snprintf(count, sizeof(count), "%d %%",
		    progress->done >= progress->total
			? 100
			: (int)(100.0 * (double)progress->done /
			      (double)progress->total));
	fprintf(stderr, "\r\033[K%s: %s", progress->what, count);
	fflush(stderr);
	progress->is_shown = true;
}

void
progress_step(struct progress *progress, int64_t n)
{
	int64_t now_ms;

	progress->done += n;
	if (!progress->is_on)
		return;
	now_ms = clock_ms();
	if (now_ms - progress->begun_ms < BEGIN_MS ||
	    now_ms - progress->shown_ms < AGAIN_MS)
		return;
	progress->shown_ms = now_ms;
	draw_progress(progress);
}

void
progress_hide(struct progress *progress)
{
	if (!progress->is_shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->is_shown = false;
}

void
progress_end(struct progress *progress)
{
	progress_hide(progress);
	progress->is_on = false;
}
