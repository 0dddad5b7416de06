/*
 * login_forgive(): how wrong codes of the long term are forgiven, with the real
 * arithmetic.  Any counter that record_parse() reads, any time from 1970 to 9999.
 */
#include "tests/proofs/proof.h"

#include "store/core/login.c"

static struct counter counter, left;
static int64_t now_s;

static void
set_all(void)
{
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
