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
	e->unreached[i] = false;
	e->refused = false;
}

/* Many attempts fail at one member at once: the current one moves on once. */
void
endpoints_bad(struct endpoints *e, int i, enum endpoint_fault fault,
    const char *why, int64_t now_ms)
{
	e->running--;
	e->unreached[i] = fault == ENDPOINT_UNREACHED;
	e->refused = fault == ENDPOINT_REFUSED;
	link_plain(why, e->why, sizeof(e->why));
	if (i != e->current || e->count == 1)
		return;
	if (e->current == 0)
		e->left_home_ms = now_ms;
	e->current = (i + 1) % e->count;
}

void
endpoints_heard(
    struct endpoints *e, int i, bool closed, bool refused, bool tls12)
{
	e->tls12[i] = refused || (closed && !tls12);
}

void
endpoints_neither(struct endpoints *e)
{
	e->running--;
}

static bool
is_silent_for(const struct endpoints *e, int64_t now_ms, int64_t ms)
{
	return e->silent_since_ms != 0 && now_ms - e->silent_since_ms >= ms;
}

bool
endpoints_lack_majority(const struct endpoints *e)
{
	int unreached = 0;

	for (int i = 0; i < e->count; i++)
		unreached += e->unreached[i];
	return unreached > (e->count - 1) / 2;
}

bool
endpoints_are_lost(const struct endpoints *e, int64_t now_ms)
{
	return endpoints_lack_majority(e) && is_silent_for(e, now_ms, LOST_MS);
}

bool
endpoints_are_away(const struct endpoints *e, int64_t now_ms)
{
	return is_silent_for(e, now_ms, BREAKER_MS) ||
	    endpoints_are_lost(e, now_ms);
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
