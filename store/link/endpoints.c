#include "store/link/endpoints.h"

#include <string.h>

void
endpoints_begin(struct endpoints *e, int count)
{
	memset(e, 0, sizeof(*e));
	e->count = count;
}

void
endpoints_sent(struct endpoints *e, int64_t now_ms)
{
	e->running++;
	if (e->silent_since_ms == 0)
		e->silent_since_ms = now_ms;
}

/* Those that still run have been silent from now on. */
void
endpoints_good(struct endpoints *e, int i, int64_t now_ms)
{
	if (endpoints_are_away(e, now_ms))
		e->current = i;
	e->running--;
	e->silent_since_ms = e->running > 0 ? now_ms : 0;
	e->refused = false;
}

/* Many attempts fail at one member at once: the current one moves on once. */
void
endpoints_bad(
    struct endpoints *e, int i, bool refused, const char *why, int64_t now_ms)
{
	e->running--;
	e->refused = refused;
	link_plain(why, e->why, sizeof(e->why));
	if (i != e->current || e->count == 1)
		return;
	if (e->current == 0)
		e->left_home_ms = now_ms;
	e->current = (i + 1) % e->count;
}

void
endpoints_neither(struct endpoints *e)
{
	e->running--;
}

bool
endpoints_are_away(const struct endpoints *e, int64_t now_ms)
{
	return e->silent_since_ms != 0 &&
	    now_ms - e->silent_since_ms >= BREAKER_MS;
}

bool
endpoints_probe_now(struct endpoints *e, int64_t now_ms)
{
	if (e->silent_since_ms == 0 || now_ms - e->silent_since_ms < PROBE_MS ||
	    now_ms - e->probed_ms < PROBE_MS)
		return false;
	e->probed_ms = now_ms;
	return true;
}

bool
endpoints_try_home(struct endpoints *e, int64_t now_ms)
{
	if (e->current == 0 || now_ms - e->left_home_ms < HOME_MS)
		return false;
	e->left_home_ms = now_ms;
	return true;
}

void
endpoints_go_home(struct endpoints *e)
{
	e->current = 0;
}
