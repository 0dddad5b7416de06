/*
 * One value is taken once, whatever becomes of the cluster meanwhile: writers
 * at several links put over what all of them have read.
 */
#include "tests/scenario/fleet.h"

Fleets(link_races);

#define ROUNDS 1000

static void
is_won_once(const struct race *race, int n)
{
	cr_assert_eq(race->twice, 0);
	cr_assert_eq(
	    race->once, ROUNDS, "none %d, other %d", race->none, race->other);
	cr_assert_eq(race->other, 0);
	for (int i = 0; i < n; i++)
		cr_assert_gt(race->wins[i], 0, "%d never wins", i);
}

Test(link_races, two_bastions_take_one_value_once)
{
	struct cluster *c;
	struct link *links[2];
	struct race race;

	needs_link();
	c = cluster_open(.nodes = 3);
	links[0] = link_open(.cluster = c, .first = 0);
	links[1] = link_open(.cluster = c, .first = 1);
	race = writers_race(links, 2, ROUNDS);
	is_won_once(&race, 2);
}

Test(link_races, three_bastions_take_one_value_once)
{
	struct cluster *c;
	struct link *links[3];
	struct race race;

	needs_link();
	c = cluster_open(.nodes = 3, .auth = true);
	for (int i = 0; i < 3; i++)
		links[i] = link_open(.cluster = c, .first = i);
	race = writers_race(links, 3, ROUNDS);
	is_won_once(&race, 3);
}

/* Keepers of one bastion share a link. */
Test(link_races, two_writers_at_one_link_take_one_value_once)
{
	struct cluster *c;
	struct link *links[2];
	struct race race;

	needs_link();
	c = cluster_open(.nodes = 1);
	links[0] = links[1] = link_open(.cluster = c);
	race = writers_race(links, 2, ROUNDS);
	is_won_once(&race, 2);
}
