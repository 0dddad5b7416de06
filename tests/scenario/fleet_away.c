/*
 * Users whom the policy exempts, while the cluster is away: at a bastion whose
 * store.json lets them in, and at one whose does not; and users with a hardware
 * key, who are no such users.
 */
#include "tests/scenario/fleet.h"
#include "tests/scenario/hardware.h"

Fleets(fleet_away);

static void
expect_login(
    const struct bastion *b, const char *user, int status, const char *words)
{
	struct run *r = ssh_run(b, user, NULL, "echo inside", "");

	assert_status(r, status);
	assert_says(r->err, words);
	cr_assert_str_eq(r->out, status == 0 ? "inside\n" : "");
}

/* The link finds soon that etcd is there again. */
static void
await_link(const struct bastion *b)
{
	for (int i = 0; i < 50; i++) {
		if (bastion_admin(b, ARGV("policy", "show"))->status == 0)
			return;
		run_sleep_ms(100);
	}
}

Test(fleet_away, exempt_users_come_in_where_it_is_said)
{
	static const char rules[] =
	    "{'name':'robots','users':['alice'],'mode':'exempt'}," REQUIRED;
	struct cluster *c;
	struct bastion *one, *two;

	needs_link();
	c = cluster_open(.nodes = 1);
	one = bastion_open(.rules = rules,
	    .fleet = link_open(.cluster = c,
		.more = ",'away':{'exempt':'pass'}"));
	two = bastion_open(.rules = rules, .fleet = link_open(.cluster = c));
	expect_login(one, "alice", 0, "");
	expect_login(two, "alice", 0, "");
	cluster_kill(c, 0);
	expect_login(one, "alice", 0, "");
	expect_login(one, "carol", 75, "does not answer");
	expect_login(two, "alice", 75, "does not answer");
	assert_says(fixture_audit(one), "the fleet's store is away");
	/* Withdrawn while nobody hears of it: felt as soon as it is back. */
	cluster_restart(c, 0);
	cluster_await(c);
	await_link(two);
	assert_status(bastion_admin(two, ARGV("--yes", "disable", "alice")), 0);
	expect_login(one, "alice", 77, "you have no device");
	cluster_kill(c, 0);
	expect_login(one, "alice", 75, "does not answer");
}

/* A question changes nothing, and a local user's record is here. */
Test(fleet_away, local_users_are_explained_and_listed)
{
	struct cluster *c;
	struct bastion *b;
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 1);
	b = bastion_open(.rules = REQUIRED,
	    .fleet = link_open(.cluster = c, .more = ",'local':['bob']"));
	expect_login(b, "carol", 77, "you have no device");
	cluster_kill(c, 0);
	expect_login(b, "carol", 75, "does not answer");
	assert_status(bastion_admin(b, ARGV("explain", "bob")), 0);
	r = bastion_admin(b, ARGV("users", "bob"));
	assert_status(r, 0);
	assert_says(r->out, "bob");
	r = bastion_admin(b, ARGV("explain", "carol"));
	assert_status(r, 1);
	assert_says(r->err,
	    "does not answer: nothing can be looked up or "
	    "changed");
}

/* Only the fleet knows if the user is blocked. */
Test(fleet_away, hardware_key_is_enough_while_the_fleet_is_there)
{
	const char *user = "user210", *key;
	struct cluster *c;
	struct bastion *b;
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 1);
	b = bastion_open(.rules = WORTH("enough"), .more = HARDWARE_KEYS,
	    .before = BEFORE,
	    .fleet = link_open(.cluster = c,
		.more = ",'away':{'exempt':'pass'}"));
	key = sk_new(b, "ed25519-sk", NULL);
	write_text(roots_file(user), sk_line("", key));
	fleet_device(b, user);
	assert_enough(by_key(b, user, key));
	assert_asked(by_software(b, user));
	cluster_kill(c, 0);
	r = by_key(b, user, key);
	assert_status(r, 75);
	assert_says(r->err, "does not answer");
}
