/*
 * Nobody waits for a cluster that does not answer, and all is well again soon
 * after it does.
 */
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/scenario/fleet.h"
#include "tests/support/talk.h"

Fleets(link_away);

#define WAITING 200

static const char get_users[] = "{\"op\":\"get\",\"key\":\"users/u\","
				"\"with\":[],\"wait_ms\":3000}";

static void
dial_many(const struct link *l, int fds[WAITING])
{
	for (int i = 0; i < WAITING; i++) {
		fds[i] = link_dial(l);
		cr_assert_geq(fds[i], 0);
	}
}

/* All ask at once; returns how many were answered with status, and the time of
 * the last answer. */
static int
all_ask(const int fds[WAITING], const char *status, int *ret_ms)
{
	long long start = run_clock_ms();
	int n = 0;

	for (int i = 0; i < WAITING; i++)
		cr_assert(talk_send(fds[i], get_users, strlen(get_users)));
	for (int i = 0; i < WAITING; i++) {
		const char *answer = talk_receive(fds[i], 20000);

		n += answer != NULL &&
		    strcmp(talk_word(answer, "status"), status) == 0;
	}
	*ret_ms = (int)(run_clock_ms() - start);
	return n;
}

/* Asks until the answer is "ok"; returns how long that took. */
static int
well_after_ms(int fd)
{
	long long start = run_clock_ms();
	struct link_answer a;

	do {
		a = link_get(fd, "users/u");
		cr_assert_lt(run_clock_ms() - start, 60000, "%s", a.all);
		run_sleep_ms(20);
	} while (!link_is(&a, "ok"));
	return (int)(run_clock_ms() - start);
}

Test(link_away, two_hundred_are_answered_while_nobody_leads)
{
	struct cluster *c;
	struct link *l;
	int fds[WAITING], first_ms, later_ms, ms;
	long long lost_at;
	struct link_answer a;

	needs_link();
	c = cluster_open(.nodes = 3);
	l = link_open(.cluster = c);
	dial_many(l, fds);
	cr_assert_eq(all_ask(fds, "ok", &ms), WAITING);
	lost_at = run_clock_ms();
	cluster_kill(c, 1);
	cluster_kill(c, 2);
	cr_assert_eq(all_ask(fds, "away", &first_ms), WAITING);
	/* The deadline of each is 4 s; the rest is for this machine. */
	cr_assert_lt(first_ms, 6000);
	cr_assert_eq(all_ask(fds, "away", &later_ms), WAITING);
	cr_assert_lt(later_ms, 1500);
	while (run_clock_ms() - lost_at < 30000) {
		a = link_get(fds[0], "users/u");
		cr_assert(link_is(&a, "away"), "%s", a.all);
		cr_assert_lt(a.took_ms, 1000);
		assert_says(a.why, "answer");
		run_sleep_ms(200);
	}
	cluster_restart(c, 1);
	cluster_restart(c, 2);
	cr_assert_lt(well_after_ms(fds[0]), 5000);
	cr_assert_eq(all_ask(fds, "ok", &ms), WAITING);
	cr_log_info("200 at once: first %d ms, later %d ms, well %d ms",
	    first_ms, later_ms, ms);
}

#define PATIENCE_MS 30000

static struct link_answer
ask_patiently(int fd)
{
	return link_get_within(fd, "users/u", PATIENCE_MS);
}

/* Where two of three take no connection no leader can be elected, and nobody waits
 * for one. Where two of three are silent, one of them may be. */
Test(link_away, no_majority_to_connect_to_is_said_at_once)
{
	struct cluster *c;
	struct link_answer a;
	int fd;

	needs_link();
	c = cluster_open(.nodes = 3);
	fd = link_dial(link_open(.cluster = c));
	a = ask_patiently(fd);
	cr_assert(link_is(&a, "ok"), "%s", a.all);
	cluster_kill(c, 0);
	cluster_kill(c, 1);
	a = ask_patiently(fd);
	cr_assert(link_is(&a, "away"), "%s", a.all);
	cr_assert_lt(a.took_ms, PATIENCE_MS / 2);
	cr_log_info("after %d ms", a.took_ms);
	a = ask_patiently(fd);
	cr_assert(link_is(&a, "away"), "%s", a.all);
	cr_assert_lt(a.took_ms, 1000);
	cluster_restart(c, 0);
	cluster_restart(c, 1);
	cr_assert_lt(well_after_ms(fd), 5000);
	cluster_hang(c, 0);
	cluster_hang(c, 1);
	a = link_get_within(fd, "users/u", 3500);
	cr_assert(link_is(&a, "away"), "%s", a.all);
	cr_assert_geq(a.took_ms, 3400);
}

/* A write that was asked for while nobody led is not done afterwards, or is
 * said to be in doubt. */
Test(link_away, write_that_is_away_is_never_done)
{
	struct cluster *c;
	struct link *l;
	struct link_answer a, b;
	int fd;

	needs_link();
	c = cluster_open(.nodes = 3);
	l = link_open(.cluster = c);
	fd = link_dial(l);
	a = link_put(fd, "users/u", "0", "one");
	cr_assert(link_is(&a, "ok"), "%s", a.all);
	cluster_kill(c, 1);
	cluster_kill(c, 2);
	b = link_put(fd, "users/u", a.mark, "two");
	cr_assert(link_is(&b, "away") || link_is(&b, "unsure"), "%s", b.all);
	for (int i = 0; i < 30 && !link_is(&b, "away"); i++)
		b = link_put(fd, "users/u", a.mark, "three");
	cr_assert(link_is(&b, "away"), "%s", b.all);
	cluster_restart(c, 1);
	cluster_restart(c, 2);
	well_after_ms(fd);
	a = link_get(fd, "users/u");
	cr_assert_str_neq(a.value, cluster_base64("three"));
}

Test(link_away, link_starts_while_nobody_answers)
{
	struct cluster *c;
	struct link *l;
	struct link_answer a;

	needs_link();
	c = cluster_open(.nodes = 3);
	for (int i = 0; i < 3; i++)
		cluster_kill(c, i);
	l = link_open(.cluster = c);
	a = link_get(link_dial(l), "users/u");
	cr_assert(link_is(&a, "away"), "%s", a.all);
	for (int i = 0; i < 3; i++)
		cluster_restart(c, i);
	cr_assert_lt(well_after_ms(link_dial(l)), 5000);
}

/* The next endpoint is asked, and nobody notices. */
Test(link_away, one_node_of_three_is_no_loss)
{
	struct cluster *c;
	struct link *l;
	int fd, first;

	needs_link();
	c = cluster_open(.nodes = 3);
	first = (cluster_leader(c) + 1) % 3;
	l = link_open(.cluster = c, .first = first);
	fd = link_dial(l);
	for (int way = 0; way < 2; way++) {
		struct link_answer a;

		if (way == 0)
			cluster_kill(c, first);
		else
			cluster_hang(c, first);
		for (int i = 0; i < 20; i++) {
			a = link_get(fd, "users/u");
			cr_assert(link_is(&a, "ok"), "%s", a.all);
			a = link_put(fd, "users/u", a.mark, "one");
			cr_assert(link_is(&a, "ok"), "%s", a.all);
		}
		cr_assert_lt(a.took_ms, 600);
		if (way == 0)
			cluster_restart(c, first);
		else
			cluster_wake(c, first);
	}
}

/* How many connections to a member's port are open. */
static int
open_connections(const struct link *l, const char *url)
{
	char *tables = read_text(text("/proc/%d/net/tcp", (int)l->pid));
	char *port = text(":%04X 01", atoi(strrchr(url, ':') + 1));
	int n = 0;

	for (char *at = tables; (at = strstr(at, port)) != NULL; at++)
		n++;
	return n;
}

/* The link's own requests need not wait for users' that hang: sixteen of these
 * are tried at once. */
Test(link_away, hanging_requests_leave_room_for_its_own)
{
	static const char status[] = "{\"op\":\"status\"}";
	struct cluster *c;
	struct link *l;
	int fds[WAITING], fd, most = 0;

	needs_link();
	c = cluster_open(.nodes = 1);
	l = link_open(.cluster = c);
	dial_many(l, fds);
	fd = link_dial(l);
	cluster_hang(c, 0);
	for (int i = 0; i < WAITING; i++)
		cr_assert(talk_send(fds[i], get_users, strlen(get_users)));
	cr_assert(talk_send(fd, status, strlen(status)));
	for (int i = 0; i < 100 && most <= 16; i++) {
		int n = open_connections(l, c->node[0].url);

		most = n > most ? n : most;
		run_sleep_ms(10);
	}
	cluster_wake(c, 0);
	cr_expect_gt(most, 16);
	cr_expect_leq(most, 20);
}
