/* Only the keeper can see a secret, once the phone has it. */
#include <dirent.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "tests/support/talk.h"
#include "store/base/cleanup.h"
#include "tests/scenario/scenario.h"

Scenarios(secrets);

static char *
program(const char *name)
{
	return text("%s/%s", getenv("TFA_PROGRAMS"), name);
}

/*
 * The gate loads no library that a login could replace, and no libcrypto. A
 * sanitizer's build is an ordinary dynamic program.
 */
Test(secrets, gate_loads_nothing)
{
	struct run *r = run(ARGV("ldd", program("tfa-gate")), NULL, 0);

	assert_status(r, 0);
	assert_never_says(r->out, "libcrypto");
	if (getenv("ASAN_OPTIONS") == NULL)
		assert_says(r->out, "statically linked");
}

Test(secrets, nothing_is_setuid)
{
	static const char *const names[] = {
	    "tfa-gate", "tfa", "tfa-qr", "tfa-keeper", "tfa-admin"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char *path = program(names[i]);
		struct stat st;

		cr_assert_eq(stat(path, &st), 0, "no %s", path);
		cr_assert_eq(st.st_mode & (S_ISUID | S_ISGID), 0, "%s", path);
		cr_assert_lt(getxattr(path, "security.capability", NULL, 0), 0);
	}
}

/* Runs a shell command as a user who got in somehow. */
static struct run *
as(const char *user, const char *command)
{
	return run(
	    ARGV("setpriv", text("--reuid=%s", user), text("--regid=%s", user),
		"--init-groups", "sh", "-c", command),
	    NULL, 0);
}

/* The user cannot read the path, nor see whether it exists. */
static void
assert_closed(const char *user, const char *path)
{
	struct run *r = as(user, text("cat %s", path));

	cr_assert_neq(r->status, 0, "%s reads %s", user, path);
	cr_assert_str_empty(r->out);
	assert_says(r->err, "Permission denied");
}

Test(secrets, store_is_closed_to_users)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fixture_enrol(b, "alice");
	assert_status(ssh_run(b, "alice", NULL, "true", NULL), 76);
	assert_closed("alice", text("%s/users/alice.json", b->store));
	assert_closed("bob", text("%s/users/alice.json", b->store));
	assert_closed("alice", text("%s/audit.jsonl", b->store));
	r = as("alice", text("ls %s; rm -rf %s", b->store, b->store));
	cr_assert_str_empty(r->out);
	cr_assert_not_null(fixture_record(b, "alice"));
}

Test(secrets, files_of_the_store_are_the_keepers_alone)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	struct run *r;

	fixture_enrol(b, b->me);
	assert_status(ssh_run(b, b->me, NULL, "true", NULL), 76);
	r = run(
	    ARGV("find", b->store, "(", "-perm", "/077", "-o", "!", "-user",
		b->embedded ? b->me : "_tfa", ")", "!", "-name", "policy.json"),
	    NULL, 0);
	assert_status(r, 0);
	cr_assert_str_empty(r->out);
}

Test(secrets, keepers_memory_is_closed_to_users)
{
	static const char *const files[] = {
	    "environ", "maps", "mem", "auxv", "syscall", "stack"};
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fixture_enrol(b, "alice");
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		assert_closed(
		    "alice", text("/proc/%d/%s", b->keeper, files[i]));
	cr_assert_neq(
	    as("alice",
		text("ls /proc/%d/fd /proc/%d/root/", b->keeper, b->keeper))
		->status,
	    0);
}

/* It is not dumpable, so even another process of _tfa cannot trace it. */
Test(secrets, keeper_runs_as_its_own_user_and_leaves_no_core)
{
	struct bastion *b;
	char *status, *limits;
	struct stat st;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	status = read_text(text("/proc/%d/status", b->keeper));
	limits = read_text(text("/proc/%d/limits", b->keeper));
	assert_says(status, "\nUid:\t2000\t2000\t2000\t2000\n");
	assert_says(status, "\nGid:\t2000\t2000\t2000\t2000\n");
	assert_says(status, "\nCapEff:\t0000000000000000\n");
	assert_says(status, "\nCapPrm:\t0000000000000000\n");
	assert_says(limits, "Max core file size        0                    0");
	cr_assert_eq(stat(text("/proc/%d/environ", b->keeper), &st), 0);
	cr_assert_eq(st.st_uid, 0, "dumpable: its files are its user's");
}

/* The keeper's log says what this kernel cannot do. */
Test(secrets, keeper_gives_up_what_it_does_not_need)
{
	struct bastion *b;
	char *status;
	int fd;

	needs_people();
	fd = dup2(2, 77);
	b = bastion_open(.rules = REQUIRED);
	assert_status(bastion_admin(b, ARGV("users")), 0);
	status = read_text(text("/proc/%d/status", b->keeper));
	assert_says(status, "\nNoNewPrivs:\t1\n");
	assert_says(status, "\nSeccomp:\t2\n");
	cr_assert_eq(access(text("/proc/%d/fd/0", b->keeper), F_OK), 0);
	cr_assert_eq(fd, 77);
	cr_assert_neq(access(text("/proc/%d/fd/77", b->keeper), F_OK), 0);
}

/* Looks through the command line and environment of every process. */
static void
assert_in_no_process(const char *secret)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	cr_assert_not_null(proc);
	while ((entry = readdir(proc)) != NULL) {
		char *files = text("/proc/%s/cmdline /proc/%s/environ",
		    entry->d_name, entry->d_name);
		struct run *r;

		if (strspn(entry->d_name, "0123456789") == 0 ||
		    strtol(entry->d_name, NULL, 10) == getpid())
			continue;
		r = run(ARGV("sh", "-c", text("cat %s | tr '\\0' ' '", files)),
		    NULL, 0);
		assert_never_says(r->out, secret);
	}
	closedir(proc);
}

Test(secrets, secret_is_in_no_command_line)
{
	struct bastion *b = bastion_open(.rules = REQUIRED,
	    .more = "'enrollment':{'self':'always'}");
	struct session *s = session_open(b, b->me, NULL, NULL);
	const char *uri;

	session_expect(s, PROMPT);
	uri = screen_qr(s->seen);
	cr_assert_not_null(uri);
	assert_in_no_process(uri_parameter(uri, "secret"));
	session_kill(s);
}

Test(secrets, logs_name_neither_secret_nor_code)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	const char *secret = fixture_enrol(b, b->me);
	const char *wrong = code_wrong(secret);
	const char *code = code_at(secret, step_now());
	char *logs;

	ssh_with_code(b, b->me, wrong, "true");
	assert_status(ssh_with_code(b, b->me, code, "true"), 0);
	logs = text("%s%s%s", fixture_audit(b), read_text(b->log),
	    read_text(text("%s/keeper.log", b->dir)));
	assert_says(fixture_audit(b), "pass");
	assert_never_says(logs, secret);
	assert_never_says(fixture_audit(b), code);
	assert_never_says(fixture_audit(b), wrong);
}

/* A name in a message is only a claim; the kernel tells the keeper who asks. */
Test(secrets, another_user_gets_no_answer_for_alice)
{
	struct bastion *b;
	struct run *r;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fixture_enrol(b, "alice");
	r = as("bob",
	    text("%s --socket %s revoke alice --yes", program("tfa-admin"),
		b->socket));
	cr_assert_neq(r->status, 0);
	assert_says(fixture_record(b, "alice"), "\"secret\"");
	r = as("bob",
	    text(
		"%s --socket %s users alice", program("tfa-admin"), b->socket));
	cr_assert_neq(r->status, 0);
	cr_assert_str_empty(r->out);
}

/* The keeper's answer to a login of this uid, or NULL. */
static const char *
login_of(const struct bastion *b, uid_t uid)
{
	static const char login[] = "{\"v\":1,\"request\":\"login\"}";
	scoped_fd int fd = talk_open_as(b, uid);

	cr_assert_geq(fd, 0);
	talk_send(fd, login, sizeof(login) - 1);
	return talk_receive(fd, TALK_LIMIT_MS);
}

Test(secrets, keeper_lets_nobody_in_who_is_no_user)
{
	static const uid_t strangers[] = {54321, 65534};
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"));
	for (size_t i = 0; i < 2; i++) {
		const char *answer = login_of(b, strangers[i]);

		cr_expect(
		    talk_is(answer, "deny"), "%u: %s", strangers[i], answer);
		cr_expect_str_eq(talk_word(answer, "reason"), "unknown_user");
	}
	cr_expect(
	    talk_is(login_of(b, fixture_person("alice")->pw_uid), "pass"));
}

Test(secrets, users_are_refused_each_request_of_an_admin)
{
	static const char *const requests[] = {
	    "'request':'users'",
	    "'request':'users','user':'alice'",
	    "'request':'explain','user':'alice'",
	    "'request':'log'",
	    "'request':'revoke','user':'alice'",
	    "'request':'unlock','user':'alice'",
	    "'request':'code','user':'alice','use':'enroll'",
	    "'request':'code','user':'alice','use':'pass'",
	    "'request':'enroll','user':'bob'",
	    "'request':'import','user':'bob','import':{'algorithm':'SHA1',"
	    "'digits':6,'period':30,'last_step':'0',"
	    "'secret':'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ'}",
	    "'request':'note','detail':'nothing'",
	};
	struct bastion *b;
	char *before;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fixture_enrol(b, "alice");
	before = fixture_record(b, "alice");
	for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
		char *answer = talk_ask(b, "bob", requests[i]);

		cr_expect_str_eq(talk_word(answer, "reason"), "not_allowed",
		    "%s: %s", requests[i], answer);
	}
	cr_expect_str_eq(fixture_record(b, "alice"), before);
	cr_expect_null(fixture_record(b, "bob"));
}
