/*
 * examples/tfa-proxy and the form of ssh_config without it: the real ssh goes to
 * a host behind the bastion, and one code opens the way, typed on the terminal
 * or asked for by a program.
 */
#include <pwd.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/site.h"

#define WAYS 5 /* that start at once */

Scenarios(proxy);

/* A client's home, whose ssh_config has "bastion", with a shared connection,
 * and "beyond", behind it. ssh itself asks passwd for the home, so a program of
 * that name gives it the file. */
struct desk {
	struct site s;
	struct bastion *inner;
	char *home, *config, *asked; /* a line for each time askpass ran */
};

static void
write_program(const char *path, const char *content)
{
	write_text(path, content);
	cr_assert_eq(chmod(path, 0755), 0);
}

/* The words below "Host bastion" of a configuration. */
static char *
block(const char *name, const struct bastion *b, const char *more)
{
	return text("Host %s\n%s%s", name,
	    strchr(read_text(b->ssh_config), '\n') + 1, more);
}

/* way: the lines that lead to "beyond". */
static struct desk
desk_open(const char *way)
{
	struct desk d = {.s = site_open(NULL)};
	char *folder, *shared;

	/* By the default PATH of a session; no keeper listens where it asks. */
	if (symlink(text("%s/tfa", getenv("TFA_PROGRAMS")), "/usr/bin/tfa") !=
		0 &&
	    errno != EEXIST)
		fail("no /usr/bin/tfa: %s", strerror(errno));
	d.inner = bastion_open(.no_gate = true);
	d.home = text("%s/home", d.s.b->dir);
	folder = text("%s/bin", d.home);
	d.config = text("%s/.ssh/config", d.home);
	d.asked = text("%s/asked", d.home);
	fixture_folder(d.home, 0755, "root");
	fixture_folder(folder, 0755, "root");
	fixture_folder(text("%s/.ssh", d.home), 0700, "root");
	shared = text("    ControlMaster auto\n"
		      "    ControlPath %s/.ssh/master\n"
		      "    ControlPersist 60\n"
		      "    SendEnv TFA_CODE\n",
	    d.home);
	write_text(d.config,
	    text("%s%s%s", way, block("bastion", d.s.b, shared),
		block("beyond", d.inner, "")));
	write_program(text("%s/ssh", folder),
	    text("#!/bin/sh\nexec /usr/bin/ssh -F %s \"$@\"\n", d.config));
	write_program(text("%s/askpass", folder),
	    text(
		"#!/bin/sh\necho \"$1\" >>%s\ncat %s/code\n", d.asked, d.home));
	return d;
}

static struct desk
desk_with_proxy(void)
{
	return desk_open(text("Host beyond\n    ProxyCommand %s/examples/"
			      "tfa-proxy bastion %%h %%p\n",
	    getcwd(NULL, 0)));
}

/* The code that askpass finds; NULL: its user hits Cancel. */
static void
desk_code(const struct desk *d, const char *code)
{
	char *path = text("%s/code", d->home);

	unlink(path);
	if (code != NULL)
		write_text(path, text("%s\n", code));
}

static size_t
count_asked(const struct desk *d)
{
	const char *asked = read_text(d->asked);
	size_t lines = 0;

	for (; asked != NULL && *asked != '\0'; asked++)
		lines += *asked == '\n';
	return lines;
}

/* The client's side: a shell script without a terminal, and with askpass. */
static struct run *
at_desk(const struct desk *d, const char *script)
{
	return run(ARGV("setsid", "-w", "env", "-u", "XDG_RUNTIME_DIR", "-u",
		       "SSH_ASKPASS_REQUIRE", text("HOME=%s", d->home),
		       text("PATH=%s/bin:/usr/bin:/bin", d->home),
		       text("SSH_ASKPASS=%s/bin/askpass", d->home), "timeout",
		       "60", "sh", "-c", script),
	    NULL, 0);
}

static struct session *
at_terminal(const struct desk *d, const char *script)
{
	return session_start(ARGV("env", "-u", "XDG_RUNTIME_DIR", "-u",
	    "SSH_ASKPASS_REQUIRE", "-u", "SSH_ASKPASS",
	    text("HOME=%s", d->home),
	    text("PATH=%s/bin:/usr/bin:/bin", d->home), "sh", "-c", script));
}

Test(proxy, asks_by_askpass_without_a_terminal)
{
	struct desk d;
	struct run *r;

	needs_people();
	d = desk_with_proxy();
	desk_code(&d, d.s.code);
	r = at_desk(&d, "ssh beyond 'echo in; exit 7'");
	assert_status(r, 7);
	cr_expect_str_eq(r->out, "in\n");
	assert_says(read_text(d.asked), "Verification code: \n");
	/* The connection stands. */
	r = at_desk(&d, "ssh beyond 'echo again'");
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "again\n");
	cr_expect_eq(count_asked(&d), 1);
}

/* The words of a host that somebody else named are no command on the bastion. */
Test(proxy, runs_nothing_that_a_host_is_called)
{
	static const char *const hosts[] = {
	    "x;echo in", "$(echo in >&2)", "`echo in`", "x\necho in", "-x"};
	struct desk d;
	struct run *r;

	needs_people();
	d = desk_with_proxy();
	desk_code(&d, d.s.code);
	assert_status(at_desk(&d, "ssh beyond true"), 0);
	for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
		r = at_desk(&d,
		    text("%s/examples/tfa-proxy bastion '%s' 22",
			getcwd(NULL, 0), hosts[i]));
		assert_refused(r, 2);
		assert_says(r->err, "is no host");
	}
}

Test(proxy, opens_nothing_without_a_code)
{
	struct desk d;
	struct run *r;

	needs_people();
	d = desk_with_proxy();
	desk_code(&d, NULL);
	r = at_desk(&d, "ssh beyond 'echo in'");
	assert_refused(r, 255);
	assert_says(r->err, "tfa-proxy: no code was given");
	desk_code(&d, d.s.wrong);
	assert_refused(at_desk(&d, "ssh beyond 'echo in'"), 255);
	cr_expect_neq(
	    access(text("%s/.ssh/tfa-proxy.bastion", d.home), F_OK), 0);
	/* The connection with the wrong code is in nobody's way. */
	desk_code(&d, d.s.code);
	assert_status(at_desk(&d, "ssh beyond true"), 0);
}

/* Many start at once, as git, ansible and editors do. */
Test(proxy, asks_once_for_many)
{
	struct desk d;
	struct run *r;

	needs_people();
	d = desk_with_proxy();
	desk_code(&d, d.s.code);
	r = at_desk(&d,
	    text("for n in $(seq %d); do ssh beyond echo in & done; wait",
		WAYS));
	assert_status(r, 0);
	cr_expect_str_eq(r->out, "in\nin\nin\nin\nin\n");
	cr_expect_eq(count_asked(&d), 1);
}

/* One answer for all who waited, also if it is no. */
Test(proxy, asks_the_others_no_more_when_one_gave_up)
{
	struct desk d;
	struct run *r;

	needs_people();
	d = desk_with_proxy();
	/* All wait before the one that asks gives up. */
	write_program(text("%s/bin/askpass", d.home),
	    text("#!/bin/sh\necho \"$1\" >>%s\n"
		 "until [ \"$(ls %s/started | wc -l)\" -eq %d ]; do sleep 1; "
		 "done\nsleep 2\nexit 1\n",
		d.asked, d.home, WAYS));
	r = at_desk(&d,
	    text("mkdir %s/started; for n in $(seq %d); do "
		 "(: >%s/started/$n; ssh beyond echo in) & done; wait",
		d.home, WAYS, d.home));
	assert_status(r, 0);
	cr_expect_str_empty(r->out);
	cr_expect_eq(count_asked(&d), 1);
}

/* A process that was killed leaves its link. */
Test(proxy, goes_on_after_one_that_was_killed)
{
	struct desk d;

	needs_people();
	d = desk_with_proxy();
	desk_code(&d, d.s.code);
	assert_status(
	    at_desk(&d, "sh -c 'ln -s $$ ~/.ssh/tfa-proxy.bastion'"), 0);
	assert_status(at_desk(&d, "ssh beyond true"), 0);
	cr_expect_eq(count_asked(&d), 1);
}

Test(proxy, asks_on_the_terminal)
{
	struct desk d;
	struct session *s;

	needs_people();
	d = desk_with_proxy();
	s = at_terminal(&d, "ssh beyond 'echo in''side'");
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", d.s.wrong));
	session_expect(s, "Wrong code.");
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", d.s.code));
	session_expect(s, "inside");
	cr_expect_eq(session_status(s), 0);
	s = at_terminal(&d, "ssh beyond 'echo in''side'");
	session_expect(s, "inside");
	cr_expect_eq(session_status(s), 0);
	assert_never_says(s->seen, PROMPT);
}

Test(proxy, leaves_the_terminal_when_nobody_has_a_code)
{
	struct desk d;
	struct session *s;

	needs_people();
	d = desk_with_proxy();
	s = at_terminal(&d, "ssh beyond 'echo in''side'");
	session_expect(s, PROMPT);
	session_type(s, "\r");
	session_expect(s, "tfa-proxy: no code was given");
	cr_expect_eq(session_status(s), 255);
	assert_never_says(s->seen, "inside");
}

/* The bastion forgot the code, and the connection still stands. */
Test(proxy, asks_again_on_a_connection_without_a_code)
{
	struct desk d;

	needs_people();
	d = desk_with_proxy();
	assert_status(at_desk(&d, "ssh -T bastion true"), 76);
	assert_status(at_desk(&d, "ssh -O check bastion"), 0);
	desk_code(&d, d.s.code);
	assert_status(at_desk(&d, "ssh beyond true"), 0);
	cr_expect_eq(count_asked(&d), 1);
}

/* As examples/ssh_config has it, without a program. */
Test(proxy, match_exec_asks_on_the_terminal)
{
	struct desk d;
	struct session *s;

	needs_people();
	d = desk_open(
	    "Match originalhost beyond exec \"ssh -O check bastion 2>/dev/null "
	    "|| ssh -t bastion true </dev/tty >/dev/tty 2>&1\"\n"
	    "    ProxyCommand ssh bastion tfa connect %h %p\n");
	s = at_terminal(&d, "ssh beyond 'echo in''side'");
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", d.s.code));
	session_expect(s, "inside");
	cr_expect_eq(session_status(s), 0);
	s = at_terminal(&d, "ssh beyond 'echo in''side'");
	session_expect(s, "inside");
	cr_expect_eq(session_status(s), 0);
	assert_never_says(s->seen, PROMPT);
}
