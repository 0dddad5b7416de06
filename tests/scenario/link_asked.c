/*
 * tfa-link as it is asked: by whom, in which form, with which conditions; and
 * what it does not start with.
 */
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/fleet.h"

Fleets(link_asked);

/* Asks with ' for "; the answer must have these words. */
static void
is_told(int fd, const char *request, const char *words)
{
	const char *answer = link_ask(fd, request, 20000);

	cr_assert_not_null(answer, "no answer to %s", request);
	cr_expect_not_null(
	    strstr(answer, words), "%s\nis told %s", request, answer);
}

static int
dial_with_cluster(struct link **ret_link)
{
	struct link *l = link_open(.cluster = cluster_open(.nodes = 1));
	int fd = link_dial(l);

	cr_assert_geq(fd, 0);
	if (ret_link != NULL)
		*ret_link = l;
	return fd;
}

static void
become(const char *user)
{
	const struct passwd *pw = getpwnam(user);

	if (pw == NULL || setgroups(0, NULL) != 0 || setgid(pw->pw_gid) != 0 ||
	    setuid(pw->pw_uid) != 0)
		run_child_fails("no %s", user);
}

/* As another user: 0 if it was answered. */
static int
ask_as(const struct link *l, const char *user)
{
	pid_t pid = fork();

	if (pid == 0) {
		const char *answer;
		int fd;

		become(user);
		fd = link_dial(l);
		if (fd < 0)
			_exit(2);
		answer = link_ask(fd, "{'op':'status'}", 20000);
		_exit(answer != NULL ? 0 : 3);
	}
	return run_wait(pid, 60000);
}

Test(link_asked, answers_the_keeper_and_nobody_else)
{
	struct link *l;
	struct stat st;

	needs_link();
	dial_with_cluster(&l);
	cr_assert_eq(stat(l->socket, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0660);
	cr_expect_eq(ask_as(l, "_tfa"), 0, "%s", read_text(l->log));
	cr_expect_eq(ask_as(l, "alice"), 2, "the kernel lets her connect");
	/* Not even those who may connect. */
	cr_assert_eq(chmod(l->socket, 0666), 0);
	cr_expect_eq(ask_as(l, "alice"), 3, "she was answered");
	cr_expect_eq(ask_as(l, "_tfa"), 0, "%s", read_text(l->log));
}

/* etcd takes a key that it does not know without a word: a condition that is
 * misspelt would be none. */
Test(link_asked, writes_nothing_where_a_condition_does_not_hold)
{
	int fd;

	needs_link();
	fd = dial_with_cluster(NULL);
	is_told(fd,
	    "{'op':'put','key':'policy','mark':'0','value':'cA==','if':{},"
	    "'wait_ms':5000}",
	    "\"status\":\"ok\"");
	is_told(fd,
	    "{'op':'put','key':'users/u','mark':'7','value':'dQ==','if':{},"
	    "'wait_ms':5000}",
	    "\"status\":\"stale\",\"mark\":\"0\"");
	is_told(fd,
	    "{'op':'put','key':'users/u','mark':'0','value':'dQ==','if':"
	    "{'policy':'0'},'wait_ms':5000}",
	    "\"status\":\"stale\",\"mark\":\"0\",\"with\":{\"policy\":\"2\"}");
	is_told(fd,
	    "{'op':'put','key':'users/u','mark':'0','value':'dQ==','if':"
	    "{'policy':'2','fleet':'1'},'wait_ms':5000}",
	    "\"status\":\"stale\"");
	is_told(fd,
	    "{'op':'get','key':'users/u','with':['policy'],'wait_ms':3000}",
	    "{\"status\":\"ok\",\"mark\":\"0\",\"with\":{\"policy\":\"2\"}");
	is_told(fd,
	    "{'op':'put','key':'users/u','mark':'0','value':'dQ==','if':"
	    "{'policy':'2','fleet':'0'},'wait_ms':5000}",
	    "\"status\":\"ok\",\"mark\":\"3\"");
	is_told(fd, "{'op':'remove','key':'users/u','mark':'2','wait_ms':3000}",
	    "\"status\":\"stale\",\"mark\":\"3\",\"value\":\"dQ==\"");
	is_told(fd, "{'op':'remove','key':'users/u','mark':'3','wait_ms':3000}",
	    "\"status\":\"ok\"");
	is_told(fd, "{'op':'get','key':'users/u','with':[],'wait_ms':3000}",
	    "{\"status\":\"ok\",\"mark\":\"0\",\"with\":{}");
}

/* A refused packet changes nothing, and the connection goes on. */
#define ROW(key, mark, value) \
	"{'key':'" key "','mark':'" mark "','value':'" value "'}"
#define PUT_ALL(rows) "{'op':'put_all','rows':[" rows "],'wait_ms':5000}"

/* Records that move into a fleet take no other's place. */
Test(link_asked, writes_many_together_or_none)
{
	struct link_answer a;
	const char *mark;
	int fd;

	needs_link();
	fd = dial_with_cluster(NULL);
	is_told(fd,
	    PUT_ALL(ROW("users/a", "0", "Zm9v") "," ROW("users/b", "0", "")),
	    "{\"status\":\"ok\",\"revision\":");
	a = link_get(fd, "users/b");
	cr_expect(link_is(&a, "ok"), "%s", a.all);
	cr_expect_str_eq(a.value, "");
	mark = text("%s", a.mark);
	a = link_get(fd, "users/a");
	cr_expect_str_eq(a.value, "Zm9v");
	cr_expect_str_eq(a.mark, mark, "they are of one revision");
	is_told(fd,
	    PUT_ALL(ROW("users/c", "0", "Zm9v") "," ROW("users/a", "0", "")),
	    "{\"status\":\"stale\",\"revision\":");
	a = link_get(fd, "users/a");
	cr_expect_str_eq(a.mark, mark);
	a = link_get(fd, "users/c");
	cr_expect_str_eq(a.mark, "0", "nothing is written");
	is_told(fd,
	    text("{'op':'put_all','rows':[{'key':'users/a','mark':'%s',"
		 "'value':''}," ROW("users/c", "0", "Zm9v") "],'wait_ms':5000}",
		mark),
	    "{\"status\":\"ok\",");
	a = link_get(fd, "users/a");
	cr_expect_str_eq(a.value, "");
}

Test(link_asked, refuses_a_form_that_it_does_not_know)
{
	char *large = calloc(1, 100001);
	int fd;

	needs_link();
	fd = dial_with_cluster(NULL);
	is_told(fd, "hello", "\"refused\"");
	is_told(fd, "{'op':'put','key':'users/u','value':'','wait_ms':1}",
	    "\"refused\"");
	is_told(fd,
	    "{'op':'put','key':'users/u','mark':'0','value':'dQ=','if':{},"
	    "'wait_ms':5000}",
	    "no base64");
	memset(large, ' ', 100000);
	is_told(fd, large, "too long");
	is_told(fd, "{'op':'get','key':'users/u','with':[],'wait_ms':3000}",
	    "{\"status\":\"ok\",\"mark\":\"0\"");
	free(large);
}

Test(link_asked, tells_one_too_many_at_once)
{
	char told[512] = "";
	struct link *l;
	int fds[257];

	needs_link();
	fds[0] = dial_with_cluster(&l);
	for (int i = 1; i < 257; i++)
		cr_assert_geq(fds[i] = link_dial(l), 0);
	is_told(fds[255], "{'op':'get','key':'k','with':[],'wait_ms':3000}",
	    "\"status\":\"ok\"");
	cr_assert_gt(recv(fds[256], told, sizeof(told) - 1, 0), 0);
	assert_says(told, "too many connections");
	close(fds[0]);
	run_sleep_ms(50);
	cr_assert_geq(fds[0] = link_dial(l), 0);
	is_told(fds[0], "{'op':'get','key':'k','with':[],'wait_ms':3000}",
	    "\"status\":\"ok\"");
}

Test(link_asked, pages_show_one_moment_and_each_key_once)
{
	char last[64] = "", revision[64] = "0";
	int fd, rows = 0, pages = 0;
	bool more = true;

	needs_link();
	fd = dial_with_cluster(NULL);
	for (int i = 0; i < 100; i++) {
		char *value = calloc(1, 6001);

		memset(value, 'x', 6000);
		link_put(fd, text("users/u%02d", i), "0", value);
		free(value);
	}
	while (more && pages++ < 100) {
		const char *all = link_ask(fd,
		    text(
			"{'op':'scan','prefix':'users/','after':'%s','until':'',"
			"'keys_only':false,'revision':'%s','limit':4096,"
			"'wait_ms':3000}",
			last, revision),
		    20000);
		const char *at = all;

		cr_assert_not_null(at);
		cr_assert_leq(strlen(all), 98304);
		more = strstr(all, "\"more\":true") != NULL;
		snprintf(revision, sizeof(revision), "%s",
		    talk_word(all, "revision"));
		for (; (at = strstr(at, "\"key\":\"")) != NULL; at++, rows++) {
			char key[64] = "";

			sscanf(at, "\"key\":\"%63[a-z0-9/]", key);
			cr_expect_gt(strcmp(key, last), 0);
			snprintf(last, sizeof(last), "%s", key);
		}
		/* Later pages do not show this one. */
		if (pages == 1)
			link_put(fd, "users/u999", "0", "new");
	}
	cr_expect_eq(rows, 100);
	cr_expect_gt(pages, 5);
}

static char *
said_at_start(struct link *l)
{
	link_again(l);
	cr_assert_eq(run_wait(l->pid, 20000), 1, "%s", read_text(l->log));
	l->pid = 0;
	return read_text(l->log);
}

static struct link *
link_to_spoil(struct cluster *c)
{
	struct link *l = link_open(.cluster = c, .late = true);

	link_stop(l);
	unlink(l->log);
	return l;
}

Test(link_asked, does_not_start_with_a_key_that_others_can_read)
{
	struct cluster *c;
	struct link *l;
	char *key;

	needs_link();
	c = cluster_open(.nodes = 1);
	l = link_to_spoil(c);
	key = text("%s/client.key", l->secrets);
	cr_assert_eq(chmod(key, 0604), 0);
	assert_says(said_at_start(l), "others can read it");
	cr_assert_eq(chmod(key, 0600), 0);
	unlink(key);
	assert_says(said_at_start(l), "there is no key for the certificate");
	write_text(key, read_text(cluster_file(c, "stranger.key")));
	cr_assert_eq(chmod(key, 0600), 0);
	assert_says(said_at_start(l), "is not of the key in client.key");
	cr_assert_eq(chmod(l->config, 0666), 0);
	cr_expect_not_null(strstr(said_at_start(l), "store.json"));
}

/* A line of /proc/PID/status. */
static char *
status_line(pid_t pid, const char *name)
{
	char *all = read_text(text("/proc/%d/status", (int)pid));
	char *at = strstr(all, text("\n%s:\t", name));

	cr_assert_not_null(at);
	at += strlen(name) + 3;
	at[strcspn(at, "\n")] = '\0';
	return at;
}

Test(link_asked, has_given_up_what_it_does_not_need)
{
	struct stat st;
	struct link *l;

	needs_link();
	dial_with_cluster(&l);
	cr_expect_str_eq(status_line(l->pid, "Seccomp"), "2");
	cr_expect_str_eq(status_line(l->pid, "NoNewPrivs"), "1");
	cr_expect_str_eq(status_line(l->pid, "CapEff"), "0000000000000000");
	cr_expect_null(strstr(status_line(l->pid, "Uid"), "0\t"));
	/* In /proc the files of a process that leaves no core are root's. */
	cr_assert_eq(stat(text("/proc/%d/mem", (int)l->pid), &st), 0);
	cr_expect_eq(st.st_uid, 0);
}

Test(link_asked, check_says_how_each_member_is)
{
	struct cluster *c;
	struct link *l;
	struct run *r;

	needs_link();
	c = cluster_open(.nodes = 3, .auth = true);
	l = link_open(.cluster = c);
	r = run(ARGV(text("%s/tfa-link", getenv("TFA_PROGRAMS")), "--check",
		    "--config", l->config, "--credentials", l->secrets),
	    NULL, 0);
	cr_assert_eq(r->status, 0, "%s%s", r->out, r->err);
	assert_says(r->out, text("%s: good, etcd 3", c->node[2].url));
	assert_says(r->out, "of 2048 MiB");
	assert_says(r->out, "keys under /tfa/v1/: can be read");
	cluster_kill(c, 1);
	cluster_await(c);
	r = run(ARGV(text("%s/tfa-link", getenv("TFA_PROGRAMS")), "--check",
		    "--config", l->config, "--credentials", l->secrets),
	    NULL, 0);
	cr_expect_eq(r->status, 1);
	assert_says(r->out, text("%s: good", c->node[0].url));
	assert_says(r->out, text("%s: Failed to connect", c->node[1].url));
	assert_says(r->out, "keys under /tfa/v1/: can be read");
}

/* A request that was taken in is answered, though the link is told to end. */
Test(link_asked, answers_what_it_was_asked_before_it_ends)
{
	struct cluster *c;
	struct link *l;
	int fd;
	pid_t pid;

	needs_link();
	c = cluster_open(.nodes = 1);
	l = link_open(.cluster = c);
	fd = link_dial(l);
	cluster_hang(c, 0);
	pid = fork();
	if (pid == 0) {
		const char *answer = link_ask(fd,
		    "{'op':'get','key':'k','with':[],'wait_ms':3000}", 20000);

		_exit(
		    answer != NULL && strstr(answer, "\"ok\"") != NULL ? 0 : 1);
	}
	run_sleep_ms(200);
	kill(l->pid, SIGTERM);
	run_sleep_ms(100);
	cluster_wake(c, 0);
	cr_expect_eq(run_wait(pid, 30000), 0);
	cr_expect_eq(run_wait(l->pid, 30000), 0);
	l->pid = 0;
}
