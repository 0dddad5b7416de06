/*
 * Somebody has etcd, by its password or its backups, and not the fleet's key:
 * what they put back lets nobody in, and what they spoil keeps no local user
 * out.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/scenario/fleet.h"
#include "tests/support/code.h"

Fleets(fleet_taken);

#define POLICY CLUSTER_PREFIX "policy"
#define ALICE  CLUSTER_PREFIX "users/alice"

static struct cluster *c;
static struct bastion *one, *two;

static struct bastion *
open_bastion(void)
{
	return bastion_open(.rules = REQUIRED,
	    .more = "'enrollment':{'self':'code'}",
	    .fleet = link_open(.cluster = c, .more = ",'local':['bob']"));
}

static void
two_bastions(void)
{
	c = cluster_open(.nodes = 1);
	one = open_bastion();
	two = open_bastion();
}

static struct cluster_answer
ask(const char *path, const char *body)
{
	struct cluster_answer answer = cluster_ask(
	    c, 0, "client", NULL, path, body);

	cr_assert_eq(answer.status, 200, "%s: %s", path, answer.body);
	return answer;
}

/* The sealed text of a key, in base64. */
static char *
sealed_at(const char *key)
{
	struct cluster_answer answer = ask(
	    "kv/range", text("{\"key\":\"%s\"}", cluster_base64(key)));

	return text("%s", talk_word(answer.body, "value"));
}

static void
put_sealed(const char *key, const char *sealed)
{
	ask("kv/put",
	    text("{\"key\":\"%s\",\"value\":\"%s\"}", cluster_base64(key),
		sealed));
}

static void
expect_login(
    const struct bastion *b, const char *user, int status, const char *words)
{
	struct run *r = ssh_run(b, user, NULL, "echo inside", "");

	assert_status(r, status);
	assert_says(r->err, words);
	cr_assert_str_eq(r->out, status == 0 ? "inside\n" : "");
}

static void
is_told(
    const struct bastion *b, const char *code, int status, const char *words)
{
	struct run *r = ssh_with_code(b, "alice", code, "echo inside");

	assert_status(r, status);
	assert_says(r->err, words);
	cr_assert_str_eq(r->out, status == 0 ? "inside\n" : "");
}

static void
admin_does(const struct bastion *b, const char *const args[])
{
	assert_status(bastion_admin(b, args), 0);
}

/* Puts a backup back that is of this moment, and accepts it; the breaker of a
 * link may be open for a moment. */
static void
restore_and_accept(void)
{
	char *saved = text("%s/saved", c->dir);
	struct run *r = NULL;

	cluster_save(c, saved);
	cluster_restore(c, saved, true);
	for (int i = 0; i < 40 && (r == NULL || r->status != 0); i++) {
		if (r != NULL)
			run_sleep_ms(250);
		r = bastion_admin(one,
		    ARGV("--yes", "store", "--link", one->fleet->socket,
			"--folder", one->store, "accept-restore"));
	}
	assert_status(r, 0);
}

/* By an old policy somebody would come in without a code who needs one now. */
Test(fleet_taken, older_policy_is_refused_also_after_a_restore)
{
	char *before;

	needs_link();
	two_bastions();
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	expect_login(one, "alice", 0, "");
	expect_login(two, "alice", 0, "");
	before = sealed_at(POLICY);
	admin_does(one, ARGV("disable", "alice", "--yes"));
	expect_login(two, "alice", 77, "you have no device");
	restore_and_accept();
	expect_login(one, "alice", 77, "you have no device");
	put_sealed(POLICY, before);
	expect_login(one, "alice", 77, "older state");
	expect_login(two, "alice", 77, "older state");
}

/* A bastion where the user was not since the restore believes no less than it
 * saw before. */
Test(fleet_taken, revoked_device_stays_revoked_also_after_a_restore)
{
	const char *secret;
	uint64_t step = step_fresh(15);
	char *before;

	needs_link();
	two_bastions();
	secret = fleet_device(one, "alice");
	is_told(one, code_at(secret, step - 1), 0, "");
	before = sealed_at(ALICE);
	admin_does(one, ARGV("revoke", "alice", "--yes"));
	is_told(two, code_at(secret, step), 77, "");
	restore_and_accept();
	put_sealed(ALICE, before);
	is_told(one, code_at(secret, step + 1), 77, "older state");
	is_told(two, code_at(secret, step + 1), 77, "older state");
}

/* Somebody who can spoil the fleet's policy could be silent, too: a user whose
 * record is here comes in all the same, by the last policy that was seen. */
Test(fleet_taken, spoilt_policy_keeps_no_local_user_out)
{
	char *before;

	needs_link();
	two_bastions();
	admin_does(one, ARGV("exempt", "bob", "--yes"));
	expect_login(one, "bob", 0, "");
	before = sealed_at(POLICY);
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	expect_login(one, "bob", 0, "");
	expect_login(one, "alice", 0, "");
	put_sealed(POLICY, before);
	expect_login(one, "alice", 77, "older state");
	expect_login(one, "bob", 0, "");
	cluster_put(c, POLICY, "no seal");
	expect_login(one, "alice", 78, "");
	expect_login(one, "bob", 0, "");
	cluster_remove(c, POLICY);
	expect_login(one, "bob", 0, "");
	cluster_put(c, CLUSTER_PREFIX "fleet", "no seal");
	expect_login(one, "bob", 0, "");
}

/* By a link that was taken over, or the clock of one who has etcd. */
Test(fleet_taken, clock_of_etcd_keeps_no_local_user_out)
{
	char *clock;

	needs_link();
	two_bastions();
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	admin_does(one, ARGV("exempt", "bob", "--yes"));
	clock = text("%s/fleet/clock", one->store);
	for (int i = 0; i < 500 && access(clock, F_OK) != 0; i++)
		run_sleep_ms(10);
	write_text(clock, "-0000000000000061000\n");
	expect_login(one, "alice", 75, "clock is off by 61 s");
	expect_login(one, "bob", 0, "");
}
