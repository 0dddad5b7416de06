/*
 * tfa-admin store, on a real etcd: a fleet is made, bastions join it, records
 * move there and back.
 */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/scenario/finding.h"
#include "tests/scenario/fleet.h"
#include "tests/scenario/place.h"
#include "tests/support/charter.h"

Fleets(store_fleet);

static struct place *
begin(struct cluster *c)
{
	struct place *p = place_open(c);

	assert_status(place_store(p, ARGV("join", "--new", PLACE_FLEET)), 0);
	return p;
}

static bool
is_there(const struct place *p, const char *file)
{
	return access(text("%s/%s", p->folder, file), F_OK) == 0;
}

Test(store_fleet, is_made_once_and_joined_with_its_key)
{
	struct cluster *c;
	struct place *p, *q;
	struct run *r;
	struct stat st;
	char *was;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = place_open(c);
	r = place_store(p, ARGV("status"));
	assert_status(r, 1);
	assert_says(r->err, "store join --new");
	r = place_store(p, ARGV("join", "--new", "other.example.com"));
	assert_status(r, 1);
	assert_says(r->err, "make them equal");
	was = read_text(p->policy);
	write_text(p->policy, "{\"version\":1,\n\"rules\":7}");
	r = place_store(p, ARGV("join", "--new", PLACE_FLEET));
	assert_status(r, 1);
	assert_says(r->err, text("%s:2:", p->policy));
	cr_assert_str_empty(cluster_get(c, CLUSTER_PREFIX "policy"));
	write_text(p->policy, was);
	assert_status(place_store(p, ARGV("join", "--new", PLACE_FLEET)), 0);
	cr_assert_eq(stat(p->key, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	cr_expect(is_there(p, "in-fleet"));

	q = place_open(c);
	r = place_store(q, ARGV("join"));
	assert_status(r, 1);
	assert_says(r->err, "bring");
	/* With keys of its own it cannot make a second fleet there. */
	r = place_store(q, ARGV("join", "--new", PLACE_FLEET));
	assert_status(r, 1);
	assert_says(r->err, "there is something already");
	r = place_store(q, ARGV("join"));
	assert_status(r, 1);
	place_bring_key(p, q);
	assert_status(place_store(q, ARGV("join")), 0);

	place_says(p, "b1", place_key_id(p), 5);
	place_says(p, "b2", place_key_id(p), 4000);
	r = place_store(q, ARGV("status"));
	assert_status(r, 0);
	assert_says(r->out, PLACE_FLEET ", level 3, epoch 1");
	assert_says(r->out, "b1, tfa 0.2.0");
	assert_says(r->out, "b2 (OFF)");
	assert_says(r->out, c->node[0].url);
	r = place_store(q, ARGV("status", "--json"));
	assert_status(r, 0);
	assert_says(r->out, "\"answers\":true");
	cluster_kill(c, 0);
	/* The link has not tried to read yet, and knows no cause. */
	r = place_store(q, ARGV("join"));
	assert_status(r, 1);
	assert_says(r->err, "etcd does not answer");
	assert_never_says(r->err, "answer: ;");
	r = place_store(q, ARGV("status"));
	assert_status(r, 1);
	assert_says(r->err, "does not answer");
}

Test(store_fleet, says_which_word_is_missing)
{
	static const char *const words[][2] = {{"remove", "the HOST"},
	    {"export", "a DIR"}, {"key", "the ID of a key"},
	    {"leave", "no other word"}};
	struct run *r;

	for (size_t i = 0; i < 4; i++) {
		r = run(ARGV(text("%s/tfa-admin", getenv("TFA_PROGRAMS")),
			    "store", words[i][0], i == 3 ? "b1" : NULL),
		    NULL, 0);
		assert_status(r, 2);
		assert_says(r->err, words[i][1]);
	}
	r = run(ARGV(text("%s/tfa-admin", getenv("TFA_PROGRAMS")), "help",
		    "store", "join"),
	    NULL, 0);
	assert_status(r, 0);
	assert_says(r->out, "remove HOST");
}

/* A machine that was set up anew has the name of an entry, and no mark. */
Test(store_fleet, is_joined_twice_by_the_same_bastion_alone)
{
	struct cluster *c;
	struct place *p, *q;
	struct run *r;
	char host[256] = "";

	needs_link();
	cr_assert_eq(gethostname(host, sizeof(host) - 1), 0);
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_says(p, host, place_key_id(p), 5);
	r = place_store(p, ARGV("join"));
	assert_status(r, 0);
	assert_says(r->out, text("%s: has joined already", host));
	q = place_open(c);
	place_bring_key(p, q);
	r = place_store(q, ARGV("join"));
	assert_status(r, 1);
	assert_says(r->err, "is in the fleet and runs");
	assert_says(r->err, text("tfa-admin store remove %s", host));
	cr_expect_not(is_there(q, "in-fleet"));
}

Test(store_fleet, leaves_no_records_behind)
{
	struct cluster *c;
	struct place *p;
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = place_open(c);
	place_user(p, "alice");
	place_user(p, "breakglass");
	r = place_store(p, ARGV("join", "--new", PLACE_FLEET));
	assert_status(r, 1);
	assert_says(r->err, "alice");
	assert_says(r->err, "--migrate");
	cr_expect_eq(place_record(p->folder, "alice") != NULL, true);
	assert_status(
	    place_store(p, ARGV("join", "--new", PLACE_FLEET, "--migrate")), 0);
	cr_expect_null(place_record(p->folder, "alice"));
	cr_expect_not_null(place_record(p->folder, "breakglass"), "local");
	cr_expect(is_there(p, "users.migrated/alice.json"));
	cr_expect(is_there(p, "in-fleet"));
	cr_expect_not(is_there(p, "maintenance"));
}

/* It would enter itself again, with the keys that it has. */
Test(store_fleet, removes_another_bastion_alone)
{
	struct place *p;
	struct run *r;
	char self[256] = "";

	needs_link();
	p = begin(cluster_open(.nodes = 1));
	cr_assert_eq(gethostname(self, sizeof(self) - 1), 0);
	place_says(p, self, place_key_id(p), 5);
	r = place_store(p, ARGV("remove", self));
	assert_status(r, 1);
	assert_says(r->err, "store leave takes it out");
	place_says(p, "b2", place_key_id(p), 4000);
	assert_status(place_store(p, ARGV("remove", "b2")), 0);
}

static struct session *
ask_to_join(const struct place *p)
{
	struct session *s = session_start(ARGV(
	    text("%s/tfa-admin", getenv("TFA_PROGRAMS")), "--policy", p->policy,
	    "store", "join", "--new", PLACE_FLEET, "--migrate", "--fleet",
	    p->link->config, "--link", p->link->socket, "--folder", p->folder));

	session_expect(s, "and moves 1 record from");
	session_expect(s, "[y/N] ");
	return s;
}

/* A second question would come when the fleet is made. */
Test(store_fleet, is_made_and_filled_after_one_question)
{
	struct cluster *c;
	struct place *p;
	struct session *s;
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = place_open(c);
	place_user(p, "alice");
	r = place_store(
	    p, ARGV("join", "--new", PLACE_FLEET, "--migrate", "--dry-run"));
	assert_status(r, 2);
	assert_says(r->err, "--dry-run is for store migrate");
	s = ask_to_join(p);
	session_type(s, "n\r");
	session_expect(s, "nothing is changed");
	cr_assert_eq(session_status(s), 1, "%s", s->seen);
	cr_expect_neq(access(p->key, F_OK), 0);
	cr_expect_str_empty(cluster_get(c, CLUSTER_PREFIX "fleet"));
	s = ask_to_join(p);
	session_type(s, "y\r");
	cr_assert_eq(session_status(s), 0, "%s", s->seen);
	cr_expect_null(place_record(p->folder, "alice"));
	r = place_store(p, ARGV("join", "--new", PLACE_FLEET));
	assert_status(r, 1);
	assert_says(r->err, "is made already, with the keys in");
}

#define MANY 300 /* more than one batch for each process that moves them */

static void
make_many(const struct place *p, char *texts[MANY])
{
	for (int i = 0; i < MANY; i++) {
		const char *user = text("user%d", i);

		place_user(p, user);
		texts[i] = place_record(p->folder, user);
	}
}

static void
all_are_here(const char *folder, char *texts[MANY])
{
	for (int i = 0; i < MANY; i++) {
		const char *now = place_record(folder, text("user%d", i));

		cr_assert_not_null(now, "user%d", i);
		cr_assert_str_eq(now, texts[i], "user%d", i);
	}
}

Test(store_fleet, moves_records_there_and_back)
{
	struct cluster *c;
	struct place *p;
	struct run *r;
	char *texts[MANY];

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	make_many(p, texts);
	r = place_store(p, ARGV("migrate", "--to", "fleet", "--dry-run"));
	assert_status(r, 0);
	assert_says(r->out, "300 records here, 0 of them in the fleet");
	all_are_here(p->folder, texts);
	r = place_store(p, ARGV("migrate", "--to", "fleet"));
	assert_status(r, 0);
	assert_says(r->out, "300 moved");
	cr_expect_null(place_record(p->folder, "user0"));
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	cr_expect_not(is_there(p, "users.migrated.1"), "nothing was moved");

	r = place_store(p, ARGV("export", text("%s/out", p->dir)));
	assert_status(r, 0);
	all_are_here(text("%s/out", p->dir), texts);
	cr_expect_not_null(read_text(text("%s/out/policy.json", p->dir)));
	assert_status(
	    place_store(p, ARGV("export", text("%s/out", p->dir))), 1);

	/* Another bastion would go on with the fleet's. */
	place_says(p, "b2", place_key_id(p), 5);
	r = place_store(p, ARGV("migrate", "--to", "folder"));
	assert_status(r, 1);
	assert_says(r->err, "b2");
	assert_status(place_store(p, ARGV("remove", "b2")), 0);
	r = place_store(p, ARGV("migrate", "--to", "folder"));
	assert_status(r, 0);
	assert_says(r->out, "300 moved");
	assert_says(r->err, "etcdctl del --prefix " CLUSTER_PREFIX);
	all_are_here(p->folder, texts);
	cr_expect_not(is_there(p, "in-fleet"));
	cr_expect_not(is_there(p, "maintenance"));
	cr_expect_neq(access(p->link->config, F_OK), 0);
}

/* To a bastion that was off meanwhile, all would be new. */
Test(store_fleet, takes_its_policy_along_when_it_ends)
{
	struct cluster *c;
	struct place *p, *q;
	struct run *r;
	const char *left, *policy;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user(p, "alice");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	q = place_open(c);
	place_bring_key(p, q);
	policy = read_text(p->policy);
	write_text(p->policy, "");
	/* This ends the move after the policy, before store.json. */
	left = text("%s.left", p->link->config);
	cr_assert_eq(mkdir(left, 0700), 0);
	assert_status(place_store(p, ARGV("migrate", "--to", "folder")), 1);
	cr_expect(is_there(p, "maintenance"));
	cr_expect_str_empty(cluster_get(c, CLUSTER_PREFIX "policy"));
	cr_expect_str_eq(read_text(p->policy), policy);
	cr_assert_eq(rmdir(left), 0);
	r = place_store(q, ARGV("join"));
	assert_status(r, 1);
	assert_says(r->err, "has no policy");
	assert_status(place_store(p, ARGV("migrate", "--to", "folder")), 0);
	cr_expect_str_eq(read_text(p->policy), policy);
	cr_expect_not_null(place_record(p->folder, "alice"));
	cr_expect_not(is_there(p, "maintenance"));
}

/* True if the command ended well; or if it says that one was killed which had
 * done all.  settled: the words of that, or NULL if it says nothing of the kind. */
static bool
is_done(const struct run *r, int status, const char *settled)
{
	return r->status == status ||
	    (settled != NULL && strstr(r->err, settled) != NULL);
}

/* Kills the command after a while that grows, and looks that nothing is open
 * that is not whole; then lets it end. */
static void
kill_until_done(const struct place *p, const char *const args[], int status,
    const char *settled)
{
	struct run *r;

	for (int ms = 20; ms < 4000; ms += ms / 3 + 5) {
		r = place_start(p, args);
		run_sleep_ms(ms);
		kill(r->pid, SIGKILL);
		run_finish(r);
		if (is_done(r, status, settled))
			return;
		/* Records here and no maintenance, or maintenance. */
		cr_assert(is_there(p, "maintenance") ||
			place_record(p->folder, "user0") != NULL ||
			is_there(p, "in-fleet"),
		    "%d ms", ms);
	}
	r = place_store(p, args);
	cr_assert(
	    is_done(r, status, settled), "status %d: %s", r->status, r->err);
}

Test(store_fleet, loses_nothing_when_a_move_is_killed)
{
	struct cluster *c;
	struct place *p;
	char *texts[MANY];

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	make_many(p, texts);
	kill_until_done(p, ARGV("migrate", "--to", "fleet"), 0, NULL);
	cr_expect_null(place_record(p->folder, "user0"));
	cr_expect_not(is_there(p, "maintenance"));
	assert_status(
	    place_store(p, ARGV("export", text("%s/out", p->dir))), 0);
	all_are_here(text("%s/out", p->dir), texts);
	kill_until_done(p, ARGV("migrate", "--to", "folder"), 0, NULL);
	all_are_here(p->folder, texts);
	cr_expect_not(is_there(p, "maintenance"));
	cr_expect_not(is_there(p, "in-fleet"));
}

Test(store_fleet, takes_back_a_move_that_did_not_end)
{
	static const char none[] = "300 records here, 0 of them in the fleet";
	static const char *const plan[] = {
	    "migrate", "--to", "fleet", "--dry-run", NULL};
	struct cluster *c;
	struct place *p;
	struct run *r;
	char *texts[MANY], *last;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	cr_assert_eq(unlink(text("%s/in-fleet", p->folder)), 0);
	make_many(p, texts);
	link_stop(p->link);
	r = place_store(p, ARGV("migrate", "--to", "fleet"));
	assert_status(r, 1);
	cr_expect_not(is_there(p, "maintenance"));
	link_again(p->link);
	/* This is in the last batch: others are moved before it. */
	last = text("%s/users/zoe.json", p->folder);
	write_text(last, "?");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 1);
	cr_assert(is_there(p, "maintenance"));
	cr_assert_not(is_there(p, "in-fleet"));
	cr_assert_eq(unlink(last), 0);
	r = place_store(p, plan);
	assert_says(r->out, "300 records here, ");
	cr_assert_null(strstr(r->out, none), "%s", r->out);
	assert_status(place_store(p, ARGV("migrate", "--to", "folder")), 0);
	all_are_here(p->folder, texts);
	r = place_store(p, plan);
	assert_says(r->out, none);
	cr_expect_not(is_there(p, "maintenance"));
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
}

/* Where it has the same bytes as the one here, it may be another's own. */
Test(store_fleet, takes_back_nothing_of_another_bastion)
{
	static const char way[] = "\"--to folder\" takes back";
	struct cluster *c;
	struct place *p, *q;
	struct run *r;
	char *theirs;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user(p, "alice");
	theirs = place_record(p->folder, "alice");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	q = place_open(c);
	place_bring_key(p, q);
	place_user(q, "alice");
	cr_assert_str_eq(place_record(q->folder, "alice"), theirs);
	/* This ends the move in the middle. */
	write_text(text("%s/users/bob.json", q->folder), "?");
	r = place_store(q, ARGV("migrate", "--to", "fleet"));
	assert_status(r, 1);
	assert_says(r->err, way);
	place_says(p, "b1", place_key_id(p), 5);
	r = place_store(q, ARGV("migrate", "--to", "fleet"));
	assert_status(r, 1);
	assert_says(r->err, "until \"tfa-admin store migrate --to fleet\"");
	cr_expect_null(strstr(r->err, way), "%s", r->err);
	cr_assert_eq(unlink(text("%s/users/bob.json", q->folder)), 0);
	r = place_store(q, ARGV("migrate", "--to", "folder"));
	assert_status(r, 1);
	assert_says(r->err, "b1");
	cr_expect(is_there(q, "maintenance"));
	assert_status(
	    place_store(p, ARGV("export", text("%s/out", p->dir))), 0);
	cr_assert_not_null(place_record(text("%s/out", p->dir), "alice"));
	cr_expect_str_eq(place_record(text("%s/out", p->dir), "alice"), theirs);
}

Test(store_fleet, names_users_with_two_records)
{
	struct cluster *c;
	struct place *p, *q;
	struct run *r;
	char *later;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user_at(p, "alice", 1793000000);
	place_user_at(p, "bob", 1793000500);
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	q = place_open(c);
	place_bring_key(p, q);
	place_user_at(q, "alice", 1793000100);
	place_user_at(q, "bob", 1793000400);
	later = place_record(q->folder, "alice");
	r = place_store(q, ARGV("join", "--migrate"));
	assert_status(r, 1);
	assert_says(r->err, "alice, bob");
	cr_expect_not(is_there(q, "maintenance"));
	r = place_store(q, ARGV("join", "--migrate", "--prefer", "other"));
	assert_status(r, 2);
	r = place_store(q, ARGV("join", "--migrate", "--prefer", "last-login"));
	assert_status(r, 0);
	assert_says(r->out, "1 moved, 0 there before, 1 in use there");
	assert_status(
	    place_store(q, ARGV("export", text("%s/out", q->dir))), 0);
	cr_expect_str_eq(place_record(text("%s/out", q->dir), "alice"), later);
	assert_says(place_record(text("%s/out", q->dir), "bob"), "2026");
}

/* A user who came to a new bastion once, before it joined, would have no device
 * any more, at any bastion. */
Test(store_fleet, takes_no_device_from_who_came_without_a_code)
{
	struct cluster *c;
	struct place *p, *q;
	struct run *r;
	char *device;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user_at(p, "alice", 1793000000);
	place_visitor_at(p, "root", 1793000000);
	device = place_record(p->folder, "alice");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	q = place_open(c);
	place_bring_key(p, q);
	place_visitor_at(q, "alice", 1793000900);
	place_visitor_at(q, "root", 1793000900);
	r = place_store(q, ARGV("join", "--migrate"));
	assert_status(r, 0);
	assert_says(r->out, "0 moved, 0 there before, 2 in use there");
	assert_status(
	    place_store(q, ARGV("export", text("%s/out", q->dir))), 0);
	cr_expect_str_eq(place_record(text("%s/out", q->dir), "alice"), device);
}

/* Gives the user of a folder another phone. */
static void
change_secret(const struct place *p, const char *user)
{
	char *record = place_record(p->folder, user);
	char *secret = strstr(record, "\"secret\"");

	cr_assert_not_null(secret, "%s", record);
	secret = strpbrk(secret + 8, "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567");
	cr_assert_not_null(secret);
	*secret = *secret == 'A' ? 'B' : 'A';
	write_text(text("%s/users/%s.json", p->folder, user), record);
}

Test(store_fleet, names_who_loses_a_device)
{
	struct cluster *c;
	struct place *p, *q;
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user_at(p, "alice", 1793000000);
	place_user_at(p, "bob", 1793000000);
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	q = place_open(c);
	place_bring_key(p, q);
	assert_status(place_store(q, ARGV("join")), 0);
	place_user_at(q, "alice", 1793000900);
	place_user_at(q, "bob", 1793000900);
	change_secret(q, "alice");
	r = place_store(q,
	    ARGV("migrate", "--to", "fleet", "--prefer", "last-login",
		"--dry-run"));
	assert_status(r, 0);
	assert_says(r->out,
	    "2 records here, 0 of them in the fleet already, "
	    "1 differ");
	assert_says(r->err, "takes a device away from 1 user,");
	assert_says(r->err, "used last: alice\n");
}

/* Somebody who is local here has another record with the fleet, which is no
 * matter of this bastion's. */
Test(store_fleet, takes_back_the_later_of_two_records)
{
	struct cluster *c;
	struct place *p;
	struct run *r;
	char *config, *other, *later, *fleets, *local;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	config = read_text(p->link->config);
	other = text("%s", config);
	cr_assert_not_null(strstr(other, "breakglass"));
	memcpy(strstr(other, "breakglass"), "breakgrass", 10);
	write_text(p->link->config, other);
	place_user(p, "alice");
	place_user(p, "bob");
	place_user(p, "breakglass");
	fleets = place_record(p->folder, "bob");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	write_text(p->link->config, config);
	place_user_at(p, "alice", 1793000100);
	place_user_at(p, "bob", 1792999900);
	place_user_at(p, "breakglass", 1793000100);
	later = place_record(p->folder, "alice");
	local = place_record(p->folder, "breakglass");
	r = place_store(p, ARGV("migrate", "--to", "folder"));
	assert_status(r, 1);
	assert_says(r->err, "2 users have different records");
	assert_says(r->err, "alice, bob. --prefer last-login takes");
	cr_expect_not(is_there(p, "maintenance"));
	r = place_store(
	    p, ARGV("migrate", "--to", "folder", "--prefer", "last-login"));
	assert_status(r, 0);
	cr_expect_str_eq(place_record(p->folder, "alice"), later);
	cr_expect_str_eq(place_record(p->folder, "bob"), fleets);
	cr_expect_str_eq(place_record(p->folder, "breakglass"), local);
}

static char *
new_key(struct run *r)
{
	char *id = text("%.8s", r->out);

	assert_status(r, 0);
	cr_assert_eq(strlen(id), 8);
	return id;
}

Test(store_fleet, changes_its_key)
{
	struct cluster *c;
	struct place *p, *q;
	struct run *r;
	char *old, *id;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	q = place_open(c);
	place_bring_key(p, q);
	place_user(p, "alice");
	place_user(p, "bob");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	assert_status(place_store(q, ARGV("join")), 0);
	old = place_key_id(p);
	place_says(p, "b1", old, 5);
	place_says(p, "b2", old, 4000);
	id = new_key(place_store(p, ARGV("key", "add")));
	/* Also a bastion that is off would not open what is sealed anew. */
	r = place_store(p, ARGV("key", "use", id));
	assert_status(r, 1);
	assert_says(r->err, "b1, b2");
	place_says(p, "b1", id, 5);
	r = place_store(p, ARGV("key", "use", id));
	assert_status(r, 1);
	assert_says(r->err, "b2: no key");
	assert_status(place_store(p, ARGV("remove", "b2")), 0);
	r = place_store(p, ARGV("key", "drop", id));
	assert_status(r, 1);
	assert_says(r->err, "first");
	assert_status(place_store(p, ARGV("key", "use", id)), 0);
	cr_expect_str_eq(place_key_id(p), id);
	r = place_store(p, ARGV("key", "drop", old));
	assert_status(r, 1);
	assert_says(r->err, "reseal first");
	/* The other place cannot open what it has no key for. */
	assert_status(place_store(p, ARGV("reseal")), 0);
	r = place_store(q, ARGV("export", text("%s/out", q->dir)));
	assert_status(r, 1);
	assert_says(r->err, "bring fleet.key");
	assert_status(place_store(p, ARGV("key", "drop", old)), 0);
	r = place_store(p, ARGV("key", "drop", old));
	assert_status(r, 1);
	assert_says(r->err, "there is no key");
	assert_status(
	    place_store(p, ARGV("export", text("%s/out", p->dir))), 0);
	cr_expect_not_null(place_record(text("%s/out", p->dir), "alice"));
	r = place_store(p, ARGV("reseal"));
	assert_status(r, 0);
	assert_says(r->out, "0 sealed anew");
}

Test(store_fleet, is_left_with_no_way_in)
{
	struct cluster *c;
	struct place *p;
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	assert_status(place_store(p, ARGV("level")), 0);
	assert_status(place_store(p, ARGV("remove", "b9")), 1);
	r = place_store(p, ARGV("leave"));
	assert_status(r, 0);
	assert_says(r->err, text("DIR/policy.json to %s", p->policy));
	cr_expect_neq(access(p->key, F_OK), 0);
	cr_expect(is_there(p, "in-fleet"), "nobody may enrol anew");
	assert_status(place_store(p, ARGV("status")), 1);
}

Test(store_fleet, believes_a_backup_only_when_told_to)
{
	struct cluster *c;
	struct place *p;
	struct run *r;
	const char *saved;
	int fd;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user(p, "alice");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	saved = text("%s/saved", p->dir);
	cluster_save(c, saved);
	place_user(p, "bob");
	place_user_at(p, "alice", 1793000001);
	assert_status(
	    place_store(
		p, ARGV("migrate", "--to", "fleet", "--prefer", "last-login")),
	    0);
	cluster_restore(c, saved, true);
	/* bob was there, and is not; alice was there later. */
	r = place_store(p, ARGV("export", text("%s/out", p->dir)));
	assert_status(r, 1);
	assert_says(r->err, "accept-restore");
	r = place_store(p, ARGV("accept-restore"));
	assert_says(r->out, "epoch 2");
	assert_status(
	    place_store(p, ARGV("export", text("%s/out", p->dir))), 0);
	r = place_store(p, ARGV("accept-restore", "--here"));
	assert_status(r, 1);
	assert_says(r->err, "that this one does not know");
	/* A charter was seen that is newer than this backup. */
	write_text(text("%s/fleet/charter.lock", p->folder), "");
	fd = open(text("%s/fleet/charter.lock", p->folder), O_WRONLY);
	cr_assert_eq(write(fd, "tfs1\0\0\0\0\0\7\0\0\0\0\0\1", 16), 16);
	close(fd);
	r = place_store(p, ARGV("accept-restore"));
	assert_says(r->out, "epoch 8");
}

/* Each would decide by bastions and keys of then, and its changes would bring
 * the revision nearer to the one that was seen. */
Test(store_fleet, does_nothing_by_a_state_that_went_back)
{
	const char *const *const commands[] = {ARGV("key", "add"),
	    ARGV("key", "use", "00000000"), ARGV("key", "drop", "00000000"),
	    ARGV("reseal"), ARGV("level"), ARGV("remove", "b9"), ARGV("leave"),
	    ARGV("join"), ARGV("migrate", "--to", "fleet"),
	    ARGV("migrate", "--to", "folder"), ARGV("export", "/none/out")};
	struct place *p;
	struct run *r;

	needs_link();
	p = begin(cluster_open(.nodes = 1));
	place_user(p, "alice");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	/* A keeper noted a later revision. */
	write_text(
	    text("%s/fleet/revision", p->folder), "00000000000000009999\n");
	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		r = place_store(p, commands[i]);
		assert_status(r, 1);
		assert_says(r->err, "accept-restore");
		cr_assert(is_there(p, "fleet/back"), "%s", commands[i][0]);
	}
	cr_expect_eq(access(p->key, F_OK), 0);
	r = place_store(p, ARGV("status"));
	assert_status(r, 1);
	assert_says(r->out, "older than this bastion has seen it");
	assert_says(r->out, "tfa-admin store accept-restore");
	/* Time has gone by; the alarm stays. */
	write_text(
	    text("%s/fleet/revision", p->folder), "00000000000000000001\n");
	assert_says(place_store(p, ARGV("level"))->err, "accept-restore");
	assert_says(place_store(p, ARGV("accept-restore"))->out, "epoch 2");
	assert_status(place_store(p, ARGV("level")), 0);
}

/* It would close nothing, and have all believed that is older. */
Test(store_fleet, accepts_no_restore_that_nobody_has_accepted)
{
	struct cluster *c;
	struct place *p, *q;
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	q = place_open(c);
	place_bring_key(p, q);
	assert_status(place_store(q, ARGV("join")), 0);
	write_text(
	    text("%s/fleet/revision", q->folder), "00000000000000009999\n");
	r = place_store(q, ARGV("accept-restore", "--here"));
	assert_status(r, 1);
	assert_says(r->err, "leave out --here");
	assert_status(place_store(q, ARGV("level")), 1);
	/* Nor one of which nothing tells: all one-time codes would be void. */
	r = place_store(p, ARGV("accept-restore"));
	assert_status(r, 1);
	assert_says(r->err, "nothing in the fleet is older");
	r = place_store(q, ARGV("accept-restore"));
	assert_says(r->out, "accepted, epoch 2");
	/* To join once more accepts nothing. */
	assert_status(place_store(p, ARGV("join")), 0);
	r = place_store(p, ARGV("accept-restore", "--here"));
	assert_says(r->out, "accepted, epoch 2");
	assert_status(place_store(q, ARGV("level")), 0);
}

/* The number behind a key of a user's record, or of a file. */
static long long
number_of(const char *json, const char *key)
{
	const char *at = json != NULL ? strstr(json, key) : NULL;

	cr_assert_not_null(at, "%s in %s", key, json);
	return atoll(at + strcspn(at, "0123456789"));
}

static char *
raw_value(const struct cluster *c, const char *user)
{
	struct cluster_answer answer = cluster_ask(c, 0, "client", NULL,
	    "kv/range",
	    text("{\"key\":\"%s\"}",
		cluster_base64(text(CLUSTER_PREFIX "users/%s", user))));
	char *value = strstr(answer.body, "\"value\":\"");

	cr_assert_not_null(value, "%s", answer.body);
	value += strlen("\"value\":\"");
	return text("%.*s", (int)strcspn(value, "\""), value);
}

static void
put_raw(const struct cluster *c, const char *user, const char *value)
{
	struct cluster_answer answer = cluster_ask(c, 0, "client", NULL,
	    "kv/put",
	    text("{\"key\":\"%s\",\"value\":\"%s\"}",
		cluster_base64(text(CLUSTER_PREFIX "users/%s", user)), value));

	cr_assert_eq(answer.status, 200, "%s", answer.body);
}

static long long
exported_step(const struct place *p, const char *folder, const char *user)
{
	char *out = text("%s/%s", p->dir, folder);

	assert_status(place_store(p, ARGV("export", out)), 0);
	return number_of(place_record(out, user), "\"last_step\"");
}

/* The epoch of the highest serial that the place has seen of a user's
 * record. */
static int
epoch_seen(const struct place *p, const char *user)
{
	int fd = open(text("%s/locks/%s", p->folder, user), O_RDONLY);
	unsigned char bytes[16] = {0};

	cr_assert_eq(read(fd, bytes, sizeof(bytes)), 16);
	close(fd);
	return bytes[8] << 8 | bytes[9];
}

/* Codes that were spent since the backup would be good again, wherever a record
 * comes without a login. */
Test(store_fleet, closes_at_once_what_a_backup_opened)
{
	struct cluster *c;
	struct place *p;
	struct run *r;
	const char *saved;
	char *old;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user(p, "alice");
	place_user(p, "bob");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	cr_expect_eq(exported_step(p, "before", "alice"), 0);
	saved = text("%s/saved", p->dir);
	cluster_save(c, saved);
	old = raw_value(c, "alice");
	place_user_at(p, "alice", 1793000001);
	assert_status(
	    place_store(
		p, ARGV("migrate", "--to", "fleet", "--prefer", "last-login")),
	    0);
	cluster_restore(c, saved, true);
	cluster_put(c, CLUSTER_PREFIX "users/carol", "no seal");
	r = place_store(p, ARGV("accept-restore"));
	assert_says(r->err, "carol is damaged");
	cr_expect(is_there(p, "fleet/revision"), "accepted all the same");
	cluster_remove(c, CLUSTER_PREFIX "users/carol");
	assert_says(r->out, "2 records closed");
	assert_says(r->out, "epoch 2");
	cr_expect_eq(epoch_seen(p, "alice"), 2);
	cr_expect_geq(exported_step(p, "after", "alice"), time(NULL) / 30 - 5);
	cr_expect_geq(exported_step(p, "too", "bob"), time(NULL) / 30 - 5);

	/* An older one was put back by somebody: no further bastion brings
	 * it into the new epoch, and this one has seen more. */
	put_raw(c, "alice", old);
	cr_assert_eq(unlink(text("%s/fleet/accepted", p->folder)), 0);
	r = place_store(p, ARGV("accept-restore", "--here"));
	assert_says(r->out, "epoch 2");
	r = place_store(p, ARGV("export", text("%s/out", p->dir)));
	assert_status(r, 1);
	assert_says(r->err, "accept-restore was killed, run it again");
	r = place_store(p, ARGV("migrate", "--to", "folder"));
	assert_status(r, 1);
	assert_says(r->err, "accept-restore was killed, run it again");
	cr_expect_not(is_there(p, "maintenance"));
	place_says(p, "b1", place_key_id(p), 5);
	r = place_store(p, ARGV("key", "add"));
	assert_status(r, 0);
	place_says(p, "b1", text("%.8s", r->out), 5);
	assert_status(
	    place_store(p, ARGV("key", "use", text("%.8s", r->out))), 0);
	r = place_store(p, ARGV("reseal"));
	assert_status(r, 1);
	assert_says(r->err, "somebody put an old record back");
	r = place_store(p, ARGV("accept-restore"));
	assert_says(r->out, "2 records closed");
	assert_says(r->out, "epoch 3");
	assert_status(place_store(p, ARGV("reseal")), 0);
	cr_expect_geq(exported_step(p, "last", "alice"), time(NULL) / 30 - 5);
}

Test(store_fleet, accepts_a_backup_although_it_is_killed)
{
	struct cluster *c;
	struct place *p;
	char *texts[MANY];
	const char *saved;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	make_many(p, texts);
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	saved = text("%s/saved", p->dir);
	cluster_save(c, saved);
	place_user(p, "later");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	cluster_restore(c, saved, true);
	/* It ends well, and finds no keeper whose log it could read. */
	kill_until_done(
	    p, ARGV("accept-restore"), 69, "nothing in the fleet is older");
	cr_expect_geq(exported_step(p, "out", "user0"), time(NULL) / 30 - 90);
	assert_status(place_store(p, ARGV("reseal")), 0);
}

/* Else an old record, put back before a reseal, would have the number of the
 * one that is in force. */
Test(store_fleet, reseals_an_old_record_as_an_old_one)
{
	struct cluster *c;
	struct place *p;
	struct run *r;
	char *old;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user(p, "alice");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	old = raw_value(c, "alice");
	place_user_at(p, "alice", 1793000001);
	assert_status(
	    place_store(
		p, ARGV("migrate", "--to", "fleet", "--prefer", "last-login")),
	    0);
	put_raw(c, "alice", old);
	place_says(p, "b1", place_key_id(p), 5);
	r = place_store(p, ARGV("key", "add"));
	assert_status(r, 0);
	place_says(p, "b1", text("%.8s", r->out), 5);
	assert_status(
	    place_store(p, ARGV("key", "use", text("%.8s", r->out))), 0);
	assert_status(place_store(p, ARGV("reseal")), 0);
	cr_expect_str_neq(raw_value(c, "alice"), old);
	r = place_store(p, ARGV("export", text("%s/out", p->dir)));
	assert_status(r, 1);
	assert_says(r->err, "alice in the fleet is older");
}

/* Keys that somebody else put among the records lead out of the folder, are no
 * names, or are longer than any: none makes a file, or ends a list. */
Test(store_fleet, passes_over_what_is_no_record)
{
	struct cluster *c;
	struct place *p;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user(p, "alice");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	cluster_put(c, CLUSTER_PREFIX "users/../maintenance", "x");
	cluster_put(c, CLUSTER_PREFIX "users/a b", "x");
	cluster_put(c, text(CLUSTER_PREFIX "users/%0600d", 7), "x");
	assert_status(
	    place_store(p, ARGV("export", text("%s/out", p->dir))), 0);
	cr_expect_not(is_there(p, "maintenance"));
	cr_expect_not_null(place_record(text("%s/out", p->dir), "alice"));
	write_text(
	    text("%s/fleet/revision", p->folder), "00000000000000009999\n");
	assert_says(place_store(p, ARGV("accept-restore"))->out, "epoch 2");
	cr_expect_not(is_there(p, "maintenance"));
}

/* A bastion that was off, and taken out, comes back while records go home: it
 * must find no policy by which somebody could enrol in place of a record that
 * is gone. */
Test(store_fleet, takes_the_policy_away_before_the_records)
{
	struct cluster *c;
	struct place *p;
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 1, .quota_k = 4096);
	p = begin(c);
	place_user(p, "alice");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	cluster_fill(c);
	/* A full etcd takes no text, also none of no bytes, and removes
	 * keys. */
	r = place_store(p, ARGV("migrate", "--to", "folder"));
	assert_status(r, 1);
	assert_says(r->err, "not all is done");
	cr_expect_str_empty(cluster_get(c, CLUSTER_PREFIX "policy"));
	cr_expect_gt(strlen(raw_value(c, "alice")), 100);
	cluster_make_room(c);
	assert_status(place_store(p, ARGV("migrate", "--to", "folder")), 0);
	cr_expect_not_null(place_record(p->folder, "alice"));
}

/* An older policy would come into the folder, and let in whom it let in. */
Test(store_fleet, takes_no_policy_along_that_was_rolled_back)
{
	struct cluster *c;
	struct place *p;
	struct run *r;
	int fd;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	(void)mkdir(text("%s/fleet", p->folder), 0700);
	write_text(text("%s/fleet/policy.lock", p->folder), "");
	fd = open(text("%s/fleet/policy.lock", p->folder), O_WRONLY);
	cr_assert_eq(write(fd, "tfs1\0\0\0\0\0\1\0\0\0\0\0\7", 16), 16);
	close(fd);
	r = place_store(p, ARGV("export", text("%s/out", p->dir)));
	assert_status(r, 1);
	assert_says(r->err, "older than this bastion has seen");
	r = place_store(p, ARGV("migrate", "--to", "folder"));
	assert_status(r, 1);
	assert_says(r->err, "older than this bastion has seen");
}

static void
see_in_first_epoch(const struct place *p, const char *user)
{
	const char *lock = text("%s/locks/%s", p->folder, user);
	struct stat st;
	int fd;

	cr_assert_eq(stat(text("%s/locks", p->folder), &st), 0);
	fd = open(lock, O_WRONLY | O_CREAT, 0600);
	cr_assert_eq(write(fd, "tfs1\0\0\0\0\0\1\0\0\0\0\0\5", 16), 16);
	cr_assert_eq(fchown(fd, st.st_uid, st.st_gid), 0);
	close(fd);
}

/* An attacker who has etcd waits for an administrator to accept a backup, and
 * then takes a record away: its user must not be a new one. */
Test(store_fleet, misses_a_record_that_goes_after_a_restore)
{
	struct cluster *c;
	struct place *p, *q;
	struct run *r;
	const char *saved;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user(p, "alice");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	q = place_open(c);
	place_bring_key(p, q);
	assert_status(place_store(q, ARGV("join")), 0);
	saved = text("%s/saved", p->dir);
	cluster_save(c, saved);
	place_user(p, "bob");
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
	cluster_restore(c, saved, true);
	r = place_store(p, ARGV("accept-restore"));
	assert_says(r->out, "epoch 2");
	assert_says(r->err, "bob is not in the backup");
	/* By what is put there other bastions know that, too. */
	cr_expect_gt(strlen(raw_value(c, "bob")), 40);
	cr_expect_eq(epoch_seen(p, "bob"), 2);
	/* Seen here before the restore, and not there, as if taken away. */
	see_in_first_epoch(q, "carol");
	r = place_store(q, ARGV("accept-restore", "--here"));
	assert_says(r->err, "carol was seen here and is not in the fleet");
	cr_expect_eq(epoch_seen(q, "carol"), 1);
	cluster_remove(c, CLUSTER_PREFIX "users/alice");
	r = place_store(p, ARGV("export", text("%s/out", p->dir)));
	assert_status(r, 1);
	assert_says(r->err, "alice in the fleet is older");
}

/* The link also says what a member said that is off now: a mark that no answer
 * reaches would shut everybody out. */
Test(store_fleet, accepts_the_revision_of_now)
{
	struct cluster *c;
	struct place *p;
	struct run *r;
	const char *saved;

	needs_link();
	c = cluster_open(.nodes = 3);
	p = begin(c);
	saved = text("%s/saved", p->dir);
	cluster_save(c, saved);
	for (int i = 0; i < 50; i++)
		cluster_put(c, CLUSTER_PREFIX "users/later", "later");
	cluster_remove(c, CLUSTER_PREFIX "users/later");
	/* Now each member has said so. */
	assert_status(place_store(p, ARGV("status")), 0);
	write_text(text("%s/fleet/revision", p->folder),
	    text("%020llu\n", (unsigned long long)cluster_revision(c)));
	cluster_restore(c, saved, false);
	cluster_kill(c, 2);
	r = place_store(p, ARGV("status", "--json"));
	cr_expect_leq(
	    number_of(r->out, "\"revision\""), (long long)cluster_revision(c));
	assert_says(place_store(p, ARGV("accept-restore"))->out, "epoch 2");
	cr_expect_leq(
	    number_of(read_text(text("%s/fleet/revision", p->folder)), ""),
	    (long long)cluster_revision(c));
}

static char *
doctor_of(const struct bastion *b, const struct place *p)
{
	struct run *r = run(
	    ARGV(text("%s/tfa-admin", getenv("TFA_PROGRAMS")), "--socket",
		b->socket, "--policy", b->policy, "--fleet", p->link->config,
		"--link", p->link->socket, "doctor", "--config",
		text("%s/sshd_config", b->dir)),
	    NULL, 0);

	cr_assert_eq(r->status, 1, "%s", r->err);
	return r->out;
}

Test(store_fleet, is_looked_at_by_doctor)
{
	struct cluster *c;
	struct bastion *b;
	struct place *p;
	char *out;

	needs_link();
	needs_people();
	c = cluster_open(.nodes = 1);
	b = bastion_open(.rules = REQUIRED);
	p = place_open(c);
	out = doctor_of(b, p);
	cr_assert(
	    finding_is(out, "FAIL", "fleet", "has not joined"), "%s", out);
	write_text(text("%s/in-fleet", b->store), "");
	out = doctor_of(b, p);
	cr_assert(finding_is(out, "FAIL", "fleet", "fleet.key"), "%s", out);
	assert_status(place_store(p, ARGV("join", "--new", PLACE_FLEET)), 0);
	place_says(p, "b9", place_key_id(p), 4000);
	out = doctor_of(b, p);
	cr_assert(finding_is(out, "warn", "fleet", "has 1 member"), "%s", out);
	cr_assert(finding_is(out, "warn", "fleet", "store remove b9"));
	cr_assert(finding_is(out, "warn", "fleet", "is not read any more"));
	link_stop(p->link);
	out = doctor_of(b, p);
	cr_assert(finding_is(out, "FAIL", "fleet", "enable --now tfa-link"),
	    "%s", out);
}

/* Nobody gets in, and is told the cause. */
static void
is_shut(const char *file, const char *words)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	const char *code = code_at(secret, step_now() + 1);
	struct run *r;

	write_text(text("%s/%s", b->store, file), "");
	r = ssh_with_code(b, b->me, code, "echo inside");
	assert_status(r, 75);
	assert_says(r->err, words);
	cr_expect_str_empty(r->out);
	unlink(text("%s/%s", b->store, file));
	r = ssh_with_code(b, b->me, code, "echo inside");
	assert_status(r, 0);
}

Test(store_fleet, lets_nobody_in_while_records_move)
{
	needs_people();
	is_shut("maintenance", "moves the second factors");
}

Test(store_fleet, lets_nobody_in_whose_records_went_into_a_fleet)
{
	needs_people();
	is_shut("in-fleet", "does not work");
}

/* A bastion with an older tfa could not read such a record, and would let its
 * user in no more. */
Test(store_fleet, takes_no_counter_below_its_level)
{
	struct cluster *c;
	struct place *p;
	struct run *r;
	const char *path, *record;

	needs_link();
	c = cluster_open(.nodes = 1);
	p = begin(c);
	place_user(p, "alice");
	path = text("%s/users/alice.json", p->folder);
	record = read_text(path);
	assert_status(run(ARGV("sed", "-i", "-e", "s/\"totp\"/\"hotp\"/", "-e",
			      "/\"period\"/d", "-e",
			      "s/\"last_step\"/\"counter\"/", path),
			  NULL, 0),
	    0);
	charter_change(p->link, 1, CHARTER_HOTP - 1);
	r = place_store(p, ARGV("migrate", "--to", "fleet"));
	assert_status(r, 1);
	assert_says(r->err, "alice: has a device that counts its codes");
	cr_expect(is_there(p, "users/alice.json"));
	cr_expect_not(is_there(p, "users.migrated/alice.json"));
	write_text(path, record);
	assert_status(place_store(p, ARGV("migrate", "--to", "fleet")), 0);
}
