#include "store/keeper/rate.h"

#define DAY_MS (86400LL * 1000)

/* True if a is evicted before b. */
static bool
goes_before(const struct rate *a, const struct rate *b)
{
	bool a_stays = a->standing == STANDING_USER;
	bool b_stays = b->standing == STANDING_USER;

	if (!a->used || !b->used)
		return !a->used && b->used;
	if (a_stays != b_stays)
		return b_stays;
	return a->since_ms < b->since_ms;
}

/* A user may have got a stranger's uid since; a user's standing is kept. */
static void
move_on(struct rate *rate, int64_t now_ms)
{
	if (now_ms - rate->since_ms >= RATE_S * 1000) {
		rate->since_ms = now_ms;
		rate->connections = 0;
		rate->claimed = 0;
		if (rate->standing == STANDING_STRANGER)
			rate->standing = STANDING_NEW;
	}
	if (now_ms - rate->day_ms >= DAY_MS) {
		rate->day_ms = now_ms;
		rate->refusals = 0;
		rate->claims = 0;
		rate->lines = 0;
	}
}

struct rate *
rate_of(struct rates *rates, uid_t uid, int64_t now_ms)
{
	struct rate *first = &rates->list[0];

	for (size_t i = 0; i < RATES; i++) {
		struct rate *rate = &rates->list[i];

		if (rate->used && rate->uid == uid) {
			move_on(rate, now_ms);
			return rate;
		}
		if (goes_before(rate, first))
			first = rate;
	}
	*first = (struct rate){.uid = uid,
	    .used = true,
	    .standing = uid == 0 || uid == UID_STRANGER ? STANDING_USER
							: STANDING_NEW,
	    .since_ms = now_ms,
	    .day_ms = now_ms};
	return first;
}

struct rate *
rate_connection(struct rates *rates, uid_t uid, int64_t now_ms)
{
	struct rate *rate = rate_of(rates, uid, now_ms);

	if (rate->standing == STANDING_STRANGER)
		rate = rate_of(rates, UID_STRANGER, now_ms);
	rate->connections++;
	return rate;
}

bool
rate_is_over(const struct rate *rate)
{
	int64_t most = rate->lines >= RATE_DAY_LINES ? RATE_QUIET : RATE_MAX;

	return rate->uid != 0 && rate->connections > most;
}

bool
rate_is_quiet(const struct rate *rate)
{
	return rate->connections - rate->claimed > RATE_QUIET ||
	    rate->refusals >= RATE_DAY_REFUSALS;
}

bool
rate_is_quiet_of_claims(const struct rate *rate)
{
	return rate_is_quiet(rate) || rate->claims >= RATE_DAY_CLAIMS;
}

void
rate_settle(struct rates *rates, uid_t uid, int report, int64_t suppressed,
    int64_t now_ms)
{
	struct rate *rate = rate_of(rates, uid, now_ms);

	if ((report & REPORTED) == 0)
		return;
	if (uid != UID_STRANGER)
		rate->standing = report & REPORTED_STRANGER ? STANDING_STRANGER
							    : STANDING_USER;
	if (report & REPORTED_LINE) {
		rate->lines++;
		rate->refusals += (report & REPORTED_REFUSAL) != 0;
		rate->claims += (report & REPORTED_CLAIM) != 0;
		rate->suppressed -= suppressed < rate->suppressed
		    ? suppressed
		    : rate->suppressed;
	}
	if (report & REPORTED_LEFT_OUT)
		rate->suppressed++;
	if (report & REPORTED_CLAIM)
		rate->claimed++;
	if (report & REPORTED_FOLLOWED)
		rate->connections++;
}
