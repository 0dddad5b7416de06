/*
 * The name of a connection at the door, TFA_CONNECTION, which the keeper
 * remembers: a client, or a user's file, says another connection's, on either
 * port, where the site lets clients send every variable. Beside each lie the
 * connection whose name it is goes on without a question.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "tests/scenario/probes.h"
#include "tests/scenario/site.h"
#include "tests/support/talk.h"

Scenarios(door_forged);

#define USER     "user53"
#define ACCEPTED "Match User " USER "\n    AcceptEnv *\n"
#define NAME     sizeof("pam/0123456789abcdef0123456789abcdef")

/*
 * The gate that tells what it was told, in a file that all can write; of the
 * door alone, since the other sshd has read its configuration.
 */
static void
spy_install(struct bastion *b)
{
	char *spy = text("%s/spy", b->dir);

	write_text(text("%s/told", b->dir), "");
	write_text(spy,
	    text(
		"#!/bin/sh\n"
		"printf '%%s\\n' \"$TFA_CONNECTION|$SSH_CONNECTION\" >>%s/told\n"
		"exec /usr/sbin/tfa-gate \"$@\"\n",
		b->dir));
	assert_status(
	    site_shell(text("chmod 755 %s; chmod 666 %s/told; sed -i "
			    "'s|ForceCommand /usr/sbin/tfa-gate|ForceCommand "
			    "%s|' %s/sshd_config",
		spy, b->dir, spy, b->dir)),
	    0);
	door_restart(b);
}

/* The connection's name and its ends, as the last session at the door had
 * them. */
static void
spy_told(const struct bastion *b, char **ret_name, char **ret_ends)
{
	const char *all = read_text(text("%s/told", b->dir));
	const char *line = all, *next;

	while ((next = strchr(line, '\n')) != NULL && next[1] != '\0')
		line = next + 1;
	cr_assert_not_null(strchr(line, '|'), "no session: %s", all);
	*ret_name = text("%.*s", (int)strcspn(line, "|"), line);
	line = strchr(line, '|') + 1;
	*ret_ends = text("%.*s", (int)strcspn(line, "\n"), line);
	cr_assert_eq(strlen(*ret_name) + 1, NAME, "%s", *ret_name);
}

/*
 * A ProxyCommand that comes from a source port of our choice; it hangs up
 * without the usual wait, so that the port is free again.
 */
static char *
from_port(const struct bastion *b, int source, int port)
{
	char *path = text("%s/from-port", b->dir);

	write_text(path,
	    "import socket, struct, sys, threading, os\n"
	    "s = socket.socket()\n"
	    "s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)\n"
	    "s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,\n"
	    "    struct.pack('ii', 1, 0))\n"
	    "s.bind(('127.0.0.1', int(sys.argv[1])))\n"
	    "s.connect(('127.0.0.1', int(sys.argv[2])))\n"
	    "def up():\n"
	    "    while data := os.read(0, 65536):\n"
	    "        s.sendall(data)\n"
	    "    os._exit(0)\n"
	    "threading.Thread(target=up, daemon=True).start()\n"
	    "while data := s.recv(65536):\n"
	    "    os.write(1, data)\n");
	return text(
	    "ProxyCommand=/usr/bin/python3 %s %d %d", path, source, port);
}

struct stolen {
	struct bastion *b;
	struct visit owner; /* on the connection whose name it is */
	char *name, *ends;
	int source;
};

#define MASTER(b) text("ControlPath=%s/master", (b)->dir)

static struct run *
as_owner(const struct stolen *s)
{
	return visit_run(&s->owner,
	    ARGV("-o", MASTER(s->b), "-o", "BatchMode=yes"), "echo inside");
}

/* Opens the owner's connection with a code, and finds out its name. */
static struct stolen
steal(void)
{
	struct stolen s = {.source = 0};

	s.b = bastion_open(.rules = REQUIRED,
	    .more = "'forwarding':'after-code'", .match = ACCEPTED,
	    .door = true);
	s.source = 10000 + s.b->door / 4;
	spy_install(s.b);
	s.owner = visit_of(s.b, "door", USER, visit_new_code(s.b, USER));
	s.owner.option = from_port(s.b, s.source, s.b->door);
	assert_status(visit_run(&s.owner,
			  ARGV("-M", "-N", "-f", "-o", MASTER(s.b)), NULL),
	    0);
	cr_assert_str_eq(as_owner(&s)->out, "inside\n");
	spy_told(s.b, &s.name, &s.ends);
	cr_assert_str_eq(
	    s.ends, text("127.0.0.1 %d 127.0.0.1 %d", s.source, s.b->door));
	return s;
}

static void
owner_leaves(const struct stolen *s)
{
	cr_assert_str_eq(as_owner(s)->out, "inside\n");
	assert_status(run(ARGV("ssh", "-F", s->b->ssh_config, "-o",
			      MASTER(s->b), "-O", "exit", "door"),
			  NULL, 0),
	    0);
}

/* ssh to port 22 with a variable, and one more option. */
static struct run *
on_port_22(const struct stolen *s, const char *set, const char *option)
{
	return ssh_run(s->b, USER,
	    ARGV("-o", text("SetEnv=%s", set), "-o", option), "echo inside",
	    NULL);
}

Test(door_forged, name_of_another_connection_on_port_22)
{
	struct stolen s;
	char *set;

	needs_door();
	s = steal();
	set = text("TFA_CONNECTION=%s", s.name);
	assert_refused(on_port_22(&s, set, "Compression=no"), 76);
	/* With the ends of that connection, too. */
	assert_refused(
	    on_port_22(&s, text("%s \"SSH_CONNECTION=%s\"", set, s.ends),
		"Compression=no"),
	    76);
	/* From the port from which the owner comes. */
	assert_refused(
	    on_port_22(&s, set, from_port(s.b, s.source, s.b->port)), 76);
	owner_leaves(&s);
	assert_refused(
	    on_port_22(&s, set, from_port(s.b, s.source, s.b->port)), 76);
}

/* The ends of the connection are the same, and the key; the name that the
 * client sends is the one that the keeper remembers. */
Test(door_forged, connection_of_before_at_the_door)
{
	struct stolen s;
	struct visit v;
	char *name, *ends;

	needs_door();
	s = steal();
	owner_leaves(&s);
	v = visit_of(s.b, "door", USER, NULL);
	v.option = from_port(s.b, s.source, s.b->door);
	assert_refused(
	    visit_run(&v, ARGV("-o", text("SetEnv=TFA_CONNECTION=%s", s.name)),
		"echo inside"),
	    255);
	cr_assert_not(probe_stdio(&v));
	/* With a code the gate is told the name that PAM drew. */
	v.answers = visit_new_code(s.b, USER);
	cr_assert_str_eq(
	    visit_run(&v, ARGV("-o", text("SetEnv=TFA_CONNECTION=%s", s.name)),
		"echo inside; env | grep TFA_")
		->out,
	    "inside\n");
	spy_told(s.b, &name, &ends);
	cr_assert_str_eq(ends, s.ends);
	cr_assert_str_neq(name, s.name);
}

/* Each is no name: the gate asks, and the session does not have it. */
Test(door_forged, names_of_no_connection)
{
	static const char *const names[] = {"pam/", "pam/0",
	    "pam/0123456789abcdef0123456789abcdef0",
	    "pam/0123456789ABCDEF0123456789ABCDEF",
	    "pam/0123456789abcdef0123456789abcde/",
	    "/tmp/sshauth.0123456789abcdef", "0123456789abcdef", "pam/%s"};
	struct stolen s;
	struct run *r;

	needs_door();
	s = steal();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *set = word_of_setenv(text("TFA_CONNECTION=%s", names[i]));

		assert_refused(on_port_22(&s, set, "Compression=no"), 76);
		r = on_port_22(&s,
		    text("%s TFA_CODE=%s", set, visit_new_code(s.b, USER)),
		    "Compression=no");
		cr_assert_str_eq(
		    r->out, "inside\n", "%s: %s", names[i], r->err);
	}
	r = ssh_run(s.b, USER,
	    ARGV("-o",
		text("SetEnv=TFA_CONNECTION=%s TFA_CODE=%s", s.name,
		    visit_new_code(s.b, USER))),
	    "env | grep -c TFA_", NULL);
	cr_assert_str_eq(r->out, "0\n");
}

/* A program of the user's own gives a code under a name that it made up, for
 * the ends of a later connection: nobody else may come in by it without one. */
Test(door_forged, made_up_before_for_port_22)
{
	static const char token[] = "pam/0123456789abcdef0123456789abcdef";
	const char *key;
	struct bastion *b;
	int source;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .more = "'forwarding':'after-code'",
	    .match = ACCEPTED, .door = true);
	source = 10000 + b->port / 4;
	key = read_text(text("%s/" USER ".pub", getenv("TFA_KEYS")));
	key = text("%.*s", (int)(strrchr(key, ' ') - key), key);
	cr_assert(talk_is(
	    talk_ask(b, USER,
		text("'request':'verify','address':'127.0.0.1','auth':"
		     "'publickey %s','auth_path':'%s 127.0.0.1 %d 127.0.0.1 "
		     "%d','code':'%s'",
		    key, token, source, b->port, visit_new_code(b, USER))),
	    "pass"));
	assert_refused(ssh_run(b, USER,
			   ARGV("-o", text("SetEnv=TFA_CONNECTION=%s", token),
			       "-o", from_port(b, source, b->port)),
			   "echo inside", NULL),
	    76);
}
