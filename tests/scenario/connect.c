/*
 * tfa connect: in place of nc, and as the one command of an account that may
 * only jump. Beside each connection the one that must not be.
 */
#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/listener.h"
#include "tests/scenario/site.h"

#define LARGE   300000000UL
#define LEFT_MS 20000

Scenarios(connect);

/* All that comes before the end. */
static char *
read_to_end(int fd)
{
	static char seen[4096];
	size_t len = 0;
	ssize_t n;

	while ((n = read(fd, seen + len, sizeof(seen) - 1 - len)) > 0)
		len += (size_t)n;
	seen[len] = '\0';
	return seen;
}

static void
send_text(int fd, const char *words)
{
	cr_assert_eq(write(fd, words, strlen(words)), (ssize_t)strlen(words));
}

static char *
tfa(const struct bastion *b, const char *args)
{
	return text("%s/tfa %s %s %s", getenv("TFA_PROGRAMS"),
	    b->embedded ? "--store" : "--socket",
	    b->embedded ? b->store : b->socket, args);
}

/* Answers one question of a client that has ended its input. */
static void
assert_answers(struct run *r, int fd, const char *question)
{
	int peer = listener_accept(fd);

	cr_expect_str_eq(read_to_end(peer), question);
	send_text(peer, "answer");
	close(peer);
	run_finish(r);
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "answer");
	assert_never_says(r->err, "tfa:");
}

Test(connect, carries_what_is_asked_and_answered)
{
	struct site s = site_open(NULL);
	int port, fd = listener_open(AF_INET, &port);
	char *command = tfa(s.b, text("connect 127.0.0.1 %d", port));

	assert_refused(ssh_run(s.b, s.b->me, ARGV("-o", with_code(s.wrong)),
			   command, "question"),
	    77);
	assert_refused(ssh_run(s.b, s.b->me, NULL, command, "question"), 76);
	cr_assert_not(listener_is_asked(fd));
	assert_answers(ssh_start(s.b, s.b->me, ARGV("-o", with_code(s.code)),
			   command, "question"),
	    fd, "question");
	cr_expect_eq(
	    fixture_audit_count(s.b, text("\"target\":\"127.0.0.1:%d\"", port)),
	    1);
	cr_expect_eq(fixture_audit_count(s.b, "\"event\":\"connect\""), 1);
}

Test(connect, takes_ipv6_with_and_without_brackets)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));
	int port, fd = listener_open(AF_INET6, &port);
	const char *const forms[] = {text("connect ::1 %d", port),
	    text("connect [::1] %d", port), text("connect [::1]:%d", port)};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++)
		assert_answers(
		    ssh_start(b, b->me, NULL, tfa(b, forms[i]), "q"), fd, "q");
	cr_expect_eq(
	    fixture_audit_count(b, text("\"target\":\"[::1]:%d\"", port)), 3);
}

/*
 * A server may end first, while the client says nothing more. ssh passes the
 * end on when tfa is gone.
 */
Test(connect, ends_when_the_server_has_ended)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));
	int port, fd = listener_open(AF_INET, &port), peer, in[2], out[2];
	pid_t pid;

	cr_assert_eq(pipe2(in, O_CLOEXEC), 0);
	cr_assert_eq(pipe2(out, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execlp("ssh", "ssh", "-F", b->ssh_config, "bastion",
		    tfa(b, text("connect 127.0.0.1 %d", port)), (char *)NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	send_text(in[1], "first");
	peer = listener_accept(fd);
	send_text(peer, "bye");
	shutdown(peer, SHUT_WR);
	cr_expect_str_eq(read_to_end(out[0]), "bye");
	cr_expect_eq(run_wait(pid, LEFT_MS), 0);
	cr_expect_str_eq(read_to_end(peer), "first");
}

/* The host beyond the bastion, as tfa-clients(7) has it, but for nc. */
static char *
beyond(const struct site *s, const char *code)
{
	char *config = read_text(site_beyond(s, code));
	char *nc = strstr(config, " nc ");

	cr_assert_not_null(nc);
	return text("%.*s %s/tfa connect %s", (int)(nc - config), config,
	    getenv("TFA_PROGRAMS"), nc + strlen(" nc "));
}

Test(connect, leads_to_a_host_behind_the_bastion)
{
	struct site s = site_open(NULL);
	char *config = text("%s/config", s.b->dir);
	struct run *r;

	write_text(config, beyond(&s, s.wrong));
	r = run(ARGV("ssh", "-F", config, "beyond", "echo in"), NULL, 0);
	assert_refused(r, 255);
	write_text(config, beyond(&s, s.code));
	r = run(
	    ARGV("ssh", "-F", config, "beyond", "echo in; exit 7"), NULL, 0);
	assert_status(r, 7);
	cr_expect_str_eq(r->out, "in\n");
}

/* A host that reads all, and then says what it was. */
static pid_t
start_checksum(int fd)
{
	pid_t pid = fork();
	int peer;

	if (pid != 0)
		return pid;
	peer = listener_next(fd, LISTENER_MS);
	dup2(peer, 0);
	dup2(peer, 1);
	close(peer);
	execlp("sha256sum", "sha256sum", (char *)NULL);
	_exit(127);
}

Test(connect, carries_300_MB)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));
	int port, fd = listener_open(AF_INET, &port);
	pid_t host = start_checksum(fd);
	struct run *r = site_shell(text(
	    "data() { openssl enc -aes-128-ctr -K 00 -iv 00 </dev/zero "
	    "2>/dev/null | head -c %lu; }\n"
	    "data | sha256sum\n"
	    "data | ssh -F %s bastion '%s'\n",
	    LARGE, b->ssh_config, tfa(b, text("connect 127.0.0.1 %d", port))));
	const char *second;

	assert_status(r, 0);
	cr_assert_eq(run_wait(host, LEFT_MS), 0);
	second = strchr(r->out, '\n');
	cr_assert_not_null(second);
	cr_expect_eq(strlen(r->out), 2 * strlen(second + 1), "%s", r->out);
	cr_expect(
	    strncmp(r->out, second + 1, strlen(second + 1)) == 0, "%s", r->out);
}

Test(connect, says_what_failed)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));
	int port, fd = listener_open(AF_INET, &port);
	const struct {
		const char *args;
		int status;
		const char *says;
	} cases[] = {
	    {text("127.0.0.1 %d", port), 1, ": Connection refused"},
	    {"no-such-host.invalid 22", 1, "its name cannot be looked up"},
	    {"", 2, "needs a host and a port"},
	    {"127.0.0.1", 2, "needs a host and a port"},
	    {"127.0.0.1 ssh", 2, "needs a host and a port"},
	    {"127.0.0.1 22 id", 2, "was given too many words"},
	    {"-e /bin/sh", 2, "option"},
	    {"--targets", 2, "targets"},
	};

	close(fd);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct run *r = ssh_run(b, b->me, NULL,
		    tfa(b, text("connect %s", cases[i].args)), "question");

		assert_refused(r, cases[i].status);
		assert_says(r->err, cases[i].says);
	}
}

/* A session that passed the gate gains nothing by another log. */
Test(connect, needs_no_keeper_where_there_is_a_shell)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));
	int port, fd = listener_open(AF_INET, &port);

	assert_answers(
	    ssh_start(b, b->me, NULL,
		text("%s/tfa --socket /nonexistent connect 127.0.0.1 %d",
		    getenv("TFA_PROGRAMS"), port),
		"question"),
	    fd, "question");
	cr_expect_eq(fixture_audit_count(b, "\"event\":\"connect\""), 0);
}

/* The host stays silent, and the client is killed. */
Test(connect, leaves_nothing_behind)
{
	struct bastion *b;
	int port, fd, peer;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	fd = listener_open(AF_INET, &port);
	r = run_start(
	    ARGV("ssh", "-F", b->ssh_config, "-l", "user33", "bastion",
		tfa(b, text("connect 127.0.0.1 %d", port))),
	    "q", 1);
	peer = listener_accept(fd);
	kill(r->pid, SIGKILL);
	cr_expect_eq(processes_left(b, "user33", LEFT_MS), 0);
	close(peer);
}

/* An account whose one command is tfa connect, with a list of targets. */
struct jump {
	struct site s;
	char *folder; /* of the list and the keeper's socket, at a fixed path */
	char *list;
	int port, fd; /* the one target */
};

static char *
path_in(const char *folder, const char *name)
{
	return text("%s/%s", folder, name);
}

/* further: lines of sshd's configuration above all else. */
static struct jump
jump_open(const char *user, const char *further)
{
	struct jump j = {
	    .folder = text("%s/jump-%d", getenv("TFA_WORK"), (int)getpid())};
	const char *programs = getenv("TFA_PROGRAMS");
	struct bastion *b;

	j.list = path_in(j.folder, "targets");
	b = bastion_open(.rules = REQUIRED, .before = further,
	    .match = text("Match User %s\n"
			  "    ForceCommand %s/tfa-gate --socket %s/gate.sock "
			  "--command \"%s/tfa --socket %s/keeper.sock connect "
			  "--targets %s\"\n"
			  "    DisableForwarding yes\n",
		user, programs, j.folder, programs, j.folder, j.list));
	cr_assert_eq(mkdir(j.folder, 0755), 0);
	cr_assert_eq(symlink(b->socket, path_in(j.folder, "gate.sock")), 0);
	cr_assert_eq(symlink(b->socket, path_in(j.folder, "keeper.sock")), 0);
	j.fd = listener_open(AF_INET, &j.port);
	write_text(j.list, text("# the one\n127.0.0.1:%d\n", j.port));
	j.s = site_of(b, user);
	return j;
}

/* One connection of the account, on which a code was given, for all that
 * follows. Fails unless the word "true" opens it. */
static const char *const *
jump_master(const struct jump *j)
{
	const char **options = calloc(8, sizeof(*options));
	char *control = text("ControlPath=%s/master", j->s.b->dir);
	struct run *r = ssh_run(j->s.b, j->s.user,
	    ARGV("-o", with_code(j->s.code), "-o", "ControlMaster=yes", "-o",
		"ControlPersist=60", "-o", control),
	    "true", NULL);

	assert_status(r, 0);
	cr_assert_not_null(options);
	options[0] = "-o";
	options[1] = control;
	return options;
}

static size_t
count_connects(const struct jump *j, const char *verdict)
{
	return fixture_audit_count(j->s.b,
	    text("\"event\":\"connect\",\"user\":\"%s\",\"verdict\":\"%s\"",
		j->s.user, verdict));
}

Test(connect, jump_account_reaches_its_targets_after_a_code)
{
	struct jump j;
	const char *const *master, *forms[5];

	needs_people();
	j = jump_open("jump", NULL);
	forms[0] = text("tfa connect 127.0.0.1 %d", j.port);
	forms[1] = text("tfa connect 127.0.0.1:%d", j.port);
	forms[2] = text("nc 127.0.0.1 %d", j.port);
	forms[3] = text("127.0.0.1 %d", j.port);
	forms[4] = text("::ffff:127.0.0.1 %d", j.port);
	assert_refused(ssh_run(j.s.b, "jump", NULL, forms[0], "q"), 76);
	assert_refused(ssh_run(j.s.b, "jump", ARGV("-o", with_code(j.s.wrong)),
			   forms[0], "q"),
	    77);
	cr_assert_not(listener_is_asked(j.fd));
	cr_expect_eq(count_connects(&j, "pass"), 0);
	master = jump_master(&j);
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		assert_answers(
		    ssh_start(j.s.b, "jump", master, forms[i], "q"), j.fd, "q");
		cr_expect_eq(count_connects(&j, "pass"), i + 1, "%s", forms[i]);
	}
	assert_says(bastion_admin(j.s.b, ARGV("log", "--user", "jump"))->out,
	    text(
		"connect pass     jump reason=done from=127.0.0.1 key=SHA256:"));
	assert_says(bastion_admin(j.s.b, ARGV("log", "--user", "jump"))->out,
	    text(" to=127.0.0.1:%d command: ", j.port));
}

/* The line is there before the host sees anybody. */
Test(connect, jump_account_is_logged_first)
{
	struct jump j;
	struct run *r;
	int peer;

	needs_people();
	j = jump_open("jump", NULL);
	r = ssh_start(j.s.b, "jump", ARGV("-o", with_code(j.s.code)),
	    text("nc 127.0.0.1 %d", j.port), "q");
	peer = listener_accept(j.fd);
	cr_expect_eq(count_connects(&j, "pass"), 1);
	close(peer);
	run_finish(r);
}

/* The block of tfa(1) is for that account alone, and leaves no channel open. */
Test(connect, jump_account_is_one_among_others)
{
	struct jump j;
	const char *const *master;
	struct site bob;
	struct run *r;

	needs_people();
	j = jump_open("jump", NULL);
	bob = site_of(j.s.b, "bob");
	r = ssh_with_code(j.s.b, "bob", bob.code, "echo in");
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "in\n");
	master = jump_master(&j);
	r = run(ARGV("ssh", "-F", j.s.b->ssh_config, "-l", "jump", master[0],
		    master[1], "-W", text("127.0.0.1:%d", j.port), "bastion"),
	    "q", 1);
	assert_refused(r, 255);
	cr_expect_not(listener_is_asked(j.fd));
}

/* Words that are a shell's, an option's, another program's or another
 * target's. */
static const char *const *
hostile_words(const struct jump *j, int other, const char *mark)
{
	const char **words = calloc(64, sizeof(*words));
	size_t n = 0;

	if (words == NULL)
		fail("out of memory");
	words[n++] = text("touch %s", mark);
	words[n++] = text("127.0.0.1 %d; touch %s", j->port, mark);
	words[n++] = text("127.0.0.1 %d\ntouch %s", j->port, mark);
	words[n++] = text("nc 127.0.0.1 %d || touch %s", j->port, mark);
	words[n++] = text("tfa connect $(touch %s) %d", mark, j->port);
	words[n++] = text("tfa connect `touch %s` %d", mark, j->port);
	words[n++] = text("127.0.0.1 $(touch %s)", mark);
	words[n++] = text("> %s", mark);
	words[n++] = text("nc -e /usr/bin/touch 127.0.0.1 %d", j->port);
	words[n++] = text("nc -c 'touch %s' 127.0.0.1 %d", mark, j->port);
	words[n++] = text("nc 127.0.0.1 %d", other);
	words[n++] = text("127.0.0.1:%d", other);
	words[n++] = text("localhost %d", j->port);
	words[n++] = text("127.1 %d", j->port);
	words[n++] = text("2130706433 %d", j->port);
	words[n++] = text("127.0.0.1. %d", j->port);
	words[n++] = text("127.0.0.1 0%d", j->port);
	words[n++] = text(
	    "tfa connect 127.0.0.1 %d 127.0.0.1 %d", j->port, other);
	words[n++] = text("tfa connect --targets %s 127.0.0.1 %d", mark, other);
	words[n++] = text("tfa --store %s connect 127.0.0.1 %d", mark, other);
	words[n++] = text(" --targets %s", mark);
	words[n++] = text(" -oProxyCommand=touch%%20%s", mark);
	words[n++] = "tfa tunnel";
	words[n++] = "tfa status";
	words[n++] = "sh";
	words[n++] = "/bin/sh -i";
	words[n++] = "internal-sftp";
	words[n++] = text("scp -t %s", mark);
	words[n++] = "rsync --server . .";
	words[n++] = "tfa-gate --command sh";
	words[n++] = "169.254.169.254 80";
	words[n++] = "*:*";
	words[n++] = "* *";
	return words;
}

Test(connect, jump_account_reaches_nothing_else)
{
	struct jump j;
	int other, fd;
	char *mark;
	const char *const *words, *const *master;

	needs_people();
	j = jump_open("jump", NULL);
	fd = listener_open(AF_INET, &other);
	mark = text("%s/mark", j.s.open);
	words = hostile_words(&j, other, mark);
	master = jump_master(&j);
	for (size_t i = 0; words[i] != NULL; i++) {
		struct run *r = ssh_run(
		    j.s.b, "jump", master, words[i], "touch mark\n");

		cr_expect(r->status == 1 || r->status == 77, "%s: %d: %s",
		    words[i], r->status, r->err);
		cr_expect_str_empty(r->out, "%s: %s", words[i], r->out);
	}
	cr_expect_not(listener_is_asked(fd));
	cr_expect_not(listener_is_asked(j.fd));
	assert_nothing_in(j.s.open);
	cr_expect_eq(count_connects(&j, "pass"), 0);
	cr_expect_gt(count_connects(&j, "deny"), 4);
	cr_expect_eq(fixture_audit_count(j.s.b, "\"reason\":\"target_closed\""),
	    count_connects(&j, "deny"));
}

Test(connect, jump_account_is_told_what_it_is_for)
{
	struct jump j;
	const char *const *master;
	struct session *terminal;
	struct run *r;

	needs_people();
	j = jump_open("jump", NULL);
	master = jump_master(&j);
	r = ssh_run(j.s.b, "jump", master, NULL, "id\n");
	assert_refused(r, 1);
	assert_says(r->err, "this account runs no command");
	assert_says(r->err, text("127.0.0.1:%d\n", j.port));
	assert_says(r->err, "ProxyCommand ssh BASTION tfa connect %h %p");
	terminal = session_open(j.s.b, "jump", master, NULL);
	session_expect(terminal, "this account runs no command");
	cr_expect_eq(session_status(terminal), 1);
	r = run(ARGV("sftp", "-F", j.s.b->ssh_config, "-o", master[1], "-b",
		    "-", "jump@bastion"),
	    "pwd\n", 4);
	assert_refused(r, 255);
	r = ssh_run(j.s.b, "jump", master, "nc 127.0.0.1 1", NULL);
	assert_refused(r, 77);
	assert_says(r->err, "This account may not connect to 127.0.0.1:1: ask");
}

/* Whatever stands in the home of such an account. */
static void
fill_home(const char *home, const char *mark)
{
	static const char *const files[] = {".bashrc", ".bash_profile",
	    ".bash_login", ".profile", ".shrc", ".kshrc", ".mkshrc", ".zshenv",
	    ".zshrc", ".tcshrc", ".cshrc", ".login", ".ssh/rc",
	    ".config/fish/config.fish"};

	fixture_folder(text("%s/.config", home), 0755, "jump");
	fixture_folder(text("%s/.config/fish", home), 0755, "jump");
	fixture_folder(text("%s/bin", home), 0755, "jump");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		write_text(text("%s/%s", home, files[i]),
		    text("touch %s-%zu\n", mark, i));
	write_text(
	    text("%s/bin/tfa", home), text("#!/bin/sh\ntouch %s-bin\n", mark));
	chmod(text("%s/bin/tfa", home), 0755);
	write_text(text("%s/.ssh/environment", home),
	    text("PATH=%s/bin\nENV=%s/.profile\nBASH_ENV=%s/.profile\n", home,
		home, home));
	write_text(text("%s/.pam_environment", home),
	    text("PATH DEFAULT=%s/bin\nENV DEFAULT=%s/.profile\n", home, home));
}

/*
 * sh reads no file of the user's; and a site that lets clients send every
 * variable lets them send none that counts. The settings that let such a file
 * in are closed by the drop-in.
 */
Test(connect, jump_account_runs_nothing_of_its_own)
{
	static const char *const sent[] = {"ENV", "BASH_ENV", "PATH",
	    "LD_PRELOAD", "LD_AUDIT", "HOSTALIASES", "RES_OPTIONS",
	    "LOCALDOMAIN", "SHELLOPTS", "PS4", "HOME", "IFS", "TFA_SOCKET",
	    "SSH_ORIGINAL_COMMAND"};
	const char *options[64] = {NULL};
	const char *const *master;
	char *mark, *set = text("SetEnv=");
	struct jump j;

	needs_people();
	j = jump_open("jump", "AcceptEnv *\nPermitUserEnvironment yes\n");
	mark = text("%s/mark", j.s.open);
	fill_home("/home/jump", mark);
	for (size_t i = 0; i < sizeof(sent) / sizeof(sent[0]); i++)
		set = text("%s%s%s=/home/jump/.profile", set, i == 0 ? "" : " ",
		    sent[i]);
	master = jump_master(&j);
	options[0] = master[0];
	options[1] = master[1];
	options[2] = "-o";
	options[3] = set;
	assert_answers(ssh_start(j.s.b, "jump", options,
			   text("nc 127.0.0.1 %d", j.port), "q"),
	    j.fd, "q");
	assert_refused(ssh_run(j.s.b, "jump", options, NULL, "id\n"), 1);
	assert_nothing_in(j.s.open);
}

/* The gate has let the login in; the keeper is gone a moment later. */
Test(connect, jump_account_connects_nowhere_unlogged)
{
	struct jump j;
	const char *const *master;
	struct run *r;

	needs_people();
	j = jump_open("jump", NULL);
	master = jump_master(&j);
	unlink(path_in(j.folder, "keeper.sock"));
	r = ssh_run(
	    j.s.b, "jump", master, text("nc 127.0.0.1 %d", j.port), "q");
	assert_refused(r, 69);
	assert_says(r->err, "no connection: the keeper cannot be reached");
	cr_expect_not(listener_is_asked(j.fd));
}

/* A list that somebody else can have written, or that is wrong, allows
 * nothing. */
Test(connect, jump_account_has_no_list_but_roots)
{
	struct jump j;
	const char *const *master, *command;
	char *good, *aside;

	needs_people();
	j = jump_open("jump", NULL);
	master = jump_master(&j);
	command = text("nc 127.0.0.1 %d", j.port);
	good = read_text(j.list);
	aside = path_in(j.folder, "aside");

	chmod(j.list, 0664);
	assert_refused(ssh_run(j.s.b, "jump", master, command, "q"), 78);
	chmod(j.list, 0644);
	cr_assert_eq(chown(j.list, fixture_person("jump")->pw_uid, 0), 0);
	assert_refused(ssh_run(j.s.b, "jump", master, command, "q"), 78);
	cr_assert_eq(chown(j.list, 0, 0), 0);
	cr_assert_eq(chmod(j.folder, 0777), 0);
	assert_refused(ssh_run(j.s.b, "jump", master, command, "q"), 78);
	cr_assert_eq(chmod(j.folder, 0755), 0);
	write_text(j.list, text("%sdb*:22\n", good));
	assert_refused(ssh_run(j.s.b, "jump", master, command, "q"), 78);
	write_text(j.list, "");
	assert_refused(ssh_run(j.s.b, "jump", master, command, "q"), 77);
	cr_assert_eq(rename(j.list, aside), 0);
	assert_refused(ssh_run(j.s.b, "jump", master, command, "q"), 78);
	write_text(aside, good);
	cr_assert_eq(symlink(aside, j.list), 0);
	assert_refused(ssh_run(j.s.b, "jump", master, command, "q"), 78);
	cr_expect_not(listener_is_asked(j.fd));
	cr_expect_eq(count_connects(&j, "pass"), 0);

	cr_assert_eq(rename(aside, j.list), 0);
	assert_answers(
	    ssh_start(j.s.b, "jump", master, command, "q"), j.fd, "q");
}
