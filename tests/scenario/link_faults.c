/*
 * The cluster's leader is lost again and again while many write, and nothing of
 * what they were told is lost. An election takes 1 to 2 s. If two nodes vote for
 * themselves it takes as long again, and then some are told "away".
 */
#include "tests/scenario/fleet.h"
#include "tests/support/server.h"

Fleets(link_faults);

#define WRITERS 20

static struct cluster *c;
static struct link *links[2];

static struct writers *
many_write(void)
{
	struct writers *w;

	c = cluster_open(.nodes = 3, .auth = true);
	links[0] = link_open(.cluster = c, .first = 0);
	links[1] = link_open(.cluster = c, .first = 1);
	w = writers_start(links, 2, WRITERS);
	writers_progress(w, 3);
	return w;
}

static void
nothing_was_lost(struct writers *w)
{
	struct account sum = writers_stop(w);

	cr_log_info("acknowledged %ld, away %ld, longest %d ms",
	    sum.acknowledged, sum.away, sum.longest_ms);
	cr_assert_eq(sum.lost, 0);
	cr_assert_eq(sum.failed, 0, "%ld failed: %s", sum.failed, sum.words);
	cr_assert_eq(sum.cut_off, 0, "%s", sum.words);
}

Test(link_faults, leader_is_killed_ten_times)
{
	struct writers *w;

	int unnoticed = 0;

	needs_link();
	w = many_write();
	for (int i = 0; i < 10; i++) {
		int leader = cluster_leader(c);
		long away = writers_away(w);

		cluster_kill(c, leader);
		writers_progress(w, 2);
		unnoticed += writers_away(w) == away;
		cluster_restart(c, leader);
	}
	nothing_was_lost(w);
	cr_log_info("%d of 10 were not noticed", unnoticed);
	cr_assert_gt(unnoticed, 0);
}

Test(link_faults, leader_hangs_three_times)
{
	struct writers *w;

	needs_link();
	w = many_write();
	for (int i = 0; i < 3; i++) {
		int leader = cluster_leader(c);

		cluster_hang(c, leader);
		run_sleep_ms(6000);
		writers_progress(w, 2);
		cluster_wake(c, leader);
		cluster_await(c);
	}
	nothing_was_lost(w);
}

Test(link_faults, leader_is_cut_off_three_times)
{
	struct writers *w;

	needs_link();
	w = many_write();
	for (int i = 0; i < 3; i++) {
		int leader = cluster_leader(c);

		cluster_cut_off(c, leader);
		run_sleep_ms(7000);
		writers_progress(w, 2);
		cluster_plug_in(c, leader);
		cluster_await(c);
	}
	nothing_was_lost(w);
}

Test(link_faults, slow_node_holds_nobody_up)
{
	struct writers *w;
	pid_t slow;

	needs_link();
	w = many_write();
	slow = cluster_slow(c, 0, 300);
	run_sleep_ms(8000);
	writers_progress(w, 5);
	server_stop(&slow);
	nothing_was_lost(w);
}

/* Its clients lose their connection, and what they were told is there. */
Test(link_faults, link_is_killed_five_times)
{
	struct account sum;
	struct writers *w;

	needs_link();
	w = many_write();
	for (int i = 0; i < 5; i++) {
		link_kill(links[0]);
		writers_progress(w, 1);
		link_again(links[0]);
		writers_progress(w, 4);
	}
	sum = writers_stop(w);
	cr_assert_eq(sum.lost, 0);
	cr_assert_eq(sum.failed, 0, "%ld failed: %s", sum.failed, sum.words);
	cr_assert_gt(sum.cut_off, 0);
}
