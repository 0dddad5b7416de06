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
		endpoints_bad(&e, 0, ENDPOINT_SILENT, "time-out", 601);
	cr_expect_eq(e.current, 1);
	cr_expect_eq(e.running, 0);
}

Test(endpoints, do_not_move_for_a_failure_at_one_that_was_left)
{
	struct endpoints e = three();

	for (int i = 0; i < 3; i++)
		endpoints_sent(&e, 1);
	endpoints_bad(&e, 0, ENDPOINT_SILENT, "time-out", 601);
	endpoints_bad(&e, 1, ENDPOINT_SILENT, "time-out", 602);
	endpoints_bad(&e, 0, ENDPOINT_SILENT, "time-out", 603);
	cr_expect_eq(e.current, 2);
}

/* A new leader takes up to 3.4 s: nobody is turned away for that. */
Test(endpoints, are_away_after_4000_ms_of_silence_and_not_before)
{
	struct endpoints e = three();

	endpoints_sent(&e, 1000);
	endpoints_bad(&e, 0, ENDPOINT_SILENT, "time-out", 1600);
	cr_expect_not(endpoints_are_away(&e, 4999));
	cr_expect(endpoints_are_away(&e, 5000));
	cr_expect_not(endpoints_are_lost(&e, 5000), "one may be elected yet");
	endpoints_sent(&e, 5000);
	cr_expect(endpoints_are_away(&e, 5001), "a new attempt is no answer");
	endpoints_good(&e, 2, 5100);
	cr_expect_not(endpoints_are_away(&e, 5100));
	cr_expect_eq(e.current, 2, "the one that answered is asked");
}

/* One of three may be down while the others elect a leader; with two down there
 * is nothing to wait for. */
Test(endpoints, are_lost_sooner_where_a_majority_cannot_be_reached)
{
	struct endpoints e = three();

	for (int i = 0; i < 3; i++)
		endpoints_sent(&e, 1000);
	endpoints_bad(&e, 0, ENDPOINT_UNREACHED, "refused", 1001);
	endpoints_bad(&e, 1, ENDPOINT_SILENT, "time-out", 1600);
	cr_expect_not(endpoints_are_away(&e, 4999));
	endpoints_bad(&e, 2, ENDPOINT_UNREACHED, "refused", 1601);
	cr_expect_not(endpoints_are_lost(&e, 3399));
	cr_expect(endpoints_are_lost(&e, 3400));
	cr_expect(endpoints_are_away(&e, 3400));
	endpoints_sent(&e, 3400);
	endpoints_bad(&e, 2, ENDPOINT_SILENT, "time-out", 4000);
	cr_expect_not(endpoints_are_lost(&e, 4000), "that one is there");
	endpoints_sent(&e, 4000);
	endpoints_good(&e, 0, 4001);
	cr_expect_not(endpoints_lack_majority(&e));
}

Test(endpoints, have_a_majority_by_their_number)
{
	static const struct {
		int count, unreached;
		bool lack;
	} all[] = {{1, 0, false}, {1, 1, true}, {2, 1, true}, {3, 1, false},
	    {3, 2, true}, {4, 1, false}, {4, 2, true}, {5, 2, false},
	    {5, 3, true}};

	for (size_t k = 0; k < sizeof(all) / sizeof(all[0]); k++) {
		struct endpoints e;

		endpoints_begin(&e, all[k].count);
		for (int i = 0; i < all[k].unreached; i++) {
			endpoints_sent(&e, 1);
			endpoints_bad(&e, i, ENDPOINT_UNREACHED, "refused", 1);
		}
		cr_expect_eq(endpoints_lack_majority(&e), all[k].lack,
		    "%d of %d", all[k].unreached, all[k].count);
	}
}

Test(endpoints, count_the_silence_of_those_that_still_run)
{
	struct endpoints e = three();

	endpoints_sent(&e, 1000);
	endpoints_sent(&e, 1000);
	endpoints_good(&e, 0, 1100);
	cr_expect_not(endpoints_are_away(&e, 5099));
	cr_expect(endpoints_are_away(&e, 5100));
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
	endpoints_bad(&e, 0, ENDPOINT_UNREACHED, "refused", 1001);
	for (int64_t now = 1000; now < 11000; now += 10)
		probes += endpoints_probe_now(&e, now);
	cr_expect_eq(probes, 9);
}

Test(endpoints, try_the_first_again_once_a_minute)
{
	struct endpoints e = three();

	endpoints_sent(&e, 1000);
	endpoints_bad(&e, 0, ENDPOINT_SILENT, "time-out", 1000);
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
	endpoints_bad(&e, 0, ENDPOINT_REFUSED, "alert \"bad certificate\"", 2);
	cr_expect(e.refused);
	cr_expect_str_eq(e.why, "alert 'bad certificate'");
	endpoints_sent(&e, 3);
	endpoints_bad(&e, 1, ENDPOINT_SILENT, "time-out", 4);
	cr_expect_not(e.refused);
}

/* A member that knows no TLS 1.2 is asked in TLS 1.3 again. */
Test(endpoints, closed_connection_is_asked_for_its_reason)
{
	struct endpoints e = three();

	cr_expect_not(e.tls12[1]);
	endpoints_heard(&e, 1, true, false, false);
	cr_expect(e.tls12[1]);
	cr_expect_not(e.tls12[2], "another member");
	endpoints_heard(&e, 1, true, false, false);
	cr_expect(e.tls12[1], "two at once");
	endpoints_heard(&e, 1, true, true, true);
	cr_expect(e.tls12[1], "refused");
	endpoints_heard(&e, 1, true, false, true);
	cr_expect_not(e.tls12[1]);
	endpoints_heard(&e, 1, true, false, false);
	endpoints_heard(&e, 1, false, false, true);
	cr_expect_not(e.tls12[1], "answered, or a time-out");
}
