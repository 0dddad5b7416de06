#include "store/link/endpoints.h"

#include <criterion/criterion.h>

static struct endpoints
three(void)
{
	struct endpoints e;

	endpoints_begin(&e, 3);
	return e;
}

Test(endpoints, stay_with_one_that_answers)
{
	struct endpoints e = three();

	for (int64_t now = 1; now < 100; now++) {
		endpoints_sent(&e, now);
		endpoints_good(&e, e.current, now);
	}
	cr_expect_eq(e.current, 0);
	cr_expect_not(endpoints_are_away(&e, 1000000));
}

Test(endpoints, move_on_once_where_many_attempts_fail_at_once)
{
	struct endpoints e = three();

	for (int i = 0; i < 16; i++)
		endpoints_sent(&e, 1);
	for (int i = 0; i < 16; i++)
		endpoints_bad(&e, 0, false, "time-out", 601);
	cr_expect_eq(e.current, 1);
	cr_expect_eq(e.running, 0);
}

Test(endpoints, do_not_move_for_a_failure_at_one_that_was_left)
{
	struct endpoints e = three();

	for (int i = 0; i < 3; i++)
		endpoints_sent(&e, 1);
	endpoints_bad(&e, 0, false, "time-out", 601);
	endpoints_bad(&e, 1, false, "time-out", 602);
	endpoints_bad(&e, 0, false, "time-out", 603);
	cr_expect_eq(e.current, 2);
}

/* A new leader takes up to 2.4 s: nobody is turned away for that. */
Test(endpoints, are_away_after_2500_ms_of_silence_and_not_before)
{
	struct endpoints e = three();

	endpoints_sent(&e, 1000);
	endpoints_bad(&e, 0, false, "time-out", 1600);
	cr_expect_not(endpoints_are_away(&e, 3499));
	cr_expect(endpoints_are_away(&e, 3500));
	endpoints_sent(&e, 3500);
	cr_expect(endpoints_are_away(&e, 3501), "a new attempt is no answer");
	endpoints_good(&e, 2, 3600);
	cr_expect_not(endpoints_are_away(&e, 3600));
	cr_expect_eq(e.current, 2, "the one that answered is asked");
}

Test(endpoints, count_the_silence_of_those_that_still_run)
{
	struct endpoints e = three();

	endpoints_sent(&e, 1000);
	endpoints_sent(&e, 1000);
	endpoints_good(&e, 0, 1100);
	cr_expect_not(endpoints_are_away(&e, 3599));
	cr_expect(endpoints_are_away(&e, 3600));
}

Test(endpoints, are_not_away_because_nobody_asked)
{
	struct endpoints e = three();

	endpoints_sent(&e, 1000);
	endpoints_good(&e, 0, 1001);
	cr_expect_not(endpoints_are_away(&e, 100000000));
	cr_expect_not(endpoints_probe_now(&e, 100000000));
}

Test(endpoints, are_probed_once_a_second_while_there_is_silence)
{
	struct endpoints e = three();
	int probes = 0;

	endpoints_sent(&e, 1000);
	endpoints_bad(&e, 0, false, "refused", 1001);
	for (int64_t now = 1000; now < 11000; now += 10)
		probes += endpoints_probe_now(&e, now);
	cr_expect_eq(probes, 9);
}

Test(endpoints, try_the_first_again_once_a_minute)
{
	struct endpoints e = three();

	endpoints_sent(&e, 1000);
	endpoints_bad(&e, 0, false, "time-out", 1000);
	cr_expect_eq(e.current, 1);
	cr_expect_not(endpoints_try_home(&e, 60999));
	cr_expect(endpoints_try_home(&e, 61000));
	cr_expect_not(endpoints_try_home(&e, 61001));
	endpoints_go_home(&e);
	cr_expect_eq(e.current, 0);
	cr_expect_not(endpoints_try_home(&e, 999999));
}

Test(endpoints, remember_that_a_certificate_was_the_last_failure)
{
	struct endpoints e = three();

	endpoints_sent(&e, 1);
	endpoints_bad(&e, 0, true, "alert \"bad certificate\"", 2);
	cr_expect(e.refused);
	cr_expect_str_eq(e.why, "alert 'bad certificate'");
	endpoints_sent(&e, 3);
	endpoints_bad(&e, 1, false, "time-out", 4);
	cr_expect_not(e.refused);
}
