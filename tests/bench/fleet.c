/*
 * fleet: what a fleet costs, beside bare clients of the same cluster.  bench.py
 * starts it in a private-root, with the variables of tests/support/bastion.h.
 *
 * The two sides alternate in one run, on one cluster, and write values of one
 * size.  A bare client is libcurl with one connection that it keeps: a range,
 * and a transaction that compares what the range has read.
 */
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "tests/bench/bare.h"
#include "tests/support/bastion.h"
#include "tests/support/link.h"
#include "tests/support/session.h"
#include "tests/support/talk.h"

#define PAIRS   1000
#define RUNS    5
#define CLIENTS 200
#define BARE    16 /* connections, as many as the link has to a node */
#define EACH    5
#define VALUE   2100
#define LOGINS  60

/* The bytes of a record that differ from all before. */
static char *
value_of_size(const char *who, int n)
{
	return text("%s %d %0*d", who, n, VALUE, 0);
}

static void
bare_update(struct bare *bare, const char *who, int n)
{
	scoped_free char *key_64 = cluster_base64(
	    text(CLUSTER_PREFIX "users/%s", who));
	scoped_free char *value = value_of_size(who, n);
	scoped_free char *value_64 = cluster_base64(value);
	scoped_free char *range = text("{\"key\":\"%s\"}", key_64);
	scoped_free char *txn = NULL;
	const char *mark;

	bare_ask(bare, "kv/range", range);
	mark = talk_word(bare->reply, "mod_revision");
	txn = text("{\"compare\":[{\"key\":\"%s\",\"target\":\"MOD\","
		   "\"result\":\"EQUAL\",\"mod_revision\":\"%s\"}],"
		   "\"success\":[{\"request_put\":{\"key\":\"%s\","
		   "\"value\":\"%s\"}}]}",
	    key_64, *mark == '\0' ? "0" : mark, key_64, value_64);
	bare_ask(bare, "kv/txn", txn);
	if (strstr(bare->reply, "\"succeeded\":true") == NULL)
		fail("a bare client lost: %s", bare->reply);
}

static void
link_update(int fd, const char *who, int n)
{
	scoped_free char *key = text("users/%s", who);
	scoped_free char *value = value_of_size(who, n);
	struct link_answer a = link_get(fd, key);

	if (link_is(&a, "ok"))
		a = link_put(fd, key, a.mark, value);
	if (!link_is(&a, "ok"))
		fail("link: %s", a.all);
}

/* CPU of a process so far. */
static double
cpu_ms(pid_t pid)
{
	char *stat = read_text(text("/proc/%d/stat", (int)pid));
	const char *at = stat == NULL ? NULL : strrchr(stat, ')');
	unsigned long user, system;

	if (at == NULL ||
	    sscanf(at, ") %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu",
		&user, &system) != 2)
		fail("no CPU time of %d", (int)pid);
	return (double)(user + system) * 1e3 / (double)sysconf(_SC_CLK_TCK);
}

static double
most_memory_mb(pid_t pid)
{
	char *status = read_text(text("/proc/%d/status", (int)pid));
	const char *at = status == NULL ? NULL : strstr(status, "VmHWM:");

	if (at == NULL)
		fail("no memory of %d", (int)pid);
	return strtod(at + 6, NULL) / 1e3;
}

static void
one_after_another(const struct link *l, struct bare *bare)
{
	static double ours[PAIRS], theirs[PAIRS];
	int fd = link_dial(l);

	for (int i = 0; i < PAIRS; i++) {
		double start = now_ms();

		link_update(fd, "ours", i);
		ours[i] = now_ms() - start;
		start = now_ms();
		bare_update(bare, "theirs", i);
		theirs[i] = now_ms() - start;
	}
	close(fd);
	print_row("update", ours, theirs, PAIRS);
}

/* Runs n processes that each do their part; returns updates a second. */
static double
at_once(int n, int each, const struct link *l, const struct bare *like,
    const char *token)
{
	double start = now_ms();
	pid_t pids[CLIENTS];

	for (int i = 0; i < n; i++) {
		char *who = text("%s%d", l != NULL ? "l" : "b", i);

		pids[i] = fork();
		if (pids[i] != 0)
			continue;
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (l != NULL) {
			int fd = link_dial(l);

			for (int k = 0; k < each; k++)
				link_update(fd, who, k);
		} else {
			static struct bare bare;

			bare_begin(&bare, like->c, token);
			for (int k = 0; k < each; k++)
				bare_update(&bare, who, k);
		}
		_exit(0);
	}
	for (int i = 0; i < n; i++)
		if (run_wait(pids[i], RUN_LIMIT_MS) != 0)
			fail("a client failed");
	return n * each / (now_ms() - start) * 1e3;
}

static void
many_at_once(const struct link *l, const struct bare *bare, const char *token)
{
	double ours[RUNS], theirs[RUNS], cpu[RUNS];
	int updates = CLIENTS * EACH;

	for (int i = 0; i < RUNS; i++) {
		double before = cpu_ms(l->pid);

		ours[i] = at_once(CLIENTS, EACH, l, NULL, NULL);
		cpu[i] = (cpu_ms(l->pid) - before) / updates;
		theirs[i] = at_once(BARE, updates / BARE, NULL, bare, token);
	}
	print_row("at once", ours, theirs, RUNS);
	print_row("cpu", cpu, NULL, RUNS);
}

static void
first_answer(struct link *l)
{
	double took[RUNS];

	for (int i = 0; i < RUNS; i++) {
		double start;

		link_stop(l);
		start = now_ms();
		link_again(l);
		link_update(link_dial(l), "first", i);
		took[i] = now_ms() - start;
	}
	print_row("first answer", took, NULL, RUNS);
}

static const char *
code_for(const struct bastion *b, const char *user)
{
	struct run *r = bastion_admin(b, ARGV("code", user, "--pass"));

	if (r->status != 0)
		fail("no code: %s", r->err);
	return text("%.19s", strstr(r->out, ": ") + 2);
}

static double
login_ms(const struct bastion *b, const char *user, const char *code)
{
	double start = now_ms();
	struct run *r = ssh_with_code(b, user, code, "true");

	if (r->status != 0)
		fail("ssh: %s", r->err);
	return now_ms() - start;
}

/* "ssh host true" with a code, at a bastion of the fleet and at one without. */
static void
whole_logins(const struct link *l)
{
	static const char rule[] = "{'name':'all','users':['*'],"
				   "'mode':'required'}";
	struct bastion *ours = bastion_open(.rules = rule, .fleet = l);
	struct bastion *theirs = bastion_open(.rules = rule);
	static double fleet[LOGINS], folder[LOGINS];

	for (int i = 0; i < LOGINS; i++) {
		const char *user = text("user%02d", i + 1);
		const char *code = code_for(ours, user);
		const char *other = code_for(theirs, user);

		fleet[i] = login_ms(ours, user, code);
		folder[i] = login_ms(theirs, user, other);
	}
	print_row("login", fleet, folder, LOGINS);
	bastion_close_all();
}

int
main(void)
{
	struct cluster *c = cluster_open(.nodes = 3, .auth = true);
	struct link *l = link_open(.cluster = c);
	char *token = cluster_token(c, 0);
	static struct bare bare;
	double memory;

	bare_begin(&bare, c, token);
	one_after_another(l, &bare);
	many_at_once(l, &bare, token);
	whole_logins(l);
	memory = most_memory_mb(l->pid);
	print_row("memory", &memory, NULL, 1);
	first_answer(l);
	link_close_all();
	cluster_close();
	return 0;
}
