/* Something is broken: nobody gets in, and the person is told why. */
#include <errno.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/support/talk.h"
#include "tests/scenario/scenario.h"

Scenarios(faults);

/*
 * The login ends with that status, a reason and no shell, with a terminal and
 * without.
 */
static void
assert_shut(const struct bastion *b, const char *user, int status)
{
	struct run *r = ssh_with_code(b, user, "123456", "echo inside");
	struct session *s = session_open(b, user, NULL, NULL);

	assert_status(r, status);
	cr_assert_str_empty(r->out);
	cr_assert_gt(strlen(r->err), 10);
	session_type(s, "echo in''side\r");
	cr_assert_eq(session_status(s), status, "%s", screen_text(s->seen));
	assert_never_says(s->seen, "inside");
	assert_never_says(s->seen, PROMPT);
}

Test(faults, keeper_down_exits_69)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"), .no_keeper = true);
	assert_shut(b, "alice", 69);
}

Test(faults, keeper_gone_while_she_types_exits_69)
{
	struct bastion *b;
	const char *secret;
	struct session *s;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol(b, "alice");
	s = session_open(b, "alice", NULL, NULL);
	session_expect(s, PROMPT);
	bastion_keeper_stop(b);
	session_type(s, code_at(secret, step_now()));
	session_type(s, "\r");
	session_type(s, "echo in''side\r");
	cr_assert_eq(session_status(s), 69, "%s", screen_text(s->seen));
	assert_never_says(s->seen, "inside");
	assert_says(s->seen, "cannot be reached: tell your administrator");
	assert_never_says(s->seen, b->socket);
	assert_says(bastion_admin(b, ARGV("users"))->err, b->socket);
}

Test(faults, keeper_restarts_under_a_login)
{
	struct bastion *b;
	const char *secret;
	struct session *s;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol(b, "alice");
	s = session_open(b, "alice", NULL, NULL);
	session_expect(s, PROMPT);
	bastion_keeper_stop(b);
	bastion_keeper_start(b);
	session_type(s, code_at(secret, step_now()));
	session_type(s, "\r");
	session_type(s, "echo in''side\r");
	session_expect(s, "inside");
	session_kill(s);
}

/* Listens as a user and says "pass" to all; ready is closed when it does.
 * Never returns. */
_Noreturn static void
be_a_false_keeper(const char *path, const struct passwd *pw, int ready)
{
	static const char pass[] =
	    "{\"v\":1,\"verdict\":\"pass\",\"reason\":\"exempt\","
	    "\"message\":\"\"}";
	struct sockaddr_un here = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	char request[4096];

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	strncpy(here.sun_path, path, sizeof(here.sun_path) - 1);
	if (setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0 ||
	    bind(fd, (struct sockaddr *)&here, sizeof(here)) != 0 ||
	    chmod(path, 0666) != 0 || listen(fd, 5) != 0)
		_exit(1);
	close(ready);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int peer = accept(fd, NULL, NULL);

		if (recv(peer, request, sizeof(request), 0) > 0)
			send(peer, pass, sizeof(pass) - 1, MSG_NOSIGNAL);
		close(peer);
	}
}

Test(faults, false_keeper_is_not_believed)
{
	struct bastion *b;
	const struct passwd *pw;
	struct run *r;
	int ready[2];
	pid_t pid;
	char byte;

	needs_people();
	b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	pw = getpwnam("erin");
	cr_assert_eq(chown(text("%s/run", b->dir), pw->pw_uid, pw->pw_gid), 0);
	cr_assert_eq(pipe(ready), 0);
	pid = fork();
	if (pid == 0)
		be_a_false_keeper(b->socket, pw, ready[1]);
	close(ready[1]);
	cr_assert_eq(read(ready[0], &byte, 1), 0);
	close(ready[0]);
	cr_assert_eq(access(b->socket, F_OK), 0);
	assert_shut(b, "alice", 69);
	/*
	 * Programs that would send it a code or trust its answer refuse it too.
	 */
	r = bastion_admin(b, ARGV("users"));
	assert_status(r, 69);
	assert_says(r->err, "neither root nor the keeper's");
	r = run(ARGV(text("%s/tfa", getenv("TFA_PROGRAMS")), "--socket",
		    b->socket, "status"),
	    NULL, 0);
	assert_status(r, 69);
	assert_says(r->err, "neither root nor the keeper's");
	kill(pid, SIGKILL);
	run_wait(pid, 1000);
}

Test(faults, broken_policy_exits_78)
{
	static const char *const broken[] = {
	    "{'version':1,'issuer':'Test','rules':[],'otherwise':'exempt'",
	    "{'version':1,'issuer':'Test','rules':[],'otherwise':'exempt'} x",
	    "{'version':1,'issuer':'Test','rules':[],'otherwise':'exempt',"
	    "'otherwise':'exempt'}",
	    "{'version':1,'issuer':'Test','rules':[],'Otherwise':'exempt'}",
	    "{'version':2,'issuer':'Test','rules':[],'otherwise':'exempt'}",
	    "",
	};
	struct bastion *b = bastion_open(.rules = RULE("exempt"));

	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 0);
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
		struct run *r;

		fixture_write_policy(b, broken[i]);
		r = ssh_run(b, b->me, NULL, "echo inside", NULL);
		cr_assert_eq(
		    r->status, 78, "policy %zu: %d: %s", i, r->status, r->err);
		cr_assert_str_empty(r->out);
	}
	assert_shut(b, b->me, 78);
}

Test(faults, broken_policy_leaves_sshds_own_exemption)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED,
	    .match = "Match User frank\n    ForceCommand none\n");
	fixture_write_policy(b, "{");
	assert_status(ssh_run(b, "alice", NULL, "true", NULL), 78);
	assert_status(ssh_run(b, "erin", NULL, "true", NULL), 78);
	r = ssh_run(b, "frank", NULL, "echo inside", NULL);
	assert_status(r, 0);
	cr_assert_str_eq(r->out, "inside\n");
}

Test(faults, missing_policy_exits_78)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	cr_assert_eq(unlink(b->policy), 0);
	assert_shut(b, "alice", 78);
}

Test(faults, policy_that_others_can_write_exits_78)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"));

	cr_assert_eq(chmod(b->policy, 0666), 0);
	assert_shut(b, b->me, 78);
	cr_assert_eq(chmod(b->policy, 0664), 0);
	assert_shut(b, b->me, 78);
}

Test(faults, policy_of_somebody_else_exits_78)
{
	struct bastion *b;
	const struct passwd *pw;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	pw = getpwnam("erin");
	cr_assert_eq(chown(b->policy, pw->pw_uid, pw->pw_gid), 0);
	assert_shut(b, "alice", 78);
}

Test(faults, policy_in_an_open_folder_exits_78)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	cr_assert_eq(chmod(b->dir, 0777), 0);
	assert_shut(b, "alice", 78);
}

Test(faults, damaged_record_denies)
{
	struct bastion *b = bastion_open(.rules = RULE("optional"));
	char *path = text("%s/users/%s.json", b->store, b->me);

	fixture_enrol(b, b->me);
	write_text(path, "{\"version\":1,");
	assert_shut(b, b->me, 77);
}

Test(faults, record_of_another_uid_denies)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = RULE("optional"));
	fixture_enrol(b, "bob");
	r = run(ARGV("mv", text("%s/users/bob.json", b->store),
		    text("%s/users/alice.json", b->store)),
	    NULL, 0);
	assert_status(r, 0);
	assert_shut(b, "alice", 77);
}

/* Like a restore on a machine where the user's uid is another one. */
Test(faults, record_of_her_former_uid_denies_until_revoke)
{
	struct bastion *b;
	const char *secret;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = RULE("optional"));
	secret = fixture_enrol(b, "alice");
	assert_status(run(ARGV("sed", "-i", "s/\"uid\":2001/\"uid\":2999/",
			      text("%s/users/alice.json", b->store)),
			  NULL, 0),
	    0);
	assert_status(
	    run(ARGV("chown", "_tfa", text("%s/users/alice.json", b->store)),
		NULL, 0),
	    0);
	assert_status(
	    ssh_with_code(b, "alice", code_at(secret, step_now()), "true"), 77);
	assert_status(bastion_admin(b, ARGV("revoke", "alice", "--yes")), 0);
	r = ssh_run(b, "alice", NULL, "true", NULL);
	assert_status(r, 76);
	assert_says(r->err, "set it up");
}

/* The code is spent anyway: somebody may have seen it. */
Test(faults, pass_that_cannot_be_logged_is_denied)
{
	struct bastion *b;
	const char *secret, *code;
	char *audit;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	secret = fixture_enrol(b, "alice");
	code = code_at(secret, step_now());
	audit = text("%s/audit.jsonl", b->store);
	cr_assert_eq(mkdir(audit, 0700), 0);
	r = ssh_with_code(b, "alice", code, "echo inside");
	cr_expect_neq(r->status, 0);
	cr_expect_str_empty(r->out);
	cr_assert_eq(rmdir(audit), 0);
	r = ssh_with_code(b, "alice", code, "echo inside");
	assert_status(r, 77);
	assert_says(r->err, "already used");
}

/* Damage to a record, as a shell command on $1, and what the user is told. */
static const struct {
	const char *what, *reason;
} damages[] = {
    {"truncate -s 100 $1", "bad_record"},
    {"truncate -s 0 $1", "bad_record"},
    {"head -c 500 /dev/urandom >$1", "bad_record"},
    {"head -c 300000 /dev/zero >>$1", "bad_record"},
    {"head -c 300000 /dev/zero | tr '\\0' ' ' >>$1", "bad_record"},
    {"echo '{}' >>$1", "bad_record"},
    {"sed -i s/alice/bob/ $1; chown _tfa $1", "bad_record"},
    {"sed -i s/2001/2002/ $1; chown _tfa $1", "uid_changed"},
    {"chown root $1", "bad_record"},
    {"chmod 0644 $1", "bad_record"},
    {"ln $1 $1.2", "bad_record"},
    {"mv $1 $1.3; ln -s $1.3 $1", "store"},
    {"rm $1; mkdir $1", "bad_record"},
    {"rm $1; mkfifo $1; chmod 600 $1; chown _tfa $1", "bad_record"},
};

Test(faults, spoilt_record_denies_that_user_alone_and_says_so)
{
	struct bastion *b;
	char *path;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	path = text("%s/users/alice.json", b->store);
	fixture_enrol(b, "bob");
	for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
		const char *code, *line;
		char *answer;

		run(ARGV("rm", "-rf", path, text("%s.2", path)), NULL, 0);
		code = code_at(fixture_enrol(b, "alice"), step_now());
		assert_status(
		    run(ARGV("sh", "-c", damages[i].what, "sh", path), NULL, 0),
		    0);
		answer = talk_ask(b, "alice",
		    text("'request':'verify','terminal':true,'code':'%s'",
			code));
		line = strrchr(fixture_audit(b), '{');
		cr_expect(talk_is(answer, "deny"), "%s", damages[i].what);
		cr_expect_str_eq(talk_word(answer, "reason"), damages[i].reason,
		    "%s: %s", damages[i].what, answer);
		cr_assert_not_null(line);
		cr_expect_str_eq(talk_word(line, "user"), "alice");
		cr_expect_str_eq(talk_word(line, "verdict"), "deny");
		cr_expect_str_eq(talk_word(line, "reason"), damages[i].reason);
		cr_expect(talk_is(talk_ask(b, "bob",
				      "'request':'login','terminal':true"),
			      "challenge"),
		    "%s", damages[i].what);
		cr_expect_eq(access(path, F_OK), 0, "%s", damages[i].what);
	}
}

Test(faults, full_disk_denies_and_spends_nothing)
{
	struct bastion *b;
	const char *secret, *code;
	char *filler;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	bastion_tiny_disk(b);
	secret = fixture_enrol(b, "alice");
	code = code_at(secret, step_now());
	filler = text("%s/filler", b->store);
	run(ARGV("dd", "if=/dev/zero", text("of=%s", filler), "bs=4k"), NULL,
	    0);
	r = ssh_with_code(b, "alice", code, "echo inside");
	assert_status(r, 75);
	cr_assert_str_empty(r->out);
	assert_says(r->err, "disk");
	cr_assert_eq(unlink(filler), 0);
	assert_status(ssh_with_code(b, "alice", code, "true"), 0);
	bastion_keeper_stop(b);
	run(ARGV("umount", b->store), NULL, 0);
}

Test(faults, read_only_disk_denies_and_spends_nothing)
{
	struct bastion *b;
	const char *secret, *code;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	bastion_tiny_disk(b);
	secret = fixture_enrol(b, "alice");
	assert_status(
	    run(ARGV("mount", "-o", "remount,ro", b->store), NULL, 0), 0);
	code = code_at(secret, step_now());
	r = ssh_with_code(b, "alice", code, "echo inside");
	assert_status(r, 75);
	cr_assert_str_empty(r->out);
	assert_says(r->err, "read-only");
	assert_status(
	    run(ARGV("mount", "-o", "remount,rw", b->store), NULL, 0), 0);
	assert_status(ssh_with_code(b, "alice", code, "true"), 0);
	bastion_keeper_stop(b);
	run(ARGV("umount", b->store), NULL, 0);
}
