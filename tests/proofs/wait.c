/*
 * login_wait() and login_forgive(): how long a counter stays shut after wrong
 * codes.  Any counter that record_parse() reads, any attempts that policy_parse()
 * reads, any time from 1970 to 9999.
 *
 * What is not the product's own code:
 *	login_forgive()  in login_wait() takes any number off, and gives any time
 *	                 before now: what it does is proved apart, since a division
 *	                 of 64 bits within the rest takes too long.
 */
#include "tests/proofs/proof.h"

#include "store/core/login.c"

static struct attempts attempts;
static struct counter counter, left;
static int64_t now_s;

static void
set_all(void)
{
	attempts.free = any_within(0, 1000);
	attempts.backoff_s = any_within(1, INT32_MAX);
	attempts.backoff_max_s = any_within(900, 7 * 86400);
	attempts.stop = any_within(1, 1000);
	given(attempts.free <= attempts.stop);
	counter.count = any_within(0, COUNT_MAX);
	counter.last_s = any_time();
	counter.spent = any_within(0, SPENT_MAX);
	counter.spent_since_s = any_time();
	given(counter.spent == 0 || counter.spent_since_s > 0);
	now_s = any_time();
}

/* All counters.  cbmc: --unwind 2 */
void
prove_login_forgive(void)
{
	int64_t since_s;

	set_all();
	left = counter;
	login_forgive(&left, now_s);
	since_s = counter.spent_since_s < now_s ? counter.spent_since_s : now_s;
	claim(left.spent >= 0 && left.spent <= counter.spent,
	    "1: nothing is added, and no more is forgiven than there is");
	claim(left.spent_since_s >= 0 && left.spent_since_s <= now_s,
	    "2: the time it counts from is no time to come");
	claim(left.spent == 0 || now_s - left.spent_since_s < FORGIVE_S,
	    "3: less than a week is left over");
	claim(left.spent == 0 ||
		(counter.spent - left.spent) * FORGIVE_S <= now_s - since_s,
	    "4: each wrong code costs a whole week");
	claim(left.spent > 0 || left.spent_since_s == 0,
	    "5: no time counts where nothing is left");
	claim(left.count == counter.count && left.last_s == counter.last_s,
	    "6: the count of wrong codes in a row stays");
	if (left.spent > 0 && left.spent < counter.spent)
		reach("some, but not all");
}

static int64_t forgiven, since_s;

void
any_forgiving(struct counter *c, int64_t at_s)
{
	(void)at_s;
	c->spent -= forgiven;
	c->spent_since_s = c->spent > 0 ? since_s : 0;
}

/* All counters and attempts.
 * cbmc: --unwind 22 without login_forgive:any_forgiving */
void
prove_login_wait(void)
{
	bool is_other = nondet_bool();
	int64_t wait_s, later_s, over, first_s;

	set_all();
	forgiven = any_within(0, counter.spent);
	since_s = any_within(now_s - FORGIVE_S + 1, now_s);
	given(since_s > 0);
	wait_s = login_wait(&attempts, &counter, is_other, now_s);
	over = counter.count - attempts.free;
	first_s = attempts.backoff_s < attempts.backoff_max_s
	    ? attempts.backoff_s
	    : attempts.backoff_max_s;
	claim((wait_s == -1) == (is_other && counter.count >= attempts.stop) &&
		wait_s >= -1,
	    "7: only the counter of unknown sources stays shut for ever, after "
	    "stop wrong codes");
	claim(wait_s != 0 || counter.spent - forgiven < attempts.stop,
	    "8: an open counter has fewer than stop of the long term");
	claim(wait_s != 0 || over <= 0 || now_s - counter.last_s >= first_s,
	    "9: after more than free wrong codes the first wait has passed");
	claim(wait_s <= 7 * 86400 || counter.spent - forgiven >= attempts.stop,
	    "10: no wait for codes in a row is longer than a week");
	later_s = now_s;
	if (wait_s > 0 && counter.spent - forgiven < attempts.stop &&
	    counter.last_s <= now_s) {
		later_s = now_s + wait_s;
		claim(login_wait(&attempts, &counter, is_other, later_s) == 0,
		    "11a: it opens after exactly that wait");
		claim(
		    login_wait(&attempts, &counter, is_other, later_s - 1) != 0,
		    "11b: and not a second before");
		reach("a wait for codes in a row");
	}
	if (wait_s == -1)
		reach("stopped");
	if (wait_s == 0 && over > 0)
		reach("open, after a wait");
	if (wait_s > 0 && counter.spent - forgiven >= attempts.stop)
		reach("a wait for codes of the long term");
}
