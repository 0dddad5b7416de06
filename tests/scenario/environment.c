/*
 * Only the variables that login_read names change what the gate does, and none
 * runs code before it. This holds with the drop-in as it is, and in the worst
 * case, where the rest of sshd's configuration lets a client and a user's files
 * set any variable.
 */
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/scenario/hostile.h"
#include "tests/scenario/scenario.h"

Scenarios(environment);

#define ALL_ACCEPTED "Match all\n    AcceptEnv *\n"
#define USERS_OWN    "PermitUserEnvironment yes\n"
#define BY_SSH       40 /* variables of one login, at most */
#define BY_HAND      6  /* of one program */

/* Exempt from an address that nobody has; required from all others. */
#define ELSEWHERE                                            \
	"{'name':'elsewhere','users':['*'],'mode':'exempt'," \
	"'from':['192.0.2.0/24']}," REQUIRED

/*
 * How many entries of the table, from this one on, share a login: plain ones
 * do.
 */
static size_t
together(size_t from, size_t most)
{
	size_t n = 1;

	while (hostile_table[from].kind == HOSTILE_PLAIN && n < most &&
	    from + n < hostile_count &&
	    hostile_table[from + n].kind == HOSTILE_PLAIN)
		n++;
	return n;
}

/*
 * Starts the gate by hand, without sshd's SetEnv, with count entries of the
 * table.
 */
static struct run *
by_hand(const struct hostile *hostile, size_t count, const char *folder,
    const char *const program[])
{
	const char *argv[BY_HAND * HOSTILE_SET + 20] = {"env"};
	size_t n = 1;

	cr_assert_leq(count, BY_HAND);
	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < HOSTILE_SET && hostile[i].set[j] != NULL;
		     j++)
			argv[n++] = hostile_text(hostile[i].set[j], folder);
	for (size_t i = 0; i < 18 && program[i] != NULL; i++)
		argv[n++] = program[i];
	return run(argv, NULL, 0);
}

#define AS_ALICE "setpriv", "--reuid=alice", "--regid=alice", "--init-groups"

/* The attack works on a bare shell, so the tests below prove something. */
Test(environment, of_the_attacker_takes_a_bare_shell)
{
	struct bastion *b;
	char *folder;

	needs_people();
	b = bastion_open(.no_gate = true);
	folder = hostile_folder(b);
	for (size_t i = 0; i < hostile_count; i++) {
		const struct hostile *hostile = &hostile_table[i];
		struct run *r;

		if (hostile->kind != HOSTILE_RUNS)
			continue;
		r = by_hand(hostile, 1, folder,
		    ARGV(AS_ALICE, "bash", "-c", "/bin/true"));
		cr_expect(hostile_ran(folder) || r->status != 0,
		    "%s is harmless", hostile->set[0]);
	}
}

/* ssh's option "SetEnv=..." with count entries of the table. */
static char *
sent(const struct hostile *hostile, size_t count, const char *folder)
{
	char *option = text("%s", "SetEnv=");

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < HOSTILE_SET && hostile[i].set[j] != NULL;
		     j++)
			option = text("%s %s", option,
			    word_of_setenv(
				hostile_text(hostile[i].set[j], folder)));
	return option;
}

/* Compares a login with these variables to one without. */
static void
assert_like(const struct run *r, const struct run *plain,
    const struct hostile *hostile, const char *folder)
{
	const char *name = hostile->set[0];

	cr_expect_not(hostile_ran(folder), "%s ran code", name);
	if (plain->status != 0)
		cr_expect(strstr(r->out, "inside") == NULL, "%s opened", name);
	if (hostile->kind == HOSTILE_LOADER)
		return;
	cr_expect_eq(r->status, plain->status, "%s: status %d: %s", name,
	    r->status, r->err);
	cr_expect_str_eq(r->out, plain->out, "%s", name);
	cr_expect(strstr(r->err, plain->err) != NULL, "%s: %s", name, r->err);
}

static void
assert_all_alike(const struct bastion *b, const char *folder, int status)
{
	const char *command = "/bin/echo inside";
	struct run *plain = ssh_run(b, b->me, NULL, command, NULL);

	assert_status(plain, status);
	for (size_t i = 0, n; i < hostile_count; i += n) {
		const struct hostile *hostile = &hostile_table[i];
		const char *option;
		struct run *r;

		n = together(i, BY_SSH);
		/* After a pass, what the loader or a shell does with one's own
		 * variables is one's own; and sanitizers need a loader that
		 * nobody talks to. */
		if (hostile->kind == HOSTILE_LOADER &&
		    (status == 0 || getenv("ASAN_OPTIONS") != NULL))
			continue;
		option = sent(hostile, n, folder);
		r = ssh_run(b, b->me, ARGV("-o", option), command, NULL);
		if (status == 0)
			hostile_ran(folder);
		assert_like(r, plain, hostile, folder);
	}
}

Test(environment, of_a_client_opens_nothing_without_a_code)
{
	struct bastion *b = bastion_open(.rules = ELSEWHERE,
	    .before = USERS_OWN, .after = ALL_ACCEPTED);

	fixture_enrol(b, b->me);
	assert_all_alike(b, hostile_folder(b), 76);
}

Test(environment, of_a_client_takes_nothing_from_one_who_passes)
{
	struct bastion *b = bastion_open(.rules = RULE("exempt"),
	    .before = USERS_OWN, .after = ALL_ACCEPTED);

	assert_all_alike(b, hostile_folder(b), 0);
}

/* A client cannot set what sshd itself says. */
Test(environment, of_sshd_cannot_be_forged)
{
	struct bastion *b = bastion_open(.rules = ELSEWHERE,
	    .after = ALL_ACCEPTED);
	const char *secret = fixture_enrol(b, b->me);
	struct run *r = ssh_run(b, b->me,
	    ARGV("-o",
		"SetEnv=\"SSH_CONNECTION=192.0.2.1 1 127.0.0.1 22\" "
		"SSH_USER_AUTH=/dev/null SSH_ORIGINAL_COMMAND=other"),
	    "echo inside", NULL);

	assert_status(r, 76);
	cr_assert_str_empty(r->out);
	assert_never_says(fixture_audit(b), "192.0.2.1");
	assert_never_says(fixture_audit(b), "other");
	r = ssh_run(b, b->me,
	    ARGV("-o",
		text("SetEnv=TFA_CODE=%s SSH_ORIGINAL_COMMAND=other "
		     "\"SSH_CONNECTION=192.0.2.1 1 127.0.0.1 22\"",
		    code_at(secret, step_now()))),
	    "echo \"$SSH_CONNECTION\"", NULL);
	assert_status(r, 0);
	assert_never_says(r->out, "192.0.2.1");
}

/*
 * The environment of a session, without the variables that a client may choose.
 */
static char *
session_environment(
    const struct bastion *b, const char *user, const char *option)
{
	struct run *r = ssh_run(b, user, ARGV("-o", option),
	    "tr '\\0' '\\n' </proc/$$/environ | grep -v -e ^SSH_ -e ^LC_ | "
	    "sort",
	    NULL);

	assert_status(r, 0);
	return r->out;
}

/* One entry as the lines of a file. */
static char *
lines_of(const struct hostile *hostile, const char *folder)
{
	char *lines = text("%s", "");

	for (size_t i = 0; i < HOSTILE_SET && hostile->set[i] != NULL; i++)
		lines = text(
		    "%s%s\n", lines, hostile_text(hostile->set[i], folder));
	return lines;
}

/* One entry as options of a key in authorized_keys. */
static char *
key_options(const struct hostile *hostile, const char *folder)
{
	char *options = text("%s", "");

	for (size_t i = 0; i < HOSTILE_SET && hostile->set[i] != NULL; i++)
		options = text("%s%senvironment=\"%s\"", options,
		    i > 0 ? "," : "", hostile_text(hostile->set[i], folder));
	return options;
}

static char *
file_of(const char *user, const char *name)
{
	return text("/home/%s/%s", user, name);
}

Test(environment, of_a_session_is_neither_the_clients_nor_the_users)
{
	struct bastion *b;
	char *folder, *plain, *file;

	needs_people();
	b = bastion_open(.rules = RULE("exempt"), .before = "AcceptEnv *\n");
	folder = hostile_folder(b);
	plain = session_environment(b, "user17", "LogLevel=ERROR");
	file = file_of("user17", ".ssh/environment");
	write_text(file, "FROM_A_FILE=1\n");
	cr_expect_str_eq(session_environment(b, "user17",
			     text("%s TFA_CODE=123456",
				 sent(hostile_table, hostile_count, folder))),
	    plain);
	cr_expect_not(hostile_ran(folder));
	unlink(file);
}

/*
 * A user's file, left by an earlier session, must run nothing before the gate.
 */
Test(environment, of_a_users_file_runs_nothing_before_the_gate)
{
	struct bastion *b;
	struct run *plain;
	char *folder, *file;

	needs_people();
	b = bastion_open(.rules = REQUIRED, .before = USERS_OWN);
	fixture_enrol(b, "user17");
	folder = hostile_folder(b);
	file = file_of("user17", ".ssh/environment");
	plain = ssh_run(b, "user17", NULL, "echo inside", NULL);
	assert_status(plain, 76);
	for (size_t i = 0; i < hostile_count; i++) {
		if (hostile_table[i].kind != HOSTILE_RUNS)
			continue;
		write_text(file, lines_of(&hostile_table[i], folder));
		assert_like(ssh_run(b, "user17", NULL, "echo inside", NULL),
		    plain, &hostile_table[i], folder);
	}
	unlink(file);
}

Test(environment, of_a_key_runs_nothing_before_the_gate)
{
	struct bastion *b;
	struct run *plain;
	char *folder, *file, *key;

	needs_people();
	b = bastion_open(.rules = REQUIRED, .before = USERS_OWN);
	fixture_enrol(b, "user18");
	folder = hostile_folder(b);
	file = file_of("user18", ".ssh/authorized_keys");
	key = read_text(file);
	plain = ssh_run(b, "user18", NULL, "echo inside", NULL);
	assert_status(plain, 76);
	for (size_t i = 0; i < hostile_count; i++) {
		if (hostile_table[i].kind != HOSTILE_RUNS)
			continue;
		write_text(file,
		    text("%s %s", key_options(&hostile_table[i], folder), key));
		assert_like(ssh_run(b, "user18", NULL, "echo inside", NULL),
		    plain, &hostile_table[i], folder);
	}
	write_text(file, key);
}

/*
 * PAM as Debian 12 ships it, for the servers that this test starts from now on.
 */
static void
pam_reads_files_of_users(void)
{
	const char *service = "/etc/pam.d/sshd";
	char *file = text("%s/pam.%d", getenv("TFA_WORK"), (int)getpid());

	write_text(file,
	    text("%ssession required pam_env.so user_readenv=1\n",
		read_text(service)));
	cr_assert_eq(unshare(CLONE_NEWNS), 0);
	cr_assert_eq(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	cr_assert_eq(mount(file, service, NULL, MS_BIND, NULL), 0);
	cr_assert_eq(unlink(file), 0);
}

Test(environment, of_pam_runs_nothing_before_the_gate)
{
	struct bastion *b, *plain;
	struct run *r;
	char *folder, *file;

	needs_people();
	pam_reads_files_of_users();
	plain = bastion_open(.no_gate = true, .before = "UsePAM yes\n");
	b = bastion_open(.rules = REQUIRED, .before = "UsePAM yes\n");
	fixture_enrol(b, "user17");
	folder = hostile_folder(b);
	file = file_of("user17", ".pam_environment");
	write_text(file,
	    text(
		"GCONV_PATH DEFAULT=%s\nLC_ALL DEFAULT=C.UTF-8\n"
		"BASH_ENV DEFAULT=%s/script\nLD_PRELOAD DEFAULT=%s/hostile.so\n",
		folder, folder, folder));
	r = ssh_run(plain, "user17", NULL, "echo inside", NULL);
	cr_assert(hostile_ran(folder), "the attack does not work: %s", r->err);
	r = ssh_run(b, "user17", NULL, "echo inside", NULL);
	assert_status(r, 76);
	cr_expect_str_empty(r->out);
	cr_expect_not(hostile_ran(folder));
	unlink(file);
}

/* Each program must behave as it does without the variables. */
static void
assert_same_by_hand(const char *folder, const char *const program[], int status)
{
	struct run *plain = by_hand(NULL, 0, folder, program);

	assert_status(plain, status);
	for (size_t i = 0, n; i < hostile_count; i += n) {
		n = together(i, BY_HAND);
		if (hostile_table[i].kind == HOSTILE_PLAIN)
			assert_like(
			    by_hand(&hostile_table[i], n, folder, program),
			    plain, &hostile_table[i], folder);
	}
}

static char *
installed(const char *name)
{
	return text("%s/%s", getenv("TFA_PROGRAMS"), name);
}

/* The file in which sshd names alice's key. */
static char *
key_file(const struct bastion *b)
{
	char *path = text("%s/auth", b->dir);

	write_text(path,
	    text("publickey %s",
		read_text(text("%s/alice.pub", getenv("TFA_KEYS")))));
	assert_status(run(ARGV("chown", "alice", path), NULL, 0), 0);
	cr_assert_eq(chmod(path, 0600), 0);
	return path;
}

Test(environment, of_the_gate_is_what_login_read_names)
{
	struct bastion *b;

	needs_people();
	b = bastion_open(.rules = REQUIRED);
	fixture_enrol(b, "alice");
	assert_same_by_hand(hostile_folder(b),
	    ARGV(AS_ALICE, "env", text("SSH_USER_AUTH=%s", key_file(b)),
		installed("tfa-gate"), "--socket", b->socket),
	    76);
}

/* An option behind an operand counts even with POSIXLY_CORRECT. */
Test(environment, of_tfa_admin_changes_no_answer)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);

	fixture_enrol(b, b->me);
	assert_same_by_hand(hostile_folder(b),
	    ARGV(installed("tfa-admin"), b->embedded ? "--store" : "--socket",
		b->embedded ? b->store : b->socket, "users", "--state",
		"enrolled"),
	    0);
}

/*
 * A stand-in for the keeper, beside a copy of tfa-admin, writes down its
 * environment.
 */
Test(environment, of_an_embedded_keeper_is_empty)
{
	struct bastion *b = bastion_open(.rules = REQUIRED);
	char *bin = text("%s/bin", b->dir), *seen = text("%s/seen", b->dir);

	cr_assert_eq(mkdir(bin, 0755), 0);
	assert_status(run(ARGV("cp", installed("tfa-admin"), bin), NULL, 0), 0);
	write_text(text("%s/tfa-keeper", bin),
	    text("#!/bin/sh\ncat /proc/$$/environ >%s\n", seen));
	cr_assert_eq(chmod(text("%s/tfa-keeper", bin), 0755), 0);
	assert_status(
	    run(ARGV("env", "A=b", text("%s/tfa-admin", bin), "--store",
		    text("%s/of-its-own", b->dir), "users"),
		NULL, 0),
	    69);
	cr_assert_str_empty(read_text(seen));
}

/*
 * Root's shell may have set such a variable. The library would be loaded at
 * first use.
 */
Test(environment, of_a_keeper_loads_nothing)
{
	struct bastion *b;
	char *folder;

	needs_people();
	b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	fixture_enrol(b, "alice");
	folder = hostile_folder(b);
	setenv("OPENSSL_CONF", text("%s/openssl.cnf", folder), 1);
	assert_status(run(ARGV("openssl", "list", "-providers"), NULL, 0), 0);
	cr_assert(hostile_ran(folder), "the attack does not work");
	bastion_keeper_start(b);
	unsetenv("OPENSSL_CONF");
	assert_status(ssh_with_code(b, "alice", "123456", "true"), 77);
	cr_assert_not(hostile_ran(folder));
}
