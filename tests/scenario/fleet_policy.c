/*
 * The policy of a fleet: two bastions, each with a keeper and a link of its own,
 * on one cluster. A change at one holds at the other from the next login on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/fleet.h"
#include "tests/support/charter.h"

Fleets(fleet_policy);

static struct cluster *c;
static struct bastion *one, *two;

static void
two_bastions(int nodes)
{
	c = cluster_open(.nodes = nodes, .auth = true);
	one = bastion_open(.rules = REQUIRED,
	    .more = "'admins':{'users':['carol']}",
	    .fleet = link_open(.cluster = c, .first = 0,
		.more = ",'local':['bob']"));
	two = bastion_open(.rules = REQUIRED,
	    .fleet = link_open(.cluster = c, .first = 1,
		.more = ",'local':['bob']"));
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

static struct run *
admin_does(const struct bastion *b, const char *const args[])
{
	struct run *r = bastion_admin(b, args);

	assert_status(r, 0);
	return r;
}

Test(fleet_policy, change_at_one_holds_at_the_other)
{
	struct run *r;

	needs_link();
	two_bastions(3);
	expect_login(two, "alice", 77, "you have no device");
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	expect_login(two, "alice", 0, "");
	assert_says(fixture_audit(two), "\"reason\":\"exempt\"");
	r = admin_does(two, ARGV("policy", "show"));
	assert_says(r->out, "\"alice\"");
	admin_does(two, ARGV("disable", "alice", "--yes"));
	expect_login(one, "alice", 77, "you have no device");
	expect_login(two, "alice", 77, "you have no device");
}

Test(fleet_policy, file_of_a_bastion_is_not_read)
{
	struct run *r;

	needs_link();
	two_bastions(1);
	write_text(two->policy, "{\"nonsense\":1}");
	expect_login(two, "alice", 77, "you have no device");
	admin_does(two, ARGV("exempt", "alice", "--yes"));
	expect_login(one, "alice", 0, "");
	assert_says(read_text(two->policy), "nonsense");
	assert_says(admin_does(two, ARGV("policy", "check"))->out,
	    "the policy of fleet.example.com: valid");
	r = bastion_admin(two, ARGV("policy", "check", two->policy));
	assert_status(r, 1);
	assert_says(r->err, "nonsense");
}

Test(fleet_policy, sessions_at_another_bastion_are_not_forgotten)
{
	struct run *r;

	needs_link();
	two_bastions(1);
	r = admin_does(
	    one, ARGV("revoke", "user166", "--end-sessions", "--yes"));
	assert_says(r->err, "at the fleet's other bastions sessions go on");
}

Test(fleet_policy, audit_names_the_bastion)
{
	char host[65] = "";

	needs_link();
	two_bastions(1);
	cr_assert_eq(gethostname(host, sizeof(host) - 1), 0);
	expect_login(one, "alice", 77, "");
	assert_says(fixture_audit(one), text("\"host\":\"%s\"}", host));
}

static size_t
count_lines(const char *all, const char *words)
{
	size_t count = 0;

	for (const char *at = all; (at = strstr(at, words)) != NULL; at++)
		count++;
	return count;
}

Test(fleet_policy, history_and_undo_are_of_both)
{
	struct run *r;

	needs_link();
	two_bastions(1);
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	admin_does(two, ARGV("exempt", "bob", "--yes"));
	r = admin_does(one, ARGV("policy", "history", "--json"));
	cr_assert_eq(count_lines(r->out, "{\"number\""), 3, "%s", r->out);
	assert_says(r->out, "\"what\":\"exempt alice");
	assert_says(r->out, "\"what\":\"exempt bob");
	assert_says(r->out, "\"by\":\"root at ");
	cr_assert_eq(count_lines(r->out, "\"in_force\":true"), 1);
	r = admin_does(one, ARGV("policy", "show", "2"));
	assert_says(r->out, "alice");
	assert_never_says(r->out, "bob");
	/* The other bastion's change is undone, and not that of this one. */
	admin_does(one, ARGV("policy", "undo", "--yes"));
	r = admin_does(two, ARGV("policy", "show"));
	assert_says(r->out, "\"alice\"");
	assert_never_says(r->out, "\"bob\"");
	r = admin_does(two, ARGV("policy", "history", "--json"));
	assert_says(r->out, "back to version 2");
}

/* Ten before the one in force, and no more keys than that. */
Test(fleet_policy, keeps_ten_before_the_one_in_force)
{
	struct run *r;

	needs_link();
	two_bastions(1);
	for (int i = 0; i < 6; i++) {
		admin_does(
		    i % 2 == 0 ? one : two, ARGV("exempt", "alice", "--yes"));
		admin_does(two, ARGV("disable", "alice", "--yes"));
	}
	r = admin_does(one, ARGV("policy", "history", "--json"));
	cr_assert_eq(count_lines(r->out, "{\"number\""), 11, "%s", r->out);
	assert_says(r->out, "{\"number\":13");
	cr_assert_str_empty(cluster_get(c, CLUSTER_PREFIX "policy/2"));
	cr_assert_str_not_empty(cluster_get(c, CLUSTER_PREFIX "policy/3"));
}

static void
put_next(const struct bastion *b, const char *policy)
{
	write_text(text("%s/.policy.json.put", b->dir), policy);
}

/* The slower of two administrators is told who was faster, and nothing of what
 * that one did is lost. */
Test(fleet_policy, slower_administrator_is_told_who_was_faster)
{
	char *answer;

	needs_link();
	two_bastions(1);
	put_next(two, read_text(two->policy));
	answer = talk_ask(two, "root", "'request':'policy_get'");
	cr_assert_str_neq(talk_word(answer, "mark"), "");
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	answer = talk_ask(two, "root",
	    text("'request':'policy_put','mark':'%s','detail':'mine'",
		talk_word(answer, "mark")));
	cr_assert_str_eq(talk_word(answer, "reason"), "policy_changed");
	assert_says(answer, "meanwhile by root at ");
	assert_says(admin_does(two, ARGV("policy", "show"))->out, "\"alice\"");
}

/* A policy of so many bytes, which asks for a code. */
static char *
policy_of(const struct bastion *b, int bytes)
{
	return text("%-*s", bytes, read_text(b->policy));
}

static char *
put_policy(const struct bastion *b, const char *policy)
{
	char *answer = talk_ask(b, "root", "'request':'policy_get'");

	put_next(b, policy);
	return text("%s",
	    talk_ask(b, "root",
		text("'request':'policy_put','mark':'%s','detail':'long'",
		    talk_word(answer, "mark"))));
}

/* All of it has to fit into one sealed text. */
Test(fleet_policy, longest_one_is_taken_and_a_longer_one_is_refused)
{
	char *answer;

	needs_link();
	two_bastions(1);
	answer = put_policy(two, policy_of(two, 64457));
	cr_assert_str_eq(talk_word(answer, "reason"), "policy_long");
	assert_says(answer, "may have 64456 bytes");
	answer = put_policy(two, policy_of(two, 64456));
	cr_assert(talk_is(answer, "pass"), "%s", answer);
	expect_login(one, "alice", 77, "you have no device");
}

static void
accept_restore(const struct bastion *b)
{
	struct run *r;

	for (int i = 0; i < 40; i++) {
		r = bastion_admin(b,
		    ARGV("--yes", "store", "--link", b->fleet->socket,
			"--folder", b->store, "accept-restore"));
		if (r->status == 0)
			break;
		run_sleep_ms(250);
	}
	assert_status(r, 0);
	assert_says(r->out, "from before the backup is in force again");
}

/* Else a backup would let in again who was let in when it was made. */
Test(fleet_policy, later_one_is_put_again_after_a_restore)
{
	char *path;

	needs_link();
	two_bastions(1);
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	expect_login(one, "alice", 0, "");
	path = text("%s/saved", c->dir);
	cluster_save(c, path);
	admin_does(one, ARGV("disable", "alice", "--yes"));
	expect_login(one, "alice", 77, "you have no device");
	cluster_restore(c, path, true);
	accept_restore(one);
	expect_login(one, "alice", 77, "you have no device");
	expect_login(two, "alice", 77, "you have no device");
	assert_says(admin_does(two, ARGV("policy", "history"))->out,
	    "the policy from before the backup");
}

/* An editor during which another bastion changes the policy. */
Test(fleet_policy, edit_does_not_write_over_another_bastion)
{
	char *script = text("%s/editor", "/tmp");
	struct run *r;

	needs_link();
	two_bastions(1);
	script = text("%s/editor", two->dir);
	write_text(script,
	    text("#!/bin/sh\nset -e\n%s/tfa-admin --socket %s --policy %s "
		 "--fleet %s --yes exempt alice\n"
		 "sed -i 's/Test-Bastion/Edited/' \"$1\"\n",
		getenv("TFA_PROGRAMS"), one->socket, one->policy,
		one->fleet->config));
	cr_assert_eq(chmod(script, 0755), 0);
	cr_assert_eq(setenv("EDITOR", script, 1), 0);
	unsetenv("VISUAL");
	r = bastion_admin(two, ARGV("policy", "edit", "--yes"));
	assert_status(r, 1);
	assert_says(r->err, "somebody else changed it while you edited");
	assert_says(
	    r->err, "the fleet's policy is unchanged, and your version");
	r = admin_does(two, ARGV("policy", "show"));
	assert_says(r->out, "\"alice\"");
	assert_never_says(r->out, "Edited");
}

Test(fleet_policy, that_is_not_there_denies_until_one_is_made)
{
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 1, .auth = true);
	one = bastion_open(.policy = "",
	    .fleet = link_open(.cluster = c, .first = 0));
	expect_login(one, "alice", 78, "no policy yet");
	r = bastion_admin(one, ARGV("exempt", "alice", "--yes"));
	assert_status(r, 1);
	assert_says(r->err, "tfa-admin policy edit makes one");
	cr_assert_eq(setenv("EDITOR", "true", 1), 0);
	unsetenv("VISUAL");
	admin_does(one, ARGV("policy", "edit", "--yes"));
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	expect_login(one, "alice", 0, "");
}

Test(fleet_policy, of_a_newer_level_denies)
{
	needs_link();
	two_bastions(1);
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	expect_login(one, "alice", 0, "");
	charter_change(one->fleet, 1, CHARTER_LEVEL + 1);
	expect_login(one, "alice", 78, "too old for its fleet");
	expect_login(two, "alice", 78, "too old for its fleet");
	charter_change(one->fleet, 1, CHARTER_LEVEL);
}

/* The keeper notes how far its clock is off; a keeper that starts asks anew. */
Test(fleet_policy, clock_that_is_off_denies)
{
	char *clock;

	needs_link();
	two_bastions(1);
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	expect_login(one, "alice", 0, "");
	clock = text("%s/fleet/clock", one->store);
	for (int i = 0; i < 500 && access(clock, F_OK) != 0; i++)
		run_sleep_ms(10);
	assert_says(read_text(clock), "\n");
	write_text(clock, "-0000000000000061000\n");
	expect_login(one, "alice", 75, "clock is off by 61 s");
	admin_does(one, ARGV("users", "alice"));
	write_text(clock, "-0000000000000060000\n");
	expect_login(one, "alice", 0, "");
}

/* A bastion describes itself soon after its keeper started. */
Test(fleet_policy, bastions_say_what_they_are)
{
	char host[65] = "", *key;

	needs_link();
	two_bastions(1);
	cr_assert_eq(gethostname(host, sizeof(host) - 1), 0);
	key = text(CLUSTER_PREFIX "bastions/%s", host);
	for (int i = 0; i < 500 && cluster_get(c, key)[0] == '\0'; i++)
		run_sleep_ms(20);
	assert_says(cluster_get(c, key), "tfs1");
}

/* The label of a code for a phone, which is good on all bastions. /etc is this
 * command's own. */
Test(fleet_policy, code_for_a_phone_names_the_fleet)
{
	static const char script[] =
	    "mount -t tmpfs -o mode=755 none /etc/tfa && "
	    "cp \"$1\" /etc/tfa/store.json && shift && exec \"$@\"";
	const char *admin = text("%s/tfa-admin", getenv("TFA_PROGRAMS"));
	struct run *r;

	needs_link();
	two_bastions(1);
	assert_status(run(ARGV("mkdir", "-p", "/etc/tfa"), NULL, 0), 0);
	r = run(ARGV("unshare", "-m", "sh", "-c", script, "sh",
		    one->fleet->config, admin, "--socket", one->socket,
		    "enroll", "carol", "--qr", "uri"),
	    NULL, 0);
	assert_status(r, 0);
	assert_says(r->out, "carol%40fleet");
}

static char *
copy_of(const struct bastion *b, const char *what)
{
	return text("%s/fleet/%s", b->store, what);
}

/* While the cluster is away, users whose records stay here are judged by the
 * last policy that was seen, for a week; and administrators can look. */
Test(fleet_policy, last_one_seen_decides_for_local_users_while_away)
{
	struct run *r;

	needs_link();
	two_bastions(1);
	admin_does(one, ARGV("exempt", "bob", "--yes"));
	admin_does(one, ARGV("exempt", "alice", "--yes"));
	expect_login(two, "bob", 0, "");
	expect_login(two, "alice", 0, "");
	cluster_kill(c, 0);
	expect_login(two, "alice", 75, "does not answer");
	expect_login(two, "bob", 0, "");
	admin_does(two, ARGV("log", "--user", "bob"));
	r = bastion_admin(two, ARGV("exempt", "carol", "--yes"));
	cr_assert_neq(r->status, 0);
	assert_says(r->err, "does not answer");
	/* Older than a week. */
	r = run(ARGV("sed", "-i", "s/\"time\":\"[0-9]*/\"time\":\"2020/",
		    copy_of(two, "policy")),
	    NULL, 0);
	assert_status(r, 0);
	cr_assert_eq(chown(copy_of(two, "policy"), 0, 0), 0);
	assert_status(run(ARGV("chown", "--reference", two->store,
			      copy_of(two, "policy")),
			  NULL, 0),
	    0);
	expect_login(two, "bob", 75, "does not answer");
}

/* A delegate is one by the policy of the fleet, wherever that was changed. */
Test(fleet_policy, delegates_are_those_of_the_fleet)
{
	char *answer;

	needs_link();
	two_bastions(1);
	answer = talk_ask(two, "carol", "'request':'explain','user':'alice'");
	assert_says(answer, "\"rule\":");
	answer = talk_ask(two, "alice", "'request':'explain','user':'carol'");
	assert_says(answer, "not_allowed");
	answer = talk_ask(two, "carol", "'request':'policy_get'");
	assert_says(answer, "not_allowed");
	answer = talk_ask(
	    two, "carol", "'request':'policy_put','mark':'1','detail':'x'");
	assert_says(answer, "not_allowed");
}
