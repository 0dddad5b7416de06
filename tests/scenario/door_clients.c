/*
 * The programs that people start, through the door: to the bastion itself, and
 * over it to a host behind it. Each is used as tfa-clients(7) says; beside it
 * the same client with a wrong code, which must leave nothing behind.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/probes.h"
#include "tests/scenario/site.h"

Scenarios(door_clients);

#define AFTER_CODE "'forwarding':'after-code'"
#define PYTHON     "/usr/bin/python3" /* the one with Debian's modules */

struct yard {
	struct site s;
	struct visit v; /* of the site's user, at its door */
	char *config;   /* of clients: "door", and "beyond" over it */
};

static struct yard
yard_open(void)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .more = AFTER_CODE,
	    .door = true);
	struct yard y = {.s = site_of(b, b->me),
	    .v = visit_of(b, "door", b->me, NULL),
	    .config = text("%s/door_config", b->dir)};
	const char *far = strchr(read_text(y.v.beyond->ssh_config), '\n');

	write_text(y.config,
	    text("%s\nHost beyond\n    ProxyJump door%s",
		read_text(b->ssh_config), far));
	write_text(text("%s/here", b->dir), "one\n");
	return y;
}

static const char *
fresh(const struct yard *y)
{
	return visit_new_code(y->s.b, y->s.user);
}

/* Runs a script in the bastion's folder: $C is the clients' configuration, $O
 * the folder where all may write. */
static struct run *
at_the_door(const struct yard *y, const char *answers, const char *script)
{
	return door_run(y->s.b, answers,
	    ARGV("timeout", "60", "sh", "-ec",
		text("cd %s; C=%s; O=%s; export GIT_SSH_COMMAND=\"ssh -F $C\";"
		     " %s",
		    y->s.b->dir, y->config, y->s.open, script)));
}

/* Each leaves a file "arrived" with "one". */
static void
assert_copies(const struct yard *y, const char *script)
{
	char *arrived = text("%s/arrived", y->s.open);
	struct run *r;

	cr_assert_neq(at_the_door(y, NULL, script)->status, 0, "%s", script);
	r = at_the_door(
	    y, code_wrong(fixture_enrol(y->s.b, y->s.user)), script);
	cr_assert_neq(r->status, 0, "%s", script);
	assert_says(r->err, "Wrong code.");
	assert_nothing_in(y->s.open);
	r = at_the_door(y, fresh(y), script);
	cr_assert_eq(r->status, 0, "%s: %s", script, r->err);
	assert_holds(arrived, "one\n");
	unlink(arrived);
}

/* The lines of tfa-clients(7), to the bastion and to the host behind it. */
static const char *const copies[] = {
    "scp -F $C -o NumberOfPasswordPrompts=1 here %s:$O/arrived",
    "scp -O -F $C -o NumberOfPasswordPrompts=1 here %s:$O/arrived",
    "echo put here $O/arrived | sftp -F $C %s >&2; [ -e $O/arrived ]",
    "rsync -e \"ssh -F $C\" here %s:$O/arrived",
};

static void
assert_all_copies(const char *host)
{
	struct yard y = yard_open();

	for (size_t i = 0; i < sizeof(copies) / sizeof(copies[0]); i++) {
		const char *gap = strstr(copies[i], "%s");

		assert_copies(&y,
		    text("%.*s%s%s", (int)(gap - copies[i]), copies[i], host,
			gap + 2));
	}
}

Test(door_clients, copies_to_the_bastion)
{
	needs_door();
	needs_program("rsync");
	assert_all_copies("door");
}

Test(door_clients, copies_over_a_jump)
{
	needs_door();
	needs_program("rsync");
	assert_all_copies("beyond");
}

/* With -b sftp asks nobody: at the door itself it needs a shared connection,
 * but over a jump the connection to the door is asked. */
Test(door_clients, sftp_with_a_batch)
{
	static const char to_door[] =
	    "echo put here $O/arrived | sftp -F $C -b - door >&2";
	static const char over[] =
	    "echo put here $O/arrived | sftp -F $C -b - beyond >&2";
	struct yard y;

	needs_door();
	y = yard_open();
	cr_assert_neq(at_the_door(&y, fresh(&y), to_door)->status, 0);
	cr_assert_eq(door_questions(y.s.b), 0);
	assert_copies(&y, over);
}

#define GIT                                               \
	"git -c user.name=a -c user.email=a@example.org " \
	"-c init.defaultBranch=main -c commit.gpgsign=false "

Test(door_clients, git_over_a_jump)
{
	static const char push[] = "cd work; git push -q";
	struct yard y;
	char *clone;

	needs_door();
	needs_program("git");
	y = yard_open();
	assert_status(
	    site_shell(text("cd %s; " GIT "init -q seed; " GIT
			    "-C seed commit -q --allow-empty -m first; "
			    "git clone -q --bare seed open/all; "
			    "chown -R %s open/all",
		y.s.b->dir, y.s.user)),
	    0);
	clone = text("git clone -q beyond:%s/all work", y.s.open);
	cr_assert_neq(at_the_door(&y, y.s.wrong, clone)->status, 0);
	cr_assert_neq(access(text("%s/work", y.s.b->dir), F_OK), 0);
	assert_status(at_the_door(&y, fresh(&y), clone), 0);
	assert_status(at_the_door(&y, NULL,
			  "cd work; " GIT "commit -q --allow-empty -m second"),
	    0);
	cr_assert_neq(at_the_door(&y, NULL, push)->status, 0);
	assert_status(at_the_door(&y, fresh(&y), push), 0);
	assert_says(run(ARGV("git", "-c", "safe.directory=*", "-C",
			    text("%s/all", y.s.open), "log", "--format=%s"),
			NULL, 0)
			->out,
	    "second\nfirst\n");
}

/* tfa-clients(7) promises all of this after one question. */
static const char over_one_master[] =
    "ssh -F $C -o BatchMode=yes door echo in; "
    "ssh -F $C -o BatchMode=yes beyond echo behind; "
    "scp -F $C here beyond:$O/scp; "
    "echo put here $O/sftp | sftp -F $C -b - door >&2; "
    "rsync -e \"ssh -F $C\" here beyond:$O/rsync; "
    "cd $O; cat scp sftp rsync";

Test(door_clients, master_serves_all_after_one_question)
{
	struct yard y;
	struct run *r;

	needs_door();
	needs_program("rsync");
	y = yard_open();
	write_text(y.config,
	    text("Host door\n    ControlMaster auto\n"
		 "    ControlPath %s/master-%%C\n    ControlPersist 60\n%s",
		y.s.b->dir, read_text(y.config)));
	cr_assert_neq(at_the_door(&y, NULL, over_one_master)->status, 0);
	assert_nothing_in(y.s.open);
	assert_status(at_the_door(&y, fresh(&y), "ssh -F $C -fN door"), 0);
	cr_assert_eq(door_questions(y.s.b), 1);
	r = at_the_door(&y, NULL, over_one_master);
	cr_assert_eq(door_questions(y.s.b), 1);
	at_the_door(&y, NULL, "ssh -F $C -O exit door");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "in\nbehind\none\none\none\n");
	cr_assert_neq(
	    at_the_door(&y, NULL, "ssh -F $C -o BatchMode=yes door true")
		->status,
	    0);
}

static const char playbook[] = "- hosts: all\n"
			       "  gather_facts: false\n"
			       "  tasks:\n"
			       "  - ping:\n"
			       "  - command: touch %s/ran\n"
			       "  - copy: {content: copied, dest: %s/copied}\n";

/* ansible keeps its connection to the host, so it jumps once. */
static struct run *
ansible(const struct yard *y, const char *answers)
{
	const char *dir = y->s.b->dir;

	write_text(
	    text("%s/play.yml", dir), text(playbook, y->s.open, y->s.open));
	write_text(text("%s/ansible.cfg", dir),
	    text("[defaults]\nlocal_tmp = %s/ansible\nremote_tmp = %s/tmp\n"
		 "interpreter_python = /usr/bin/python3\n"
		 "[ssh_connection]\npipelining = True\n"
		 "ssh_args = -F %s -o ControlMaster=auto -o ControlPersist=20 "
		 "-o ControlPath=%s/play-%%C\n",
		dir, y->s.open, y->config, dir));
	return at_the_door(y, answers,
	    "export HOME=$PWD LC_ALL=C.UTF-8 ANSIBLE_CONFIG=ansible.cfg; "
	    "ansible-playbook -i beyond, play.yml </dev/null");
}

Test(door_clients, ansible_over_a_jump)
{
	struct yard y;
	struct run *r;

	needs_door();
	needs_program("ansible-playbook");
	y = yard_open();
	r = ansible(&y, y.s.wrong);
	cr_assert_neq(r->status, 0);
	assert_says(r->out, "unreachable=1 ");
	assert_nothing_in(y.s.open);
	r = ansible(&y, fresh(&y));
	at_the_door(&y, NULL,
	    text("ssh -F $C -o ControlPath=%s/play-%%C "
		 "-O exit beyond",
		y.s.b->dir));
	cr_assert_eq(r->status, 0, "%s%s", r->out, r->err);
	assert_says(r->out, "ok=3 ");
	assert_holds(text("%s/copied", y.s.open), "copied");
}

/* VS Code: bash on the bastion itself, and SOCKS for what listens there. */
Test(door_clients, remote_ssh_to_the_bastion_itself)
{
	struct yard y;
	struct run *r;

	needs_door();
	needs_program("nc");
	y = yard_open();
	r = run(door_words(y.s.b, y.s.wrong,
		    site_remote_ssh(&y.s, y.config, "", "door")),
	    NULL, 0);
	assert_refused(r, 255);
	r = run(door_words(y.s.b, fresh(&y),
		    site_remote_ssh(&y.s, y.config, "", "door")),
	    NULL, 0);
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "ready\nSSH-2.0");
}

/* A program with a callback for the questions: it runs a command, copies a
 * file, and reads the greeting of the host behind the door. */
static void
assert_library(const char *module, const char *program)
{
	struct yard y;
	struct run *r;
	char *path;
	const char *wrong;

	if (run(ARGV(PYTHON, "-c", text("import %s", module)), NULL, 0)
		->status != 0)
		cr_skip("no %s here", module);
	y = yard_open();
	path = text("%s/client.py", y.s.b->dir);
	write_text(path, program);
	wrong = code_wrong(fixture_enrol(y.s.b, y.s.user));
	for (int i = 0; i < 2; i++) {
		r = run(
		    ARGV("timeout", "60", PYTHON, "-W", "ignore", path,
			text("%d", y.s.b->door), y.s.user,
			text("%s/%s", getenv("TFA_KEYS"), y.s.user),
			i == 0 ? wrong : fresh(&y), text("%s/here", y.s.b->dir),
			text("%s/arrived", y.s.open),
			text("%d", y.v.beyond->port)),
		    NULL, 0);
		if (i > 0)
			break;
		cr_assert_neq(r->status, 0);
		cr_assert_str_empty(r->out);
		assert_says(r->err, "uthentication");
		assert_nothing_in(y.s.open);
	}
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\nSSH-2.0\n");
	assert_holds(text("%s/arrived", y.s.open), "one\n");
}

static const char paramiko[] =
    "import sys, paramiko\n"
    "port, user, key, code, here, there, far = sys.argv[1:]\n"
    "def answer(title, instructions, prompts):\n"
    "    return [code for prompt in prompts]\n"
    "t = paramiko.Transport(('127.0.0.1', int(port)))\n"
    "t.start_client(timeout=20)\n"
    "left = t.auth_publickey(user, "
    "paramiko.Ed25519Key.from_private_key_file(key))\n"
    "assert left == ['keyboard-interactive'], left\n"
    "t.auth_interactive(user, answer)\n"
    "c = t.open_session()\n"
    "c.exec_command('echo inside')\n"
    "print(c.makefile().read().decode(), end='', flush=True)\n"
    "paramiko.SFTPClient.from_transport(t).put(here, there)\n"
    "c = t.open_channel('direct-tcpip', ('127.0.0.1', int(far)), "
    "('127.0.0.1', 0))\n"
    "print(c.recv(7).decode())\n"
    "t.close()\n";

Test(door_clients, paramiko_with_a_callback)
{
	needs_door();
	assert_library("paramiko", paramiko);
}

static const char asyncssh[] =
    "import asyncio, sys, asyncssh\n"
    "port, user, key, code, here, there, far = sys.argv[1:]\n"
    "class Client(asyncssh.SSHClient):\n"
    "    def kbdint_auth_requested(self):\n"
    "        return ''\n"
    "    def kbdint_challenge_received(self, name, instructions, lang, "
    "prompts):\n"
    "        return [code for prompt in prompts]\n"
    "async def main():\n"
    "    async with asyncssh.connect('127.0.0.1', int(port), username=user,\n"
    "            client_keys=[key], known_hosts=None, config=None,\n"
    "            agent_path=None, client_factory=Client) as door:\n"
    "        done = await door.run('echo inside', check=True)\n"
    "        print(done.stdout, end='', flush=True)\n"
    "        async with door.start_sftp_client() as sftp:\n"
    "            await sftp.put(here, there)\n"
    "        reader, writer = await door.open_connection('127.0.0.1', "
    "int(far))\n"
    "        print((await reader.readexactly(7)).decode())\n"
    "asyncio.run(main())\n";

Test(door_clients, asyncssh_with_a_callback)
{
	needs_door();
	assert_library("asyncssh", asyncssh);
}

/* Programs of other families, in the bastion's folder, with their own form of
 * the key; on a terminal, where they ask. */
static struct session *
foreign(const struct yard *y, const char *command)
{
	return session_start(ARGV("timeout", "60", "sh", "-ec",
	    text("cd %s; export HOME=$PWD; exec %s", y->s.b->dir, command)));
}

static void
answer(struct session *s, const char *code)
{
	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code));
}

/* plink and psftp want the key in PuTTY's form, and the host's by its hash. */
static char *
putty(const struct yard *y, const char *program, const char *options,
    const char *rest)
{
	struct run *r = site_shell(
	    text("cd %s; cp $TFA_KEYS/%s key; "
		 "[ -e key.ppk ] || puttygen key -O private -o key.ppk; "
		 "ssh-keygen -lf $TFA_KEYS/host.pub | cut -d' ' -f2 | "
		 "tr -d '\\n'",
		y->s.b->dir, y->s.user));

	assert_status(r, 0);
	return text("%s -P %d -hostkey %s -i key.ppk %s %s@127.0.0.1 %s",
	    program, y->s.b->door, r->out, options, y->s.user, rest);
}

Test(door_clients, plink)
{
	struct yard y;
	struct session *s;
	char *command, *far;

	needs_door();
	needs_program("plink");
	y = yard_open();
	command = putty(&y, "plink", "-no-antispoof", "echo in''side");
	s = foreign(&y, command);
	for (int i = 0; i < 2; i++)
		answer(s, y.s.wrong);
	session_expect(s, PROMPT);
	session_kill(s);
	assert_never_says(s->seen, "inside");
	s = foreign(&y, command);
	answer(s, fresh(&y));
	session_expect(s, "inside");
	cr_assert_eq(session_status(s), 0);
	far = text("-no-antispoof -nc 127.0.0.1:%d", y.v.beyond->port);
	s = foreign(&y, putty(&y, "plink", far, ""));
	answer(s, fresh(&y));
	session_expect(s, "SSH-2.0");
	session_kill(s);
}

Test(door_clients, psftp)
{
	struct yard y;
	struct session *s;
	char *command;

	needs_door();
	needs_program("psftp");
	y = yard_open();
	write_text(text("%s/batch", y.s.b->dir),
	    text("put here %s/arrived\n", y.s.open));
	command = putty(&y, "psftp", "-b batch", "");
	s = foreign(&y, command);
	answer(s, y.s.wrong);
	session_expect(s, PROMPT);
	session_kill(s);
	assert_nothing_in(y.s.open);
	s = foreign(&y, command);
	answer(s, fresh(&y));
	cr_assert_eq(session_status(s), 0);
	assert_holds(text("%s/arrived", y.s.open), "one\n");
}

Test(door_clients, dbclient)
{
	struct yard y;
	struct session *s;
	char *start;

	needs_door();
	needs_program("dbclient");
	y = yard_open();
	assert_status(site_shell(text("cd %s; dropbearconvert openssh dropbear "
				      "$TFA_KEYS/%s key",
			  y.s.b->dir, y.s.user)),
	    0);
	start = text("dbclient -y -y -i key -p %d", y.s.b->door);
	s = foreign(
	    &y, text("%s %s@127.0.0.1 echo \"in''side\"", start, y.s.user));
	answer(s, y.s.wrong);
	session_expect(s, PROMPT);
	session_kill(s);
	assert_never_says(s->seen, "inside");
	s = foreign(
	    &y, text("%s %s@127.0.0.1 echo \"in''side\"", start, y.s.user));
	answer(s, fresh(&y));
	session_expect(s, "inside");
	cr_assert_eq(session_status(s), 0);
	s = foreign(&y,
	    text("%s -B 127.0.0.1:%d %s@127.0.0.1", start, y.v.beyond->port,
		y.s.user));
	answer(s, fresh(&y));
	session_expect(s, "SSH-2.0");
	session_kill(s);
}

/* mosh has a terminal, on which its ssh asks. */
Test(door_clients, mosh)
{
	struct yard y;
	struct session *m;

	needs_door();
	needs_program("mosh");
	y = yard_open();
	m = session_start(ARGV("env", "LC_ALL=C.UTF-8", "mosh",
	    text("--ssh=ssh -F %s", y.config), "door"));
	answer(m, fresh(&y));
	session_expect(m, "$ ");
	session_type(m, text("echo by mosh >%s/ran\rexit\r", y.s.open));
	cr_assert_eq(session_status(m), 0);
	assert_holds(text("%s/ran", y.s.open), "by mosh\n");
}

/* A home whose ~/.ssh/config has the lines of tfa-clients(7) for the door, with
 * the addresses and the key of this bastion before them. */
static struct yard
home_open(void)
{
	struct yard y = yard_open();
	char *folder = text("%s/home/.ssh", y.s.b->dir);
	struct run *r = run(
	    ARGV("tests/support/printed", "etc/tfa-clients.7", "THE DOOR"),
	    NULL, 0);

	assert_status(r, 0);
	site_shell(text("mkdir -p -m 0700 %s; cp %s/%s %s/id_ed25519; "
			"cp %s/known_hosts %s/known_hosts",
	    folder, getenv("TFA_KEYS"), y.s.user, folder, y.s.b->dir, folder));
	write_text(text("%s/config", folder),
	    text("Host jump\n    HostName 127.0.0.1\n    Port %d\n"
		 "Host db.internal.example.org\n    HostName 127.0.0.1\n"
		 "    Port %d\n    User %s\n"
		 "Host *\n    HostKeyAlias bastion\n"
		 "    StrictHostKeyChecking yes\n    IdentityAgent none\n%s",
		y.s.b->door, y.v.beyond->port, y.s.user, r->out));
	return y;
}

static struct run *
at_home(const struct yard *y, const char *answers, const char *script)
{
	return run(
	    door_words(y->s.b, answers, site_at_home(&y->s, script)), NULL, 0);
}

Test(door_clients, settings_of_the_manual)
{
	static const char hosts[] = "ssh db.internal.example.org echo behind; "
				    "ssh jump echo in";
	struct yard y;
	struct run *r;

	needs_door();
	y = home_open();
	cr_assert_neq(at_home(&y, y.s.wrong, hosts)->status, 0);
	r = at_home(&y, fresh(&y), hosts);
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "behind\nin\n");
	r = at_home(&y, NULL,
	    "ssh -o BatchMode=yes db.internal.example.org echo in; "
	    "ssh -O exit jump");
	assert_status(r, 0);
	r = at_home(&y, NULL, "ssh -o BatchMode=yes jump true");
	cr_assert_neq(r->status, 0);
	assert_says(r->err, "Permission denied (keyboard-interactive)");
}
