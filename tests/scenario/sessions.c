/*
 * After the pass nothing differs from a bastion without a gate: stdin, stdout,
 * exit status, environment, the process itself; scp, sftp, rsync and git.
 */
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/talk.h"
#include "store/base/cleanup.h"
#include "tests/scenario/scenario.h"

Scenarios(sessions);

/* Runs a command on two bastions, with the gate and without, and compares. */
static void
assert_same(const char *user, const char *command)
{
	struct bastion *gated = bastion_open(.rules = REQUIRED);
	struct bastion *plain = bastion_open(.no_gate = true);
	const char *secret, *code;
	struct run *with, *without;

	user = user == NULL ? gated->me : user;
	secret = fixture_enrol(gated, user);
	code = code_at(secret, step_now());
	with = ssh_with_code(gated, user, code, command);
	without = ssh_run(plain, user, NULL, command, NULL);
	assert_status(with, without->status);
	cr_assert_str_eq(with->out, without->out);
	cr_assert_str_eq(with->err, without->err);
	cr_assert_gt(with->out_len, 0);
}

Test(sessions, stdin_and_exit_status_go_through)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	const char *code = code_at(secret, step_now());
	struct run *r = ssh_run(b, b->me, ARGV("-o", with_code(code)),
	    "cat; echo to-err >&2; exit 42", "first\nsecond\nlast");

	cr_assert_eq(r->status, 42);
	cr_assert_str_eq(r->out, "first\nsecond\nlast");
	cr_assert_str_eq(r->err, "to-err\n");
}

/* The client says "killed by signal" if sshd passes the signal on. */
Test(sessions, signal_that_kills_a_command_goes_through)
{
	struct bastion *gated = bastion_open(.rules = REQUIRED);
	struct bastion *plain = bastion_open(.no_gate = true);
	const char *secret = fixture_enrol(gated, gated->me);
	const char *code = with_code(code_at(secret, step_now()));
	const char *const *verbose = ARGV("-o", "LogLevel=DEBUG1");
	static const char said[] = "client_input_channel_req: channel 0 rtype "
				   "exit-signal reply 0";
	struct run *with = ssh_run(gated, gated->me,
	    ARGV("-o", "LogLevel=DEBUG1", "-o", code), "kill -TERM $$", NULL);
	struct run *without = ssh_run(
	    plain, gated->me, verbose, "kill -TERM $$", NULL);

	cr_assert_eq(with->status, without->status);
	assert_says(without->err, said);
	assert_says(with->err, said);
	/* A command that ends by itself has no signal. */
	assert_never_says(
	    ssh_run(plain, gated->me, verbose, "exit 5", NULL)->err, said);
}

/*
 * A shell that is interrupted just before it starts a command runs its trap
 * only after that command, so each command is short. A shell that is
 * interrupted while it expands $(...) may forget its trap, so that comes
 * before.
 */
Test(sessions, interrupt_reaches_the_command)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s = session_open(b, b->me, NULL,
	    "trap 'echo caug''ht; exit 9' INT; set -- $(seq 100); "
	    "echo rea''dy; for i; do sleep 0.2; done");

	session_expect(s, PROMPT);
	session_type(s, text("%s\r", code_at(secret, step_now())));
	session_expect(s, "ready");
	session_type(s, "\003");
	session_expect(s, "caught");
	cr_assert_eq(session_status(s), 9);
}

Test(sessions, a_megabyte_goes_through_untouched)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	const char *code = code_at(secret, step_now());
	static char bytes[1 << 20];
	struct run *r;

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (char)(i * i >> 7);
	r = run(ARGV("ssh", "-F", b->ssh_config, "-o", with_code(code),
		    "bastion", "cat"),
	    bytes, sizeof(bytes));
	assert_status(r, 0);
	cr_assert_eq(r->out_len, sizeof(bytes));
	cr_assert_eq(memcmp(r->out, bytes, sizeof(bytes)), 0);
}

/* The last line of the audit with that reason, or "". */
static const char *
audit_of(const struct bastion *b, const char *reason)
{
	char *audit = fixture_audit(b), *line, *found = NULL;
	const char *wanted = text("\"reason\":\"%s\"", reason);

	while ((line = strsep(&audit, "\n")) != NULL)
		if (strstr(line, wanted) != NULL)
			found = line;
	return found != NULL ? found : "";
}

/*
 * Tells the keeper that no code was given, as a gate does, and waits until it
 * has counted it.
 */
static void
tell_of_no_code(const struct bastion *b)
{
	static const char refuse[] =
	    "{\"v\":1,\"request\":\"refuse\",\"reason\":\"no_code\"}";
	scoped_fd int fd = talk_open(b, b->me);

	cr_assert_geq(fd, 0);
	cr_assert(talk_send(fd, refuse, sizeof(refuse) - 1));
	cr_assert(talk_is(talk_receive(fd, TALK_LIMIT_MS), "pass"));
	cr_assert_null(talk_receive(fd, TALK_LIMIT_MS));
}

Test(sessions, no_terminal_and_no_code_exit_76_with_one_line)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	fixture_enrol(b, b->me);
	r = ssh_run(b, b->me, NULL, "cat", "123456\n");
	assert_status(r, 76);
	cr_assert_str_empty(r->out);
	assert_says(r->err, "TFA_CODE");
	cr_assert_eq(strchr(r->err, '\n'), r->err + strlen(r->err) - 1);
}

/* A stolen key without a code must leave a trace. */
Test(sessions, without_a_code_are_refused_in_the_log)
{
	static const char *const ways[] = {"\r", "\004"}; /* Enter, ^D */
	struct bastion *b = bastion_open(.rules = REQUIRED);

	fixture_enrol(b, b->me);
	cr_assert_str_empty(audit_of(b, "needs_terminal"));
	assert_status(ssh_run(b, b->me, NULL, "cat file", NULL), 76);
	assert_says(audit_of(b, "needs_terminal"),
	    text("\"event\":\"login\",\"user\":\"%s\",\"verdict\":\"deny\"",
		b->me));
	assert_says(audit_of(b, "needs_terminal"), "\"address\":\"127.0.0.1\"");
	assert_says(audit_of(b, "needs_terminal"), "\"key\":\"SHA256:");
	assert_says(audit_of(b, "needs_terminal"), "\"command\":\"cat file\"");

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct session *s = session_open(
		    b, b->me, NULL, text("echo %zu", i));

		session_expect(s, PROMPT);
		session_type(s, ways[i]);
		session_expect(s, "No code was entered");
		cr_assert_eq(session_status(s), 77);
		assert_says(audit_of(b, "no_code"), "\"verdict\":\"deny\"");
		assert_says(audit_of(b, "no_code"),
		    text("\"command\":\"echo %zu\"", i));
	}
}

/* Logins without a code are no wrong codes, and must not hide them. */
Test(sessions, without_a_code_do_not_keep_wrong_codes_from_the_log)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	fixture_enrol(b, b->me);
	for (int i = 0; i < 35; i++)
		assert_status(ssh_run(b, b->me, NULL, "true", NULL), 76);
	assert_status(ssh_with_code(b, b->me, "000000", "echo guess"), 77);
	assert_says(audit_of(b, "wrong_code"), "\"command\":\"echo guess\"");
}

/* Logins without a code must not fill the disk. */
Test(sessions, without_a_code_are_in_the_log_so_often_a_day)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	fixture_enrol(b, b->me);
	for (int i = 0; i < 310; i++)
		tell_of_no_code(b);
	cr_expect_eq(fixture_audit_count(b, "\"reason\":\"no_code\""), 300);
	assert_status(ssh_with_code(b, b->me, "000000", "echo guess"), 77);
	assert_says(audit_of(b, "wrong_code"), "\"suppressed\":10}");
}

Test(sessions, command_on_a_terminal_is_asked)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s = session_open(b, b->me, NULL, "echo done; exit 9");

	session_expect(s, PROMPT);
	session_type(s, code_at(secret, step_now()));
	session_type(s, "\r");
	session_expect(s, "done");
	cr_assert_eq(session_status(s), 9);
}

Test(sessions, typed_ahead_belongs_to_the_shell)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	struct session *s = session_open(b, b->me, NULL, NULL);

	session_expect(s, PROMPT);
	session_type(s,
	    text("%s\recho in''side; exit 8\r", code_at(secret, step_now())));
	session_expect(s, "inside");
	cr_assert_eq(session_status(s), 8);
}

Test(sessions, command_reaches_the_shell_verbatim)
{
	assert_same(NULL,
	    "printf '<%s>\\n' \"a  b\" 'c\"d' \\$HOME \"$HOME\"\n"
	    "echo second line; false");
}

/* These variables must differ: ports, files and terminal of the connection. */
#define SAME_ENVIRONMENT                                     \
	"env | grep -v -e ^SSH_CLIENT= -e ^SSH_CONNECTION= " \
	"-e ^SSH_USER_AUTH= -e ^ASAN_OPTIONS= | sort"

Test(sessions, environment_is_the_same)
{
	assert_same(NULL, SAME_ENVIRONMENT);
}

Test(sessions, environment_is_the_same_in_dash)
{
	needs_people();
	assert_same("bob", SAME_ENVIRONMENT);
}

Test(sessions, process_is_the_same)
{
	assert_same(NULL,
	    "umask; pwd; cat /proc/self/limits; ls /proc/self/fd | wc -l; "
	    "grep -e ^Sig[BIC] -e ^Cap -e ^NoNewPrivs -e ^Seccomp: -e ^Umask "
	    "-e ^Groups -e ^Uid -e ^Gid /proc/self/status; "
	    "cat /proc/self/oom_score_adj; nice");
}

/*
 * The shell reads its own signals: another process might read them just when
 * the shell's fork() has all signals blocked.
 */
#define OWN_SIGNALS                                         \
	"while read -r line; do case $line in Sig[PBIC]*) " \
	"echo \"$line\";; esac; done </proc/$$/status; "

/* The lines of a login shell between "begin" and "end". */
static char *
in_a_login_shell(const struct bastion *b, const char *user, const char *code)
{
	struct session *s = session_open(b, user, NULL, NULL);
	char *from, *to;

	if (code != NULL) {
		session_expect(s, PROMPT);
		session_type(s, code);
		session_type(s, "\r");
	}
	session_type(s, "PS1=; stty -echo; set +o emacs\r");
	session_type(s,
	    "echo be''gin; echo $0; stty -a; umask; "
	    "ls /proc/self/fd | wc -l; " OWN_SIGNALS SAME_ENVIRONMENT
	    " | grep -v ^SSH_TTY=; echo e''nd\r");
	session_type(s, "exit\r");
	session_status(s);
	from = strstr(s->seen, "begin\r\n");
	to = from == NULL ? NULL : strstr(from, "end\r\n");
	cr_assert(to != NULL, "no shell in: %s", screen_text(s->seen));
	*to = '\0';
	return from;
}

static void
assert_same_login_shell(const char *user, const char *name)
{
	struct bastion *gated = bastion_open(.rules = REQUIRED);
	struct bastion *plain = bastion_open(.no_gate = true);
	const char *secret, *code, *with;

	user = user == NULL ? gated->me : user;
	secret = fixture_enrol(gated, user);
	code = code_at(secret, step_now());
	with = in_a_login_shell(gated, user, code);
	cr_assert_str_eq(with, in_a_login_shell(plain, user, NULL));
	if (name != NULL)
		assert_says(with, text("begin\r\n%s\r\n", name));
}

Test(sessions, login_shell_is_the_same)
{
	assert_same_login_shell(NULL, bastion_has_people() ? "-bash" : NULL);
}

Test(sessions, login_shell_is_the_same_in_dash)
{
	needs_people();
	assert_same_login_shell("bob", "-dash");
}

Test(sessions, code_is_not_handed_on)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	const char *code = code_at(secret, step_now());
	struct run *r = ssh_with_code(
	    b, b->me, code, "env; cat /proc/$$/environ");

	assert_status(r, 0);
	assert_never_says(r->out, code);
	assert_never_says(r->out, "TFA_CODE");
	assert_never_says(r->out, "SSH_ORIGINAL_COMMAND");
	assert_never_says(r->out, "/nonexistent");
}

/* A file to send, and a place for it to come back to. */
struct copy {
	struct bastion *b;
	char *here, *there, *back, *option;
};

static struct copy
copy_begin(const char *subsystem)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .subsystem = subsystem);
	const char *secret = fixture_enrol(b, b->me);
	struct copy c = {.b = b,
	    .here = text("%s/here", b->dir),
	    .there = text("%s/open/there", b->dir),
	    .back = text("%s/back", b->dir),
	    .option = with_code(code_at(secret, step_now()))};
	char *open_to_all = text("%s/open", b->dir);

	write_text(c.here, "one\ntwo\nthree\n");
	cr_assert_eq(mkdir(open_to_all, 0777), 0);
	cr_assert_eq(chmod(open_to_all, 0777), 0);
	return c;
}

static void
assert_copied(const char *path)
{
	const char *content = read_text(path);

	cr_assert_not_null(content, "no %s", path);
	cr_assert_str_eq(content, "one\ntwo\nthree\n");
}

static void
assert_sftp_works(const char *subsystem)
{
	struct copy c = copy_begin(subsystem);
	char *batch = text(
	    "put %s %s\nget %s %s\n", c.here, c.there, c.there, c.back);
	struct run *r = run(ARGV("sftp", "-F", c.b->ssh_config, "-o", c.option,
				"-b", "-", "bastion"),
	    batch, strlen(batch));

	assert_status(r, 0);
	assert_copied(c.there);
	assert_copied(c.back);
}

Test(sessions, sftp)
{
	assert_sftp_works(NULL);
}

Test(sessions, sftp_by_internal_sftp_and_its_arguments)
{
	assert_sftp_works("internal-sftp -f AUTHPRIV -l INFO");
}

static void
assert_scp_works(const char *protocol)
{
	struct copy c = copy_begin(NULL);
	struct run *r = run(ARGV("scp", protocol, "-F", c.b->ssh_config, "-o",
				c.option, c.here, text("bastion:%s", c.there)),
	    NULL, 0);

	assert_status(r, 0);
	assert_copied(c.there);
}

Test(sessions, scp)
{
	assert_scp_works("-s");
}

Test(sessions, scp_by_the_old_protocol)
{
	assert_scp_works("-O");
}

Test(sessions, rsync)
{
	struct copy c;
	struct run *r;
	char *ssh;

	needs_program("rsync");
	c = copy_begin(NULL);
	ssh = text("ssh -F %s -o %s", c.b->ssh_config, c.option);
	r = run(ARGV("rsync", "-e", ssh, c.here, text("bastion:%s", c.there)),
	    NULL, 0);
	assert_status(r, 0);
	assert_copied(c.there);
}

Test(sessions, git)
{
	struct copy c = copy_begin(NULL);
	char *repository = text("%s/open/repository", c.b->dir);
	char *ssh = text(
	    "core.sshCommand=ssh -F %s -o %s", c.b->ssh_config, c.option);
	struct run *r = run(
	    ARGV("git", "init", "-q", "--bare", repository), NULL, 0);

	assert_status(r, 0);
	r = run(ARGV("git", "-c", ssh, "ls-remote", "--upload-pack",
		    "git -c safe.directory='*' upload-pack",
		    text("bastion:%s", repository)),
	    NULL, 0);
	assert_status(r, 0);
}

Test(sessions, copies_need_a_code)
{
	struct copy c = copy_begin(NULL);
	struct run *r = run(ARGV("scp", "-O", "-F", c.b->ssh_config, c.here,
				text("bastion:%s", c.there)),
	    NULL, 0);

	cr_assert_neq(r->status, 0);
	cr_assert_null(read_text(c.there));
	r = run(ARGV("sftp", "-F", c.b->ssh_config, "-b", "-", "bastion"),
	    "ls\n", 3);
	cr_assert_neq(r->status, 0);
	cr_assert_str_empty(r->out);
}

Test(sessions, gate_can_force_a_command)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .gate = "--command 'echo only this'");
	const char *secret = fixture_enrol(b, b->me);
	struct run *r = ssh_with_code(
	    b, b->me, code_at(secret, step_now()), "echo that");

	assert_status(r, 0);
	cr_assert_str_eq(r->out, "only this\n");
}

/* Puts options before the key in a user's authorized_keys. */
static void
restrict_key(const char *user, const char *options)
{
	char *path = text("/home/%s/.ssh/authorized_keys", user);

	write_text(path, text("%s %s", options, read_text(path)));
}

Test(sessions, restricted_key_stays_restricted)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	restrict_key("user01", "command=\"echo only $SSH_ORIGINAL_COMMAND\"");
	r = ssh_with_code(b, "user01",
	    code_at(fixture_enrol(b, "user01"), step_now()), "echo that");
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "only echo that\n");
}

/* A restricted key has no shell before which an offer could stand. */
Test(sessions, restricted_key_is_not_asked_for_an_admins_code)
{
	struct bastion *b;
	struct session *s;

	needs_people();
	b = bastion_open(.rules = RULE("optional"),
	    .more = "'enrollment':{'self':'code'}");
	restrict_key("user15", "command=\"echo only this\"");
	assert_status(bastion_admin(b, ARGV("code", "user15", "--enroll")), 0);
	s = session_open(b, "user15", NULL, NULL);
	session_expect(s, "only this");
	cr_assert_eq(session_status(s), 0);
	assert_never_says(s->seen, PROMPT);
}

Test(sessions, key_with_two_commands_is_refused)
{
	struct bastion *b;
	char *path = text("/home/user02/.ssh/authorized_keys");
	struct run *r;
	char *key;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	key = read_text(path);
	write_text(path, text("command=\"echo one\" %s%s", key, key));
	r = ssh_with_code(b, "user02",
	    code_at(fixture_enrol(b, "user02"), step_now()), "echo that");
	assert_status(r, 77);
	cr_assert_str_empty(r->out);
}

Test(sessions, certificate_stays_restricted)
{
	struct bastion *b;
	struct run *r;
	char *ca, *key;

	needs_people();
	ca = text("%s/user-ca", getenv("TFA_KEYS"));
	key = text("%s/user03", getenv("TFA_KEYS"));
	r = run(
	    ARGV("ssh-keygen", "-q", "-s", ca, "-I", "user03", "-n", "user03",
		"-O", "force-command=echo by certificate", text("%s.pub", key)),
	    NULL, 0);
	assert_status(r, 0);
	b = bastion_open(.rules = REQUIRED,
	    .more = "'keys':{'unlisted':'allow'}",
	    .match = text("TrustedUserCAKeys %s.pub", ca));
	r = ssh_run(b, "user03",
	    ARGV("-o", text("CertificateFile %s-cert.pub", key), "-o",
		with_code(code_at(fixture_enrol(b, "user03"), step_now()))),
	    "echo that", NULL);
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "by certificate\n");
}

Test(sessions, key_in_no_file_is_refused)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED,
	    .match = text("Match User user04\n"
			  "    AuthorizedKeysFile %s/%%u.pub",
		getenv("TFA_KEYS")));
	write_text("/home/user04/.ssh/authorized_keys", "# none\n");
	r = ssh_with_code(b, "user04",
	    code_at(fixture_enrol(b, "user04"), step_now()), "echo that");
	assert_status(r, 77);
	cr_assert_str_empty(r->out);
}

/* "ssh -s NAME" is a command to the gate, whatever sshd calls it. */
Test(sessions, subsystem_of_any_name_needs_a_code)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .before = "Subsystem other /bin/echo inside\n");
	const char *secret = fixture_enrol(b, b->me);
	struct run *r = ssh_run(b, b->me, ARGV("-s"), "other", NULL);

	assert_status(r, 76);
	cr_assert_str_empty(r->out);
	r = ssh_run(b, b->me,
	    ARGV("-s", "-o", with_code(code_at(secret, step_now()))), "other",
	    NULL);
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
}
