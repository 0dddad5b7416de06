/*
 * login_wait() and login_forgive(): how long does a counter stay shut?
 *
 * Abstract: a week has 2^20 seconds, as that is quick to divide by;
 * login_forgive() in long_wait(), and both waits in login_wait(), are as is
 * proved of them here.
 */
#include "tests/proofs/proof.h"

#define FORGIVE_S (1 << 20)
#include "store/core/login.c"

static struct counter counter, left;
static struct attempts attempts;
static int64_t now_s, later_s, waits[2];
static size_t asked;
static bool is_other;

/* All counters and times.  cbmc: --unwind 2 */
proof(login_forgive)
{
	int64_t since_s = clamp(counter.spent_since_s, now_s), weeks;

	given(is_counter(&counter) && is_time(now_s));
	left = counter;
	login_forgive(&left, now_s);
	weeks = counter.spent - left.spent;
	/* One is forgiven for each whole week; the rest of a week stays. */
	claim(1a, within(left.spent, 0, counter.spent));
	claim(1b,
	    implies(left.spent > 0,
		left.spent_since_s == since_s + weeks * FORGIVE_S));
	claim(1c,
	    implies(left.spent > 0,
		within(now_s - left.spent_since_s, 0, FORGIVE_S - 1)));
	claim(
	    1d, implies(left.spent == 0, weeks * FORGIVE_S <= now_s - since_s));
	claim(1e, left.count == counter.count && left.last_s == counter.last_s);
	reach(left.spent > 0 && weeks > 0);
}

void
forgiven(struct counter *c, int64_t at_s)
{
	int64_t since_s = clamp(c->spent_since_s, at_s), weeks;

	given(within(left.spent, 0, c->spent));
	weeks = c->spent - left.spent;
	c->spent = left.spent;
	c->spent_since_s = left.spent > 0 ? since_s + weeks * FORGIVE_S : 0;
	given(left.spent > 0 ? within(at_s - c->spent_since_s, 0, FORGIVE_S - 1)
			     : weeks * FORGIVE_S <= at_s - since_s);
}

/* All counters and times.  cbmc: --unwind 2 without login_forgive:forgiven */
proof(long_wait)
{
	int64_t wait_s, weeks, since_s = clamp(counter.spent_since_s, now_s);

	given(is_counter(&counter) && is_time(now_s));
	given(within(attempts.stop, 1, SPENT_MAX));
	weeks = counter.spent - attempts.stop + 1;
	wait_s = long_wait(&attempts, &counter, now_s);
	/* It opens when enough whole weeks have passed, and not before. */
	claim(2a, (wait_s == 0) == (left.spent < attempts.stop));
	claim(2b,
	    implies(wait_s > 0, now_s + wait_s == since_s + weeks * FORGIVE_S));
	reach(wait_s > FORGIVE_S);
}

/* All counters, attempts, times.  cbmc: --unwind 22 */
proof(backoff)
{
	int64_t wait_s, later, passed_s, over;

	given(is_counter(&counter) && is_time(now_s) && is_time(later_s));
	given(counter.last_s <= now_s && now_s <= later_s);
	given(within(attempts.free, 1, 20));
	given(within(attempts.backoff_s, 1, INT32_MAX));
	given(within(attempts.backoff_max_s, 900, 7 * DAY_S));
	passed_s = later_s - now_s;
	over = counter.count - attempts.free;
	wait_s = backoff(&attempts, &counter, now_s);
	later = backoff(&attempts, &counter, later_s);
	/* It opens after exactly that wait, which none of the free ones has. */
	claim(3a, later == (wait_s > passed_s ? wait_s - passed_s : 0));
	claim(3b, implies(over <= 0, wait_s == 0));
	claim(3c, implies(over > 0 && now_s == counter.last_s, wait_s > 0));
	claim(3d, wait_s <= attempts.backoff_max_s);
	reach(later > 0 && wait_s == 7 * DAY_S);
}

int64_t
any_wait(const struct attempts *a, const struct counter *c, int64_t at_s)
{
	return waits[asked++];
}

/* All counters.  cbmc: --unwind 2
 * without backoff:any_wait long_wait:any_wait */
proof(login_wait)
{
	int64_t longer_s = waits[0] > waits[1] ? waits[0] : waits[1], wait_s;
	bool stays = is_other && counter.count >= attempts.stop;

	asked = 0;
	wait_s = login_wait(&attempts, &counter, is_other, now_s);
	/* Only unknown sources stay out, after attempts.stop. */
	claim(4a, wait_s == (stays ? -1 : longer_s));
	reach(stays);
}
