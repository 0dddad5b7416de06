/*
 * What people start instead of a plain ssh: each real client with what the
 * README tells them to put in front, and beside it the same without a good
 * code, which must leave nothing behind.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "cleanup.h"
#include "scenario.h"

#define LARGE      (30 * 1000 * 1000)
#define ACCEPT_S   15
#define LEAVING_MS 3000

Scenarios(clients);

/* A bastion, two codes for it, and a folder where its user may write. */
struct site {
	struct bastion *b;
	const char *secret, *code, *later, *wrong;
	char *open;
};

static struct site
site_open(void)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	uint64_t step = step_now();
	struct site s = {.b = b,
	    .secret = secret,
	    .code = code_at(secret, step),
	    .later = code_at(secret, step + 1),
	    .wrong = code_wrong(secret),
	    .open = text("%s/open", b->dir)};

	fixture_folder(s.open, 0777, b->me);
	return s;
}

/* ssh as a client is told to start it; code may be NULL. */
static char *
ssh_of(const struct site *s, const char *code)
{
	return code == NULL
	    ? text("ssh -F %s", s->b->ssh_config)
	    : text("ssh -F %s -o %s", s->b->ssh_config, with_code(code));
}

static struct run *
shell(const char *script)
{
	return run(ARGV("timeout", "45", "sh", "-ec", script), NULL, 0);
}

/* Refused by an exit status of its own, and silent where data would be. */
static void
assert_refused(const struct run *r, int status)
{
	assert_status(r, status);
	cr_assert_str_empty(r->out);
}

static void
assert_holds(const char *path, const char *wanted)
{
	const char *content = read_text(path);

	cr_assert_not_null(content, "no %s", path);
	cr_assert_str_eq(content, wanted);
}

static void
assert_nothing_in(const char *folder)
{
	struct run *r = run(ARGV("ls", "-A", folder), NULL, 0);

	assert_status(r, 0);
	cr_assert_str_empty(r->out);
}

Test(clients, script_on_standard_input)
{
	struct site s = site_open();
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
	struct site s = site_open();

	assert_refused(ssh_sendenv(&s, s.wrong, "SendEnv=TFA_CODE"), 77);
	/* One that is set and not sent does not count. */
	assert_refused(ssh_sendenv(&s, s.code, "SendEnv=LANG"), 76);
	cr_assert_str_eq(
	    ssh_sendenv(&s, s.code, "SendEnv=TFA_CODE")->out, "in\n");
}

Test(clients, copies_with_a_wrong_code)
{
	struct site s = site_open();
	char *here = text("%s/here", s.b->dir);
	char *there = text("bastion:%s/there", s.open);
	char *option = with_code(s.wrong);
	char *batch = text("put %s %s/there\n", here, s.open);

	write_text(here, "one\n");
	assert_refused(run(ARGV("scp", "-s", "-F", s.b->ssh_config, "-o",
			       option, here, there),
			   NULL, 0),
	    255);
	assert_refused(run(ARGV("scp", "-O", "-F", s.b->ssh_config, "-o",
			       option, here, there),
			   NULL, 0),
	    1);
	assert_refused(run(ARGV("sftp", "-q", "-F", s.b->ssh_config, "-o",
			       option, "-b", "-", "bastion"),
			   batch, strlen(batch)),
	    255);
	assert_nothing_in(s.open);
}

static struct run *
rsync(const struct site *s, const char *code, const char *from, const char *to)
{
	return run(ARGV("rsync", "--timeout=20", "-e", ssh_of(s, code), "-a",
		       from, to),
	    NULL, 0);
}

/* Its status is the gate's, or 12 where it was still sending. */
Test(clients, rsync_there_and_back)
{
	struct site s;
	struct run *r;
	char *here, *back, *there;

	needs_program("rsync");
	s = site_open();
	here = text("%s/here", s.b->dir);
	back = text("%s/back", s.b->dir);
	there = text("bastion:%s/there/", s.open);
	cr_assert_eq(mkdir(here, 0755), 0);
	write_text(text("%s/a", here), "one\n");
	write_text(text("%s/b", here), "two\n");
	r = rsync(&s, s.wrong, text("%s/", here), there);
	assert_refused(r, r->status == 12 ? 12 : 77);
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
	    shell(text("cd %s; " GIT " init -q seed; cd seed; " COMMIT
		       " first; git clone -q --bare . %s; chown -R %s %s",
		s->b->dir, path, s->b->me, path)),
	    0);
	return path;
}

static struct run *
git(const struct site *s, const char *code, const char *command)
{
	return shell(text("cd %s; export GIT_SSH_COMMAND='%s'; %s", s->b->dir,
	    ssh_of(s, code), command));
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

	needs_program("git");
	s = site_open();
	repository = repository_new(&s);
	first = commit_at(repository);
	work = text("%s/work", s.b->dir);
	clone = text("git clone -q bastion:%s work", repository);
	assert_refused(git(&s, s.wrong, clone), 128);
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
	return shell(text("cd %s; export HOME=%s LC_ALL=C.UTF-8 "
			  "ANSIBLE_CONFIG=%s/ansible.cfg; "
			  "ansible-playbook -i bastion, play.yml",
	    s->b->dir, s->b->dir, s->b->dir));
}

static void
assert_ansible_works(const char *pipelining)
{
	struct site s = site_open();
	struct run *r;

	playbook_write(&s);
	r = shell(text("ssh %s -o %s bastion true", master_options(&s),
	    with_code(s.code)));
	assert_status(r, 0);
	r = ansible(&s, pipelining);
	shell(text("ssh %s -O exit bastion", master_options(&s)));
	cr_assert_eq(r->status, 0, "%s%s", r->out, r->err);
	assert_says(r->out, "ok=3 ");
	cr_assert_eq(access(text("%s/ran", s.open), F_OK), 0);
	assert_holds(text("%s/copied", s.open), "copied");
}

/* Its status says what it was doing when the gate sent it away. */
static void
assert_ansible_refused(const char *pipelining, int status, const char *word)
{
	struct site s = site_open();
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
	    text("--ssh=%s", ssh_of(s, code)), text("%s@bastion", user)));
}

Test(clients, mosh)
{
	struct site s;
	struct session *m;

	needs_program("mosh");
	s = site_open();
	m = mosh(&s, s.b->me, s.code);
	session_expect(m, geteuid() == 0 && s.b->embedded ? "# " : "$ ");
	session_type(m, text("echo by mosh >%s/ran\rexit\r", s.open));
	cr_assert_eq(session_status(m), 0);
	assert_holds(text("%s/ran", s.open), "by mosh\n");
}

/* Somebody whom no other test lets in, so that nobody else's server counts. */
Test(clients, mosh_with_a_wrong_code)
{
	struct site s;
	struct session *m;
	const char *user;

	needs_program("mosh");
	s = site_open();
	user = bastion_has_people() ? "user16" : s.b->me;
	m = mosh(&s, user, code_wrong(fixture_enrol(s.b, user)));
	session_expect(m, "Did not find mosh server startup message");
	cr_assert_neq(session_status(m), 0);
	if (bastion_has_people())
		cr_assert_eq(processes_left(s.b, user, LEAVING_MS), 0);
}

/* A host behind the bastion, reached as the README says; code may be NULL. */
static char *
config_beyond(const struct site *s, const char *code)
{
	struct bastion *inner = bastion_open(.no_gate = true);
	char *config = text("%s/beyond", inner->dir);

	write_text(config,
	    text("Host beyond\n    ProxyCommand %s bastion nc %%h %%p\n%s",
		ssh_of(s, code),
		strchr(read_text(inner->ssh_config), '\n') + 1));
	return config;
}

/* Sends a file to the first who comes, in a process of its own. */
static pid_t
serve(const char *path, int *ret_port)
{
	struct sockaddr_in here = {
	    .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct timeval patience = {.tv_sec = ACCEPT_S};
	socklen_t size = sizeof(here);
	scoped_fd int fd = socket(AF_INET, SOCK_STREAM, 0);
	pid_t pid;

	if (bind(fd, (struct sockaddr *)&here, size) != 0 ||
	    listen(fd, 1) != 0 ||
	    getsockname(fd, (struct sockaddr *)&here, &size) != 0 ||
	    setsockopt(
		fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) != 0)
		fail("no listener");
	*ret_port = ntohs(here.sin_port);
	pid = fork();
	if (pid != 0)
		return pid;
	if (dup2(accept(fd, NULL, NULL), 1) != 1)
		run_child_fails("nobody came");
	close(fd);
	execlp("cat", "cat", path, (char *)NULL);
	_exit(127);
}

static char *
large_file(const struct site *s)
{
	char *path = text("%s/large", s->b->dir);

	assert_status(
	    shell(text("head -c %d /dev/urandom >%s", LARGE, path)), 0);
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
	s = site_open();
	config = config_beyond(&s, s.code);
	file = large_file(&s);
	entry = text("%s/entry", s.b->dir);
	server = serve(file, &port);
	forward = session_start(
	    ARGV("ssh", "-F", config, "-o", "ExitOnForwardFailure=yes", "-L",
		text("%s:127.0.0.1:%d", entry, port), "beyond",
		"echo re''ady; sleep 20"));
	session_expect(forward, "ready");
	r = shell(text("nc -d -U %s >%s/got; cmp %s %s/got; "
		       "sha256sum <%s; sha256sum <%s/got",
	    entry, s.b->dir, file, s.b->dir, file, s.b->dir));
	session_kill(forward);
	assert_status(r, 0);
	cr_assert_eq(r->out_len % 2, 0);
	cr_assert_eq(
	    memcmp(r->out, r->out + r->out_len / 2, r->out_len / 2), 0);
	cr_assert_eq(run_wait(server, 1000), 0);
}

Test(clients, host_behind_the_bastion_without_a_code)
{
	struct site s;

	needs_program("nc");
	s = site_open();
	assert_refused(run(ARGV("ssh", "-F", config_beyond(&s, s.wrong),
			       "beyond", "echo inside"),
			   NULL, 0),
	    255);
	assert_refused(run(ARGV("ssh", "-F", config_beyond(&s, NULL), "beyond",
			       "echo inside"),
			   NULL, 0),
	    255);
	cr_assert_str_eq(run(ARGV("ssh", "-F", config_beyond(&s, s.code),
				 "beyond", "echo inside"),
			     NULL, 0)
			     ->out,
	    "inside\n");
}
