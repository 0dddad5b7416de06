/*
 * pam_tfa.so, by an application of PAM's: what each answer of the keeper's
 * becomes, and what the user, the keeper and the application can do to it.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store/base/cleanup.h"
#include "tests/scenario/scenario.h"
#include "tests/support/apply.h"
#include "tests/support/door.h"
#include "tests/support/talk.h"

#define AFTER_CODE "'forwarding':'after-code'"
#define OPEN       "'forwarding':'open'"
#define KEY        "SSH_AUTH_INFO_0=publickey ssh-ed25519 AAAA\n"

Scenarios(pam);

/* A bastion where alice has a device, and its secret. */
static struct bastion *
enrolled(const char **ret_secret)
{
	struct bastion *b = bastion_open(.rules = REQUIRED, .more = AFTER_CODE);

	*ret_secret = fixture_enrol(b, "alice");
	return b;
}

#define assert_pam(result, wanted)                                     \
	do {                                                           \
		int result_ = (result);                                \
		cr_assert_eq(result_, (wanted), "PAM says %d, not %d", \
		    result_, (wanted));                                \
	} while (0)

Test(pam, right_code_passes_with_one_prompt)
{
	const char *secret;
	struct bastion *b;
	struct apply a;

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "alice", "");
	a.answer = code_at(secret, step_now());
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	cr_assert_eq(a.prompts, 1);
	cr_assert_str_eq(a.said, "Verification code: \n");
	cr_assert_eq(strlen(apply_token(&a)), strlen("pam/") + 32);
	assert_pam(apply_account(&a), PAM_SUCCESS);
	cr_assert_eq(a.prompts, 0);
	cr_assert_eq(fixture_audit_count(b, "\"door\":true"), 1);
	apply_close(&a);
}

Test(pam, wrong_code_is_refused_and_names_no_connection)
{
	const char *secret;
	struct bastion *b;
	struct apply a;

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "alice", "");
	a.answer = code_wrong(secret);
	assert_pam(apply_auth(&a), PAM_AUTH_ERR);
	cr_assert_str_eq(a.said, "Verification code: \nWrong code.\n");
	cr_assert_str_empty(apply_token(&a));
	assert_pam(apply_account(&a), PAM_PERM_DENIED);
	/* The next call asks again, for the right one. */
	a.answer = code_at(secret, step_now());
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	apply_close(&a);
}

Test(pam, code_works_once)
{
	const char *secret;
	struct bastion *b;
	struct apply a;

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "alice", "");
	a.answer = code_at(secret, step_now());
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	apply_close(&a);
	a = apply_open(b, "alice", "");
	a.answer = code_at(secret, step_now());
	cr_assert_neq(apply_auth(&a), PAM_SUCCESS);
	apply_close(&a);
}

/* Account refuses where authentication was left out, or the name is not that of
 * this connection. */
Test(pam, account_lets_in_only_the_connection_that_gave_the_code)
{
	static const char *const others[] = {"SSH_CONNECTION",
	    "SSH_CONNECTION=192.0.2.7 40001 192.0.2.1 2222",
	    "SSH_CONNECTION=192.0.2.8 40000 192.0.2.1 2222",
	    "SSH_CONNECTION=garbage", "TFA_CONNECTION",
	    "TFA_CONNECTION=pam/00000000000000000000000000000000",
	    "TFA_CONNECTION=", "TFA_CONNECTION=/tmp/sshauth.x",
	    "SSH_AUTH_INFO_0=publickey ssh-ed25519 BBBB\n"};
	const char *secret;
	char *token;
	struct bastion *b;
	struct apply a;

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "alice", "");
	apply_set(&a, KEY);
	assert_pam(apply_account(&a), PAM_PERM_DENIED);
	a.answer = code_at(secret, step_now());
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	token = text("TFA_CONNECTION=%s", apply_token(&a));
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		apply_set(&a, others[i]);
		cr_expect_eq(
		    apply_account(&a), PAM_PERM_DENIED, "%s", others[i]);
		apply_set(&a, "SSH_CONNECTION=" APPLY_FROM);
		apply_set(&a, token);
		apply_set(&a, KEY);
		assert_pam(apply_account(&a), PAM_SUCCESS);
	}
	apply_close(&a);
}

/* Nobody else gets in by the name of alice's connection. */
Test(pam, account_is_of_the_user_who_gave_the_code)
{
	const char *secret;
	struct bastion *b;
	struct apply a, other;

	needs_door();
	b = enrolled(&secret);
	fixture_enrol(b, "bob");
	a = apply_open(b, "alice", "");
	a.answer = code_at(secret, step_now());
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	other = apply_open(b, "bob", "");
	apply_set(&other, text("TFA_CONNECTION=%s", apply_token(&a)));
	assert_pam(apply_account(&other), PAM_PERM_DENIED);
	apply_close(&other);
	apply_close(&a);
}

static const struct {
	const char *rules, *more;
	int result;
	const char *said;
} states[] = {
    {RULE("exempt"), OPEN, PAM_SUCCESS, ""},
    {RULE("exempt"), AFTER_CODE, PAM_MAXTRIES, "after a verification code"},
    {RULE("exempt"), "'forwarding':'closed'", PAM_MAXTRIES, "forwarding"},
    {RULE("optional"), OPEN, PAM_SUCCESS, ""},
    {RULE("optional"), AFTER_CODE, PAM_MAXTRIES, "after a verification code"},
    {REQUIRED, OPEN, PAM_MAXTRIES, ""},
    {REQUIRED, AFTER_CODE, PAM_MAXTRIES, ""},
    {"", AFTER_CODE, PAM_MAXTRIES, ""},
};

/* bob has no device. */
Test(pam, who_has_no_device_is_never_asked)
{
	struct bastion *b;

	needs_door();
	b = bastion_open(.rules = REQUIRED);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		struct apply a = apply_open(b, "bob", "");

		a.answer = "123456";
		fixture_write_policy(
		    b, fixture_policy(states[i].rules, states[i].more));
		cr_expect_eq(
		    apply_auth(&a), states[i].result, "%zu: %s", i, a.said);
		cr_expect_eq(a.prompts, 0, "%zu: %s", i, a.said);
		cr_expect_not_null(
		    strstr(a.said, states[i].said), "%zu: %s", i, a.said);
		if (states[i].result == PAM_SUCCESS)
			assert_pam(apply_account(&a), PAM_SUCCESS);
		else
			cr_expect_gt(strlen(a.said), 20, "%zu", i);
		apply_close(&a);
	}
}

Test(pam, locked_user_is_told_and_not_asked_again)
{
	const char *secret;
	struct bastion *b;
	struct apply a;
	int tries = 0, result;

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "alice", "");
	a.answer = code_wrong(secret);
	do
		result = apply_auth(&a);
	while (result == PAM_AUTH_ERR && ++tries < 40);
	assert_pam(result, PAM_MAXTRIES);
	assert_says(a.said, "Too many wrong codes");
	a.answer = code_at(secret, step_now());
	assert_pam(apply_auth(&a), PAM_MAXTRIES);
	assert_says(a.said, "only a recovery code works");
	apply_close(&a);
	/* And whoever has no wrong codes is. */
	secret = fixture_enrol(b, "bob");
	a = apply_open(b, "bob", "");
	a.answer = code_at(secret, step_now());
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	apply_close(&a);
}

Test(pam, keeper_away_is_said)
{
	struct bastion *b;
	struct apply a;

	needs_door();
	b = bastion_open(.rules = RULE("exempt"), .more = OPEN,
	    .no_keeper = true);
	a = apply_open(b, "alice", "");
	assert_pam(apply_auth(&a), PAM_AUTHINFO_UNAVAIL);
	assert_says(a.said, "the keeper cannot be reached: tell your admin");
	assert_never_says(a.said, b->socket);
	cr_assert_eq(a.prompts, 0);
	bastion_keeper_start(b);
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	bastion_keeper_stop(b);
	assert_pam(apply_account(&a), PAM_PERM_DENIED);
	assert_says(a.said, "the keeper cannot be reached");
	apply_close(&a);
}

static void
stop_keeper(void *ctx)
{
	bastion_keeper_stop(ctx);
}

Test(pam, keeper_gone_while_they_type_is_said)
{
	const char *secret;
	struct bastion *b;
	struct apply a;

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "alice", "");
	a.answer = code_at(secret, step_now());
	a.asked = stop_keeper;
	a.ctx = b;
	assert_pam(apply_auth(&a), PAM_AUTHINFO_UNAVAIL);
	assert_says(a.said, "the keeper cannot be reached");
	cr_assert_str_empty(apply_token(&a));
	apply_close(&a);
}

/* Listens as erin where the keeper should, and answers each request with this
 * text: NULL: never, "": by hanging up. */
static pid_t
lie(const struct bastion *b, const char *answer)
{
	const struct passwd *pw = fixture_person("erin");
	struct sockaddr_un here = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	pid_t pid;

	unlink(b->socket);
	memcpy(here.sun_path, b->socket, strlen(b->socket));
	cr_assert_eq(chown(text("%s/run", b->dir), pw->pw_uid, pw->pw_gid), 0);
	/* The kernel says who called listen(). */
	cr_assert_eq(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
	cr_assert_eq(chmod(b->socket, 0666), 0);
	pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0 ||
		    listen(fd, 50) != 0)
			_exit(1);
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		for (;;) {
			char request[4096];
			int peer = accept(fd, NULL, NULL);

			if (answer == NULL)
				continue;
			if (recv(peer, request, sizeof(request), 0) > 0 &&
			    *answer != '\0')
				send(
				    peer, answer, strlen(answer), MSG_NOSIGNAL);
			close(peer);
		}
	}
	close(fd);
	for (int i = 0; i < 1000; i++) {
		fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
		if (connect(fd, (struct sockaddr *)&here, sizeof(here)) == 0)
			break;
		close(fd);
		run_sleep_ms(5);
	}
	close(fd);
	return pid;
}

static void
stop(pid_t pid)
{
	kill(pid, SIGKILL);
	run_wait(pid, 1000);
}

#define PASS "{\"v\":1,\"verdict\":\"pass\",\"reason\":\"exempt\"}"

Test(pam, keeper_of_another_user_is_not_believed)
{
	struct bastion *b;
	struct apply a;
	pid_t liar;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	liar = lie(b, PASS);
	a = apply_open(b, "alice", "");
	assert_pam(apply_auth(&a), PAM_AUTHINFO_UNAVAIL);
	assert_says(a.said, "the keeper cannot be reached: tell your admin");
	apply_close(&a);
	/* And by this argument it would be. */
	a = apply_open(b, "alice", "keeper-user=erin");
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	apply_close(&a);
	stop(liar);
}

Test(pam, lies_that_cannot_be_read_deny)
{
	static const char *const lies[] = {"", "{", "{\"v\":1,\"verdict\":\"pa",
	    "pass", "\xff\xfe", PASS PASS,
	    "{\"v\":1,\"verdict\":\"pass\",\"reason\":\"x\"}"};
	struct bastion *b;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct apply a = apply_open(b, "alice", "keeper-user=erin");
		pid_t liar = lie(b, lies[i]);

		cr_expect_eq(
		    apply_auth(&a), PAM_AUTHINFO_UNAVAIL, "%zu: %s", i, a.said);
		assert_says(a.said, "the keeper cannot be reached");
		apply_close(&a);
		stop(liar);
	}
}

#define CHALLENGE "{\"v\":1,\"verdict\":\"challenge\",\"reason\":\"ask\"}"
#define ENROLL    "{\"v\":1,\"verdict\":\"enroll\",\"reason\":\"setup\"}"

/* A judgement on a code is yes or no. */
Test(pam, answer_that_is_no_judgement_denies)
{
	struct bastion *b;
	struct apply a;
	pid_t liar;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	liar = lie(b, CHALLENGE);
	a = apply_open(b, "alice", "keeper-user=erin");
	a.answer = "123456";
	assert_pam(apply_auth(&a), PAM_MAXTRIES);
	cr_assert_eq(a.prompts, 1);
	stop(liar);
	liar = lie(b, ENROLL);
	assert_pam(apply_auth(&a), PAM_MAXTRIES);
	cr_assert_eq(a.prompts, 0);
	apply_close(&a);
	stop(liar);
}

/* The user's own processes, which are not the test's: none but children of the
 * module are in this test. */
static pid_t
find_child(uid_t uid)
{
	pid_t found = 0;

	for (int i = 0; found == 0 && i < 2000; i++) {
		DIR *proc = opendir("/proc");
		struct dirent *entry;

		while (proc != NULL && (entry = readdir(proc)) != NULL) {
			char *status = read_text(
			    text("/proc/%s/status", entry->d_name));

			if (status != NULL &&
			    strstr(status,
				text("\nUid:\t%u\t%u\t%u\t%u\n", uid, uid, uid,
				    uid)) != NULL &&
			    strstr(status, "\nState:\tZ") == NULL)
				found = atoi(entry->d_name);
			free(status);
		}
		closedir(proc);
		run_sleep_ms(5);
	}
	return found;
}

/* Asks in a process of its own a keeper that never answers; *ret_child: the
 * module's. */
static pid_t
ask_in_vain(const struct bastion *b, const char *user, pid_t *ret_child)
{
	pid_t pid = fork();

	if (pid == 0) {
		struct apply a = apply_open(b, user, "keeper-user=erin");
		int result = apply_auth(&a);

		if (strstr(a.said, "Access denied") == NULL)
			run_child_fails("it said: %s", a.said);
		apply_close(&a);
		_exit(result);
	}
	*ret_child = find_child(fixture_person(user)->pw_uid);
	cr_assert_gt(*ret_child, 0, "no child of %s", user);
	return pid;
}

Test(pam, child_that_its_user_kills_denies)
{
	struct bastion *b;
	pid_t liar, asking, child;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	liar = lie(b, NULL);
	asking = ask_in_vain(b, "user41", &child);
	assert_status(run(ARGV("setpriv", "--reuid=user41", "--clear-groups",
			      "kill", "-9", text("%d", child)),
			  NULL, 0),
	    0);
	cr_assert_eq(run_wait(asking, 5000), PAM_AUTHINFO_UNAVAIL);
	stop(liar);
}

/* Nor does a keeper that is silent hold anybody up for ever. */
Test(pam, silent_keeper_and_stopped_child_deny_in_time)
{
	struct bastion *b;
	pid_t liar, asking[2], child;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	liar = lie(b, NULL);
	asking[0] = ask_in_vain(b, "user42", &child);
	kill(child, SIGSTOP);
	asking[1] = ask_in_vain(b, "user43", &child);
	cr_assert_eq(run_wait(asking[1], 60000), PAM_AUTHINFO_UNAVAIL);
	cr_assert_eq(run_wait(asking[0], 60000), PAM_AUTHINFO_UNAVAIL);
	cr_assert_lt(kill(child, 0), 0);
	stop(liar);
}

/* In a process of the user's. */
static int
try_to_look_into(pid_t child, const struct passwd *pw)
{
	static const char *const files[] = {"mem", "environ", "maps", "fd/0"};
	int status = 0;

	if (setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0)
		return 64;
	if (ptrace(PTRACE_ATTACH, child, NULL, NULL) == 0 || errno != EPERM)
		status |= 1;
	if (ptrace(PTRACE_SEIZE, child, NULL, NULL) == 0 || errno != EPERM)
		status |= 2;
	for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
		if (open(text("/proc/%d/%s", child, files[i]), O_RDONLY) >= 0)
			status |= 4 << i;
	return status;
}

Test(pam, child_cannot_be_traced_by_its_user)
{
	const struct passwd *pw;
	struct bastion *b;
	pid_t liar, asking, child, tracer, other;

	needs_door();
	pw = fixture_person("user44");
	b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	liar = lie(b, NULL);
	asking = ask_in_vain(b, "user44", &child);
	tracer = fork();
	if (tracer == 0)
		_exit(try_to_look_into(child, pw));
	cr_expect_eq(run_wait(tracer, 5000), 0);
	kill(child, SIGKILL);
	cr_expect_eq(run_wait(asking, 5000), PAM_AUTHINFO_UNAVAIL);
	/* Another process of the user's could be. */
	other = fork();
	if (other == 0) {
		if (setgid(pw->pw_gid) != 0 || setuid(pw->pw_uid) != 0)
			_exit(1);
		prctl(PR_SET_DUMPABLE, 1);
		run_sleep_ms(60000);
		_exit(0);
	}
	cr_assert_eq(find_child(pw->pw_uid), other);
	run_sleep_ms(50);
	tracer = fork();
	if (tracer == 0)
		_exit(try_to_look_into(other, pw));
	cr_expect_neq(run_wait(tracer, 5000), 0);
	stop(other);
	stop(liar);
}

/* A line of /proc/PID/status. */
static const char *
status_of(pid_t pid, const char *key)
{
	const char *status = read_text(text("/proc/%d/status", pid));
	const char *line = status != NULL ? strstr(status, text("\n%s:", key))
					  : NULL;

	cr_assert_not_null(line, "no %s", key);
	line += strlen(key) + 2;
	return text("%.*s", (int)strcspn(line, "\n"), line);
}

static int
count_entries(const char *folder)
{
	DIR *dir = opendir(folder);
	int count = 0;

	cr_assert_not_null(dir, "%s", folder);
	while (readdir(dir) != NULL)
		count++;
	closedir(dir);
	return count - 2;
}

static void
collect_all(int number)
{
	int saved = errno;

	(void)number;
	while (waitpid(-1, NULL, WNOHANG) > 0)
		;
	errno = saved;
}

/* An application's own signals and groups. */
static void
set_up_application(void)
{
	const gid_t groups[] = {3001, 3002};
	sigset_t set;

	cr_assert_eq(setgroups(2, groups), 0);
	signal(SIGUSR1, collect_all);
	signal(SIGUSR2, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGALRM);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

/* The signals of that line, as bits; from 32 on they are libc's own. */
static unsigned long long
signals_of(pid_t pid, const char *key)
{
	return strtoull(status_of(pid, key), NULL, 16) & 0x7fffffff;
}

Test(pam, child_keeps_nothing_of_roots)
{
	const struct passwd *pw;
	struct bastion *b;
	pid_t liar, asking, child;
	char *fds;

	needs_door();
	pw = fixture_person("user45");
	b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	liar = lie(b, NULL);
	set_up_application();
	asking = ask_in_vain(b, "user45", &child);
	fds = text("/proc/%d/fd", child);
	for (int i = 0; i < 1000 && count_entries(fds) != 2; i++)
		run_sleep_ms(5);
	cr_expect_str_eq(status_of(child, "Gid"),
	    text("\t%u\t%u\t%u\t%u", pw->pw_gid, pw->pw_gid, pw->pw_gid,
		pw->pw_gid));
	cr_expect_eq(strspn(status_of(child, "Groups"), "\t "),
	    strlen(status_of(child, "Groups")));
	cr_expect_str_eq(status_of(child, "CapEff"), "\t0000000000000000");
	cr_expect_str_eq(status_of(child, "CapPrm"), "\t0000000000000000");
	cr_expect_eq(signals_of(child, "SigCgt"), 0);
	cr_expect_eq(signals_of(child, "SigIgn"), 0);
	cr_expect_str_eq(status_of(child, "SigBlk"), "\t0000000000000000");
	assert_says(read_text(text("/proc/%d/limits", child)),
	    "Max core file size        0                    0 ");
	/* The pipe, and the keeper's socket. */
	cr_expect_eq(count_entries(fds), 2);
	kill(child, SIGKILL);
	run_wait(asking, 5000);
	stop(liar);
}

Test(pam, leaves_no_descriptor_and_no_child)
{
	const char *secret;
	struct bastion *b;
	struct apply a;
	int before;

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "alice", "");
	a.answer = "";
	apply_auth(&a);
	before = count_entries("/proc/self/fd");
	for (int i = 0; i < 20; i++)
		assert_pam(apply_auth(&a), PAM_AUTH_ERR);
	a.fails = true;
	for (int i = 0; i < 5; i++)
		assert_pam(apply_auth(&a), PAM_CONV_ERR);
	cr_assert_eq(count_entries("/proc/self/fd"), before);
	/* sshd and the keeper run; one that had ended would be found here. */
	cr_assert_eq(waitpid(-1, NULL, WNOHANG), 0);
	apply_close(&a);
}

/* Applications collect their children by a handler, or let the kernel. */
Test(pam, works_however_the_application_treats_children)
{
	static void (*const ways[])(int) = {SIG_DFL, SIG_IGN, collect_all};

	needs_door();
	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *secret;
		struct bastion *b = enrolled(&secret);
		const char *right = code_at(secret, step_now());
		const char *wrong = code_wrong(secret);
		struct sigaction action = {.sa_handler = ways[i]}, now;
		struct apply a = apply_open(b, "alice", "");
		int results[2];

		sigaction(SIGCHLD, &action, NULL);
		a.answer = wrong;
		results[0] = apply_auth(&a);
		a.answer = right;
		results[1] = apply_auth(&a);
		sigaction(SIGCHLD, NULL, &now);
		signal(SIGCHLD, SIG_DFL);
		cr_expect_eq(results[0], PAM_AUTH_ERR, "%zu", i);
		cr_expect_eq(results[1], PAM_SUCCESS, "%zu: %s", i, a.said);
		cr_expect_eq(now.sa_handler, ways[i], "%zu", i);
		apply_close(&a);
	}
}

/* With one right code, which is good once. */
Test(pam, fifty_at_once_and_one_passes)
{
	enum { COUNT = 50 };
	const char *secret, *code;
	struct bastion *b;
	pid_t pids[COUNT];
	int passed = 0, answered = 0;

	needs_door();
	b = enrolled(&secret);
	step_fresh(20);
	code = code_at(secret, step_now());
	for (int i = 0; i < COUNT; i++) {
		pids[i] = fork();
		if (pids[i] == 0) {
			struct apply a = apply_open(b, "alice", "");
			int result;

			a.answer = code;
			result = apply_auth(&a);
			apply_close(&a);
			_exit(result);
		}
	}
	for (int i = 0; i < COUNT; i++) {
		int status = run_wait(pids[i], 90000);

		passed += status == PAM_SUCCESS;
		answered += status == PAM_SUCCESS || status == PAM_AUTH_ERR ||
		    status == PAM_MAXTRIES;
	}
	cr_assert_eq(passed, 1);
	cr_assert_eq(answered, COUNT);
}

/* The module's own copy, in memory that was given back. */
Test(pam, answer_is_wiped)
{
	const char *secret;
	struct bastion *b;
	struct apply a;
	char left[256], typed[sizeof(left)];
	scoped_fd int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "alice", "");
	memset(typed, 'z', sizeof(typed));
	typed[sizeof(typed) - 1] = '\0';
	a.answer = typed;
	assert_pam(apply_auth(&a), PAM_AUTH_ERR);
	cr_assert_eq(
	    pread(memory, left, sizeof(left), (off_t)(uintptr_t)a.given),
	    (ssize_t)sizeof(left));
	/* By now something else in this memory may hold one 'z'. */
	cr_assert_null(memmem(left, sizeof(left), "zzzz", 4));
	apply_close(&a);
}

Test(pam, odd_answers_are_no_code)
{
	const size_t much = 20 << 20;
	const char *secret;
	struct bastion *b;
	struct apply a;
	char *flood;

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "alice", "");
	a.answer = NULL;
	assert_pam(apply_auth(&a), PAM_CONV_ERR);
	a.fails = true;
	assert_pam(apply_auth(&a), PAM_CONV_ERR);
	a.fails = false;
	a.answer = "";
	assert_pam(apply_auth(&a), PAM_AUTH_ERR);
	assert_says(a.said, "That is no code");
	a.answer = "\b\n\r\177INCORRECT";
	assert_pam(apply_auth(&a), PAM_AUTH_ERR);
	flood = malloc(much + 1);
	cr_assert_not_null(flood);
	memset(flood, ' ', much);
	flood[much] = '\0';
	memcpy(flood + much - 6, code_at(secret, step_now()), 6);
	a.answer = flood;
	assert_pam(apply_auth(&a), PAM_AUTH_ERR);
	assert_says(a.said, "That is no code");
	free(flood);
	cr_assert_str_empty(apply_token(&a));
	a.answer = text(" %s\r\n", code_at(secret, step_now()));
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	apply_close(&a);
}

/* One who is not there, beside one who has a device and is wrong. */
Test(pam, user_who_is_not_there_looks_alike)
{
	const char *secret;
	char *said;
	struct bastion *b;
	struct apply a;

	needs_door();
	b = enrolled(&secret);
	for (int keeper = 0; keeper < 2; keeper++) {
		int result;

		a = apply_open(b, "alice", "");
		a.answer = code_wrong(secret);
		result = apply_auth(&a);
		said = text("%s", a.said);
		cr_assert_neq(result, PAM_SUCCESS);
		apply_close(&a);
		a = apply_open(b, "nobody-of-that-name", "");
		a.answer = code_wrong(secret);
		assert_pam(apply_auth(&a), result);
		cr_assert_str_eq(a.said, said);
		apply_close(&a);
		bastion_keeper_stop(b);
	}
}

/* Even a keeper who lets everybody in lets nobody in who is not there. */
Test(pam, user_who_is_not_there_never_passes)
{
	struct bastion *b;
	struct apply a;
	pid_t liar;

	needs_door();
	b = bastion_open(.rules = REQUIRED, .no_keeper = true);
	liar = lie(b, PASS);
	a = apply_open(b, "nobody-of-that-name", "keeper-user=erin");
	assert_pam(apply_auth(&a), PAM_AUTH_ERR);
	apply_set(&a, "TFA_CONNECTION=pam/00000000000000000000000000000000");
	assert_pam(apply_account(&a), PAM_PERM_DENIED);
	apply_close(&a);
	stop(liar);
}

Test(pam, odd_word_of_sshd_is_refused_in_words)
{
	static const char *const odd[] = {"SSH_CONNECTION",
	    "SSH_CONNECTION=", "SSH_CONNECTION=host 1 192.0.2.1 22",
	    "SSH_CONNECTION=192.0.2.7 40000 192.0.2.1",
	    "SSH_AUTH_INFO_0=publickey a \033[2J\n"};
	struct bastion *b;
	struct apply a;
	char *large;

	needs_door();
	b = bastion_open(.rules = RULE("exempt"), .more = OPEN);
	a = apply_open(b, "alice", "");
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		apply_set(&a, odd[i]);
		cr_expect_eq(apply_auth(&a), PAM_MAXTRIES, "%s", odd[i]);
		cr_expect_not_null(
		    strstr(a.said, "Access denied"), "%s", odd[i]);
		apply_set(&a, "SSH_CONNECTION=" APPLY_FROM);
		apply_set(&a, KEY);
		assert_pam(apply_auth(&a), PAM_SUCCESS);
	}
	large = calloc(1, 80000);
	cr_assert_not_null(large);
	memset(large, 'a', 79999);
	memcpy(large, "SSH_AUTH_INFO_0=publickey ", 26);
	apply_set(&a, large);
	assert_pam(apply_auth(&a), PAM_MAXTRIES);
	assert_says(a.said, "too long");
	/* Fits what is read, and no request. */
	large[50000] = '\0';
	apply_set(&a, large);
	assert_pam(apply_auth(&a), PAM_MAXTRIES);
	assert_says(a.said, "too long");
	free(large);
	apply_close(&a);
}

Test(pam, arguments_that_are_not_known_deny)
{
	static const char *const odd[] = {"debug", "Caller", "caller=yes",
	    "nullok", "keeper-user", "socket=relative", "caller caler"};
	struct bastion *b;
	struct apply a;

	needs_door();
	b = bastion_open(.rules = RULE("exempt"), .more = OPEN);
	for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
		a = apply_open(b, "alice", odd[i]);
		pam_set_item(a.pamh, PAM_RUSER, "alice");
		cr_expect_eq(apply_auth(&a), PAM_AUTH_ERR, "%s", odd[i]);
		assert_says(a.said, "Access denied");
		cr_expect_eq(apply_account(&a), PAM_PERM_DENIED, "%s", odd[i]);
		apply_close(&a);
	}
	a = apply_open(b, "alice", "keeper-user=_tfa");
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	apply_close(&a);
}

/* The program says who called it: without that nobody can be asked. */
Test(pam, caller_is_asked_and_not_whom_they_become)
{
	const char *secret;
	struct bastion *b;
	struct apply a;

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "root", "caller");
	a.answer = code_at(secret, step_now());
	assert_pam(apply_auth(&a), PAM_AUTH_ERR);
	cr_assert_eq(a.prompts, 0);
	pam_set_item(a.pamh, PAM_RUSER, "");
	assert_pam(apply_auth(&a), PAM_AUTH_ERR);
	pam_set_item(a.pamh, PAM_RUSER, "bob");
	cr_assert_neq(apply_auth(&a), PAM_SUCCESS);
	pam_set_item(a.pamh, PAM_RUSER, "alice");
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	cr_assert_eq(a.prompts, 1);
	/* sudo would hand the variable on to the command. */
	cr_assert_str_empty(apply_token(&a));
	cr_assert_eq(fixture_audit_count(b, "\"door\":true"), 0);
	cr_assert_geq(fixture_audit_count(b, text("\"%s\"", a.service)), 2);
	assert_pam(apply_account(&a), PAM_PERM_DENIED);
	/* Even of one whom the keeper would let in. */
	fixture_write_policy(b, fixture_policy(RULE("exempt"), NULL));
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	assert_pam(apply_account(&a), PAM_PERM_DENIED);
	apply_close(&a);
}

Test(pam, silence_is_kept_and_credentials_are_none)
{
	const char *secret;
	struct bastion *b;
	struct apply a;

	needs_door();
	b = enrolled(&secret);
	a = apply_open(b, "alice", "");
	a.answer = code_wrong(secret);
	assert_pam(apply_auth(&a), PAM_AUTH_ERR);
	assert_says(a.said, "Wrong code.");
	a.said[0] = '\0';
	assert_pam(pam_authenticate(a.pamh, PAM_SILENT), PAM_AUTH_ERR);
	cr_assert_str_eq(a.said, "Verification code: \n");
	a.answer = code_at(secret, step_now());
	assert_pam(apply_auth(&a), PAM_SUCCESS);
	assert_pam(pam_setcred(a.pamh, PAM_ESTABLISH_CRED), PAM_SUCCESS);
	apply_close(&a);
}
