#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/support/cluster.h"
#include "tests/support/bastion.h"
#include "tests/support/fail.h"
#include "tests/support/server.h"

#define CLIENT_PORT 2379
#define PEER_PORT   2380
#define ASK_S       "5"
#define BUMP        300 /* revisions, where etcdctl cannot do it */

static struct cluster *open_cluster;

static struct run *
shell(const char *script)
{
	return run(ARGV("sh", "-ec", script), NULL, 0);
}

static void
must(const char *script)
{
	struct run *r = shell(script);

	if (r->status != 0)
		fail("%s: %s%s", script, r->out, r->err);
}

const char *
cluster_missing(void)
{
	static const char *const programs[] = {
	    "etcd", "etcdctl", "curl", "openssl", "ip", "nsenter"};

	if (!bastion_has_people())
		return "needs root and a private-root";
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++)
		if (shell(text("command -v %s", programs[i]))->status != 0)
			return text("no %s here", programs[i]);
	if (shell("unshare -n sh -ec 'ip link add test0 type bridge\n"
		  "ip link add test1 type veth peer name test2'")
		->status != 0)
		return "no network of our own is allowed here";
	return NULL;
}

char *
cluster_file(const struct cluster *c, const char *name)
{
	return text("%s/certificates/%s", c->dir, name);
}

static char *
peer_address(int node)
{
	return text("10.78.0.%d", node + 1);
}

static char *
client_address(int node)
{
	return text("10.77.0.%d", node + 1);
}

/* The test moves to a network namespace, once, with a switch for each cable. */
static void
new_network(void)
{
	if (unshare(CLONE_NEWNET) != 0)
		fail("no network: %s", strerror(errno));
	must("ip link set lo up\n"
	     "ip link add peers type bridge\n"
	     "ip link set peers up\n"
	     "ip link add clients type bridge\n"
	     "ip addr add 10.77.0.254/24 dev clients\n"
	     "ip link set clients up");
}

/* A process that does nothing in a network namespace of its own. */
static pid_t
hold_network(void)
{
	int ready[2];
	char byte;
	pid_t pid;

	if (pipe(ready) != 0 || (pid = fork()) < 0)
		fail("no process: %s", strerror(errno));
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (unshare(CLONE_NEWNET) != 0 || write(ready[1], "", 1) != 1)
			_exit(1);
		close(ready[0]);
		close(ready[1]);
		for (;;)
			pause();
	}
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		fail("no network of a node");
	close(ready[0]);
	return pid;
}

static void
node_network(struct cluster *c, int i)
{
	struct cluster_node *n = &c->node[i];

	n->network = hold_network();
	must(text("ip link add p%d type veth peer name peers netns %d\n"
		  "ip link add c%d type veth peer name clients netns %d\n"
		  "ip link set p%d master peers up\n"
		  "ip link set c%d master clients up\n"
		  "nsenter -t %d -n sh -ec 'ip link set lo up\n"
		  "ip addr add %s/24 dev peers\nip link set peers up\n"
		  "ip addr add %s/24 dev clients\nip link set clients up'",
	    i, n->network, i, n->network, i, i, n->network, peer_address(i),
	    client_address(i)));
}

static char *
members(const struct cluster *c)
{
	char *all = text("%s", "");

	for (int i = 0; i < c->nodes; i++)
		all = text("%s%sn%d=https://%s:%d", all, i == 0 ? "" : ",", i,
		    peer_address(i), PEER_PORT);
	return all;
}

static char *
endpoints(const struct cluster *c)
{
	char *all = NULL;

	for (int i = 0; i < c->nodes; i++)
		if (c->node[i].pid != 0)
			all = all == NULL ? c->node[i].url
					  : text("%s,%s", all, c->node[i].url);
	return all == NULL ? text("%s", "") : all;
}

/* The words that start a node; argv is in memory that stays. */
static const char *const *
node_argv(const struct cluster *c, int i)
{
	const char *certificate = c->plan.server;
	const struct cluster_node *n = &c->node[i];
	const char **argv = calloc(80, sizeof(*argv));
	const char *const words[] = {"/usr/bin/nsenter", "-t",
	    text("%d", n->network), "-n", "--", "etcd", "--name",
	    text("n%d", i), "--data-dir", n->data, "--listen-client-urls",
	    n->url, "--advertise-client-urls", n->url, "--listen-peer-urls",
	    text("https://%s:%d", peer_address(i), PEER_PORT),
	    "--initial-advertise-peer-urls",
	    text("https://%s:%d", peer_address(i), PEER_PORT),
	    "--initial-cluster", members(c), "--initial-cluster-token", "tests",
	    "--cert-file", cluster_file(c, text("%s.pem", certificate)),
	    "--key-file", cluster_file(c, text("%s.key", certificate)),
	    "--client-cert-auth", "--trusted-ca-file",
	    cluster_file(c, "ca.pem"), "--peer-cert-file",
	    cluster_file(c, "server.pem"), "--peer-key-file",
	    cluster_file(c, "server.key"), "--peer-client-cert-auth",
	    "--peer-trusted-ca-file", cluster_file(c, "ca.pem"),
	    "--auth-token-ttl",
	    text("%d", c->plan.token_ttl_s == 0 ? 300 : c->plan.token_ttl_s),
	    "--quota-backend-bytes", text("%d", c->plan.quota_k * 1024)};
	size_t len = sizeof(words) / sizeof(words[0]);

	if (argv == NULL)
		fail("out of memory");
	memcpy(argv, words, sizeof(words));
	for (const char *const *more = c->plan.further;
	     more != NULL && *more != NULL && len < 79; more++)
		argv[len++] = *more;
	return argv;
}

static void
node_start(struct cluster *c, int i)
{
	c->node[i].pid = server_start(node_argv(c, i), c->node[i].log);
}

static void
node_end(struct cluster *c, int i)
{
	if (c->node[i].pid == 0)
		return;
	kill(c->node[i].pid, SIGKILL);
	run_wait(c->node[i].pid, SERVER_LIMIT_MS);
	c->node[i].pid = 0;
}

struct cluster_answer
cluster_ask(const struct cluster *c, int node, const char *certificate,
    const char *token, const char *path, const char *body)
{
	const char *name = certificate == NULL ? "client" : certificate;
	const char *const argv[] = {"curl", "-s", "-S", "-m", ASK_S, "-w",
	    "\n%{http_code}", "--cacert", cluster_file(c, "ca.pem"), "-H",
	    token == NULL ? "X-None: 1" : text("Authorization: %s", token),
	    "-d", body, text("%s/v3/%s", c->node[node].url, path),
	    certificate == NULL ? NULL : "--cert",
	    cluster_file(c, text("%s.pem", name)), "--key",
	    cluster_file(c, text("%s.key", name)), NULL};
	struct run *r = run(argv, NULL, 0);
	char *line = strrchr(r->out, '\n');
	struct cluster_answer answer = {.curl = r->status};

	if (line == NULL)
		fail("curl: %s", r->err);
	answer.status = (int)strtol(line + 1, NULL, 10);
	*line = '\0';
	answer.body = r->status != 0 ? r->err : r->out;
	return answer;
}

/* The value of a key of flat JSON, without its quotes; "" if it is not there. */
static char *
value_of(const char *json, const char *key)
{
	char *start = strstr(json, text("\"%s\":", key));

	if (start == NULL)
		return text("%s", "");
	start += strlen(key) + 3;
	start += strspn(start, "\"");
	return text("%.*s", (int)strcspn(start, "\",}"), start);
}

static struct cluster_answer
status_of(const struct cluster *c, int node)
{
	return cluster_ask(c, node, "client", NULL, "maintenance/status", "{}");
}

static bool
is_running(const struct cluster *c, int node)
{
	return c->node[node].pid > 0;
}

/* With auth a range needs a token, and health does not. */
static bool
is_well(const struct cluster *c, int node)
{
	return shell(
		   text("curl -s -m 2 --cacert %s --cert %s --key %s "
			"%s/health | grep -q '\"health\":\"*true'",
		       cluster_file(c, "ca.pem"), cluster_file(c, "client.pem"),
		       cluster_file(c, "client.key"), c->node[node].url))
		   ->status == 0;
}

static void
await_node(const struct cluster *c, int node)
{
	long long end = run_clock_ms() + SERVER_LIMIT_MS;

	while (!is_well(c, node)) {
		if (run_wait(c->node[node].pid, 0) >= 0)
			fail(
			    "etcd has ended: %s", read_text(c->node[node].log));
		if (run_clock_ms() > end)
			fail("etcd is not well: %s",
			    read_text(c->node[node].log));
		run_sleep_ms(20);
	}
}

void
cluster_await(const struct cluster *c)
{
	for (int i = 0; i < c->nodes; i++)
		if (is_running(c, i))
			await_node(c, i);
}

/* The member that the node takes for the leader, "0" for none; and when. */
static char *
leader_said(const struct cluster *c, int node, unsigned long long *ret_term)
{
	struct cluster_answer answer = status_of(c, node);

	*ret_term = strtoull(value_of(answer.body, "raft_term"), NULL, 10);
	return answer.status == 200 ? value_of(answer.body, "leader") : NULL;
}

static int
node_of(const struct cluster *c, const char *member)
{
	for (int i = 0; i < c->nodes; i++)
		if (member != NULL && strcmp(c->node[i].member, member) == 0)
			return i;
	return -1;
}

/* How many nodes say that this one leads. */
static int
voices(const struct cluster *c, int node)
{
	int n = 0;

	for (int i = 0; i < c->nodes; i++) {
		unsigned long long term;

		n += is_running(c, i) &&
		    node_of(c, leader_said(c, i, &term)) == node;
	}
	return n;
}

int
cluster_leader(const struct cluster *c)
{
	long long end = run_clock_ms() + SERVER_LIMIT_MS;

	while (run_clock_ms() < end) {
		for (int i = 0; i < c->nodes; i++)
			if (is_running(c, i) && voices(c, i) > c->nodes / 2)
				return i;
		run_sleep_ms(50);
	}
	fail("no leader");
}

static const char *const *
ctl_argv(const struct cluster *c, const char *const args[])
{
	const char **argv = calloc(64, sizeof(*argv));
	const char *const words[] = {"env", "ETCDCTL_API=3", "etcdctl",
	    "--cacert", cluster_file(c, "ca.pem"), "--cert",
	    cluster_file(c, "client.pem"), "--key",
	    cluster_file(c, "client.key"), "--command-timeout", "20s"};
	size_t len = sizeof(words) / sizeof(words[0]);

	if (argv == NULL)
		fail("out of memory");
	memcpy(argv, words, sizeof(words));
	while (*args != NULL && len < 63)
		argv[len++] = *args++;
	return argv;
}

/* As root of the cluster where it has users already. */
static struct run *
ctl(const struct cluster *c, const char *where, bool auth,
    const char *const args[])
{
	const char *with[48] = {"--endpoints", where};
	size_t n = 2;

	if (auth) {
		with[n++] = "--user";
		with[n++] = "root:root";
	}
	while (*args != NULL && n < 47)
		with[n++] = *args++;
	return run(ctl_argv(c, with), NULL, 0);
}

struct run *
cluster_ctl(const struct cluster *c, const char *const args[])
{
	struct run *r = ctl(c, endpoints(c), c->plan.auth, args);

	if (r->status != 0)
		fail("etcdctl %s %s: %s", args[0], args[1], r->err);
	return r;
}

static void
add_users(const struct cluster *c)
{
	static const char *const commands[][7] = {
	    {"user", "add", "root:root"},
	    {"role", "add", "tfa"},
	    {"role", "grant-permission", "tfa", "--prefix=true", "readwrite",
		"/tfa/"},
	    {"user", "add", CLUSTER_USER ":" CLUSTER_PASSWORD},
	    {"user", "grant-role", "root", "root"},
	    {"user", "grant-role", CLUSTER_USER, "tfa"},
	    {"auth", "enable"},
	};

	for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
		struct run *r = ctl(c, endpoints(c), false, commands[i]);

		if (r->status != 0)
			fail("etcdctl %s %s: %s", commands[i][0],
			    commands[i][1], r->err);
	}
}

static void
make_certificates(const struct cluster *c)
{
	must(text("tests/support/certificates %s/certificates 10.77.0.1 "
		  "10.77.0.2 10.77.0.3 10.78.0.1 10.78.0.2 10.78.0.3",
	    c->dir));
}

static void
learn_members(struct cluster *c)
{
	for (int i = 0; i < c->nodes; i++)
		c->node[i].member = value_of(status_of(c, i).body, "member_id");
}

struct cluster *
cluster_start(const struct cluster_plan *plan)
{
	struct cluster *c = calloc(1, sizeof(*c));
	const char *work = getenv("TFA_WORK");

	if (c == NULL || work == NULL || open_cluster != NULL)
		fail("no cluster here, or a second one");
	c->plan = *plan;
	c->nodes = plan->nodes == 0 ? 1 : plan->nodes;
	if (plan->server == NULL)
		c->plan.server = "server";
	snprintf(c->dir, sizeof(c->dir), "%s/etcd.XXXXXX", work);
	if (mkdtemp(c->dir) == NULL)
		fail("%s: %s", c->dir, strerror(errno));
	open_cluster = c;
	make_certificates(c);
	new_network();
	for (int i = 0; i < c->nodes; i++) {
		struct cluster_node *n = &c->node[i];

		n->url = text("https://%s:%d", client_address(i), CLIENT_PORT);
		n->log = text("%s/n%d.log", c->dir, i);
		n->data = text("%s/n%d", c->dir, i);
		node_network(c, i);
		node_start(c, i);
	}
	if (strcmp(c->plan.server, "server") != 0)
		return c;
	cluster_await(c);
	learn_members(c);
	if (plan->auth)
		add_users(c);
	return c;
}

/* Copies the logs to $KEEP, to find out why a test failed. */
static void
keep_logs(const struct cluster *c)
{
	const char *folder = getenv("KEEP");

	if (folder != NULL && *folder != '\0')
		shell(text("mkdir -p %s/etcd && cp %s/*.log %s/etcd", folder,
		    c->dir, folder));
}

void
cluster_close(void)
{
	struct cluster *c = open_cluster;

	if (c == NULL)
		return;
	open_cluster = NULL;
	for (int i = 0; i < c->nodes; i++) {
		node_end(c, i);
		if (c->node[i].network > 0) {
			kill(c->node[i].network, SIGKILL);
			run_wait(c->node[i].network, SERVER_LIMIT_MS);
		}
	}
	keep_logs(c);
	run(ARGV("rm", "-rf", c->dir), NULL, 0);
}

/* True if so many nodes run that they can have a leader. */
static bool
has_quorum(const struct cluster *c)
{
	int n = 0;

	for (int i = 0; i < c->nodes; i++)
		n += is_running(c, i);
	return n > c->nodes / 2;
}

void
cluster_kill(struct cluster *c, int node)
{
	node_end(c, node);
}

void
cluster_restart(struct cluster *c, int node)
{
	node_start(c, node);
	if (has_quorum(c))
		await_node(c, node);
}

void
cluster_hang(struct cluster *c, int node)
{
	kill(c->node[node].pid, SIGSTOP);
}

void
cluster_wake(struct cluster *c, int node)
{
	kill(c->node[node].pid, SIGCONT);
}

void
cluster_cut_off(struct cluster *c, int node)
{
	(void)c;
	must(text("ip link set p%d nomaster", node));
}

void
cluster_plug_in(struct cluster *c, int node)
{
	(void)c;
	must(text("ip link set p%d master peers", node));
}

static volatile sig_atomic_t slow_over;

static void
end_slow(int signal)
{
	(void)signal;
	slow_over = 1;
}

pid_t
cluster_slow(struct cluster *c, int node, int stop_ms)
{
	pid_t pid = fork();

	if (pid < 0)
		fail("fork: %s", strerror(errno));
	if (pid > 0)
		return pid;
	signal(SIGTERM, end_slow);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	while (!slow_over) {
		cluster_hang(c, node);
		run_sleep_ms(stop_ms);
		cluster_wake(c, node);
		for (int i = 0; i < 10 && !slow_over; i++)
			run_sleep_ms((1000 - stop_ms) / 10);
	}
	_exit(0);
}

void
cluster_put(const struct cluster *c, const char *key, const char *value)
{
	cluster_ctl(c, ARGV("put", "--", key, value));
}

void
cluster_remove(const struct cluster *c, const char *key)
{
	cluster_ctl(c, ARGV("del", key));
}

/* etcdctl ends the value with a newline. */
char *
cluster_get(const struct cluster *c, const char *key)
{
	struct run *r = cluster_ctl(c, ARGV("get", "--print-value-only", key));

	if (r->out_len > 0)
		r->out[r->out_len - 1] = '\0';
	return r->out;
}

uint64_t
cluster_revision(const struct cluster *c)
{
	struct run *r = cluster_ctl(
	    c, ARGV("get", "--write-out", "json", CLUSTER_PREFIX "none"));

	return strtoull(value_of(r->out, "revision"), NULL, 10);
}

void
cluster_fill(const struct cluster *c)
{
	char *some = calloc(1, 100001);

	if (some == NULL)
		fail("out of memory");
	memset(some, 'x', 100000);
	for (int i = 0; i < c->plan.quota_k / 100 + 100; i++) {
		struct run *r = ctl(
		    c, endpoints(c), c->plan.auth, ARGV("put", "/fill", some));

		if (strstr(r->err, "database space exceeded") != NULL)
			return;
		if (r->status != 0)
			fail("etcdctl put: %s", r->err);
	}
	fail("the quota is not reached");
}

void
cluster_make_room(const struct cluster *c)
{
	cluster_ctl(c,
	    ARGV("compact", "--physical",
		text("%llu", (unsigned long long)cluster_revision(c))));
	cluster_ctl(c, ARGV("defrag"));
	cluster_ctl(c, ARGV("alarm", "disarm"));
}

void
cluster_save(const struct cluster *c, const char *path)
{
	struct run *r = ctl(c, c->node[cluster_leader(c)].url, c->plan.auth,
	    ARGV("snapshot", "save", path));

	if (r->status != 0)
		fail("etcdctl snapshot save: %s", r->err);
}

/* The program that restores; newer versions have one of its own for it. */
static const char *
restorer(void)
{
	return shell("command -v etcdutl")->status == 0 ? "etcdutl" : "etcdctl";
}

static bool
can_bump(void)
{
	return shell(text("ETCDCTL_API=3 %s snapshot restore --help 2>&1 | "
			  "grep -q bump-revision",
			 restorer()))
		   ->status == 0;
}

static void
restore_node(const struct cluster *c, int i, const char *path, bool bump)
{
	struct run *r = run(
	    ARGV("env", "ETCDCTL_API=3", restorer(), "snapshot", "restore",
		path, "--name", text("n%d", i), "--data-dir", c->node[i].data,
		"--initial-cluster", members(c), "--initial-cluster-token",
		"tests", "--initial-advertise-peer-urls",
		text("https://%s:%d", peer_address(i), PEER_PORT),
		bump ? "--bump-revision" : NULL, "1000000", "--mark-compacted"),
	    NULL, 0);

	if (r->status != 0)
		fail("%s snapshot restore: %s", restorer(), r->err);
}

/*
 * Moves the revision up where etcdctl has no --bump-revision: each put is one
 * more. curl sends nothing of what is behind "#".
 */
static void
put_often(const struct cluster *c)
{
	struct cluster_answer answer = cluster_ask(c, 0, "client",
	    c->plan.auth ? cluster_token(c, 0) : NULL,
	    text("kv/put#[1-%d]", BUMP),
	    text("{\"key\":\"%s\",\"value\":\"eA==\"}",
		cluster_base64("/tfa/bump")));

	if (answer.status != 200)
		fail("no put: %s", answer.body);
}

void
cluster_restore(struct cluster *c, const char *path, bool bump)
{
	bool by_option = bump && can_bump();

	for (int i = 0; i < c->nodes; i++) {
		node_end(c, i);
		run(ARGV("rm", "-rf", c->node[i].data), NULL, 0);
		restore_node(c, i, path, by_option);
	}
	for (int i = 0; i < c->nodes; i++)
		node_start(c, i);
	cluster_await(c);
	learn_members(c);
	if (bump && !by_option)
		put_often(c);
}

char *
cluster_base64(const char *bytes)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				     "abcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t len = strlen(bytes), n = 0;
	char *out = calloc(1, (len + 2) / 3 * 4 + 1);

	if (out == NULL)
		fail("out of memory");
	for (size_t i = 0; i < len; i += 3) {
		unsigned int word = 0;

		for (size_t k = 0; k < 3; k++)
			word = word << 8 |
			    (i + k < len ? (unsigned char)bytes[i + k] : 0);
		for (int k = 0; k < 4; k++)
			out[n++] = i + (size_t)k > len
			    ? '='
			    : digits[word >> (18 - 6 * k) & 63];
	}
	return out;
}

char *
cluster_token(const struct cluster *c, int node)
{
	struct cluster_answer answer = cluster_ask(c, node, "client", NULL,
	    "auth/authenticate",
	    "{\"name\":\"" CLUSTER_USER "\",\"password\":\"" CLUSTER_PASSWORD
	    "\"}");

	if (answer.status != 200)
		fail("no token: %s", answer.body);
	return value_of(answer.body, "token");
}
