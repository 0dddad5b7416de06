/*
 * The cluster of the tests is a real one, and what the tests do to it is what
 * they say: each fault is seen here by a plain HTTPS client.
 */
#include "tests/scenario/fleet.h"
#include "tests/support/server.h"

Fleets(cluster);

#define RANGE "kv/range"
#define PUT   "kv/put"

static char *
key_body(const char *key)
{
	return text("{\"key\":\"%s\"}", cluster_base64(key));
}

static char *
put_body(const char *key, const char *value)
{
	return text("{\"key\":\"%s\",\"value\":\"%s\"}", cluster_base64(key),
	    cluster_base64(value));
}

/* The status of HTTP, or 0, of a put by an ordinary client. */
static int
put(const struct cluster *c, int node, const char *key)
{
	return cluster_ask(c, node, "client", NULL, PUT, put_body(key, "v"))
	    .status;
}

/* Some certificates only fail once the client has asked. */
static void
is_shut_out(const struct cluster *c, const char *certificate)
{
	struct cluster_answer answer = cluster_ask(
	    c, 0, certificate, NULL, RANGE, key_body("k"));

	cr_assert_eq(answer.status, 0, "%s: %d %s", certificate, answer.status,
	    answer.body);
	cr_assert_neq(answer.curl, 0);
}

Test(cluster, takes_the_certificates_that_it_should)
{
	struct cluster *c;

	needs_cluster();
	c = cluster_open(.nodes = 1);
	cr_assert_eq(put(c, 0, "k"), 200);
	cr_assert_eq(
	    cluster_ask(c, 0, "named", NULL, RANGE, key_body("k")).status, 200);
	is_shut_out(c, NULL);
	is_shut_out(c, "expired");
	is_shut_out(c, "stranger");
}

static void
is_not_believed(const char *server)
{
	struct cluster *c = cluster_open(.server = server);
	struct cluster_answer answer = {.curl = 7};

	/* 7: it does not listen yet. */
	for (int i = 0; i < 300 && answer.curl == 7; i++) {
		answer = cluster_ask(
		    c, 0, "client", NULL, RANGE, key_body("k"));
		run_sleep_ms(20);
	}
	cr_assert_eq(answer.curl, 60, "%s: %s", server, answer.body);
	cluster_close();
}

Test(cluster, has_servers_that_no_client_believes)
{
	needs_cluster();
	is_not_believed("server-expired");
	is_not_believed("server-renamed");
	is_not_believed("impostor");
}

Test(cluster, gives_a_user_the_keys_of_its_role)
{
	struct cluster *c;
	struct cluster_answer answer;
	char *token;

	needs_cluster();
	c = cluster_open(.nodes = 1, .auth = true, .token_ttl_s = 1);
	token = cluster_token(c, 0);
	cr_assert_eq(
	    cluster_ask(c, 0, "client", token, PUT, put_body("/tfa/k", "v"))
		.status,
	    200);
	answer = cluster_ask(
	    c, 0, "client", token, PUT, put_body("/other", "v"));
	assert_says(answer.body, "permission denied");
	answer = cluster_ask(c, 0, "client", NULL, RANGE, key_body("/tfa/k"));
	assert_says(answer.body, "user name is empty");
	answer = cluster_ask(c, 0, "named", token, RANGE, key_body("/tfa/k"));
	cr_assert_eq(answer.status, 400);
	assert_says(answer.body, "CommonName");
	/* Each use makes a token live longer. */
	run_sleep_ms(4000);
	answer = cluster_ask(c, 0, "client", token, RANGE, key_body("/tfa/k"));
	cr_assert_eq(answer.status, 401, "%s", answer.body);
}

Test(cluster, elects_another_leader)
{
	struct cluster *c;
	int leader, next;

	needs_cluster();
	c = cluster_open(.nodes = 3);
	leader = cluster_leader(c);
	next = (leader + 1) % 3;

	cluster_kill(c, leader);
	cr_assert_neq(cluster_leader(c), leader);
	cr_assert_eq(put(c, next, "k"), 200);
	cr_assert_eq(put(c, leader, "k"), 0);
	cluster_restart(c, leader);

	leader = cluster_leader(c);
	next = (leader + 1) % 3;
	cluster_hang(c, leader);
	cr_assert_eq(put(c, leader, "k"), 0);
	cr_assert_neq(cluster_leader(c), leader);
	cr_assert_eq(put(c, next, "k"), 200);
	cluster_wake(c, leader);

	cluster_await(c);
	leader = cluster_leader(c);
	next = (leader + 1) % 3;
	cluster_cut_off(c, leader);
	/* A client reaches it, and it says that it cannot. */
	cr_assert_neq(put(c, leader, "k"), 200);
	cr_assert_eq(
	    cluster_ask(c, leader, "client", NULL, "maintenance/status", "{}")
		.status,
	    200);
	cr_assert_neq(cluster_leader(c), leader);
	cr_assert_eq(put(c, next, "k"), 200);
	cluster_plug_in(c, leader);
	cluster_await(c);
	cr_assert_eq(put(c, leader, "k"), 200);
}

Test(cluster, does_nothing_without_a_quorum)
{
	struct cluster *c;

	needs_cluster();
	c = cluster_open(.nodes = 3);
	cr_assert_eq(put(c, 0, "k"), 200);
	cluster_kill(c, 1);
	cluster_kill(c, 2);
	cr_assert_neq(put(c, 0, "k"), 200);
	cluster_restart(c, 1);
	cluster_await(c);
	cr_assert_eq(put(c, 0, "k"), 200);
	cluster_restart(c, 2);
}

Test(cluster, is_full_and_has_room_again)
{
	struct cluster *c;
	struct cluster_answer answer;

	needs_cluster();
	c = cluster_open(.nodes = 1, .quota_k = 1024);
	cluster_fill(c);
	answer = cluster_ask(c, 0, "client", NULL, PUT, put_body("k", "v"));
	cr_assert_eq(answer.status, 429);
	assert_says(answer.body, "database space exceeded");
	cr_assert_eq(
	    cluster_ask(c, 0, "client", NULL, RANGE, key_body("k")).status,
	    200);
	cluster_remove(c, "/fill");
	cluster_make_room(c);
	cr_assert_eq(put(c, 0, "k"), 200);
}

Test(cluster, goes_back_to_what_was_saved)
{
	struct cluster *c;
	uint64_t saved, last;
	char *path;

	needs_cluster();
	c = cluster_open(.nodes = 3, .auth = true);
	path = text("%s/saved", c->dir);
	cluster_put(c, "/tfa/v1/k", "before");
	saved = cluster_revision(c);
	cluster_save(c, path);
	cluster_put(c, "/tfa/v1/k", "after");
	cluster_put(c, "/tfa/v1/later", "x");
	last = cluster_revision(c);
	cr_assert_eq(last, saved + 2);
	cr_assert_str_eq(cluster_get(c, "/tfa/v1/k"), "after");

	cluster_restore(c, path, false);
	cr_assert_eq(cluster_revision(c), saved);
	cr_assert_str_eq(cluster_get(c, "/tfa/v1/k"), "before");
	cr_assert_str_empty(cluster_get(c, "/tfa/v1/later"));

	cluster_restore(c, path, true);
	cr_assert_gt(cluster_revision(c), last);
	cr_assert_str_eq(cluster_get(c, "/tfa/v1/k"), "before");
}

Test(cluster, forgets_what_is_compacted)
{
	struct cluster *c;
	struct cluster_answer answer;
	uint64_t revision;

	needs_cluster();
	c = cluster_open(.nodes = 1);
	cluster_put(c, "k", "1");
	revision = cluster_revision(c);
	cluster_put(c, "k", "2");
	cluster_ctl(c,
	    ARGV("compact",
		text("%llu", (unsigned long long)cluster_revision(c))));
	answer = cluster_ask(c, 0, "client", NULL, RANGE,
	    text("{\"key\":\"%s\",\"revision\":\"%llu\"}", cluster_base64("k"),
		(unsigned long long)revision));
	cr_assert_eq(answer.status, 400);
	assert_says(answer.body, "has been compacted");
}

Test(cluster, has_a_slow_node)
{
	struct cluster *c;
	pid_t slow;
	int late = 0;

	needs_cluster();
	c = cluster_open(.nodes = 1);
	slow = cluster_slow(c, 0, 600);
	for (int i = 0; i < 10; i++) {
		long long start = run_clock_ms();

		cr_assert_eq(put(c, 0, "k"), 200);
		late += run_clock_ms() - start > 200;
		run_sleep_ms(130);
	}
	server_stop(&slow);
	cr_assert_gt(late, 0);
	cr_assert_eq(put(c, 0, "k"), 200);
}
