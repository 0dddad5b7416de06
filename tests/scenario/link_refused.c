/*
 * Faults that only an administrator can end: the quota, certificates, passwords,
 * and history that is gone. Each is said in its own words.
 */
#include <stdlib.h>
#include <unistd.h>

#include "tests/scenario/fleet.h"

Fleets(link_refused);

static struct link_answer
get_at(const struct link *l)
{
	int fd = link_dial(l);
	struct link_answer a = link_get(fd, "users/u");

	close(fd);
	return a;
}

Test(link_refused, full_engine_reads_and_does_not_write)
{
	struct cluster *c;
	struct link_answer a, b;
	int fd;

	needs_link();
	c = cluster_open(.nodes = 3, .auth = true, .quota_k = 1024);
	fd = link_dial(link_open(.cluster = c));
	a = link_put(fd, "users/u", "0", "one");
	cr_assert(link_is(&a, "ok"), "%s", a.all);
	cluster_fill(c);
	b = link_put(fd, "users/u", a.mark, "two");
	cr_assert(link_is(&b, "full"), "%s", b.all);
	assert_says(b.why, "space exceeded");
	b = link_get(fd, "users/u");
	cr_assert(link_is(&b, "ok"), "%s", b.all);
	cr_assert_str_eq(b.mark, a.mark);
	cluster_remove(c, "/fill");
	cluster_make_room(c);
	b = link_put(fd, "users/u", a.mark, "two");
	cr_assert(link_is(&b, "ok"), "%s", b.all);
}

/*
 * Asks until the answer says so. At first nobody listens there; and with TLS 1.3
 * a client writes before it hears that its certificate is refused, and its
 * kernel may tell it of the closed connection first.
 */
static void
is_refused_with(struct link *l, const char *words)
{
	struct link_answer a = {.why = ""};

	for (int i = 0; i < 60 && strstr(a.why, words) == NULL; i++) {
		a = get_at(l);
		cr_assert(!link_is(&a, "ok"), "%s", a.all);
		cr_assert_str_empty(a.value);
		run_sleep_ms(250);
	}
	assert_says(a.why, words);
	link_close_all();
}

Test(link_refused, certificates_of_a_client)
{
	struct cluster *c;
	struct link_answer a;

	needs_link();
	c = cluster_open(.nodes = 1);
	a = get_at(link_open(.cluster = c, .certificate = "named"));
	cr_assert(link_is(&a, "ok"), "%s", a.all);
	link_close_all();
	is_refused_with(
	    link_open(.cluster = c, .certificate = "expired"), "certificate");
	is_refused_with(
	    link_open(.cluster = c, .certificate = "stranger"), "certificate");
}

Test(link_refused, certificate_with_a_name_where_etcd_has_users)
{
	struct cluster *c;

	needs_link();
	c = cluster_open(.nodes = 1, .auth = true);
	is_refused_with(
	    link_open(.cluster = c, .certificate = "named"), "CommonName");
}

static void
server_is_refused(const char *server)
{
	struct cluster *c = cluster_open(.server = server);

	is_refused_with(link_open(.cluster = c), "certificate");
	cluster_close();
}

Test(link_refused, certificates_of_a_server)
{
	needs_link();
	server_is_refused("server-expired");
	server_is_refused("server-renamed");
	server_is_refused("impostor");
}

/* How often etcd was asked for a token. */
static int
authentications(const struct cluster *c)
{
	struct run *r = run(
	    ARGV("sh", "-c",
		text("curl -s --cacert %s --cert %s --key %s %s/metrics | "
		     "sed -n 's/^grpc_server_started_total{"
		     "grpc_method=\"Authenticate\".* //p'",
		    cluster_file(c, "ca.pem"), cluster_file(c, "client.pem"),
		    cluster_file(c, "client.key"), c->node[0].url)),
	    NULL, 0);

	cr_assert_neq(r->out_len, 0);
	return (int)strtol(r->out, NULL, 10);
}

/* Each password takes etcd 60 ms and a place in its log. */
Test(link_refused, wrong_password_is_tried_once_a_second)
{
	struct cluster *c;
	struct link *l;
	long long start;
	int before, asked = 0;

	needs_link();
	c = cluster_open(.nodes = 1, .auth = true);
	l = link_open(.cluster = c, .password = "wrong");
	before = authentications(c);
	start = run_clock_ms();
	for (; run_clock_ms() - start < 4000; asked++) {
		struct link_answer a = get_at(l);

		cr_assert(!link_is(&a, "ok"), "%s", a.all);
		assert_says(a.why, "password");
		run_sleep_ms(10);
	}
	cr_assert_gt(asked, 10);
	cr_assert_leq(authentications(c) - before,
	    (int)(run_clock_ms() - start) / 1000 + 2);
}

Test(link_refused, token_that_died_is_replaced)
{
	struct cluster *c;
	struct link *l;
	struct link_answer a;

	needs_link();
	c = cluster_open(.nodes = 3, .auth = true, .token_ttl_s = 1);
	l = link_open(.cluster = c);
	for (int i = 0; i < 3; i++) {
		a = get_at(l);
		cr_assert(link_is(&a, "ok"), "%s", a.all);
		run_sleep_ms(4000);
	}
	cluster_ctl(c, ARGV("user", "add", "somebody:else"));
	a = get_at(l);
	cr_assert(link_is(&a, "ok"), "%s", a.all);
}

/* Every user that is added makes all tokens of this kind void. */
Test(link_refused, signed_token_that_is_void_is_replaced)
{
	struct cluster *c;
	struct link *l;
	struct link_answer a;
	const char *work = getenv("TFA_WORK");
	char *sign = text("jwt,pub-key=%s/jwt.pub,priv-key=%s/jwt.key,"
			  "sign-method=ES256,ttl=10m",
	    work, work);

	needs_link();
	cr_assert_eq(
	    run(ARGV("sh", "-ec",
		    text("cd %s; openssl ecparam -name prime256v1 -genkey "
			 "-noout -out jwt.key; openssl ec -in jwt.key -pubout "
			 "-out jwt.pub",
			work)),
		NULL, 0)
		->status,
	    0);
	c = cluster_open(.nodes = 1, .auth = true,
	    .further = ARGV("--auth-token", sign));
	l = link_open(.cluster = c);
	for (int i = 0; i < 3; i++) {
		a = get_at(l);
		cr_assert(link_is(&a, "ok"), "%s", a.all);
		cluster_ctl(c, ARGV("user", "add", text("user%d:x", i)));
	}
	a = get_at(l);
	cr_assert(link_is(&a, "ok"), "%s", a.all);
}

static char *
scan(int fd, const char *after, const char *revision)
{
	return text("%s",
	    link_ask(fd,
		text(
		    "{'op':'scan','prefix':'users/','after':'%s','until':'',"
		    "'keys_only':true,'revision':'%s','limit':2,'wait_ms':3000}",
		    after, revision),
		20000));
}

Test(link_refused, scan_of_what_is_compacted_begins_anew)
{
	struct cluster *c;
	char *page, *revision;
	int fd;

	needs_link();
	c = cluster_open(.nodes = 1);
	for (int i = 0; i < 4; i++)
		cluster_put(c, text(CLUSTER_PREFIX "users/u%d", i), "x");
	fd = link_dial(link_open(.cluster = c));
	page = scan(fd, "", "0");
	assert_says(page, "\"users/u1\"");
	assert_says(page, "\"more\":true");
	revision = text("%s", talk_word(page, "revision"));
	/* A row that is newer than the first page is on none of the others. */
	cluster_put(c, CLUSTER_PREFIX "users/u9", "x");
	page = scan(fd, "users/u1", revision);
	assert_says(page, "\"users/u3\"");
	assert_says(page, "\"more\":false");
	cluster_put(c, CLUSTER_PREFIX "users/u2", "y");
	cluster_ctl(c,
	    ARGV("compact",
		text("%llu", (unsigned long long)cluster_revision(c))));
	page = scan(fd, "users/u1", revision);
	assert_says(page, "\"status\":\"compacted\"");
	page = scan(fd, "users/u1", "0");
	assert_says(page, "\"users/u2\"");
}

/* True once a read of the revision is refused as compacted. */
static bool
is_compacted(const struct cluster *c, uint64_t revision)
{
	struct cluster_answer answer = cluster_ask(c, 0, "client", NULL,
	    "kv/range",
	    text("{\"key\":\"%s\",\"revision\":\"%llu\"}",
		cluster_base64(CLUSTER_PREFIX "users/u"),
		(unsigned long long)revision));

	return strstr(answer.body, "has been compacted") != NULL;
}

/* Nobody else makes etcd forget what was replaced. */
Test(link_refused, link_has_etcd_forget_what_was_replaced)
{
	struct cluster *c;
	struct link_answer a;
	uint64_t first, last;

	needs_link();
	c = cluster_open(.nodes = 1);
	cluster_put(c, CLUSTER_PREFIX "users/u", "replaced");
	first = cluster_revision(c);
	cluster_put(c, CLUSTER_PREFIX "users/u", "kept");
	last = cluster_revision(c);
	a = get_at(link_open(.cluster = c, .keep = "3s"));
	cr_assert(link_is(&a, "ok"), "%s", a.all);
	for (int i = 0; i < 300 && !is_compacted(c, first); i++)
		run_sleep_ms(100);
	cr_assert(is_compacted(c, first));
	cr_assert_not(is_compacted(c, last));
	cr_assert_str_eq(cluster_get(c, CLUSTER_PREFIX "users/u"), "kept");
}

/* Somebody else decides that for a cluster which others have, too. */
Test(link_refused, link_leaves_history_alone_where_it_is_told_to)
{
	struct cluster *c;
	uint64_t first;

	needs_link();
	c = cluster_open(.nodes = 1);
	cluster_put(c, CLUSTER_PREFIX "users/u", "replaced");
	first = cluster_revision(c);
	cluster_put(c, CLUSTER_PREFIX "users/u", "kept");
	link_open(.cluster = c, .keep = "3s", .more = ",'compact':false");
	run_sleep_ms(8000);
	cr_assert_not(is_compacted(c, first));
}
