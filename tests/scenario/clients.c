/*
 * The programs that people start instead of a plain ssh: each real client, used
 * as tfa-clients(7) says. Beside it the same client without a good code, which
 * must leave nothing behind.
 */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/site.h"

#define LARGE      (30 * 1000 * 1000)
#define LEAVING_MS 20000

Scenarios(clients);

Test(clients, script_on_standard_input)
{
	struct site s = site_open(NULL);
	const char *script = text(
	    "read -r line\nsecond line\n"
	    "echo \"got $line\" >%s/ran\ncat %s/ran\nexit 7\n",
	    s.open, s.open);
	struct run *r = ssh_run(
	    s.b, s.b->me, ARGV("-o", with_code(s.wrong)), "bash -s", script);

	assert_refused(r, 77);
	r = ssh_run(s.b, s.b->me, NULL, "bash -s", script);
	assert_refused(r, 76);
	assert_nothing_in(s.open);
	r = ssh_run(
	    s.b, s.b->me, ARGV("-o", with_code(s.code)), "bash -s", script);
	assert_status(r, 7);
	cr_assert_str_eq(r->out, "got second line\n");
}

static struct run *
ssh_sendenv(const struct site *s, const char *code, const char *option)
{
	return run(ARGV("env", text("TFA_CODE=%s", code), "ssh", "-F",
		       s->b->ssh_config, "-o", option, "bastion", "echo in"),
	    NULL, 0);
}

Test(clients, code_by_sendenv)
{
	struct site s = site_open(NULL);

	assert_refused(ssh_sendenv(&s, s.wrong, "SendEnv=TFA_CODE"), 77);
	/* A code that the client does not send does not count. */
	assert_refused(ssh_sendenv(&s, s.code, "SendEnv=LANG"), 76);
	cr_assert_str_eq(
	    ssh_sendenv(&s, s.code, "SendEnv=TFA_CODE")->out, "in\n");
}

Test(clients, copies_with_a_wrong_code)
{
	struct site s = site_open(NULL);
	char *here = text("%s/here", s.b->dir);
	char *there = text("bastion:%s/there", s.open);
	char *option = with_code(s.wrong);
	char *batch = text("put %s %s/there\n", here, s.open);
	struct run *r;

	write_text(here, "one\n");
	r = run(
	    ARGV("scp", "-s", "-F", s.b->ssh_config, "-o", option, here, there),
	    NULL, 0);
	assert_refused(r, 255);
	assert_says(r->err, "Connection closed");
	r = run(
	    ARGV("scp", "-O", "-F", s.b->ssh_config, "-o", option, here, there),
	    NULL, 0);
	assert_refused(r, 1);
	assert_says(r->err, "Wrong code.\n");
	r = run(ARGV("sftp", "-q", "-F", s.b->ssh_config, "-o", option, "-b",
		    "-", "bastion"),
	    batch, strlen(batch));
	assert_refused(r, 255);
	assert_says(r->err, "Connection closed");
	assert_nothing_in(s.open);
}

static struct run *
rsync(const struct site *s, const char *code, const char *from, const char *to)
{
	return run(ARGV("rsync", "--timeout=20", "-e", site_ssh(s, code), "-a",
		       from, to),
	    NULL, 0);
}

/* The status is the gate's, or rsync's 12 if rsync was still sending. */
Test(clients, rsync_there_and_back)
{
	struct site s;
	struct run *r;
	char *here, *back, *there;

	needs_program("rsync");
	s = site_open(NULL);
	here = text("%s/here", s.b->dir);
	back = text("%s/back", s.b->dir);
	there = text("bastion:%s/there/", s.open);
	cr_assert_eq(mkdir(here, 0755), 0);
	write_text(text("%s/a", here), "one\n");
	write_text(text("%s/b", here), "two\n");
	r = rsync(&s, s.wrong, text("%s/", here), there);
	assert_refused(r, r->status == 12 ? 12 : 77);
	assert_says(r->err, "Wrong code.\n");
	assert_nothing_in(s.open);
	assert_status(rsync(&s, s.code, text("%s/", here), there), 0);
	assert_holds(text("%s/there/a", s.open), "one\n");
	assert_status(rsync(&s, s.later, there, text("%s/", back)), 0);
	assert_holds(text("%s/a", back), "one\n");
	assert_holds(text("%s/b", back), "two\n");
}

#define GIT                                               \
	"git -c user.name=a -c user.email=a@example.org " \
	"-c init.defaultBranch=main -c commit.gpgsign=false"
#define COMMIT GIT " commit -q --allow-empty -m"

/* A repository on the bastion with one commit, in its user's hands. */
static char *
repository_new(const struct site *s)
{
	char *path = text("%s/repository", s->open);

	assert_status(
	    site_shell(text("cd %s; " GIT " init -q seed; cd seed; " COMMIT
			    " first; git clone -q --bare . %s; chown -R %s %s",
		s->b->dir, path, s->b->me, path)),
	    0);
	return path;
}

static struct run *
git(const struct site *s, const char *code, const char *command)
{
	return site_shell(text("cd %s; export GIT_SSH_COMMAND='%s'; %s",
	    s->b->dir, site_ssh(s, code), command));
}

static const char *
commit_at(const char *repository)
{
	struct run *r = run(ARGV("git", "-c", "safe.directory=*", "-C",
				repository, "rev-parse", "main"),
	    NULL, 0);

	assert_status(r, 0);
	return r->out;
}

Test(clients, git_clone_and_push)
{
	struct site s;
	char *repository, *clone, *work;
	const char *first;
	struct run *r;

	needs_program("git");
	s = site_open(NULL);
	repository = repository_new(&s);
	first = commit_at(repository);
	work = text("%s/work", s.b->dir);
	clone = text("git clone -q bastion:%s work", repository);
	r = git(&s, s.wrong, clone);
	assert_refused(r, 128);
	assert_says(r->err, "Wrong code.\n");
	cr_assert_neq(access(work, F_OK), 0);
	assert_status(git(&s, s.code, clone), 0);
	cr_assert_str_eq(commit_at(work), first);

	assert_status(git(&s, NULL, "cd work; " COMMIT " second"), 0);
	assert_refused(git(&s, s.wrong, "cd work; git push -q"), 128);
	cr_assert_str_eq(commit_at(repository), first);
	assert_status(git(&s, s.later, "cd work; git push -q"), 0);
	cr_assert_str_neq(commit_at(repository), first);
	cr_assert_str_eq(commit_at(repository), commit_at(work));
}

/* The shared connection, as ssh_args of ansible name it. */
static char *
master_options(const struct site *s)
{
	return text("-F %s -o ControlMaster=auto -o ControlPersist=30 "
		    "-o ControlPath=%s/master-%%C",
	    s->b->ssh_config, s->b->dir);
}

static void
playbook_write(const struct site *s)
{
	write_text(text("%s/play.yml", s->b->dir),
	    text("- hosts: all\n"
		 "  gather_facts: false\n"
		 "  tasks:\n"
		 "  - ping:\n"
		 "  - command: touch %s/ran\n"
		 "  - copy: {content: copied, dest: %s/copied}\n",
		s->open, s->open));
}

static struct run *
ansible(const struct site *s, const char *pipelining)
{
	write_text(text("%s/ansible.cfg", s->b->dir),
	    text("[defaults]\nlocal_tmp = %s/ansible\nremote_tmp = %s/tmp\n"
		 "interpreter_python = /usr/bin/python3\n"
		 "[ssh_connection]\npipelining = %s\nssh_args = %s\n",
		s->b->dir, s->open, pipelining, master_options(s)));
	return site_shell(text("cd %s; export HOME=%s LC_ALL=C.UTF-8 "
			       "ANSIBLE_CONFIG=%s/ansible.cfg; "
			       "ansible-playbook -i bastion, play.yml",
	    s->b->dir, s->b->dir, s->b->dir));
}

static void
assert_ansible_works(const char *pipelining)
{
	struct site s = site_open(NULL);
	struct run *r;

	playbook_write(&s);
	r = site_shell(text("ssh %s -o %s bastion true", master_options(&s),
	    with_code(s.code)));
	assert_status(r, 0);
	r = ansible(&s, pipelining);
	site_shell(text("ssh %s -O exit bastion", master_options(&s)));
	cr_assert_eq(r->status, 0, "%s%s", r->out, r->err);
	assert_says(r->out, "ok=3 ");
	cr_assert_eq(access(text("%s/ran", s.open), F_OK), 0);
	assert_holds(text("%s/copied", s.open), "copied");
}

/* ansible's status depends on what it was doing when the gate refused it. */
static void
assert_ansible_refused(const char *pipelining, int status, const char *word)
{
	struct site s = site_open(NULL);
	struct run *r;

	playbook_write(&s);
	r = ansible(&s, pipelining);
	cr_assert_eq(r->status, status, "%d: %s%s", r->status, r->out, r->err);
	assert_says(r->out, "ok=0 ");
	assert_says(r->out, word);
	assert_nothing_in(s.open);
}

Test(clients, ansible_over_one_master)
{
	needs_program("ansible-playbook");
	assert_ansible_works("false");
}

Test(clients, ansible_over_one_master_with_pipelining)
{
	needs_program("ansible-playbook");
	assert_ansible_works("true");
}

Test(clients, ansible_without_a_code)
{
	needs_program("ansible-playbook");
	assert_ansible_refused("false", 4, "unreachable=1 ");
}

Test(clients, ansible_without_a_code_with_pipelining)
{
	needs_program("ansible-playbook");
	assert_ansible_refused("true", 2, "failed=1 ");
}

static struct session *
mosh(const struct site *s, const char *user, const char *code)
{
	return session_start(ARGV("env", "LC_ALL=C.UTF-8", "mosh",
	    text("--ssh=%s", site_ssh(s, code)), text("%s@bastion", user)));
}

Test(clients, mosh)
{
	struct site s;
	struct session *m;

	needs_program("mosh");
	s = site_open(NULL);
	m = mosh(&s, s.b->me, s.code);
	session_expect(m, geteuid() == 0 && s.b->embedded ? "# " : "$ ");
	session_type(m, text("echo by mosh >%s/ran\rexit\r", s.open));
	cr_assert_eq(session_status(m), 0);
	assert_holds(text("%s/ran", s.open), "by mosh\n");
}

/*
 * No other test lets this user in, so every mosh-server found is this test's.
 */
Test(clients, mosh_with_a_wrong_code)
{
	struct site s;
	struct session *m;
	const char *user;

	needs_program("mosh");
	s = site_open(NULL);
	user = bastion_has_people() ? "user16" : s.b->me;
	m = mosh(&s, user, code_wrong(fixture_enrol(s.b, user)));
	session_expect(m, "Did not find mosh server startup message");
	cr_assert_neq(session_status(m), 0);
	if (bastion_has_people())
		cr_assert_eq(processes_left(s.b, user, LEAVING_MS), 0);
}

static char *
large_file(const struct site *s)
{
	char *path = text("%s/large", s->b->dir);

	assert_status(
	    site_shell(text("head -c %d /dev/urandom >%s", LARGE, path)), 0);
	return path;
}

Test(clients, forward_by_a_host_behind_the_bastion)
{
	struct site s;
	char *config, *file, *entry;
	struct session *forward;
	struct run *r;
	pid_t server;
	int port;

	needs_program("nc");
	s = site_open(NULL);
	config = site_beyond(&s, s.code);
	file = large_file(&s);
	entry = text("%s/entry", s.b->dir);
	server = site_serve(file, &port);
	forward = session_start(
	    ARGV("ssh", "-F", config, "-o", "ExitOnForwardFailure=yes", "-L",
		text("%s:127.0.0.1:%d", entry, port), "beyond",
		"echo re''ady; sleep 20"));
	session_expect(forward, "ready");
	r = site_shell(text("nc -d -U %s >%s/got; cmp %s %s/got; "
			    "sha256sum <%s; sha256sum <%s/got",
	    entry, s.b->dir, file, s.b->dir, file, s.b->dir));
	session_kill(forward);
	assert_status(r, 0);
	cr_assert_eq(r->out_len % 2, 0);
	cr_assert_eq(
	    memcmp(r->out, r->out + r->out_len / 2, r->out_len / 2), 0);
	cr_assert_eq(run_wait(server, 10000), 0);
}

Test(clients, host_behind_the_bastion_without_a_code)
{
	struct site s;

	needs_program("nc");
	s = site_open(NULL);
	assert_refused(run(ARGV("ssh", "-F", site_beyond(&s, s.wrong), "beyond",
			       "echo inside"),
			   NULL, 0),
	    255);
	assert_refused(run(ARGV("ssh", "-F", site_beyond(&s, NULL), "beyond",
			       "echo inside"),
			   NULL, 0),
	    255);
	cr_assert_str_eq(run(ARGV("ssh", "-F", site_beyond(&s, s.code),
				 "beyond", "echo inside"),
			     NULL, 0)
			     ->out,
	    "inside\n");
}
