/*
 * tfa-admin doctor at a bastion in a fleet, with a real etcd: each hole is made,
 * and doctor names it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "tests/scenario/finding.h"
#include "tests/scenario/fleet.h"

Fleets(doctor_fleet);

static struct cluster *c;
static struct bastion *b;

static void
one_bastion(bool auth)
{
	c = cluster_open(.nodes = 1, .auth = auth);
	b = bastion_open(.rules = REQUIRED,
	    .fleet = link_open(.cluster = c, .more = ",'local':['bob']"));
}

static const char *
doctor_says(const char *deep)
{
	struct run *r = bastion_admin(b,
	    ARGV("--link", b->fleet->socket, "doctor", "--config",
		text("%s/sshd_config", b->dir), deep));

	cr_assert_not_null(strstr(r->out, "fleet"), "%s%s", r->out, r->err);
	return r->out;
}

#define expect(out, status, words)                                         \
	cr_expect(finding_is((out), (status), "fleet", (words)), "%s: %s", \
	    (words), (out))
#define expect_no(out, words) \
	cr_expect_null(strstr((out), (words)), "%s: %s", (words), (out))

static void
admin_does(const char *const args[])
{
	assert_status(bastion_admin(b, args), 0);
}

/* The keeper makes its copy soon after it started. */
static char *
await_copy(void)
{
	char *copy = text("%s/fleet/policy", b->store);

	for (int i = 0; i < 500 && access(copy, F_OK) != 0; i++)
		run_sleep_ms(10);
	return copy;
}

Test(doctor_fleet, wants_a_local_user_with_a_way_in)
{
	const char *out;

	needs_link();
	one_bastion(false);
	await_copy();
	out = doctor_says(NULL);
	expect(out, "warn", "no \"local\" user can log in now");
	expect(out, "warn", "tfa-admin enroll bob");
	expect_no(out, "copy of the fleet's policy");
	admin_does(ARGV("enroll", "bob", "--qr", "uri"));
	expect_no(doctor_says(NULL), "no \"local\" user");
}

Test(doctor_fleet, wants_a_fresh_copy_of_the_policy)
{
	const char *copy, *out;

	needs_link();
	one_bastion(false);
	copy = await_copy();
	expect_no(doctor_says(NULL), "copy of the fleet's policy");
	/* Else the keeper renews it when doctor asks. */
	cluster_kill(c, 0);
	assert_status(
	    run(ARGV("sed", "-i", "s/\"time\":\"[0-9]*/\"time\":\"2020/", copy),
		NULL, 0),
	    0);
	out = doctor_says(NULL);
	expect(out, "FAIL", "the copy of the fleet's policy is of");
	cr_assert_eq(unlink(copy), 0);
	out = doctor_says(NULL);
	expect(out, "warn", "has no copy of the fleet's policy");
	expect(out, "warn", "the keeper renews the copy");
}

/* The policy that is looked at is the fleet's, and the file may be gone. */
Test(doctor_fleet, names_groups_of_the_policy_that_are_unknown_here)
{
	const char *out;
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 1);
	b = bastion_open(
		.rules = "{'name':'x','groups':['nowhere'],'mode':'required'}",
	    .fleet = link_open(.cluster = c));
	await_copy();
	cr_assert_eq(unlink(b->policy), 0);
	out = doctor_says(NULL);
	cr_expect(
	    finding_is(out, "FAIL", "policy", "group \"nowhere\" is unknown"),
	    "%s", out);
	assert_says(out, "or the policy of fleet.example.com without it");
	cr_expect(
	    finding_is(out, "ok", "policy-file", "the fleet's"), "%s", out);
	r = bastion_admin(b, ARGV("policy", "show"));
	assert_status(r, 0);
}

Test(doctor_fleet, wants_no_role_that_may_do_all)
{
	const char *out;

	needs_link();
	one_bastion(true);
	out = doctor_says(NULL);
	expect_no(out, "role root");
	cluster_ctl(c, ARGV("user", "grant-role", CLUSTER_USER, "root"));
	out = doctor_says(NULL);
	expect(out, "warn", "has etcd's role root");
	cluster_ctl(c, ARGV("user", "revoke-role", CLUSTER_USER, "root"));
	out = doctor_says(NULL);
	expect_no(out, "role root");
}

#define USERS CLUSTER_PREFIX "users/"

/* The sealed text of a key, in base64. */
static char *
sealed_at(const char *key)
{
	struct cluster_answer answer = cluster_ask(c, 0, "client", NULL,
	    "kv/range", text("{\"key\":\"%s\"}", cluster_base64(key)));

	cr_assert_eq(answer.status, 200, "%s", answer.body);
	return text("%s", talk_word(answer.body, "value"));
}

static void
put_sealed(const char *key, const char *sealed)
{
	struct cluster_answer answer = cluster_ask(c, 0, "client", NULL,
	    "kv/put",
	    text("{\"key\":\"%s\",\"value\":\"%s\"}", cluster_base64(key),
		sealed));

	cr_assert_eq(answer.status, 200, "%s", answer.body);
}

Test(doctor_fleet, opens_every_record_if_asked_to)
{
	const char *out, *before;

	needs_link();
	one_bastion(false);
	admin_does(ARGV("enroll", "alice", "--qr", "uri"));
	admin_does(ARGV("enroll", "carol", "--qr", "uri"));
	admin_does(ARGV("enroll", "dave", "--qr", "uri"));
	out = doctor_says("--deep");
	expect_no(out, "cannot be opened");
	expect_no(out, "older state");
	before = sealed_at(USERS "alice");
	admin_does(ARGV("unlock", "alice"));
	admin_does(ARGV("code", "alice", "--pass"));
	put_sealed(USERS "alice", before);
	cluster_remove(c, USERS "carol");
	put_sealed(USERS "dave", sealed_at(USERS "alice"));
	out = doctor_says("--deep");
	expect(
	    out, "FAIL", "cannot be opened, and their users are denied: dave");
	expect(out, "FAIL", "1 records are older");
	expect(out, "FAIL", "1 are gone; their users are denied: alice");
	/* A look at some of them says nothing about serials. */
	out = doctor_says(NULL);
	expect(out, "FAIL", "denied: dave");
	expect_no(out, "older state");
}

Test(doctor_fleet, says_that_a_restore_waits_to_be_accepted)
{
	const char *out, *revision;

	needs_link();
	one_bastion(false);
	await_copy();
	admin_does(ARGV("enroll", "alice", "--qr", "uri"));
	expect_no(doctor_says(NULL), "older state");
	write_text(text("%s/fleet/back", b->store), "");
	expect(doctor_says(NULL), "FAIL", "older state");
	cr_assert_eq(unlink(text("%s/fleet/back", b->store)), 0);
	revision = text("%s/fleet/revision", b->store);
	write_text(revision, "12");
	out = doctor_says(NULL);
	expect_no(out, "older state");
	expect(out, "FAIL", "bytes that tfa did not write");
}

Test(doctor_fleet, names_users_with_another_uid_here)
{
	/* Only doctor sees this /etc/passwd. */
	static const char script[] =
	    "sed 's/^alice:x:[0-9]*:/alice:x:54321:/' /etc/passwd >\"$1\" && "
	    "mount --bind \"$1\" /etc/passwd && shift && exec \"$@\"";
	struct run *r;

	needs_link();
	one_bastion(false);
	admin_does(ARGV("enroll", "alice", "--qr", "uri"));
	admin_does(ARGV("enroll", "carol", "--qr", "uri"));
	expect_no(doctor_says(NULL), "another user id");
	r = run(ARGV("unshare", "-m", "sh", "-c", script, "sh",
		    text("%s/passwd", b->dir),
		    text("%s/tfa-admin", getenv("TFA_PROGRAMS")), "--socket",
		    b->socket, "--policy", b->policy, "--fleet",
		    b->fleet->config, "--link", b->fleet->socket, "doctor",
		    "--config", text("%s/sshd_config", b->dir)),
	    NULL, 0);
	expect(r->out, "warn", "1 of 2 users have another user id here");
	expect(r->out, "warn", "denied here: alice");
}
