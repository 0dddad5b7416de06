#include "store/link/history.h"

#include <criterion/criterion.h>

#define MINUTE INT64_C(60000)
#define KEEP   (15 * MINUTE)

/* A fleet for some minutes, with ten writes in each: how often it compacted. */
static int
live(struct history *h, int64_t minutes, int64_t *ret_last)
{
	int compactions = 0;

	for (int64_t m = 1; m <= minutes; m++) {
		int64_t revision;

		history_note(h, m * 10, KEEP, m * MINUTE);
		revision = history_due(h, KEEP, 500, m * MINUTE);
		if (revision == 0)
			continue;
		compactions++;
		*ret_last = revision;
		cr_expect_leq(revision, (m - 15) * 10,
		    "minute %lld: younger than 15 minutes", (long long)m);
		cr_expect_geq(revision, (m - 16) * 10);
	}
	return compactions;
}

Test(history, is_compacted_each_five_minutes_to_fifteen_minutes_ago)
{
	struct history h = {.count = 0};
	int64_t last = 0;

	cr_expect_eq(live(&h, 116, &last), 21);
	cr_expect_eq(last, h.compacted);
}

Test(history, is_left_alone_for_the_first_fifteen_minutes)
{
	struct history h = {.count = 0};
	int64_t last = 0;

	cr_expect_eq(live(&h, 15, &last), 0);
}

Test(history, sets_links_apart)
{
	struct history early = {.count = 0}, late = {.count = 0};

	history_due(&early, KEEP, 0, 1);
	history_due(&late, KEEP, 1000, 1);
	cr_expect_eq(early.next_ms, 1 + 4 * MINUTE);
	cr_expect_eq(late.next_ms, 1 + 6 * MINUTE);
}

Test(history, is_not_compacted_twice_to_one_revision)
{
	struct history h = {.count = 0};

	history_note(&h, 7, KEEP, MINUTE);
	history_due(&h, KEEP, 500, MINUTE);
	cr_expect_eq(history_due(&h, KEEP, 500, 30 * MINUTE), 7);
	cr_expect_eq(history_due(&h, KEEP, 500, 40 * MINUTE), 0);
}

/* A compaction to a revision of before would throw away what is there now. */
Test(history, forgets_all_where_etcd_was_restored)
{
	struct history h = {.count = 0};

	history_due(&h, KEEP, 500, MINUTE);
	history_note(&h, 1000, KEEP, MINUTE);
	history_note(&h, 900, KEEP, 10 * MINUTE);
	cr_expect_eq(history_due(&h, KEEP, 500, 20 * MINUTE), 0);
	cr_expect_eq(history_due(&h, KEEP, 500, 30 * MINUTE), 900);
}

/* Three members under load: the leader answers first, the others are some
 * milliseconds behind, or answer before it. */
Test(history, takes_members_that_follow_for_one_etcd)
{
	static const int64_t behind[][3] = {
	    {0, 7, 3}, {5, 0, 9}, {2, 2, 0}, {0, 0, 0}};
	struct history h = {.count = 0};
	int64_t compacted = 0;

	for (int64_t m = 1; m <= 60; m++) {
		for (int i = 0; i < 3; i++)
			history_found(&h, m * 1000 - behind[m % 4][i]);
		history_polled(&h, KEEP, m * MINUTE);
		cr_expect_eq(h.samples[h.count - 1].revision, m * 1000);
		if (history_due(&h, KEEP, 500, m * MINUTE) != 0)
			compacted = h.compacted;
	}
	cr_expect_geq(compacted, 40 * 1000);
	/* Nobody answers, and then a restored etcd does. */
	history_polled(&h, KEEP, 61 * MINUTE);
	cr_expect_gt(h.count, 1);
	history_found(&h, 500);
	history_polled(&h, KEEP, 62 * MINUTE);
	cr_expect_eq(h.count, 1);
	cr_expect_eq(h.compacted, 0);
}

Test(history, has_room_for_all_that_it_needs)
{
	struct history h = {.count = 0};

	history_due(&h, KEEP, 500, 1);
	for (int64_t now = 1; now < 120 * MINUTE; now += 1000)
		history_note(&h, now, KEEP, now);
	cr_expect_leq(h.count, HISTORY_SAMPLES);
	cr_expect_geq(history_due(&h, KEEP, 500, 120 * MINUTE), 104 * MINUTE);
}
