/*
 * The way of graphical programs and other systems on the wire, played by
 * OpenSSH: VS Code's Remote-SSH, a client that cannot share a connection
 * (Windows), and graphical sftp. Then examples/ssh_config unchanged, as the
 * ~/.ssh/config in a home that is made for the test.
 */
#include <stdlib.h>
#include <unistd.h>

#include "tests/scenario/site.h"

Scenarios(clients_desktop);

#define AN_HOUR "'remember':{'connection':'0s','for':'1h'}"
#define WINDOWS 4 /* of a graphical sftp client, all at once */

/* Starts the editor's ssh, and waits for what it shows. */
static struct run *
remote_ssh(const struct site *s, const char *config, const char *option,
    const char *host)
{
	return run(site_remote_ssh(s, config, option, host), NULL, 0);
}

Test(clients_desktop, remote_ssh_to_a_host_behind_the_bastion)
{
	struct site s;
	struct run *r;

	needs_program("nc");
	s = site_open(NULL);
	r = remote_ssh(&s, site_beyond(&s, s.code), "", "beyond");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "ready\nSSH-2.0");
}

Test(clients_desktop, remote_ssh_without_a_code)
{
	struct site s;

	needs_program("nc");
	s = site_open(NULL);
	assert_refused(
	    remote_ssh(&s, site_beyond(&s, s.wrong), "", "beyond"), 255);
}

/* The script runs, but the bastion forwards nothing. */
Test(clients_desktop, remote_ssh_to_the_bastion_itself)
{
	struct site s;
	struct run *r;

	needs_program("nc");
	s = site_open(NULL);
	r = remote_ssh(
	    &s, s.b->ssh_config, text("-o %s", with_code(s.code)), "bastion");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "ready\n");
}

/* Sends a file to the bastion, with one more option for ssh. */
static struct run *
send_file(const struct site *s, const char *name, const char *option)
{
	char *here = text("%s/here", s->b->dir);

	write_text(here, "one\n");
	return run(ARGV("scp", "-F", s->b->ssh_config, "-o",
		       text("User=%s", s->user), "-o", "ControlPath=none", "-o",
		       option, here, text("bastion:%s/%s", s->open, name)),
	    NULL, 0);
}

Test(clients_desktop, without_a_master_each_connection_takes_a_code)
{
	struct site s = site_open(NULL);
	struct session *shell = session_open(s.b, s.user, NULL, NULL);

	session_pass(shell, s.code);
	assert_refused(send_file(&s, "none", "SetEnv=LANG=C"), 255);
	assert_refused(send_file(&s, "used", with_code(s.code)), 255);
	assert_nothing_in(s.open);
	assert_status(send_file(&s, "sent", with_code(s.later)), 0);
	assert_holds(text("%s/sent", s.open), "one\n");
	session_kill(shell);
}

Test(clients_desktop, without_a_master_remember_for_spares_the_code)
{
	struct site s = site_open(AN_HOUR);
	struct session *shell = session_open(s.b, s.user, NULL, NULL);

	session_pass(shell, s.code);
	assert_refused(
	    send_file(&s, "elsewhere", "BindAddress=127.0.0.9"), 255);
	assert_nothing_in(s.open);
	assert_status(send_file(&s, "sent", "SetEnv=LANG=C"), 0);
	assert_holds(text("%s/sent", s.open), "one\n");
	session_kill(shell);
}

/*
 * Opens as many connections at once as such a client has windows, without a
 * terminal. Returns how many got a file across.
 */
static int
graphical_sftp(const struct site *s, const char *name, const char *option)
{
	struct run *windows[WINDOWS];
	char *here = text("%s/here", s->b->dir), *batch;
	int arrived = 0;

	write_text(here, "one\n");
	for (int i = 0; i < WINDOWS; i++) {
		batch = text("put %s %s/%s%d\n", here, s->open, name, i);
		windows[i] = run_start(
		    ARGV("sftp", "-q", "-F", s->b->ssh_config, "-o",
			text("User=%s", s->user), "-o", option, "-b", "-",
			"bastion"),
		    batch, strlen(batch));
	}
	for (int i = 0; i < WINDOWS; i++) {
		run_finish(windows[i]);
		if (windows[i]->status == 0 &&
		    access(text("%s/%s%d", s->open, name, i), F_OK) == 0)
			arrived++;
	}
	return arrived;
}

/* A second key of the user's. */
static char *
other_key(const struct site *s)
{
	char *key = text("%s/other", s->b->dir);
	char *list = text("/home/%s/.ssh/authorized_keys", s->user);

	assert_status(
	    run(ARGV("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key),
		NULL, 0),
	    0);
	write_text(list,
	    text("%s%s", read_text(list), read_text(text("%s.pub", key))));
	return key;
}

Test(clients_desktop, graphical_sftp_after_a_login)
{
	struct site s;
	struct session *shell;
	const char *key;

	needs_people();
	s = site_of(bastion_open(.rules = REQUIRED, .more = AN_HOUR), "user27");
	key = text("IdentityFile=%s", other_key(&s));
	cr_assert_eq(graphical_sftp(&s, "before", "LogLevel=ERROR"), 0);
	shell = session_open(s.b, s.user, NULL, NULL);
	session_pass(shell, s.code);
	session_kill(shell);
	cr_assert_eq(graphical_sftp(&s, "key", key), 0);
	cr_assert_eq(graphical_sftp(&s, "address", "BindAddress=127.0.0.9"), 0);
	assert_nothing_in(s.open);
	cr_assert_eq(graphical_sftp(&s, "window", "LogLevel=ERROR"), WINDOWS);
	/* The other key works; only the code is missing. */
	assert_status(
	    ssh_run(s.b, s.user, ARGV("-o", key, "-o", with_code(s.later)),
		"true", NULL),
	    0);
}

/* A bastion, one host behind it, and a home with examples/ssh_config. */
static struct site
home_open(void)
{
	struct site s = site_open(NULL);
	struct bastion *inner = bastion_open(.no_gate = true);
	char *folder = text("%s/home/.ssh", s.b->dir), here[PATH_MAX];

	cr_assert_not_null(getcwd(here, sizeof(here)));
	site_shell(text("mkdir -p -m 0700 %s; cp %s/%s %s/id_ed25519; "
			"cp %s/known_hosts %s/known_hosts",
	    folder, getenv("TFA_KEYS"), s.user, folder, s.b->dir, folder));
	write_text(text("%s/config", folder),
	    text("Host bastion\n"
		 "    HostName 127.0.0.1\n"
		 "    Port %d\n"
		 "Host db.internal.example.org\n"
		 "    HostName 127.0.0.1\n"
		 "    Port %d\n"
		 "    User %s\n"
		 "Host *\n"
		 "    HostKeyAlias bastion\n"
		 "    StrictHostKeyChecking yes\n"
		 "    GlobalKnownHostsFile none\n"
		 "    IdentityAgent none\n"
		 "    LogLevel ERROR\n"
		 "    Include %s/examples/ssh_config\n",
		s.b->port, inner->port, s.user, here));
	return s;
}

static struct run *
at_home(const struct site *s, const char *script)
{
	return run(site_at_home(s, script), NULL, 0);
}

static void
leave_master(const struct site *s)
{
	assert_status(at_home(s, "ssh -O exit bastion"), 0);
}

/*
 * tfa-clients(7) promises this of a shared connection, without a code or a
 * terminal.
 */
#define OVER_THE_MASTER                                         \
	"o=%s; ssh bastion echo by ssh; echo one >here; "       \
	"scp here bastion:$o/scp; scp -O here bastion:$o/old; " \
	"echo put here $o/sftp | sftp -q -b - bastion >&2; "    \
	"rsync -a here bastion:$o/rsync; "                      \
	"ssh bastion git init -q --bare $o/git; "               \
	"git ls-remote bastion:$o/git; "                        \
	"ssh db.internal.example.org echo behind; "             \
	"ls $o; cd $o; cat scp old sftp rsync"

Test(clients_desktop, example_opens_one_master_for_all)
{
	struct site s;
	struct session *t;
	struct run *r;

	needs_people();
	needs_program("rsync");
	needs_program("git");
	s = home_open();
	assert_refused(at_home(&s, "ssh bastion echo in"), 76);
	assert_refused(at_home(&s, "ssh db.internal.example.org echo in"), 255);
	leave_master(&s);
	t = session_start(site_at_home(&s, "exec ssh -t bastion true"));
	session_expect(t, PROMPT);
	session_type(t, text("%s\r", s.code));
	cr_assert_eq(session_status(t), 0);
	r = at_home(&s, text(OVER_THE_MASTER, s.open));
	assert_status(r, 0);
	cr_assert_str_eq(r->out,
	    "by ssh\nbehind\ngit\nold\nrsync\nscp\nsftp\n"
	    "one\none\none\none\n");
	leave_master(&s);
	assert_refused(at_home(&s, "ssh bastion echo in"), 76);
	leave_master(&s);
}

Test(clients_desktop, example_sends_the_code_of_a_script)
{
	struct site s;
	struct run *r;

	needs_people();
	s = home_open();
	assert_refused(
	    at_home(&s, text("TFA_CODE=%s ssh bastion echo in", s.wrong)), 77);
	leave_master(&s);
	r = at_home(&s, text("TFA_CODE=%s ssh bastion echo in", s.code));
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "in\n");
	leave_master(&s);
}

/* The lines that the example has for ansible.cfg, as they stand there. */
#define PLAY                                                              \
	"sed -n '/^#\t.ssh_connection/,/^#\tpipelining/s/^#\t//p' "       \
	"%s/examples/ssh_config >ansible.cfg; "                           \
	"printf '[defaults]\\ninterpreter_python = /usr/bin/python3\\n' " \
	">>ansible.cfg; grep -c ^ssh_args ansible.cfg; "                  \
	"ansible bastion -i bastion, -m command -a 'touch %s/ran'"

Test(clients_desktop, example_for_ansible)
{
	struct site s;
	struct run *r;
	char here[PATH_MAX], *play;

	needs_people();
	needs_program("ansible-playbook");
	cr_assert_not_null(getcwd(here, sizeof(here)));
	s = home_open();
	play = text(PLAY, here, s.open);
	r = at_home(&s, play);
	assert_status(r, 2);
	assert_says(r->out, "1\n");
	/* On Debian 13 ansible first says what went wrong. */
	assert_says(r->out, "\nbastion | FAILED!");
	assert_nothing_in(s.open);
	assert_status(
	    at_home(&s, text("TFA_CODE=%s ssh bastion true", s.code)), 0);
	r = at_home(&s, play);
	leave_master(&s);
	assert_status(r, 0);
	assert_says(r->out, "1\nbastion | CHANGED");
	assert_holds(text("%s/ran", s.open), "");
}

Test(clients_desktop, example_for_mosh)
{
	struct site s;
	struct session *m;

	needs_people();
	needs_program("mosh");
	s = home_open();
	m = session_start(site_at_home(&s,
	    text("exec mosh --ssh='ssh -o SetEnv=TFA_CODE=%s' bastion",
		s.code)));
	session_expect(m, "$ ");
	session_type(m, text("echo by mosh >%s/ran\rexit\r", s.open));
	cr_assert_eq(session_status(m), 0);
	assert_holds(text("%s/ran", s.open), "by mosh\n");
}
