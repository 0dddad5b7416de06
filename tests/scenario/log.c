/* The log: whole, over rotations and damage; for people, programs and SIEMs. */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "tests/scenario/scenario.h"

Scenarios(log);

#define LINE(time, user, verdict, reason)                             \
	"{\"time\":\"" time "\",\"event\":\"login\",\"user\":\"" user \
	"\",\"verdict\":\"" verdict "\",\"reason\":\"" reason "\"}\n"

/* Writes a file of the history as the keeper would own it. */
static void
put(const struct bastion *b, const char *name, const char *content)
{
	char *path = text("%s/%s", b->store, name);

	write_text(path, content);
	assert_status(run(ARGV("chmod", "600", path), NULL, 0), 0);
	assert_status(
	    run(ARGV("chown", text("--reference=%s", b->store), path), NULL, 0),
	    0);
}

static void
pack(const struct bastion *b, const char *name)
{
	assert_status(
	    run(ARGV("gzip", "-f", text("%s/%s", b->store, name)), NULL, 0), 0);
}

/* Three files, of which the oldest is compressed. */
static struct bastion *
with_history(void)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	put(b, "audit.jsonl-20260131",
	    LINE("2026-01-01T10:00:00Z", "ann", "pass", "code")
		LINE("2026-01-02T10:00:00Z", "bob", "deny", "wrong_code"));
	pack(b, "audit.jsonl-20260131");
	put(b, "audit.jsonl-20260228",
	    LINE("2026-02-01T10:00:00Z", "bob", "pass", "code")
		LINE("2026-02-02T10:00:00Z", "cid", "deny", "locked"));
	put(b, "audit.jsonl",
	    LINE("2026-03-01T10:00:00Z", "ann", "deny", "no_device")
		LINE("2026-03-02T10:00:00Z", "bob", "pass", "exempt"));
	return b;
}

/* The lines that are shown, as the days of the lines: "01-01 01-02 ...". */
static const char *
days(const char *out)
{
	static char ret[4096];
	size_t len = 0;

	ret[0] = '\0';
	for (const char *line = out; line != NULL && *line != '\0';) {
		len += (size_t)snprintf(ret + len, sizeof(ret) - len, "%s%.5s",
		    len > 0 ? " " : "", line + strlen("2026-"));
		line = strchr(line, '\n');
		line += line != NULL;
	}
	return ret;
}

Test(log, is_whole_over_rotated_and_compressed_files)
{
	static const struct {
		const char *args[8], *days;
		int status;
	} cases[] = {
	    {{"log"}, "01-01 01-02 02-01 02-02 03-01 03-02", 0},
	    {{"log", "--since", "2026-02-02T10:00:00Z"}, "02-02 03-01 03-02",
		0},
	    {{"log", "--until", "2026-02-01T10:00:00Z"}, "01-01 01-02", 0},
	    {{"log", "--since", "2026-01-02T00:00:00Z", "--until",
		 "2026-02-02T00:00:00Z"},
		"01-02 02-01", 0},
	    {{"log", "--user", "bob"}, "01-02 02-01 03-02", 0},
	    {{"log", "--verdict", "deny"}, "01-02 02-02 03-01", 0},
	    {{"log", "--reason", "code,locked"}, "01-01 02-01 02-02", 0},
	    {{"log", "--event", "policy"}, "", 0},
	    {{"log", "--event", "login,policy", "-n", "1"}, "03-02", 0},
	    {{"log", "-n", "3"}, "02-02 03-01 03-02", 0},
	    {{"log", "-n", "2", "--verdict", "pass"}, "02-01 03-02", 0},
	    {{"log", "-n", "100"}, "01-01 01-02 02-01 02-02 03-01 03-02", 0},
	    {{"log", "--since", "2025-12-31T00:00:00Z"},
		"01-01 01-02 02-01 02-02 03-01 03-02", 1},
	};
	struct bastion *b = with_history();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r = bastion_admin(b, cases[i].args);

		assert_status(r, cases[i].status);
		cr_expect_str_eq(
		    days(r->out), cases[i].days, "%zu: %s", i, days(r->out));
		if (cases[i].status == 1)
			assert_says(r->err, "the log begins at ");
	}
}

Test(log, refuses_words_that_no_line_has)
{
	static const char *const wrong[][4] = {{"log", "--verdict", "denied"},
	    {"log", "--event", "logins"}, {"log", "--reason", "wrong"},
	    {"log", "-n", "0"}, {"log", "-n", "-1"}, {"log", "-n", "9x"},
	    {"log", "-n", "100001"}, {"log", "--since", "soon"}};
	struct bastion *b = with_history();

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_status(bastion_admin(b, wrong[i]), 2);
	assert_status(
	    bastion_admin(b, ARGV("log", "-f", "--until", "2026-12-31")), 2);
	assert_status(bastion_admin(b, ARGV("--json", "log", "--csv")), 2);
}

/* Damage is named, and everything else is there. */
Test(log, names_what_cannot_be_read)
{
	struct bastion *b = with_history();
	char *packed = text("%s/audit.jsonl-20260131.gz", b->store);
	char *path = text("%s/audit.jsonl-20260228", b->store);
	static char over[6000];
	struct run *r;

	memset(over, 'x', sizeof(over) - 1);
	put(b, "audit.jsonl-20260228",
	    text(
		LINE("2026-02-01T10:00:00Z", "bob", "pass",
		    "code") "{\"ti\n"
			    "%s\n" LINE("2026-02-02T10:00:00Z", "cid", "deny",
				"locked") "{\"time\":\"2026-02-03T10:00:00Z\",\"x\":1}\n",
		over));
	r = bastion_admin(b, ARGV("log"));
	assert_status(r, 3);
	cr_expect_str_eq(days(r->out), "01-01 01-02 02-01 02-02 03-01 03-02");
	assert_says(r->err,
	    "3 lines of the log cannot be read and are left out: "
	    "audit.jsonl-20260228:2, audit.jsonl-20260228:3, "
	    "audit.jsonl-20260228:5");
	assert_status(bastion_admin(b, ARGV("log", "--user", "cid")), 3);
	assert_status(run(ARGV("truncate", "-s", "-9", packed), NULL, 0), 0);
	assert_status(run(ARGV("chmod", "640", path), NULL, 0), 0);
	put(b, "audit.jsonl-20260115.xz", "xz");
	put(b, "audit.jsonl-20260116", "");
	r = bastion_admin(b, ARGV("log"));
	assert_status(r, 1);
	assert_says(days(r->out), "03-01 03-02");
	assert_says(r->err, "audit.jsonl-20260131.gz: it is cut short");
	assert_says(r->err, "audit.jsonl-20260228: it belongs to another ");
	assert_says(
	    r->err, "audit.jsonl-20260115.xz: only plain files and .gz");
	assert_never_says(r->err, "20260116");
}

Test(log, says_where_the_clock_went_back)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	put(b, "audit.jsonl",
	    LINE("2026-03-01T10:00:30Z", "ann", "pass", "code")
		LINE("2026-03-01T10:00:10Z", "bob", "pass", "code"));
	r = bastion_admin(b, ARGV("log"));
	assert_never_says(r->err, "clock");
	put(b, "audit.jsonl",
	    LINE("2026-03-01T10:00:00Z", "ann", "pass", "code")
		LINE("2026-02-01T10:00:00Z", "bob", "pass", "code"));
	r = bastion_admin(b, ARGV("log"));
	assert_status(r, 0);
	cr_expect_str_eq(days(r->out), "03-01 02-01");
	assert_says(r->err,
	    "the clock went back, from Sun 2026-03-01 10:00 UTC to Sun "
	    "2026-02-01 10:00 UTC");
}

Test(log, is_csv_for_a_spreadsheet_and_the_audit_as_json)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *line = text("{\"time\":\"2026-03-01T10:00:00Z\",\"event\":"
			  "\"login\",\"user\":\"ann\",\"verdict\":\"pass\","
			  "\"command\":\"=cmd,\\\"x\\\"\"}\n");
	struct run *r;

	put(b, "audit.jsonl", line);
	cr_expect_str_eq(bastion_admin(b, ARGV("--json", "log"))->out, line);
	r = bastion_admin(b, ARGV("log", "--csv"));
	cr_expect_str_eq(r->out,
	    "time,event,user,verdict,reason,rule,address,key,device,command,"
	    "target,door,actor,detail,suppressed,host\r\n"
	    "2026-03-01T10:00:00Z,login,ann,pass,,,,,,\"'=cmd,\"\"x\"\"\",,"
	    "false,,,0,\r\n",
	    "%s", r->out);
}

/* Appends lines as the keeper does, one write each, and rotates after some. */
static const char writer[] =
    "umask 077; cd \"$1\" && i=0 && while [ $i -lt 1500 ]; do"
    "  i=$((i + 1))\n"
    "  printf '{\"time\":\"2026-03-01T10:00:00Z\",\"event\":\"login\","
    "\"user\":\"u%05d\",\"verdict\":\"pass\"}\\n' $i >>audit.jsonl\n"
    "  [ $((i % 100)) -ne 0 ] || {"
    "    [ ! -e audit.jsonl.2.gz ] || mv audit.jsonl.2.gz "
    "audit.jsonl.$((20 - i / 100)).gz\n"
    "    [ ! -e audit.jsonl.1 ] || { gzip audit.jsonl.1 &&"
    "      mv audit.jsonl.1.gz audit.jsonl.2.gz; }\n"
    "    mv audit.jsonl audit.jsonl.1; }\n"
    "done";

/* The numbers in the lines must be 1, 2, 3, ...; returns how many. */
static int
count_in_order(const char *out)
{
	int n = 0;

	for (const char *at = out; (at = strstr(at, " u0")) != NULL; at++) {
		cr_assert_eq(atoi(at + 2), n + 1, "after %d: %.20s", n, at);
		n++;
	}
	return n;
}

/*
 * Whatever is renamed and compressed while it is read: no line is missing and
 * none comes twice.
 */
Test(log, neither_loses_nor_repeats_a_line_that_is_rotated_meanwhile,
    .timeout = 300)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *user = fixture_keeper_user(b);
	struct run *w, *f;
	int seen = 0;

	put(b, "audit.jsonl", "");
	f = bastion_admin_start(b, ARGV("log", "-f", "-n", "2000"));
	w = geteuid() == 0 && !b->embedded
	    ? run_start(ARGV("setpriv", "--reuid", user, "--clear-groups", "sh",
			    "-c", writer, "sh", b->store),
		  NULL, 0)
	    : run_start(ARGV("sh", "-c", writer, "sh", b->store), NULL, 0);
	for (int i = 0; i < 400 && seen < 1500; i++) {
		struct run *r = bastion_admin(b, ARGV("log"));
		int now;

		assert_status(r, 0);
		now = count_in_order(r->out);
		cr_assert_geq(now, seen);
		seen = now;
	}
	run_finish(w);
	assert_status(w, 0);
	run_sleep_ms(5000);
	kill(f->pid, SIGINT);
	run_finish(f);
	cr_expect_eq(f->status, 130);
	cr_expect_eq(count_in_order(f->out), 1500);
	cr_expect_eq(count_in_order(bastion_admin(b, ARGV("log"))->out), 1500);
}

/* The rules that we install, run by the real logrotate. */
Test(log, is_whole_where_logrotate_has_been)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *conf = text("%s/logrotate.conf", b->dir);
	char *state = text("%s/logrotate.state", b->dir);
	const char *user = fixture_keeper_user(b);
	struct run *r;

	needs_program("logrotate");
	assert_status(
	    run(ARGV("sh", "-c",
		    text("sed 's|/var/lib/tfa/|%s/|; s|su .*|su %s %s|' "
			 "etc/tfa.logrotate >%s && chmod 644 %s",
			b->store, user, user, conf, conf)),
		NULL, 0),
	    0);
	for (int i = 1; i <= 3; i++) {
		put(b, "audit.jsonl",
		    text("{\"time\":\"2026-03-0%dT10:00:00Z\",\"event\":"
			 "\"login\",\"user\":\"u%05d\",\"verdict\":\"pass\"}\n",
			i, i));
		run_sleep_ms(1100); /* its names have seconds */
		assert_status(
		    run(ARGV("logrotate", "-f", "-s", state, conf), NULL, 0),
		    0);
	}
	cr_assert_eq(access(text("%s/audit.jsonl", b->store), F_OK), -1);
	r = bastion_admin(b, ARGV("log"));
	assert_status(r, 0);
	cr_expect_eq(count_in_order(r->out), 3, "%s", r->out);
	cr_expect_eq(
	    run(ARGV("sh", "-c", text("ls %s/*.gz", b->store)), NULL, 0)
		->status,
	    0);
}

/* The pipe is closed: quietly, and soon. */
Test(log, that_follows_ends_with_its_reader)
{
	struct bastion *b = with_history();
	struct run *r = run(ARGV("sh", "-c",
				text("%s/tfa-admin %s %s log -f -n 2 | head -1",
				    getenv("TFA_PROGRAMS"),
				    b->embedded ? "--store" : "--socket",
				    b->embedded ? b->store : b->socket)),
	    NULL, 0);

	assert_status(r, 0);
	cr_expect_str_eq(days(r->out), "03-01");
	cr_expect_str_eq(r->err, "");
}

static const char long_name[] = "a.name.longer.than.columns";

/* Nothing of a line is cut, and no line is longer than the terminal. */
Test(log, fits_a_terminal_of_any_width_without_cutting)
{
	static const char *const columns[] = {"80", "60", "40"};
	struct bastion *b = bastion_open(.rules = REQUIRED);

	put(b, "audit.jsonl",
	    text("{\"time\":\"2026-03-01T10:00:00Z\",\"event\":\"login\","
		 "\"user\":\"%s\",\"verdict\":\"deny\",\"reason\":"
		 "\"one_time_replaced\",\"address\":\"2001:db8:1:2:3:4:5:6\","
		 "\"command\":\"\346\227\245\346\234\254 %s end\"}\n" LINE(
		     "2026-03-01T10:01:00Z", "\346\227\245\346\234\254", "pass",
		     "code"),
		long_name,
		"a command that is a good deal longer than what a line of a "
		"terminal has room for"));
	for (size_t i = 0; i < sizeof(columns) / sizeof(columns[0]); i++) {
		char *command = text(
		    "TZ=UTC stty cols %s && TZ=UTC exec %s/tfa-admin %s %s log",
		    columns[i], getenv("TFA_PROGRAMS"),
		    b->embedded ? "--store" : "--socket",
		    b->embedded ? b->store : b->socket);
		struct session *s = session_start(ARGV("sh", "-c", command));
		int most = 0, width = 0;

		cr_assert_eq(session_status(s), 0);
		assert_says(s->seen, long_name);
		assert_says(s->seen, "one_time_replaced");
		assert_says(s->seen, "2001:db8:1:2:3:4:5:6");
		assert_says(s->seen, "2026-03-01 10:00 ");
		assert_says(s->seen, " end\r\n");
		assert_never_says(s->seen, "RULE");
		for (const unsigned char *c = (void *)s->seen; *c != '\0';
		     c++) {
			width = *c == '\r' || *c == '\n' ? 0
			    : *c < 0x80                  ? width + 1
			    : *c >= 0xc0                 ? width + 2
							 : width;
			most = width > most ? width : most;
		}
		cr_expect_leq(most, atoi(columns[i]), "%s", s->seen);
	}
}

/* Many read 20 MB at once; a login waits for none of them. */
Test(log, that_many_read_stops_no_login)
{
	static const char fill[] =
	    "BEGIN { for (i = 0; i < 120000; i++) print "
	    "\"{\\\"time\\\":\\\"2026-03-01T10:00:00Z\\\",\\\"event\\\":"
	    "\\\"login\\\",\\\"user\\\":\\\"ann\\\",\\\"verdict\\\":"
	    "\\\"pass\\\",\\\"detail\\\":\\\"0123456789012345678901234567\\\"}"
	    "\" }";
	struct bastion *b;
	struct run *readers[50];
	const char *secret;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol(b, "user117");
	put(b, "audit.jsonl", "");
	assert_status(
	    run(ARGV("sh", "-c",
		    text("awk '%s' >>%s/audit.jsonl", fill, b->store)),
		NULL, 0),
	    0);
	for (size_t i = 0; i < 50; i++)
		readers[i] = bastion_admin_start(b, ARGV("log", "-n", "1"));
	assert_status(
	    ssh_with_code(b, "user117", code_at(secret, step_now()), "true"),
	    0);
	for (size_t i = 0; i < 50; i++) {
		run_finish(readers[i]);
		assert_status(readers[i], 0);
	}
}

Test(log, leaves_commands_out_where_the_policy_says_so)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'log_commands':false");
	const char *secret = fixture_enrol(b, b->me);

	assert_status(ssh_with_code(b, b->me, code_at(secret, step_now()),
			  "true hunter2"),
	    0);
	assert_says(fixture_audit(b), "\"pass\"");
	assert_never_says(fixture_audit(b), "hunter2");
	assert_never_says(fixture_audit(b), "command");
}

/* Puts a /dev of our own into place, with a socket for syslog.  Returns it. */
static int
listen_as_syslog(void)
{
	static const char *const nodes[] = {
	    "null", "zero", "random", "urandom", "tty"};
	struct sockaddr_un address = {
	    .sun_family = AF_UNIX, .sun_path = "/dev/log"};
	int room = 1 << 20, fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	char dev[] = "/run/dev.XXXXXX";

	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_neq(mkdtemp(dev), NULL);
	cr_assert_eq(mount("tmpfs", dev, "tmpfs", 0, "mode=755"), 0);
	for (size_t i = 0; i < sizeof(nodes) / sizeof(nodes[0]); i++) {
		write_text(text("%s/%s", dev, nodes[i]), "");
		cr_assert_eq(
		    mount(text("/dev/%s", nodes[i]),
			text("%s/%s", dev, nodes[i]), NULL, MS_BIND, NULL),
		    0);
	}
	cr_assert_eq(mount(dev, "/dev", NULL, MS_MOVE, NULL), 0);
	cr_assert_eq(
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(chmod("/dev/log", 0666), 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room));
	return fd;
}

#define PRIORITY(severity) (10 * 8 + (severity)) /* of authpriv */

/* The priority of the message with these words, or -1. */
static int
priority_of(char (*said)[8192], int count, const char *words)
{
	for (int i = 0; i < count; i++)
		if (strstr(said[i], words) != NULL && said[i][0] == '<')
			return atoi(said[i] + 1);
	return -1;
}

Test(log, reaches_syslog_with_a_priority_and_without_secrets)
{
	static char said[200][8192];
	struct bastion *b;
	const char *secret, *code, *wrong;
	int fd, n = 0;

	needs_people();
	fd = listen_as_syslog();
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol(b, "user118");
	fixture_enrol(b, "user119");
	code = code_at(secret, step_now());
	wrong = code_wrong(secret);
	ssh_with_code(b, "user118", wrong, "true");
	assert_status(ssh_with_code(b, "user118", code, "true"), 0);
	assert_status(bastion_admin(b, ARGV("unlock", "user118")), 0);
	assert_status(bastion_admin(b, ARGV("exempt", "user120", "--yes")), 0);
	fixture_write_policy(b,
	    fixture_policy("{'name':'x','groups':['nosuchgroup'],"
			   "'mode':'required'}",
		NULL));
	ssh_with_code(b, "user119", wrong, "true");
	while (n < 200) {
		ssize_t len = recv(
		    fd, said[n], sizeof(said[n]) - 1, MSG_DONTWAIT);

		if (len < 0)
			break;
		said[n][len] = '\0';
		assert_never_says(said[n], secret);
		assert_never_says(said[n], code);
		assert_never_says(said[n], wrong);
		n++;
	}
	cr_expect_eq(priority_of(said, n, "\"wrong_code\""), PRIORITY(5));
	cr_expect_eq(priority_of(said, n, "\"verdict\":\"pass\""), PRIORITY(6));
	cr_expect_eq(priority_of(said, n, "\"event\":\"unlock\""), PRIORITY(5));
	cr_expect_eq(priority_of(said, n, "\"event\":\"policy\""), PRIORITY(5));
	cr_expect_eq(priority_of(said, n, "\"unknown_group\""), PRIORITY(3));
}

/* A writer that opened the audit before logrotate renamed it still writes to it. */
Test(log, has_the_line_that_comes_late_to_a_rotated_file)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *rotated = text("%s/audit.jsonl-20260131", b->store);
	struct run *reader;
	FILE *late;

	put(b, "audit.jsonl-20260131",
	    LINE("2026-01-01T10:00:00Z", "ann", "pass", "code"));
	put(b, "audit.jsonl",
	    LINE("2026-02-01T10:00:00Z", "bob", "pass", "code"));
	late = fopen(rotated, "a");
	cr_assert_not_null(late);
	reader = bastion_admin_start(b, ARGV("log"));
	run_sleep_ms(400);
	fputs(LINE("2026-01-02T10:00:00Z", "cid", "pass", "code"), late);
	cr_assert_eq(fclose(late), 0);
	run_finish(reader);
	assert_status(reader, 0);
	cr_assert_str_eq(
	    days(reader->out), "01-01 01-02 02-01", "%s", reader->out);
}
