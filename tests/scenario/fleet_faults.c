/*
 * Faults below two bastions while people log in at them: the cluster loses its
 * leader or its quorum, a node is slow, a link is killed.  Everybody is
 * answered, no code is good twice, and none is lost.
 */
#include <stdlib.h>
#include <unistd.h>

#include "tests/scenario/fleet.h"
#include "tests/support/crowd.h"
#include "tests/support/server.h"

Fleets(fleet_faults);

#define LOGINS 200
#define SOME   40
#define LOST_S 6 /* longer than any request is waited for */

static struct cluster *c;
static struct link *links[2];
static struct bastion *both[2];

static void
two_bastions(void)
{
	c = cluster_open(.nodes = 3, .auth = true);
	for (int i = 0; i < 2; i++) {
		links[i] = link_open(.cluster = c, .first = i,
		    .more = ",'local':['bob']");
		both[i] = bastion_open(.rules = REQUIRED, .fleet = links[i]);
	}
}

static void
is_told(const struct bastion *b, const char *user, const char *code, int status,
    const char *words)
{
	struct run *r = ssh_with_code(b, user, code, "echo inside");

	assert_status(r, status);
	assert_says(r->err, words);
	cr_assert_str_eq(r->out, status == 0 ? "inside\n" : "");
}

/* Nobody was left without an answer, and no code was good twice; whoever was told
 * that nothing was done could use the code later. */
static void
no_code_is_lost_or_good_twice(struct crowd *all)
{
	cr_assert_eq(
	    crowd_count(all, CROWD_NOTHING), 0, "%s", crowd_words(all));
	cr_assert_eq(crowd_robbed(all), 0, "%s", crowd_words(all));
	cr_assert_eq(crowd_passes_again(all), 0);
}

/* Those who did not pass try until etcd is well; they have 5 s for it. */
static void
all_are_let_in_soon(struct crowd *all)
{
	long long start = run_clock_ms();

	do {
		crowd_begin(all, 100);
		crowd_end(all);
		cr_assert_eq(crowd_count(all, CROWD_NOTHING), 0);
		cr_assert_lt(run_clock_ms() - start, 5000, "%d away: %s",
		    crowd_count(all, CROWD_AWAY), crowd_words(all));
	} while (crowd_count(all, CROWD_AWAY) > 0 ||
	    crowd_count(all, CROWD_UNSURE) > 0);
}

/* Quorum is lost while they log in, and stays lost for longer than anybody waits:
 * what is told after that would be told after 30 s, too. */
Test(fleet_faults, quorum_is_lost_under_two_hundred_logins)
{
	struct crowd *all;
	const char *of_bob, *of_erin;
	uint64_t step;
	long long lost_at;
	int passed;

	needs_link();
	two_bastions();
	of_bob = text("%s", crowd_code(both[0], "bob"));
	of_erin = fleet_device(both[0], "erin");
	all = crowd_gather(both, 2, LOGINS);
	step = step_now() + 1;
	crowd_begin(all, 1500);
	run_sleep_ms(500);
	lost_at = run_clock_ms();
	cluster_kill(c, 0);
	cluster_kill(c, 2);
	crowd_end(all);
	passed = crowd_count(all, CROWD_PASS);
	cr_assert_eq(
	    crowd_count(all, CROWD_NOTHING), 0, "%s", crowd_words(all));
	cr_log_info("away: first %d ms", crowd_longest_ms(all, CROWD_AWAY));
	cr_assert_gt(passed, 0);
	cr_assert_lt(passed, LOGINS);
	do {
		crowd_begin(all, 100);
		crowd_end(all);
		cr_assert_eq(crowd_count(all, CROWD_AWAY), LOGINS - passed,
		    "%s", crowd_words(all));
	} while (run_clock_ms() - lost_at < LOST_S * 1000);
	cr_log_info("away: later %d ms", crowd_longest_ms(all, CROWD_AWAY));
	for (int i = 0; i < 2; i++)
		is_told(both[i], "erin", code_at(of_erin, step), 75,
		    "The store that the bastions share does not answer: try "
		    "again in a minute.");
	is_told(both[0], "bob", of_bob, 0, "");
	assert_says(fixture_audit(both[0]), "store_away");
	cluster_restart(c, 0);
	cluster_restart(c, 2);
	cluster_await(c);
	all_are_let_in_soon(all);
	no_code_is_lost_or_good_twice(all);
	is_told(both[1], "erin", code_at(of_erin, step), 0, "");
	is_told(both[0], "erin", code_at(of_erin, step), 77, "already used");
}

enum loss { KILLED, HUNG, CUT_OFF };

static void
lose(enum loss loss, int node)
{
	if (loss == KILLED)
		cluster_kill(c, node);
	else if (loss == HUNG)
		cluster_hang(c, node);
	else
		cluster_cut_off(c, node);
}

static void
give_back(enum loss loss, int node)
{
	if (loss == KILLED)
		cluster_restart(c, node);
	else if (loss == HUNG)
		cluster_wake(c, node);
	else
		cluster_plug_in(c, node);
	cluster_await(c);
}

/* People come before, during and after the election: all get in. */
static void
leader_is(enum loss loss)
{
	struct crowd *all;
	int leader;

	two_bastions();
	for (int i = 0; i < 2; i++) {
		all = crowd_gather(both, 2, SOME);
		leader = cluster_leader(c);
		crowd_begin(all, 2500);
		run_sleep_ms(200);
		lose(loss, leader);
		crowd_end(all);
		cr_log_info("longest %d ms, %d away, %d unsure: %s",
		    crowd_longest_ms(all, CROWD_PASS),
		    crowd_count(all, CROWD_AWAY),
		    crowd_count(all, CROWD_UNSURE), crowd_words(all));
		cr_assert_eq(
		    crowd_count(all, CROWD_PASS), SOME, "%s", crowd_words(all));
		give_back(loss, leader);
		no_code_is_lost_or_good_twice(all);
	}
}

Test(fleet_faults, leader_is_killed_under_logins)
{
	needs_link();
	leader_is(KILLED);
}

Test(fleet_faults, leader_hangs_under_logins)
{
	needs_link();
	leader_is(HUNG);
}

Test(fleet_faults, leader_is_cut_off_under_logins)
{
	needs_link();
	leader_is(CUT_OFF);
}

/* 300 ms of each second. */
Test(fleet_faults, slow_node_turns_nobody_away)
{
	struct crowd *all;
	pid_t slow;

	needs_link();
	two_bastions();
	all = crowd_gather(both, 2, SOME);
	slow = cluster_slow(c, 0, 300);
	crowd_begin(all, 3000);
	crowd_end(all);
	server_stop(&slow);
	cr_assert_eq(
	    crowd_count(all, CROWD_PASS), SOME, "%s", crowd_words(all));
	no_code_is_lost_or_good_twice(all);
}

/* A write that the link had passed on when it died may be done: the keeper finds
 * that out from the next link. */
Test(fleet_faults, link_is_killed_while_codes_are_judged)
{
	struct crowd *all;

	needs_link();
	two_bastions();
	all = crowd_gather(both, 2, SOME);
	crowd_begin(all, 2000);
	for (int i = 0; i < 4; i++) {
		run_sleep_ms(400);
		link_kill(links[i % 2]);
		run_sleep_ms(100);
		link_again(links[i % 2]);
	}
	crowd_end(all);
	cr_log_info("%d away, %d unsure", crowd_count(all, CROWD_AWAY),
	    crowd_count(all, CROWD_UNSURE));
	cr_assert_gt(crowd_count(all, CROWD_PASS), SOME / 2);
	all_are_let_in_soon(all);
	no_code_is_lost_or_good_twice(all);
}
