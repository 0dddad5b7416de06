/*
 * tfa tunnel: through an sshd of the user's own, behind the gate, the real ssh
 * does what the bastion's own sshd closes.
 */
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/listener.h"
#include "tests/scenario/site.h"

#define AFTER_CODE "'forwarding':'after-code'"

Scenarios(tunnel);

/* A user of the bastion, with a connection on which a code was given, and an
 * ssh_config with "full", the bastion through the tunnel. */
struct full {
	struct site s;
	char *config, *control, *home;
};

static void
write_config(const struct full *f, const char *command)
{
	write_text(f->config,
	    text("Host full\n"
		 "    HostKeyAlias full\n"
		 "    ProxyCommand ssh -F %s -o ControlPath=%s "
		 "-l %s bastion '%s'\n"
		 "    User %s\n"
		 "    IdentityFile %s/%%r\n"
		 "    IdentitiesOnly yes\n"
		 "    IdentityAgent none\n"
		 "    UserKnownHostsFile %s/known\n"
		 "    GlobalKnownHostsFile none\n"
		 "    StrictHostKeyChecking accept-new\n"
		 "    LogLevel ERROR\n",
		f->s.b->ssh_config, f->control, f->s.user, command, f->s.user,
		getenv("TFA_KEYS"), f->s.b->dir));
}

static char *
tunnel_command(const struct bastion *b)
{
	return text(
	    "%s/tfa --socket %s tunnel", getenv("TFA_PROGRAMS"), b->socket);
}

static struct full
full_open(const char *user, const char *rules, const char *more)
{
	struct bastion *b = bastion_open(.rules = rules, .more = more);
	struct full f = {.s = site_of(b, user),
	    .config = text("%s/full_config", b->dir),
	    .control = text("%s/master", b->dir),
	    .home = text("/home/%s", user)};

	write_config(&f, tunnel_command(b));
	return f;
}

/* Opens the connection that the tunnel shares, with that code or without. */
static struct run *
open_master(const struct full *f, const char *code)
{
	return ssh_run(f->s.b, f->s.user,
	    ARGV("-o", code != NULL ? with_code(code) : "SetEnv=LC_NONE=x",
		"-o", "ControlMaster=yes", "-o", "ControlPersist=60", "-o",
		text("ControlPath=%s", f->control)),
	    "true", NULL);
}

static struct run *
through(const struct full *f, const char *const args[], const char *command)
{
	const char *argv[20] = {"ssh", "-F", f->config};
	size_t n = 3;

	for (; args != NULL && *args != NULL && n < 17; args++)
		argv[n++] = *args;
	argv[n++] = "full";
	argv[n] = command;
	return run(argv, NULL, 0);
}

/* A port of the bastion; what it answers. */
static int
served(void)
{
	int port, fd = listener_open(AF_INET, &port);

	listener_answer(fd, "served\n");
	return port;
}

/* Asks that port over the standard input and output of ssh. */
static struct run *
ask_port(const char *const argv[])
{
	return run(argv, "question", strlen("question"));
}

Test(tunnel, opens_a_shell_that_forwards_after_a_code)
{
	struct full f;
	struct run *r;
	int port;

	needs_people();
	f = full_open("user29", REQUIRED, AFTER_CODE);
	assert_refused(through(&f, NULL, "echo in"), 255);
	assert_status(open_master(&f, f.s.code), 0);
	r = through(&f, NULL, "id -un; exit 7");
	assert_status(r, 7);
	cr_expect_str_eq(r->out, "user29\n");
	cr_expect_str_empty(r->err);
	assert_says(fixture_audit(f.s.b), "\"command\":\"tfa tunnel\"");
	cr_expect_geq(fixture_audit_count(f.s.b,
			  "\"verdict\":\"pass\",\"reason\":"
			  "\"remembered\""),
	    1);
	port = served();
	r = ask_port(ARGV(
	    "ssh", "-F", f.config, "-W", text("127.0.0.1:%d", port), "full"));
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "served\n");
}

/* The port 22 of the same user, on the same connection, forwards nothing. */
Test(tunnel, is_the_only_way_on_that_port)
{
	struct full f;
	struct run *r;
	int port;

	needs_people();
	f = full_open("user29", REQUIRED, AFTER_CODE);
	assert_status(open_master(&f, f.s.code), 0);
	port = served();
	r = ask_port(ARGV("ssh", "-F", f.s.b->ssh_config, "-l", "user29", "-o",
	    text("ControlPath=%s", f.control), "-W", text("127.0.0.1:%d", port),
	    "bastion"));
	assert_refused(r, 255);
	r = ask_port(ARGV(
	    "ssh", "-F", f.config, "-W", text("127.0.0.1:%d", port), "full"));
	cr_expect_str_eq(r->out, "served\n");
}

Test(tunnel, carries_jump_copies_and_remote_forwards)
{
	struct full f;
	struct bastion *inner;
	struct run *r;
	char *config, *here, *there;
	int port;

	needs_people();
	f = full_open("user34", REQUIRED, AFTER_CODE);
	assert_status(open_master(&f, f.s.code), 0);

	inner = bastion_open(.no_gate = true);
	config = text("%s/both", f.s.b->dir);
	write_text(config,
	    text("%s%s", read_text(inner->ssh_config), read_text(f.config)));
	r = run(ARGV("ssh", "-F", config, "-J", "full", "bastion", "echo in"),
	    NULL, 0);
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "in\n");

	here = text("%s/here", f.s.b->dir);
	there = text("%s/there", f.s.open);
	write_text(here, "copied\n");
	r = run(ARGV("scp", "-q", "-F", f.config, here, text("full:%s", there)),
	    NULL, 0);
	assert_status(r, 0);
	assert_holds(there, "copied\n");

	port = served();
	r = through(&f,
	    ARGV("-R", text("%s/back.sock:127.0.0.1:%d", f.s.open, port)),
	    text("echo question | nc -NU %s/back.sock", f.s.open));
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "served\n");
}

Test(tunnel, forwards_the_agent)
{
	struct full f;
	struct run *r;

	needs_people();
	needs_program("ssh-agent");
	f = full_open("user29", REQUIRED, AFTER_CODE);
	assert_status(open_master(&f, f.s.code), 0);
	r = site_shell(text(
	    "eval $(ssh-agent) >/dev/null\ntrap 'kill $SSH_AGENT_PID' EXIT\n"
	    "ssh-add -q %s/user29\n"
	    "ssh -F %s -A -o IdentityAgent=$SSH_AUTH_SOCK full ssh-add -l\n"
	    "! ssh -F %s -o ControlPath=%s -l user29 -A "
	    "-o IdentityAgent=$SSH_AUTH_SOCK bastion ssh-add -l\n",
	    getenv("TFA_KEYS"), f.config, f.s.b->ssh_config, f.control));
	assert_status(r, 0);
	assert_says(r->out, "user29 (ED25519)");
}

/* The host key is one, and stays; it is nobody's but the user's. */
Test(tunnel, has_a_host_key_that_stays)
{
	struct full f;
	struct stat st;
	char *key, *known;
	const char *first;

	needs_people();
	f = full_open("user35", REQUIRED, AFTER_CODE);
	key = text("%s/.ssh/tfa_tunnel_key", f.home);
	known = text("%s/known", f.s.b->dir);
	assert_status(open_master(&f, f.s.code), 0);
	assert_status(
	    site_shell(text("for n in 1 2 3 4; do ssh -F %s full true &"
			    " done; wait",
		f.config)),
	    0);
	assert_status(through(&f, NULL, "true"), 0);
	cr_assert_eq(stat(key, &st), 0);
	cr_expect_eq(st.st_mode & 0777, 0600);
	cr_expect_eq(st.st_uid, 2135);
	first = read_text(key);
	assert_status(
	    through(&f, ARGV("-o", "StrictHostKeyChecking=yes"), "true"), 0);
	cr_expect_str_eq(read_text(key), first);
	assert_says(text("%s", read_text(known)),
	    text("%.60s", read_text(text("%s.pub", key))));
	assert_status(run(ARGV("sh", "-c",
			      text("! ls -A %s/.ssh | grep '^[.]tfa'", f.home)),
			  NULL, 0),
	    0);
	/* Another key is no such host. */
	assert_status(site_shell(text("ssh-keygen -q -t ed25519 -N '' -f %s/k; "
				      "mv %s/k %s; chown user35 %s",
			  f.s.b->dir, f.s.b->dir, key, key)),
	    0);
	assert_refused(through(&f, NULL, "echo in"), 255);
	unlink(key);
	unlink(text("%s.pub", key));
}

/* Only the key of this very login opens it, though the user has another. */
Test(tunnel, lets_no_other_key_in)
{
	struct full f;
	char *keys, *config, *at;
	struct run *r;

	needs_people();
	f = full_open("user36", REQUIRED, AFTER_CODE);
	keys = text("%s/.ssh/authorized_keys", f.home);
	write_text(keys,
	    text("%s%s", read_text(keys),
		read_text(text("%s/bob.pub", getenv("TFA_KEYS")))));
	assert_status(open_master(&f, f.s.code), 0);
	assert_status(through(&f, NULL, "true"), 0);
	config = read_text(f.config);
	at = strstr(config, "/%r");
	cr_assert_not_null(at);
	write_text(
	    f.config, text("%.*s/bob%s", (int)(at - config), config, at + 3));
	r = through(&f, NULL, "echo in");
	assert_refused(r, 255);
	assert_says(r->err, "Permission denied (publickey)");
}

/* Each state of the user, and each value of the policy, that does not let
 * forward at the door. */
Test(tunnel, is_closed_where_the_door_is)
{
	static const struct {
		const char *rules, *more;
		bool code;
		int status;
		const char *says;
	} cases[] = {
	    {REQUIRED, NULL, true, 77, "forwarding is not open to you"},
	    {REQUIRED, "'forwarding':'closed'", true, 77, "tfa-admin forward"},
	    {RULE("exempt"), NULL, false, 77, "forwarding is not open to you"},
	    {RULE("exempt"), AFTER_CODE, false, 77, "no code was given"},
	};

	needs_people();
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct full f = full_open(
		    "user29", cases[i].rules, cases[i].more);
		struct run *r;

		assert_status(
		    open_master(&f, cases[i].code ? f.s.code : NULL), 0);
		r = ssh_run(f.s.b, "user29",
		    ARGV("-o", text("ControlPath=%s", f.control)),
		    tunnel_command(f.s.b), "");
		cr_expect_str_empty(r->out);
		cr_expect(r->status == 77 || r->status == 76, "%d", r->status);
		assert_says(r->err, "tfa: no tunnel: ");
		assert_says(r->err, cases[i].says);
		assert_refused(through(&f, NULL, "echo in"), 255);
	}
}

/* No code is asked for anywhere here. */
Test(tunnel, is_open_where_the_policy_says_so)
{
	struct full f;

	needs_people();
	f = full_open("user29", RULE("exempt"), "'forwarding':'open'");
	assert_status(open_master(&f, NULL), 0);
	assert_status(through(&f, NULL, "true"), 0);
}

Test(tunnel, needs_the_keeper)
{
	struct full f;
	struct run *r;

	needs_people();
	f = full_open("user29", REQUIRED, AFTER_CODE);
	assert_status(open_master(&f, f.s.code), 0);
	r = ssh_run(f.s.b, "user29",
	    ARGV("-o", text("ControlPath=%s", f.control)),
	    text("%s/tfa --socket /nonexistent tunnel", getenv("TFA_PROGRAMS")),
	    "");
	assert_refused(r, 69);
	assert_says(r->err, "no tunnel: the keeper cannot be reached");
}

/* A key for one command runs that. */
Test(tunnel, is_not_for_a_restricted_key)
{
	struct full f;
	char *keys;
	struct run *r;

	needs_people();
	f = full_open("user37", REQUIRED, AFTER_CODE);
	keys = text("%s/.ssh/authorized_keys", f.home);
	write_text(keys, text("command=\"echo one\" %s", read_text(keys)));
	r = ssh_run(f.s.b, "user37", ARGV("-o", with_code(f.s.code)),
	    tunnel_command(f.s.b), "");
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "one\n");
}

Test(tunnel, says_what_it_needs)
{
	struct full f;
	struct session *terminal;

	needs_people();
	f = full_open("user29", REQUIRED, AFTER_CODE);
	assert_status(open_master(&f, f.s.code), 0);
	terminal = session_open(f.s.b, "user29",
	    ARGV("-o", text("ControlPath=%s", f.control)),
	    tunnel_command(f.s.b));
	session_expect(terminal, "it is for ProxyCommand, not for a terminal");
	cr_expect_eq(session_status(terminal), 2);
}
