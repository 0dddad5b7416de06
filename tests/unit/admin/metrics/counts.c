#include "admin/metrics/counts.h"

#include <stdio.h>
#include <string.h>

#include <criterion/criterion.h>

#include "tests/unit/fixture.h"

/* A line, as "EVENT VERDICT REASON". */
static struct audit
line_of(int64_t time_s, const char *words)
{
	struct audit line = {.time_s = time_s};

	cr_assert_eq(sscanf(words, "%32s %11s %32s", line.event, line.verdict,
			 line.reason),
	    3);
	return line;
}

/* The log: lines at these times, each a login that a code let in. */
struct log {
	int64_t time_s[64];
	size_t count;
};

static void
log_add(struct log *log, int64_t time_s)
{
	log->time_s[log->count++] = time_s;
}

static void
run_at(struct counts *counts, const struct log *log, int64_t now_s)
{
	struct counting counting;

	counting_begin(&counting, counts, now_s);
	for (size_t i = 0; i < log->count; i++) {
		struct audit line = line_of(log->time_s[i], "login pass code");

		if (line.time_s >= counting_since(&counting))
			counting_line(&counting, &line);
	}
	counting_end(&counting, counts);
}

static int64_t
passes(const struct counts *counts)
{
	return counts->logins[COUNT_PASS][REASON_CODE];
}

Test(metrics_counts, logins_are_counted_by_verdict_and_reason)
{
	static const char *const lines[] = {"login pass code",
	    "login pass remembered", "login deny wrong_code",
	    "verify deny wrong_code", "session pass code",
	    "session deny key_tmp", "login challenge ask",
	    "login deny no_such_word", "enroll pass enrolled",
	    "policy - wrong_code", "login oops code"};
	struct counts counts = {.since_s = 0};

	for (size_t i = 0; i < COUNT(lines); i++) {
		struct audit line = line_of(NOW_S + (int64_t)i, lines[i]);

		line.suppressed = i == 2 ? 40 : 0;
		counts_add(&counts, &line);
	}
	cr_expect_eq(passes(&counts), 1);
	cr_expect_eq(counts.logins[COUNT_PASS][REASON_REMEMBERED], 1);
	cr_expect_eq(counts.logins[COUNT_DENY][REASON_WRONG_CODE], 1);
	cr_expect_eq(counts.logins[COUNT_DENY][REASON_NONE], 1);
	cr_expect_eq(counts.logins[COUNT_PASS][REASON_ENROLLED], 0);
	cr_expect_eq(counts.logins[COUNT_DENY][REASON_KEY_TMP], 0);
	cr_expect_eq(counts.wrong_codes, 3);
	cr_expect_eq(counts.unlogged, 40);
	cr_expect_eq(counts.last_pass_s, NOW_S + 1);
}

Test(metrics_counts, counter_begins_at_zero_and_counts_each_line_once)
{
	struct counts counts = {.since_s = 0};
	struct log log = {.count = 0};

	log_add(&log, NOW_S - 5);
	log_add(&log, NOW_S);
	run_at(&counts, &log, NOW_S);
	cr_assert_eq(passes(&counts), 0);
	cr_assert_eq(counts.last_pass_s, NOW_S);
	run_at(&counts, &log, NOW_S);
	cr_assert_eq(passes(&counts), 0);
	/* in the second of a line that was counted */
	log_add(&log, NOW_S);
	log_add(&log, NOW_S);
	run_at(&counts, &log, NOW_S + 1);
	cr_assert_eq(passes(&counts), 2);
	run_at(&counts, &log, NOW_S + 60);
	cr_assert_eq(passes(&counts), 2);
	log_add(&log, NOW_S + 60);
	/* days later: the place moves on */
	for (int day = 1; day < 9; day++) {
		log_add(&log, NOW_S + day * 86400LL + 7);
		run_at(&counts, &log, NOW_S + (day + 1) * 86400LL);
		cr_assert_eq(passes(&counts), 3 + day, "day %d: %d", day,
		    (int)passes(&counts));
	}
	cr_assert_eq(counts.missing, 0);
}

/* Old files go, by age or by hand; then the order begins later. */
Test(metrics_counts, old_lines_that_go_change_nothing)
{
	struct counts counts = {.since_s = 0};
	struct log log = {.count = 0};

	run_at(&counts, &log, NOW_S - 10 * 86400LL);
	for (int i = 0; i < 20; i++)
		log_add(&log, NOW_S - (20 - i) * 86400LL / 4);
	run_at(&counts, &log, NOW_S);
	cr_assert_eq(passes(&counts), 20);
	memmove(log.time_s, log.time_s + 10, 10 * sizeof(log.time_s[0]));
	log.count = 10;
	log_add(&log, NOW_S + 1);
	run_at(&counts, &log, NOW_S + 1);
	cr_assert_eq(passes(&counts), 21);
	cr_assert_eq(counts.missing, 0);
}

/* Also one that goes back by more than what is read again. */
Test(metrics_counts, clock_that_goes_back_loses_no_line)
{
	static const int64_t backs_s[] = {1, 3600, 86399, 86400, 30 * 86400};

	for (size_t i = 0; i < COUNT(backs_s); i++) {
		struct counts counts = {.since_s = 0};
		struct log log = {.count = 0};
		int64_t now_s = NOW_S;

		log_add(&log, now_s - 90000);
		log_add(&log, now_s - 5);
		run_at(&counts, &log, now_s);
		log_add(&log, now_s);
		run_at(&counts, &log, now_s);
		cr_assert_eq(passes(&counts), 1);
		now_s -= backs_s[i];
		log_add(&log, now_s);
		log_add(&log, now_s + 1);
		run_at(&counts, &log, now_s + 2);
		cr_expect_eq(passes(&counts), 3, "back by %lld: %lld",
		    (long long)backs_s[i], (long long)passes(&counts));
		log_add(&log, now_s + 3);
		run_at(&counts, &log, now_s + 4);
		cr_expect_eq(passes(&counts), 4, "back by %lld: %lld",
		    (long long)backs_s[i], (long long)passes(&counts));
		/* and forward again */
		log_add(&log, NOW_S + 60);
		run_at(&counts, &log, NOW_S + 60);
		run_at(&counts, &log, NOW_S + 120);
		cr_expect_eq(passes(&counts), 5, "back by %lld: %lld",
		    (long long)backs_s[i], (long long)passes(&counts));
	}
}

Test(metrics_counts, lines_that_were_counted_and_are_gone_are_said)
{
	struct counts counts = {.since_s = 0};
	struct log log = {.count = 0};

	run_at(&counts, &log, NOW_S - 60);
	for (int i = 0; i < 5; i++)
		log_add(&log, NOW_S - 50 + i);
	run_at(&counts, &log, NOW_S);
	cr_assert_eq(passes(&counts), 5);
	log.count = 2;
	log_add(&log, NOW_S + 5);
	run_at(&counts, &log, NOW_S + 10);
	cr_assert_eq(counts.missing, 2);
	cr_assert_eq(passes(&counts), 6);
	run_at(&counts, &log, NOW_S + 20);
	cr_assert_eq(counts.missing, 2);
	cr_assert_eq(passes(&counts), 6);
}
