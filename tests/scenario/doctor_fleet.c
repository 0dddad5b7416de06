/*
 * tfa-admin doctor at a bastion in a fleet, with a real etcd: each hole is made,
 * and doctor names it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/scenario/finding.h"
#include "tests/scenario/fleet.h"

Fleets(doctor_fleet);

static struct cluster *c;
static struct link *l;
static struct bastion *b;
static struct link *l;

static void
one_bastion(bool auth)
{
	c = cluster_open(.nodes = 1, .auth = auth);
	l = link_open(.cluster = c, .more = ",'local':['bob']");
	b = bastion_open(.rules = REQUIRED, .fleet = l);
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

/* There is nothing to be edited in a policy that is only not seen. */
Test(doctor_fleet, blames_no_policy_while_etcd_is_away)
{
	const char *out;

	needs_link();
	one_bastion(false);
	await_copy();
	link_kill(l);
	out = doctor_says(NULL);
	cr_expect(finding_is(out, "FAIL", "policy", "cannot be looked at now"),
	    "%s", out);
	assert_says(out, "tfa-admin store status");
	assert_never_says(out, "tfa-admin policy edit");
}

/* Its policy file becomes the fleet's: to move it away first would leave none.
 * It has no key before it joins. */
Test(doctor_fleet, says_that_a_bastion_has_still_to_join)
{
	const char *out, *mark;

	needs_link();
	one_bastion(false);
	await_copy();
	expect(doctor_says(NULL), "warn", "is not read any more");
	mark = text("%s/in-fleet", b->store);
	cr_assert_eq(unlink(mark), 0);
	cr_assert_eq(unlink(text("%s/fleet.key", b->fleet->dir)), 0);
	out = doctor_says(NULL);
	expect(out, "FAIL", "this bastion has not joined the fleet that");
	expect(out, "FAIL", "store join --new NAME");
	expect_no(out, "is not read any more");
	expect_no(out, "fleet.key");
	/* A move that was killed is judged as such. */
	write_text(text("%s/maintenance", b->store), "");
	out = doctor_says(NULL);
	expect_no(out, "has not joined");
	expect(out, "FAIL", "one was killed");
}

Test(doctor_fleet, finds_the_secrets_of_every_move)
{
	const char *out;

	needs_link();
	one_bastion(false);
	expect_no(doctor_says(NULL), "users.migrated");
	cr_assert_eq(mkdir(text("%s/users.migrated.1", b->store), 0700), 0);
	out = doctor_says(NULL);
	expect(out, "warn", "users.migrated* (1) has the secrets");
	expect(out, "warn", "rm -r");
	expect(out, "warn", "/users.migrated*");
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
	const char *out, *revision, *lock;
	char was[16];
	int fd;

	needs_link();
	one_bastion(false);
	await_copy();
	admin_does(ARGV("enroll", "alice", "--qr", "uri"));
	expect_no(doctor_says(NULL), "older state");
	write_text(text("%s/fleet/back", b->store), "");
	expect(doctor_says(NULL), "FAIL", "older state");
	cr_assert_eq(unlink(text("%s/fleet/back", b->store)), 0);
	/* A later policy than etcd's was seen. */
	lock = text("%s/fleet/policy.lock", b->store);
	fd = open(lock, O_RDWR);
	cr_assert_eq(pread(fd, was, sizeof(was), 0), 16);
	cr_assert_eq(pwrite(fd, "\377", 1, 14), 1);
	expect(doctor_says(NULL), "FAIL", "older policy or charter");
	cr_assert_eq(pwrite(fd, was, sizeof(was), 0), 16);
	close(fd);
	revision = text("%s/fleet/revision", b->store);
	write_text(revision, "12");
	out = doctor_says(NULL);
	expect_no(out, "older state");
	expect(out, "FAIL", "bytes that tfa did not write");
}

/* Not even local users: with the keys the policy can be read. */
Test(doctor_fleet, says_that_nobody_gets_in_without_the_keys)
{
	needs_link();
	one_bastion(false);
	await_copy();
	cr_assert_eq(unlink(text("%s/fleet.key", b->fleet->dir)), 0);
	expect(doctor_says(NULL), "FAIL", "nobody at all can log in");
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
