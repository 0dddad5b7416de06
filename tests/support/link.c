#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/support/fail.h"
#include "tests/support/fixture.h"
#include "tests/support/link.h"
#include "tests/support/server.h"
#include "tests/support/talk.h"

#define PACKET 98304

/* The link answers before its deadline, and is given some time for it. */
#define GRACE_MS 20000

static struct link *open_links[LINKS_MAX];

static char *
program(void)
{
	return text("%s/tfa-link", getenv("TFA_PROGRAMS"));
}

const char *
link_missing(void)
{
	if (cluster_missing() != NULL)
		return cluster_missing();
	return access(program(), X_OK) == 0 ? NULL : "no tfa-link was built";
}

static char *
quoted(char *json)
{
	for (char *c = json; *c != '\0'; c++)
		if (*c == '\'')
			*c = '"';
	return json;
}

/* The endpoints, this link's own one first. */
static char *
endpoints_of(const struct link *l)
{
	const struct cluster *c = l->plan.cluster;
	char *all = text("%s", "");

	for (int i = 0; i < c->nodes; i++)
		all = text("%s%s'%s'", all, i == 0 ? "" : ",",
		    c->node[(l->plan.first + i) % c->nodes].url);
	return all;
}

static void
write_config(const struct link *l)
{
	const struct cluster *c = l->plan.cluster;
	const char *more = l->plan.more == NULL ? "" : l->plan.more;

	write_text(l->config,
	    quoted(text("{'version':1,'name':'fleet.example.com',"
			"'engine':'etcd','endpoints':[%s],'prefix':'%s',"
			"'tls':{'ca':'%s','certificate':'%s'}%s%s}",
		endpoints_of(l), CLUSTER_PREFIX, cluster_file(c, "ca.pem"),
		cluster_file(c, text("%s.pem", l->plan.certificate)),
		c->plan.auth ? ",'user':'" CLUSTER_USER "'" : "", more)));
}

/* As systemd hands credentials over: files that root alone can read. */
static void
write_secrets(const struct link *l)
{
	const struct cluster *c = l->plan.cluster;
	const char *password = l->plan.password == NULL ? CLUSTER_PASSWORD
							: l->plan.password;
	mode_t before = umask(077);

	if (mkdir(l->secrets, 0700) != 0 && errno != EEXIST)
		fail("%s: %s", l->secrets, strerror(errno));
	write_text(text("%s/client.key", l->secrets),
	    read_text(cluster_file(c, text("%s.key", l->plan.certificate))));
	if (c->plan.auth)
		write_text(text("%s/password", l->secrets), password);
	umask(before);
}

/* The keys of the fleet, for the keeper: beside store.json, and not the link's.
 * A search in memory finds no such bytes by chance. */
static void
write_keys(const struct link *l)
{
	static const char fleet[] = "5a0c3e9f1b7d4286e0f19a3c57d2b468";
	static const char key[] = "c1d80f7a3b69e2454f0a9d86b3c7e15f"
				  "28b4d6093ae17c5fd20e8b71639f4ca5";
	mode_t before = umask(077);

	write_text(text("%s/fleet.key", l->dir),
	    quoted(text("{'version':1,'fleet':'%s','use':'00000001',"
			"'keys':[{'id':'00000001','key':'%s',"
			"'since':'2026-01-01T00:00:00Z'}]}",
		fleet, key)));
	umask(before);
}

static bool
is_listening(const struct link *l)
{
	int fd = link_dial(l);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

static void
await_link(struct link *l)
{
	long long end = run_clock_ms() + SERVER_LIMIT_MS;

	while (!is_listening(l)) {
		if (run_clock_ms() > end || run_wait(l->pid, 0) >= 0) {
			l->pid = 0;
			fail("tfa-link does not start: %s", read_text(l->log));
		}
		run_sleep_ms(5);
	}
}

void
link_again(struct link *l)
{
	const char *keep = l->plan.keep == NULL ? "15m" : l->plan.keep;

	l->pid = server_start_at(l->plan.ahead_s,
	    ARGV(program(), "--config", l->config, "--socket", l->socket,
		"--credentials", l->secrets, "--keep", keep),
	    l->log);
	if (!l->plan.late)
		await_link(l);
}

static void
make_link_folder(struct link *l)
{
	snprintf(l->dir, sizeof(l->dir), "%s/link.XXXXXX", getenv("TFA_WORK"));
	if (mkdtemp(l->dir) == NULL || chmod(l->dir, 0755) != 0)
		fail("%s: %s", l->dir, strerror(errno));
	l->config = text("%s/store.json", l->dir);
	l->socket = text("%s/run/link.sock", l->dir);
	l->secrets = text("%s/secrets", l->dir);
	l->log = text("%s/link.log", l->dir);
	fixture_folder(text("%s/run", l->dir), 0755, "_tfalink");
}

static void
remember_link(struct link *l)
{
	for (int i = 0; i < LINKS_MAX; i++) {
		if (open_links[i] == NULL) {
			open_links[i] = l;
			return;
		}
	}
	fail("too many links");
}

struct link *
link_start(const struct link_plan *plan)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL)
		fail("out of memory");
	l->plan = *plan;
	if (plan->certificate == NULL)
		l->plan.certificate = "client";
	remember_link(l);
	make_link_folder(l);
	write_config(l);
	write_secrets(l);
	write_keys(l);
	link_again(l);
	return l;
}

void
link_stop(struct link *l)
{
	server_stop(&l->pid);
}

void
link_refit(struct link *l, const char *certificate)
{
	link_stop(l);
	l->plan.certificate = certificate;
	write_config(l);
	write_secrets(l);
	link_again(l);
}

void
link_kill(struct link *l)
{
	kill(l->pid, SIGKILL);
	run_wait(l->pid, SERVER_LIMIT_MS);
	l->pid = 0;
}

void
link_close_all(void)
{
	const char *folder = getenv("KEEP");

	for (int i = 0; i < LINKS_MAX; i++) {
		struct link *l = open_links[i];

		open_links[i] = NULL;
		if (l == NULL)
			continue;
		link_stop(l);
		if (folder != NULL && *folder != '\0')
			run(ARGV("cp", "-a", l->dir, folder), NULL, 0);
		run(ARGV("rm", "-rf", l->dir), NULL, 0);
	}
}

int
link_dial(const struct link *l)
{
	struct sockaddr_un there = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memcpy(there.sun_path, l->socket, strlen(l->socket));
	if (connect(fd, (struct sockaddr *)&there, sizeof(there)) == 0)
		return fd;
	close(fd);
	return -1;
}

char *
link_ask(int fd, const char *request, int limit_ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};
	static char packet[PACKET + 1];
	scoped_free char *sent = quoted(text("%s", request));
	ssize_t n;

	if (!talk_send(fd, sent, strlen(sent)) || poll(&p, 1, limit_ms) != 1)
		return NULL;
	n = recv(fd, packet, PACKET, 0);
	if (n <= 0)
		return NULL;
	packet[n] = '\0';
	return packet;
}

static struct link_answer
answer_to(int fd, const char *request, int wait_ms)
{
	long long start = run_clock_ms();
	const char *all = link_ask(fd, request, wait_ms + GRACE_MS);
	struct link_answer a = {.all = all == NULL ? "" : all};

	a.took_ms = (int)(run_clock_ms() - start);
	a.status = talk_word(all, "status");
	a.mark = talk_word(all, "mark");
	a.value = talk_word(all, "value");
	a.why = talk_word(all, "why");
	a.revision = talk_word(all, "revision");
	return a;
}

struct link_answer
link_get_within(int fd, const char *key, int wait_ms)
{
	scoped_free char *request = text(
	    "{'op':'get','key':'%s','with':[],'wait_ms':%d}", key, wait_ms);

	return answer_to(fd, request, wait_ms);
}

struct link_answer
link_get(int fd, const char *key)
{
	return link_get_within(fd, key, LINK_READ_MS);
}

struct link_answer
link_put(int fd, const char *key, const char *mark, const char *value)
{
	scoped_free char *bytes = cluster_base64(value);
	scoped_free char *request = text(
	    "{'op':'put','key':'%s','mark':'%s','value':'%s','if':{},"
	    "'wait_ms':%d}",
	    key, mark, bytes, LINK_PUT_MS);

	return answer_to(fd, request, LINK_PUT_MS);
}

bool
link_is(const struct link_answer *a, const char *status)
{
	return strcmp(a->status, status) == 0;
}
