#include "store/keeper/rate.h"

#include <criterion/criterion.h>

#include "tests/unit/fixture.h"

#define ALICE     1001
#define MINUTE_MS (RATE_S * 1000LL)
#define DAY_MS    (86400LL * 1000)

static struct rates rates;

static const struct rate *
connect_times(uid_t uid, int times, int64_t now_ms)
{
	const struct rate *rate = NULL;

	for (int i = 0; i < times; i++)
		rate = rate_connection(&rates, uid, now_ms);
	return rate;
}

static void
settle_times(uid_t uid, int report, int times, int64_t now_ms)
{
	for (int i = 0; i < times; i++)
		rate_settle(&rates, uid, REPORTED | report, 0, now_ms);
}

Test(keeper_rate, lets_a_uid_come_so_often_a_minute)
{
	const struct rate *rate = connect_times(ALICE, RATE_MAX, 0);

	cr_expect_not(rate_is_over(rate));
	cr_expect(rate_is_over(connect_times(ALICE, 1, MINUTE_MS - 1)));
	cr_expect_not(rate_is_over(connect_times(ALICE + 1, 1, 0)));
	cr_expect_not(rate_is_over(connect_times(ALICE, 1, MINUTE_MS)));
}

Test(keeper_rate, never_keeps_root_out)
{
	settle_times(0, REPORTED_LINE, RATE_DAY_LINES, 0);
	cr_expect_not(rate_is_over(connect_times(0, 10 * RATE_MAX, 0)));
}

Test(keeper_rate, is_quiet_after_so_many_a_minute)
{
	cr_expect_not(rate_is_quiet(connect_times(ALICE, RATE_QUIET, 0)));
	cr_expect(rate_is_quiet(connect_times(ALICE, 1, 0)));
	cr_expect_not(rate_is_quiet(connect_times(ALICE, 1, MINUTE_MS)));
}

/* A login and its verify count as two connections. */
Test(keeper_rate, counts_each_of_two_requests)
{
	connect_times(ALICE, RATE_MAX / 2, 0);
	settle_times(ALICE, REPORTED_FOLLOWED, RATE_MAX / 2, 0);
	cr_expect(rate_is_over(connect_times(ALICE, 1, 0)));
	cr_expect_not(rate_is_over(connect_times(ALICE, 1, MINUTE_MS)));
}

/* Even at a slow pace: one refusal a second would make 86,400 lines a day. */
Test(keeper_rate, logs_so_many_refusals_a_day)
{
	settle_times(
	    ALICE, REPORTED_LINE | REPORTED_REFUSAL, RATE_DAY_REFUSALS - 1, 0);
	cr_expect_not(rate_is_quiet(connect_times(ALICE, 1, DAY_MS - 1)));
	settle_times(ALICE, REPORTED_LINE | REPORTED_REFUSAL, 1, DAY_MS - 1);
	cr_expect(rate_is_quiet(connect_times(ALICE, 1, DAY_MS - 1)));
	cr_expect_not(rate_is_quiet(connect_times(ALICE + 1, 1, DAY_MS - 1)));
	cr_expect_not(rate_is_quiet(connect_times(ALICE, 1, DAY_MS)));
}

/* Reports from gates cost no wrong code, so many of them must not hide wrong
 * codes. */
Test(keeper_rate, logs_wrong_codes_whatever_gates_told)
{
	settle_times(
	    ALICE, REPORTED_LINE | REPORTED_CLAIM, RATE_DAY_CLAIMS - 1, 0);
	cr_expect_not(rate_is_quiet_of_claims(connect_times(ALICE, 1, 0)));
	settle_times(ALICE, REPORTED_LINE | REPORTED_CLAIM, 1, 0);
	cr_expect(rate_is_quiet_of_claims(connect_times(ALICE, 1, 0)));
	settle_times(
	    ALICE, REPORTED_LINE | REPORTED_CLAIM, RATE_DAY_REFUSALS, 0);
	cr_expect_not(rate_is_quiet(connect_times(ALICE, 1, 0)));
	cr_expect(rate_is_quiet_of_claims(connect_times(ALICE, 1, DAY_MS - 1)));
	cr_expect_not(rate_is_quiet_of_claims(connect_times(ALICE, 1, DAY_MS)));
}

/* A login and its gate's report count as one, except for the limit on
 * requests. */
Test(keeper_rate, is_not_quiet_sooner_for_what_gates_told)
{
	connect_times(ALICE, 2 * RATE_QUIET, 0);
	settle_times(ALICE, REPORTED_LINE | REPORTED_CLAIM, RATE_QUIET, 0);
	cr_expect_not(rate_is_quiet(rate_of(&rates, ALICE, 0)));
	cr_expect_not(rate_is_quiet_of_claims(rate_of(&rates, ALICE, 0)));
	cr_expect(rate_is_quiet(connect_times(ALICE, 1, 0)));
	cr_expect(rate_is_quiet_of_claims(rate_of(&rates, ALICE, 0)));
	cr_expect(
	    rate_is_over(connect_times(ALICE, RATE_MAX - 2 * RATE_QUIET, 0)));
	cr_expect_not(rate_is_quiet(rate_of(&rates, ALICE, MINUTE_MS)));
	connect_times(ALICE, RATE_QUIET + 1, MINUTE_MS);
	cr_expect(rate_is_quiet(rate_of(&rates, ALICE, MINUTE_MS)));
}

/* Passes must be logged, so fewer of them are let through. */
Test(keeper_rate, slows_down_who_had_too_many_lines_in_a_day)
{
	settle_times(ALICE, REPORTED_LINE, RATE_DAY_LINES, 0);
	cr_expect_not(rate_is_over(connect_times(ALICE, RATE_QUIET, 0)));
	cr_expect(rate_is_over(connect_times(ALICE, 1, 0)));
	cr_expect_not(rate_is_over(connect_times(ALICE, 1, MINUTE_MS)));
	cr_expect_not(rate_is_over(connect_times(ALICE, RATE_MAX, DAY_MS)));
}

Test(keeper_rate, counts_what_was_left_out_until_a_line_says_it)
{
	struct rate *rate;

	settle_times(ALICE, REPORTED_LEFT_OUT, 7, 0);
	rate = rate_of(&rates, ALICE, 0);
	cr_expect_eq(rate->suppressed, 7);
	/* A line in the log counts 5; while it was written 2 more came. */
	rate_settle(&rates, ALICE, REPORTED | REPORTED_LINE, 5, 0);
	cr_expect_eq(rate->suppressed, 2);
	rate_settle(&rates, ALICE, REPORTED | REPORTED_LINE, 5, 0);
	cr_expect_eq(rate->suppressed, 0);
	/* A worker that died reports nothing. */
	rate_settle(&rates, ALICE, REPORTED_LEFT_OUT, 0, 0);
	cr_expect_eq(rate->suppressed, 0);
}

Test(keeper_rate, counts_all_strangers_as_one)
{
	for (uid_t uid = 5000; uid < 5100; uid++) {
		const struct rate *rate = connect_times(uid, 1, 0);

		cr_expect_eq(rate->uid, uid);
		cr_expect_eq(rate->standing, STANDING_NEW);
		settle_times(uid, REPORTED_STRANGER, 1, 0);
		rate = connect_times(uid, 7, 0);
		cr_expect_eq(rate->uid, UID_STRANGER);
	}
	cr_expect(rate_is_over(rate_of(&rates, UID_STRANGER, 0)));
	/* A uid that has become a user since is looked up again. */
	cr_expect_eq(connect_times(5000, 1, MINUTE_MS)->uid, 5000);
}

Test(keeper_rate, knows_a_user_from_the_first_request_on)
{
	cr_expect_eq(connect_times(ALICE, 1, 0)->standing, STANDING_NEW);
	settle_times(ALICE, 0, 1, 0);
	cr_expect_eq(connect_times(ALICE, 1, DAY_MS)->standing, STANDING_USER);
	cr_expect_eq(connect_times(0, 1, 0)->standing, STANDING_USER);
}

/* A user namespace has 65,536 uids. */
Test(keeper_rate, forgets_no_user_for_strangers)
{
	connect_times(ALICE, RATE_MAX, 0);
	settle_times(ALICE, 0, 1, 0);
	for (uid_t uid = 100000; uid < 100000 + 2 * RATES; uid++) {
		connect_times(uid, 1, 1);
		settle_times(uid, REPORTED_STRANGER, 1, 1);
	}
	cr_expect(rate_is_over(connect_times(ALICE, 1, 2)));
}

/* If all entries belong to users, the one that came longest ago is evicted. */
Test(keeper_rate, makes_room_for_one_more_user)
{
	for (uid_t uid = 1; uid <= RATES; uid++) {
		connect_times(uid, 1, (int64_t)uid);
		settle_times(uid, REPORTED_LEFT_OUT, 1, (int64_t)uid);
	}
	cr_expect_eq(connect_times(9999, 1, RATES + 1)->connections, 1);
	cr_expect_eq(rate_of(&rates, 2, RATES + 1)->suppressed, 1);
	cr_expect_eq(rate_of(&rates, 1, RATES + 1)->suppressed, 0);
}
