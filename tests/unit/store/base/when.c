#include "store/base/when.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define DAY_S 86400LL
#define END_S 253402300799LL /* 9999-12-31T23:59:59Z */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* The numbers come from date(1). */
Test(when, reads_and_writes_the_same_moment)
{
	static const struct {
		const char *text;
		int64_t time_s;
	} vectors[] = {
	    {"1970-01-01T00:00:00Z", 0},
	    {"1970-12-31T23:59:59Z", 31535999},
	    {"1999-12-31T23:59:59Z", 946684799},
	    {"2000-02-29T12:34:56Z", 951827696},
	    {"2000-03-01T00:00:00Z", 951868800},
	    {"2004-12-31T00:00:00Z", 1104451200},
	    {"2026-11-01T00:00:00Z", 1793491200},
	    {"2038-01-19T03:14:08Z", 2147483648},
	    {"2100-02-28T23:59:59Z", 4107542399},
	    {"2100-03-01T00:00:00Z", 4107542400},
	    {"2400-02-29T00:00:00Z", 13574563200},
	    {"9999-12-31T23:59:59Z", END_S},
	};

	for (size_t i = 0; i < COUNT(vectors); i++) {
		char text[WHEN_TEXT];
		int64_t time_s = -7;

		cr_expect(when_parse(vectors[i].text, &time_s), "%s",
		    vectors[i].text);
		cr_expect_eq(time_s, vectors[i].time_s, "%s is not %lld",
		    vectors[i].text, (long long)time_s);
		when_format(vectors[i].time_s, text);
		cr_expect_str_eq(text, vectors[i].text);
	}
}

Test(when, gives_back_every_day_until_9999)
{
	char text[WHEN_TEXT], before[WHEN_TEXT] = "";

	for (int64_t day = 0; day <= END_S / DAY_S; day++) {
		int64_t in_s = day * DAY_S + day % DAY_S, out_s = -7;

		when_format(in_s, text);
		cr_assert(when_parse(text, &out_s), "%s", text);
		cr_assert_eq(out_s, in_s, "%s", text);
		cr_assert_gt(strcmp(text, before), 0, "%s", text);
		memcpy(before, text, sizeof(before));
	}
}

static void
expect_no_time(const char *text)
{
	int64_t time_s = -7;

	cr_expect_not(when_parse(text, &time_s), "\"%s\" was read", text);
	cr_expect_eq(time_s, -7, "\"%s\" changed the result", text);
}

Test(when, refuses_dates_that_do_not_exist)
{
	static const char *const texts[] = {
	    "2026-06-31T00:00:00Z",
	    "2026-02-29T00:00:00Z",
	    "2100-02-29T00:00:00Z",
	    "2024-02-30T00:00:00Z",
	    "2026-00-01T00:00:00Z",
	    "2026-13-01T00:00:00Z",
	    "2026-01-00T00:00:00Z",
	    "2026-01-32T00:00:00Z",
	    "2026-01-01T24:00:00Z",
	    "2026-01-01T00:60:00Z",
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		expect_no_time(texts[i]);
}

Test(when, refuses_a_leap_second)
{
	expect_no_time("2016-12-31T23:59:60Z");
}

Test(when, refuses_years_before_1970)
{
	expect_no_time("1969-12-31T23:59:59Z");
	expect_no_time("0000-01-01T00:00:00Z");
}

Test(when, refuses_other_spellings)
{
	static const char *const texts[] = {
	    "",
	    "2026-11-01",
	    "2026-11-01T00:00:00",
	    "2026-11-01T00:00:00z",
	    "2026-11-01t00:00:00Z",
	    "2026-11-01 00:00:00Z",
	    "2026-11-01T00:00:00+00:00",
	    "2026-11-01T00:00:00.5Z",
	    "2026-11-01T00:00:00Z ",
	    " 2026-11-01T00:00:00Z",
	    "2026-11-1T00:00:00Z",
	    "2026-11-+1T00:00:00Z",
	    "2026-11- 1T00:00:00Z",
	    "-026-11-01T00:00:00Z",
	    "10000-01-01T00:00:00Z",
	    "20261101T000000Z",
	    "2026/11/01T00:00:00Z",
	    "tomorrow",
	};

	for (size_t i = 0; i < COUNT(texts); i++)
		expect_no_time(texts[i]);
}

Test(when, clamps_what_it_cannot_write)
{
	static const struct {
		int64_t time_s;
		const char *text;
	} times[] = {
	    {-1, "1970-01-01T00:00:00Z"},
	    {INT64_MIN, "1970-01-01T00:00:00Z"},
	    {END_S + 1, "9999-12-31T23:59:59Z"},
	    {INT64_MAX, "9999-12-31T23:59:59Z"},
	};

	for (size_t i = 0; i < COUNT(times); i++) {
		char text[WHEN_TEXT];

		when_format(times[i].time_s, text);
		cr_expect_str_eq(text, times[i].text);
	}
}

Test(when, is_the_same_in_every_time_zone)
{
	static const char *const zones[] = {
	    "Pacific/Kiritimati", "right/UTC", "EST5EDT"};

	for (size_t i = 0; i < COUNT(zones); i++) {
		char text[WHEN_TEXT];
		int64_t time_s = -7;

		cr_assert_eq(setenv("TZ", zones[i], 1), 0);
		tzset();
		cr_assert(when_parse("2026-11-01T00:00:00Z", &time_s));
		cr_expect_eq(time_s, 1793491200, "%s", zones[i]);
		when_format(1793491200, text);
		cr_expect_str_eq(text, "2026-11-01T00:00:00Z");
	}
}

static void
live_in(const char *zone)
{
	cr_assert_eq(setenv("TZ", zone, 1), 0);
	tzset();
}

/* The numbers come from date(1). Beirut and Havana change their clocks at
 * midnight; Apia had no 30 December in 2011. */
static const struct {
	const char *zone, *text;
	int64_t time_s;
	const char *said;
} local_times[] = {
    {"UTC", "2026-12-31", 1798675200, "Thu 2026-12-31 00:00 UTC"},
    {"UTC", "1970-01-01", 0, "Thu 1970-01-01 00:00 UTC"},
    {"UTC", "2026-12-31T18:05", 1798740300, "Thu 2026-12-31 18:05 UTC"},
    {"Europe/Berlin", "2026-12-31", 1798671600, "Thu 2026-12-31 00:00 CET"},
    {"Europe/Berlin", "2026-07-01 08:30", 1782887400,
	"Wed 2026-07-01 08:30 CEST"},
    {"Europe/Berlin", "2026-03-29 02:30", 1774746000,
	"Sun 2026-03-29 03:00 CEST"},
    {"Europe/Berlin", "2026-10-25 02:30", 1792888200,
	"Sun 2026-10-25 02:30 CEST"},
    {"Asia/Beirut", "2026-03-29", 1774735200, "Sun 2026-03-29 01:00 EEST"},
    {"America/Havana", "2026-11-01", 1793505600, "Sun 2026-11-01 00:00 CDT"},
    {"America/New_York", "2026-12-31", 1798693200, "Thu 2026-12-31 00:00 EST"},
    {"Asia/Kolkata", "2026-12-31", 1798655400, "Thu 2026-12-31 00:00 IST"},
    {"Pacific/Kiritimati", "2026-12-31", 1798624800,
	"Thu 2026-12-31 00:00 +14"},
    {"Pacific/Apia", "2011-12-31", 1325239200, "Sat 2011-12-31 00:00 +14"},
};

Test(when, reads_a_date_where_the_reader_is)
{
	for (size_t i = 0; i < COUNT(local_times); i++) {
		int64_t time_s = -7;
		char said[WHEN_SAID], minute[WHEN_MINUTE];

		live_in(local_times[i].zone);
		cr_expect(when_parse_local(local_times[i].text, &time_s),
		    "%s in %s", local_times[i].text, local_times[i].zone);
		cr_expect_eq(time_s, local_times[i].time_s,
		    "%s in %s is not %lld", local_times[i].text,
		    local_times[i].zone, (long long)time_s);
		when_say(local_times[i].time_s, said);
		cr_expect_str_eq(said, local_times[i].said);
		when_say_minute(local_times[i].time_s, minute);
		cr_expect_eq(strncmp(said + 4, minute, sizeof(minute) - 1), 0);
	}
}

Test(when, refuses_a_local_date_that_does_not_exist)
{
	static const struct {
		const char *zone, *text;
	} texts[] = {
	    {"UTC", ""},
	    {"UTC", "2026-02-30"},
	    {"UTC", "2026-13-01"},
	    {"UTC", "2026-12-31 24:00"},
	    {"UTC", "2026-12-31 8:00"},
	    {"UTC", "2026-12-31x08:00"},
	    {"UTC", "2026-12-31 08:00Z"},
	    {"UTC", "2026-12-31 "},
	    {"UTC", "31.12.2026"},
	    {"UTC", "1969-12-31"},
	    {"UTC", "tomorrow"},
	    {"UTC", "2026-12-\n1"},
	    {"Pacific/Apia", "2011-12-30"},
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		int64_t time_s = -7;

		live_in(texts[i].zone);
		cr_expect_not(when_parse_local(texts[i].text, &time_s),
		    "\"%s\" was read in %s", texts[i].text, texts[i].zone);
		cr_expect_eq(time_s, -7, "\"%s\"", texts[i].text);
	}
}

Test(when, says_any_number_as_a_time)
{
	static const int64_t times[] = {INT64_MIN, -1, 0, END_S, INT64_MAX};
	static const char *const zones[] = {
	    "UTC", "Pacific/Kiritimati", "America/New_York", "nonsense"};

	for (size_t i = 0; i < COUNT(zones) * COUNT(times); i++) {
		char minute[WHEN_MINUTE], said[WHEN_SAID];

		live_in(zones[i / COUNT(times)]);
		when_say_minute(times[i % COUNT(times)], minute);
		cr_expect_eq(strlen(minute), WHEN_MINUTE - 1, "%s", minute);
		when_say(times[i % COUNT(times)], said);
		cr_expect_gt(strlen(said), WHEN_MINUTE, "%s", said);
	}
}

Test(when, knows_a_duration_that_is_only_too_long)
{
	cr_expect(duration_is_too_long("10000d"));
	cr_expect(duration_is_too_long("99999999999999999999s"));
	cr_expect_not(duration_is_too_long("3650d"));
	cr_expect_not(duration_is_too_long("10000"));
	cr_expect_not(duration_is_too_long("10000w"));
	cr_expect_not(duration_is_too_long("0d"));
	cr_expect_not(duration_is_too_long("10000 d"));
	cr_expect_not(duration_is_too_long(""));
}

Test(when, reads_a_duration_of_one_number_and_one_unit)
{
	static const struct {
		const char *text;
		int64_t seconds;
	} durations[] = {
	    {"0s", 0},
	    {"1s", 1},
	    {"90s", 90},
	    {"15m", 900},
	    {"8h", 28800},
	    {"14d", 14 * DAY_S},
	    {"3650d", DURATION_MAX},
	    {"315360000s", DURATION_MAX},
	};

	for (size_t i = 0; i < COUNT(durations); i++) {
		int64_t seconds = -7;

		cr_expect(duration_parse(durations[i].text, &seconds), "%s",
		    durations[i].text);
		cr_expect_eq(
		    seconds, durations[i].seconds, "%s", durations[i].text);
	}
}

Test(when, refuses_any_other_duration)
{
	static const char *const texts[] = {
	    "",
	    "s",
	    "0",
	    "90",
	    "90 s",
	    " 90s",
	    "90s ",
	    "90S",
	    "8H",
	    "+90s",
	    "-90s",
	    "090s",
	    "00s",
	    "0m",
	    "0d",
	    "1.5h",
	    "1h30m",
	    "1w",
	    "1y",
	    "10ms",
	    "0x10s",
	    "1e3s",
	    "ten",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		int64_t seconds = -7;

		cr_expect_not(duration_parse(texts[i], &seconds),
		    "\"%s\" was read", texts[i]);
		cr_expect_eq(seconds, -7, "\"%s\"", texts[i]);
	}
}

Test(when, refuses_a_duration_of_more_than_ten_years)
{
	static const char *const texts[] = {
	    "3651d",
	    "87601h",
	    "5256001m",
	    "315360001s",
	    "315360000d",
	    "9223372036854775808s",
	    "18446744073709551617s",
	    "99999999999999999999999999999999d",
	};

	for (size_t i = 0; i < COUNT(texts); i++) {
		int64_t seconds = -7;

		cr_expect_not(duration_parse(texts[i], &seconds),
		    "\"%s\" was read", texts[i]);
		cr_expect_eq(seconds, -7, "\"%s\"", texts[i]);
	}
}

Test(when, writes_a_duration_in_the_largest_exact_unit)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} durations[] = {
	    {0, "0s"},
	    {59, "59s"},
	    {60, "1m"},
	    {90, "90s"},
	    {3600, "1h"},
	    {5400, "90m"},
	    {DAY_S, "1d"},
	    {12 * 3600, "12h"},
	    {36 * 3600, "36h"},
	    {DAY_S + 1, "86401s"},
	    {14 * DAY_S, "14d"},
	    {DURATION_MAX, "3650d"},
	};

	for (size_t i = 0; i < COUNT(durations); i++) {
		char text[DURATION_TEXT];
		int64_t seconds = -7;

		duration_format(durations[i].seconds, text);
		cr_expect_str_eq(text, durations[i].text);
		cr_expect(duration_parse(text, &seconds), "%s", text);
		cr_expect_eq(seconds, durations[i].seconds, "%s", text);
	}
}

Test(when, says_a_duration_in_two_units_and_never_rounds_up)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} durations[] = {
	    {-5, "0 seconds"},
	    {0, "0 seconds"},
	    {1, "1 second"},
	    {45, "45 seconds"},
	    {60, "1 minute"},
	    {61, "1 minute 1 second"},
	    {119, "1 minute 59 seconds"},
	    {3599, "59 minutes 59 seconds"},
	    {3600, "1 hour"},
	    {3659, "1 hour"},
	    {3660, "1 hour 1 minute"},
	    {DAY_S - 1, "23 hours 59 minutes"},
	    {DAY_S, "1 day"},
	    {DAY_S + 59 * 60, "1 day"},
	    {2 * DAY_S + 3 * 3600 + 3599, "2 days 3 hours"},
	    {DURATION_MAX, "3650 days"},
	    {INT64_MAX, "106751991167300 days 15 hours"},
	};

	for (size_t i = 0; i < COUNT(durations); i++) {
		char text[64];

		duration_say(durations[i].seconds, text, sizeof(text));
		cr_expect_str_eq(text, durations[i].text);
	}
}
